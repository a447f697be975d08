//! What is known of the sounds that look promising: whether they are there, may be found, may vote.

use crate::index::{Snapshot, SoundId};

use super::scope::{Allowed, Scope, is_set};

const KNOWN: u8 = 1;
const MAY_VOTE: u8 = 2;
const MAY_HIT: u8 = 4;

/// Asks about each sound once.
pub(super) struct Admission<'a> {
    snapshot: &'a Snapshot,
    scope: &'a Scope<'a>,
    allowed: &'a Allowed,
    /// By segment, a byte a sound.
    known: Vec<Vec<u8>>,
}

impl<'a> Admission<'a> {
    pub(super) fn new(snapshot: &'a Snapshot, scope: &'a Scope<'a>, allowed: &'a Allowed) -> Self {
        let mut known: Vec<Vec<u8>> = vec![Vec::new(); snapshot.manifest().segments.len()];
        for (at, segment) in snapshot.segments() {
            known[at as usize] = vec![0; segment.sound_rows().len()];
        }
        Self { snapshot, scope, allowed, known }
    }

    /// Whether a sound is there and is not the one asked about.
    pub(super) fn may_vote(&mut self, id: SoundId) -> bool {
        self.look_at(id) & MAY_VOTE != 0
    }

    /// Whether it is allowed besides.
    pub(super) fn may_hit(&mut self, id: SoundId) -> bool {
        self.look_at(id) & MAY_HIT != 0
    }

    fn look_at(&mut self, id: SoundId) -> u8 {
        let segment = self.known.get_mut(id.segment as usize);
        let Some(known) = segment.and_then(|segment| segment.get_mut(id.sound as usize)) else { return 0 };
        if *known == 0 {
            *known = KNOWN;
            if let Some(sound) = self.snapshot.get(id).filter(|sound| !(self.scope.is_query)(sound)) {
                *known |= MAY_VOTE;
                let allowed = match self.allowed {
                    Allowed::Wide => (self.scope.allows)(&sound),
                    Allowed::Narrow { bits, .. } => is_set(bits, id),
                };
                *known |= if allowed { MAY_HIT } else { 0 };
            }
        }
        *known
    }
}
