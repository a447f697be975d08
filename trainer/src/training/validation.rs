//! How good the embeddings are so far: the classes of a sound's nearest neighbours among the sounds trained on.

use std::collections::BTreeMap;

use burn::tensor::{Device, Tensor};

use super::data::{Example, TrainingSet};
use crate::network::{Encoder, Use, tensor_from};

/// Neighbours that vote.
const NEIGHBOURS: usize = 5;
/// Most frames of a data set that are searched among, spread evenly.
const MAX_REFERENCES: usize = 4_000;
/// Frames embedded at once.
const ROWS: usize = 64;

/// Macro F1 per frame of a data set's validation frames by their nearest neighbours among its training frames, by the
/// statistics of data set `norm`; `None` without both kinds of frames.
pub(super) fn macro_f1(
    encoder: &mut Encoder,
    set: &TrainingSet,
    norm: usize,
    [columns, bands]: [usize; 2],
    device: &Device,
) -> Option<f64> {
    let originals: Vec<Example> = set.train.iter().filter(|example| example.copy == 0).copied().collect();
    let step = originals.len().div_ceil(MAX_REFERENCES).max(1);
    let references: Vec<Example> = originals.into_iter().step_by(step).collect();
    if references.is_empty() || set.validation.is_empty() {
        return None;
    }
    let mut of =
        |examples: &[Example]| embed(encoder, set, examples, Use::DataSet(norm), [columns, bands], device);
    let (known, asked) = (of(&references), of(&set.validation));
    let labels = |examples: &[Example]| examples.iter().map(|example| example.label).collect::<Vec<_>>();
    let known_labels = labels(&references);
    let asked_labels = labels(&set.validation);
    Some(macro_f1_of_neighbours(known, &known_labels, asked, &asked_labels, NEIGHBOURS))
}

/// Embeds frames batch by batch, `[examples, embedding size]` on `device`.
pub(super) fn embed(
    encoder: &mut Encoder,
    set: &TrainingSet,
    examples: &[Example],
    how: Use<'_>,
    [columns, bands]: [usize; 2],
    device: &Device,
) -> Tensor<2> {
    let size = columns * bands;
    let parts = examples.chunks(ROWS).map(|examples| {
        let mut values = vec![0.0; examples.len() * size];
        for (example, frame) in examples.iter().zip(values.chunks_exact_mut(size)) {
            set.copy(example, frame);
        }
        encoder.forward(tensor_from(values, [examples.len(), columns, bands], device), how)
    });
    Tensor::cat(parts.collect(), 0)
}

/// Macro F1 of labels found by a vote of the `k` nearest (Euclidean) of `known` `[references, size]` for each of
/// `asked` `[queries, size]`: the mean F1 over classes that occur among the queries' labels. Where classes have as many
/// votes, that of the nearer neighbour wins.
pub fn macro_f1_of_neighbours(
    known: Tensor<2>,
    known_labels: &[usize],
    asked: Tensor<2>,
    asked_labels: &[usize],
    k: usize,
) -> f64 {
    // |a − b|² without |a|², which does not change the order.
    let squares: Tensor<2> = known.clone().square().sum_dim(1).transpose();
    let distances = squares - asked.matmul(known.transpose()) * 2.0;
    let Ok(distances) = distances.try_into_vec_as::<f32>() else { return 0.0 };
    let mut counts: BTreeMap<usize, [usize; 3]> = BTreeMap::new();
    for (row, &label) in distances.chunks_exact(known_labels.len()).zip(asked_labels) {
        let found = vote(row, known_labels, k);
        counts.entry(label).or_default()[2] += 1;
        if found == Some(label) {
            counts.entry(label).or_default()[0] += 1;
        } else if let Some(found) = found {
            counts.entry(found).or_default()[1] += 1;
        }
    }
    // Hits, false alarms, occurrences.
    let judged: Vec<_> = counts.values().filter(|[_, _, there]| *there > 0).collect();
    let f1 = |[hits, alarms, there]: &&[usize; 3]| 2.0 * *hits as f64 / (hits + alarms + there) as f64;
    judged.iter().map(f1).sum::<f64>() / judged.len().max(1) as f64
}

fn vote(distances: &[f32], labels: &[usize], k: usize) -> Option<usize> {
    let mut order: Vec<usize> = (0..distances.len()).collect();
    let nearer =
        |left: &usize, right: &usize| distances[*left].total_cmp(&distances[*right]).then(left.cmp(right));
    let k = k.min(order.len());
    if k == 0 {
        return None;
    }
    order.select_nth_unstable_by(k - 1, nearer);
    order.truncate(k);
    order.sort_by(nearer);
    let votes = |label: usize| order.iter().filter(|&&at| labels[at] == label).count();
    let most = order.iter().map(|&at| votes(labels[at])).max()?;
    order.iter().map(|&at| labels[at]).find(|&label| votes(label) == most)
}

/// A tensor's values, or nothing where they cannot be read.
pub(super) fn values(tensor: Tensor<2>) -> Vec<f32> {
    tensor.try_into_vec_as::<f32>().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn neighbours_vote_and_the_nearest_breaks_ties() {
        let device = burn::tensor::Device::flex();
        let known = tensor_from(vec![0.0, 1.0, 3.0, 10.0, 11.0], [5, 1], &device);
        let asked = tensor_from(vec![0.1, 0.9, 10.6, 2.5], [4, 1], &device);
        // Two neighbours each: classes (0, 1) nearest 0; (1, 0) nearest 1; (1, 1); (1, 1).
        let f1 = macro_f1_of_neighbours(known, &[0, 1, 1, 1, 1], asked, &[0, 0, 1, 1], 2);
        // By hand: class 0 has 1 hit of 2, no alarm: F1 2/3; class 1 has 2 hits of 2, 1 alarm: F1 4/5.
        assert!((f1 - (2.0 / 3.0 + 0.8) / 2.0).abs() < 1e-9, "{f1}");
    }
}
