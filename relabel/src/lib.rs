//! Plans that change names and metadata of sound files, their execution and undo.
//!
//! A [`Plan`] says of each sound which name it is to get, or which UCS fields are to be written into it. Plans are
//! proposed ([`plan_rename`], [`plan_write`]) from suggestions, shown and saved in a form that people edit, and change
//! nothing by themselves.

mod fields;
mod names;
mod plan;
mod plan_file;
mod propose;
mod time;

pub use fields::{Field, Fields};
pub use names::{NameFault, check_name, same_name_key};
pub use plan::{Entry, FileState, Plan};
pub use plan_file::PlanError;
pub use propose::{Proposed, RenameOptions, Suggestion, WriteOptions, plan_rename, plan_write};
