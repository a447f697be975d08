//! What is known of the sounds that look promising: whether they are there, may be found, may vote.

use crate::index::{Snapshot, SoundId};

use super::scope::Scope;

const MAY_VOTE: u8 = 1;
const MAY_NOT: u8 = 2;

/// Asks about each sound once.
pub(super) struct Admission<'a> {
    snapshot: &'a Snapshot,
    scope: &'a Scope<'a>,
    /// By segment, a byte a sound.
    known: Vec<Vec<u8>>,
}

impl<'a> Admission<'a> {
    pub(super) fn new(snapshot: &'a Snapshot, scope: &'a Scope<'a>) -> Self {
        let mut known: Vec<Vec<u8>> = vec![Vec::new(); snapshot.manifest().segments.len()];
        for (at, segment) in snapshot.segments() {
            known[at as usize] = vec![0; segment.sound_rows().len()];
        }
        Self { snapshot, scope, known }
    }

    /// Whether a sound is there and is not the one asked about.
    pub(super) fn may_vote(&mut self, id: SoundId) -> bool {
        let segment = self.known.get_mut(id.segment as usize);
        let Some(known) = segment.and_then(|segment| segment.get_mut(id.sound as usize)) else {
            return false;
        };
        if *known == 0 {
            let may_vote = self.snapshot.get(id).is_some_and(|sound| !(self.scope.is_query)(&sound));
            *known = if may_vote { MAY_VOTE } else { MAY_NOT };
        }
        *known == MAY_VOTE
    }

    /// Whether it passes the filter besides.
    pub(super) fn may_hit(&mut self, id: SoundId) -> bool {
        self.scope.passes(id) && self.may_vote(id)
    }
}
