//! From a query to the closest sounds, and the closest labelled sounds for the vote.
//!
//! Small segments are compared whole ([`flat`](super::flat)). In large ones the lists nearest to the query are looked
//! into ([`probe`](super::probe)), and what looks closest there is weighed ([`weigh`](super::weigh)). Where only few
//! sounds pass the filter, these are compared whole wherever they are; the same goes for labelled sounds, and for a small
//! library altogether.

use std::sync::atomic::{AtomicUsize, Ordering};

use crate::index::{Segment, Snapshot, SoundId, SoundRef};
use crate::vectors;

use super::Passing;
use super::Query;
use super::categories::Vote;
use super::flat::Found;
use super::gathered::Gathered;
use super::parallel::{on_threads, threads};
use super::probe::{Probe, Wanted};
use super::scope::Scope;
use super::top::Top;
use super::weigh::Scales;

/// A library whose lists hold fewer frames is compared whole: that takes no longer, and nothing is estimated.
const FEW: usize = 1 << 13;
/// Sounds that a thread takes at a time.
const BATCH: usize = 1024;
/// So many frames of labelled sounds, and no more than one in eight, are compared without looking into lists …
const FEW_LABELLED: usize = 1 << 15;
/// … and so many of sounds that pass a filter: the lists that hold enough of them would be very many.
const FEW_PASSING: usize = 1 << 14;

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

/// What a search found.
#[derive(Debug)]
pub struct Ranking {
    /// Closest sounds, best first.
    pub hits: Vec<Hit>,
    /// For each query frame the closest labelled sounds, best first.
    pub votes: Vec<Vec<Vote>>,
}

/// Finds the sounds of a library that are closest to a query.
///
/// Damaged rows are passed over; `verify` reports them.
///
/// # Panics
/// When the query comes from a model with another embedding size than the library's, or [`Scope::passing`] from another
/// snapshot.
pub fn search(snapshot: &Snapshot, query: &Query, scope: &Scope<'_>) -> Ranking {
    let size = snapshot.manifest().model.embedding_size as usize;
    assert_eq!(size, query.embedding_size(), "query of another model");
    assert!(scope.passing.is_none_or(|passing| passing.is_of(snapshot)), "filter of another snapshot");
    if query.is_empty() {
        return Ranking { hits: Vec::new(), votes: Vec::new() };
    }
    let threads = threads();
    // Some more than are wanted: near the end, the rounding of the query decides who is in.
    let k = if scope.k == 0 { 0 } else { scope.k.saturating_add(scope.k / 2).saturating_add(8) };
    let whole = Whole::new(snapshot, scope);
    let mut found = whole.compare(query, scope, k, threads);
    let wanted = Wanted {
        hits: k > 0 && !whole.everything && whole.all_passing.is_none(),
        votes: scope.votes && !whole.everything && !whole.all_labelled,
    };
    if wanted.hits || wanted.votes {
        let mut near = Probe::new(snapshot, query).run(wanted, scope, threads);
        let mut scales = Scales::new(snapshot, query);
        scales.weigh_hits(&near, &mut found.hits, scope.k);
        scales.weigh_voters(&mut near, &mut found);
        tracing::debug!(weighed = scales.weighed(), "lists looked into");
    }
    let hits = std::mem::replace(&mut found.hits, Top::new(0)).into_sorted();
    let mut hits: Vec<Hit> = hits.into_iter().filter_map(|(_, id)| exact(snapshot, query, id)).collect();
    hits.sort_by(|a, b| b.similarity.total_cmp(&a.similarity).then_with(|| a.id.cmp(&b.id)));
    hits.truncate(scope.k);
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
        found.take(bank, &sound, id, (false, sound.cat()));
    }
    found.compare(bank);
    found.into_votes(true)
}

/// What is compared whole, rather than looked for in lists.
struct Whole<'a> {
    snapshot: &'a Snapshot,
    /// All there is: a small library.
    everything: bool,
    /// Every sound that passes the filter: there are few.
    all_passing: Option<&'a Passing>,
    /// Every labelled sound: there are few.
    all_labelled: bool,
    /// Whether labelled sounds vote.
    votes: bool,
}

/// Sounds of a segment that are compared whole.
enum Batch<'a> {
    /// Those of a small segment, from the first to before the last.
    Run(u32, &'a Segment, std::ops::Range<usize>),
    /// Some of the few sounds of large segments that pass.
    Passing(&'a Gathered, std::ops::Range<usize>),
    /// Labelled sounds of a large segment.
    Labelled(u32, &'a Segment, &'a [u32]),
}

impl<'a> Whole<'a> {
    fn new(snapshot: &'a Snapshot, scope: &Scope<'a>) -> Self {
        let (mut labelled, mut all) = (0, 0);
        for (_, segment) in snapshot.segments().filter(|(_, segment)| segment.partition().is_some()) {
            let (sounds, frames) = (segment.sound_rows().len().max(1), segment.frame_rows().len());
            all += frames;
            // Sounds have about as many frames with a label as without.
            labelled += segment.labelled().map_or(sounds, <[u32]>::len) * frames.div_ceil(sounds);
        }
        let everything = all < FEW;
        let few = FEW_PASSING.min(all / 64);
        let all_passing =
            scope.passing.filter(|passing| !everything && scope.k > 0 && passing.frames() <= few);
        let all_labelled = !everything && labelled <= FEW_LABELLED.min(all / 8);
        Self { snapshot, everything, all_passing, all_labelled, votes: scope.votes }
    }

    fn batches(&self) -> Vec<Batch<'a>> {
        let ranges =
            |count: usize| (0..count).step_by(BATCH).map(move |first| first..count.min(first + BATCH));
        let mut batches = Vec::new();
        if let Some(passing) = self.all_passing {
            let gathered = passing.gathered(self.snapshot);
            batches.extend(ranges(gathered.len()).map(|range| Batch::Passing(gathered, range)));
        }
        for (at, segment) in self.snapshot.segments() {
            let sounds = segment.sound_rows().len();
            if self.everything || segment.partition().is_none() {
                batches.extend(ranges(sounds).map(|range| Batch::Run(at, segment, range)));
                continue;
            }
            if let Some(labelled) = segment.labelled().filter(|_| self.votes && self.all_labelled) {
                batches.extend(labelled.chunks(BATCH).map(|part| Batch::Labelled(at, segment, part)));
            }
        }
        batches
    }

    fn compare<'q>(&self, query: &'q Query, scope: &Scope<'_>, k: usize, threads: usize) -> Found<'q> {
        let batches = self.batches();
        let next = AtomicUsize::new(0);
        let mut all = on_threads(threads.min(batches.len()), || {
            let mut found = Found::new(query, k);
            while let Some(batch) = batches.get(next.fetch_add(1, Ordering::Relaxed)) {
                self.compare_batch(batch, query, scope, &mut found);
            }
            found
        })
        .into_iter();
        let mut found = all.next().unwrap_or_else(|| Found::new(query, k));
        all.for_each(|other| found.merge(other));
        found
    }

    fn compare_batch(&self, batch: &Batch<'_>, query: &Query, scope: &Scope<'_>, found: &mut Found<'_>) {
        let get = |segment: u32, sound: u32| {
            let id = SoundId { segment, sound };
            Some((id, self.snapshot.get(id).filter(|sound| !(scope.is_query)(sound))?))
        };
        match batch {
            Batch::Run(at, segment, sounds) => {
                for (id, sound) in sounds.clone().filter_map(|sound| get(*at, sound as u32)) {
                    found.take(
                        segment,
                        &sound,
                        id,
                        (scope.k > 0 && scope.passes(id), sound.cat().filter(|_| self.votes)),
                    );
                }
                found.compare(segment);
            }
            Batch::Passing(gathered, sounds) => {
                gathered.compare(sounds.clone(), (self.snapshot, query, scope), found);
            }
            Batch::Labelled(at, segment, sounds) => {
                for (id, sound) in sounds.iter().filter_map(|sound| get(*at, *sound)) {
                    found.take(segment, &sound, id, (false, sound.cat()));
                }
                found.compare(segment);
            }
        }
    }
}

/// Similarities of one sound without the query's rounding, and where it matches best.
fn exact(snapshot: &Snapshot, query: &Query, id: SoundId) -> Option<Hit> {
    let sound = snapshot.get(id)?;
    let segment = sound.segment();
    let frames = sound.frame_range().ok()?;
    let rows = &segment.frame_rows()[frames.clone()];
    let mut buffer = Vec::new();
    let vectors = segment.read_vectors(frames, &mut buffer);
    let mut sum = 0.0;
    let mut closest = (f32::NEG_INFINITY, 0, 0);
    for number in 0..query.len() {
        let direction = query.direction(number);
        let mut best = (f32::NEG_INFINITY, 0);
        for (row, vector) in rows.iter().zip(vectors.chunks_exact(query.embedding_size())) {
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
