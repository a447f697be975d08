//! The multi-similarity loss.

use burn::tensor::Tensor;
use serde::{Deserialize, Serialize};

use super::geometry::{Pairs, cosines};

/// Beyond all cosines.
const FAR: f64 = 10.0;

/// Constants of the loss; the defaults are those of the paper.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct MultiSimilarity {
    /// Steepness for pairs of one class.
    pub alpha: f32,
    /// Steepness for pairs of different classes.
    pub beta: f32,
    /// Cosine around which pairs are weighted, λ in the paper.
    pub base: f32,
    /// How much easier than the hardest opposite a pair may be to count, ε in the paper.
    pub epsilon: f32,
}

impl Default for MultiSimilarity {
    fn default() -> Self {
        Self { alpha: 2.0, beta: 50.0, base: 0.5, epsilon: 0.1 }
    }
}

/// Mean over all rows of `log(1 + Σ exp(−α(s − λ)))/α` over pairs of one class plus `log(1 + Σ exp(β(s − λ)))/β` over
/// pairs of different ones, cosines `s`, where only informative pairs count: of one class if less similar than the
/// most similar different one plus ε, of different classes if more similar than the least similar of one class minus ε
/// (Wang et al., "Multi-similarity loss with general pair weighting for deep metric learning", CVPR 2019,
/// arXiv:1904.06627, equations 11, 12 and 15).
pub fn multi_similarity(embeddings: Tensor<2>, labels: &[usize], constants: &MultiSimilarity) -> Tensor<1> {
    let MultiSimilarity { alpha, beta, base, epsilon } = *constants;
    let pairs = Pairs::new(labels, &embeddings.device());
    let cosines = cosines(embeddings);
    let fixed = cosines.clone().detach();
    let absent = |mask: &Tensor<2>| (mask.clone() * -1.0 + 1.0) * FAR;
    let hardest_same = (fixed.clone() * pairs.same.clone() + absent(&pairs.same)).min_dim(1);
    let hardest_different = (fixed.clone() * pairs.different.clone() - absent(&pairs.different)).max_dim(1);
    let same = pairs.same * fixed.clone().lower(hardest_different + epsilon).float();
    let different = pairs.different * fixed.greater(hardest_same - epsilon).float();
    let part = |steepness: f32, counted: Tensor<2>| {
        let raised = ((cosines.clone() - base) * steepness).exp();
        ((raised * counted).sum_dim(1) + 1.0).log() / steepness.abs()
    };
    (part(-alpha, same) + part(beta, different)).mean()
}
