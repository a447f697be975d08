//! The graph under construction: inputs, nodes, initialisers, and the file at the end.

use prost::Message;
use tract_onnx::pb;

use super::proto;
use crate::error::ExportError;
use crate::weights::WeightTensor;

/// Operator set of the written files: the last one in which both reductions take their axes as attributes.
pub const OPSET: i64 = 17;
/// ONNX IR version that came with [`OPSET`].
const IR_VERSION: i64 = 8;

/// A tensor inside the graph: the output of a node, or a graph input.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Value {
    pub(super) name: String,
    pub(super) shape: Vec<usize>,
}

impl Value {
    /// Extents, outermost first.
    pub fn shape(&self) -> &[usize] {
        &self.shape
    }
}

/// Builds one ONNX graph of `f32` tensors with fixed sizes.
#[derive(Debug)]
pub struct GraphBuilder {
    graph: pb::GraphProto,
    metadata: Vec<pb::StringStringEntryProto>,
}

impl GraphBuilder {
    /// Starts an empty graph called `name`.
    pub fn new(name: &str) -> Self {
        let graph = pb::GraphProto { name: name.into(), ..Default::default() };
        Self { graph, metadata: Vec::new() }
    }

    /// Adds a metadata property of the model.
    pub fn metadata(&mut self, key: &str, value: &str) {
        self.metadata.push(pb::StringStringEntryProto { key: key.into(), value: value.into() });
    }

    /// Declares a graph input.
    ///
    /// # Errors
    /// When an extent is zero.
    pub fn input(&mut self, name: &str, shape: &[usize]) -> Result<Value, ExportError> {
        if shape.contains(&0) {
            return Err(ExportError::shape(format!("input '{name}'"), "extents above zero", shape));
        }
        let value = Value { name: name.into(), shape: shape.to_vec() };
        self.graph.input.push(proto::value_info(&value));
        Ok(value)
    }

    /// Ends the graph with named outputs and returns the file's bytes.
    ///
    /// # Errors
    /// When there is no output.
    pub fn finish(mut self, outputs: &[(&str, &Value)]) -> Result<Vec<u8>, ExportError> {
        if outputs.is_empty() {
            return Err(ExportError::shape("graph", "at least one output", "none"));
        }
        for (name, value) in outputs {
            // Values are named by their node; an output takes the name that the caller wants.
            let output = Value { name: (*name).into(), shape: value.shape.clone() };
            self.graph.node.push(pb::NodeProto {
                name: format!("output_{name}"),
                op_type: "Identity".into(),
                input: vec![value.name.clone()],
                output: vec![output.name.clone()],
                ..Default::default()
            });
            self.graph.output.push(proto::value_info(&output));
        }
        let model = pb::ModelProto {
            ir_version: IR_VERSION,
            opset_import: vec![pb::OperatorSetIdProto { domain: String::new(), version: OPSET }],
            producer_name: "earmark-trainer".into(),
            producer_version: env!("CARGO_PKG_VERSION").into(),
            graph: Some(self.graph),
            metadata_props: self.metadata,
            ..Default::default()
        };
        Ok(model.encode_to_vec())
    }

    /// Adds a node with one output; operands are tensors of the graph or names of initialisers.
    pub(super) fn node(
        &mut self,
        op_type: &str,
        inputs: Vec<String>,
        attributes: Vec<pb::AttributeProto>,
        shape: Vec<usize>,
    ) -> Value {
        let name = format!("{}_{}", op_type.to_ascii_lowercase(), self.graph.node.len());
        self.graph.node.push(pb::NodeProto {
            name: name.clone(),
            op_type: op_type.into(),
            input: inputs,
            output: vec![name.clone()],
            attribute: attributes,
            ..Default::default()
        });
        Value { name, shape }
    }

    /// Stores `f32` weights and returns the initialiser's name.
    pub(super) fn weights(&mut self, role: &str, tensor: &WeightTensor) -> String {
        let name = self.initialiser_name(role);
        self.graph.initializer.push(proto::float_tensor(&name, tensor));
        name
    }

    /// Stores `f32` values in one dimension and returns the initialiser's name.
    pub(super) fn vector(&mut self, role: &str, values: &[f32]) -> String {
        let name = self.initialiser_name(role);
        self.graph.initializer.push(proto::float_vector(&name, values));
        name
    }

    /// Stores a list of integers, such as axes or a shape, and returns the initialiser's name.
    pub(super) fn integers(&mut self, role: &str, values: &[i64]) -> String {
        let name = self.initialiser_name(role);
        self.graph.initializer.push(proto::int_vector(&name, values));
        name
    }

    /// A name that tells the node which takes the initialiser: the next one to be added.
    fn initialiser_name(&self, role: &str) -> String {
        format!("{role}_{}", self.graph.node.len())
    }
}
