//! Label work on a library: suggests UCS categories, finds labels that are wrong, maps other taxonomies to UCS.
//!
//! Everything here reads the index and changes nothing. [`tag()`] gives each sound its likely CatIDs with calibrated
//! shares, from what it sounds like ([`hearing`]) and from the words of its path and metadata ([`words`]); [`audit()`]
//! ranks what is likely wrong with the labels that a library has; [`defects`] listens to files for what makes them
//! suspicious; [`taxonomy`] learns which CatIDs stand behind the folders or labels of another taxonomy. Every answer
//! comes with its evidence.

mod evidence;
mod observer;

pub mod audit;
pub mod defects;
pub mod hearing;
pub mod judgement;
pub mod tag;
pub mod taxonomy;
pub mod words;

pub use audit::{Audit, AuditRequest, Finding, FindingKind, audit};
pub use evidence::{CatShare, Evidence, Place, Related, SoundPath};
pub use observer::{Observer, Quiet};
pub use tag::{Abstention, Sources, Suggestion, TagRequest, Tagged, Tagging, tag};
pub use taxonomy::Taxonomy;
