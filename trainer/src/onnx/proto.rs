//! Plain values as ONNX protocol buffers.

use tract_onnx::pb;

use super::builder::Value;
use crate::weights::WeightTensor;
use pb::attribute_proto::AttributeType;
use pb::tensor_proto::DataType;

pub(super) fn value_info(value: &Value) -> pb::ValueInfoProto {
    let dimension = |&extent: &usize| pb::tensor_shape_proto::Dimension {
        denotation: String::new(),
        value: Some(pb::tensor_shape_proto::dimension::Value::DimValue(extent as i64)),
    };
    let tensor = pb::type_proto::Tensor {
        elem_type: DataType::Float as i32,
        shape: Some(pb::TensorShapeProto { dim: value.shape.iter().map(dimension).collect() }),
    };
    pb::ValueInfoProto {
        name: value.name.clone(),
        r#type: Some(pb::TypeProto {
            denotation: String::new(),
            value: Some(pb::type_proto::Value::TensorType(tensor)),
        }),
        doc_string: String::new(),
    }
}

pub(super) fn float_tensor(name: &str, tensor: &WeightTensor) -> pb::TensorProto {
    raw_tensor(name, tensor.shape(), DataType::Float, tensor.values().iter().flat_map(|v| v.to_le_bytes()))
}

pub(super) fn float_vector(name: &str, values: &[f32]) -> pb::TensorProto {
    raw_tensor(name, &[values.len()], DataType::Float, values.iter().flat_map(|v| v.to_le_bytes()))
}

pub(super) fn int_vector(name: &str, values: &[i64]) -> pb::TensorProto {
    raw_tensor(name, &[values.len()], DataType::Int64, values.iter().flat_map(|v| v.to_le_bytes()))
}

/// `raw_data` is little-endian whatever the machine (onnx.proto, TensorProto).
fn raw_tensor(
    name: &str,
    shape: &[usize],
    data_type: DataType,
    bytes: impl Iterator<Item = u8>,
) -> pb::TensorProto {
    pb::TensorProto {
        name: name.into(),
        dims: shape.iter().map(|&extent| extent as i64).collect(),
        data_type: data_type as i32,
        raw_data: bytes.collect(),
        ..Default::default()
    }
}

pub(super) fn int_attribute(name: &str, value: i64) -> pb::AttributeProto {
    pb::AttributeProto {
        name: name.into(),
        r#type: AttributeType::Int as i32,
        i: value,
        ..Default::default()
    }
}

pub(super) fn ints_attribute(name: &str, values: &[usize]) -> pb::AttributeProto {
    pb::AttributeProto {
        name: name.into(),
        r#type: AttributeType::Ints as i32,
        ints: values.iter().map(|&value| value as i64).collect(),
        ..Default::default()
    }
}
