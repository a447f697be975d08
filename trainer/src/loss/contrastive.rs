//! The contrastive loss of pairs.

use burn::tensor::Tensor;

use super::geometry::{Pairs, cosines, distances, nothing};

/// `½ d²` for pairs of one class and `½ max(0, margin − d)²` for pairs of different ones, with the Euclidean distance
/// `d` of directions (Hadsell, Chopra and LeCun, "Dimensionality reduction by learning an invariant mapping", CVPR
/// 2006, equation 4).
///
/// The means of both kinds are added, as pairs of different classes outnumber the others in any batch.
pub fn contrastive(embeddings: Tensor<2>, labels: &[usize], margin: f32) -> Tensor<1> {
    let pairs = Pairs::new(labels, &embeddings.device());
    let distances = distances(cosines(embeddings.clone()));
    let [same, different] = pairs.counts;
    let mut loss = nothing(embeddings);
    if same > 0 {
        loss = loss + (distances.clone().square() * pairs.same).sum() / (2 * same) as f64;
    }
    if different > 0 {
        let missing = (distances * -1.0 + margin).clamp_min(0.0).square();
        loss = loss + (missing * pairs.different).sum() / (2 * different) as f64;
    }
    loss
}
