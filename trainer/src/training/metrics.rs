//! What is known of each epoch, one JSON object a line.

use std::fs::{self, OpenOptions};
use std::io::Write;
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::error::TrainingError;
use crate::whole_file;

/// An epoch.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct EpochMetrics {
    /// Counted from 1, with those of pretraining.
    pub epoch: usize,
    /// `pretraining` or `training`.
    pub phase: String,
    /// Mean loss of its batches.
    pub loss: f64,
    /// Learning rate of its last batch.
    pub learning_rate: f64,
    /// Mean of the data sets' macro F1, if there is something to validate with.
    pub macro_f1: Option<f64>,
    /// Each labelled data set.
    pub data_sets: Vec<SetMetrics>,
    /// Frames trained on per second.
    pub frames_per_s: f64,
    /// Duration with validation, seconds.
    pub seconds: f64,
}

/// A data set in an epoch.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SetMetrics {
    /// Its name.
    pub name: String,
    /// Macro F1 of its validation frames.
    pub macro_f1: Option<f64>,
    /// How much its loss counted.
    pub weight: f64,
}

/// Appends a line.
pub(super) fn append(path: &Path, metrics: &EpochMetrics) -> Result<(), TrainingError> {
    let mut line = serde_json::to_string(metrics).unwrap_or_default();
    line.push('\n');
    let file = OpenOptions::new().create(true).append(true).open(path);
    file.and_then(|mut file| file.write_all(line.as_bytes())).map_err(TrainingError::file(path, "write"))
}

/// Drops the lines of epochs after `epochs`, which an interrupted run wrote after its last checkpoint.
pub(super) fn keep(path: &Path, epochs: usize) -> Result<(), TrainingError> {
    let text = match fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(TrainingError::file(path, "read")(error)),
    };
    let known =
        |line: &&str| serde_json::from_str::<EpochMetrics>(line).is_ok_and(|metrics| metrics.epoch <= epochs);
    let kept: String = text.lines().filter(known).map(|line| format!("{line}\n")).collect();
    if kept == text {
        return Ok(());
    }
    whole_file::replace(path, kept.as_bytes()).map_err(TrainingError::file(path, "write"))
}
