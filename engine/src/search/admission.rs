//! Whether sounds that look promising are there, may be found, may vote.

use crate::index::{List, Snapshot, SoundId, sound_of_word};
use crate::vectors::codes::BLOCK;

use super::probe::Wanted;
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

    /// Marks the codes of a list that count, a bit for each code of a block: where only sounds that pass are wanted, or
    /// only labelled ones, theirs. Whether there are any.
    pub(super) fn mark(
        &self,
        wanted: Wanted,
        segment: u32,
        list: &List<'_>,
        counting: &mut Vec<u16>,
    ) -> bool {
        counting.clear();
        match self.scope.passing.filter(|_| wanted.hits) {
            Some(passing) => {
                let bits = passing.of_segment(segment);
                let passes = |word: u32| {
                    let (sound, _) = sound_of_word(word);
                    bits.get(sound as usize / 64).map_or(0, |word| (word >> (sound % 64)) as u16 & 1)
                };
                counting.extend(list.words().map(|words| bits_of(words, passes)));
            }
            None if !wanted.hits => {
                counting.extend(
                    list.words().map(|words| bits_of(words, |word| u16::from(sound_of_word(word).1))),
                );
            }
            None => counting.resize(list.row.frames.div_ceil(BLOCK as u32) as usize, u16::MAX),
        }
        // The last block may not be full.
        if let (Some(last), rest @ 1..) = (counting.last_mut(), list.row.frames % BLOCK as u32) {
            *last &= (1 << rest) - 1;
        }
        counting.iter().any(|codes| *codes != 0)
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

/// A bit for each word.
fn bits_of(words: &[u32; BLOCK], bit: impl Fn(u32) -> u16) -> u16 {
    words.iter().enumerate().fold(0, |bits, (at, word)| bits | bit(*word) << at)
}
