//! The coarse partition of a large segment: its frames in lists around centres, each list with binary codes.
//!
//! A search looks into the lists whose centres are nearest and estimates cosines from the codes there (see
//! [`codes`](crate::vectors::codes)), so that its cost grows slower than the segment. The vectors themselves stay where
//! they are, sound by sound; they are read only for what looks promising. Three sections:
//!
//! ```text
//! lists     { u32 first block, u32 frames, f32 scale of the centre, f32 square of its length } each
//! centres   [lists, padded size] i8, rotated
//! codes     blocks of 16 codes, in the order of the sounds; their words are sound numbers, the highest bit set where
//!           the sound has a label
//! ```

mod build;
mod centres;

use bytemuck::{Pod, Zeroable};

use crate::vectors::Rotation;
use crate::vectors::codes::{BLOCK, CodeFactors, block_words};

pub(super) use build::{Tables, build};
pub(crate) use centres::Centres;

/// Smaller segments are searched whole. Beside a large segment, lists pay for small ones too: they join its lists.
pub(super) const MIN_FRAMES: usize = 1 << 10;
/// Set in the word of a code whose sound has a label.
const LABELLED: u32 = 1 << 31;
/// Largest segment: sound numbers leave the highest bit free.
pub(super) const MAX_FRAMES: usize = 1 << 30;

/// A list, as stored in place.
#[derive(Clone, Copy, Debug, Default, Pod, Zeroable)]
#[repr(C)]
pub(crate) struct ListRow {
    /// Where its codes begin.
    pub first_block: u32,
    /// Frames in it.
    pub frames: u32,
    /// Quantisation step of its centre.
    pub scale: f32,
    /// Square of the centre's length.
    pub squared: f32,
}

/// A partition as it lies in a segment.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Partition<'a> {
    lists: &'a [ListRow],
    centres: &'a [i8],
    blocks: &'a [u32],
    padded: usize,
}

/// A list with its codes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct List<'a> {
    /// Its row.
    pub row: &'a ListRow,
    /// Its centre, `[padded size]`.
    pub centre: &'a [i8],
    /// Blocks of codes.
    pub blocks: &'a [u32],
}

impl<'a> List<'a> {
    /// The words of the codes, block by block.
    pub(crate) fn words(&self) -> impl Iterator<Item = &'a [u32; BLOCK]> {
        self.blocks.chunks_exact(block_words(self.centre.len())).filter_map(|block| block.last_chunk())
    }
}

/// The sound that a code's frame belongs to, and whether it has a label.
pub(crate) fn sound_of_word(word: u32) -> (u32, bool) {
    (word & !LABELLED, word & LABELLED != 0)
}

impl<'a> Partition<'a> {
    /// The sections as a partition of vectors of `size` components, if their lengths fit together.
    pub(super) fn new(size: usize, lists: &'a [u8], centres: &'a [u8], codes: &'a [u8]) -> Option<Self> {
        let padded = Rotation::padded(size);
        let fits = lists.len().is_multiple_of(size_of::<ListRow>())
            && codes.len().is_multiple_of(4 * block_words(padded))
            && centres.len() == lists.len() / size_of::<ListRow>() * padded;
        fits.then(|| Self {
            lists: bytemuck::cast_slice(lists),
            centres: bytemuck::cast_slice(centres),
            blocks: bytemuck::cast_slice(codes),
            padded,
        })
    }

    /// The list table.
    pub(crate) fn lists(&self) -> &'a [ListRow] {
        self.lists
    }

    /// The centres, `[lists, padded size]`.
    pub(crate) fn centres(&self) -> &'a [i8] {
        self.centres
    }

    /// A list; `None` when its row points outside the codes.
    pub(crate) fn list(&self, at: usize) -> Option<List<'a>> {
        let row = self.lists.get(at)?;
        let words = block_words(self.padded);
        let start = (row.first_block as usize).checked_mul(words)?;
        let length = (row.frames as usize).div_ceil(BLOCK).checked_mul(words)?;
        let blocks = self.blocks.get(start..start.checked_add(length)?)?;
        Some(List { row, centre: &self.centres[at * self.padded..][..self.padded], blocks })
    }

    /// Whether the lists hold every frame of these sounds, marked as they are: `sounds` tells of each the number of
    /// frames and whether it has a label.
    pub(super) fn holds(&self, sounds: impl Iterator<Item = (u32, bool)>) -> bool {
        let mut left: Vec<(u32, bool)> = sounds.collect();
        for at in 0..self.lists.len() {
            let Some(list) = self.list(at) else { return false };
            for code in 0..list.row.frames as usize {
                let (sound, labelled) = sound_of_word(CodeFactors::of(list.blocks, self.padded, code).word);
                match left.get_mut(sound as usize) {
                    Some((left, truth)) if *left > 0 && labelled == *truth => *left -= 1,
                    _ => return false,
                }
            }
        }
        left.iter().all(|(left, _)| *left == 0)
    }
}
