//! Trains, exports and judges Earmark's networks.
//!
//! The heavy dependencies of training live in this crate alone, so that the plugin never compiles them. What it hands
//! over is a model folder: an ONNX file written by [`onnx`] and the card beside it. [`training`] leads there from data
//! sets and a plan; [`network`], [`loss`], [`sampling`] and [`augmentation`] are its parts.
//! [`experiment`] trains and judges a whole grid of choices.

pub mod augmentation;
pub mod cnn9;
pub mod dataset;
pub mod error;
pub mod evaluate;
pub mod experiment;
pub mod fold;
pub mod loss;
pub mod network;
pub mod onnx;
pub mod random;
pub mod sampling;
pub mod training;
pub mod weights;
mod whole_file;
