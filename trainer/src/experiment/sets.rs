//! The data sets of an experiment: opened once, split for each seed, relabelled for UCS transfer.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::Path;

use earmark_engine::network::Card;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::error::ExperimentError;
use super::grid::SetName;
use super::plan::ExperimentPlan;
use crate::dataset::{DataSet, Problem, Shares, Spectrograms, Split, SplitError, Statistics, Work};

/// A data set of an experiment.
#[derive(Debug)]
pub struct OpenSet {
    /// The set.
    pub set: DataSet,
    /// Whether it counts as one with UCS labels.
    pub ucs: bool,
    /// SHA-256 of its sounds' names, sizes, labels and groups.
    pub fingerprint: String,
    spectrograms: Option<Spectrograms>,
}

/// What a report has to know of a data set.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SetRecord {
    /// Where its sounds are.
    pub root: String,
    /// Whether it counts as one with UCS labels.
    pub ucs: bool,
    /// Names of its classes.
    pub classes: Vec<String>,
    /// Its numbers.
    pub statistics: Statistics,
    /// What of it could not be used.
    pub problems: Vec<Problem>,
}

/// Opens the data sets of a plan; no sound is decoded.
///
/// # Errors
/// When one of them cannot be opened, two have one name, or the plan's names of UCS sets fit none.
pub fn open_sets(plan: &ExperimentPlan) -> Result<Vec<OpenSet>, ExperimentError> {
    let mut sets: Vec<OpenSet> = Vec::new();
    for path in &plan.data {
        let set = DataSet::open(path)?;
        if sets.iter().any(|other| other.set.name == set.name) {
            let message = format!("data: two data sets are called '{}'; rename the folder of one", set.name);
            return Err(ExperimentError::Plan(message));
        }
        let labelled = set.clips.iter().filter(|clip| clip.cat_id.is_some()).count();
        let ucs = match &plan.ucs {
            Some(names) => names.contains(&set.name),
            None => labelled as f64 >= plan.ucs_share * set.clips.len() as f64 && labelled > 0,
        };
        sets.push(OpenSet { fingerprint: fingerprint(&set), set, ucs, spectrograms: None });
    }
    let unknown = plan.ucs.iter().flatten().find(|name| sets.iter().all(|set| set.set.name != **name));
    if let Some(name) = unknown {
        return Err(ExperimentError::Plan(format!("ucs: there is no data set '{name}'")));
    }
    Ok(sets)
}

impl OpenSet {
    /// As the grid sees it.
    pub fn name(&self) -> SetName {
        SetName { name: self.set.name.clone(), ucs: self.ucs }
    }

    /// Computes what the folder `cache` lacks of the spectrograms; sounds that cannot be read leave the set.
    ///
    /// # Errors
    /// When none can be read, the cache cannot be used, or the work is stopped.
    pub fn analyse(
        &mut self,
        card: &Card,
        cache: &Path,
        work: &Work<'_>,
    ) -> Result<&Spectrograms, ExperimentError> {
        let spectrograms = match self.spectrograms.take() {
            Some(known) => known,
            None => Spectrograms::open(&mut self.set, card, cache, work)?,
        };
        Ok(self.spectrograms.insert(spectrograms))
    }

    /// The spectrograms, once they were computed.
    pub fn spectrograms(&self) -> Option<&Spectrograms> {
        self.spectrograms.as_ref()
    }

    /// What a report has to know, once the spectrograms were computed.
    pub fn record(&self) -> Option<SetRecord> {
        Some(SetRecord {
            root: self.set.root.to_string_lossy().into_owned(),
            ucs: self.ucs,
            classes: self.set.classes.clone(),
            statistics: Statistics::of(&self.set, self.spectrograms.as_ref()?),
            problems: self.set.problems.clone(),
        })
    }

    /// Which sounds are trained on, chosen by and judged by.
    ///
    /// # Errors
    /// When the set has too few groups.
    pub fn split(&self, validation: f64, test: f64, seed: u64) -> Result<Split, SplitError> {
        match &self.set.given_split {
            Some(given) if !given.test.is_empty() => Ok(given.clone()),
            _ => Split::seeded(&self.set, Shares { validation, test }, seed),
        }
    }

    /// The set with CatIDs as its classes, and a split of all sounds that have one; the others are on no side.
    ///
    /// # Errors
    /// When too few sounds or groups have one.
    pub fn by_cat_id(&self, validation: f64, seed: u64) -> Result<(DataSet, Split), ExperimentError> {
        let mut places: BTreeMap<&'static str, usize> =
            self.set.clips.iter().filter_map(|clip| Some((clip.cat_id?.cat_id(), 0))).collect();
        places.values_mut().enumerate().for_each(|(at, place)| *place = at);
        if places.len() < 2 {
            let message = format!("{}: its sounds have fewer than two CatIDs to tell apart", self.set.name);
            return Err(ExperimentError::Plan(message));
        }
        let mut set = self.set.clone();
        set.given_split = None;
        set.classes = places.keys().map(|&name| name.to_owned()).collect();
        for clip in &mut set.clips {
            clip.class = clip.cat_id.and_then(|cat| places.get(cat.cat_id()).copied()).unwrap_or(0);
        }
        let labelled: Vec<usize> =
            (0..set.clips.len()).filter(|&clip| set.clips[clip].cat_id.is_some()).collect();
        let mut kept = set.clone();
        kept.retain(|_, clip| clip.cat_id.is_some());
        let split = Split::seeded(&kept, Shares { validation, test: 0.0 }, seed)?;
        let back = |side: &[usize]| side.iter().map(|&clip| labelled[clip]).collect();
        Ok((set, Split { train: back(&split.train), validation: back(&split.validation), test: Vec::new() }))
    }
}

/// SHA-256 of what a data set says, wherever it lies.
fn fingerprint(set: &DataSet) -> String {
    let mut text = String::new();
    for (at, clip) in set.clips.iter().enumerate() {
        let size = std::fs::metadata(&clip.path).map_or(0, |data| data.len());
        let cat_id = clip.cat_id.map_or("", |cat| cat.cat_id());
        let (class, group) = (&set.classes[clip.class], &set.groups[clip.group]);
        // Writing to memory does not fail.
        let _ = writeln!(text, "{:?} {size} {class:?} {group:?} {cat_id}", set.relative(at));
    }
    let _ = writeln!(text, "{:?}", set.given_split);
    hexadecimal(&Sha256::digest(text))
}

/// Bytes as text.
pub(super) fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
