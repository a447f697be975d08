//! A model judged by sounds that it was not trained on, among those that it was: the protocol of experiments.
//!
//! [`evaluate`](super::evaluate) leaves one group out at a time, which says what an embedding is worth that never saw
//! the set. Once it was trained on one part of a set, only the other part may ask, and the first one answers.

use serde::{Deserialize, Serialize};
use xxhash_rust::xxh3::xxh3_64;

use super::bootstrap::interval;
use super::embeddings::Embeddings;
use super::metrics::{Confusion, weighted_davies_bouldin};
use super::neighbours::{Metric, nearest};
use super::retrieval::mean_average_precision_at_10;
use super::vote::{Ties, frame_label, sound_label};
use crate::dataset::{CacheError, DataSet, Work};
use crate::random::Random;

/// Part of the replicates outside an interval.
const OUTSIDE: f64 = 0.05;
/// Samples are kept in parts of this.
const PARTS: f64 = 10_000.0;

/// How held-out sounds are judged.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Judging {
    /// Neighbours that vote.
    pub k: usize,
    /// How far frames are apart.
    pub metric: Metric,
    /// Samples of the bootstrap over groups; 0 gives no intervals.
    pub bootstrap: usize,
}

/// A figure with its values in samples of the bootstrap.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Sampled {
    /// The figure.
    pub value: f64,
    /// The figure in each sample, to four digits. Sample number i weighs a group of one name alike wherever it occurs,
    /// so that differences between models, and means over splits, are of the same groups.
    pub samples: Vec<f32>,
}

/// A sound that was asked about.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct JudgedSound {
    /// Its position among the data set's clips.
    pub clip: usize,
    /// Its class, a position in the data set's taxonomy.
    pub class: usize,
    /// The class that its neighbours say.
    pub found: Option<usize>,
}

/// A model judged by the held-out sounds of a data set.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct HeldOut {
    /// Sounds that asked.
    pub sounds: Vec<JudgedSound>,
    /// Their frames.
    pub frames: usize,
    /// Their groups.
    pub groups: usize,
    /// Macro F1 of frames.
    pub frame_f1: Sampled,
    /// Macro F1 of sounds.
    pub sound_f1: Sampled,
    /// Mean average precision of the first ten of each sound's list.
    pub map_at_10: Sampled,
    /// Davies-Bouldin index of the classes of the asking frames; the smaller, the better.
    pub davies_bouldin: Option<Sampled>,
}

impl Default for Judging {
    fn default() -> Self {
        Self { k: 5, metric: Metric::default(), bootstrap: 1000 }
    }
}

impl Sampled {
    /// A figure with the values of samples.
    pub fn new(value: f64, samples: impl IntoIterator<Item = f64>) -> Self {
        let rounded = |sample: f64| ((sample * PARTS).round() / PARTS) as f32;
        Self { value, samples: samples.into_iter().map(rounded).collect() }
    }

    /// The figure in sample number `at`; the figure itself where there is no such sample.
    pub fn sample(&self, at: usize) -> f64 {
        self.samples.get(at).map_or(self.value, |sample| f64::from(*sample))
    }

    /// The 95 % interval; `None` without samples.
    pub fn interval(&self) -> Option<(f64, f64)> {
        let samples: Vec<f64> = (0..self.samples.len()).map(|at| self.sample(at)).collect();
        interval(&samples, OUTSIDE)
    }
}

/// Judges a model by the clips `asking` of a set, which are labelled by the clips `known`; other clips play no part.
///
/// # Errors
/// [`CacheError::Stopped`] when the stop flag is raised.
pub fn evaluate_held_out(
    set: &DataSet,
    embeddings: &Embeddings,
    known: &[usize],
    asking: &[usize],
    judging: &Judging,
    work: &Work<'_>,
) -> Result<HeldOut, CacheError> {
    const ASKING: usize = 0;
    const KNOWN: usize = 1;
    // Clips that play no part are on the side of those who ask, which never answer.
    let mut side_of_clip = vec![ASKING; set.clips.len()];
    known.iter().for_each(|&clip| side_of_clip[clip] = KNOWN);
    let mut takes_part = vec![false; set.clips.len()];
    known.iter().chain(asking).for_each(|&clip| takes_part[clip] = true);
    let prepared = embeddings.prepared(judging.metric).only(|clip| takes_part[clip]);
    let side_of: Vec<usize> = prepared.clip_of.iter().map(|&clip| side_of_clip[clip]).collect();
    let class_of: Vec<usize> = prepared.clip_of.iter().map(|&clip| set.clips[clip].class).collect();
    // Frames of one side have neighbours on the other one alone.
    let near = nearest(&prepared, &side_of, judging.k, work)?;
    let class_of_clip: Vec<usize> = set.clips.iter().map(|clip| clip.class).collect();
    let precisions = mean_average_precision_at_10(&prepared, &class_of_clip, &side_of_clip, work)?;

    let mut frames = Vec::new();
    let mut by_clip: Vec<Vec<(Option<usize>, f64)>> = vec![Vec::new(); set.clips.len()];
    for (frame, near) in near.iter().enumerate().filter(|(frame, _)| side_of[*frame] == ASKING) {
        let label = frame_label(near, judging.k, &class_of);
        let clip = prepared.clip_of[frame];
        frames.push(Observation { group: set.clips[clip].group, truth: class_of[frame], label });
        by_clip[clip].push((label, near.first().map_or(f64::INFINITY, |it| it.distance)));
    }
    let sounds: Vec<JudgedSound> = asking
        .iter()
        .map(|&clip| JudgedSound {
            clip,
            class: set.clips[clip].class,
            found: sound_label(by_clip[clip].iter().copied(), Ties::Nearest),
        })
        .collect();
    let of_sounds: Vec<Observation> = sounds
        .iter()
        .map(|it| Observation { group: set.clips[it.clip].group, truth: it.class, label: it.found })
        .collect();
    let weights = Weights::new(set, asking, judging.bootstrap);
    let precise: Vec<(usize, f64)> =
        asking.iter().filter_map(|&clip| Some((set.clips[clip].group, precisions[clip]?))).collect();
    let own = prepared.only(|clip| side_of_clip[clip] == ASKING);
    let own_classes: Vec<usize> = own.clip_of.iter().map(|&clip| set.clips[clip].class).collect();
    let own_groups: Vec<usize> = own.clip_of.iter().map(|&clip| set.clips[clip].group).collect();
    let separation = |weight: &[f64]| {
        let of_frames: Vec<f64> = own_groups.iter().map(|&group| weight[group]).collect();
        weighted_davies_bouldin(&own, &own_classes, &of_frames)
    };
    let index = separation(&vec![1.0; set.groups.len()]);
    let classes = set.classes.len();
    Ok(HeldOut {
        frames: frames.len(),
        groups: weights.groups.len(),
        frame_f1: weights.sampled(|weight| macro_f1(classes, &frames, weight)),
        sound_f1: weights.sampled(|weight| macro_f1(classes, &of_sounds, weight)),
        map_at_10: weights.sampled(|weight| weighted_mean(&precise, weight)),
        davies_bouldin: index.map(|index| weights.sampled(|weight| separation(weight).unwrap_or(index))),
        sounds,
    })
}

/// A frame or sound: its group, its class, and the class that its neighbours say.
struct Observation {
    group: usize,
    truth: usize,
    label: Option<usize>,
}

/// How often each group counts in each sample of the bootstrap.
///
/// The counts are of the Poisson distribution of mean 1, as those of drawing with replacement nearly are (Hanley and
/// MacGibbon, "Creating non-parametric bootstrap samples using Poisson frequencies", 2006), and depend on the group's
/// name and the sample's number alone.
struct Weights {
    /// Positions in the data set's list.
    groups: Vec<usize>,
    /// `[samples][groups of the data set]`
    samples: Vec<Vec<f64>>,
}

impl Weights {
    fn new(set: &DataSet, asking: &[usize], samples: usize) -> Self {
        let mut groups: Vec<usize> = asking.iter().map(|&clip| set.clips[clip].group).collect();
        groups.sort_unstable();
        groups.dedup();
        let seeds: Vec<u64> = groups.iter().map(|&group| xxh3_64(set.groups[group].as_bytes())).collect();
        let sample = |number: usize| {
            let mut weights = vec![0.0; set.groups.len()];
            for (&group, &seed) in groups.iter().zip(&seeds) {
                weights[group] = poisson(Random::new(seed, &[8, number as u64]).unit().into());
            }
            // Of few groups, a sample may draw none.
            if weights.iter().all(|&weight| weight == 0.0) {
                groups.iter().for_each(|&group| weights[group] = 1.0);
            }
            weights
        };
        Self { samples: (0..samples).map(sample).collect(), groups }
    }

    fn sampled(&self, figure: impl Fn(&[f64]) -> f64) -> Sampled {
        let ones = vec![1.0; self.groups.iter().max().map_or(0, |last| last + 1)];
        Sampled::new(figure(&ones), self.samples.iter().map(|weights| figure(weights)))
    }
}

/// The number of the Poisson distribution of mean 1 below which lies this part of it.
fn poisson(part: f64) -> f64 {
    let (mut number, mut probability) = (0.0, (-1.0_f64).exp());
    let mut below = probability;
    while part >= below && number < 16.0 {
        number += 1.0;
        probability /= number;
        below += probability;
    }
    number
}

fn macro_f1(classes: usize, observations: &[Observation], weight: &[f64]) -> f64 {
    let mut confusion = Confusion::new(classes);
    for it in observations {
        confusion.add(it.truth, it.label, weight[it.group]);
    }
    confusion.macro_f1()
}

fn weighted_mean(values: &[(usize, f64)], weight: &[f64]) -> f64 {
    let total: f64 = values.iter().map(|(group, _)| weight[*group]).sum();
    let sum: f64 = values.iter().map(|(group, value)| weight[*group] * value).sum();
    if total > 0.0 { sum / total } else { 0.0 }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn poisson_counts_have_mean_and_variance_1() {
        let mut random = Random::new(3, &[]);
        let counts: Vec<f64> = (0..20_000).map(|_| poisson(random.unit().into())).collect();
        let mean = counts.iter().sum::<f64>() / 20_000.0;
        let variance = counts.iter().map(|count| (count - mean).powi(2)).sum::<f64>() / 20_000.0;
        assert!((mean - 1.0).abs() < 0.03 && (variance - 1.0).abs() < 0.05, "{mean} {variance}");
    }

    #[test]
    fn samples_survive_storage_to_a_ten_thousandth() {
        let sampled = Sampled::new(0.512_34, [0.0, 0.333_333, 1.0]);
        let text = serde_json::to_string(&sampled).unwrap();
        let read: Sampled = serde_json::from_str(&text).unwrap();
        assert_eq!(read, sampled);
        for (at, sample) in [0.0, 0.3333, 1.0].into_iter().enumerate() {
            assert!((read.sample(at) - sample).abs() < 1e-6);
        }
        assert_eq!(read.sample(3), 0.512_34, "the figure itself");
    }
}
