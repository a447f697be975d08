//! What is to be done to which sounds.

use std::fs::{self, Metadata};
use std::io;
use std::path::{Path, PathBuf};

use earmark_engine::indexing::{content_hash, modified_ns};

use crate::fields::Fields;
use crate::time;

/// A list of changes that somebody looks at before they are made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    /// When it was made, UTC.
    pub made: String,
    /// Where the proposals come from, for people.
    pub about: String,
    /// The sounds.
    pub entries: Vec<Entry>,
}

/// What is to be done to one sound.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// The file, absolute.
    pub path: PathBuf,
    /// The name that it is to get, in the same folder; `None` leaves its name.
    pub name: Option<String>,
    /// The fields that are to be written into it; empty leaves its bytes.
    pub fields: Fields,
    /// The file as it was when the plan was made; one that has changed since is not touched.
    pub state: FileState,
    /// Where the proposal comes from, for people.
    pub from: String,
    /// Why nothing is proposed, or what is wrong with the proposal: such an entry is passed over.
    pub problem: Option<String>,
}

/// By what a file is known again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FileState {
    /// Size, bytes.
    pub size: u64,
    /// Modification time, nanoseconds since 1970.
    pub modified_ns: i64,
    /// xxh3-128 of the bytes, where it is known without reading the file.
    pub hash: Option<u128>,
}

impl Plan {
    /// A plan made now.
    pub fn new(about: impl Into<String>, entries: Vec<Entry>) -> Self {
        Self { made: time::now_text(), about: about.into(), entries }
    }

    /// Entries that give a file another name.
    pub fn renames(&self) -> usize {
        self.entries.iter().filter(|entry| entry.problem.is_none() && entry.name.is_some()).count()
    }

    /// Entries that write into a file.
    pub fn writes(&self) -> usize {
        self.entries.iter().filter(|entry| entry.problem.is_none() && !entry.fields.is_empty()).count()
    }

    /// Entries that are passed over because of a problem.
    pub fn problems(&self) -> usize {
        self.entries.iter().filter(|entry| entry.problem.is_some()).count()
    }
}

impl Entry {
    /// The path that the file has once it is renamed.
    pub fn target(&self) -> Option<PathBuf> {
        self.name.as_ref().map(|name| self.path.with_file_name(name))
    }
}

impl FileState {
    /// The state of a file now, without its hash.
    ///
    /// # Errors
    /// Whatever looking at the file gives, and that it is none.
    pub fn of(path: &Path) -> io::Result<Self> {
        let metadata = fs::metadata(path)?;
        if !metadata.is_file() {
            return Err(io::Error::other("it is not a file"));
        }
        Ok(Self::from_metadata(&metadata))
    }

    /// The state that metadata tell.
    pub(crate) fn from_metadata(metadata: &Metadata) -> Self {
        Self { size: metadata.len(), modified_ns: modified_ns(metadata), hash: None }
    }

    /// Whether a file is still as it was: size and time, or the bytes where only the time is another.
    ///
    /// # Errors
    /// Whatever looking at or reading the file gives.
    pub(crate) fn still_holds(&self, path: &Path) -> io::Result<bool> {
        let now = Self::of(path)?;
        if now.size != self.size {
            return Ok(false);
        }
        if now.modified_ns == self.modified_ns {
            return Ok(true);
        }
        match self.hash {
            Some(hash) => Ok(content_hash(path, &|| false)? == Some(hash)),
            None => Ok(false),
        }
    }
}
