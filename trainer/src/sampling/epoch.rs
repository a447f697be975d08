//! The batches of one epoch.

use std::ops::Range;

use serde::{Deserialize, Serialize};

use super::dealer::Dealer;
use super::deck::Deck;
use crate::random::Random;

/// How data sets share an epoch.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Mixing {
    /// One after another, in another order each epoch; a batch is of one data set.
    Sequential,
    /// Every batch holds several data sets.
    #[default]
    Joint,
}

/// How likely the classes of a data set are in a batch.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Imbalance {
    /// All alike.
    #[default]
    Balanced,
    /// By the square root of their frames (Mahajan et al. 2018, arXiv:1805.00932, section 2.2).
    SquareRoot,
    /// By their frames.
    Natural,
}

/// What a recording (a group of a data set: its takes and cuts) gives to a batch.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Recordings {
    /// Any of its frames.
    #[default]
    Any,
    /// One frame of each class at most, and all recordings of a class are alike: what is learnt is what they have in
    /// common. That two frames of one recording are alike teaches losses of pairs nothing about others. Batches are
    /// smaller where a class has fewer recordings than K.
    Once,
}

/// How batches are made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Sampling {
    /// Classes of a batch, P.
    pub classes_per_batch: usize,
    /// Frames of each of these classes, K.
    pub frames_per_class: usize,
    /// How data sets share an epoch.
    pub mixing: Mixing,
    /// How likely classes are.
    pub imbalance: Imbalance,
    /// What a recording gives to a batch.
    pub recordings: Recordings,
}

/// The frames of a data set that are trained on.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Frames {
    /// The class of each.
    pub labels: Vec<usize>,
    /// The recording of each.
    pub recordings: Vec<usize>,
}

impl Default for Sampling {
    fn default() -> Self {
        Self {
            classes_per_batch: 16,
            frames_per_class: 4,
            mixing: Mixing::default(),
            imbalance: Imbalance::default(),
            recordings: Recordings::default(),
        }
    }
}

/// Consecutive rows of a batch that come from one data set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Segment {
    /// Position of the data set in the plan.
    pub data_set: usize,
    /// The rows.
    pub rows: Range<usize>,
}

/// Frames that are looked at together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Batch {
    /// Which rows are of which data set, in the order of the rows.
    pub segments: Vec<Segment>,
    /// The frame of each row, a position in its data set's list of labels.
    pub frames: Vec<usize>,
    /// The class of each row.
    pub labels: Vec<usize>,
}

/// Deals out the frames of all data sets.
///
/// An epoch has as many rows as there are frames, rounded up to whole batches. Data sets with one class only (those
/// without labels) give as many frames of it as others give of all their classes. The order depends on `seed` and
/// `epoch` alone.
pub fn plan_epoch(data_sets: &[Frames], sampling: &Sampling, seed: u64, epoch: u64) -> Vec<Batch> {
    let mut random = Random::new(seed, &[3, epoch]);
    let mut dealers: Vec<_> = data_sets
        .iter()
        .enumerate()
        .filter(|(_, frames)| !frames.labels.is_empty())
        .map(|(data_set, frames)| Dealer::new(data_set, frames, sampling, &mut random))
        .collect();
    match sampling.mixing {
        Mixing::Sequential => {
            random.shuffle(&mut dealers);
            let mut batches = Vec::new();
            for dealer in &mut dealers {
                let mut rows = 0;
                while rows < dealer.frames {
                    let mut batch = Batch::empty();
                    dealer.deal(sampling.classes_per_batch, &mut batch, &mut random);
                    rows += match sampling.recordings {
                        Recordings::Any => sampling.rows(),
                        Recordings::Once => batch.frames.len(),
                    };
                    batches.push(batch);
                }
            }
            batches
        }
        Mixing::Joint => joint(&mut dealers, sampling, &mut random),
    }
}

/// Batches of at least two classes of each of so many data sets as P allows, drawn by turns.
fn joint(dealers: &mut [Dealer], sampling: &Sampling, random: &mut Random) -> Vec<Batch> {
    let total: usize = dealers.iter().map(|dealer| dealer.frames).sum();
    let at_once = (sampling.classes_per_batch / 2).clamp(1, dealers.len().max(1));
    let classes = sampling.classes_per_batch / at_once;
    let mut turns = Deck::new((0..dealers.len()).collect(), random);
    let mut batches = Vec::new();
    let mut rows = 0;
    while rows < total {
        let mut members = Vec::new();
        while members.len() < at_once {
            let Some(dealer) = turns.draw(random) else { return batches };
            if !members.contains(&dealer) {
                members.push(dealer);
            }
        }
        members.sort_unstable();
        let mut batch = Batch::empty();
        for dealer in members {
            dealers[dealer].deal(classes, &mut batch, random);
        }
        rows += batch.frames.len();
        batches.push(batch);
    }
    batches
}

impl Sampling {
    /// Rows of a batch.
    pub fn rows(&self) -> usize {
        (self.classes_per_batch * self.frames_per_class).max(1)
    }

    /// Says what is wrong, if anything is.
    ///
    /// # Errors
    /// A sentence naming the number and the values that are allowed.
    pub fn check(&self) -> Result<(), String> {
        let fits =
            (2..=1024).contains(&self.classes_per_batch) && (1..=1024).contains(&self.frames_per_class);
        if fits && self.rows() <= 8192 {
            return Ok(());
        }
        Err("sampling: classes_per_batch must lie between 2 and 1024, frames_per_class between 1 and 1024, and their \
             product must be at most 8192"
            .into())
    }
}

impl Batch {
    fn empty() -> Self {
        Self { segments: Vec::new(), frames: Vec::new(), labels: Vec::new() }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    /// Classes of 1, 2, 4, … frames.
    fn labels(classes: usize) -> Frames {
        let labels: Vec<_> = (0..classes).flat_map(|class| vec![class; 1 << class]).collect();
        Frames { recordings: (0..labels.len()).collect(), labels }
    }

    fn sampling(mixing: Mixing) -> Sampling {
        Sampling { classes_per_batch: 4, frames_per_class: 3, mixing, ..Sampling::default() }
    }

    #[test]
    fn a_batch_holds_p_classes_of_k_frames_each() {
        let labels = [labels(6)];
        let batches = plan_epoch(&labels, &sampling(Mixing::Sequential), 1, 0);
        assert_eq!(batches.len(), 63_usize.div_ceil(12));
        let mut drawn = [0; 6];
        for batch in &batches {
            assert_eq!(batch.segments, [Segment { data_set: 0, rows: 0..12 }]);
            let mut counts = [0; 6];
            for (frame, label) in batch.frames.iter().zip(&batch.labels) {
                assert_eq!(labels[0].labels[*frame], *label);
                counts[*label] += 1;
            }
            assert_eq!(counts.iter().filter(|&&count| count == 3).count(), 4, "{counts:?}");
            (0..6).for_each(|class| drawn[class] += counts[class]);
        }
        assert!(drawn.iter().all(|&count| (9..=15).contains(&count)), "classes are alike: {drawn:?}");
    }

    #[test]
    fn joint_batches_mix_data_sets_and_sequential_ones_do_not() {
        let labels = [labels(5), labels(4), labels(6)];
        let sequential = plan_epoch(&labels, &sampling(Mixing::Sequential), 1, 0);
        assert!(sequential.iter().all(|batch| batch.segments.len() == 1));
        let order: Vec<_> = sequential.iter().map(|batch| batch.segments[0].data_set).collect();
        let changes = order.windows(2).filter(|pair| pair[0] != pair[1]).count();
        assert_eq!(changes, 2, "one after another: {order:?}");
        let joint = plan_epoch(&labels, &sampling(Mixing::Joint), 1, 0);
        for batch in &joint {
            assert_eq!(batch.segments.len(), 2);
            assert_eq!(batch.segments[0].rows, 0..6);
            assert_eq!(batch.segments[1].rows, 6..12);
        }
    }

    #[test]
    fn imbalance_decides_how_likely_classes_are() {
        let labels = [labels(8)];
        let share_of_largest = |imbalance| {
            let sampling = Sampling { classes_per_batch: 2, imbalance, ..sampling(Mixing::Sequential) };
            let epochs = (0..20).flat_map(|epoch| plan_epoch(&labels, &sampling, 2, epoch));
            let drawn: Vec<usize> = epochs.flat_map(|batch| batch.labels).collect();
            drawn.iter().filter(|&&class| class == 7).count() as f64 / drawn.len() as f64
        };
        let balanced = share_of_largest(Imbalance::Balanced);
        let root = share_of_largest(Imbalance::SquareRoot);
        let natural = share_of_largest(Imbalance::Natural);
        assert!((balanced - 0.125).abs() < 0.02, "{balanced}");
        assert!(balanced + 0.05 < root && root + 0.05 < natural, "{balanced} {root} {natural}");
    }

    #[test]
    fn seed_and_epoch_decide_the_order() {
        let labels = [labels(5), labels(4)];
        let plan = |seed, epoch| plan_epoch(&labels, &sampling(Mixing::Joint), seed, epoch);
        assert_eq!(plan(1, 0), plan(1, 0));
        assert_ne!(plan(1, 0), plan(1, 1));
        assert_ne!(plan(1, 0), plan(2, 0));
    }

    #[test]
    fn a_recording_gives_a_batch_one_frame_and_recordings_are_alike() {
        // Of each class one recording of 30 frames and three of two; class 4 has a single one.
        let recordings = |class: usize| {
            let long = std::iter::repeat_n(10 * class, 30);
            long.chain((2..8).map(move |frame| 10 * class + frame / 2)).take(if class == 4 { 30 } else { 36 })
        };
        let frames = Frames {
            labels: (0..5).flat_map(|class| recordings(class).map(move |_| class)).collect(),
            recordings: (0..5).flat_map(recordings).collect(),
        };
        for mixing in [Mixing::Sequential, Mixing::Joint] {
            let sampling = Sampling { recordings: Recordings::Once, ..sampling(mixing) };
            let batches: Vec<_> = (0..10)
                .flat_map(|epoch| plan_epoch(std::slice::from_ref(&frames), &sampling, 3, epoch))
                .collect();
            let mut drawn = BTreeMap::new();
            for batch in &batches {
                let mut seen: Vec<_> = batch.frames.iter().map(|&frame| frames.recordings[frame]).collect();
                seen.iter().for_each(|&recording| *drawn.entry(recording).or_insert(0) += 1);
                let rows = seen.len();
                seen.sort_unstable();
                seen.dedup();
                assert_eq!(seen.len(), rows, "a recording is there once");
                let expected = if batch.labels.contains(&4) { 10 } else { 12 };
                assert_eq!(rows, expected, "three of each class, of class 4 what there is");
            }
            let of_class_0 = [0, 1, 2, 3].map(|recording| drawn[&recording]);
            let (least, most) = (of_class_0.iter().min(), of_class_0.iter().max());
            // By their frames, the first would come fifteen times as often as another.
            assert!(most.zip(least).is_some_and(|(most, least)| 2 * most < 3 * least), "{of_class_0:?}");
        }
    }

    #[test]
    fn a_set_without_labels_fills_its_batches() {
        let frames = Frames { labels: vec![0; 50], recordings: vec![0; 50] };
        let batches = plan_epoch(&[frames], &sampling(Mixing::Joint), 1, 0);
        assert_eq!(batches.len(), 5);
        assert!(batches.iter().all(|batch| batch.frames.len() == 12));
    }
}
