//! The operators of convolutional embedding networks, as methods of the graph builder.
//!
//! Image tensors are `[batch, channels, height, width]`; for spectrograms height is time (columns) and width is
//! frequency (bands). Sizes follow the ONNX operator specifications of opset 17.

use super::builder::{GraphBuilder, Value};
use super::proto::{int_attribute, ints_attribute};
use crate::error::ExportError;
use crate::weights::WeightTensor;

/// A two-dimensional convolution.
#[derive(Debug, Clone, Copy)]
pub struct Conv2d<'a> {
    /// Kernels `[outputs, inputs / groups, height, width]`.
    pub weight: &'a WeightTensor,
    /// One value per output channel.
    pub bias: Option<&'a [f32]>,
    /// Step `[height, width]`.
    pub strides: [usize; 2],
    /// Zeros added on both sides `[height, width]`.
    pub padding: [usize; 2],
    /// 1 is dense; as many as input channels is depthwise.
    pub groups: usize,
}

impl GraphBuilder {
    /// Convolves `[batch, inputs, height, width]` into `[batch, outputs, height', width']`.
    ///
    /// # Errors
    /// When channels do not match, a stride is zero or the kernel exceeds the padded image.
    pub fn conv2d(&mut self, input: &Value, conv: &Conv2d<'_>) -> Result<Value, ExportError> {
        let [batch, channels, height, width] = image_shape("convolution", input)?;
        let &[outputs, per_group, kernel_height, kernel_width] = conv.weight.shape() else {
            return Err(ExportError::shape("convolution weights", "four dimensions", conv.weight.shape()));
        };
        if conv.groups == 0 || per_group * conv.groups != channels || outputs % conv.groups != 0 {
            let expected = format!("{channels} input channels in {} groups", conv.groups);
            return Err(ExportError::shape("convolution", expected, conv.weight.shape()));
        }
        let out_height = window_count(height, kernel_height, conv.strides[0], conv.padding[0])?;
        let out_width = window_count(width, kernel_width, conv.strides[1], conv.padding[1])?;
        let mut operands = vec![input.name.clone(), self.weights("weight", conv.weight)];
        if let Some(bias) = conv.bias {
            operands.push(self.checked_bias(bias, outputs)?);
        }
        let [pad_height, pad_width] = conv.padding;
        let attributes = vec![
            ints_attribute("dilations", &[1, 1]),
            int_attribute("group", conv.groups as i64),
            ints_attribute("kernel_shape", &[kernel_height, kernel_width]),
            ints_attribute("pads", &[pad_height, pad_width, pad_height, pad_width]),
            ints_attribute("strides", &conv.strides),
        ];
        Ok(self.node("Conv", operands, attributes, vec![batch, outputs, out_height, out_width]))
    }

    /// `max(x, 0)`, element by element.
    pub fn relu(&mut self, input: &Value) -> Value {
        self.node("Relu", vec![input.name.clone()], Vec::new(), input.shape.clone())
    }

    /// `1 / (1 + e^-x)`, element by element.
    pub fn sigmoid(&mut self, input: &Value) -> Value {
        self.node("Sigmoid", vec![input.name.clone()], Vec::new(), input.shape.clone())
    }

    /// Largest value of each window, without padding; an incomplete window at the far edge is dropped.
    ///
    /// # Errors
    /// When the input is not an image or a window exceeds it.
    pub fn max_pool2d(
        &mut self,
        input: &Value,
        kernel: [usize; 2],
        strides: [usize; 2],
    ) -> Result<Value, ExportError> {
        self.pool2d("MaxPool", input, kernel, strides)
    }

    /// Mean of each window, without padding; an incomplete window at the far edge is dropped.
    ///
    /// # Errors
    /// When the input is not an image or a window exceeds it.
    pub fn average_pool2d(
        &mut self,
        input: &Value,
        kernel: [usize; 2],
        strides: [usize; 2],
    ) -> Result<Value, ExportError> {
        self.pool2d("AveragePool", input, kernel, strides)
    }

    /// Mean over `axes`; they stay with extent 1 when `keep` is set, and vanish otherwise.
    ///
    /// # Errors
    /// When an axis does not exist or is named twice.
    pub fn reduce_mean(&mut self, input: &Value, axes: &[usize], keep: bool) -> Result<Value, ExportError> {
        self.reduce("ReduceMean", input, axes, keep)
    }

    /// Maximum over `axes`; they stay with extent 1 when `keep` is set, and vanish otherwise.
    ///
    /// # Errors
    /// When an axis does not exist or is named twice.
    pub fn reduce_max(&mut self, input: &Value, axes: &[usize], keep: bool) -> Result<Value, ExportError> {
        self.reduce("ReduceMax", input, axes, keep)
    }

    /// `x · weightᵀ + bias` for `[batch, inputs]` and a weight `[outputs, inputs]`.
    ///
    /// # Errors
    /// When the sizes do not fit.
    pub fn linear(
        &mut self,
        input: &Value,
        weight: &WeightTensor,
        bias: Option<&[f32]>,
    ) -> Result<Value, ExportError> {
        let (&[batch, inputs], &[outputs, weight_inputs]) = (input.shape(), weight.shape()) else {
            return Err(ExportError::shape("linear layer", "a matrix on both sides", input.shape()));
        };
        if inputs != weight_inputs {
            return Err(ExportError::shape("linear layer", format!("{inputs} inputs"), weight.shape()));
        }
        let mut operands = vec![input.name.clone(), self.weights("weight", weight)];
        if let Some(bias) = bias {
            operands.push(self.checked_bias(bias, outputs)?);
        }
        Ok(self.node("Gemm", operands, vec![int_attribute("transB", 1)], vec![batch, outputs]))
    }

    /// Sum of two tensors of one shape, element by element.
    ///
    /// # Errors
    /// When the shapes differ.
    pub fn add(&mut self, left: &Value, right: &Value) -> Result<Value, ExportError> {
        self.elementwise("Add", left, right)
    }

    /// Product of two tensors, element by element; an extent of 1 on the right is repeated (a channel gate).
    ///
    /// # Errors
    /// When the shapes do not fit.
    pub fn multiply(&mut self, left: &Value, right: &Value) -> Result<Value, ExportError> {
        self.elementwise("Mul", left, right)
    }

    /// Joins tensors along `axis`.
    ///
    /// # Errors
    /// When there is none, or their other extents differ.
    pub fn concat(&mut self, inputs: &[&Value], axis: usize) -> Result<Value, ExportError> {
        let [first, ..] = inputs else {
            return Err(ExportError::shape("concatenation", "at least one tensor", "none"));
        };
        let mut shape = first.shape.clone();
        let same_but_axis = |value: &Value| {
            let fits = |(index, (a, b)): (usize, (&usize, &usize))| index == axis || a == b;
            value.shape.len() == first.shape.len()
                && value.shape.iter().zip(&first.shape).enumerate().all(fits)
        };
        if axis >= shape.len() || !inputs.iter().all(|value| same_but_axis(value)) {
            let shapes: Vec<_> = inputs.iter().map(|value| value.shape()).collect();
            return Err(ExportError::shape(
                "concatenation",
                format!("extents equal but axis {axis}"),
                &shapes,
            ));
        }
        shape[axis] = inputs.iter().map(|value| value.shape[axis]).sum();
        let names = inputs.iter().map(|value| value.name.clone()).collect();
        Ok(self.node("Concat", names, vec![int_attribute("axis", axis as i64)], shape))
    }

    /// `[batch, …]` as `[batch, product of the rest]`.
    ///
    /// # Errors
    /// When the input has no dimensions.
    pub fn flatten(&mut self, input: &Value) -> Result<Value, ExportError> {
        let [batch, rest @ ..] = input.shape() else {
            return Err(ExportError::shape("flattening", "at least one dimension", input.shape()));
        };
        let shape = vec![*batch, rest.iter().product()];
        Ok(self.node("Flatten", vec![input.name.clone()], vec![int_attribute("axis", 1)], shape))
    }

    /// The same elements in another shape.
    ///
    /// # Errors
    /// When the number of elements differs.
    pub fn reshape(&mut self, input: &Value, shape: &[usize]) -> Result<Value, ExportError> {
        if shape.iter().product::<usize>() != input.shape.iter().product::<usize>() {
            return Err(ExportError::shape(
                "reshape",
                format!("as many elements as {:?}", input.shape),
                shape,
            ));
        }
        let extents: Vec<i64> = shape.iter().map(|&extent| extent as i64).collect();
        let operand = self.integers("shape", &extents);
        Ok(self.node("Reshape", vec![input.name.clone(), operand], Vec::new(), shape.to_vec()))
    }

    fn pool2d(
        &mut self,
        op_type: &str,
        input: &Value,
        kernel: [usize; 2],
        strides: [usize; 2],
    ) -> Result<Value, ExportError> {
        let [batch, channels, height, width] = image_shape("pooling", input)?;
        let out_height = window_count(height, kernel[0], strides[0], 0)?;
        let out_width = window_count(width, kernel[1], strides[1], 0)?;
        let attributes = vec![ints_attribute("kernel_shape", &kernel), ints_attribute("strides", &strides)];
        let shape = vec![batch, channels, out_height, out_width];
        Ok(self.node(op_type, vec![input.name.clone()], attributes, shape))
    }

    fn reduce(
        &mut self,
        op_type: &str,
        input: &Value,
        axes: &[usize],
        keep: bool,
    ) -> Result<Value, ExportError> {
        let rank = input.shape.len();
        let twice = axes.iter().enumerate().any(|(index, axis)| axes[..index].contains(axis));
        if axes.is_empty() || twice || axes.iter().any(|&axis| axis >= rank) {
            return Err(ExportError::shape(op_type, format!("distinct axes below {rank}"), axes));
        }
        let extents = input.shape.iter().enumerate();
        let shape = extents.filter_map(|(axis, &extent)| match (axes.contains(&axis), keep) {
            (false, _) => Some(extent),
            (true, true) => Some(1),
            (true, false) => None,
        });
        let shape = shape.collect();
        let attributes = vec![ints_attribute("axes", axes), int_attribute("keepdims", i64::from(keep))];
        Ok(self.node(op_type, vec![input.name.clone()], attributes, shape))
    }

    fn elementwise(&mut self, op_type: &str, left: &Value, right: &Value) -> Result<Value, ExportError> {
        let fits = left.shape.len() == right.shape.len()
            && left.shape.iter().zip(&right.shape).all(|(&l, &r)| l == r || (op_type == "Mul" && r == 1));
        if !fits {
            return Err(ExportError::shape(op_type, format!("{:?}", left.shape), right.shape()));
        }
        let operands = vec![left.name.clone(), right.name.clone()];
        Ok(self.node(op_type, operands, Vec::new(), left.shape.clone()))
    }

    fn checked_bias(&mut self, bias: &[f32], outputs: usize) -> Result<String, ExportError> {
        if bias.len() != outputs {
            return Err(ExportError::shape("bias", format!("{outputs} values"), &bias.len()));
        }
        Ok(self.vector("bias", bias))
    }
}

fn image_shape(what: &str, value: &Value) -> Result<[usize; 4], ExportError> {
    let shape = value.shape();
    shape.try_into().map_err(|_| ExportError::shape(what, "[batch, channels, height, width]", shape))
}

fn window_count(extent: usize, kernel: usize, stride: usize, padding: usize) -> Result<usize, ExportError> {
    let padded = extent + 2 * padding;
    if stride == 0 || kernel == 0 || kernel > padded {
        let expected = format!("a window and stride above zero within {padded}");
        return Err(ExportError::shape("window", expected, &(kernel, stride)));
    }
    Ok((padded - kernel) / stride + 1)
}
