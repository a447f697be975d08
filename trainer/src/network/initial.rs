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
use crate::random::Random;
use crate::weights::{WeightTensor, Weights};

/// Reads the convolutions of an ONNX file as the weights of an encoder with `norms` sets of batch statistics; and
/// whether its projection is fresh, as the file has none. A fresh one takes what the paper's pooling gives, or is random where its size is another.
///
/// # Errors
/// When the file cannot be parsed, or its convolutions are not those of `architecture`.
pub fn from_onnx(
    file: &[u8],
    architecture: &Architecture,
    norms: usize,
) -> Result<(Weights, bool), ExportError> {
    let model = pb::ModelProto::decode(file)
        .map_err(|error| ExportError::shape("ONNX file", "a model", &error.to_string()))?;
    let graph = model.graph.unwrap_or_default();
    let tensor = |name: &String| {
        let missing = || ExportError::MissingTensor { name: name.clone() };
        floats(graph.initializer.iter().find(|tensor| tensor.name == *name).ok_or_else(missing)?)
    };
    let found: Vec<_> = graph.node.iter().filter(|node| node.op_type == "Conv").collect();
    let convolutions = architecture.convolutions.len();
    let fresh = architecture.projection.is_some() && found.len() == convolutions;
    let projection = architecture.projection.filter(|_| !fresh);
    if found.len() != convolutions + usize::from(projection.is_some()) {
        let expected = format!("{convolutions} convolutions");
        return Err(ExportError::shape("network to begin with", expected, &found.len()));
    }
    let mut weights = Weights::new();
    let plans = architecture.convolutions.iter().zip(architecture.inputs()).enumerate();
    let plans = plans.map(|(at, (plan, inputs))| {
        (format!("convolution.{at}"), [plan.channels, inputs, plan.kernel, plan.kernel])
    });
    let projections = projection.map(|size| ("projection".to_owned(), [size, architecture.features(), 1, 1]));
    for (node, (name, shape)) in found.into_iter().zip(plans.chain(projections)) {
        let [_, weight, bias] = node.input.as_slice() else {
            return Err(ExportError::shape(name, "a convolution with weight and bias", &node.input));
        };
        let (weight, bias) = (tensor(weight)?, tensor(bias)?);
        if weight.shape() != shape || bias.shape() != [shape[0]] {
            return Err(ExportError::shape(name, format!("{shape:?}"), weight.shape()));
        }
        insert(&mut weights, &name, weight, &bias, norms, (1.0 + EPSILON).sqrt() as f32)?;
    }
    if let Some(size) = architecture.projection.filter(|_| fresh) {
        let inputs = architecture.features();
        let mut random = Random::new(0, &[6]);
        let deviation = (1.0 / inputs as f32).sqrt();
        let value = |at: usize| {
            let on_diagonal = f32::from(u8::from(at / inputs == at % inputs));
            if size == architecture.channels() { on_diagonal } else { random.normal() * deviation }
        };
        let weight = WeightTensor::new(vec![size, inputs, 1, 1], (0..size * inputs).map(value).collect())?;
        let bias = WeightTensor::new(vec![size], vec![0.0; size])?;
        insert(&mut weights, "projection", weight, &bias, norms, 1.0)?;
    }
    if architecture.projection.is_some() {
        let features = architecture.features();
        let level = |value: f32| WeightTensor::new(vec![features], vec![value; features]);
        weights.insert("projection.mean", level(0.0)?);
        weights.insert("projection.deviation", level(1.0)?);
    }
    Ok((weights, fresh))
}

/// A layer and batch normalisations that do nothing but multiply by `scale` and add `bias`.
fn insert(
    weights: &mut Weights,
    name: &str,
    weight: WeightTensor,
    bias: &WeightTensor,
    norms: usize,
    scale: f32,
) -> Result<(), ExportError> {
    let channels = bias.values().len();
    let level = |value: f32| WeightTensor::new(vec![channels], vec![value; channels]);
    weights.insert(format!("{name}.weight"), weight);
    for norm in 0..norms {
        let norm = format!("{name}.norm.{norm}");
        weights.insert(format!("{norm}.weight"), level(scale)?);
        weights.insert(format!("{norm}.bias"), bias.clone());
        weights.insert(format!("{norm}.running_mean"), level(0.0)?);
        weights.insert(format!("{norm}.running_var"), level(1.0)?);
    }
    Ok(())
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
