//! Brings a library up to date with its folders.
//!
//! [`walk`] finds the sound files, a [`Plan`] compares them with the library (unchanged, perhaps changed, new, gone),
//! workers hash, decode and embed what is needed, and one writer commits segment by segment. Whatever happens, the
//! library holds what the last commit said; the next run goes on from there.

mod describe;
mod error;
mod hash;
mod plan;
mod run;
mod walk;
mod work;

pub use describe::{describe, label_of, searchable_text};
pub use error::IndexingError;
pub use hash::content_hash;
pub use plan::Plan;
pub use run::{Observer, Request, Summary, index, model_id};
pub use walk::{FoundFile, Problem, Walked, absolute, is_sound_file, modified_ns, walk};
