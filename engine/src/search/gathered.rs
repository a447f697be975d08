//! The vectors of few sounds side by side.
//!
//! Where a filter lets few sounds of a large library pass, each question is compared with all of their frames. They lie
//! scattered over the segments, and reading them from there takes several times as long as comparing them; so they are
//! copied once.

use crate::index::{Snapshot, SoundId};

use super::Query;
use super::flat::{Found, best_of, mean};
use super::passing::Passing;
use super::scope::Scope;

/// Frames compared at once, or a few more: their cosines stay in the processor's caches.
const FRAMES_AT_ONCE: usize = 64;

/// Copied vectors.
#[derive(Clone, Debug, Default)]
pub(super) struct Gathered {
    embedding_size: usize,
    /// The sounds, each with where its frames end.
    sounds: Vec<(SoundId, usize)>,
    /// `[frames × embedding size]`
    vectors: Vec<i8>,
    /// Quantisation step of each frame.
    scales: Vec<f32>,
}

impl Gathered {
    /// Copies the vectors of the sounds of large segments that pass. Damaged rows are passed over.
    pub(super) fn new(snapshot: &Snapshot, passing: &Passing) -> Self {
        let embedding_size = snapshot.manifest().model.embedding_size as usize;
        let mut gathered = Self { embedding_size, ..Self::default() };
        let mut buffer = Vec::new();
        for id in passing.in_lists(snapshot) {
            let Some(sound) = snapshot.get(id) else { continue };
            let Some(frames) = sound.frame_range().ok().filter(|frames| !frames.is_empty()) else { continue };
            let rows = &sound.segment().frame_rows()[frames.clone()];
            gathered.scales.extend(rows.iter().map(|row| row.scale));
            gathered.vectors.extend_from_slice(sound.segment().read_vectors(frames, &mut buffer));
            gathered.sounds.push((id, gathered.scales.len()));
        }
        gathered
    }

    /// Number of sounds.
    pub(super) fn len(&self) -> usize {
        self.sounds.len()
    }

    /// Compares some of the sounds with a query.
    pub(super) fn compare(
        &self,
        sounds: std::ops::Range<usize>,
        (snapshot, query, scope): (&Snapshot, &Query, &Scope<'_>),
        found: &mut Found<'_>,
    ) {
        let lanes = query.quantised().lanes();
        let start_of = |sound: usize| sound.checked_sub(1).map_or(0, |before| self.sounds[before].1);
        let (mut rows, mut first) = (Vec::new(), sounds.start);
        while first < sounds.end {
            let start = start_of(first);
            let some =
                self.sounds[first..sounds.end].iter().take_while(|(_, end)| end - start <= FRAMES_AT_ONCE);
            let last = first + some.count().max(1);
            let end = start_of(last);
            rows.resize((end - start) * lanes, 0.0);
            let vectors = &self.vectors[start * self.embedding_size..end * self.embedding_size];
            query.quantised().compare(vectors, &self.scales[start..end], &mut rows);
            let mut begin = start;
            for (id, end) in &self.sounds[first..last] {
                let rows = &mut rows[(begin - start) * lanes..(end - start) * lanes];
                let similarity = mean(best_of(rows, lanes, query.len()));
                begin = *end;
                let is_other = || snapshot.get(*id).is_some_and(|sound| !(scope.is_query)(&sound));
                if found.hits.admits(similarity) && is_other() {
                    found.hits.push(similarity, *id);
                }
            }
            first = last;
        }
    }
}
