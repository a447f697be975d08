//! Chains of 3×3 convolutions, in which networks of the VGG kind spend nearly all their time.
//!
//! A [`Chain`] holds the convolutions with their rectifiers and poolings, prepared once and shared by all threads; each
//! thread brings a [`Workspace`]. Three things make it several times as fast as a general runtime: Winograd's minimal
//! filtering needs 2.25 times fewer multiplications; values lie with their channels innermost from the first layer to
//! the last, so that nothing is rearranged on the way; and bias, rectifier and pooling cost no pass of their own. The
//! vector instructions (AVX-512, AVX2, NEON, or none) are chosen at run time.
//!
//! This is a crate of its own so that it can be optimised in every build.

mod chain;
mod image;
mod layer;
mod product;

pub use chain::{Chain, Workspace};
pub use layer::{Layer, LayerError};
