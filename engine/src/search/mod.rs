//! From a region to the closest sounds of a library and its UCS categories.
//!
//! A [`Query`] holds the region's frames, centred and quantised like the library's. [`search`] compares them with
//! every frame in one pass (late interaction: the best cosine among a sound's frames, averaged over the query's
//! frames), keeps the closest sounds and, on the way, the closest labelled ones; [`categories`] lets those vote.

mod categories;
mod query;
mod scan;
mod top;

pub mod filter;

pub use categories::{CategoryShare, Shares, Vote, categories};
pub use query::{MAX_QUERY_FRAMES, Query};
pub use scan::{Hit, Ranking, Scope, scan_bank, search};
