//! A model judged by a data set: every figure of it, with intervals.

use serde::{Deserialize, Serialize};

use super::bootstrap::{Draws, interval};
use super::embeddings::Embeddings;
use super::metrics::{Confusion, davies_bouldin};
use super::neighbours::{Metric, Neighbours, nearest};
use super::retrieval::mean_average_precision_at_10;
use super::vote::{Ties, frame_label, sound_label};
use crate::dataset::{CacheError, DataSet, Split, Work};

/// Ks that are chosen from on validation.
const CANDIDATES: [usize; 8] = [1, 3, 5, 7, 9, 11, 15, 21];
/// Parts of the set for the choice: k is chosen on the others for each.
const CHOICE_FOLDS: usize = 5;
/// Part of the replicates outside an interval.
const OUTSIDE: f64 = 0.05;

/// How many neighbours vote.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum KChoice {
    /// So many.
    Fixed(usize),
    /// The number that is best on the other parts of the set.
    Validated,
}

/// How to judge.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Options {
    /// How many neighbours vote.
    pub ks: Vec<KChoice>,
    /// How far frames are apart.
    pub metric: Metric,
    /// How a sound's label is chosen where several have most of its frames.
    pub ties: Ties,
    /// Samples of the bootstrap; 0 gives no intervals.
    pub replicates: usize,
    /// Seed of the bootstrap and of the parts on which k is chosen.
    pub seed: u64,
}

/// A figure with its 95 % interval by the bootstrap over groups.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Score {
    /// The figure.
    pub value: f64,
    /// Lower end.
    pub low: Option<f64>,
    /// Upper end.
    pub high: Option<f64>,
    /// The figure of each sample, for differences.
    #[serde(skip)]
    pub replicates: Vec<f64>,
}

/// Classification by so many neighbours.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Knn {
    /// How many were asked for.
    pub k: KChoice,
    /// How many there were: one number, or that of each part.
    pub used: Vec<usize>,
    /// Macro F1 of frames.
    pub frame_f1: Score,
    /// Macro F1 of sounds.
    pub sound_f1: Score,
    /// Part of the sounds that are right.
    pub sound_accuracy: f64,
    /// Each class, by sounds.
    pub classes: Vec<ClassScore>,
    /// Sounds by true and predicted class; the last column has none.
    pub confusion: Vec<Vec<u64>>,
}

/// A class in figures, by sounds.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ClassScore {
    /// Name.
    pub class: String,
    /// Sounds of it.
    pub sounds: u64,
    /// Right ones of those called so.
    pub precision: f64,
    /// Right ones of those that are so.
    pub recall: f64,
    /// F1.
    pub f1: f64,
    /// F1 by frames.
    pub frame_f1: f64,
}

/// A model judged by a set.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Evaluation {
    /// The model.
    pub model: String,
    /// The data set.
    pub set: String,
    /// Sounds.
    pub clips: usize,
    /// Frames.
    pub frames: usize,
    /// Groups.
    pub groups: usize,
    /// Names of the classes.
    pub classes: Vec<String>,
    /// How it was judged.
    pub options: Options,
    /// Classification, for each k asked for.
    pub knn: Vec<Knn>,
    /// Davies-Bouldin index of the frames' classes; the smaller, the better.
    pub davies_bouldin: Option<f64>,
    /// Mean average precision of the first ten of each sound's list.
    pub map_at_10: Score,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            ks: vec![KChoice::Fixed(1), KChoice::Fixed(5), KChoice::Validated],
            metric: Metric::default(),
            ties: Ties::default(),
            replicates: 1000,
            seed: 1,
        }
    }
}

impl std::fmt::Display for KChoice {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Fixed(k) => write!(formatter, "{k}"),
            Self::Validated => formatter.write_str("chosen"),
        }
    }
}

impl Score {
    pub(super) fn new(value: f64, replicates: Vec<f64>) -> Self {
        let (low, high) = interval(&replicates, OUTSIDE).unzip();
        Self { value, low, high, replicates }
    }

    /// A score less another from the same samples.
    pub(super) fn less(&self, other: &Self) -> Self {
        let pairs = self.replicates.iter().zip(&other.replicates);
        Self::new(self.value - other.value, pairs.map(|(a, b)| a - b).collect())
    }
}

impl Evaluation {
    /// Its figures by name: `frame_f1 k=5`, `sound_f1 k=5`, `map@10`.
    pub fn scores(&self) -> Vec<(String, &Score)> {
        let knn = self.knn.iter().flat_map(|knn| {
            let k = knn.k;
            [(format!("frame_f1 k={k}"), &knn.frame_f1), (format!("sound_f1 k={k}"), &knn.sound_f1)]
        });
        knn.chain([("map@10".to_owned(), &self.map_at_10)]).collect()
    }
}

/// Judges a model by a data set that it has embedded; a group is never judged by itself.
///
/// # Errors
/// [`CacheError::Stopped`] when the stop flag is raised.
pub fn evaluate(
    model: &str,
    set: &DataSet,
    embeddings: &Embeddings,
    options: &Options,
    work: &Work<'_>,
) -> Result<Evaluation, CacheError> {
    let prepared = embeddings.prepared(options.metric);
    let frames = Frames::new(set, embeddings);
    let most = options.ks.iter().map(|k| match k {
        KChoice::Fixed(k) => *k,
        KChoice::Validated => CANDIDATES[CANDIDATES.len() - 1],
    });
    let near = nearest(&prepared, &frames.group_of, most.max().unwrap_or(1), work)?;
    let draws = Draws::new(set.groups.len(), options.replicates, options.seed);
    let judge = Judge { set, frames: &frames, near: &near, draws: &draws, options };
    let clip_classes: Vec<usize> = set.clips.iter().map(|clip| clip.class).collect();
    let clip_groups: Vec<usize> = set.clips.iter().map(|clip| clip.group).collect();
    let precisions = mean_average_precision_at_10(&prepared, &clip_classes, &clip_groups, work)?;
    Ok(Evaluation {
        model: model.to_owned(),
        set: set.name.clone(),
        clips: set.clips.len(),
        frames: embeddings.frames(),
        groups: set.groups.len(),
        classes: set.classes.clone(),
        options: options.clone(),
        knn: options.ks.iter().map(|&k| judge.knn(k)).collect(),
        davies_bouldin: davies_bouldin(&prepared, &frames.class_of),
        map_at_10: judge.mean_of(&precisions),
    })
}

/// What is known of each frame.
struct Frames {
    class_of: Vec<usize>,
    group_of: Vec<usize>,
    /// First frame of each clip, and one more.
    firsts: Vec<usize>,
}

impl Frames {
    fn new(set: &DataSet, embeddings: &Embeddings) -> Self {
        let mut firsts = vec![0; set.clips.len() + 1];
        embeddings.clip_of.iter().for_each(|&clip| firsts[clip + 1] += 1);
        (0..set.clips.len()).for_each(|clip| firsts[clip + 1] += firsts[clip]);
        Self {
            class_of: embeddings.clip_of.iter().map(|&clip| set.clips[clip].class).collect(),
            group_of: embeddings.clip_of.iter().map(|&clip| set.clips[clip].group).collect(),
            firsts,
        }
    }
}

/// True and predicted class of frames and sounds.
struct Labels {
    /// `[frames]`
    frames: Vec<Option<usize>>,
    /// `[clips]`
    sounds: Vec<Option<usize>>,
}

struct Judge<'a> {
    set: &'a DataSet,
    frames: &'a Frames,
    near: &'a Neighbours,
    draws: &'a Draws,
    options: &'a Options,
}

impl Judge<'_> {
    fn knn(&self, k: KChoice) -> Knn {
        let (labels, used) = match k {
            KChoice::Fixed(k) => (self.labels(k), vec![k]),
            KChoice::Validated => self.validated(),
        };
        let (frames, sounds) = (self.frame_observations(&labels), self.sound_observations(&labels));
        let classes = self.set.classes.len();
        let confusion = Confusion::of(classes, sounds.iter().map(|&(_, truth, label)| (truth, label)));
        let by_frames = Confusion::of(classes, frames.iter().map(|&(_, truth, label)| (truth, label)));
        let class = |(at, name): (usize, &String)| ClassScore {
            class: name.clone(),
            sounds: confusion.support(at) as u64,
            precision: confusion.precision(at),
            recall: confusion.recall(at),
            f1: confusion.f1(at),
            frame_f1: by_frames.f1(at),
        };
        Knn {
            k,
            used,
            frame_f1: self.macro_f1(&frames),
            sound_f1: self.macro_f1(&sounds),
            sound_accuracy: confusion.accuracy(),
            classes: self.set.classes.iter().enumerate().map(class).collect(),
            confusion: (0..classes).map(|truth| self.confusion_row(&confusion, truth)).collect(),
        }
    }

    fn confusion_row(&self, confusion: &Confusion, truth: usize) -> Vec<u64> {
        (0..=confusion.classes()).map(|predicted| confusion.count(truth, predicted) as u64).collect()
    }

    fn labels(&self, k: usize) -> Labels {
        let frames: Vec<Option<usize>> =
            self.near.iter().map(|near| frame_label(near, k, &self.frames.class_of)).collect();
        let sounds = (0..self.set.clips.len()).map(|clip| {
            let own = self.frames.firsts[clip]..self.frames.firsts[clip + 1];
            let distance = |frame: usize| self.near[frame].first().map_or(f64::INFINITY, |it| it.distance);
            sound_label(own.map(|frame| (frames[frame], distance(frame))), self.options.ties)
        });
        let sounds = sounds.collect();
        Labels { frames, sounds }
    }

    /// Labels of each part of the set by the k that is best, by macro F1 of frames, on the other parts.
    fn validated(&self) -> (Labels, Vec<usize>) {
        let folds = CHOICE_FOLDS.min(self.set.groups.len());
        let candidates: Vec<Labels> = CANDIDATES.iter().map(|&k| self.labels(k)).collect();
        let splits = Split::k_fold(self.set, folds, self.options.seed).unwrap_or_default();
        let mut labels = self.labels(CANDIDATES[0]);
        let mut used = Vec::new();
        for split in &splits {
            let mut held_out = vec![false; self.set.clips.len()];
            split.test.iter().for_each(|&clip| held_out[clip] = true);
            let quality = |candidate: &Labels| {
                let observations = self.frame_observations(candidate);
                let mut confusion = Confusion::new(self.set.classes.len());
                for (frame, &(_, truth, label)) in observations.iter().enumerate() {
                    if !held_out[self.clip_of(frame)] {
                        confusion.add(truth, label, 1.0);
                    }
                }
                confusion.macro_f1()
            };
            let qualities: Vec<f64> = candidates.iter().map(quality).collect();
            // Of equals the smallest k.
            let best = (0..CANDIDATES.len())
                .min_by(|&a, &b| qualities[b].total_cmp(&qualities[a]).then(a.cmp(&b)))
                .unwrap_or(0);
            used.push(CANDIDATES[best]);
            for &clip in &split.test {
                let own = self.frames.firsts[clip]..self.frames.firsts[clip + 1];
                labels.frames[own.clone()].copy_from_slice(&candidates[best].frames[own]);
                labels.sounds[clip] = candidates[best].sounds[clip];
            }
        }
        (labels, used)
    }

    fn clip_of(&self, frame: usize) -> usize {
        self.frames.firsts.partition_point(|&first| first <= frame) - 1
    }

    /// Group, true class and label of each frame.
    fn frame_observations(&self, labels: &Labels) -> Vec<(usize, usize, Option<usize>)> {
        let Frames { class_of, group_of, .. } = self.frames;
        labels.frames.iter().enumerate().map(|(at, &label)| (group_of[at], class_of[at], label)).collect()
    }

    /// Group, true class and label of each sound.
    fn sound_observations(&self, labels: &Labels) -> Vec<(usize, usize, Option<usize>)> {
        let pairs = self.set.clips.iter().zip(&labels.sounds);
        pairs.map(|(clip, &label)| (clip.group, clip.class, label)).collect()
    }

    fn macro_f1(&self, observations: &[(usize, usize, Option<usize>)]) -> Score {
        let classes = self.set.classes.len();
        let value = Confusion::of(classes, observations.iter().map(|&(_, truth, label)| (truth, label)));
        let replicates = self.draws.replicates(|counts| {
            let mut confusion = Confusion::new(classes);
            for &(group, truth, label) in observations {
                if counts[group] > 0 {
                    confusion.add(truth, label, f64::from(counts[group]));
                }
            }
            confusion.macro_f1()
        });
        Score::new(value.macro_f1(), replicates)
    }

    fn mean_of(&self, values: &[Option<f64>]) -> Score {
        let weighted = |weight: &dyn Fn(usize) -> f64| {
            let (mut sum, mut total) = (0.0, 0.0);
            for (clip, value) in self.set.clips.iter().zip(values) {
                if let Some(value) = value {
                    sum += weight(clip.group) * value;
                    total += weight(clip.group);
                }
            }
            if total > 0.0 { sum / total } else { 0.0 }
        };
        let replicates = self.draws.replicates(|counts| weighted(&|group| f64::from(counts[group])));
        Score::new(weighted(&|_| 1.0), replicates)
    }
}
