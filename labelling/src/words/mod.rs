//! What the words of a sound's path and metadata say about its category.
//!
//! [`tokens`] takes names apart; [`folding`] makes spellings, plurals and cases comparable; the [`lexicon`] knows the
//! words of the UCS list in 21 languages; [`reading`] finds them in the words of a sound, longest first, and weighs what
//! they say.

pub mod folding;
pub mod lexicon;
pub mod reading;
mod spans;
pub mod tokens;

pub use lexicon::Lexicon;
pub use reading::{MatchedWord, Reading, Source, sources_of};
