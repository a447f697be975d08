//! Which sounds may be found.

use std::sync::atomic::{AtomicUsize, Ordering};

use crate::index::{Snapshot, SoundId, SoundRef};

use super::parallel::on_threads;

/// Sounds asked to learn how narrow a filter is.
const SAMPLE: usize = 1024;
/// With fewer of them allowed, every sound is asked, and the scan looks at the answers.
const WIDE: usize = SAMPLE / 16;
/// Words of 64 sounds that a thread takes at a time.
const WORDS: usize = 64;

/// Which sounds may be found.
pub struct Scope<'a> {
    /// How many sounds are wanted.
    pub k: usize,
    /// Whether a sound may be a result.
    pub allows: &'a (dyn Fn(&SoundRef<'_>) -> bool + Sync),
    /// Whether a sound is the one asked about: it is neither a result nor does it vote.
    pub is_query: &'a (dyn Fn(&SoundRef<'_>) -> bool + Sync),
}

/// How a scan learns whether a sound may be found.
pub(super) enum Allowed {
    /// Asked of the sounds that look promising.
    Wide,
    /// Known of every sound: one bit each, by segment.
    Narrow {
        bits: Vec<Vec<u64>>,
        /// Frames of the allowed sounds.
        frames: usize,
        /// Frames of all sounds.
        all_frames: usize,
    },
}

impl Allowed {
    /// Finds out how narrow a filter is.
    pub(super) fn new(snapshot: &Snapshot, scope: &Scope<'_>, threads: usize) -> Self {
        if scope.k == 0 {
            return Self::Wide;
        }
        let counts: Vec<(u32, usize)> =
            snapshot.segments().map(|(at, segment)| (at, segment.sound_rows().len())).collect();
        let sounds: usize = counts.iter().map(|(_, sounds)| sounds).sum();
        let mut passed = 0;
        let (mut segments, mut before) = (counts.iter(), 0);
        let mut segment = segments.next();
        for number in (0..SAMPLE).map(|at| at * sounds / SAMPLE) {
            while let Some((_, count)) = segment.filter(|(_, count)| number >= before + count) {
                before += count;
                segment = segments.next();
            }
            let Some((at, _)) = segment else { break };
            let sound = snapshot.get(SoundId { segment: *at, sound: (number - before) as u32 });
            passed += usize::from(sound.is_some_and(|sound| (scope.allows)(&sound)));
            if passed >= WIDE {
                return Self::Wide;
            }
        }
        Self::ask_all(snapshot, scope, threads)
    }

    fn ask_all(snapshot: &Snapshot, scope: &Scope<'_>, threads: usize) -> Self {
        let mut parts = Vec::new();
        for (at, segment) in snapshot.segments() {
            let words = segment.sound_rows().len().div_ceil(64);
            parts.extend((0..words).step_by(WORDS).map(|first| (at, first, WORDS.min(words - first))));
        }
        let next = AtomicUsize::new(0);
        let answers = on_threads(threads.min(parts.len() / 4), || {
            let (mut answers, mut frames) = (Vec::new(), 0usize);
            loop {
                let part = next.fetch_add(1, Ordering::Relaxed);
                let Some(&(segment, first, words)) = parts.get(part) else { return (answers, frames) };
                let mut bits = vec![0u64; words];
                for (sound, word) in (first as u32 * 64..).step_by(64).zip(&mut bits) {
                    for bit in 0..64 {
                        let Some(sound) = snapshot.get(SoundId { segment, sound: sound + bit }) else {
                            continue;
                        };
                        if (scope.allows)(&sound) {
                            *word |= 1 << bit;
                            frames += sound.row.frame_count as usize;
                        }
                    }
                }
                answers.push((part, bits));
            }
        });
        let mut bits: Vec<Vec<u64>> = vec![Vec::new(); snapshot.manifest().segments.len()];
        let mut all_frames = 0;
        for (at, segment) in snapshot.segments() {
            bits[at as usize] = vec![0; segment.sound_rows().len().div_ceil(64)];
            all_frames += segment.frame_rows().len();
        }
        let mut allowed_frames = 0usize;
        for (answers, frames) in answers {
            allowed_frames = allowed_frames.saturating_add(frames);
            for (part, words) in answers {
                let (segment, first, count) = parts[part];
                bits[segment as usize][first..first + count].copy_from_slice(&words);
            }
        }
        Self::Narrow { bits, frames: allowed_frames, all_frames }
    }
}

/// Whether the bit of a sound is set.
pub(super) fn is_set(bits: &[Vec<u64>], id: SoundId) -> bool {
    bits.get(id.segment as usize)
        .and_then(|bits| bits.get(id.sound as usize / 64))
        .is_some_and(|word| word >> (id.sound % 64) & 1 != 0)
}
