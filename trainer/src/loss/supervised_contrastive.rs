//! Supervised contrastive loss, and its special case without labels.

use burn::tensor::Tensor;

use super::geometry::{Pairs, cosines, nothing};

/// For each anchor the mean over its class of `−log(exp(s(a, p)/τ) / Σ exp(s(a, k)/τ))`, the sum over all rows but the
/// anchor, cosines `s`; mean over anchors that have another of their class (Khosla et al., "Supervised contrastive
/// learning", NeurIPS 2020, arXiv:2004.11362, equation 2).
pub fn supervised_contrastive(embeddings: Tensor<2>, labels: &[usize], temperature: f32) -> Tensor<1> {
    let pairs = Pairs::new(labels, &embeddings.device());
    let positives = pairs.same.clone().sum_dim(1);
    let with_positives = positives.clone().clamp_max(1.0);
    if pairs.counts[0] == 0 {
        return nothing(embeddings);
    }
    // Cosines are at most 1: less that, no exponential is large.
    let logits = (cosines(embeddings) - 1.0) / temperature;
    let others = pairs.same.clone() + pairs.different;
    let total = ((logits.clone().exp() * others).sum_dim(1) + f64::from(f32::MIN_POSITIVE)).log();
    let log_shares = logits - total;
    let mean_of_class = (log_shares * pairs.same).sum_dim(1) / positives.clamp_min(1.0);
    let anchors = with_positives.clone().sum();
    (mean_of_class * with_positives).sum() / anchors * -1.0
}

/// The loss of SimCLR, which needs no labels: rows 2i and 2i + 1 are two views of one frame, all else is different
/// (normalised temperature-scaled cross-entropy; Chen et al., "A simple framework for contrastive learning of visual
/// representations", ICML 2020, arXiv:2002.05709, equation 1).
///
/// With every frame a class of its own it is the supervised contrastive loss.
pub fn nt_xent(views: Tensor<2>, temperature: f32) -> Tensor<1> {
    let labels: Vec<usize> = (0..views.dims()[0]).map(|row| row / 2).collect();
    supervised_contrastive(views, &labels, temperature)
}
