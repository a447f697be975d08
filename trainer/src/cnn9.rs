//! CNN9, the network of the aiSFX paper and of the DCASE cross-task baseline that it follows.
//!
//! Four blocks of two 3×3 convolutions, each followed by batch normalisation and ReLU; 2×2 max-pooling after all
//! blocks but the last; the mean over frequency, then the maximum over time (Kong et al. 2018, arXiv:1808.00773;
//! Ma and Lerch 2022).

use crate::error::ExportError;
use crate::fold::{BatchNorm, fold_batch_norm};
use crate::onnx::{Conv2d, GraphBuilder, Value};
use crate::weights::Weights;

/// Blocks of two convolutions.
const BLOCKS: usize = 4;
/// PyTorch's default ε, which the original network keeps.
const EPSILON: f32 = 1e-5;

/// Builds CNN9 for inference and returns its ONNX bytes.
///
/// `weights` holds `{prefix}conv_block{1..4}.{conv1,conv2}.weight` `[out, in, 3, 3]` without biases and
/// `{prefix}conv_block{1..4}.{bn1,bn2}.{weight,bias,running_mean,running_var}`; batch normalisations are folded.
/// The network maps `mel` `[1, 1, columns, bands]` to `embedding` `[1, channels of the last block]`. The batch is
/// fixed at one, which runs faster than a free one. `metadata` is written as the model's metadata properties.
///
/// # Errors
/// When a tensor is missing or does not fit its neighbours.
pub fn export(
    weights: &Weights,
    prefix: &str,
    columns: usize,
    bands: usize,
    metadata: &[(&str, &str)],
) -> Result<Vec<u8>, ExportError> {
    let mut graph = GraphBuilder::new("cnn9");
    for (key, value) in metadata {
        graph.metadata(key, value);
    }
    let mut value = graph.input("mel", &[1, 1, columns, bands])?;
    for block in 1..=BLOCKS {
        for layer in 1..=2 {
            value = convolution(&mut graph, weights, &format!("{prefix}conv_block{block}"), layer, &value)?;
        }
        if block < BLOCKS {
            value = graph.max_pool2d(&value, [2, 2], [2, 2])?;
        }
    }
    let over_frequency = graph.reduce_mean(&value, &[3], false)?;
    let embedding = graph.reduce_max(&over_frequency, &[2], false)?;
    graph.finish(&[("embedding", &embedding)])
}

fn convolution(
    graph: &mut GraphBuilder,
    weights: &Weights,
    block: &str,
    layer: usize,
    input: &Value,
) -> Result<Value, ExportError> {
    let weight = weights.get(&format!("{block}.conv{layer}.weight"))?;
    let norm = BatchNorm::from_weights(weights, &format!("{block}.bn{layer}"), EPSILON)?;
    let (weight, bias) = fold_batch_norm(weight, None, &norm)?;
    let convolution =
        Conv2d { weight: &weight, bias: Some(&bias), strides: [1, 1], padding: [1, 1], groups: 1 };
    let output = graph.conv2d(input, &convolution)?;
    Ok(graph.relu(&output))
}
