//! The proxy-anchor loss.

use burn::tensor::{Tensor, TensorData};

use super::geometry::{directions, nothing};

/// `Σ log(1 + Σ exp(−α(s(x, p) − δ)))` over proxies `p` that have rows of their class in the batch, divided by how many
/// those are, plus `Σ log(1 + Σ exp(α(s(x, p) + δ)))` over rows of other classes, divided by the number of all proxies;
/// cosines `s`, margin δ (Kim et al., "Proxy anchor loss for deep metric learning", CVPR 2020, arXiv:2003.13911,
/// equation 4).
///
/// `embeddings` are `[rows, embedding size]`, `proxies` `[classes, embedding size]`.
pub fn proxy_anchor(
    embeddings: Tensor<2>,
    labels: &[usize],
    proxies: Tensor<2>,
    alpha: f32,
    margin: f32,
) -> Tensor<1> {
    let (rows, classes) = (labels.len(), proxies.dims()[0]);
    let mut own = vec![0.0; rows * classes];
    let mut present = vec![false; classes];
    for (row, &label) in labels.iter().enumerate() {
        own[row * classes + label] = 1.0;
        present[label] = true;
    }
    let present = present.into_iter().filter(|&present| present).count();
    if present == 0 {
        return nothing(embeddings);
    }
    let own: Tensor<2> = Tensor::from_data(TensorData::new(own, [rows, classes]), &embeddings.device());
    let cosines = directions(embeddings).matmul(directions(proxies).transpose());
    let pull = ((cosines.clone() - margin) * -alpha).exp() * own.clone();
    let push = ((cosines + margin) * alpha).exp() * (own * -1.0 + 1.0);
    let part = |terms: Tensor<2>| (terms.sum_dim(0) + 1.0).log().sum();
    part(pull) / present as f64 + part(push) / classes as f64
}
