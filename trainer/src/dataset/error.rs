//! Why a data set, a split or a cache cannot be used, with the path and what to do.

use std::io;
use std::path::{Path, PathBuf};

use earmark_engine::indexing::IndexingError;
use thiserror::Error;

/// Why a data set cannot be used at all.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum DataSetError {
    /// A file or folder could not be read.
    #[error("{}: cannot be read: {source}; name a folder of sounds or a table of labels", path.display())]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The folder could not be walked.
    #[error(transparent)]
    Walk(#[from] IndexingError),
    /// The table of labels lacks columns.
    #[error(
        "{}: has no column {missing}; its first row says {found}; \
         needed are the columns file and label, and split_group is wanted", path.display()
    )]
    MissingColumns {
        /// The table.
        path: PathBuf,
        /// The names of the missing columns.
        missing: String,
        /// The headings that are there.
        found: String,
    },
    /// There is not a single labelled sound.
    #[error("{}: holds no labelled sounds; {hint}", path.display())]
    NoSounds {
        /// The folder or table.
        path: PathBuf,
        /// What was looked for.
        hint: String,
    },
    /// All sounds are of one class.
    #[error(
        "{}: all {clips} sounds are of one class, '{class}'; at least two are needed to tell apart", path.display()
    )]
    OneClass {
        /// The folder or table.
        path: PathBuf,
        /// The class.
        class: String,
        /// How many sounds it has.
        clips: usize,
    },
    /// The table's own split parts a group.
    #[error(
        "{}: the group '{group}' is on two sides of the split ({first} and {second}); takes of one recording must \
         stay on one side", path.display()
    )]
    GroupAcrossSplit {
        /// The table.
        path: PathBuf,
        /// The group.
        group: String,
        /// A file of it on one side.
        first: String,
        /// A file of it on another side.
        second: String,
    },
    /// What was asked for makes no sense for this folder.
    #[error("{}: {message}", path.display())]
    Layout {
        /// The folder or table.
        path: PathBuf,
        /// What to do.
        message: String,
    },
}

/// Why a data set cannot be split in the way asked for.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum SplitError {
    /// Shares that leave nothing to train on.
    #[error(
        "a split needs shares between 0 and 1 that leave something to train on, not {validation} and {test}"
    )]
    Shares {
        /// The share asked for validation.
        validation: f64,
        /// The share asked for testing.
        test: f64,
    },
    /// More sides than groups.
    #[error(
        "{set}: {sides} sides need at least as many groups, and there are {groups}; takes of one recording stay together"
    )]
    TooFewGroups {
        /// The data set.
        set: String,
        /// Sides or folds asked for.
        sides: usize,
        /// Groups in the set.
        groups: usize,
    },
    /// A recorded split that does not fit the set.
    #[error("{set}: the recorded split does not fit: {message}")]
    Record {
        /// The data set.
        set: String,
        /// In what.
        message: String,
    },
}

/// Why spectrograms or embeddings could not be made or kept.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum CacheError {
    /// The cache's folder or file could not be used.
    #[error("{}: cannot {action}: {source}; choose another folder with --cache", path.display())]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// What was tried.
        action: &'static str,
        /// What the system said.
        source: io::Error,
    },
    /// No clip could be read.
    #[error("{set}: not a single sound of it can be read; the first: {first}")]
    Nothing {
        /// The data set.
        set: String,
        /// What is wrong with the first sound.
        first: String,
    },
    /// The network failed.
    #[error(transparent)]
    Model(#[from] earmark_engine::network::ModelError),
    /// The network failed at a sound.
    #[error("{}: cannot be embedded: {source}", path.display())]
    Embedding {
        /// The sound.
        path: PathBuf,
        /// What went wrong.
        source: earmark_engine::network::ModelError,
    },
    /// The stop flag was raised.
    #[error("stopped")]
    Stopped,
}

impl CacheError {
    /// Wraps an error of the system.
    pub(crate) fn io(path: &Path, action: &'static str) -> impl FnOnce(io::Error) -> Self + use<> {
        let path = path.to_owned();
        move |source| Self::Io { path, action, source }
    }
}
