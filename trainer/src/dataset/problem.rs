//! What could not be used while the rest was.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

/// A file, row or class that is left out, and why.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Problem {
    /// The file or folder.
    pub path: PathBuf,
    /// One line that says what is wrong and what to do, with the path.
    pub reason: String,
}

impl Problem {
    /// A problem with `path`, which `reason` need not name.
    pub(crate) fn new(path: impl Into<PathBuf>, reason: &str) -> Self {
        let path = path.into();
        let reason = format!("{}: {reason}", path.display());
        Self { path, reason }
    }
}
