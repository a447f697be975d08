//! The plan of an experiment, as it stands in its TOML file.

use std::fmt;
use std::path::{Path, PathBuf};

use serde::de::value::MapAccessDeserializer;
use serde::de::{MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};

use super::cell::Scenario;
use super::error::ExperimentError;
use crate::evaluate::Judging;
use crate::loss::Loss;
use crate::network::Normalisation;
use crate::sampling::Mixing;
use crate::training;

/// What is tried on which data sets.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ExperimentPlan {
    /// Heading of the report.
    pub title: String,
    /// Labelled data sets: folders, relative to the plan's own.
    pub data: Vec<PathBuf>,
    /// Names of those with UCS labels; without it, those whose sounds have a CatID to a part of `ucs_share`.
    pub ucs: Option<Vec<String>>,
    /// Part of a data set's sounds that must have a CatID for it to count as one with UCS labels.
    pub ucs_share: f64,
    /// Part of each data set's groups that is held out to judge by; where its table prescribes a test side, that is it.
    pub test_share: f64,
    /// Models that are there already, to compare with: names, folders, or `mfcc`.
    pub references: Vec<PathBuf>,
    /// Keep the model of every cell.
    pub keep_models: bool,
    /// How held-out sounds are judged.
    pub judging: Judging,
    /// The grid, in parts: cells that two parts have in common are computed once.
    pub grid: Vec<Part>,
    /// All else about training; what the grid varies must not stand here.
    pub training: training::Plan,
}

/// A part of the grid: all combinations of its lists.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Part {
    /// What is made small: names, or tables as a training plan's `loss`.
    pub losses: Vec<LossEntry>,
    /// Trained on what.
    pub scenarios: Vec<Scenario>,
    /// How several data sets share an epoch.
    pub mixings: Vec<Mixing>,
    /// Exponents of focal data-set regularisation; 0 is without.
    pub focal_gammas: Vec<f64>,
    /// Batch normalisation of several data sets.
    pub normalisations: Vec<Normalisation>,
    /// Names of the data sets that are trained within; without it, all.
    pub data_sets: Option<Vec<String>>,
    /// Seeds.
    pub seeds: Vec<u64>,
}

/// A loss in a list.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(untagged)]
pub enum LossEntry {
    /// With default constants.
    Name(String),
    /// With constants.
    Table(Loss),
}

/// By hand, so that a table's mistakes are told as they are, not as "no variant fits".
impl<'de> Deserialize<'de> for LossEntry {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Entry;
        impl<'de> Visitor<'de> for Entry {
            type Value = LossEntry;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("the name of a loss, or a table with its kind and constants")
            }

            fn visit_str<E>(self, name: &str) -> Result<LossEntry, E> {
                Ok(LossEntry::Name(name.to_owned()))
            }

            fn visit_map<A: MapAccess<'de>>(self, table: A) -> Result<LossEntry, A::Error> {
                Loss::deserialize(MapAccessDeserializer::new(table)).map(LossEntry::Table)
            }
        }
        deserializer.deserialize_any(Entry)
    }
}

impl Default for ExperimentPlan {
    fn default() -> Self {
        Self {
            title: "Experiment".into(),
            data: Vec::new(),
            ucs: None,
            ucs_share: 0.9,
            test_share: 0.3,
            judging: Judging::default(),
            references: vec!["aisfx".into(), "mfcc".into()],
            keep_models: false,
            grid: vec![Part::default()],
            training: training::Plan::default(),
        }
    }
}

impl Default for Part {
    fn default() -> Self {
        Self {
            losses: vec![LossEntry::Name("cross-entropy".into())],
            scenarios: Scenario::ALL.to_vec(),
            mixings: vec![Mixing::default()],
            focal_gammas: vec![0.0],
            normalisations: vec![Normalisation::default()],
            data_sets: None,
            seeds: vec![1],
        }
    }
}

impl LossEntry {
    /// The loss.
    ///
    /// # Errors
    /// A sentence when there is none of that name, or its constants cannot be.
    pub fn loss(&self) -> Result<Loss, String> {
        let loss = match self {
            Self::Table(loss) => *loss,
            Self::Name(name) => Loss::named(name).ok_or_else(|| {
                let names = Loss::NAMES.iter().filter(|name| **name != "none").copied();
                format!("there is no loss '{name}'; choose {}", names.collect::<Vec<_>>().join(", "))
            })?,
        };
        if loss == Loss::None {
            return Err(
                "the loss none learns from a teacher alone, and nothing can be compared with it".into()
            );
        }
        loss.check().map(|()| loss)
    }
}

impl ExperimentPlan {
    /// Reads a plan's file; paths in it become relative to where the process is.
    ///
    /// # Errors
    /// When it cannot be read, is not TOML, or says what cannot be.
    pub fn read(path: &Path) -> Result<Self, ExperimentError> {
        let text = std::fs::read_to_string(path).map_err(ExperimentError::file(path, "read"))?;
        let mut plan: Self = toml::from_str(&text).map_err(|error| ExperimentError::PlanFile {
            path: path.to_owned(),
            message: error.to_string().trim().to_owned(),
        })?;
        let folder = path.parent().unwrap_or(Path::new(""));
        plan.data.iter_mut().for_each(|set| *set = folder.join(&*set));
        let models = [&mut plan.training.model.init];
        let teacher = plan.training.distillation.as_mut().map(|distillation| &mut distillation.teacher);
        let models = models.into_iter().flatten().chain(teacher).chain(&mut plan.references);
        // A name is looked for among models; what has a folder before it is a path.
        models.filter(|model| model.components().count() > 1).for_each(|model| *model = folder.join(&*model));
        plan.check()?;
        Ok(plan)
    }

    /// Says what cannot be, before anything is computed.
    ///
    /// # Errors
    /// [`ExperimentError::Plan`] with the key and the values that are allowed.
    pub fn check(&self) -> Result<(), ExperimentError> {
        self.checked().map_err(ExperimentError::Plan)
    }

    fn checked(&self) -> Result<(), String> {
        if self.data.is_empty() {
            return Err("data: name at least one data set".into());
        }
        if !(0.05..=0.8).contains(&self.test_share) {
            return Err("test_share must lie between 0.05 and 0.8".into());
        }
        if !(0.0..=1.0).contains(&self.ucs_share) {
            return Err("ucs_share must lie between 0 and 1".into());
        }
        let Judging { k, bootstrap, .. } = self.judging;
        if !(1..=1000).contains(&k) || bootstrap > 10_000 {
            return Err("judging: k must lie between 1 and 1000, bootstrap between 0 and 10000".into());
        }
        if self.test_share + self.training.validation_share > 0.9 {
            return Err("test_share and training.validation_share leave too little to train on".into());
        }
        for part in &self.grid {
            let lists = [
                ("losses", part.losses.len()),
                ("scenarios", part.scenarios.len()),
                ("mixings", part.mixings.len()),
                ("focal_gammas", part.focal_gammas.len()),
                ("normalisations", part.normalisations.len()),
                ("seeds", part.seeds.len()),
            ];
            if let Some((name, _)) = lists.iter().find(|(_, length)| *length == 0) {
                return Err(format!("grid.{name} is empty: there would be no cell"));
            }
            for entry in &part.losses {
                entry.loss().map_err(|error| format!("grid.losses: {error}"))?;
            }
        }
        self.training.check().map_err(|error| format!("training: {error}"))?;
        self.training.architecture().map_err(|error| format!("training: {error}"))?;
        let default = training::Plan::default();
        let varied = [
            ("data", self.training.data.is_empty()),
            ("seed", self.training.seed == default.seed),
            ("loss", self.training.loss == default.loss),
            ("focal_gamma", self.training.focal_gamma == 0.0),
            ("sampling.mixing", self.training.sampling.mixing == default.sampling.mixing),
            ("model.normalisation", self.training.model.normalisation == default.model.normalisation),
        ];
        if let Some((name, _)) = varied.iter().find(|(_, untouched)| !untouched) {
            return Err(format!("training.{name} is what the grid varies: name its values there"));
        }
        if !self.training.unlabelled.is_empty() || self.training.pretraining.is_some() {
            return Err("training: sounds without labels and pretraining are for `earmark train`".into());
        }
        if self.training.model.estimate_on.is_some() {
            return Err(
                "training.model.estimate_on is for `earmark train`: models here serve several sets".into()
            );
        }
        Ok(())
    }

    /// The plan as TOML.
    ///
    /// # Errors
    /// When a path is not text.
    pub fn to_toml(&self) -> Result<String, ExperimentError> {
        toml::to_string(self)
            .map_err(|error| ExperimentError::Plan(format!("the plan cannot be written: {error}")))
    }
}
