//! The built command, driven from outside as its users drive it.
#![allow(clippy::unwrap_used)]

mod auditing;
mod bad_input;
mod converting;
mod crash;
mod demo;
mod duplicates;
mod embedding;
mod experiments;
mod finding;
mod first_steps;
mod indexing;
mod judging;
mod keeping;
mod labels;
mod manners;
mod moving;
mod relabelling;
mod report;
mod serving;
mod support;
mod tagging;
mod taxonomies;
mod training;
mod watching;
