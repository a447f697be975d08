//! Trains, exports and judges Earmark's networks.
//!
//! The heavy dependencies of training live in this crate alone, so that the command and the plugin never compile
//! them. What it hands over is a model folder: an ONNX file written by [`onnx`] and the card beside it.

pub mod cnn9;
pub mod dataset;
pub mod error;
pub mod evaluate;
pub mod fold;
pub mod onnx;
pub mod weights;
