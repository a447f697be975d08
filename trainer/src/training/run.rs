//! The loop: epochs of batches, validation, checkpoints.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use burn::tensor::{Device, Tensor};
use earmark_engine::network::{Card, Network};

use super::average::Average;
use super::checkpoint::{Checkpoint, Progress};
use super::data::TrainingSet;
use super::error::TrainingError;
use super::finish::{self, Finished};
use super::fit::{check_sets, recipe};
use super::metrics::{self, EpochMetrics, SetMetrics};
use super::model::Model;
use super::optimiser::{AdamW, Keep};
use super::plan::Plan;
use super::schedule::learning_rate_at;
use super::step::Stepper;
use super::teacher::Teacher;
use super::validation;
use crate::augmentation::ColumnAugmenter;
use crate::loss::Loss;
use crate::network::{Encoder, Normalisation, collect, initial, load, tensor_from};
use crate::random::Random;
use crate::sampling::{Batch, Frames, data_set_weights, plan_epoch};

/// File names in a run's folder.
pub(super) const CHECKPOINT_FILE: &str = "checkpoint.bin";
const BEST_FILE: &str = "best.bin";
const METRICS_FILE: &str = "metrics.jsonl";
const PLAN_FILE: &str = "plan.toml";
/// Batches that scales and offsets are calibrated on where weights come from a model.
const CALIBRATION_BATCHES: usize = 8;

/// Is told how a run goes.
pub trait Observer {
    /// A batch is done: of how many in which epoch of how many (counted from 1), with the mean loss of the epoch so far
    /// and the mean macro F1 of the last validation.
    fn batch(&mut self, batch: [usize; 2], epoch: [usize; 2], loss: f64, macro_f1: Option<f64>);
    /// An epoch is done.
    fn epoch(&mut self, metrics: &EpochMetrics);
}

/// Listens to nothing.
#[derive(Debug, Clone, Copy)]
pub struct Silent;

impl Observer for Silent {
    fn batch(&mut self, _batch: [usize; 2], _epoch: [usize; 2], _loss: f64, _macro_f1: Option<f64>) {}
    fn epoch(&mut self, _metrics: &EpochMetrics) {}
}

/// How a run ended.
#[derive(Debug)]
pub enum Ending {
    /// There is a model.
    Finished(Box<Finished>),
    /// It was stopped; the checkpoint says where to go on.
    Stopped,
}

/// A training run.
pub struct Trainer {
    plan: Plan,
    sets: Vec<TrainingSet>,
    estimate_on: Option<TrainingSet>,
    teacher: Option<Teacher>,
    card: Card,
    folder: PathBuf,
    device: Device,
    model: Model,
    adam: AdamW,
    average: Average,
    progress: Progress,
    recipe: String,
}

impl Trainer {
    /// Prepares a run of `plan` on `sets`, those with labels first, or takes it up where the checkpoint in `folder` left
    /// it. `card` gives the front end and the frames, `init` is the ONNX file to begin with, `estimate_on` the library for
    /// re-estimated statistics.
    ///
    /// # Errors
    /// When the plan cannot be carried out on these sets, or `folder` holds another run.
    pub fn new(
        plan: Plan,
        sets: Vec<TrainingSet>,
        estimate_on: Option<TrainingSet>,
        card: Card,
        init: Option<&[u8]>,
        folder: &Path,
        device: Device,
    ) -> Result<Self, TrainingError> {
        plan.check()?;
        check_sets(&plan, &sets)?;
        let shape = [card.frames.columns as usize, card.front_end.mel_bands as usize];
        plan.architecture()?.check(shape[0], shape[1]).map_err(TrainingError::Plan)?;
        std::fs::create_dir_all(folder).map_err(TrainingError::file(folder, "create the folder"))?;
        let device = device.autodiff();
        let recipe = recipe(&plan, &sets)?;
        let mut trainer = Self {
            model: Model::new(&plan, &sets, &device)?,
            adam: AdamW::default(),
            average: Average::default(),
            progress: Progress { set_macro_f1: vec![None; sets.len()], ..Progress::default() },
            teacher: None,
            folder: folder.to_owned(),
            plan,
            sets,
            estimate_on,
            card,
            device,
            recipe,
        };
        let checkpoint = folder.join(CHECKPOINT_FILE);
        if checkpoint.exists() {
            trainer.resume(&checkpoint)?;
        } else {
            if let Some(file) = init {
                trainer.begin_with(file)?;
            }
            let text = trainer.plan.to_toml()?;
            let path = folder.join(PLAN_FILE);
            std::fs::write(&path, text).map_err(TrainingError::file(path, "write"))?;
        }
        metrics::keep(&folder.join(METRICS_FILE), trainer.progress.epoch)?;
        Ok(trainer)
    }

    /// How far the run is.
    pub fn progress(&self) -> &Progress {
        &self.progress
    }

    /// Has `network` embed all frames that are trained on, to learn from it; what it embedded before lies in the folder
    /// `cache`, if there is one. `stop` ends it early.
    ///
    /// # Errors
    /// When its front end is not that of the run, a frame cannot be embedded, or the cache cannot be written.
    pub fn learn_from(
        &mut self,
        network: &Network,
        cache: Option<&Path>,
        stop: &AtomicBool,
    ) -> Result<(), TrainingError> {
        let card = network.card();
        if card.front_end != self.card.front_end || card.frames.columns != self.card.frames.columns {
            return Err(TrainingError::Plan(format!(
                "the teacher {} has another front end than this run; choose one that begins with the same spectrograms",
                card.name
            )));
        }
        self.teacher = Teacher::new(network, &self.sets, cache, stop)?;
        Ok(())
    }

    /// Trains until the plan is fulfilled or `stop` is raised, and writes the model.
    ///
    /// # Errors
    /// When the loss is not a number, or a file cannot be written.
    pub fn run(&mut self, observer: &mut dyn Observer, stop: &AtomicBool) -> Result<Ending, TrainingError> {
        if self.plan.distillation.is_some() && self.teacher.is_none() {
            return Ok(Ending::Stopped);
        }
        while !self.progress.ended && self.progress.epoch < self.plan.epochs() {
            let begun = Instant::now();
            let Some(epoch) = self.epoch(observer, stop)? else {
                self.save()?;
                return Ok(Ending::Stopped);
            };
            self.close_epoch(epoch, begun, observer)?;
        }
        if !self.progress.ended {
            self.progress.ended = true;
            self.save()?;
        }
        Ok(Ending::Finished(Box::new(self.finish()?)))
    }

    fn shape(&self) -> [usize; 2] {
        [self.card.frames.columns as usize, self.card.front_end.mel_bands as usize]
    }

    fn pretrains(&self) -> bool {
        self.progress.epoch < self.plan.pretraining_epochs()
    }

    /// Data sets that take part in the epochs with labels.
    fn members(&self) -> Vec<usize> {
        let member = |set: &usize| self.sets[*set].is_labelled() && self.plan.loss != Loss::None;
        let all = self.plan.distillation.is_some() || self.plan.optimiser.epochs == 0;
        (0..self.sets.len()).filter(|set| all || member(set)).collect()
    }

    fn batches(&self) -> Vec<Batch> {
        let members = self.members();
        let takes_part = |set: usize| self.pretrains() || members.contains(&set);
        let frames: Vec<_> = self
            .sets
            .iter()
            .enumerate()
            .map(|(at, set)| if takes_part(at) { set.frames() } else { Frames::default() })
            .collect();
        plan_epoch(&frames, &self.plan.sampling, self.plan.seed, self.progress.epoch as u64)
    }

    /// One epoch, from the batch that comes next on: how many rows, at which rate; `None` when stopped.
    fn epoch(
        &mut self,
        observer: &mut dyn Observer,
        stop: &AtomicBool,
    ) -> Result<Option<(usize, usize, f64)>, TrainingError> {
        let batches = self.batches();
        let epochs = self.plan.epochs();
        let set_weights = data_set_weights(&self.progress.set_macro_f1, self.plan.focal_gamma);
        let bands = self.shape()[1];
        let augmenter = ColumnAugmenter::new(self.plan.augmentation, self.card.front_end.log, bands);
        let shape = self.shape();
        let stepper =
            Stepper::new(&self.plan, &self.sets, self.teacher.as_ref(), augmenter, shape, &self.device);
        let pretrains = self.pretrains();
        let (mut rows, mut rate) = (0, 0.0);
        for (at, batch) in batches.iter().enumerate().skip(self.progress.batch) {
            if stop.load(Ordering::Relaxed) {
                return Ok(None);
            }
            let mut random = Random::new(self.plan.seed, &[4, self.progress.epoch as u64, at as u64]);
            let loss = match &self.plan.pretraining {
                Some(pretraining) if pretrains => {
                    stepper.self_supervised(&mut self.model, batch, pretraining.temperature, &mut random)?
                }
                _ => stepper.supervised(&mut self.model, batch, &set_weights, &mut random)?,
            };
            let value: f32 = loss.clone().into_scalar();
            let diverged = |epoch: usize, gradient: f64| {
                let (data_sets, sounds) = stepper.names(batch);
                let (batch, batches) = (at + 1, batches.len());
                TrainingError::Diverged { value, gradient, epoch, batch, batches, data_sets, sounds }
            };
            if !value.is_finite() {
                return Err(diverged(self.progress.epoch + 1, f64::NAN));
            }
            let done = self.progress.epoch as f64 + at as f64 / batches.len() as f64;
            rate = learning_rate_at(&self.plan.optimiser, done, epochs);
            let gradients = loss.backward();
            let length = self.adam.step(&mut self.model, &gradients, &self.plan.optimiser, rate);
            if !length.is_finite() {
                return Err(diverged(self.progress.epoch + 1, length));
            }
            if self.plan.optimiser.average_decay > 0.0 {
                self.average.follow(&mut self.model, self.plan.optimiser.average_decay);
            }
            rows += batch.frames.len();
            self.progress.batch = at + 1;
            self.progress.loss_sum += f64::from(value);
            let mean = self.progress.loss_sum / (at + 1) as f64;
            let macro_f1 = mean_of(&self.progress.set_macro_f1);
            observer.batch([at + 1, batches.len()], [self.progress.epoch + 1, epochs], mean, macro_f1);
        }
        Ok(Some((rows, batches.len(), rate)))
    }

    fn close_epoch(
        &mut self,
        (rows, batches, learning_rate): (usize, usize, f64),
        begun: Instant,
        observer: &mut dyn Observer,
    ) -> Result<(), TrainingError> {
        let trained_s = begun.elapsed().as_secs_f64();
        let pretrained = self.pretrains();
        let weights = data_set_weights(&self.progress.set_macro_f1, self.plan.focal_gamma);
        let mut judged = self.judged();
        self.progress.set_macro_f1 = self.validate(&mut judged.encoder);
        let macro_f1 = mean_of(&self.progress.set_macro_f1);
        let sets = self.sets.iter().enumerate().filter(|(_, set)| set.is_labelled());
        let metrics = EpochMetrics {
            epoch: self.progress.epoch + 1,
            phase: if pretrained { "pretraining" } else { "training" }.into(),
            loss: self.progress.loss_sum / batches.max(1) as f64,
            learning_rate,
            macro_f1,
            data_sets: sets
                .map(|(at, set)| SetMetrics {
                    name: set.name.clone(),
                    macro_f1: self.progress.set_macro_f1[at],
                    weight: weights[at],
                })
                .collect(),
            frames_per_s: rows as f64 / trained_s.max(1e-9),
            seconds: begun.elapsed().as_secs_f64(),
        };
        self.progress.epoch += 1;
        (self.progress.batch, self.progress.loss_sum) = (0, 0.0);
        let better = match (macro_f1, self.progress.best_macro_f1) {
            (Some(now), Some(best)) => now > best,
            // Nothing to choose by: the last weights are the best.
            _ => true,
        };
        // What pretraining leaves is the beginning of the rest only.
        let last_of_pretraining = pretrained && self.plan.optimiser.epochs > 0;
        if !last_of_pretraining {
            if better {
                (self.progress.best_macro_f1, self.progress.epochs_without_better) = (macro_f1, 0);
            } else {
                self.progress.epochs_without_better += 1;
            }
            if better || self.plan.optimiser.keep == Keep::Last {
                let weights = collect(&judged);
                let kept =
                    Checkpoint { progress: self.progress.clone(), recipe: self.recipe.clone(), weights };
                kept.write(&self.folder.join(BEST_FILE))?;
            }
            let patience = self.plan.optimiser.patience;
            self.progress.ended = patience > 0 && self.progress.epochs_without_better >= patience;
        }
        metrics::append(&self.folder.join(METRICS_FILE), &metrics)?;
        observer.epoch(&metrics);
        self.save()
    }

    /// The model that is judged: the moving average, where there is one.
    fn judged(&self) -> Model {
        let mut judged = self.model.clone();
        if self.plan.optimiser.average_decay > 0.0 {
            self.average.put(&mut judged);
        }
        judged
    }

    fn validate(&self, encoder: &mut Encoder) -> Vec<Option<f64>> {
        let device = self.device.clone().without_autodiff();
        let mut plain = encoder.plain();
        let sets = self.sets.iter().enumerate();
        sets.map(|(at, set)| {
            if !set.is_labelled() {
                return None;
            }
            validation::macro_f1(&mut plain, set, at, self.shape(), &device)
        })
        .collect()
    }

    fn save(&mut self) -> Result<(), TrainingError> {
        let mut weights = collect(&self.model);
        self.progress.optimiser_steps = self.adam.store(&mut weights)?;
        self.progress.average_steps = self.average.store(&mut weights)?;
        let checkpoint = Checkpoint { progress: self.progress.clone(), recipe: self.recipe.clone(), weights };
        checkpoint.write(&self.folder.join(CHECKPOINT_FILE))
    }

    fn resume(&mut self, path: &Path) -> Result<(), TrainingError> {
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

    /// Takes over the weights of an ONNX file and calibrates them on the first batches.
    fn begin_with(&mut self, file: &[u8]) -> Result<(), TrainingError> {
        let norms = match self.plan.model.normalisation {
            Normalisation::Shared => 1,
            Normalisation::PerDataSet => self.sets.len(),
        };
        let architecture = self.plan.architecture()?;
        load(&mut self.model.encoder, &initial::from_onnx(file, &architecture, norms)?)?;
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
        plain.calibrate(&frames);
        Ok(load(&mut self.model.encoder, &collect(&plain))?)
    }

    fn finish(&self) -> Result<Finished, TrainingError> {
        let best = self.folder.join(BEST_FILE);
        let mut model = self.model.clone();
        if best.exists() {
            let best = Checkpoint::read(&best)?;
            load(&mut model, &best.weights)?;
        } else {
            model = self.judged();
        }
        let mut encoder = model.encoder.pooled(&self.members());
        let device = self.device.clone().without_autodiff();
        if let Some(library) = &self.estimate_on {
            finish::re_estimate(&mut encoder, library, self.shape(), self.plan.seed, &device);
        }
        finish::write(&self.plan, &self.card, &self.sets, &mut encoder, &self.folder, &device)
    }
}

impl std::fmt::Debug for Trainer {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Trainer").field("folder", &self.folder).finish_non_exhaustive()
    }
}

fn mean_of(values: &[Option<f64>]) -> Option<f64> {
    let known: Vec<f64> = values.iter().flatten().copied().collect();
    (!known.is_empty()).then(|| known.iter().sum::<f64>() / known.len() as f64)
}
