//! Which codes of a list count, a bit for each code of a block: those of sounds that pass the filter where sounds are
//! looked for, those of labelled ones where votes are.

use crate::index::{List, sound_of_word};
use crate::vectors::codes::BLOCK;

use super::Passing;

/// The marks of one list.
#[derive(Default)]
pub(super) struct Marks {
    passing: Vec<u16>,
    labelled: Vec<u16>,
    either: Vec<u16>,
}

impl Marks {
    /// Marks the codes of a list in a segment of this number; `hits` and `votes` are the query frames, a bit each, that
    /// look for either.
    pub(super) fn set(
        &mut self,
        list: &List<'_>,
        passing: Option<&Passing>,
        segment: u32,
        (hits, votes): (u32, u32),
    ) {
        let blocks = list.row.frames.div_ceil(BLOCK as u32) as usize;
        // The last block may not be full.
        let last = match list.row.frames % BLOCK as u32 {
            0 => u16::MAX,
            rest => (1 << rest) - 1,
        };
        let cut = |marks: &mut [u16]| {
            if let Some(marks) = marks.last_mut() {
                *marks &= last;
            }
        };
        self.passing.clear();
        match passing.map(|passing| passing.of_segment(segment)) {
            Some(bits) if hits != 0 => {
                let passes = |word| {
                    let (sound, _) = sound_of_word(word);
                    bits.get(sound as usize / 64).map_or(0, |word| (word >> (sound % 64)) as u16 & 1)
                };
                self.passing.extend(list.words().map(|words| marks(words, passes)));
            }
            _ => self.passing.resize(blocks, u16::MAX),
        }
        cut(&mut self.passing);
        if votes & !hits != 0 || (votes != 0 && passing.is_some()) {
            self.labelled.clear();
            self.labelled.extend(list.words().map(|words| marks(words, |word| sound_of_word(word).1.into())));
            cut(&mut self.labelled);
        }
        self.either.clear();
        let both = votes & hits != 0 && passing.is_some();
        let labelled = self.labelled.iter().filter(|_| both).copied().chain(std::iter::repeat(0));
        self.either.extend(self.passing.iter().zip(labelled).map(|(passing, labelled)| passing | labelled));
    }

    /// The codes that count for a query frame that looks for hits, votes or both.
    pub(super) fn counting(&self, hits: bool, votes: bool) -> &[u16] {
        match (hits, votes) {
            (true, true) => &self.either,
            (true, false) => &self.passing,
            (false, _) => &self.labelled,
        }
    }

    /// Whether a code is one of a sound that passes.
    pub(super) fn passes(&self, block: usize, lane: usize) -> bool {
        self.passing.get(block).is_some_and(|marks| marks >> lane & 1 != 0)
    }
}

/// A bit for each word.
fn marks(words: &[u32; BLOCK], mark: impl Fn(u32) -> u16) -> u16 {
    words.iter().enumerate().fold(0, |marks, (at, word)| marks | mark(*word) << at)
}
