//! Weighs the sounds that look closest: reads their vectors and compares every frame.
//!
//! Candidates are taken in the order of how similar they can be at most; as soon as the wanted number of sounds is more
//! similar than the next one can be, the rest is left (the threshold algorithm of Fagin, Lotem & Naor, 2003). How
//! similar a sound can be is the mean of its estimated cosines, for query frames that it does not look close to the
//! cosine of the last one that does, and twice the standard deviation that the bound of the codes gives that mean.

use std::time::{Duration, Instant};

use rustc_hash::FxHashMap;

use crate::index::{Snapshot, SoundId};

use super::Query;
use super::flat::{Found, best_of, mean};
use super::near::Near;
use super::probe::Nearest;
use super::top::Top;

/// Standard deviations that an estimate may be off.
const DEVIATIONS: f32 = 2.0;
/// Rounding the query to eight bits changes a cosine by less.
const ROUNDING: f32 = 0.002;
/// Sounds that are on their way to memory together.
const AT_ONCE: usize = 48;
/// Sounds that are on their way to the processor's caches together …
const TOUCHED: usize = 12;
/// … with so many frames of each.
const TOUCHED_FRAMES: usize = 16;
/// Sounds that take longer than this each were not in memory.
const SLOW: Duration = Duration::from_micros(50);

/// Sounds compared so far.
pub(super) struct Scales<'a> {
    snapshot: &'a Snapshot,
    query: &'a Query,
    /// Where the best cosines of a sound begin in `best`.
    weighed: FxHashMap<SoundId, usize>,
    best: Vec<f32>,
    buffer: Vec<i8>,
    scales: Vec<f32>,
    rows: Vec<f32>,
    /// When the last few sounds were begun with, and how many they were.
    last: Option<(Instant, u32)>,
}

/// A sound that may be among the closest.
struct Candidate {
    id: SoundId,
    /// How similar it can be at most.
    ceiling: f32,
}

impl<'a> Scales<'a> {
    pub(super) fn new(snapshot: &'a Snapshot, query: &'a Query) -> Self {
        Self {
            snapshot,
            query,
            weighed: FxHashMap::default(),
            best: Vec::new(),
            buffer: Vec::new(),
            scales: Vec::new(),
            rows: Vec::new(),
            last: None,
        }
    }

    /// Puts the closest sounds among the hits, until the best `k` of these are known.
    pub(super) fn weigh_hits(&mut self, near: &Nearest, hits: &mut Top<SoundId>, k: usize) {
        let mut best = hits.best(k);
        for some in self.candidates(near).chunks(AT_ONCE) {
            self.read_ahead(some.iter().map(|candidate| candidate.id));
            for few in some.chunks(TOUCHED) {
                self.touch(few.iter().map(|candidate| candidate.id));
                for candidate in few {
                    if !best.admits(candidate.ceiling + ROUNDING) {
                        return;
                    }
                    if let Some(cosines) = self.weigh(candidate.id) {
                        let similarity = mean(cosines);
                        best.push(similarity, candidate.id);
                        hits.push(similarity, candidate.id);
                    }
                }
            }
        }
    }

    /// Puts the closest labelled sounds among the voters.
    pub(super) fn weigh_voters(&mut self, near: &mut Nearest, found: &mut Found<'_>) {
        for (query, (near, voters)) in near.labelled.iter_mut().zip(&mut found.voters).enumerate() {
            near.sort();
            'query: for some in near.entries().chunks(AT_ONCE) {
                self.read_ahead(some.iter().map(|near| near.id));
                for few in some.chunks(TOUCHED) {
                    let admitted = few
                        .iter()
                        .take_while(|near| voters.admits(near.cosine + DEVIATIONS * near.deviation));
                    self.touch(admitted.map(|near| near.id));
                    for Near { id, cosine, deviation } in few.iter().copied() {
                        if !voters.admits(cosine + DEVIATIONS * deviation) {
                            break 'query;
                        }
                        let cat = self.snapshot.get(id).and_then(|sound| sound.cat());
                        if let (Some(cat), Some(best)) = (cat, self.weigh(id)) {
                            voters.push(best[query], (id, cat));
                        }
                    }
                }
            }
        }
    }

    /// Has sounds on their way to memory together when the last ones had to be waited for: after a cold start, reading
    /// one after the other would wait for the drive each time.
    fn read_ahead(&mut self, sounds: impl Iterator<Item = SoundId>) {
        let waited = match self.last {
            Some((begun, count)) => begun.elapsed() > SLOW * count,
            None => !self.snapshot.segments().all(|(_, segment)| segment.is_warm()),
        };
        let (mut count, snapshot) = (0, self.snapshot);
        for id in sounds.filter(|id| !self.weighed.contains_key(id)) {
            count += 1;
            let Some(sound) = snapshot.get(id).filter(|_| waited) else { continue };
            let Ok(frames) = sound.frame_range() else { continue };
            let (segment, size) = (sound.segment(), self.query.embedding_size());
            segment.read_ahead(&segment.frame_rows()[frames.clone()]);
            segment.read_ahead(&segment.vectors()[frames.start * size..frames.end * size]);
        }
        if count > 0 {
            self.last = Some((Instant::now(), count));
        }
    }

    /// Has what a few sounds are compared by on its way to the processor's caches. It is spread over all of the library;
    /// to wait for one thing after the other takes longer than the comparing.
    fn touch(&self, sounds: impl Iterator<Item = SoundId>) {
        let place = |id| {
            let sound = self.snapshot.get(id)?;
            Some((sound.segment(), sound.frame_range().ok().filter(|frames| !frames.is_empty())?))
        };
        let mut places = [const { None }; TOUCHED];
        // A loop for each thing: no read in it waits for another one.
        let new = sounds.filter(|id| !self.weighed.contains_key(id));
        places.iter_mut().zip(new).for_each(|(out, id)| *out = place(id));
        let mut sum = 0u32;
        for (segment, frames) in places.iter().flatten() {
            sum ^= segment.frame_rows()[frames.start].start_ms;
            sum ^= segment.touch_vectors(frames.start..frames.end.min(frames.start + TOUCHED_FRAMES));
        }
        std::hint::black_box(sum);
    }

    /// The candidates, most promising first.
    fn candidates(&self, near: &Nearest) -> Vec<Candidate> {
        let queries = self.query.len() as f32;
        let floors: Vec<f32> = near.hits.iter().map(|near| near.ceiling_of_others()).collect();
        let floor = floors.iter().sum::<f32>();
        let mut all: Vec<(SoundId, f32, f32)> = Vec::new();
        for (near, floor) in near.hits.iter().zip(&floors) {
            let entry = |near: &Near| (near.id, near.cosine - floor, near.deviation * near.deviation);
            all.extend(near.entries().iter().map(entry));
        }
        let candidate = |entries: &[(SoundId, f32, f32)]| {
            let above: f32 = entries.iter().map(|entry| entry.1).sum();
            let variance: f32 = entries.iter().map(|entry| entry.2).sum();
            let ceiling = (floor + above + DEVIATIONS * variance.sqrt()) / queries;
            Candidate { id: entries[0].0, ceiling }
        };
        let mut candidates: Vec<Candidate> = if near.hits.len() == 1 {
            all.chunks(1).map(candidate).collect()
        } else {
            all.sort_unstable_by_key(|entry| entry.0);
            all.chunk_by(|a, b| a.0 == b.0).map(candidate).collect()
        };
        candidates.sort_unstable_by(|a, b| b.ceiling.total_cmp(&a.ceiling).then(a.id.cmp(&b.id)));
        candidates
    }

    /// The best cosine of each query frame among a sound's frames.
    fn weigh(&mut self, id: SoundId) -> Option<&[f32]> {
        let queries = self.query.len();
        if let Some(at) = self.weighed.get(&id) {
            return Some(&self.best[*at..*at + queries]);
        }
        let sound = self.snapshot.get(id)?;
        let frames = sound.frame_range().ok().filter(|frames| !frames.is_empty())?;
        let segment = sound.segment();
        let lanes = self.query.quantised().lanes();
        self.scales.clear();
        self.scales.extend(segment.frame_rows()[frames.clone()].iter().map(|row| row.scale));
        self.rows.resize(frames.len() * lanes, 0.0);
        let vectors = segment.read_vectors(frames, &mut self.buffer);
        self.query.quantised().compare(vectors, &self.scales, &mut self.rows);
        let at = self.best.len();
        self.best.extend_from_slice(best_of(&mut self.rows, lanes, queries));
        self.weighed.insert(id, at);
        Some(&self.best[at..])
    }

    /// Sounds compared so far.
    pub(super) fn weighed(&self) -> usize {
        self.weighed.len()
    }
}
