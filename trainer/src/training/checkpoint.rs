//! Where a run stands, in one file that is replaced atomically.
//!
//! A file is magic, length of the header, header (JSON: progress, and name and shape of each tensor), the tensors as
//! little-endian floats in the header's order, and the SHA-256 of all before it.

use std::fs;
use std::path::Path;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::error::TrainingError;
use crate::weights::{WeightTensor, Weights};
use crate::whole_file::replace;

const MAGIC: &[u8; 8] = b"EMTRAIN1";
/// Largest checkpoint that is read.
const MAX_BYTES: u64 = 4 << 30;
/// Longest header, and most tensors.
const MAX_HEADER_BYTES: usize = 64 << 20;

/// How far a run is.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Progress {
    /// Epochs done.
    pub epoch: usize,
    /// Batches done of the epoch in work.
    pub batch: usize,
    /// Sum of the losses of these batches.
    pub loss_sum: f64,
    /// Best mean macro F1 so far.
    pub best_macro_f1: Option<f64>,
    /// Epochs since then.
    pub epochs_without_better: usize,
    /// Macro F1 of each data set at the last validation.
    pub set_macro_f1: Vec<Option<f64>>,
    /// Steps of the optimiser.
    pub optimiser_steps: u64,
    /// Steps of the moving average.
    pub average_steps: u64,
    /// Whether training has ended.
    pub ended: bool,
}

/// Progress and tensors of a run.
#[derive(Debug, Clone)]
pub struct Checkpoint {
    /// How far it is.
    pub progress: Progress,
    /// SHA-256 of plan and data, which a resumed run must share.
    pub recipe: String,
    /// Weights, moments and averages.
    pub weights: Weights,
}

#[derive(Serialize, Deserialize)]
struct Header {
    recipe: String,
    progress: Progress,
    tensors: Vec<(String, Vec<usize>)>,
}

impl Checkpoint {
    /// Replaces the file at `path`: after a crash there is the old one or the new one.
    ///
    /// # Errors
    /// When it cannot be written; the old file is kept.
    pub fn write(&self, path: &Path) -> Result<(), TrainingError> {
        let write = || replace(path, &self.bytes()?);
        write().map_err(TrainingError::file(path, "write"))
    }

    /// Reads a checkpoint.
    ///
    /// # Errors
    /// When it cannot be read or is damaged.
    pub fn read(path: &Path) -> Result<Self, TrainingError> {
        let failed = |source| TrainingError::file(path, "read")(source);
        let damaged = |what: &str| TrainingError::Checkpoint {
            path: path.to_owned(),
            message: format!("the checkpoint is damaged ({what}); train anew into another folder"),
        };
        if fs::metadata(path).map_err(failed)?.len() > MAX_BYTES {
            return Err(damaged("it is too long"));
        }
        let bytes = fs::read(path).map_err(failed)?;
        let (body, checksum) = bytes.split_at_checked(bytes.len().saturating_sub(32)).unwrap_or_default();
        if Sha256::digest(body).as_slice() != checksum {
            return Err(damaged("its checksum differs"));
        }
        let body = body.strip_prefix(MAGIC).ok_or_else(|| damaged("it is no checkpoint"))?;
        let (length, body) = body.split_at_checked(8).ok_or_else(|| damaged("it is cut short"))?;
        let length = u64::from_le_bytes(length.try_into().unwrap_or_default()) as usize;
        if length > MAX_HEADER_BYTES {
            return Err(damaged("its header is too long"));
        }
        let (header, mut rest) = body.split_at_checked(length).ok_or_else(|| damaged("it is cut short"))?;
        let header: Header =
            serde_json::from_slice(header).map_err(|_| damaged("its header cannot be read"))?;
        let mut weights = Weights::new();
        for (name, shape) in header.tensors {
            let elements = shape.iter().try_fold(4_usize, |bytes, &extent| bytes.checked_mul(extent));
            let elements = elements.ok_or_else(|| damaged("a tensor is too large"))?;
            let (values, after) =
                rest.split_at_checked(elements).ok_or_else(|| damaged("it is cut short"))?;
            rest = after;
            let words = values.chunks_exact(4);
            let values = words.map(|word| f32::from_le_bytes([word[0], word[1], word[2], word[3]])).collect();
            weights.insert(name, WeightTensor::new(shape, values)?);
        }
        Ok(Self { progress: header.progress, recipe: header.recipe, weights })
    }

    fn bytes(&self) -> std::io::Result<Vec<u8>> {
        let tensors: Vec<_> = self.weights.iter().collect();
        let header = Header {
            recipe: self.recipe.clone(),
            progress: self.progress.clone(),
            tensors: tensors.iter().map(|(name, tensor)| ((*name).into(), tensor.shape().to_vec())).collect(),
        };
        let header = serde_json::to_vec(&header)?;
        let mut bytes = MAGIC.to_vec();
        bytes.extend((header.len() as u64).to_le_bytes());
        bytes.extend(header);
        for (_, tensor) in tensors {
            bytes.extend(tensor.values().iter().flat_map(|value| value.to_le_bytes()));
        }
        let checksum = Sha256::digest(&bytes);
        bytes.extend(checksum);
        Ok(bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn checkpoint() -> Checkpoint {
        let mut weights = Weights::new();
        weights.insert("a", WeightTensor::new(vec![2, 2], vec![1.0, -2.5, 1e-30, 7.0]).expect("sizes"));
        weights.insert("b", WeightTensor::new(vec![1], vec![0.1]).expect("sizes"));
        let progress = Progress { epoch: 3, loss_sum: 0.1 + 0.2, ..Progress::default() };
        Checkpoint { progress, recipe: "recipe".into(), weights }
    }

    #[test]
    fn what_is_written_is_read_back() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("checkpoint");
        checkpoint().write(&path).expect("written");
        let read = Checkpoint::read(&path).expect("read");
        assert_eq!(read.progress, checkpoint().progress);
        assert_eq!(read.recipe, "recipe");
        assert_eq!(read.weights.get("a").ok(), checkpoint().weights.get("a").ok());
        assert_eq!(std::fs::read_dir(folder.path()).expect("a folder").count(), 1, "nothing else is left");
    }

    #[test]
    fn damage_is_told_wherever_it_is() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("checkpoint");
        checkpoint().write(&path).expect("written");
        let bytes = std::fs::read(&path).expect("bytes");
        for at in (0..bytes.len()).step_by(7) {
            let mut damaged = bytes.clone();
            damaged[at] ^= 0x10;
            std::fs::write(&path, damaged).expect("written");
            let error = Checkpoint::read(&path).expect_err("damaged").to_string();
            assert!(error.contains("damaged"), "{error}");
            std::fs::write(&path, &bytes[..at]).expect("written");
            assert!(Checkpoint::read(&path).is_err());
        }
    }
}
