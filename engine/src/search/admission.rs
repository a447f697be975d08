//! Whether sounds that look promising are there, may be found, may vote.

use crate::index::{Snapshot, SoundId};

use super::scope::Scope;

/// Asks about sounds.
#[derive(Clone, Copy)]
pub(super) struct Admission<'a> {
    snapshot: &'a Snapshot,
    scope: &'a Scope<'a>,
}

impl<'a> Admission<'a> {
    pub(super) fn new(snapshot: &'a Snapshot, scope: &'a Scope<'a>) -> Self {
        Self { snapshot, scope }
    }

    /// Whether a sound was not deleted.
    pub(super) fn is_live(&self, id: SoundId) -> bool {
        self.snapshot.is_live(id)
    }

    /// Whether it is not the one asked about. Looks at the sound, which takes longer than the bits above.
    pub(super) fn is_other(&self, id: SoundId) -> bool {
        self.snapshot.get(id).is_some_and(|sound| !(self.scope.is_query)(&sound))
    }
}
