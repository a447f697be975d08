//! Weights to begin with: those of a model that exists.
//!
//! An ONNX file holds convolutions with the batch normalisation folded into them. Loaded here, each batch
//! normalisation is the identity but for the bias: scale √(1 + ε), mean 0, variance 1, offset the convolution's bias,
//! so that by running statistics the network computes what the file computes. Before training by batch statistics,
//! [`Encoder::calibrate`](super::Encoder::calibrate) makes both agree on the data at hand.

use prost::Message;
use tract_onnx::pb;

use super::architecture::Architecture;
use super::norm::EPSILON;
use crate::error::ExportError;
use crate::weights::{WeightTensor, Weights};

/// Reads the convolutions of an ONNX file as the weights of an encoder with `norms` sets of batch statistics.
///
/// # Errors
/// When the file cannot be parsed, or its convolutions are not those of `architecture`.
pub fn from_onnx(file: &[u8], architecture: &Architecture, norms: usize) -> Result<Weights, ExportError> {
    let model = pb::ModelProto::decode(file)
        .map_err(|error| ExportError::shape("ONNX file", "a model", &error.to_string()))?;
    let graph = model.graph.unwrap_or_default();
    let tensor = |name: &String| {
        let missing = || ExportError::MissingTensor { name: name.clone() };
        floats(graph.initializer.iter().find(|tensor| tensor.name == *name).ok_or_else(missing)?)
    };
    let found: Vec<_> = graph.node.iter().filter(|node| node.op_type == "Conv").collect();
    if found.len() != architecture.convolutions.len() {
        let expected = format!("{} convolutions", architecture.convolutions.len());
        return Err(ExportError::shape("network to begin with", expected, &found.len()));
    }
    let mut weights = Weights::new();
    let plans = architecture.convolutions.iter().zip(architecture.inputs());
    for (at, (node, (plan, inputs))) in found.into_iter().zip(plans).enumerate() {
        let name = format!("convolution.{at}");
        let [_, weight, bias] = node.input.as_slice() else {
            return Err(ExportError::shape(name, "a convolution with weight and bias", &node.input));
        };
        let (weight, bias) = (tensor(weight)?, tensor(bias)?);
        let shape = [plan.channels, inputs, plan.kernel, plan.kernel];
        if weight.shape() != shape || bias.shape() != [plan.channels] {
            return Err(ExportError::shape(name, format!("{shape:?}"), weight.shape()));
        }
        weights.insert(format!("{name}.weight"), weight);
        let level = |value: f32| WeightTensor::new(vec![plan.channels], vec![value; plan.channels]);
        for norm in 0..norms {
            let norm = format!("{name}.norm.{norm}");
            weights.insert(format!("{norm}.weight"), level((1.0 + EPSILON).sqrt() as f32)?);
            weights.insert(format!("{norm}.bias"), bias.clone());
            weights.insert(format!("{norm}.running_mean"), level(0.0)?);
            weights.insert(format!("{norm}.running_var"), level(1.0)?);
        }
    }
    Ok(weights)
}

fn floats(tensor: &pb::TensorProto) -> Result<WeightTensor, ExportError> {
    let shape = tensor.dims.iter().map(|&extent| usize::try_from(extent).unwrap_or(0)).collect();
    let values = if tensor.raw_data.is_empty() {
        tensor.float_data.clone()
    } else {
        let words = tensor.raw_data.chunks_exact(4);
        words.map(|word| f32::from_le_bytes([word[0], word[1], word[2], word[3]])).collect()
    };
    if tensor.data_type != pb::tensor_proto::DataType::Float as i32 {
        return Err(ExportError::shape(&tensor.name, "32-bit floats", &tensor.data_type));
    }
    WeightTensor::new(shape, values)
}
