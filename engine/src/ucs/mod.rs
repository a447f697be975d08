//! The Universal Category System (UCS): its list, its file names, and the labels that sounds carry.
//!
//! * [`catalogue`] holds the 753 CatIDs of v8.2.1; a [`CatIndex`] is a position in it, small enough for the
//!   index's fixed-width tables.
//! * [`file_name`] reads and writes UCS file names.
//! * [`labels`] decides which CatID a sound carries; [`label_table`] reads the CSV that a user hands in.
//! * [`glob`] matches `*` and `?`, for CatIDs here and for words in [`crate::search::filter`].

pub mod catalogue;
pub mod file_name;
pub mod glob;
pub mod label_table;
pub mod labels;
pub mod table;

pub use catalogue::{CatIndex, Catalogue, Entry, UcsError};
pub use file_name::{UcsName, UcsNameError};
pub use label_table::{AmbiguousLabel, LabelTable, LabelTableError};
pub use labels::{Label, LabelSource, label_from_file_name, label_from_metadata};
