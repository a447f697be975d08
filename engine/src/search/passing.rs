//! The sounds of a snapshot that pass a filter, one bit each.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::index::{List, Snapshot, SoundId, SoundRef};

use super::gathered::Gathered;
use super::parallel::{on_threads, threads};
use super::sieve::{self, Sieve, Sieved};

/// Words of 64 sounds that a thread takes at a time.
const WORDS: usize = 64;

/// The sounds of a snapshot that pass a filter.
///
/// To find out takes a look at every sound, which costs more than many a question. So whoever asks several questions
/// under one filter keeps this between them; it stays right as long as the snapshot is the same.
#[derive(Clone, Debug)]
pub struct Passing {
    generation: u64,
    /// One bit for each sound, by segment.
    bits: Vec<Vec<u64>>,
    sounds: usize,
    frames: usize,
    /// Their vectors, where they are few.
    gathered: OnceLock<Gathered>,
    /// What passes of each list, by segment, where they are not many.
    sieves: Vec<Sieve>,
}

impl Passing {
    /// Asks of every sound whether it passes, on several threads where there are many.
    pub fn new(snapshot: &Snapshot, passes: &(dyn Fn(&SoundRef<'_>) -> bool + Sync)) -> Self {
        let mut parts = Vec::new();
        let mut bits: Vec<Vec<u64>> = vec![Vec::new(); snapshot.manifest().segments.len()];
        for (at, segment) in snapshot.segments() {
            let words = segment.sound_rows().len().div_ceil(64);
            bits[at as usize] = vec![0; words];
            let in_lists = segment.partition().is_some();
            let of_part = |first| (at, first, WORDS.min(words - first), in_lists);
            parts.extend((0..words).step_by(WORDS).map(of_part));
        }
        let next = AtomicUsize::new(0);
        let answers = on_threads(threads().min(parts.len() / 4), || {
            let (mut answers, mut frames) = (Vec::new(), 0usize);
            loop {
                let part = next.fetch_add(1, Ordering::Relaxed);
                let Some(&(segment, first, words, in_lists)) = parts.get(part) else {
                    return (answers, frames);
                };
                let mut bits = vec![0u64; words];
                for (sound, word) in (first as u32 * 64..).step_by(64).zip(&mut bits) {
                    for bit in 0..64 {
                        let Some(sound) = snapshot.get(SoundId { segment, sound: sound + bit }) else {
                            continue;
                        };
                        if passes(&sound) {
                            *word |= 1 << bit;
                            let count = if in_lists { sound.row.frame_count as usize } else { 0 };
                            frames = frames.saturating_add(count);
                        }
                    }
                }
                answers.push((part, bits));
            }
        });
        let mut frames = 0usize;
        for (answers, some) in answers {
            frames = frames.saturating_add(some);
            for (part, words) in answers {
                let (segment, first, count, _) = parts[part];
                bits[segment as usize][first..first + count].copy_from_slice(&words);
            }
        }
        let sounds = bits.iter().flatten().map(|word| word.count_ones() as usize).sum();
        let large = snapshot.segments().filter(|(_, segment)| segment.partition().is_some());
        let all = large.map(|(_, segment)| segment.frame_rows().len()).sum();
        let mut sieves = vec![Sieve::default(); bits.len()];
        if sieve::pays(frames, all) {
            snapshot.segments().for_each(|(at, segment)| sieves[at as usize] = Sieve::new(segment));
        }
        let generation = snapshot.manifest().generation;
        Self { generation, bits, sounds, frames, gathered: OnceLock::new(), sieves }
    }

    /// Whether these are sounds of this snapshot.
    pub fn is_of(&self, snapshot: &Snapshot) -> bool {
        self.generation == snapshot.manifest().generation
            && self.bits.len() == snapshot.manifest().segments.len()
    }

    /// Number of sounds that pass.
    pub fn len(&self) -> usize {
        self.sounds
    }

    /// Whether none passes.
    pub fn is_empty(&self) -> bool {
        self.sounds == 0
    }

    /// Whether a sound passes.
    pub fn holds(&self, id: SoundId) -> bool {
        let word = self.of_segment(id.segment).get(id.sound as usize / 64);
        word.is_some_and(|word| word >> (id.sound % 64) & 1 != 0)
    }

    /// Frames of the sounds of large segments that pass.
    pub(super) fn frames(&self) -> usize {
        self.frames
    }

    /// Copies of their vectors, made for the first question.
    pub(super) fn gathered(&self, snapshot: &Snapshot) -> &Gathered {
        self.gathered.get_or_init(|| Gathered::new(snapshot, self))
    }

    /// What passes of a list of a segment, made for the first question that looks into it; `None` where so many pass that
    /// the list is looked into as it is.
    pub(super) fn sieved(&self, segment: u32, number: usize, list: &List<'_>) -> Option<&Sieved> {
        self.sieves.get(segment as usize)?.of(number, list, self.of_segment(segment))
    }

    /// Those of large segments, in order.
    pub(super) fn in_lists(&self, snapshot: &Snapshot) -> impl Iterator<Item = SoundId> {
        let segments = snapshot.segments().filter(|(_, segment)| segment.partition().is_some());
        segments.flat_map(|(segment, _)| {
            self.of_segment(segment).iter().zip((0u32..).step_by(64)).flat_map(move |(word, first)| {
                let is_in = move |bit: &u32| word >> bit & 1 != 0;
                (0..64).filter(is_in).map(move |bit| SoundId { segment, sound: first + bit })
            })
        })
    }

    /// The bits of a segment's sounds.
    fn of_segment(&self, segment: u32) -> &[u64] {
        self.bits.get(segment as usize).map_or(&[], Vec::as_slice)
    }
}
