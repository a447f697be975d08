//! Why a sound was not changed, each with the file and what to do about it.

use std::io;
use std::path::{Path, PathBuf};

use crate::names::NameFault;
use crate::rewrite::Fault;

/// Why one sound was not changed. It is as it was.
#[derive(Debug, thiserror::Error)]
pub enum ChangeError {
    /// The file is not there.
    #[error("{}: is not there any more; make the plan again", path.display())]
    Missing {
        /// The file.
        path: PathBuf,
    },
    /// The file is another than the plan or the journal knows.
    #[error("{}: has changed since {since}; it is left as it is", path.display())]
    Changed {
        /// The file.
        path: PathBuf,
        /// Since what.
        since: &'static str,
    },
    /// The file may not be written.
    #[error("{}: is read-only; allow writing to it", path.display())]
    ReadOnly {
        /// The file.
        path: PathBuf,
    },
    /// Another file has the name.
    #[error("{}: cannot become {name:?}: {found:?} is there already", path.display())]
    Taken {
        /// The file.
        path: PathBuf,
        /// The name wanted.
        name: String,
        /// Who has it, perhaps in other case.
        found: String,
    },
    /// Two sounds of the plan would get one name.
    #[error("{}: cannot become {name:?}: the plan gives this name to another sound, too", path.display())]
    Twice {
        /// The file.
        path: PathBuf,
        /// The name wanted.
        name: String,
    },
    /// The plan names a file twice.
    #[error("{}: stands in the plan more than once; delete all entries but one", path.display())]
    Repeated {
        /// The file.
        path: PathBuf,
    },
    /// The name is none that every file system takes.
    #[error("{}: {fault}", path.display())]
    Name {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        fault: NameFault,
    },
    /// The name has another extension.
    #[error("{}: would lose its extension as {name:?}; keep it", path.display())]
    Extension {
        /// The file.
        path: PathBuf,
        /// The name wanted.
        name: String,
    },
    /// The plan names a CatID that is not in the list.
    #[error("{}: {found:?} is no CatID of UCS{hint}", path.display())]
    UnknownCatId {
        /// The file.
        path: PathBuf,
        /// What the plan says.
        found: String,
        /// Which may have been meant.
        hint: String,
    },
    /// The format takes no UCS fields, or this kind of it.
    #[error("{}: cannot take UCS fields: {what}", path.display())]
    Unsupported {
        /// The file.
        path: PathBuf,
        /// Why.
        what: String,
    },
    /// The content contradicts its format.
    #[error("{}: is damaged, so nothing was moved in it: {what}", path.display())]
    Malformed {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        what: String,
    },
    /// The proof failed: the new file is thrown away.
    #[error("{}: {what}; the new file was thrown away", path.display())]
    Proof {
        /// The file.
        path: PathBuf,
        /// What differs.
        what: String,
    },
    /// The disk is full.
    #[error("{}: the disk is full; the file is as it was: free some space and apply the plan again", path.display())]
    DiskFull {
        /// The file.
        path: PathBuf,
    },
    /// Anything else that the system says.
    #[error("{}: cannot {action}: {source}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What was tried.
        action: &'static str,
        /// What the system said.
        source: io::Error,
    },
    /// Without a journal nothing is changed.
    #[error("{}: the journal cannot be written, so nothing more is changed: {source}", path.display())]
    Journal {
        /// The journal.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// Another program is at work with these journals.
    #[error("{}: another earmark is carrying out or taking back a plan; wait until it is done", path.display())]
    Busy {
        /// The folder of journals.
        path: PathBuf,
    },
    /// A journal that cannot be read.
    #[error("{}: is no journal of earmark: {reason}", path.display())]
    NoJournal {
        /// The journal.
        path: PathBuf,
        /// Why.
        reason: String,
    },
}

impl ChangeError {
    /// What is wrong, for where the file is named beside it.
    pub(crate) fn reason(&self) -> String {
        let whole = self.to_string();
        let path = match self {
            Self::Missing { path }
            | Self::Changed { path, .. }
            | Self::ReadOnly { path }
            | Self::Taken { path, .. }
            | Self::Twice { path, .. }
            | Self::Repeated { path }
            | Self::Name { path, .. }
            | Self::Extension { path, .. }
            | Self::UnknownCatId { path, .. }
            | Self::Unsupported { path, .. }
            | Self::Malformed { path, .. }
            | Self::Proof { path, .. }
            | Self::DiskFull { path }
            | Self::Io { path, .. }
            | Self::Journal { path, .. }
            | Self::Busy { path }
            | Self::NoJournal { path, .. } => path,
        };
        whole.strip_prefix(&format!("{}: ", path.display())).map_or(whole.clone(), str::to_owned)
    }

    pub(crate) fn io(path: &Path, action: &'static str) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_path_buf();
        move |source| match source.kind() {
            io::ErrorKind::NotFound => Self::Missing { path },
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded | io::ErrorKind::FileTooLarge => {
                Self::DiskFull { path }
            }
            _ => Self::Io { path, action, source },
        }
    }

    pub(crate) fn fault(path: &Path) -> impl FnOnce(Fault) -> Self {
        let path = path.to_path_buf();
        move |fault| match fault {
            Fault::Io(source) => Self::io(&path, "read it")(source),
            Fault::Unsupported(what) => Self::Unsupported { path, what },
            Fault::Malformed(what) => Self::Malformed { path, what },
        }
    }

    pub(crate) fn journal(path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_path_buf();
        move |source| Self::Journal { path, source }
    }
}
