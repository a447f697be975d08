//! The built command, driven from outside as its users drive it.
#![allow(clippy::unwrap_used)]

mod first_steps;
mod support;
