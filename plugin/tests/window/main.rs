//! The editor's real window on a virtual X server: opened and closed, resized, drawn, dragged out of and dropped into.
//!
//! Skips itself without Xvfb. The tests marked as ignored are what the test runs again, in a process of its own, once
//! there is a server: the window finds it through the environment.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used)]

mod dragging;
mod embedding;
mod hearing;
mod host;
mod no_host;
mod resting;
mod server;
mod showing;
#[path = "../support/mod.rs"]
mod support;
mod target;
