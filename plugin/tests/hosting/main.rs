//! The plugin in a CLAP host within this process: what a session does to it, and what must come of that.

#![allow(clippy::unwrap_used)]

mod auditioning;
mod capturing;
mod fixture;
mod host;
mod keeping;
mod living;
mod passing;
