//! A local web page over a library: search by sound or words, audition, review of labels, class examples, the map.
//!
//! [`Server`] listens on 127.0.0.1 alone, at an address with a random token; `guard` refuses everybody else. The page
//! (`server/page`) is plain HTML, CSS and JavaScript modules, embedded in the program by `assets`; it asks nothing of
//! any other host, and needs no build step.
//!
//! What a request may touch follows from the library alone: sounds are named by their place in a snapshot
//! (`library`), never by a path. Everything that decodes, embeds or searches runs off the threads that answer, and the
//! network is loaded in the background (`model`), so that the page is there at once.

mod alike;
mod api;
mod app;
mod assets;
mod body;
mod categories;
mod error;
mod examples;
mod guard;
mod job;
mod library;
mod listing;
mod map;
mod media;
mod model;
mod names;
mod peaks;
mod questions;
mod review;
mod rows;
mod search;
mod server;
mod tasks;
mod wav;

pub use error::ServeError;
pub use model::{LoadModel, Model};
pub use server::{Options, Server};
