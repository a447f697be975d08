//! Which sounds may be found.

use crate::index::{SoundId, SoundRef};

use super::Passing;

/// Which sounds may be found.
pub struct Scope<'a> {
    /// How many sounds are wanted.
    pub k: usize,
    /// Those that may be results; every sound without.
    pub passing: Option<&'a Passing>,
    /// Whether labelled sounds vote. All of them do, whatever may be found: so whoever asks about the same region under
    /// another filter has the votes already.
    pub votes: bool,
    /// Whether a sound is the one asked about: it is neither a result nor does it vote.
    pub is_query: &'a (dyn Fn(&SoundRef<'_>) -> bool + Sync),
}

impl Scope<'_> {
    /// Whether a sound passes the filter.
    pub(super) fn passes(&self, id: SoundId) -> bool {
        self.passing.is_none_or(|passing| passing.holds(id))
    }
}
