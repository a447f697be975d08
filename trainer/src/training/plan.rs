//! The plan of a training run, as it stands in its TOML file.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::error::TrainingError;
use super::optimiser::OptimiserPlan;
use crate::augmentation::Augmentation;
use crate::loss::{DistillationWeights, Loss};
use crate::network::{Architecture, Normalisation, Pooling};
use crate::sampling::{ClassWeights, Sampling};

/// Everything that decides what comes out of a run, apart from the sounds.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Plan {
    /// The same seed gives the same run on a CPU.
    pub seed: u64,
    /// Labelled data sets: folders, in the order in which heads and statistics are numbered.
    pub data: Vec<PathBuf>,
    /// Folders of sounds without labels, for pretraining and distillation.
    pub unlabelled: Vec<PathBuf>,
    /// Part of each data set's groups that is kept for validation, and decides when to stop.
    pub validation_share: f64,
    /// Exponent of focal data-set regularisation; 0 counts all data sets alike.
    pub focal_gamma: f64,
    /// How much the classes of a data set count in the cross-entropy.
    pub class_weights: ClassWeights,
    /// The network.
    pub model: ModelPlan,
    /// What is made small.
    pub loss: Loss,
    /// How batches are made.
    pub sampling: Sampling,
    /// How frames are changed.
    pub augmentation: Augmentation,
    /// How weights follow the loss, and for how long.
    pub optimiser: OptimiserPlan,
    /// Learning from another model.
    pub distillation: Option<Distillation>,
    /// Learning without labels first.
    pub pretraining: Option<Pretraining>,
}

/// The network of a run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ModelPlan {
    /// Name in the card.
    pub name: String,
    /// Version in the card.
    pub version: String,
    /// Licence of the weights in the card, an SPDX expression; must allow what the data's licences allow.
    pub licence: String,
    /// Whom to name, in the card.
    pub attribution: String,
    /// `compact`, `light`, `cnn9` or `tiny`.
    pub network: String,
    /// Model to begin with, a name or a folder; its network must be the same.
    pub init: Option<PathBuf>,
    /// Which images of the network make its features.
    pub pooling: Pooling,
    /// Values of a linear layer at the network's end; none has none, unless it alone is learnt.
    pub projection: Option<usize>,
    /// Which part of the network is learnt.
    pub learn: Learnt,
    /// Batch normalisation shared by the data sets, or one for each.
    pub normalisation: Normalisation,
    /// For normalisation per data set: library on whose sounds the statistics of the finished model are re-estimated;
    /// otherwise they are pooled.
    pub estimate_on: Option<PathBuf>,
    /// Widths of the layers between embedding and classes.
    pub head: Vec<usize>,
}

/// Which part of a network is learnt.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Learnt {
    /// All of it.
    #[default]
    All,
    /// The linear layer at its end; the convolutions stay those of the model to begin with. They hear each frame once,
    /// so that an epoch takes a moment, and of all augmentations the changed copies alone apply.
    Projection,
}

/// Learning from another model.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Distillation {
    /// Model to learn from, a name or a folder.
    pub teacher: PathBuf,
    /// How much its parts count beside the loss.
    #[serde(default)]
    pub weights: DistillationWeights,
}

/// Self-supervised epochs before the others: two views of each frame are drawn together, all else apart (SimCLR, Chen
/// et al. 2020, arXiv:2002.05709).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Pretraining {
    /// Epochs over all frames, with and without labels.
    pub epochs: usize,
    /// Divides the cosines.
    pub temperature: f32,
}

impl Default for Plan {
    fn default() -> Self {
        Self {
            seed: 1,
            data: Vec::new(),
            unlabelled: Vec::new(),
            validation_share: 0.15,
            focal_gamma: 0.0,
            class_weights: ClassWeights::default(),
            model: ModelPlan::default(),
            loss: Loss::CrossEntropy { label_smoothing: 0.0 },
            sampling: Sampling::default(),
            augmentation: Augmentation::default(),
            optimiser: OptimiserPlan::default(),
            distillation: None,
            pretraining: None,
        }
    }
}

impl Default for ModelPlan {
    fn default() -> Self {
        Self {
            name: "trained".into(),
            version: "1".into(),
            licence: "LicenseRef-unstated".into(),
            attribution: String::new(),
            network: "compact".into(),
            init: None,
            pooling: Pooling::default(),
            projection: None,
            learn: Learnt::default(),
            normalisation: Normalisation::default(),
            estimate_on: None,
            head: vec![256, 128],
        }
    }
}

impl Default for Pretraining {
    fn default() -> Self {
        Self { epochs: 5, temperature: 0.1 }
    }
}

impl Plan {
    /// Reads a plan's file.
    ///
    /// # Errors
    /// When it cannot be read, is not TOML, or names what does not exist.
    pub fn read(path: &Path) -> Result<Self, TrainingError> {
        let text = std::fs::read_to_string(path).map_err(TrainingError::file(path, "read"))?;
        toml::from_str(&text).map_err(|error| TrainingError::PlanFile {
            path: path.to_owned(),
            message: error.to_string().trim().to_owned(),
        })
    }

    /// The plan as TOML, which [`read`](Self::read) reads back to an equal plan.
    ///
    /// # Errors
    /// When a path is not text.
    pub fn to_toml(&self) -> Result<String, TrainingError> {
        toml::to_string(self)
            .map_err(|error| TrainingError::Plan(format!("the plan cannot be written: {error}")))
    }

    /// Says what cannot be, before anything is computed.
    ///
    /// # Errors
    /// [`TrainingError::Plan`] with the field and the values that are allowed.
    pub fn check(&self) -> Result<(), TrainingError> {
        let parts = [
            self.loss.check(),
            self.sampling.check(),
            self.augmentation.check(),
            self.optimiser.check(),
            self.check_itself(),
        ];
        parts.into_iter().collect::<Result<(), String>>().map_err(TrainingError::Plan)
    }

    /// The network's architecture.
    ///
    /// # Errors
    /// When there is none of that name.
    pub fn architecture(&self) -> Result<Architecture, TrainingError> {
        let network = match self.model.network.as_str() {
            "compact" => Architecture::compact(),
            "light" => Architecture::light(),
            "cnn9" => Architecture::cnn9(),
            "tiny" => Architecture::tiny(),
            other => {
                return Err(TrainingError::Plan(format!(
                    "model.network: there is no network '{other}'; choose compact, light, cnn9 or tiny"
                )));
            }
        };
        let network = network.with_pooling(self.model.pooling);
        let usual = (self.model.learn == Learnt::Projection).then(|| network.channels());
        Ok(match self.model.projection.or(usual) {
            Some(size) => network.projected(size),
            None => network,
        })
    }

    /// Epochs of both kinds.
    pub fn epochs(&self) -> usize {
        self.pretraining_epochs() + self.optimiser.epochs
    }

    /// Epochs without labels, the first ones.
    pub fn pretraining_epochs(&self) -> usize {
        self.pretraining.as_ref().map_or(0, |pretraining| pretraining.epochs)
    }

    fn check_itself(&self) -> Result<(), String> {
        if !(0.0..=0.5).contains(&self.validation_share) {
            return Err("validation_share must lie between 0 and 0.5".into());
        }
        if !(0.0..=10.0).contains(&self.focal_gamma) {
            return Err("focal_gamma must lie between 0 and 10".into());
        }
        if self.augmentation.mixup_alpha > 0.0 && !self.loss.classifies() {
            return Err(
                "augmentation.mixup_alpha is for the loss cross-entropy: others need whole labels".into()
            );
        }
        if self.augmentation.mixup_alpha > 0.0 && self.distillation.is_some() {
            return Err(
                "augmentation.mixup_alpha does not go with a teacher, which hears whole sounds".into()
            );
        }
        if self.loss == Loss::None && self.distillation.is_none() && self.pretraining_epochs() == 0 {
            return Err("loss none learns nothing: name a teacher, or epochs of pretraining".into());
        }
        if self.loss == Loss::None && self.distillation.is_none() && self.optimiser.epochs > 0 {
            return Err(
                "loss none without a teacher: set optimiser.epochs to 0, for pretraining alone".into()
            );
        }
        if self.pretraining.as_ref().is_some_and(|pretraining| pretraining.temperature < 0.02) {
            return Err("pretraining.temperature must be at least 0.02".into());
        }
        if self.model.learn == Learnt::Projection {
            let missing = [
                (self.model.init.is_none(), "needs a model to begin with: name it as model.init"),
                (self.pretraining_epochs() > 0, "does not go with pretraining"),
                (self.augmentation.mixup_alpha > 0.0, "does not go with augmentation.mixup_alpha"),
                (self.model.estimate_on.is_some(), "does not go with model.estimate_on"),
            ];
            if let Some((_, why)) = missing.iter().find(|(fails, _)| *fails) {
                return Err(format!("model.learn = \"projection\" {why}"));
            }
        }
        if self.model.estimate_on.is_some() && self.model.normalisation == Normalisation::Shared {
            return Err("model.estimate_on is for normalisation per-data-set".into());
        }
        if self.model.head.iter().any(|width| !(1..=8192).contains(width)) || self.model.head.len() > 8 {
            return Err("model.head: at most 8 layers of 1 to 8192 values".into());
        }
        Ok(())
    }
}
