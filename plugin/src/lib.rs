//! Earmark as a CLAP and VST3 effect: select a region in the session, see the closest sounds of the library and the
//! region's UCS categories, hear them, drop them in.
//!
//! Audio passes through bit-exactly and without latency. Three kinds of threads share the work: the host's audio
//! thread, one analysis for all instances of a process, and the window's thread; [`exchange`] is what the last two say
//! to each other.

pub mod editor;
pub mod exchange;
pub mod parameters;
mod plugin;

pub use plugin::Earmark;
