//! One pass over the library: closest sounds, and closest labelled sounds for the vote.

use std::num::NonZero;
use std::ops::Range;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use crate::index::{Segment, Snapshot, SoundId, SoundRef};

use super::Query;
use super::categories::Vote;
use super::top::Top;
use crate::vectors;

/// Sounds that a thread takes at a time.
const BATCH: u32 = 4096;
/// Frames compared at once, or a few more: their vectors and cosines stay in the processor's caches.
const FRAMES_AT_ONCE: usize = 64;
/// Closest labelled sounds kept for each query frame.
const VOTERS: usize = 16;

/// A sound found.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Hit {
    /// The sound.
    pub id: SoundId,
    /// Mean over the query's frames of the best cosine among the sound's frames, −1 to 1.
    pub similarity: f32,
    /// Where in the sound the closest frame begins, seconds.
    pub start_s: f64,
    /// Where in the region the frame it matches begins, seconds.
    pub query_start_s: f64,
}

/// Which sounds may be found.
pub struct Scope<'a> {
    /// How many sounds are wanted.
    pub k: usize,
    /// Whether a sound may be a result.
    pub allows: &'a (dyn Fn(&SoundRef<'_>) -> bool + Sync),
    /// Whether a sound is the one asked about: it is neither a result nor does it vote.
    pub is_query: &'a (dyn Fn(&SoundRef<'_>) -> bool + Sync),
}

/// What a search found.
#[derive(Debug)]
pub struct Ranking {
    /// Closest sounds, best first.
    pub hits: Vec<Hit>,
    /// For each query frame the closest labelled sounds, best first.
    pub votes: Vec<Vec<Vote>>,
}

/// Compares a query with every sound of a library.
///
/// Damaged rows are passed over; `verify` reports them.
///
/// # Panics
/// When the query comes from a model with another embedding size than the library's.
pub fn search(snapshot: &Snapshot, query: &Query, scope: &Scope<'_>) -> Ranking {
    let size = snapshot.manifest().model.embedding_size as usize;
    assert_eq!(size, query.embedding_size(), "query of another model");
    let mut batches = Vec::new();
    for (at, segment) in snapshot.segments() {
        let sounds = segment.sound_rows().len() as u32;
        batches.extend((0..sounds).step_by(BATCH as usize).map(|first| (at, segment, first)));
    }
    let threads = thread::available_parallelism().map_or(1, NonZero::get).min(batches.len()).max(1);
    let next = AtomicUsize::new(0);
    let work = || {
        let mut found = Found::new(query, scope.k);
        while let Some((at, segment, first)) = batches.get(next.fetch_add(1, Ordering::Relaxed)) {
            let last = first.saturating_add(BATCH).min(segment.sound_rows().len() as u32);
            for sound in (*first..last).filter_map(|number| segment.sound(number)) {
                let id = SoundId { segment: *at, sound: sound.number() };
                if snapshot.is_live(id) && !(scope.is_query)(&sound) {
                    found.take(segment, id, &sound, (scope.allows)(&sound));
                }
            }
            found.compare(segment);
        }
        found
    };
    let mut found = thread::scope(|threads_scope| {
        let helpers: Vec<_> = (1..threads).map(|_| threads_scope.spawn(work)).collect();
        let mut found = work();
        for helper in helpers {
            match helper.join() {
                Ok(other) => found.merge(other),
                Err(panic) => std::panic::resume_unwind(panic),
            }
        }
        found
    });
    let hits = std::mem::replace(&mut found.hits, Top::new(0)).into_sorted();
    let mut hits: Vec<Hit> = hits.into_iter().filter_map(|(_, id)| exact(snapshot, query, id)).collect();
    hits.sort_by(|a, b| b.similarity.total_cmp(&a.similarity).then_with(|| a.id.cmp(&b.id)));
    Ranking { hits, votes: found.into_votes(false) }
}

/// The closest labelled sounds of a starter bank for each query frame.
///
/// # Panics
/// When the query comes from a model with another embedding size than the bank's.
pub fn scan_bank(bank: &Segment, query: &Query, is_query: &dyn Fn(&SoundRef<'_>) -> bool) -> Vec<Vec<Vote>> {
    assert_eq!(bank.embedding_size(), query.embedding_size(), "query of another model");
    let mut found = Found::new(query, 0);
    for sound in bank.sounds().filter(|sound| !is_query(sound)) {
        let id = SoundId { segment: 0, sound: sound.number() };
        found.take(bank, id, &sound, false);
    }
    found.compare(bank);
    found.into_votes(true)
}

/// Similarities of one sound without the query's rounding, and where it matches best.
fn exact(snapshot: &Snapshot, query: &Query, id: SoundId) -> Option<Hit> {
    let sound = snapshot.get(id)?;
    let mut sum = 0.0;
    let mut closest = (f32::NEG_INFINITY, 0, 0);
    for number in 0..query.len() {
        let direction = query.direction(number);
        let mut best = (f32::NEG_INFINITY, 0);
        for (row, vector) in sound.frames().ok()? {
            let cosine = vectors::dot(direction, vector) * row.scale;
            if cosine > best.0 {
                best = (cosine, row.start_ms);
            }
        }
        sum += best.0;
        if best.0 > closest.0 {
            closest = (best.0, best.1, number);
        }
    }
    Some(Hit {
        id,
        similarity: sum / query.len() as f32,
        start_s: f64::from(closest.1) / 1000.0,
        query_start_s: query.start_s(closest.2),
    })
}

/// What one thread has found so far.
struct Found<'a> {
    query: &'a Query,
    hits: Top<SoundId>,
    /// For each query frame; CatIDs by their place in the UCS list.
    voters: Vec<Top<(SoundId, u16)>>,
    /// Sounds that lie side by side and wait to be compared.
    waiting: Vec<Waiting>,
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
    fn new(query: &'a Query, k: usize) -> Self {
        Self {
            query,
            hits: Top::new(k),
            voters: (0..query.len()).map(|_| Top::new(VOTERS)).collect(),
            waiting: Vec::new(),
            scales: Vec::new(),
            rows: Vec::new(),
        }
    }

    /// Takes a sound of a segment; [`Found::compare`] must follow before one of another segment is taken.
    fn take(&mut self, segment: &Segment, id: SoundId, sound: &SoundRef<'_>, allowed: bool) {
        let cat = sound.cat();
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
    fn compare(&mut self, segment: &Segment) {
        let mut waiting = std::mem::take(&mut self.waiting);
        let all = match (waiting.first(), waiting.last()) {
            (Some(first), Some(last)) => first.frames.start..last.frames.end,
            _ => return,
        };
        let (size, lanes) = (self.query.embedding_size(), self.query.quantised().lanes());
        self.scales.clear();
        self.scales.extend(segment.frame_rows()[all.clone()].iter().map(|row| row.scale));
        self.rows.resize(all.len() * lanes, 0.0);
        let vectors = &segment.vectors()[all.start * size..all.end * size];
        self.query.quantised().compare(vectors, &self.scales, &mut self.rows);
        for sound in waiting.drain(..) {
            // The best of each query frame ends up in the sound's first row.
            let rows = (sound.frames.start - all.start) * lanes..(sound.frames.end - all.start) * lanes;
            let (best, others) = self.rows[rows].split_at_mut(lanes);
            for row in others.chunks_exact(lanes) {
                best.iter_mut().zip(row).for_each(|(best, cosine)| *best = best.max(*cosine));
            }
            let best = &best[..self.query.len()];
            let similarity = best.iter().sum::<f32>() / self.query.len() as f32;
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

    fn merge(&mut self, other: Self) {
        self.hits.merge(other.hits);
        for (voters, others) in self.voters.iter_mut().zip(other.voters) {
            voters.merge(others);
        }
    }

    fn into_votes(self, from_bank: bool) -> Vec<Vec<Vote>> {
        let vote = |(cosine, (id, cat))| Vote { cosine, cat, sound: id, from_bank };
        self.voters.into_iter().map(|voters| voters.into_sorted().into_iter().map(vote).collect()).collect()
    }
}
