//! What stops a whole indexing run. What concerns one file is a [`Problem`](super::Problem) of the summary instead.

use std::path::PathBuf;

use thiserror::Error;

use crate::index::IndexError;
use crate::network::ModelError;

/// Why indexing stopped.
#[derive(Debug, Error)]
pub enum IndexingError {
    /// A folder to index cannot be used.
    #[error("{}: cannot index this: {reason}", path.display())]
    Folder {
        /// The folder.
        path: PathBuf,
        /// Why.
        reason: String,
    },
    /// The library could not be read or written.
    #[error(transparent)]
    Library(#[from] IndexError),
    /// The network could not be run.
    #[error(transparent)]
    Model(#[from] ModelError),
}
