//! Gives the convolutions of a network to [`earmark_convolution`], which runs them several times as fast.
//!
//! The runtime keeps everything else: reading ONNX, what lies between, and all convolutions of other kinds. What is
//! replaced are runs of 3×3 convolutions with stride 1, a padding of 1 and one group, with the rectifiers and 2×2
//! max-poolings behind them, in a network of batch 1.

use std::sync::Arc;

use earmark_convolution::{Chain, Layer, Workspace};
use tract_onnx::prelude::*;
use tract_onnx::tract_core::internal::*;
use tract_onnx::tract_core::ops::binary::TypedBinOp;
use tract_onnx::tract_core::ops::cnn::{Conv, KernelFormat, MaxPool, PoolSpec};
use tract_onnx::tract_core::ops::math::Max;
use tract_onnx::tract_core::ops::nn::DataFormat;

/// Replaces the convolutions of a decluttered model where they can be.
///
/// # Errors
/// Those of the runtime while the graph is changed.
pub(super) fn accelerate(model: &mut TypedModel) -> TractResult<()> {
    for node in model.eval_order()? {
        let Some(run) = Run::starting_at(model, node)? else { continue };
        let name = format!("{}.chain", model.node(node).name);
        let input = model.node(node).inputs[0];
        let chain = Convolutions { chain: Arc::new(run.chain) };
        let mut patch = TypedModelPatch::new("3×3 convolutions");
        let tap = patch.tap_model(model, input)?;
        let output = patch.wire_node(name, chain, &[tap])?[0];
        patch.shunt_outside(model, run.output, output)?;
        patch.apply(model)?;
    }
    model.compact()
}

/// Successive nodes that make up a chain.
struct Run {
    chain: Chain,
    output: OutletId,
}

impl Run {
    /// The longest run that begins with this node and does not continue one.
    fn starting_at(model: &TypedModel, node: usize) -> TractResult<Option<Self>> {
        let Some(&input) = model.node(node).inputs.first() else { return Ok(None) };
        let Some((_, height, width)) = image_extents(model, input)? else { return Ok(None) };
        let mut layers = Vec::new();
        let mut output = input;
        let mut next = Some(node);
        while let Some(node) = next {
            let Some((layer, end)) = layer_at(model, node, output)? else { break };
            layers.push(layer);
            output = end;
            next = only_successor(model, output)?;
        }
        let Ok(chain) = Chain::new(height, width, layers) else { return Ok(None) };
        // A node that an earlier chain has taken leads nowhere any more.
        let reaches = |outlet: OutletId| {
            model.outputs.contains(&outlet)
                || !model.node(outlet.node).outputs[outlet.slot].successors.is_empty()
        };
        Ok(reaches(output).then_some(Self { chain, output }))
    }
}

/// The layer whose convolution is this node and takes `input`, and where its result leaves.
fn layer_at(model: &TypedModel, node: usize, input: OutletId) -> TractResult<Option<(Layer, OutletId)>> {
    let Some(conv) = model.node(node).op_as::<Conv>() else { return Ok(None) };
    let &[data, kernel, bias] = &*model.node(node).inputs else { return Ok(None) };
    let Some((channels, height, width)) = image_extents(model, input)? else { return Ok(None) };
    let plain = conv.group == 1 && conv.q_params.is_none() && conv.kernel_fmt == KernelFormat::OIHW;
    if data != input || !plain || !has_window(&conv.pool_spec, [height, width], 3, 1, 1) {
        return Ok(None);
    }
    let (Some(kernel), Some(mut bias)) = (constant(model, kernel)?, constant(model, bias)?) else {
        return Ok(None);
    };
    let outputs = conv.pool_spec.output_channels;
    if bias.len() == 1 {
        bias = vec![bias[0]; outputs];
    }
    if bias.len() != outputs {
        return Ok(None);
    }
    let mut output = OutletId::new(node, 0);
    let mut rectifies = false;
    if let Some(next) = only_successor(model, output)?
        && is_rectifier(model, next, output)?
    {
        rectifies = true;
        output = OutletId::new(next, 0);
    }
    let mut pools = false;
    if let Some(next) = only_successor(model, output)?
        && let Some(pool) = model.node(next).op_as::<MaxPool>()
        && pool.with_index_outputs.is_none()
        && has_window(&pool.pool_spec, [height, width], 2, 2, 0)
        && image_extents(model, OutletId::new(next, 0))? == Some((outputs, height / 2, width / 2))
    {
        pools = true;
        output = OutletId::new(next, 0);
    }
    Ok(Layer::new(&kernel, bias, channels, rectifies, pools).ok().map(|layer| (layer, output)))
}

/// Whether the node is max(x, 0) of `input`.
fn is_rectifier(model: &TypedModel, node: usize, input: OutletId) -> TractResult<bool> {
    let Some(operation) = model.node(node).op_as::<TypedBinOp>() else { return Ok(false) };
    let &[a, b] = &*model.node(node).inputs else { return Ok(false) };
    let other = if a == input { b } else { a };
    let zero = constant(model, other)?.is_some_and(|values| values.iter().all(|value| *value == 0.0));
    let same_shape = model.outlet_fact(input)?.shape == model.outlet_fact(OutletId::new(node, 0))?.shape;
    Ok(operation.0.is::<Max>() && zero && same_shape)
}

/// Whether a window is `extent` × `extent`, with this stride and padding, its channels outside.
fn has_window(spec: &PoolSpec, image: [usize; 2], extent: usize, stride: usize, padding: usize) -> bool {
    spec.data_format == DataFormat::NCHW
        && *spec.kernel_shape == [extent, extent]
        && *spec.strides() == [stride, stride]
        && *spec.dilations() == [1, 1]
        && spec
            .computed_padding(&image)
            .iter()
            .all(|axis| axis.pad_before == padding && (padding == 0 || axis.pad_after == padding))
}

/// Channels, height and width of a batch of one image.
fn image_extents(model: &TypedModel, outlet: OutletId) -> TractResult<Option<(usize, usize, usize)>> {
    let fact = model.outlet_fact(outlet)?;
    Ok(match fact.shape.as_concrete() {
        Some(&[1, channels, height, width]) if fact.datum_type == f32::datum_type() => {
            Some((channels, height, width))
        }
        _ => None,
    })
}

fn constant(model: &TypedModel, outlet: OutletId) -> TractResult<Option<Vec<f32>>> {
    let Some(tensor) = &model.outlet_fact(outlet)?.konst else { return Ok(None) };
    if tensor.datum_type() != f32::datum_type() {
        return Ok(None);
    }
    Ok(Some(tensor.try_as_plain_ram()?.as_slice::<f32>()?.to_vec()))
}

/// The one node that takes what leaves here, where nobody else does.
fn only_successor(model: &TypedModel, outlet: OutletId) -> TractResult<Option<usize>> {
    if model.outputs.contains(&outlet) {
        return Ok(None);
    }
    Ok(match &*model.node(outlet.node).outputs[outlet.slot].successors {
        [successor] => Some(successor.node),
        _ => None,
    })
}

/// A chain as an operation of the runtime: `[1, channels, height, width]` to the same of other extents.
#[derive(Debug, Clone)]
struct Convolutions {
    chain: Arc<Chain>,
}

impl PartialEq for Convolutions {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.chain, &other.chain)
    }
}

impl Eq for Convolutions {}

impl Convolutions {
    fn run(&self, inputs: &TVec<TValue>, workspace: &mut Workspace) -> TractResult<TVec<TValue>> {
        let mut output = Tensor::zero::<f32>(&self.output_shape())?;
        let input = inputs[0].try_as_plain_ram()?;
        self.chain.run(
            input.as_slice::<f32>()?,
            output.try_as_plain_ram_mut()?.as_slice_mut::<f32>()?,
            workspace,
        );
        Ok(tvec!(output.into_tvalue()))
    }

    fn output_shape(&self) -> [usize; 4] {
        let [channels, height, width] = self.chain.output_shape();
        [1, channels, height, width]
    }
}

impl Op for Convolutions {
    fn name(&self) -> StaticName {
        "Convolutions".into()
    }

    op_as_typed_op!();
}

impl EvalOp for Convolutions {
    fn eval_out_of_plan(&self, inputs: TVec<TValue>) -> TractResult<Option<TVec<TValue>>> {
        self.run(&inputs, &mut self.chain.workspace()).map(Some)
    }

    fn state(&self, _: &EvalContext) -> TractResult<Option<Box<dyn OpState>>> {
        Ok(Some(Box::new(ConvolutionsState { workspace: self.chain.workspace() })))
    }
}

impl TypedOp for Convolutions {
    fn output_facts(&self, inputs: &[&TypedFact]) -> TractResult<TVec<TypedFact>> {
        let [channels, height, width] = self.chain.input_shape();
        let expected = [1, channels, height, width];
        let fits = |fact: &&TypedFact| {
            fact.datum_type == f32::datum_type() && fact.shape.as_concrete() == Some(&expected[..])
        };
        ensure!(inputs.len() == 1 && inputs.iter().all(fits), "one f32 tensor {expected:?} is needed");
        Ok(tvec!(f32::fact(self.output_shape())))
    }

    as_op!();
}

/// One session's working memory.
#[derive(Debug, Clone)]
struct ConvolutionsState {
    workspace: Workspace,
}

impl OpState for ConvolutionsState {
    fn eval(&mut self, _: &EvalContext, op: &dyn Op, inputs: TVec<TValue>) -> TractResult<TVec<TValue>> {
        let op = op.downcast_ref::<Convolutions>().context("state of another operation")?;
        op.run(&inputs, &mut self.workspace)
    }

    /// Nothing is carried from one frame to the next.
    fn reset_lanes(&mut self, _: &[LaneId]) -> TractResult<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests;
