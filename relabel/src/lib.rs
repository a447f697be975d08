//! Plans that change names and metadata of sound files, their execution and undo.
//!
//! A [`Plan`] says of each sound which name it is to get, or which UCS fields are to be written into it. Plans are
//! proposed ([`plan_rename`], [`plan_write`]) from suggestions, shown and saved in a form that people edit, and change
//! nothing by themselves.

//! [`apply`] carries a plan out, a file at a time and each in one step, and keeps a journal by which [`undo`] takes it
//! back.

mod apply;
mod error;
#[cfg(test)]
mod faults;
mod fields;
mod files;
mod from_library;
mod journal;
mod names;
mod paths;
mod plan;
mod plan_file;
mod propose;
mod recovery;
mod renaming;
mod replacing;
mod rewrite;
mod suggestions;
mod time;
#[cfg(test)]
mod trials;
mod undo;
mod writing;

pub use apply::{Applied, ApplyOptions, Change, Outcome, apply};
pub use error::ChangeError;
pub use fields::{Field, Fields};
pub use from_library::{add_known_states, suggestions_of_library, tell_library};
pub use journal::default_journals_dir;
pub use names::{NameFault, check_name, same_name_key};
pub use plan::{Entry, FileState, Plan};
pub use plan_file::PlanError;
pub use propose::{Proposed, RenameOptions, Suggestion, WriteOptions, plan_rename, plan_write};
pub use recovery::clear_up;
pub use rewrite::{Place, Targets};
pub use suggestions::{SuggestionsError, suggestions_of_file};
pub use undo::{JournalSummary, UndoOutcome, Undone, journals, undo};
