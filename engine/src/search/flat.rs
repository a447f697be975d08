//! Compares whole sounds with the query: every frame of them, in eight bits.

use std::ops::Range;

use crate::index::{Segment, SoundId, SoundRef};

use super::Query;
use super::categories::Vote;
use super::top::Top;

/// Frames compared at once, or a few more: their vectors and cosines stay in the processor's caches.
const FRAMES_AT_ONCE: usize = 64;
/// Closest labelled sounds kept for each query frame.
pub(super) const VOTERS: usize = 16;

/// What one thread has found so far.
pub(super) struct Found<'a> {
    query: &'a Query,
    pub(super) hits: Top<SoundId>,
    /// For each query frame; CatIDs by their place in the UCS list.
    pub(super) voters: Vec<Top<(SoundId, u16)>>,
    /// Sounds that lie side by side and wait to be compared.
    waiting: Vec<Waiting>,
    buffer: Vec<i8>,
    scales: Vec<f32>,
    /// Cosines, `[frames × lanes]`.
    rows: Vec<f32>,
}

struct Waiting {
    id: SoundId,
    frames: Range<usize>,
    allowed: bool,
    cat: Option<u16>,
}

impl<'a> Found<'a> {
    pub(super) fn new(query: &'a Query, k: usize) -> Self {
        Self {
            query,
            hits: Top::new(k),
            voters: (0..query.len()).map(|_| Top::new(VOTERS)).collect(),
            waiting: Vec::new(),
            buffer: Vec::new(),
            scales: Vec::new(),
            rows: Vec::new(),
        }
    }

    /// Takes a sound of a segment as a possible hit, as a voter (with its category) or as both; [`Found::compare`]
    /// must follow before one of another segment is taken.
    pub(super) fn take(
        &mut self,
        segment: &Segment,
        sound: &SoundRef<'_>,
        id: SoundId,
        part: (bool, Option<u16>),
    ) {
        let (allowed, cat) = part;
        if self.query.is_empty() || (!allowed && cat.is_none()) {
            return;
        }
        let Ok(frames) = sound.frame_range() else { return };
        if frames.is_empty() {
            return;
        }
        let begun = self.waiting.first().map_or(frames.start, |first| first.frames.start);
        let continues = self.waiting.last().is_none_or(|last| last.frames.end == frames.start);
        if !continues || frames.start - begun >= FRAMES_AT_ONCE {
            self.compare(segment);
        }
        self.waiting.push(Waiting { id, frames, allowed, cat });
    }

    /// Compares the waiting sounds.
    pub(super) fn compare(&mut self, segment: &Segment) {
        let mut waiting = std::mem::take(&mut self.waiting);
        let all = match (waiting.first(), waiting.last()) {
            (Some(first), Some(last)) => first.frames.start..last.frames.end,
            _ => return,
        };
        let lanes = self.query.quantised().lanes();
        self.scales.clear();
        self.scales.extend(segment.frame_rows()[all.clone()].iter().map(|row| row.scale));
        self.rows.resize(all.len() * lanes, 0.0);
        let vectors = segment.read_vectors(all.clone(), &mut self.buffer);
        self.query.quantised().compare(vectors, &self.scales, &mut self.rows);
        for sound in waiting.drain(..) {
            let rows = (sound.frames.start - all.start) * lanes..(sound.frames.end - all.start) * lanes;
            let best = best_of(&mut self.rows[rows], lanes, self.query.len());
            let similarity = mean(best);
            if sound.allowed && self.hits.admits(similarity) {
                self.hits.push(similarity, sound.id);
            }
            let Some(cat) = sound.cat else { continue };
            for (voters, cosine) in self.voters.iter_mut().zip(best) {
                if voters.admits(*cosine) {
                    voters.push(*cosine, (sound.id, cat));
                }
            }
        }
        self.waiting = waiting;
    }

    pub(super) fn merge(&mut self, other: Self) {
        self.hits.merge(other.hits);
        for (voters, others) in self.voters.iter_mut().zip(other.voters) {
            voters.merge(others);
        }
    }

    pub(super) fn into_votes(self, from_bank: bool) -> Vec<Vec<Vote>> {
        let vote = |(cosine, (id, cat))| Vote { cosine, cat, sound: id, from_bank };
        self.voters.into_iter().map(|voters| voters.into_sorted().into_iter().map(vote).collect()).collect()
    }
}

/// The best cosine of each query frame among a sound's rows, `[frames × lanes]`; they end up in the first row.
pub(super) fn best_of(rows: &mut [f32], lanes: usize, queries: usize) -> &[f32] {
    let (best, others) = rows.split_at_mut(lanes);
    for row in others.chunks_exact(lanes) {
        best.iter_mut().zip(row).for_each(|(best, cosine)| *best = best.max(*cosine));
    }
    &best[..queries]
}

/// Similarity of a sound whose best cosines these are.
pub(super) fn mean(best: &[f32]) -> f32 {
    best.iter().sum::<f32>() / best.len() as f32
}
