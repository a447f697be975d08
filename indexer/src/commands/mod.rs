//! One file a subcommand.

pub(crate) mod completions;
pub(crate) mod demo;
pub(crate) mod duplicates;
pub(crate) mod embed;
pub(crate) mod find;
pub(crate) mod forget;
pub(crate) mod index;
pub(crate) mod info;
pub(crate) mod man;
pub(crate) mod relocate;
pub(crate) mod rename;
pub(crate) mod undo;
pub(crate) mod verify;
pub(crate) mod watch;
pub(crate) mod write;
