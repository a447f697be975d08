//! The page in a real browser: every flow, with the keys and the pointer that a person uses.
//!
//! Where there is no Chromium, these tests say so and skip themselves. `EARMARK_SCREENSHOTS=folder` keeps pictures.
#![allow(clippy::unwrap_used)]

#[path = "../support/mod.rs"]
mod support;

mod access;
mod chromium;
mod flows;
mod map;
mod review;
mod states;
