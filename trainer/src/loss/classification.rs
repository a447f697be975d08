//! Cross-entropy of a classifier.

use burn::tensor::activation::log_softmax;
use burn::tensor::{Tensor, TensorData};

/// What a classifier should say, row by row.
#[derive(Debug, Clone, Copy)]
pub struct Targets<'a> {
    /// The class of each row.
    pub labels: &'a [usize],
    /// The class of each row's partner in a mixup, with the share of its own class.
    pub mixed: Option<(&'a [usize], &'a [f32])>,
    /// A weight for each class; rows count by their class's.
    pub class_weights: Option<&'a [f32]>,
    /// Share of the target that is spread over all classes.
    pub label_smoothing: f32,
}

/// `−Σ w·t·log softmax(logits) / Σ w` for logits `[rows, classes]`, with targets `t` that add up to 1 a row and the
/// weight `w` of the row (which is that of its class, in proportion where two classes are mixed).
///
/// Targets are mixed as Zhang et al. 2018 (mixup, arXiv:1710.09412) do, and smoothed as Szegedy et al. 2016
/// (arXiv:1512.00567, section 7) do.
pub fn cross_entropy(logits: Tensor<2>, targets: &Targets<'_>) -> Tensor<1> {
    let [rows, classes] = logits.dims();
    let spread = targets.label_smoothing / classes as f32;
    let mut wanted = vec![spread; rows * classes];
    let mut total = 0.0;
    for (row, &label) in targets.labels.iter().enumerate() {
        let (other, share) =
            targets.mixed.map_or((label, 1.0), |(labels, shares)| (labels[row], shares[row]));
        let weight = |class: usize| targets.class_weights.map_or(1.0, |weights| weights[class]);
        let weight = share * weight(label) + (1.0 - share) * weight(other);
        let wanted = &mut wanted[row * classes..(row + 1) * classes];
        wanted[label] += (1.0 - targets.label_smoothing) * share;
        wanted[other] += (1.0 - targets.label_smoothing) * (1.0 - share);
        wanted.iter_mut().for_each(|value| *value *= weight);
        total += weight;
    }
    let wanted = Tensor::from_data(TensorData::new(wanted, [rows, classes]), &logits.device());
    (log_softmax(logits, 1) * wanted).sum() / -total.max(f32::MIN_POSITIVE)
}
