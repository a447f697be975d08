//! Writes networks as ONNX files: a small graph builder over the protocol buffers that `tract-onnx` carries.
//!
//! Every operator checks its operands' sizes when it is added, so that a network that does not fit together is
//! refused here and not by a runtime later. The same calls give the same bytes.

mod builder;
mod operators;
mod proto;

pub use builder::{GraphBuilder, OPSET, Value};
pub use operators::Conv2d;
