//! What is done to the files of a library: every creation, write, sync, rename and removal passes through here.
//!
//! The engine's own tests let any of these steps fail, or be the last before a crash (`faults`); in every other build
//! the gate is nothing.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use super::IndexError;
#[cfg(test)]
use super::faults as gate;

/// Lets every step pass.
#[cfg(not(test))]
mod gate {
    use std::io;
    use std::path::Path;

    use super::Step;

    /// Whether syncing is worth its time.
    pub(super) const LASTING: bool = true;

    /// What a thread hands to one that it begins.
    pub(super) struct Shared;

    impl Shared {
        pub(super) fn take_over(self) {}
    }

    pub(super) fn shared() -> Shared {
        Shared
    }

    #[inline(always)]
    pub(super) fn pass(_: Step<'_>) -> io::Result<()> {
        Ok(())
    }

    #[inline(always)]
    pub(super) fn writable(_: &Path, length: usize) -> io::Result<usize> {
        Ok(length)
    }

    #[inline(always)]
    pub(super) fn done(_: Step<'_>) {}
}

/// A step that the gate is asked about before it is taken, and told of afterwards.
#[derive(Clone, Copy, Debug)]
#[cfg_attr(not(test), allow(dead_code, reason = "the tests' gate looks at the paths"))]
pub(super) enum Step<'a> {
    Create(&'a Path),
    Sync(&'a Path),
    Rename(&'a Path, &'a Path),
    Remove(&'a Path),
    SyncFolder(&'a Path),
}

/// What is done by a thread begun with this passes through the gate of the thread that began it.
pub(super) fn on_the_same_disk<T>(act: impl FnOnce() -> T) -> impl FnOnce() -> T {
    let disk = gate::shared();
    move || {
        disk.take_over();
        act()
    }
}

/// A file being written.
#[derive(Debug)]
pub(crate) struct OutFile {
    file: File,
    path: PathBuf,
}

impl OutFile {
    pub(crate) fn create(path: &Path) -> io::Result<Self> {
        gate::pass(Step::Create(path))?;
        // Read, too: the partition of a segment is made from what was just written.
        let file = OpenOptions::new().read(true).write(true).create(true).truncate(true).open(path)?;
        gate::done(Step::Create(path));
        Ok(Self { file, path: path.into() })
    }

    /// Makes the content durable.
    pub(crate) fn sync_all(&self) -> io::Result<()> {
        gate::pass(Step::Sync(&self.path))?;
        if gate::LASTING {
            self.file.sync_all()?;
        }
        gate::done(Step::Sync(&self.path));
        Ok(())
    }
}

impl Write for OutFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let length = gate::writable(&self.path, bytes.len())?;
        self.file.write(&bytes[..length])
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

impl Read for OutFile {
    fn read(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
        self.file.read(bytes)
    }
}

impl Seek for OutFile {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        self.file.seek(to)
    }
}

/// Gives a file another name, in place of what has that name.
pub(crate) fn rename(from: &Path, to: &Path) -> io::Result<()> {
    gate::pass(Step::Rename(from, to))?;
    fs::rename(from, to)?;
    gate::done(Step::Rename(from, to));
    Ok(())
}

/// Gives a file a second name, or a durable copy of that name where the file system has no hard links. The file itself
/// stays as it is.
pub(crate) fn link(from: &Path, to: &Path) -> io::Result<()> {
    hard_link(from, to).or_else(|_| copy(from, to))
}

fn hard_link(from: &Path, to: &Path) -> io::Result<()> {
    gate::pass(Step::Rename(from, to))?;
    // What a crash left behind, which no manifest names.
    let _ = fs::remove_file(to);
    fs::hard_link(from, to)?;
    gate::done(Step::Rename(from, to));
    Ok(())
}

fn copy(from: &Path, to: &Path) -> io::Result<()> {
    let mut copied = OutFile::create(to)?;
    io::copy(&mut File::open(from)?, &mut copied)?;
    copied.sync_all()
}

/// Removes a file.
pub(crate) fn remove(path: &Path) -> io::Result<()> {
    gate::pass(Step::Remove(path))?;
    fs::remove_file(path)?;
    gate::done(Step::Remove(path));
    Ok(())
}

/// Writes a file so that it is either the old one or the new one, whatever happens: temporary file, sync, rename,
/// sync of the folder.
pub(crate) fn replace_file(path: &Path, bytes: &[u8]) -> Result<(), IndexError> {
    let temporary = path.with_extension("tmp");
    let write = || {
        let mut file = OutFile::create(&temporary)?;
        file.write_all(bytes)?;
        file.sync_all()?;
        drop(file);
        rename(&temporary, path)
    };
    write().map_err(|source| {
        let _ = remove(&temporary);
        IndexError::io(path, "write", source)
    })?;
    sync_folder(path)
}

/// Makes a rename in the file's folder durable. Windows has no such call and needs none.
pub(crate) fn sync_folder(file: &Path) -> Result<(), IndexError> {
    let Some(folder) = file.parent() else { return Ok(()) };
    let sync = || {
        gate::pass(Step::SyncFolder(folder))?;
        if cfg!(unix) && gate::LASTING {
            File::open(folder)?.sync_all()?;
        }
        gate::done(Step::SyncFolder(folder));
        Ok(())
    };
    sync().map_err(|source| IndexError::io(folder, "sync", source))
}
