//! One file a subcommand.

pub(crate) mod audit;
pub(crate) mod completions;
pub(crate) mod convert;
pub(crate) mod dataset;
pub(crate) mod demo;
pub(crate) mod duplicates;
pub(crate) mod embed;
pub(crate) mod evaluate;
pub(crate) mod experiment;
pub(crate) mod find;
pub(crate) mod forget;
pub(crate) mod index;
pub(crate) mod info;
pub(crate) mod labelling;
pub(crate) mod man;
pub(crate) mod map_taxonomy;
pub(crate) mod relocate;
pub(crate) mod rename;
pub(crate) mod report;
pub(crate) mod serve;
pub(crate) mod tag;
pub(crate) mod train;
pub(crate) mod undo;
pub(crate) mod verify;
pub(crate) mod watch;
pub(crate) mod write;
