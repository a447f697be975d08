//! Brings a library up to date with its folders.
//!
//! [`walk`] finds the sound files, a [`Plan`] compares them with the library (unchanged, perhaps changed, new, gone),
//! workers hash, decode and embed what is needed, and one writer commits segment by segment. Whatever happens, the
//! library holds what the last commit said; the next run goes on from there. [`watch`] does so whenever something
//! changes.

mod convert;
mod converting;
mod describe;
mod error;
mod foreign;
mod given;
mod hash;
mod plan;
mod priority;
mod revise;
mod run;
mod walk;
mod watch;
mod watch_run;
mod work;

pub use convert::{Conversion, convert, sources};
pub use converting::{discard_conversion, discard_finished_conversion};
pub use describe::{describe, label_of, searchable_text};
pub use error::IndexingError;
pub use foreign::{ForeignCatId, file_warnings, foreign_cat_ids};
pub use hash::content_hash;
pub use plan::Plan;
pub use priority::step_back;
pub use revise::{Revision, revise};
pub use run::{Observer, Request, Summary, index, model_id};
pub use walk::{
    FoundFile, Problem, Walked, absolute, absolute_or_gone, is_sound_file, modified_ns, walk, walk_known,
    walk_parts,
};
pub use watch::watch;
pub use watch_run::{News, WatchRequest};
