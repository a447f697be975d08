//! Weights against imbalance: of classes within a data set, and of data sets among each other.

use serde::{Deserialize, Serialize};

/// How much the classes of a data set count in the cross-entropy.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ClassWeights {
    /// All alike.
    #[default]
    None,
    /// By the inverse of the effective number of their frames.
    EffectiveNumber,
}

/// Overlap of samples, β of the effective number.
const OVERLAP: f64 = 0.999;

/// Weights `[classes]` of mean 1 for classes with so many `frames`: `w ∝ (1 − β) / (1 − βⁿ)`, β = 0.999 (Cui et al.,
/// "Class-balanced loss based on effective number of samples", CVPR 2019, arXiv:1901.05555, equation 3). A class
/// without frames counts as one of one frame.
pub fn class_weights(frames: &[usize], how: ClassWeights) -> Option<Vec<f32>> {
    if how == ClassWeights::None || frames.is_empty() {
        return None;
    }
    let weight = |&count: &usize| (1.0 - OVERLAP) / (1.0 - OVERLAP.powf(count.max(1) as f64));
    let weights: Vec<f64> = frames.iter().map(weight).collect();
    let mean = weights.iter().sum::<f64>() / weights.len() as f64;
    Some(weights.iter().map(|weight| (weight / mean) as f32).collect())
}

/// Focal data-set regularisation: weights of mean 1 by which data sets' losses are multiplied,
/// `w_d = D·(1 − F_d)^γ / Σ_e (1 − F_e)^γ`, with the macro F1 `F_d` of each of the D data sets at the last validation.
///
/// As the focal loss (Lin et al. 2017, arXiv:1708.02002) turns from easy examples to hard ones by `(1 − p)^γ`, this turns
/// from data sets that are solved to those that are not. With γ = 0, before the first validation and where all are
/// solved, data sets count alike.
pub fn data_set_weights(macro_f1: &[Option<f64>], gamma: f64) -> Vec<f64> {
    let difficulty = |f1: &Option<f64>| (1.0 - f1.unwrap_or(0.0).clamp(0.0, 1.0)).powf(gamma);
    let difficulties: Vec<f64> = macro_f1.iter().map(difficulty).collect();
    let mean = difficulties.iter().sum::<f64>() / difficulties.len().max(1) as f64;
    if gamma == 0.0 || mean <= f64::EPSILON {
        return vec![1.0; macro_f1.len()];
    }
    difficulties.iter().map(|difficulty| difficulty / mean).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rare_classes_count_more() {
        assert_eq!(class_weights(&[1, 2], ClassWeights::None), None);
        let weights = class_weights(&[1, 10, 100_000], ClassWeights::EffectiveNumber).expect("weights");
        // By hand: 1, 0.001 / (1 − 0.999¹⁰) = 0.100451, 0.001; their mean is 0.367150.
        let by_hand = [2.723_68, 0.273_595, 0.002_723_68];
        for (weight, by_hand) in weights.iter().zip(by_hand) {
            assert!((weight - by_hand).abs() < 1e-4 * by_hand, "{weight} {by_hand}");
        }
    }

    #[test]
    fn hard_data_sets_count_more() {
        // By hand: 0.2² = 0.04, 0.6² = 0.36, 1; their mean is 0.466667.
        let weights = data_set_weights(&[Some(0.8), Some(0.4), None], 2.0);
        for (weight, by_hand) in weights.iter().zip([0.085_714, 0.771_429, 2.142_857]) {
            assert!((weight - by_hand).abs() < 1e-5, "{weight} {by_hand}");
        }
        assert_eq!(data_set_weights(&[Some(0.8), Some(0.4)], 0.0), [1.0, 1.0]);
        assert_eq!(data_set_weights(&[Some(1.0), Some(1.0)], 2.0), [1.0, 1.0]);
    }
}
