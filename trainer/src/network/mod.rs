//! Networks from frames to embeddings, and what sits on top of them while they are trained.
//!
//! An [`Architecture`] is a list of convolutions as plain data; [`Encoder`] runs it on any device of burn, and
//! [`export::onnx`] writes it for the engine. [`Norms`] normalises batches, with one set of statistics for all data
//! sets or one for each. [`Heads`] classify per data set and vanish after training.

mod architecture;
mod convolution;
mod encoder;
pub mod export;
mod heads;
pub mod initial;
mod norm;
mod parameters;

pub use architecture::{Architecture, Convolution, Pooling};
pub use encoder::Encoder;
pub use heads::{Heads, HeadsPlan, Proxies};
pub use norm::{Normalisation, Norms, Statistics, Use};
pub use parameters::{Parameters, Role, Visitor, collect, load};
pub(crate) use parameters::{learnt, tensor_from};
