//! The map of a library: its sounds in the plane, so that what sounds alike lies together.
//!
//! A sound is one vector, the mean of its frames ([`vectors`]); the vectors are reduced to their principal components,
//! each looks for its nearest others, and t-SNE (van der Maaten and Hinton, JMLR 9, 2008) lays them out
//! ([`lay_out`]). The [`Map`] is kept in a file beside the library; sounds that are new since then are put where the
//! sounds most like them are, until they are so many that it is worth to begin again.
//!
//! The same sounds, options and processor give the same map, in whatever order they were indexed and however many
//! threads there are.

mod cache;
mod error;
mod layout;
mod map;
mod matrix;
mod neighbours;
mod options;
mod placing;
mod principal;
mod quality;
mod sounds;

pub use cache::CACHE_FILE;
pub use error::AtlasError;
pub use layout::lay_out;
pub use map::{Map, Point, compute, load_or_compute};
pub use matrix::Matrix;
pub use options::{Options, Progress, Stage, Watch};
pub use quality::{label_agreement, trustworthiness};
pub use sounds::vectors;
