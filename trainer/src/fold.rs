//! Folds normalisations into the convolution or linear layer before or after them.
//!
//! At inference a batch normalisation is `y = γ·(x − µ)/√(σ² + ε) + β` per output channel (Ioffe and Szegedy 2015,
//! algorithm 2): a scale and an offset that the layer before it can carry for free.

use crate::error::ExportError;
use crate::weights::{WeightTensor, Weights};

/// The statistics and affine parameters of one batch normalisation, one value per channel each.
#[derive(Debug, Clone, PartialEq)]
pub struct BatchNorm {
    /// γ, called `weight` in checkpoints.
    pub scale: Vec<f32>,
    /// β, called `bias` in checkpoints.
    pub offset: Vec<f32>,
    /// Running mean µ.
    pub mean: Vec<f32>,
    /// Running variance σ².
    pub variance: Vec<f32>,
    /// ε, added to the variance; frameworks default to 1e-5.
    pub epsilon: f32,
}

impl BatchNorm {
    /// Reads `{prefix}.weight`, `.bias`, `.running_mean` and `.running_var`.
    ///
    /// # Errors
    /// When one is missing, not finite, or of another length than the first.
    pub fn from_weights(weights: &Weights, prefix: &str, epsilon: f32) -> Result<Self, ExportError> {
        let vector = |field: &str| -> Result<Vec<f32>, ExportError> {
            let tensor = weights.get(&format!("{prefix}.{field}"))?;
            Ok(tensor.values().to_vec())
        };
        let norm = Self {
            scale: vector("weight")?,
            offset: vector("bias")?,
            mean: vector("running_mean")?,
            variance: vector("running_var")?,
            epsilon,
        };
        norm.check(norm.scale.len(), prefix)?;
        Ok(norm)
    }

    fn check(&self, channels: usize, what: &str) -> Result<(), ExportError> {
        for values in [&self.scale, &self.offset, &self.mean, &self.variance] {
            if values.len() != channels {
                return Err(ExportError::shape(what, format!("{channels} channels"), &values.len()));
            }
        }
        let positive = |&variance: &f32| f64::from(variance) + f64::from(self.epsilon) > 0.0;
        if !self.variance.iter().all(positive) {
            return Err(ExportError::shape(what, "a variance above zero", "a variance of zero or below"));
        }
        Ok(())
    }
}

/// Folds `norm` into a layer with `weight` `[outputs, …]` and an optional `bias` `[outputs]`.
///
/// Returns the new weight, of the same shape, and the new bias. Computed in `f64` and rounded once.
///
/// # Errors
/// When the channel counts differ or a variance is not positive.
pub fn fold_batch_norm(
    weight: &WeightTensor,
    bias: Option<&[f32]>,
    norm: &BatchNorm,
) -> Result<(WeightTensor, Vec<f32>), ExportError> {
    let channels = weight.shape().first().copied().unwrap_or(0);
    norm.check(channels, "batch normalisation")?;
    if let Some(bias) = bias
        && bias.len() != channels
    {
        return Err(ExportError::shape("bias", format!("{channels} channels"), &bias.len()));
    }
    let mut folded = weight.clone();
    let mut folded_bias = Vec::with_capacity(channels);
    let per_channel = weight.values().len() / channels.max(1);
    for (channel, row) in folded.values_mut().chunks_exact_mut(per_channel.max(1)).enumerate() {
        let deviation = (f64::from(norm.variance[channel]) + f64::from(norm.epsilon)).sqrt();
        let scale = f64::from(norm.scale[channel]) / deviation;
        for value in row {
            *value = (f64::from(*value) * scale) as f32;
        }
        let before = bias.map_or(0.0, |bias| f64::from(bias[channel]));
        let after = (before - f64::from(norm.mean[channel])) * scale + f64::from(norm.offset[channel]);
        folded_bias.push(after as f32);
    }
    Ok((folded, folded_bias))
}

/// Folds `(x − mean) / deviation` of the inputs of a linear layer, `[inputs]` each, into it: a `weight`
/// `[outputs, inputs, 1, 1]`. Returns the new weight, of the same shape, and a bias. Computed in `f64`, rounded once.
///
/// # Errors
/// When the numbers of inputs differ or a deviation is not positive.
pub fn fold_standardisation(
    weight: &WeightTensor,
    mean: &[f32],
    deviation: &[f32],
) -> Result<(WeightTensor, Vec<f32>), ExportError> {
    let &[_, inputs, 1, 1] = weight.shape() else {
        return Err(ExportError::shape("linear layer", "a kernel of 1 × 1", weight.shape()));
    };
    if mean.len() != inputs || deviation.len() != inputs {
        let found = [mean.len(), deviation.len()];
        return Err(ExportError::shape("features", format!("{inputs} means and deviations"), &found));
    }
    if !deviation.iter().all(|deviation| *deviation > 0.0) {
        return Err(ExportError::shape("features", "a deviation above zero", "a deviation of zero or below"));
    }
    let mut folded = weight.clone();
    let mut bias = Vec::new();
    for row in folded.values_mut().chunks_exact_mut(inputs.max(1)) {
        let mut offset = 0.0;
        for ((value, mean), deviation) in row.iter_mut().zip(mean).zip(deviation) {
            let divided = f64::from(*value) / f64::from(*deviation);
            offset -= divided * f64::from(*mean);
            *value = divided as f32;
        }
        bias.push(offset as f32);
    }
    Ok((folded, bias))
}
