//! Triplet losses: an anchor shall be closer to its own class than to any other.

use burn::tensor::{Int, Tensor, TensorData};

use super::geometry::{Pairs, cosines, distances, nothing, squared_distances};

/// Beyond all distances of directions, which are at most 2.
const FAR: f64 = 10.0;

/// For each anchor the farthest of its class and the nearest of the others:
/// `max(0, margin + max d(a, p) − min d(a, n))`, mean over anchors that have both, Euclidean distances (Hermans, Beyer
/// and Leibe, "In defense of the triplet loss for person re-identification", arXiv:1703.07737, equation 5).
pub fn triplet_batch_hard(embeddings: Tensor<2>, labels: &[usize], margin: f32) -> Tensor<1> {
    let pairs = Pairs::new(labels, &embeddings.device());
    if pairs.anchor_count == 0 {
        return nothing(embeddings);
    }
    let distances = distances(cosines(embeddings));
    let farthest = (distances.clone() * pairs.same.clone() + (pairs.same - 1.0) * FAR).max_dim(1);
    let nearest = (distances * pairs.different.clone() + (pairs.different * -1.0 + 1.0) * FAR).min_dim(1);
    let violation = (farthest - nearest + margin).clamp_min(0.0);
    (violation * pairs.anchors).sum() / pairs.anchor_count as f64
}

/// For each pair of one class the nearest other that is farther than the pair, or the farthest other where none is:
/// `max(0, margin + d²(a, p) − d²(a, n))`, mean over pairs, squared Euclidean distances (Schroff, Kalenichenko and
/// Philbin, "FaceNet", CVPR 2015, arXiv:1503.03832, section 3.2).
pub fn triplet_semi_hard(embeddings: Tensor<2>, labels: &[usize], margin: f32) -> Tensor<1> {
    let squared = squared_distances(cosines(embeddings.clone()));
    let Ok(values) = squared.clone().try_into_vec_as::<f32>() else { return nothing(embeddings) };
    let (positives, negatives) = semi_hard(&values, labels);
    if positives.is_empty() {
        return nothing(embeddings);
    }
    let count = positives.len();
    let rows = labels.len();
    let flat: Tensor<1> = squared.reshape([rows * rows]);
    let device = flat.device();
    let pick = |places: Vec<i64>| {
        let places = Tensor::<1, Int>::from_data(TensorData::new(places, [count]), &device);
        flat.clone().select(0, places)
    };
    (pick(positives) - pick(negatives) + margin).clamp_min(0.0).mean()
}

/// Places of the pairs and of their negatives in the matrix of distances.
fn semi_hard(squared: &[f32], labels: &[usize]) -> (Vec<i64>, Vec<i64>) {
    let rows = labels.len();
    let (mut positives, mut negatives) = (Vec::new(), Vec::new());
    for (anchor, label) in labels.iter().enumerate() {
        let row = &squared[anchor * rows..(anchor + 1) * rows];
        let others: Vec<usize> = (0..rows).filter(|&column| labels[column] != *label).collect();
        let by_distance = |left: &&usize, right: &&usize| row[**left].total_cmp(&row[**right]);
        let Some(&farthest) = others.iter().max_by(by_distance) else { continue };
        for positive in (0..rows).filter(|&column| column != anchor && labels[column] == *label) {
            let farther = others.iter().filter(|&&other| row[other] > row[positive]);
            let negative = *farther.min_by(by_distance).unwrap_or(&farthest);
            positives.push((anchor * rows + positive) as i64);
            negatives.push((anchor * rows + negative) as i64);
        }
    }
    (positives, negatives)
}
