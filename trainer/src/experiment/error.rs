//! What ends an experiment, as opposed to a cell of it.

use std::path::PathBuf;

use earmark_engine::network::ModelError;
use thiserror::Error;

use crate::dataset::{CacheError, DataSetError, SplitError};
use crate::training::TrainingError;

/// Why an experiment did not go on.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ExperimentError {
    /// The plan asks for what cannot be.
    #[error("{0}")]
    Plan(String),
    /// The plan's file cannot be parsed.
    #[error("{}: not a plan of an experiment: {message}", path.display())]
    PlanFile {
        /// The file.
        path: PathBuf,
        /// What the parser says.
        message: String,
    },
    /// A file of the results cannot be read or written.
    #[error("{}: cannot {action}: {source}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What was tried.
        action: &'static str,
        /// Why it failed.
        source: std::io::Error,
    },
    /// A file of the results is damaged or of another version.
    #[error("{}: {message}", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong and what to do.
        message: String,
    },
    /// A data set cannot be opened.
    #[error(transparent)]
    DataSet(#[from] DataSetError),
    /// A data set cannot be split.
    #[error(transparent)]
    Split(#[from] SplitError),
    /// Spectrograms or embeddings cannot be had.
    #[error(transparent)]
    Cache(#[from] CacheError),
    /// A model cannot be loaded or run.
    #[error(transparent)]
    Model(#[from] ModelError),
    /// A network cannot be trained.
    #[error(transparent)]
    Training(#[from] TrainingError),
}

impl ExperimentError {
    pub(super) fn file(
        path: impl Into<PathBuf>,
        action: &'static str,
    ) -> impl FnOnce(std::io::Error) -> Self {
        let path = path.into();
        move |source| Self::File { path, action, source }
    }

    /// Whether it was the user who ended the work.
    pub fn is_stop(&self) -> bool {
        matches!(
            self,
            Self::Cache(CacheError::Stopped) | Self::Training(TrainingError::Cache(CacheError::Stopped))
        )
    }
}
