//! Directions, cosines and distances of a batch, and which pairs are of one class.

use burn::tensor::{Device, Tensor, TensorData};

/// Keeps square roots and quotients away from 0.
const TINY: f64 = 1e-12;

/// Rows `[rows, values]` of length 1.
pub(super) fn directions(rows: Tensor<2>) -> Tensor<2> {
    let length = (rows.clone().square().sum_dim(1) + TINY).sqrt();
    rows / length
}

/// Cosines of all pairs of rows, `[rows, rows]`.
pub(super) fn cosines(rows: Tensor<2>) -> Tensor<2> {
    let rows = directions(rows);
    rows.clone().matmul(rows.transpose())
}

/// Squared Euclidean distances of all pairs of directions, from their cosines.
pub(super) fn squared_distances(cosines: Tensor<2>) -> Tensor<2> {
    (cosines * -2.0 + 2.0).clamp_min(0.0)
}

/// Euclidean distances of all pairs of directions, from their cosines.
pub(super) fn distances(cosines: Tensor<2>) -> Tensor<2> {
    // Of equal directions the root has no slope.
    (cosines * -2.0 + 2.0).clamp_min(1e-8).sqrt()
}

/// Which pairs of a batch are of one class, as 0 and 1.
pub(super) struct Pairs {
    /// `[rows, rows]`: same class, not the same row.
    pub same: Tensor<2>,
    /// `[rows, rows]`: different classes.
    pub different: Tensor<2>,
    /// `[rows, 1]`: rows that have both a row of their class and one of another.
    pub anchors: Tensor<2>,
    /// How many pairs (each counted in both directions) are of one class, and of different ones.
    pub counts: [usize; 2],
    /// How many rows have both.
    pub anchor_count: usize,
}

impl Pairs {
    pub(super) fn new(labels: &[usize], device: &Device) -> Self {
        let rows = labels.len();
        let (mut same, mut different) = (vec![0.0; rows * rows], vec![0.0; rows * rows]);
        let (mut anchors, mut counts) = (vec![0.0; rows], [0, 0]);
        for (row, label) in labels.iter().enumerate() {
            let mut seen = [false, false];
            for (column, other) in labels.iter().enumerate() {
                let at = row * rows + column;
                if label != other {
                    (different[at], seen[1], counts[1]) = (1.0, true, counts[1] + 1);
                } else if row != column {
                    (same[at], seen[0], counts[0]) = (1.0, true, counts[0] + 1);
                }
            }
            anchors[row] = f32::from(u8::from(seen == [true, true]));
        }
        let anchor_count = anchors.iter().filter(|&&anchor| anchor > 0.0).count();
        let matrix = |values: Vec<f32>| Tensor::from_data(TensorData::new(values, [rows, rows]), device);
        Self {
            same: matrix(same),
            different: matrix(different),
            anchors: Tensor::from_data(TensorData::new(anchors, [rows, 1]), device),
            counts,
            anchor_count,
        }
    }
}

/// A loss of 0 that leads back to the embeddings, so that not-a-number in them stays visible.
pub(super) fn nothing(embeddings: Tensor<2>) -> Tensor<1> {
    embeddings.sum() * 0.0
}
