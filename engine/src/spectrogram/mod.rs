//! Mono samples to mel columns to frames, as a model card says.
//!
//! Samples stream in, columns and frames stream out; memory is one analysis window and a few frames, however long
//! the sound. Nothing here knows a particular model: every constant comes from a [`FrontEnd`] and a [`FrameRule`].

mod filterbank;
mod frames;
mod front_end;
mod mel;

pub use filterbank::{MelFilterbank, mel_edges_hz};
pub use frames::{Frame, FrameAssembler};
pub use front_end::{
    FilterNormalisation, FilterShape, FrameRule, FrontEnd, LogScale, MelScale, ShortRule, TailRule,
    WindowKind,
};
pub use mel::MelExtractor;
