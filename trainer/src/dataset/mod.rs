//! Labelled sounds: what is trained on and judged by.
//!
//! A [`DataSet`] is a list of clips with classes of the set's own taxonomy and groups (takes of one recording share
//! one). A [`Split`] says which clips are trained on and which judged, never parting a group. [`Spectrograms`] holds
//! the columns of all clips in one memory-mapped file that is computed once. [`Statistics`] says what a set holds
//! and what about it will hurt.

mod error;
mod folders;
mod mapping;
mod problem;
mod set;
mod shuffle;
mod spectrograms;
mod split;
mod spool;
mod statistics;
mod store;
mod table;
mod takes;
mod ucs;
mod work;

pub use error::{CacheError, DataSetError, SplitError};
pub use problem::Problem;
pub use set::{Clip, DataSet, Grouping, Layout, OpenOptions};
pub use shuffle::Shuffler;
pub use spectrograms::{Change, Spectrograms};
pub use split::{Shares, Side, Split, SplitRecord};
pub use statistics::{ClassCount, Statistics, Warning, shared_content};
pub use work::{Progress, Work};

pub(crate) use spectrograms::cache_file;
pub(crate) use store::{Compute, Failure, Request, Rows, Source};
