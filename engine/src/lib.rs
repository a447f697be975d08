//! What the `earmark` command and the plugin share.
//!
//! Data flows one way: [`audio`] → [`spectrogram`] → [`network`] → [`index`] → [`search`], with [`ucs`] beside it
//! and [`indexing`] driving the whole for a folder.

pub mod audio;
pub mod duplicates;
pub mod index;
pub mod indexing;
pub mod network;
pub mod search;
pub mod spectrogram;
pub mod ucs;

mod vectors;
