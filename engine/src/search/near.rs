//! The sounds that look closest to one query frame, by estimates.

use crate::index::SoundId;

use super::admission::Admission;

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

/// A slot of the table of places that is not taken.
const FREE: u32 = u32::MAX;

/// Keeps the `keep` sounds that look closest.
#[derive(Clone, Debug)]
pub(super) struct NearSounds {
    keep: usize,
    /// What looks less close cannot get in any more.
    floor: f32,
    entries: Vec<Near>,
    /// Where each sound is among the entries, by a hash of its name; in use while they are settled.
    places: Vec<u32>,
}

impl NearSounds {
    pub(super) fn new(keep: usize) -> Self {
        Self { keep, floor: f32::NEG_INFINITY, entries: Vec::new(), places: Vec::new() }
    }

    /// What looks less close cannot get in.
    pub(super) fn floor(&self) -> f32 {
        self.floor
    }

    /// Takes a frame's sound that looks closer than the floor.
    pub(super) fn push(&mut self, near: Near, admission: &Admission<'_>) {
        self.entries.push(near);
        if self.entries.len() >= 4 * self.keep + 64 {
            self.settle(admission);
        }
    }

    /// Leaves each sound once, none that is asked about, and at most `keep` of them.
    pub(super) fn settle(&mut self, admission: &Admission<'_>) {
        self.leave_each_once();
        let entries = &mut self.entries;
        // Whether a sound is asked about takes a look at it: only what would be kept is looked at.
        loop {
            let first = self.keep.min(entries.len());
            if entries.len() > self.keep {
                // Equal ones are told apart by their sounds, so that results never depend on how the work was divided.
                let order = |a: &Near, b: &Near| b.cosine.total_cmp(&a.cosine).then(a.id.cmp(&b.id));
                entries.select_nth_unstable_by(self.keep - 1, order);
            }
            let mut others = 0;
            for at in 0..first {
                if admission.is_other(entries[at].id) {
                    entries.swap(others, at);
                    others += 1;
                }
            }
            entries.drain(others..first);
            if others == first {
                break;
            }
        }
        if entries.len() > self.keep {
            self.floor = entries[self.keep - 1].cosine;
            entries.truncate(self.keep);
        }
    }

    /// Leaves of each sound what looks closest; a table of places is several times as fast here as sorting by sound.
    fn leave_each_once(&mut self) {
        let size = (2 * self.entries.len()).next_power_of_two();
        self.places.clear();
        self.places.resize(size, FREE);
        let mut kept = 0;
        for at in 0..self.entries.len() {
            let near = self.entries[at];
            let key = u64::from(near.id.segment) << 32 | u64::from(near.id.sound);
            let mut slot = (key.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 32) as usize & (size - 1);
            loop {
                let place = self.places[slot];
                if place == FREE {
                    self.places[slot] = kept as u32;
                    self.entries[kept] = near;
                    kept += 1;
                    break;
                }
                let known = &mut self.entries[place as usize];
                if known.id == near.id {
                    let closer = near.cosine.total_cmp(&known.cosine);
                    if closer.then(near.deviation.total_cmp(&known.deviation)).is_gt() {
                        *known = near;
                    }
                    break;
                }
                slot = (slot + 1) & (size - 1);
            }
        }
        self.entries.truncate(kept);
    }

    /// Takes over what another thread has found; [`NearSounds::settle`] follows.
    pub(super) fn merge(&mut self, other: &mut Self) {
        self.floor = self.floor.max(other.floor);
        self.entries.append(&mut other.entries);
    }

    /// An empty one that takes nothing that this one would not.
    pub(super) fn fresh(&self) -> Self {
        Self { floor: self.floor, ..Self::new(self.keep) }
    }

    /// The sounds, in no order.
    pub(super) fn entries(&self) -> &[Near] {
        &self.entries
    }

    /// The cosine of the one in this place, counted from one, if there are so many.
    pub(super) fn cosine_of(&self, place: usize) -> Option<f32> {
        let mut cosines: Vec<f32> = self.entries.iter().map(|near| near.cosine).collect();
        let at = place.checked_sub(1).filter(|at| *at < cosines.len())?;
        Some(*cosines.select_nth_unstable_by(at, |a, b| b.total_cmp(a)).1)
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
