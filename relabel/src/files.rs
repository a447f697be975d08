//! What is done to files: every creation, write, sync, rename and removal of a plan passes through here.
//!
//! The crate's own tests let any of these steps fail, or be the last before a crash (`faults`); in every other build
//! the gate is nothing.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::Path;

#[cfg(test)]
use super::faults as gate;

/// Lets every step pass.
#[cfg(not(test))]
mod gate {
    use std::io;

    /// Whether syncing is worth its time.
    pub(super) const LASTING: bool = true;

    #[inline(always)]
    pub(super) fn pass(_grows: bool) -> io::Result<()> {
        Ok(())
    }

    #[inline(always)]
    pub(super) fn writable(length: usize) -> io::Result<usize> {
        Ok(length)
    }
}

/// A file being written.
#[derive(Debug)]
pub(crate) struct OutFile(File);

impl OutFile {
    /// Makes a file that must not be there yet.
    pub(crate) fn create(path: &Path) -> io::Result<Self> {
        gate::pass(true)?;
        OpenOptions::new().read(true).write(true).create_new(true).open(path).map(Self)
    }

    /// Opens a file to add to its end.
    pub(crate) fn append(path: &Path) -> io::Result<Self> {
        gate::pass(true)?;
        OpenOptions::new().append(true).open(path).map(Self)
    }

    /// Makes the content durable.
    pub(crate) fn sync(&self) -> io::Result<()> {
        gate::pass(false)?;
        if gate::LASTING { self.0.sync_all() } else { Ok(()) }
    }

    /// The file, for its attributes.
    pub(crate) fn file(&self) -> &File {
        &self.0
    }
}

impl Write for OutFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let length = gate::writable(bytes.len())?;
        self.0.write(&bytes[..length])
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

/// Makes a folder that must not be there yet.
pub(crate) fn create_folder(path: &Path) -> io::Result<()> {
    gate::pass(true)?;
    fs::create_dir(path)
}

/// Gives a file the name of another, which it replaces in one step.
pub(crate) fn replace(from: &Path, to: &Path) -> io::Result<()> {
    gate::pass(false)?;
    fs::rename(from, to)
}

/// Gives a file a name that must be free.
pub(crate) fn rename(from: &Path, to: &Path) -> io::Result<()> {
    gate::pass(false)?;
    #[cfg(any(target_os = "linux", target_os = "android", target_vendor = "apple"))]
    {
        use rustix::fs::{CWD, RenameFlags, renameat_with};
        use rustix::io::Errno;
        match renameat_with(CWD, from, CWD, to, RenameFlags::NOREPLACE) {
            // File systems that cannot do both in one step: network and foreign ones.
            Err(Errno::INVAL | Errno::NOSYS | Errno::NOTSUP) => {}
            Err(errno) => return Err(errno.into()),
            Ok(()) => return Ok(()),
        }
    }
    if fs::symlink_metadata(to).is_ok() {
        return Err(io::ErrorKind::AlreadyExists.into());
    }
    fs::rename(from, to)
}

/// Removes a file.
pub(crate) fn remove(path: &Path) -> io::Result<()> {
    gate::pass(false)?;
    fs::remove_file(path)
}

/// Makes the names in a folder durable. Windows has no such call and needs none.
pub(crate) fn sync_folder(folder: &Path) -> io::Result<()> {
    gate::pass(false)?;
    if cfg!(unix) && gate::LASTING {
        File::open(folder)?.sync_all()?;
    }
    Ok(())
}
