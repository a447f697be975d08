//! What can go wrong with a library on disk, told apart by what the user can do about it.

use std::io;
use std::path::PathBuf;

use thiserror::Error;

/// An error of the library; each names the file and says what to do.
#[derive(Debug, Error)]
pub enum IndexError {
    /// No manifest: nothing was indexed here yet.
    #[error("{}: no library here; make one with `earmark index FOLDER`", path.display())]
    NoLibrary {
        /// The folder looked at.
        path: PathBuf,
    },
    /// The operating system refused.
    #[error("{}: cannot {action}: {source}", path.display())]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// What was tried, as a verb ("read", "write").
        action: &'static str,
        /// The system's reason.
        source: io::Error,
    },
    /// No space left, a quota or a file-size limit; the library stays as it was before.
    #[error("{}: cannot write, the disk is full or a limit is reached ({source}); the library is unharmed: free some space and run the command again", path.display())]
    DiskFull {
        /// The file being written.
        path: PathBuf,
        /// The system's reason.
        source: io::Error,
    },
    /// A file of the library is cut short or altered.
    #[error("{}: damaged ({what}); drop it with `earmark verify --repair`, then run `earmark index`", path.display())]
    Corrupt {
        /// The damaged file.
        path: PathBuf,
        /// What does not fit.
        what: String,
    },
    /// The file went away while it was in use: its drive was unplugged or its server is gone. It may be well.
    #[error("{}: out of reach while it was read; is its drive still connected?", path.display())]
    Lost {
        /// The segment.
        path: PathBuf,
    },
    /// The manifest itself is damaged.
    #[error("{}: damaged ({what}); nothing tells which segments belong to the library: delete the folder and index again, or restore this file from a backup", path.display())]
    CorruptManifest {
        /// The manifest.
        path: PathBuf,
        /// What does not fit.
        what: String,
    },
    /// Written by a newer Earmark.
    #[error("{}: format version {found} is newer than this program understands ({supported}); update Earmark", path.display())]
    NewerVersion {
        /// The file.
        path: PathBuf,
        /// Version in the file.
        found: u32,
        /// Newest version understood.
        supported: u32,
    },
    /// The library's embeddings come from another model.
    #[error("{}: this library was made with model {library}, not {wanted}; {advice}", path.display(), advice = other_model(library_name, wanted))]
    OtherModel {
        /// The library folder.
        path: PathBuf,
        /// Name and version of the library's model.
        library: String,
        /// Its bare name, as `--model` takes it.
        library_name: String,
        /// Name and version of the model asked for.
        wanted: String,
    },
    /// A folder of other things was named as the library.
    #[error("{}: this folder holds other files ({found}); name a new or empty folder for the library", path.display())]
    ForeignFolder {
        /// The folder.
        path: PathBuf,
        /// One of the files.
        found: String,
    },
    /// Another process writes to the library.
    #[error("{}: the library is being written by {owner}; wait until it has finished, or stop it", path.display())]
    Locked {
        /// The library folder.
        path: PathBuf,
        /// Who holds the lock, as far as known.
        owner: String,
    },
    /// Another process makes the library anew with another model.
    #[error("{}: the library is being converted by {owner}; wait until it has finished, or stop it", path.display())]
    Converting {
        /// The library folder.
        path: PathBuf,
        /// Who is at it, as far as known.
        owner: String,
    },
    /// What a conversion has made so far was damaged while it went on; the library itself is unharmed.
    #[error("{}: damaged ({what}), the library is as it was; run `earmark convert` again, which makes this part anew, or discard the conversion with `earmark convert --discard`", path.display())]
    DamagedConversion {
        /// The damaged file.
        path: PathBuf,
        /// What is wrong with it.
        what: String,
    },
    /// A path that the index cannot store.
    #[error("{}: this path cannot be stored in a library ({what})", path.display())]
    Path {
        /// The path.
        path: PathBuf,
        /// Why.
        what: &'static str,
    },
}

impl IndexError {
    /// Wraps a system error, telling a full disk from other failures.
    pub(crate) fn io(path: impl Into<PathBuf>, action: &'static str, source: io::Error) -> Self {
        let path = path.into();
        match source.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded | io::ErrorKind::FileTooLarge => {
                Self::DiskFull { path, source }
            }
            _ => Self::Io { path, action, source },
        }
    }

    pub(crate) fn corrupt_manifest(path: impl Into<PathBuf>, what: impl Into<String>) -> Self {
        Self::CorruptManifest { path: path.into(), what: what.into() }
    }

    pub(crate) fn corrupt(path: impl Into<PathBuf>, what: impl Into<String>) -> Self {
        Self::Corrupt { path: path.into(), what: what.into() }
    }
}

/// What to do about a library of another model.
fn other_model(library_name: &str, wanted: &str) -> String {
    let name = wanted.split(' ').next().unwrap_or(wanted);
    if name == library_name {
        "put the folder of that version where EARMARK_MODELS points, or use another `--library`".to_owned()
    } else {
        // Neither model may be one of a bare name: both may have been given as folders.
        format!(
            "use `--model {library_name}` or another `--library`, or make this one anew with `earmark convert MODEL`, \
             MODEL as given for `--model`"
        )
    }
}
