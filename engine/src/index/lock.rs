//! One writer at a time: an advisory lock on `library/lock`, which names its owner for those who are refused.
//!
//! The lock is the operating system's and goes with the process, so a killed writer leaves none behind.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{Read, Seek, Write};
use std::path::Path;

use super::IndexError;

/// Held as long as it lives.
#[derive(Debug)]
pub(crate) struct WriterLock {
    _file: File,
}

impl WriterLock {
    pub(crate) fn acquire(library: &Path) -> Result<Self, IndexError> {
        let path = library.join("lock");
        let mut file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(&path)
            .map_err(|source| IndexError::io(&path, "open", source))?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                let mut owner = String::new();
                let known =
                    (&mut file).take(256).read_to_string(&mut owner).is_ok() && !owner.trim().is_empty();
                let owner = if known { owner.trim().to_owned() } else { "another process".to_owned() };
                return Err(IndexError::Locked { path: library.into(), owner });
            }
            Err(TryLockError::Error(source)) => return Err(IndexError::io(&path, "lock", source)),
        }
        let write_owner = |file: &mut File| {
            file.set_len(0)?;
            file.rewind()?;
            writeln!(file, "process {}", std::process::id())
        };
        write_owner(&mut file).map_err(|source| IndexError::io(&path, "write", source))?;
        Ok(Self { _file: file })
    }
}
