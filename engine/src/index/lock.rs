//! One writer at a time: an advisory lock on `library/lock`, which names its owner for those who are refused.
//!
//! Some writers stay for days (`earmark watch`) and give way to others: who wants to write meanwhile holds a shared
//! lock on `library/pause`, which a watching writer looks at, and waits for its turn. Both locks are the operating
//! system's and go with their process, so that a killed one leaves none behind. `earmark convert` has a lock of its own,
//! since the library stays in use, and is written to, while it is made anew.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, Read, Seek, Write};
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use super::IndexError;

const LOCK_FILE: &str = "lock";
const PAUSE_FILE: &str = "pause";
/// Beside the folder of the conversion, not in it: a lock that goes away with its folder protects nothing.
const CONVERSION_FILE: &str = ".converting.lock";
/// Follows the owner's number when it gives way to others.
const GIVES_WAY: &str = "watching";
/// How long to wait for a writer that gives way: what it is decoding has to come to a stop …
const PATIENCE: Duration = Duration::from_secs(60);
/// … and for one that cannot be asked who it is, because the system lets nobody read a locked file.
const PATIENCE_WITH_UNKNOWN: Duration = Duration::from_secs(3);
/// How often the lock is tried meanwhile.
const TRY_EVERY: Duration = Duration::from_millis(50);

/// Files of the library folder that belong to its locks.
pub(super) fn is_lock_file(name: &str) -> bool {
    name == LOCK_FILE || name == PAUSE_FILE
}

/// Held as long as it lives.
#[derive(Debug)]
pub(crate) struct WriterLock {
    _file: File,
    /// Keeps a watching writer aside as long as this one is at work.
    _pause: Option<PauseRequest>,
}

impl WriterLock {
    /// Takes the lock; one that `gives_way` is told so to others, and does not wait itself.
    pub(crate) fn acquire(library: &Path, gives_way: bool) -> Result<Self, IndexError> {
        let path = library.join(LOCK_FILE);
        let mut file = open(&path).map_err(|source| IndexError::io(&path, "open", source))?;
        let mut pause = None;
        let begun = Instant::now();
        loop {
            match file.try_lock() {
                Ok(()) => break,
                Err(TryLockError::WouldBlock) => {}
                Err(TryLockError::Error(source)) => return Err(IndexError::io(&path, "lock", source)),
            }
            let owner = owner_of(&mut file);
            let patience = match &owner {
                _ if gives_way => Duration::ZERO,
                Some(owner) if owner.ends_with(GIVES_WAY) => PATIENCE,
                Some(_) => Duration::ZERO,
                None => PATIENCE_WITH_UNKNOWN,
            };
            if begun.elapsed() >= patience {
                let owner = owner.unwrap_or_else(|| "another process".to_owned());
                return Err(IndexError::Locked { path: library.into(), owner });
            }
            if pause.is_none() {
                pause = Some(PauseRequest::new(library)?);
            }
            thread::sleep(TRY_EVERY);
        }
        // Who holds the lock is a courtesy: a full disk must not keep anybody from making room.
        let _ = write_owner(&mut file, gives_way);
        Ok(Self { _file: file, _pause: pause })
    }
}

/// Held by the one process that makes a library anew, as long as it lives; others go on writing to the library itself.
#[derive(Debug)]
pub(crate) struct ConversionLock {
    _file: File,
}

impl ConversionLock {
    /// Takes the lock; does not wait for it.
    pub(crate) fn acquire(library: &Path) -> Result<Self, IndexError> {
        let path = library.join(CONVERSION_FILE);
        let mut file = open(&path).map_err(|source| IndexError::io(&path, "open", source))?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                let owner = owner_of(&mut file).unwrap_or_else(|| "another process".to_owned());
                return Err(IndexError::Converting { path: library.into(), owner });
            }
            Err(TryLockError::Error(source)) => return Err(IndexError::io(&path, "lock", source)),
        }
        let _ = write_owner(&mut file, false);
        Ok(Self { _file: file })
    }
}

/// Asks `earmark watch` to leave a library and the processor alone, as long as it lives.
///
/// A recording session, say, holds one while it runs; writers hold one of themselves.
#[derive(Debug)]
pub struct PauseRequest {
    _file: File,
}

impl PauseRequest {
    /// Asks the watcher of this library, if there is one; it stops within about a second.
    ///
    /// # Errors
    /// `Io` when the library's folder cannot be written to.
    pub fn new(library: &Path) -> Result<Self, IndexError> {
        let path = library.join(PAUSE_FILE);
        let held = open(&path).and_then(|file| file.lock_shared().map(|()| file));
        held.map(|file| Self { _file: file }).map_err(|source| IndexError::io(&path, "lock", source))
    }

    /// Whether anybody asks.
    pub fn is_made(library: &Path) -> bool {
        let Ok(file) = OpenOptions::new().read(true).write(true).open(library.join(PAUSE_FILE)) else {
            return false;
        };
        matches!(file.try_lock(), Err(TryLockError::WouldBlock))
    }
}

fn open(path: &Path) -> io::Result<File> {
    OpenOptions::new().read(true).write(true).create(true).truncate(false).open(path)
}

fn owner_of(file: &mut File) -> Option<String> {
    let mut owner = String::new();
    file.rewind().ok()?;
    file.take(256).read_to_string(&mut owner).ok()?;
    Some(owner.trim().to_owned()).filter(|owner| !owner.is_empty())
}

fn write_owner(file: &mut File, gives_way: bool) -> io::Result<()> {
    file.set_len(0)?;
    file.rewind()?;
    match gives_way {
        true => writeln!(file, "process {}, {GIVES_WAY}", std::process::id()),
        false => writeln!(file, "process {}", std::process::id()),
    }
}
