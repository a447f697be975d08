//! The sounds that look closest to one query frame, by estimates.

use crate::index::SoundId;

/// A sound that looks close, by its best frame.
#[derive(Clone, Copy, Debug)]
pub(super) struct Near {
    /// The sound.
    pub id: SoundId,
    /// Estimated cosine.
    pub cosine: f32,
    /// Standard deviation of the estimate.
    pub deviation: f32,
}

/// Keeps the `keep` sounds that look closest.
#[derive(Clone, Debug)]
pub(super) struct NearSounds {
    keep: usize,
    /// What looks less close cannot get in any more.
    floor: f32,
    entries: Vec<Near>,
}

impl NearSounds {
    pub(super) fn new(keep: usize) -> Self {
        Self { keep, floor: f32::NEG_INFINITY, entries: Vec::new() }
    }

    /// What looks less close cannot get in.
    pub(super) fn floor(&self) -> f32 {
        self.floor
    }

    /// Takes a frame's sound that looks closer than the floor.
    pub(super) fn push(&mut self, near: Near) {
        self.entries.push(near);
        if self.entries.len() >= 4 * self.keep + 64 {
            self.settle();
        }
    }

    /// Leaves each sound once and at most `keep` of them.
    pub(super) fn settle(&mut self) {
        let entries = &mut self.entries;
        entries.sort_unstable_by(|a, b| a.id.cmp(&b.id).then(b.cosine.total_cmp(&a.cosine)));
        entries.dedup_by_key(|near| near.id);
        if entries.len() > self.keep {
            // Equal ones are told apart by their sounds, so that results never depend on how the work was divided.
            let order = |a: &Near, b: &Near| b.cosine.total_cmp(&a.cosine).then(a.id.cmp(&b.id));
            entries.select_nth_unstable_by(self.keep - 1, order);
            entries.truncate(self.keep);
            self.floor = entries[self.keep - 1].cosine;
        }
    }

    /// Takes over what another thread has found; [`NearSounds::settle`] follows.
    pub(super) fn merge(&mut self, other: &mut Self) {
        self.floor = self.floor.max(other.floor);
        self.entries.append(&mut other.entries);
    }

    /// An empty one that takes nothing that this one would not.
    pub(super) fn fresh(&self) -> Self {
        Self { keep: self.keep, floor: self.floor, entries: Vec::new() }
    }

    /// The sounds, in no order.
    pub(super) fn entries(&self) -> &[Near] {
        &self.entries
    }

    /// Closest first.
    pub(super) fn sort(&mut self) {
        self.entries.sort_unstable_by(|a, b| b.cosine.total_cmp(&a.cosine).then(a.id.cmp(&b.id)));
    }

    /// How close a sound can look at most that is not among them.
    pub(super) fn ceiling_of_others(&self) -> f32 {
        let least = self.entries.iter().map(|near| near.cosine).fold(f32::INFINITY, f32::min);
        if least.is_finite() { least } else { 0.0 }
    }
}
