//! The building blocks that recipes share. All of it computes in `f64`, and every transcendental function
//! comes from the `libm` crate: the platform's own differ in their last bits, and a seed promises bytes.

pub(crate) mod booth;
pub(crate) mod bubble;
pub(crate) mod filter;
pub(crate) mod grain;
pub(crate) mod master;
pub(crate) mod modal;
pub(crate) mod noise;
pub(crate) mod osc;
pub(crate) mod shape;
pub(crate) mod space;

/// Samples of one channel in work.
pub(crate) type Track = Vec<f64>;
