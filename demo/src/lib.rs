//! A small library of sound effects, synthesised from a seed.
//!
//! It lets a newcomer without sounds try every command, and gives all tests of the project the same inputs.
//! Nothing in it is a recording, and every file says so in its metadata.
//!
//! - [`recipes`]: how each sound is made, from physical causes.
//! - [`library`]: the plan, cheap to make: which takes, named after UCS, in which format.
//! - [`write_library`]: the plan as files.
//! - [`wav`], [`w64`], [`aiff`], [`caf`], [`flac`]: encoders in memory, for tests that build their own input.
//!
//! The same seed gives the same bytes on every platform: all arithmetic is IEEE `f64` addition,
//! multiplication, division and square root, and every transcendental function is that of the `libm` crate.

mod audio;
mod dsp;
mod format;
mod plan;
pub mod recipes;
mod rng;
mod write;

pub use audio::Audio;
pub use format::chunks::{Bext, Chunks};
pub use format::samples::SampleFormat;
pub use format::{Container, FileFormat, aiff, caf, flac, w64, wav};
pub use plan::{DemoSound, HIDDEN_BELL, HiddenBell, library};
pub use recipes::render;
pub use write::{DemoError, Summary, write_library};
