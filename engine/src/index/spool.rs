//! A table in work: in memory while it is small, beyond that in a file of its own, so that writing a segment of any
//! size takes the same memory.

use std::io::{self, Seek, Write};
use std::path::PathBuf;

use xxhash_rust::xxh3::Xxh3;

use super::files::{self, OutFile};

/// So much stays in memory, bytes.
const MEMORY: usize = 2 << 20;

/// Bytes that are appended and in the end copied to where they belong.
pub(super) struct Spool {
    path: PathBuf,
    file: Option<OutFile>,
    memory: Vec<u8>,
    hash: Box<Xxh3>,
    length: u64,
}

impl Spool {
    /// An empty one, which may make a file of this name.
    pub(super) fn new(path: PathBuf) -> Self {
        Self { path, file: None, memory: Vec::new(), hash: Box::new(Xxh3::new()), length: 0 }
    }

    /// Bytes so far.
    pub(super) fn len(&self) -> u64 {
        self.length
    }

    /// Checksum of what there is so far.
    pub(super) fn digest(&self) -> u64 {
        self.hash.digest()
    }

    pub(super) fn push(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.hash.update(bytes);
        self.length += bytes.len() as u64;
        self.memory.extend_from_slice(bytes);
        if self.memory.len() >= MEMORY {
            let file = match &mut self.file {
                Some(file) => file,
                none => none.insert(OutFile::create(&self.path)?),
            };
            file.write_all(&self.memory)?;
            self.memory.clear();
        }
        Ok(())
    }

    /// Appends everything to a file.
    pub(super) fn copy_to(&mut self, out: &mut OutFile) -> io::Result<()> {
        if let Some(file) = &mut self.file {
            file.rewind()?;
            io::copy(file, out)?;
        }
        out.write_all(&self.memory)
    }
}

impl Drop for Spool {
    fn drop(&mut self) {
        if self.file.take().is_some() {
            let _ = files::remove(&self.path);
        }
    }
}
