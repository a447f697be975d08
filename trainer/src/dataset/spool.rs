//! Rows on their way from a worker to the cache's file.

use std::fs::File;
use std::io::{self, BufWriter, Write};

use xxhash_rust::xxh3::Xxh3;

/// One worker's rows, in a temporary file of its own.
pub(super) struct Spool {
    number: usize,
    out: BufWriter<File>,
    written: u64,
    begun: u64,
    hash: Xxh3,
    error: Option<io::Error>,
}

impl Spool {
    /// Writes to `file`, the spool of that number.
    pub(super) fn new(number: usize, file: File) -> Self {
        let out = BufWriter::with_capacity(1 << 18, file);
        Self { number, out, written: 0, begun: 0, hash: Xxh3::new(), error: None }
    }

    pub(super) fn number(&self) -> usize {
        self.number
    }

    /// Begins the rows of a clip; returns where they stand.
    pub(super) fn begin(&mut self) -> u64 {
        self.begun = self.written;
        self.hash = Xxh3::new();
        self.begun
    }

    pub(super) fn take(&mut self, rows: &[f32]) {
        let bytes: &[u8] = bytemuck::cast_slice(rows);
        self.hash.update(bytes);
        match self.out.write_all(bytes) {
            Ok(()) => self.written += bytes.len() as u64,
            Err(error) => self.error = Some(error),
        }
    }

    /// Ends the rows of a clip: their number and checksum. An error of any of them comes here.
    pub(super) fn end(&mut self, width: usize) -> io::Result<(usize, u64)> {
        match self.error.take() {
            Some(error) => Err(error),
            None => Ok(((self.written - self.begun) as usize / (4 * width), self.hash.digest())),
        }
    }

    pub(super) fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}
