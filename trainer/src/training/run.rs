//! The loop: epochs of batches, validation, checkpoints.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use burn::tensor::Device;
use earmark_engine::network::{Card, Network};

use super::average::Average;
use super::beginning::Beginning;
use super::checkpoint::{Checkpoint, Progress};
use super::data::TrainingSet;
use super::error::TrainingError;
use super::finish;
use super::fit::{check_sets, recipe};
use super::metrics::{self, EpochMetrics, SetMetrics};
use super::model::Model;
use super::observer::{Ending, Observer};
use super::optimiser::{AdamW, Keep};
use super::plan::Plan;
use super::schedule::learning_rate_at;
use super::step::Stepper;
use super::teacher::Teacher;
use super::validation;
use crate::augmentation::{Augmentation, ColumnAugmenter};
use crate::loss::Loss;
use crate::network::{Encoder, collect, load};
use crate::random::Random;
use crate::sampling::{Batch, Frames, data_set_weights, plan_epoch};

/// File names in a run's folder.
pub(super) const CHECKPOINT_FILE: &str = "checkpoint.bin";
const BEST_FILE: &str = "best.bin";
const METRICS_FILE: &str = "metrics.jsonl";
const PLAN_FILE: &str = "plan.toml";

/// A training run.
pub struct Trainer {
    pub(super) plan: Plan,
    /// With frames, or with what frozen convolutions make of them.
    pub(super) sets: Vec<TrainingSet>,
    /// With frames, where the convolutions are frozen.
    pub(super) unheard: Option<Vec<TrainingSet>>,
    pub(super) estimate_on: Option<TrainingSet>,
    pub(super) teacher: Option<Teacher>,
    pub(super) card: Card,
    pub(super) folder: PathBuf,
    pub(super) device: Device,
    pub(super) model: Model,
    pub(super) adam: AdamW,
    pub(super) average: Average,
    pub(super) progress: Progress,
    pub(super) recipe: String,
}

impl Trainer {
    /// Prepares a run of `plan` on `sets`, those with labels first, or takes it up where the checkpoint in `folder` left
    /// it. `card` gives the front end and the frames, `init` is the model to begin with, `estimate_on` the library for
    /// re-estimated statistics.
    ///
    /// # Errors
    /// When the plan cannot be carried out on these sets, or `folder` holds another run.
    pub fn new(
        plan: Plan,
        sets: Vec<TrainingSet>,
        estimate_on: Option<TrainingSet>,
        card: Card,
        init: Option<Beginning<'_>>,
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
            unheard: None,
            estimate_on,
            card,
            device,
            recipe,
        };
        let checkpoint = folder.join(CHECKPOINT_FILE);
        let resumes = checkpoint.exists();
        if let Some(init) = init {
            trainer.begin_with(&init, resumes)?;
        }
        if resumes {
            trainer.resume(&checkpoint)?;
        } else {
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
        self.check_front_end(network.card())?;
        self.teacher = Teacher::new(network, self.with_frames(), cache, stop)?;
        Ok(())
    }

    /// Trains until the plan is fulfilled or `stop` is raised, and writes the model.
    ///
    /// # Errors
    /// When the loss is not a number, or a file cannot be written.
    pub fn run(&mut self, observer: &mut dyn Observer, stop: &AtomicBool) -> Result<Ending, TrainingError> {
        let not_taught = self.plan.distillation.is_some() && self.teacher.is_none();
        if not_taught || (self.is_frozen() && self.unheard.is_none()) {
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

    fn pretrains(&self) -> bool {
        self.progress.epoch < self.plan.pretraining_epochs()
    }

    /// Data sets that take part in the epochs with labels.
    fn members(&self) -> Vec<usize> {
        let member = |set: &usize| self.sets[*set].is_labelled() && self.plan.loss != Loss::None;
        let all = self.plan.distillation.is_some() || self.plan.optimiser.epochs == 0;
        (0..self.sets.len()).filter(|set| all || member(set)).collect()
    }

    pub(super) fn batches(&self) -> Vec<Batch> {
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

    /// How much each data set counts; those without labels have no loss of their own to be weighted.
    fn set_weights(&self) -> Vec<f64> {
        let labelled: Vec<usize> = (0..self.sets.len()).filter(|&set| self.sets[set].is_labelled()).collect();
        let macro_f1: Vec<_> = labelled.iter().map(|&set| self.progress.set_macro_f1[set]).collect();
        let mut weights = vec![1.0; self.sets.len()];
        for (set, weight) in labelled.into_iter().zip(data_set_weights(&macro_f1, self.plan.focal_gamma)) {
            weights[set] = weight;
        }
        weights
    }

    /// Mean macro F1 of the weights that become the model.
    pub fn kept_macro_f1(&self) -> Option<f64> {
        match self.plan.optimiser.keep {
            Keep::Best => self.progress.best_macro_f1,
            Keep::Last => mean_of(&self.progress.set_macro_f1),
        }
    }

    /// One epoch, from the batch that comes next on: how many rows, at which rate; `None` when stopped.
    fn epoch(
        &mut self,
        observer: &mut dyn Observer,
        stop: &AtomicBool,
    ) -> Result<Option<(usize, usize, f64)>, TrainingError> {
        let batches = self.batches();
        let epochs = self.plan.epochs();
        let set_weights = self.set_weights();
        let bands = self.shape()[1];
        let changes = if self.is_frozen() { Augmentation::none() } else { self.plan.augmentation };
        let augmenter = ColumnAugmenter::new(changes, self.card.front_end.log, bands);
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
        let weights = self.set_weights();
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

    fn finish(&self) -> Result<finish::Finished, TrainingError> {
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
        let measured = (&*self.sets, self.shape());
        finish::write(
            &self.plan,
            &self.card,
            measured,
            self.with_frames(),
            &mut encoder,
            &self.folder,
            &device,
        )
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
