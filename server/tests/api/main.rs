//! What the server answers, over a real socket.
#![allow(clippy::unwrap_used)]

#[path = "../support/mod.rs"]
mod support;

mod map;
mod media;
mod reviewing;
mod searching;
mod security;
mod states;
