//! What a run begins with: the weights of a model, or its own checkpoint.

use std::path::Path;
use std::sync::atomic::AtomicBool;

use burn::tensor::Tensor;
use earmark_engine::network::Card;

use super::average::Average;
use super::checkpoint::Checkpoint;
use super::data::TrainingSet;
use super::error::TrainingError;
use super::heard::{hear, listener};
use super::optimiser::AdamW;
use super::plan::Learnt;
use super::run::{CHECKPOINT_FILE, Trainer};
use crate::network::{Normalisation, collect, initial, load, tensor_from};

/// Batches that scales and offsets are calibrated on where weights come from a model.
const CALIBRATION_BATCHES: usize = 8;

/// The model that a run begins with.
#[derive(Debug, Clone, Copy)]
pub struct Beginning<'a> {
    /// Its ONNX file.
    pub file: &'a [u8],
    /// Its description.
    pub card: &'a Card,
    /// Folder that keeps what the convolutions make of the frames where a projection alone is learnt.
    pub cache: Option<&'a Path>,
    /// Ends it early.
    pub stop: &'a AtomicBool,
}

impl Trainer {
    /// Whether the convolutions stay as they are.
    pub(super) fn is_frozen(&self) -> bool {
        self.plan.model.learn == Learnt::Projection
    }

    /// Extent of what goes into the network: columns and bands, or what frozen convolutions make of them.
    pub(super) fn shape(&self) -> [usize; 2] {
        if self.is_frozen() { [1, self.model.encoder.architecture().features()] } else { self.frame_shape() }
    }

    fn frame_shape(&self) -> [usize; 2] {
        [self.card.frames.columns as usize, self.card.front_end.mel_bands as usize]
    }

    /// The data sets with their frames.
    pub(super) fn with_frames(&self) -> &[TrainingSet] {
        self.unheard.as_deref().unwrap_or(&self.sets)
    }

    /// Refuses a model that hears other spectrograms than this run's.
    pub(super) fn check_front_end(&self, card: &Card) -> Result<(), TrainingError> {
        if card.front_end == self.card.front_end && card.frames.columns == self.card.frames.columns {
            return Ok(());
        }
        Err(TrainingError::Plan(format!(
            "the model {} has another front end than this run; choose one that begins with the same spectrograms",
            card.name
        )))
    }

    /// Takes over the weights of a model, and freezes them where the plan says so. Unless the run `resumes`, scales and
    /// offsets are calibrated on the first batches.
    pub(super) fn begin_with(&mut self, init: &Beginning<'_>, resumes: bool) -> Result<(), TrainingError> {
        if resumes && !self.is_frozen() {
            return Ok(());
        }
        let norms = match self.plan.model.normalisation {
            Normalisation::Shared => 1,
            Normalisation::PerDataSet => self.sets.len(),
        };
        let architecture = self.plan.architecture()?;
        let (weights, fresh) = initial::from_onnx(init.file, &architecture, norms)?;
        load(&mut self.model.encoder, &weights)?;
        if self.is_frozen() {
            self.check_front_end(init.card)?;
            self.model.encoder = self.model.encoder.clone().frozen();
            let listener = listener(&self.model.encoder, &self.card, &self.folder)?;
            let Some(heard) = hear(&listener, &self.sets, init.cache, init.stop)? else { return Ok(()) };
            self.unheard = Some(std::mem::replace(&mut self.sets, heard));
        }
        if resumes { Ok(()) } else { self.calibrate(fresh) }
    }

    fn calibrate(&mut self, fresh: bool) -> Result<(), TrainingError> {
        let [columns, bands] = self.shape();
        let size = columns * bands;
        let device = self.device.clone().without_autodiff();
        let batches = self.batches();
        let frames: Vec<Tensor<3>> = batches
            .iter()
            .take(CALIBRATION_BATCHES)
            .map(|batch| {
                let mut values = vec![0.0; batch.frames.len() * size];
                for segment in &batch.segments {
                    let set = &self.sets[segment.data_set];
                    for row in segment.rows.clone() {
                        set.copy(&set.train[batch.frames[row]], &mut values[row * size..(row + 1) * size]);
                    }
                }
                tensor_from(values, [batch.frames.len(), columns, bands], &device)
            })
            .collect();
        let mut plain = self.model.encoder.plain();
        plain.calibrate(&frames, fresh);
        Ok(load(&mut self.model.encoder, &collect(&plain))?)
    }

    pub(super) fn save(&mut self) -> Result<(), TrainingError> {
        let mut weights = collect(&self.model);
        self.progress.optimiser_steps = self.adam.store(&mut weights)?;
        self.progress.average_steps = self.average.store(&mut weights)?;
        let checkpoint = Checkpoint { progress: self.progress.clone(), recipe: self.recipe.clone(), weights };
        checkpoint.write(&self.folder.join(CHECKPOINT_FILE))
    }

    pub(super) fn resume(&mut self, path: &Path) -> Result<(), TrainingError> {
        let checkpoint = Checkpoint::read(path)?;
        if checkpoint.recipe != self.recipe {
            return Err(TrainingError::Checkpoint {
                path: path.to_owned(),
                message:
                    "it belongs to a run of another plan or of other data; name another folder for this one"
                        .into(),
            });
        }
        load(&mut self.model, &checkpoint.weights)?;
        let device = self.device.clone().without_autodiff();
        let progress = checkpoint.progress;
        self.adam = AdamW::restore(&checkpoint.weights, progress.optimiser_steps, &device)?;
        self.average = Average::restore(&checkpoint.weights, progress.average_steps, &device)?;
        self.progress = progress;
        Ok(())
    }
}
