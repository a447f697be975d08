//! (in work)

pub mod filter;
