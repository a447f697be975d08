//! Of a list what passes a filter: few codes, side by side.
//!
//! Where one in eight frames passes, or fewer, the blocks of a list hold two codes that count, or one, or none. They are put
//! together when a question looks into the list for the first time, and kept for the next question under the filter. For so
//! few, the query is not prepared list by list: [`Residual::of_query`](crate::vectors::codes::Residual::of_query).

use std::sync::OnceLock;

use crate::index::{List, Segment, sound_of_word};
use crate::vectors::codes::Code;

/// Where no more than one in so many frames passes, lists are sieved …
const SHARE: usize = 8;
/// … unless there are more than these: at 512 components they take 76 bytes each, and half a block more a list.
const MOST: usize = 1 << 21;

/// The codes of a list that pass.
#[derive(Clone, Debug, Default)]
pub(super) struct Sieved {
    /// Blocks of codes.
    pub blocks: Vec<u32>,
    /// Codes in them.
    pub codes: usize,
}

/// The sieved lists of one segment.
#[derive(Clone, Debug, Default)]
pub(super) struct Sieve(Vec<OnceLock<Sieved>>);

/// Whether lists that hold so many frames are worth sieving for so many that pass.
pub(super) fn pays(passing: usize, all: usize) -> bool {
    passing <= MOST.min(all / SHARE)
}

impl Sieve {
    /// For the lists of a segment.
    pub(super) fn new(segment: &Segment) -> Self {
        let lists = segment.partition().map_or(0, |partition| partition.lists().len());
        Self((0..lists).map(|_| OnceLock::new()).collect())
    }

    /// What passes of a list of this number; `bits` has one for each sound of its segment.
    pub(super) fn of(&self, number: usize, list: &List<'_>, bits: &[u64]) -> Option<&Sieved> {
        self.0.get(number).map(|sieved| sieved.get_or_init(|| Sieved::new(list, bits)))
    }
}

impl Sieved {
    fn new(list: &List<'_>, bits: &[u64]) -> Self {
        let mut sieved = Self::default();
        let padded = list.centre.len();
        // The last block may not be full.
        for (at, word) in list.words().flatten().enumerate().take(list.row.frames as usize) {
            let (sound, _) = sound_of_word(*word);
            if bits.get(sound as usize / 64).is_some_and(|word| word >> (sound % 64) & 1 != 0) {
                Code::copy((list.blocks, at), (&mut sieved.blocks, sieved.codes), padded);
                sieved.codes += 1;
            }
        }
        sieved.blocks.shrink_to_fit();
        sieved
    }
}
