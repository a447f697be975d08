//! From a plan's folders to frames: data sets opened, split and analysed.

use std::path::Path;
use std::sync::Arc;

use earmark_engine::network::Card;

use super::data::{Columns, Example, TrainingSet};
use super::error::TrainingError;
use super::plan::Plan;
use crate::augmentation::{Augmentation, change_pitch, change_speed};
use crate::dataset::{DataSet, Problem, Shares, Spectrograms, Split, SplitRecord, Work};
use crate::random::Random;

/// What a plan's folders hold.
#[derive(Debug)]
pub struct Prepared {
    /// All data sets, those with labels first.
    pub sets: Vec<TrainingSet>,
    /// The library that statistics are re-estimated on.
    pub estimate_on: Option<TrainingSet>,
    /// How the labelled sets were split, to be stored with the results.
    pub splits: Vec<SplitRecord>,
    /// Files that were left out.
    pub problems: Vec<Problem>,
}

impl Columns for Spectrograms {
    fn copy(&self, clip: usize, start: i64, out: &mut [f32]) {
        self.copy_columns(clip, start, out);
    }
}

/// Opens all folders of a plan and computes what the folder `cache` lacks of their spectrograms.
///
/// # Errors
/// When a folder holds no data set, cannot be split as the plan says, or the work is stopped.
pub fn prepare(plan: &Plan, card: &Card, cache: &Path, work: &Work<'_>) -> Result<Prepared, TrainingError> {
    let mut prepared =
        Prepared { sets: Vec::new(), estimate_on: None, splits: Vec::new(), problems: Vec::new() };
    for path in &plan.data {
        let mut set = DataSet::open(path)?;
        let analysed = Analysed::new(&mut set, plan, card, cache, work)?;
        let split = match set.given_split.clone() {
            Some(split) => split,
            None => {
                let shares = Shares { validation: plan.validation_share, test: 0.0 };
                Split::seeded(&set, shares, plan.seed)?
            }
        };
        prepared.splits.push(split.record(&set));
        let classes = set.classes.len();
        prepared.sets.push(analysed.examples(&set, classes, &split.train, &split.validation));
        prepared.problems.append(&mut set.problems);
    }
    for path in &plan.unlabelled {
        let mut set = DataSet::unlabelled(path)?;
        let analysed = Analysed::new(&mut set, plan, card, cache, work)?;
        let all: Vec<usize> = (0..set.clips.len()).collect();
        prepared.sets.push(analysed.examples(&set, 0, &all, &[]));
        prepared.problems.append(&mut set.problems);
    }
    if let Some(path) = &plan.model.estimate_on {
        let mut set = DataSet::unlabelled(path)?;
        let plain = Plan { augmentation: Augmentation::none(), ..plan.clone() };
        let analysed = Analysed::new(&mut set, &plain, card, cache, work)?;
        let all: Vec<usize> = (0..set.clips.len()).collect();
        prepared.estimate_on = Some(analysed.examples(&set, 0, &all, &[]));
        prepared.problems.append(&mut set.problems);
    }
    Ok(prepared)
}

/// A labelled data set, split, as it is trained on; computes what the folder `cache` lacks of its spectrograms. All its
/// sounds must have been read before.
///
/// # Errors
/// When a sound cannot be read any more, the cache cannot be used, or the work is stopped.
pub fn prepare_set(
    plan: &Plan,
    set: &mut DataSet,
    split: &Split,
    card: &Card,
    cache: &Path,
    work: &Work<'_>,
) -> Result<TrainingSet, TrainingError> {
    let clips = set.clips.len();
    let analysed = Analysed::new(set, plan, card, cache, work)?;
    if set.clips.len() < clips {
        let reason = set.problems.last().map(|problem| problem.reason.clone()).unwrap_or_default();
        return Err(TrainingError::Data(format!(
            "{}: a sound is gone since it was split: {reason}",
            set.name
        )));
    }
    Ok(analysed.examples(set, set.classes.len(), &split.train, &split.validation))
}

/// The recordings of a data set, then their changed copies.
struct Analysed(Vec<Arc<Spectrograms>>);

impl Analysed {
    fn new(
        set: &mut DataSet,
        plan: &Plan,
        card: &Card,
        cache: &Path,
        work: &Work<'_>,
    ) -> Result<Self, TrainingError> {
        let mut all = vec![Arc::new(Spectrograms::open(set, card, cache, work)?)];
        let Augmentation { copies, pitch_semitones, speed, .. } = plan.augmentation;
        let (seed, rate_hz) = (plan.seed, card.front_end.sample_rate_hz);
        for copy in 1..=copies {
            let change = move |clip: usize, samples: &[f32]| {
                let mut random = Random::new(seed, &[7, clip as u64, copy as u64]);
                let semitones = f64::from(random.between(-pitch_semitones, pitch_semitones));
                let factor = 1.0 + f64::from(random.between(-speed, speed));
                change_speed(&change_pitch(samples, semitones, rate_hz), factor)
            };
            let name = format!("copy {copy}, seed {seed}, pitch {pitch_semitones}, speed {speed}");
            all.push(Arc::new(Spectrograms::open_changed(set, card, cache, work, &name, &change)?));
        }
        Ok(Self(all))
    }

    fn examples(self, set: &DataSet, classes: usize, train: &[usize], validation: &[usize]) -> TrainingSet {
        let frames = |copy: usize, clip: usize| {
            let label = if classes > 0 { set.clips[clip].class } else { 0 };
            self.0[copy].frame_starts(clip).map(move |start| Example { clip, start, label, copy })
        };
        let train_frames =
            (0..self.0.len()).flat_map(|copy| train.iter().flat_map(move |&clip| frames(copy, clip)));
        TrainingSet {
            name: set.name.clone(),
            clips: (0..set.clips.len()).map(|clip| set.relative(clip)).collect(),
            groups: set.clips.iter().map(|clip| clip.group).collect(),
            classes,
            train: train_frames.collect(),
            validation: validation.iter().flat_map(|&clip| frames(0, clip)).collect(),
            columns: self.0.iter().map(|columns| Arc::clone(columns) as Arc<dyn Columns>).collect(),
        }
    }
}
