//! What can go wrong while training.

use std::path::PathBuf;

use earmark_engine::network::ModelError;
use thiserror::Error;

use crate::dataset::{CacheError, DataSetError, SplitError};
use crate::error::ExportError;

/// Why training did not go on.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum TrainingError {
    /// The plan asks for what cannot be.
    #[error("{0}")]
    Plan(String),
    /// The plan's file cannot be parsed.
    #[error("{}: not a plan: {message}", path.display())]
    PlanFile {
        /// The file.
        path: PathBuf,
        /// What the parser says.
        message: String,
    },
    /// There is no device of the kind asked for.
    #[error("{0}")]
    Device(String),
    /// The data sets hold nothing that could be trained on in this way.
    #[error("{0}")]
    Data(String),
    /// A frame holds what is no number.
    #[error("{data_set}: the spectrogram of {sound} holds values that are no numbers; leave the sound out")]
    Frame {
        /// Name of the data set.
        data_set: String,
        /// Name of the sound.
        sound: String,
    },
    /// The loss or its gradient is not a number.
    #[error(
        "the loss became {value} with a gradient of length {gradient} in epoch {epoch}, batch {batch} of {batches} (data sets {data_sets}; sounds {sounds}); the \
         last checkpoint is kept: train anew, into another folder, with a lower learning rate, or look at these sounds"
    )]
    Diverged {
        /// The loss.
        value: f32,
        /// Length of its gradient; not a number where it was not computed.
        gradient: f64,
        /// Epoch, counted from 1.
        epoch: usize,
        /// Batch of the epoch, counted from 1.
        batch: usize,
        /// Batches of the epoch.
        batches: usize,
        /// Names of the batch's data sets.
        data_sets: String,
        /// Names of the first of its sounds.
        sounds: String,
    },
    /// A file cannot be read or written.
    #[error("{}: cannot {action}: {source}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What was tried.
        action: &'static str,
        /// Why it failed.
        source: std::io::Error,
    },
    /// A checkpoint is damaged or of another plan.
    #[error("{}: {message}", path.display())]
    Checkpoint {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        message: String,
    },
    /// The written network does not compute what was trained.
    #[error(
        "the exported network differs by {difference:e} from the trained one, more than 1e-5; this is a fault of the \
         program, please report it"
    )]
    Parity {
        /// Largest difference of a value.
        difference: f32,
    },
    /// Weights do not fit.
    #[error(transparent)]
    Export(#[from] ExportError),
    /// A data set cannot be opened.
    #[error(transparent)]
    DataSet(#[from] DataSetError),
    /// A data set cannot be split.
    #[error(transparent)]
    Split(#[from] SplitError),
    /// Spectrograms cannot be had.
    #[error(transparent)]
    Cache(#[from] CacheError),
    /// A model cannot be loaded or run.
    #[error(transparent)]
    Model(#[from] ModelError),
}

impl TrainingError {
    pub(super) fn file(
        path: impl Into<PathBuf>,
        action: &'static str,
    ) -> impl FnOnce(std::io::Error) -> Self {
        let path = path.into();
        move |source| Self::File { path, action, source }
    }
}
