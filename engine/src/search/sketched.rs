//! Codes of the sounds that pass a filter, side by side.
//!
//! Where a filter lets too many sounds pass for all their vectors to be compared, and too few for the lists nearest to a
//! query to hold enough of them, their frames get codes of their own: around no centre, so that one comparison serves
//! all. They are made once; what looks closest is then weighed like what the lists hold.

use std::sync::atomic::{AtomicUsize, Ordering};

use crate::index::{Snapshot, SoundId};
use crate::vectors::Rotation;
use crate::vectors::codes::{BLOCK, Code, CodeFactors, Residual, block_words};

use super::Query;
use super::admission::Admission;
use super::near::{Near, NearSounds};
use super::parallel::{on_threads, threads};
use super::passing::Passing;
use super::scope::Scope;

/// Sounds that a thread takes at a time.
const SOUNDS: usize = 1024;
/// Sounds kept for each query frame, at least.
const KEPT: usize = 256;

/// Codes of some frames.
#[derive(Clone, Debug, Default)]
pub(super) struct Sketched {
    padded: usize,
    parts: Vec<Part>,
}

#[derive(Clone, Debug, Default)]
struct Part {
    sounds: Vec<SoundId>,
    /// Blocks of codes; a code's word is the place of its sound.
    blocks: Vec<u32>,
    frames: usize,
}

impl Sketched {
    /// Makes codes of the sounds of large segments that pass. Damaged rows are passed over.
    pub(super) fn new(snapshot: &Snapshot, passing: &Passing) -> Self {
        let size = snapshot.manifest().model.embedding_size as usize;
        let padded = Rotation::padded(size);
        let rotation = Rotation::new(size);
        let sounds: Vec<SoundId> = passing.in_lists(snapshot).collect();
        let next = AtomicUsize::new(0);
        let made = on_threads(threads().min(sounds.len().div_ceil(SOUNDS)), || {
            let mut parts = Vec::new();
            loop {
                let number = next.fetch_add(1, Ordering::Relaxed);
                let Some(sounds) = sounds.chunks(SOUNDS).nth(number) else { return parts };
                parts.push((number, Part::new(snapshot, sounds, (size, padded), &rotation)));
            }
        });
        let mut parts: Vec<(usize, Part)> = made.into_iter().flatten().collect();
        parts.sort_unstable_by_key(|(number, _)| *number);
        Self { padded, parts: parts.into_iter().map(|(_, part)| part).collect() }
    }

    /// For each query frame the sounds that look closest.
    pub(super) fn closest(&self, snapshot: &Snapshot, query: &Query, scope: &Scope<'_>) -> Vec<NearSounds> {
        let centre = vec![0; self.padded];
        let mut scratch = Vec::new();
        let residuals: Vec<Residual> = query
            .rotated()
            .iter()
            .map(|rotated| {
                let mut residual = Residual::default();
                residual.set(rotated, &centre, 0.0, &mut scratch);
                residual
            })
            .collect();
        let keep = KEPT.max(4 * scope.k);
        let admission = Admission::new(snapshot, scope);
        let next = AtomicUsize::new(0);
        let mut all = on_threads(threads().min(self.parts.len()), || {
            let mut near = vec![NearSounds::new(keep); query.len()];
            let mut cosines = Vec::new();
            while let Some(part) = self.parts.get(next.fetch_add(1, Ordering::Relaxed)) {
                for (residual, near) in residuals.iter().zip(&mut near) {
                    residual.estimate(&part.blocks, &mut cosines);
                    self.take(part, residual, &cosines, &admission, near);
                }
            }
            near
        })
        .into_iter();
        let mut near = all.next().unwrap_or_default();
        for mut others in all {
            near.iter_mut().zip(&mut others).for_each(|(near, other)| near.merge(other));
        }
        near.iter_mut().for_each(|near| near.settle(&admission));
        near
    }

    fn take(
        &self,
        part: &Part,
        residual: &Residual,
        cosines: &[f32],
        admission: &Admission<'_>,
        near: &mut NearSounds,
    ) {
        for (block, cosines) in cosines.as_chunks::<BLOCK>().0.iter().enumerate() {
            let floor = near.floor();
            if !cosines.iter().any(|cosine| *cosine > floor) {
                continue;
            }
            for (code, cosine) in (block * BLOCK..part.frames).zip(cosines.iter().copied()) {
                if cosine <= near.floor() {
                    continue;
                }
                let factors = CodeFactors::of(&part.blocks, self.padded, code);
                let id = part.sounds[factors.word as usize];
                if admission.may_vote(id) {
                    near.push(Near { id, cosine, deviation: residual.deviation(factors) }, admission);
                }
            }
        }
    }
}

impl Part {
    fn new(
        snapshot: &Snapshot,
        sounds: &[SoundId],
        (size, padded): (usize, usize),
        rotation: &Rotation,
    ) -> Self {
        let words = block_words(padded);
        let (centre, mut rotated, mut buffer) = (vec![0.0; padded], vec![0.0; padded], Vec::new());
        let mut part = Self { sounds: sounds.to_vec(), ..Self::default() };
        for (word, id) in (0u32..).zip(sounds) {
            let Some(sound) = snapshot.get(*id) else { continue };
            let Ok(frames) = sound.frame_range() else { continue };
            let rows = &sound.segment().frame_rows()[frames.clone()];
            let vectors = sound.segment().read_vectors(frames, &mut buffer);
            for (vector, row) in vectors.chunks_exact(size).zip(rows) {
                rotated.fill(0.0);
                rotated.iter_mut().zip(vector).for_each(|(out, x)| *out = f32::from(*x) * row.scale);
                rotation.apply(&mut rotated);
                let lane = part.frames % BLOCK;
                if lane == 0 {
                    part.blocks.resize(part.blocks.len() + words, 0);
                }
                let block = part.blocks.len() - words;
                Code::new(&rotated, &centre).store(&mut part.blocks[block..], lane, word);
                part.frames += 1;
            }
        }
        part
    }
}
