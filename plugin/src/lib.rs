//! Earmark as a CLAP and VST3 effect: select a region in the session, see the closest sounds of the library and the
//! region's UCS categories, hear them, drop them in.
//!
//! Audio passes through bit-exactly and without latency. Three kinds of threads share the work: the host's audio
//! thread ([`audio`]), one analysis for all instances of a process with its helpers for slow disks ([`analysis`] and the
//! audition's decoder), and the window's thread ([`editor`]); [`exchange`] is what the last two say to each other.

pub mod analysis;
pub mod audio;
mod audition;
pub mod editor;
pub mod exchange;
pub mod parameters;
mod plugin;
pub mod session;
mod worker;

pub use plugin::{Earmark, clap_entry};
