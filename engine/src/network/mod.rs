//! Frames to embeddings: any network that comes with a model card.
//!
//! A model is a folder with an ONNX file and a [`Card`] that says everything else about it: where it comes from, how
//! samples become its input, what its output means. [`Network`] holds it ready to run, shared by all threads;
//! [`FrameEmbedder`] leads from samples to embeddings, piece by piece for live audio, and [`Embedder`] does so for a
//! whole sound.

mod accelerate;
mod card;
mod embed;
mod error;
mod find;
mod run;
mod stream;

pub use card::{CARD_FILE, Card, CardNetwork, Centring, SimilarityScale};
pub use embed::{EmbedSummary, FrameEmbedder, FrameEmbedding};
pub use error::ModelError;
pub use find::{available_models, find_model};
pub use run::{Network, Session};
pub use stream::{EmbedError, Embedder};
