//! From a region to the closest sounds of a library and its UCS categories.
//!
//! A [`Query`] holds the region's frames, centred and quantised like the library's. [`search`] finds the sounds that are
//! closest to them by late interaction (the best cosine among a sound's frames, averaged over the query's frames) and,
//! on the way, the closest labelled ones; [`categories`] lets those vote.

mod admission;
mod categories;
mod flat;
mod gathered;
mod near;
mod neighbours;
mod order;
mod parallel;
mod passing;
mod probe;
mod query;
mod scan;
mod scope;
mod sieve;
mod top;
mod weigh;

pub mod filter;

pub use categories::{CategoryShare, Shares, Vote, categories};
pub use neighbours::{
    MAX_ASKED_FRAMES, MAX_VOTING_FRAMES, NEIGHBOURS, Neighbour, Neighbourhood, Neighbours, neighbours,
};
pub use passing::Passing;
pub use query::{MAX_QUERY_FRAMES, Query};
pub use scan::{Hit, Ranking, scan_bank, search};
pub use scope::Scope;
