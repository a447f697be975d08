//! The batches of one epoch.

use std::ops::Range;

use serde::{Deserialize, Serialize};

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
}

impl Default for Sampling {
    fn default() -> Self {
        Self {
            classes_per_batch: 16,
            frames_per_class: 4,
            mixing: Mixing::default(),
            imbalance: Imbalance::default(),
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
/// `labels` holds the class of each frame of each data set. An epoch has as many rows as there are frames, rounded up
/// to whole batches. Data sets with one class only (those without labels) give as many frames of it as others give of
/// all their classes. The order depends on `seed` and `epoch` alone.
pub fn plan_epoch(labels: &[Vec<usize>], sampling: &Sampling, seed: u64, epoch: u64) -> Vec<Batch> {
    let mut random = Random::new(seed, &[3, epoch]);
    let mut dealers: Vec<_> = labels
        .iter()
        .enumerate()
        .filter(|(_, labels)| !labels.is_empty())
        .map(|(data_set, labels)| Dealer::new(data_set, labels, sampling, &mut random))
        .collect();
    match sampling.mixing {
        Mixing::Sequential => {
            random.shuffle(&mut dealers);
            let mut batches = Vec::new();
            for dealer in &mut dealers {
                for _ in 0..dealer.frames.div_ceil(sampling.rows()) {
                    let mut batch = Batch::empty();
                    dealer.deal(sampling.classes_per_batch, &mut batch, &mut random);
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

/// One data set's frames, ready to be dealt.
struct Dealer {
    data_set: usize,
    frames: usize,
    frames_per_class: usize,
    /// Class, weight and frames.
    classes: Vec<(usize, f64, Deck)>,
    /// Places in `classes`, for when all are alike.
    turns: Deck,
    balanced: bool,
}

impl Dealer {
    fn new(data_set: usize, labels: &[usize], sampling: &Sampling, random: &mut Random) -> Self {
        let mut frames: Vec<Vec<usize>> = Vec::new();
        for (frame, &label) in labels.iter().enumerate() {
            if frames.len() <= label {
                frames.resize(label + 1, Vec::new());
            }
            frames[label].push(frame);
        }
        let present = frames.into_iter().enumerate().filter(|(_, frames)| !frames.is_empty());
        let classes: Vec<_> = present
            .map(|(class, frames)| {
                let count = frames.len() as f64;
                let weight = match sampling.imbalance {
                    Imbalance::Balanced => 1.0,
                    Imbalance::SquareRoot => count.sqrt(),
                    Imbalance::Natural => count,
                };
                (class, weight, Deck::new(frames, random))
            })
            .collect();
        let turns = Deck::new((0..classes.len()).collect(), random);
        Self {
            data_set,
            frames: labels.len(),
            frames_per_class: sampling.frames_per_class,
            classes,
            turns,
            balanced: sampling.imbalance == Imbalance::Balanced,
        }
    }

    /// Adds a segment of `classes` classes to a batch.
    fn deal(&mut self, classes: usize, batch: &mut Batch, random: &mut Random) {
        let start = batch.frames.len();
        let wanted = classes.min(self.classes.len());
        // Fewer classes than wanted give more frames each, so that no batch is small.
        let each = self.frames_per_class * classes / wanted.max(1);
        for at in self.choose(wanted, random) {
            let (class, _, deck) = &mut self.classes[at];
            for _ in 0..each {
                if let Some(frame) = deck.draw(random) {
                    batch.frames.push(frame);
                    batch.labels.push(*class);
                }
            }
        }
        batch.segments.push(Segment { data_set: self.data_set, rows: start..batch.frames.len() });
    }

    fn choose(&mut self, count: usize, random: &mut Random) -> Vec<usize> {
        if self.balanced {
            let mut chosen = Vec::new();
            while chosen.len() < count {
                let Some(class) = self.turns.draw(random) else { break };
                if !chosen.contains(&class) {
                    chosen.push(class);
                }
            }
            return chosen;
        }
        // Without replacement, by weight (Efraimidis and Spirakis 2006): the largest of u^(1/w).
        let key = |(at, (_, weight, _)): (usize, &(usize, f64, Deck))| {
            (f64::from(random.unit()).max(1e-12).ln() / weight, at)
        };
        let mut keys: Vec<_> = self.classes.iter().enumerate().map(key).collect();
        keys.sort_by(|left, right| right.0.total_cmp(&left.0));
        keys.into_iter().take(count).map(|(_, at)| at).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Classes of 1, 2, 4, … frames.
    fn labels(classes: usize) -> Vec<usize> {
        (0..classes).flat_map(|class| vec![class; 1 << class]).collect()
    }

    fn sampling(mixing: Mixing) -> Sampling {
        Sampling { classes_per_batch: 4, frames_per_class: 3, mixing, imbalance: Imbalance::Balanced }
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
                assert_eq!(labels[0][*frame], *label);
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
    fn a_set_without_labels_fills_its_batches() {
        let batches = plan_epoch(&[vec![0; 50]], &sampling(Mixing::Joint), 1, 0);
        assert_eq!(batches.len(), 5);
        assert!(batches.iter().all(|batch| batch.frames.len() == 12));
    }
}
