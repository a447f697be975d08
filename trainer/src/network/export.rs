//! From the weights of a network to the ONNX file that the engine runs.

use super::architecture::Architecture;
use super::norm::EPSILON;
use crate::error::ExportError;
use crate::fold::{BatchNorm, fold_batch_norm};
use crate::onnx::{Conv2d, GraphBuilder};
use crate::weights::Weights;

/// Writes a network for frames of `columns` × `bands`, its batch normalisations folded into the convolutions.
///
/// `weights` are those of a [pooled](super::Encoder::pooled) encoder, as [`collect`](super::collect) names them. The
/// network maps `mel` `[1, 1, columns, bands]` to `embedding` `[1, embedding size]`.
///
/// # Errors
/// When a tensor is missing, does not fit the architecture, or is not finite.
pub fn onnx(
    architecture: &Architecture,
    weights: &Weights,
    columns: usize,
    bands: usize,
    metadata: &[(&str, &str)],
) -> Result<Vec<u8>, ExportError> {
    let mut graph = GraphBuilder::new("encoder");
    for (key, value) in metadata {
        graph.metadata(key, value);
    }
    let mut value = graph.input("mel", &[1, 1, columns, bands])?;
    let folded = |layer: &str| {
        let weight = weights.get(&format!("{layer}.weight"))?;
        let norm = BatchNorm::from_weights(weights, &format!("{layer}.norm.0"), EPSILON as f32)?;
        fold_batch_norm(weight, None, &norm)
    };
    for (at, plan) in architecture.convolutions.iter().enumerate() {
        let (weight, bias) = folded(&format!("convolution.{at}"))?;
        let convolution = Conv2d {
            weight: &weight,
            bias: Some(&bias),
            strides: [plan.stride; 2],
            padding: [plan.kernel / 2; 2],
            groups: 1,
        };
        let mut output = graph.conv2d(&value, &convolution)?;
        if plan.residual {
            output = graph.add(&output, &value)?;
        }
        value = graph.relu(&output);
        if plan.pool > 1 {
            value = graph.max_pool2d(&value, [plan.pool; 2], [plan.pool; 2])?;
        }
    }
    let keep = architecture.projection.is_some();
    let over_frequency = graph.reduce_mean(&value, &[3], keep)?;
    let mut embedding = graph.reduce_max(&over_frequency, &[2], keep)?;
    if keep {
        let (weight, bias) = folded("projection")?;
        let linear =
            Conv2d { weight: &weight, bias: Some(&bias), strides: [1; 2], padding: [0; 2], groups: 1 };
        let projected = graph.conv2d(&embedding, &linear)?;
        embedding = graph.flatten(&projected)?;
    }
    graph.finish(&[("embedding", &embedding)])
}
