//! From the weights of a network to the ONNX file that the engine runs.

use super::architecture::{Architecture, Pooling};
use super::norm::EPSILON;
use crate::error::ExportError;
use crate::fold::{BatchNorm, fold_batch_norm, fold_standardisation};
use crate::onnx::{Conv2d, GraphBuilder, Value};
use crate::weights::{WeightTensor, Weights};

/// Writes a network for frames of `columns` × `bands`, its normalisations folded into the convolutions.
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
    let normalised = |layer: &str, weight: &WeightTensor, bias: Option<&[f32]>| {
        let norm = BatchNorm::from_weights(weights, &format!("{layer}.norm.0"), EPSILON as f32)?;
        fold_batch_norm(weight, bias, &norm)
    };
    let mut pooled = Vec::new();
    let stages: Vec<usize> = architecture.stages().collect();
    for (at, plan) in architecture.convolutions.iter().enumerate() {
        let layer = format!("convolution.{at}");
        let (weight, bias) = normalised(&layer, weights.get(&format!("{layer}.weight"))?, None)?;
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
        if architecture.pooling == Pooling::Stages && stages.contains(&at) {
            pooled.push(pool(&mut graph, &value)?);
        }
    }
    let is_image = architecture.projection.is_some() || !pooled.is_empty();
    let mut embedding = if pooled.is_empty() {
        let over_frequency = graph.reduce_mean(&value, &[3], is_image)?;
        graph.reduce_max(&over_frequency, &[2], is_image)?
    } else {
        let all: Vec<&Value> = pooled.iter().rev().flatten().collect();
        graph.concat(&all, 1)?
    };
    if architecture.projection.is_some() {
        let statistic = |name: &str| weights.get(&format!("projection.{name}"));
        let (mean, deviation) = (statistic("mean")?.values(), statistic("deviation")?.values());
        let (weight, bias) = fold_standardisation(statistic("weight")?, mean, deviation)?;
        let (weight, bias) = normalised("projection", &weight, Some(&bias))?;
        let linear =
            Conv2d { weight: &weight, bias: Some(&bias), strides: [1; 2], padding: [0; 2], groups: 1 };
        embedding = graph.conv2d(&embedding, &linear)?;
    }
    if is_image {
        embedding = graph.flatten(&embedding)?;
    }
    graph.finish(&[("embedding", &embedding)])
}

/// The three poolings of an image of [`Pooling::Stages`], `[1, channels, 1, 1]` each.
fn pool(graph: &mut GraphBuilder, image: &Value) -> Result<[Value; 3], ExportError> {
    let over_frequency = graph.reduce_mean(image, &[3], true)?;
    let loudest = graph.reduce_max(&over_frequency, &[2], true)?;
    let mean = graph.reduce_mean(&over_frequency, &[2], true)?;
    let highest = graph.reduce_max(image, &[3], true)?;
    Ok([loudest, mean, graph.reduce_max(&highest, &[2], true)?])
}
