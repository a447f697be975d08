//! Which clips are trained on and which judged: by group, stratified by class, seeded.
//!
//! Takes of one recording are never on two sides. Groups are dealt out class by class, the class with the fewest groups
//! first: every side gets a group of the class while there are groups, then the side that lacks the largest part of
//! its share (as scikit-learn's `StratifiedGroupKFold` does by variance).

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::error::SplitError;
use super::set::DataSet;
use super::shuffle::Shuffler;

/// The three sides of a split.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Side {
    /// Trained on.
    Train,
    /// Chosen by: when to stop, which k.
    Validation,
    /// Judged by.
    Test,
}

/// Positions of clips in a data set's list, each side sorted; a clip is on one side at most.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Split {
    /// Trained on.
    pub train: Vec<usize>,
    /// Chosen by.
    pub validation: Vec<usize>,
    /// Judged by.
    pub test: Vec<usize>,
}

/// How much of a set goes where; the rest is trained on.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Shares {
    /// Part of the clips, 0 to 1.
    pub validation: f64,
    /// Part of the clips, 0 to 1.
    pub test: f64,
}

/// A split as it is stored with results: by files, so that it fits the set also after files were added.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SplitRecord {
    /// Name of the data set.
    pub data_set: String,
    /// Trained on: paths relative to the set's folder.
    pub train: Vec<String>,
    /// Chosen by.
    pub validation: Vec<String>,
    /// Judged by.
    pub test: Vec<String>,
}

impl Default for Shares {
    fn default() -> Self {
        Self { validation: 0.15, test: 0.15 }
    }
}

impl Side {
    /// The side that a table calls by that name.
    pub fn from_name(name: &str) -> Option<Self> {
        match name.to_ascii_lowercase().as_str() {
            "train" | "training" => Some(Self::Train),
            "validation" | "valid" | "val" | "dev" => Some(Self::Validation),
            "test" | "testing" | "eval" => Some(Self::Test),
            _ => None,
        }
    }
}

impl Split {
    /// Splits a set by shares of its clips.
    ///
    /// # Errors
    /// For shares that leave nothing to train on, and sets with fewer groups than sides.
    pub fn seeded(set: &DataSet, shares: Shares, seed: u64) -> Result<Self, SplitError> {
        let Shares { validation, test } = shares;
        let possible = |share: f64| (0.0..1.0).contains(&share);
        if !possible(validation) || !possible(test) || validation + test >= 1.0 {
            return Err(SplitError::Shares { validation, test });
        }
        let all =
            [(Side::Train, 1.0 - validation - test), (Side::Validation, validation), (Side::Test, test)];
        let sides: Vec<(Side, f64)> = all.into_iter().filter(|(_, share)| *share > 0.0).collect();
        let shares: Vec<f64> = sides.iter().map(|(_, share)| *share).collect();
        let mut split = Self::default();
        for (clip, place) in deal(set, &shares, seed)?.into_iter().enumerate() {
            split.side_mut(sides[place].0).push(clip);
        }
        Ok(split)
    }

    /// Splits a set into `folds` equal parts; split number i tests on part i, validates on the next (with three parts
    /// or more) and trains on the others.
    ///
    /// # Errors
    /// For fewer than two folds, and sets with fewer groups than folds.
    pub fn k_fold(set: &DataSet, folds: usize, seed: u64) -> Result<Vec<Self>, SplitError> {
        if folds < 2 {
            let sides = folds;
            return Err(SplitError::TooFewGroups { set: set.name.clone(), sides, groups: set.groups.len() });
        }
        let parts = deal(set, &vec![1.0 / folds as f64; folds], seed)?;
        let split = |test: usize| {
            let validation = if folds > 2 { Some((test + 1) % folds) } else { None };
            let mut split = Self::default();
            for (clip, &part) in parts.iter().enumerate() {
                let side = match () {
                    () if part == test => Side::Test,
                    () if Some(part) == validation => Side::Validation,
                    () => Side::Train,
                };
                split.side_mut(side).push(clip);
            }
            split
        };
        Ok((0..folds).map(split).collect())
    }

    /// The clips on a side.
    pub fn side(&self, side: Side) -> &[usize] {
        match side {
            Side::Train => &self.train,
            Side::Validation => &self.validation,
            Side::Test => &self.test,
        }
    }

    pub(super) fn side_mut(&mut self, side: Side) -> &mut Vec<usize> {
        match side {
            Side::Train => &mut self.train,
            Side::Validation => &mut self.validation,
            Side::Test => &mut self.test,
        }
    }

    /// The split as it is stored.
    pub fn record(&self, set: &DataSet) -> SplitRecord {
        let paths = |clips: &[usize]| clips.iter().map(|&clip| set.relative(clip)).collect();
        SplitRecord {
            data_set: set.name.clone(),
            train: paths(&self.train),
            validation: paths(&self.validation),
            test: paths(&self.test),
        }
    }

    /// The split that was stored; clips that it does not know are on no side.
    ///
    /// # Errors
    /// When it names files that the set lacks, or names one twice, or parts a group.
    pub fn from_record(record: &SplitRecord, set: &DataSet) -> Result<Self, SplitError> {
        let refuse = |message: String| Err(SplitError::Record { set: set.name.clone(), message });
        let places: BTreeMap<String, usize> =
            (0..set.clips.len()).map(|clip| (set.relative(clip), clip)).collect();
        let mut split = Self::default();
        let mut sides: Vec<Option<Side>> = vec![None; set.clips.len()];
        let mut group_sides: Vec<Option<Side>> = vec![None; set.groups.len()];
        let named = [
            (Side::Train, &record.train),
            (Side::Validation, &record.validation),
            (Side::Test, &record.test),
        ];
        for (side, path) in named.into_iter().flat_map(|(side, paths)| paths.iter().map(move |it| (side, it)))
        {
            let Some(&clip) = places.get(path) else { return refuse(format!("{path} is not in the set")) };
            if sides[clip].replace(side).is_some() {
                return refuse(format!("it names {path} twice"));
            }
            let group = set.clips[clip].group;
            if group_sides[group].replace(side).is_some_and(|known| known != side) {
                let group = &set.groups[group];
                return refuse(format!("the group '{group}' is on two sides of it, at {path}"));
            }
            split.side_mut(side).push(clip);
        }
        for side in [Side::Train, Side::Validation, Side::Test] {
            split.side_mut(side).sort_unstable();
        }
        Ok(split)
    }
}

/// A group while it is dealt out.
struct Group {
    /// Clips of each class that it has.
    clips: Vec<(usize, usize)>,
    size: usize,
    /// The class of most of them.
    main_class: usize,
}

/// Deals the groups out to sides of these shares; returns each clip's side.
fn deal(set: &DataSet, shares: &[f64], seed: u64) -> Result<Vec<usize>, SplitError> {
    let groups = groups_of(set);
    if groups.len() < shares.len() {
        let (sides, groups) = (shares.len(), groups.len());
        return Err(SplitError::TooFewGroups { set: set.name.clone(), sides, groups });
    }
    let mut chance = Shuffler::new(seed);
    let totals = set.clips_per_class();
    let mut groups_per_class = vec![0; set.classes.len()];
    groups.iter().for_each(|group| groups_per_class[group.main_class] += 1);
    let mut order: Vec<usize> = (0..groups.len()).collect();
    chance.shuffle(&mut order);
    // Rare classes first, and within a class the large groups, which fit in fewer places.
    order.sort_by_key(|&at| {
        let group = &groups[at];
        (groups_per_class[group.main_class], group.main_class, std::cmp::Reverse(group.size))
    });
    let mut held = vec![vec![0_usize; set.classes.len()]; shares.len()];
    let mut sizes = vec![0_usize; shares.len()];
    // Groups of each class that each side has as its own, for the promise that none goes without.
    let mut owned = vec![vec![0_usize; set.classes.len()]; shares.len()];
    let mut side_of = vec![0; groups.len()];
    for (turn, &at) in order.iter().enumerate() {
        let group = &groups[at];
        let empty_sides = sizes.iter().filter(|&&size| size == 0).count();
        let left = order.len() - turn;
        let lacks_class = |side: usize| owned[side][group.main_class] == 0;
        let lacks_all = |side: usize| sizes[side] == 0;
        let want = |side: usize| {
            let part = |have: usize, total: usize| have as f64 / (shares[side] * total.max(1) as f64);
            let of_classes: f64 = group
                .clips
                .iter()
                .map(|&(class, count)| {
                    count as f64 / group.size as f64 * part(held[side][class], totals[class])
                })
                .sum();
            of_classes + 1e-3 * part(sizes[side], set.clips.len())
        };
        let candidates = (0..shares.len()).filter(|&side| empty_sides < left || lacks_all(side));
        let best = candidates.min_by(|&a, &b| {
            let first = |side: usize| !lacks_class(side);
            first(a).cmp(&first(b)).then(want(a).total_cmp(&want(b))).then(shares[b].total_cmp(&shares[a]))
        });
        let side = best.unwrap_or(0);
        side_of[at] = side;
        owned[side][group.main_class] += 1;
        sizes[side] += group.size;
        group.clips.iter().for_each(|&(class, count)| held[side][class] += count);
    }
    Ok(set.clips.iter().map(|clip| side_of[clip.group]).collect())
}

fn groups_of(set: &DataSet) -> Vec<Group> {
    let mut counts: Vec<BTreeMap<usize, usize>> = vec![BTreeMap::new(); set.groups.len()];
    set.clips.iter().for_each(|clip| *counts[clip.group].entry(clip.class).or_default() += 1);
    let group = |counts: BTreeMap<usize, usize>| {
        let size = counts.values().sum();
        let main_class = counts.iter().max_by_key(|(_, count)| **count).map_or(0, |(class, _)| *class);
        Group { clips: counts.into_iter().collect(), size, main_class }
    };
    counts.into_iter().map(group).collect()
}
