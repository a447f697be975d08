//! Computes cells: trains what is to be trained, judges it by the sounds that were held out.

use std::path::{Path, PathBuf};
use std::time::Instant;

use burn::tensor::Device;
use earmark_engine::network::{Card, Network};
use sha2::{Digest, Sha256};

use super::cell::{Cell, Config, Recipe, Scenario};
use super::error::ExperimentError;
use super::grid::{Grid, LeftOut, SetName, expand, training_plan};
use super::places::places;
use super::plan::ExperimentPlan;
use super::record::{CellRecord, Claim, ExperimentRecord, Judged, Measured, Outcome, Results, SoundRecord};
use super::sets::{OpenSet, hexadecimal, open_sets};
use crate::dataset::Work;
use crate::evaluate::{Embeddings, Extractor, HeldOut, evaluate_held_out};
use crate::training::{
    Beginning, Ending, Finished, Observer, Plan, Trainer, TrainingError, TrainingSet, prepare_set,
};

/// Counts in the id of a cell; another number makes all cells new. It changes when cells of one plan would come out
/// otherwise.
const PROTOCOL: u32 = 1;
/// Characters of an id.
const ID_LENGTH: usize = 20;
/// How much a judged sound counts beside one that is trained on for an epoch, when the time left is estimated.
const JUDGING_COST: f64 = 2.0;

/// What is there before the first cell: models, and where to compute.
#[derive(Debug)]
pub struct Means {
    /// Front end and frames of what is trained.
    pub card: Card,
    /// The plan's references, in its order.
    pub references: Vec<Extractor>,
    /// The model to begin with: its ONNX file, and its network.
    pub init: Option<(Vec<u8>, Network)>,
    /// The model to learn from.
    pub teacher: Option<Network>,
    /// Where tensors live.
    pub device: Device,
    /// Folder that keeps spectrograms and embeddings.
    pub cache: PathBuf,
}

/// A cell with its id.
#[derive(Clone, Debug, PartialEq)]
pub struct PlannedCell {
    /// SHA-256 of all that decides the result, cut short: configuration, data, models, protocol.
    pub id: String,
    /// What it is.
    pub cell: Cell,
    /// How long it takes beside others.
    pub cost: f64,
}

/// How the computation of a cell ended.
#[derive(Debug)]
pub enum CellEnding {
    /// With a result, which is an error where it failed.
    Ended(Box<CellRecord>),
    /// It was computed before.
    Known,
    /// Another process is at it.
    Busy,
    /// It was stopped; what is done of it is kept.
    Stopped,
}

/// An experiment: data sets, cells, and what is needed to compute them.
#[derive(Debug)]
pub struct Experiment {
    plan: ExperimentPlan,
    sets: Vec<OpenSet>,
    means: Means,
    cells: Vec<PlannedCell>,
    left_out: Vec<LeftOut>,
}

impl Experiment {
    /// Opens the data sets of a plan and expands its grid; no sound is decoded.
    ///
    /// # Errors
    /// When a data set cannot be opened, or the plan says what cannot be.
    pub fn open(plan: ExperimentPlan, means: Means) -> Result<Self, ExperimentError> {
        plan.check()?;
        let sets = open_sets(&plan)?;
        let names: Vec<SetName> = sets.iter().map(OpenSet::name).collect();
        let Grid { cells, left_out } = expand(&plan, &names).map_err(ExperimentError::Plan)?;
        let mut experiment = Self { plan, sets, means, cells: Vec::new(), left_out };
        let planned = cells
            .into_iter()
            .map(|cell| Ok(PlannedCell { id: experiment.id(&cell)?, cost: experiment.cost(&cell), cell }));
        experiment.cells = planned.collect::<Result<_, ExperimentError>>()?;
        Ok(experiment)
    }

    /// The cells, in the order in which they are computed.
    pub fn cells(&self) -> &[PlannedCell] {
        &self.cells
    }

    /// What was left out of the grid.
    pub fn left_out(&self) -> &[LeftOut] {
        &self.left_out
    }

    /// The data sets.
    pub fn sets(&self) -> &[OpenSet] {
        &self.sets
    }

    /// Computes what is lacking of all spectrograms, and leaves the experiment's record with the results.
    ///
    /// # Errors
    /// When a data set cannot be read, a file cannot be written, or the work is stopped.
    pub fn prepare(&mut self, results: &Results, work: &Work<'_>) -> Result<(), ExperimentError> {
        for set in &mut self.sets {
            set.analyse(&self.means.card, &self.means.cache, work)?;
        }
        results.put_experiment(&ExperimentRecord {
            plan: self.plan.clone(),
            sets: self.sets.iter().filter_map(OpenSet::record).collect(),
            cells: self.cells.iter().map(|it| (it.id.clone(), it.cell.clone())).collect(),
            left_out: self.left_out.clone(),
        })
    }

    /// Computes a cell, unless it is known or in work elsewhere; `again` computes one anew that failed.
    ///
    /// What goes wrong with the cell alone becomes its result.
    ///
    /// # Errors
    /// When files of the results cannot be read or written.
    pub fn compute(
        &self,
        planned: &PlannedCell,
        results: &Results,
        again: bool,
        observer: &mut dyn Observer,
        work: &Work<'_>,
    ) -> Result<CellEnding, ExperimentError> {
        let known = || {
            let record = results.cell(&planned.id)?;
            let failed = |record: &CellRecord| matches!(record.outcome, Outcome::Failed { .. });
            Ok::<bool, ExperimentError>(record.is_some_and(|record| !(again && failed(&record))))
        };
        if known()? {
            return Ok(CellEnding::Known);
        }
        let Some(claim) = results.claim(&planned.id)? else { return Ok(CellEnding::Busy) };
        // It may have been computed between the look and the claim.
        if known()? {
            claim.done();
            return Ok(CellEnding::Known);
        }
        self.claimed(planned, results, claim, observer, work)
    }

    fn claimed(
        &self,
        planned: &PlannedCell,
        results: &Results,
        claim: Claim,
        observer: &mut dyn Observer,
        work: &Work<'_>,
    ) -> Result<CellEnding, ExperimentError> {
        let begun = Instant::now();
        let mut measured = self.measure(planned, results, observer, work);
        if let Err(ExperimentError::Training(TrainingError::Checkpoint { .. })) = measured {
            // What an interrupted run left is damaged: it costs the run, not the cell.
            results.clear(&planned.id)?;
            measured = self.measure(planned, results, observer, work);
        }
        let outcome = match measured {
            Ok(Some(measured)) => Outcome::Done(measured),
            Ok(None) => return Ok(CellEnding::Stopped),
            Err(_) if work.stopped() => return Ok(CellEnding::Stopped),
            // No fault of the cell: a full disk, a folder without rights.
            Err(
                error
                @ (ExperimentError::File { .. } | ExperimentError::Training(TrainingError::File { .. })),
            ) => {
                return Err(error);
            }
            Err(error) => Outcome::Failed { error: error.to_string() },
        };
        let (id, cell) = (planned.id.clone(), planned.cell.clone());
        let record = CellRecord { id, cell, seconds: begun.elapsed().as_secs_f64(), outcome };
        results.put_cell(&record)?;
        claim.done();
        Ok(CellEnding::Ended(Box::new(record)))
    }

    /// `None` when stopped.
    fn measure(
        &self,
        planned: &PlannedCell,
        results: &Results,
        observer: &mut dyn Observer,
        work: &Work<'_>,
    ) -> Result<Option<Measured>, ExperimentError> {
        let (cell, folder) = (&planned.cell, results.work(&planned.id));
        let mut measured = Measured { epochs: 0, frames: 0, validation_f1: None, judged: Vec::new() };
        let trained;
        let (extractor, cache) = match &cell.config {
            Config::Reference { model } => (self.reference(model)?, self.means.cache.clone()),
            Config::Trained(_) => {
                let Some(finished) = self.train(cell, &folder, observer, work, &mut measured)? else {
                    return Ok(None);
                };
                trained = Extractor::Network(Network::load(&finished.folder)?);
                // Embeddings of a model that is judged once need not be kept.
                (&trained, folder.join("embeddings"))
            }
        };
        for set in self.judged_by(cell) {
            measured.judged.push(self.judge(cell, set, extractor, &cache, work)?);
        }
        if self.plan.keep_models && cell.config.recipe().is_some() {
            keep_model(&folder, &results.model(&planned.id))?;
        }
        Ok(Some(measured))
    }

    fn reference(&self, name: &str) -> Result<&Extractor, ExperimentError> {
        let named = |path: &PathBuf| path.file_name().is_some_and(|file| file.to_string_lossy() == name);
        let place = self.plan.references.iter().position(named);
        place
            .and_then(|place| self.means.references.get(place))
            .ok_or_else(|| ExperimentError::Plan(format!("references: the model '{name}' was not loaded")))
    }

    fn train(
        &self,
        cell: &Cell,
        folder: &Path,
        observer: &mut dyn Observer,
        work: &Work<'_>,
        measured: &mut Measured,
    ) -> Result<Option<Finished>, ExperimentError> {
        let Some(plan) = training_plan(&self.plan, cell) else { return Ok(None) };
        let sets = self.training_sets(cell, &plan, work)?;
        measured.frames = sets.iter().map(|set| set.train.len()).sum();
        let Means { card, init, teacher, device, .. } = &self.means;
        let (card, device) = (card.clone(), device.clone());
        let cache = Some(self.means.cache.as_path());
        let init = init.as_ref();
        let init =
            init.map(|(file, network)| Beginning { file, card: network.card(), cache, stop: work.stop });
        let mut trainer = Trainer::new(plan, sets, None, card, init, folder, device)?;
        if let Some(teacher) = teacher {
            trainer.learn_from(teacher, cache, work.stop)?;
        }
        let ending = trainer.run(observer, work.stop)?;
        measured.epochs = trainer.progress().epoch;
        measured.validation_f1 = trainer.kept_macro_f1();
        match ending {
            Ending::Finished(finished) => Ok(Some(*finished)),
            Ending::Stopped => Ok(None),
        }
    }

    fn training_sets(
        &self,
        cell: &Cell,
        plan: &Plan,
        work: &Work<'_>,
    ) -> Result<Vec<TrainingSet>, ExperimentError> {
        let (share, test) = (plan.validation_share, self.plan.test_share);
        let transfer = cell.config.scenario() == Some(Scenario::UcsTransfer);
        let prepared = self.trained_on(cell).map(|open| {
            let (mut set, split) = if transfer {
                open.by_cat_id(share, cell.seed)?
            } else {
                (open.set.clone(), open.split(share, test, cell.seed)?)
            };
            Ok(prepare_set(plan, &mut set, &split, &self.means.card, &self.means.cache, work)?)
        });
        prepared.collect()
    }

    fn judge(
        &self,
        cell: &Cell,
        open: &OpenSet,
        extractor: &Extractor,
        cache: &Path,
        work: &Work<'_>,
    ) -> Result<Judged, ExperimentError> {
        let (set, split) =
            (&open.set, open.split(self.plan.training.validation_share, self.plan.test_share, cell.seed)?);
        let spectrograms = open.spectrograms().ok_or_else(|| {
            ExperimentError::Plan(format!("{}: its spectrograms were not computed", set.name))
        })?;
        let embeddings = Embeddings::of(set, spectrograms, extractor, cache, work)?;
        let mut known: Vec<usize> = split.train.iter().chain(&split.validation).copied().collect();
        known.sort_unstable();
        let HeldOut { sounds, frames, groups, frame_f1, sound_f1, map_at_10, davies_bouldin } =
            evaluate_held_out(set, &embeddings, &known, &split.test, &self.plan.judging, work)?;
        let clips: Vec<usize> = sounds.iter().map(|sound| sound.clip).collect();
        let places = places(&embeddings, &clips, work)?;
        let sounds = sounds.into_iter().zip(places).map(|(sound, place)| SoundRecord {
            file: set.relative(sound.clip),
            class: sound.class,
            found: sound.found,
            place,
        });
        Ok(Judged {
            data_set: set.name.clone(),
            frames,
            groups,
            frame_f1,
            sound_f1,
            map_at_10,
            davies_bouldin,
            sounds: sounds.collect(),
        })
    }

    /// The data sets that a cell is trained on.
    fn trained_on<'a>(&'a self, cell: &'a Cell) -> impl Iterator<Item = &'a OpenSet> {
        self.sets.iter().filter(|set| match cell.config.scenario() {
            None => false,
            Some(Scenario::Within) => cell.data_set.as_ref() == Some(&set.set.name),
            Some(Scenario::UcsTransfer) => set.ucs,
            Some(Scenario::Cross) => true,
        })
    }

    /// The data sets that a cell is judged by.
    fn judged_by<'a>(&'a self, cell: &'a Cell) -> impl Iterator<Item = &'a OpenSet> {
        self.sets.iter().filter(|set| match cell.config.scenario() {
            None | Some(Scenario::Cross) => true,
            Some(Scenario::Within) => cell.data_set.as_ref() == Some(&set.set.name),
            Some(Scenario::UcsTransfer) => !set.ucs,
        })
    }

    fn id(&self, cell: &Cell) -> Result<String, ExperimentError> {
        let prints = |sets: &mut dyn Iterator<Item = &OpenSet>| -> Vec<(String, String)> {
            sets.map(|set| (set.set.name.clone(), set.fingerprint.clone())).collect()
        };
        let training = training_plan(&self.plan, cell).map(|plan| plan.to_toml()).transpose()?;
        let model = match &cell.config {
            Config::Reference { model } => match self.reference(model)? {
                Extractor::Network(network) => network.card().network.sha256.to_ascii_lowercase(),
                Extractor::Mfcc(_) => "mfcc".to_owned(),
            },
            Config::Trained(Recipe { .. }) => {
                let init = self.means.init.as_ref().map(|(file, _)| hexadecimal(&Sha256::digest(file)));
                let teacher = self.means.teacher.as_ref().map(|it| it.card().network.sha256.clone());
                format!("{init:?} {teacher:?}")
            }
        };
        let all = (
            (PROTOCOL, cell, training, model),
            format!("{:?} {:?}", self.means.card.front_end, self.means.card.frames),
            prints(&mut self.trained_on(cell)),
            prints(&mut self.judged_by(cell)),
            (self.plan.training.validation_share, self.plan.test_share, self.plan.judging),
        );
        let all = serde_json::to_string(&all)
            .map_err(|error| ExperimentError::Plan(format!("the plan cannot be written: {error}")))?;
        let mut id = hexadecimal(&Sha256::digest(all));
        id.truncate(ID_LENGTH);
        Ok(id)
    }

    fn cost(&self, cell: &Cell) -> f64 {
        let clips = |sets: &mut dyn Iterator<Item = &OpenSet>| -> f64 {
            sets.map(|set| set.set.clips.len() as f64).sum()
        };
        let epochs = self.plan.training.epochs() as f64;
        clips(&mut self.trained_on(cell)) * epochs + clips(&mut self.judged_by(cell)) * JUDGING_COST
    }
}

/// Copies what makes a model and says how it came about.
fn keep_model(from: &Path, to: &Path) -> Result<(), ExperimentError> {
    std::fs::create_dir_all(to).map_err(ExperimentError::file(to, "make the folder"))?;
    // The card comes last: a folder without one is no model.
    for name in ["model.onnx", "plan.toml", "metrics.jsonl", "card.toml"] {
        let path = to.join(name);
        std::fs::copy(from.join(name), &path).map_err(ExperimentError::file(&path, "write"))?;
    }
    Ok(())
}
