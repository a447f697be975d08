//! In which order lists are looked into, and how many of them.
//!
//! What the first few lists hold tells how far lists may be away that are worth looking into: most questions need few of
//! them, some need many.

use super::near::NearSounds;

/// Lists looked into first: they hold most of what is closest, and its cosines keep out most of what follows.
pub(super) const FIRST: usize = 4;
/// Lists this much farther from a query frame than what is wanted of it, in squared distance, hold hardly any of that.
const SLACK: f32 = 0.5;
/// How many times more lists are looked into when too few sounds were found.
const MORE: usize = 4;

/// The lists in the order in which they are looked into.
#[derive(Clone, Default)]
pub(super) struct Order {
    /// Of each list its squared distance from the query frame, less one, and its number.
    pub lists: Vec<(f32, u32)>,
    /// So many of them, the first ones, are in order.
    sorted: usize,
    /// So many were looked into for hits …
    pub for_hits: usize,
    /// … and for votes.
    pub for_votes: usize,
}

/// How much of the lists is looked into for hits, or for votes.
pub(super) struct Bounds {
    /// How many sounds are wanted for each query frame; none, where nothing is.
    pub wanted: usize,
    /// As many found are enough to know how far is far enough.
    pub enough: usize,
    /// Lists for each query frame, once enough is found.
    pub full: usize,
    /// Lists for each query frame so far, at most.
    pub most: usize,
}

impl Order {
    /// The lists to be looked into next for hits, or for votes: those nearest to the query frame, [`SLACK`] farther than
    /// the last of what is wanted is so far, until it has had as many as it may.
    pub(super) fn next(
        &mut self,
        bounds: &Bounds,
        near: &NearSounds,
        looked_into: fn(&mut Self) -> &mut usize,
    ) -> &[(f32, u32)] {
        let begin = *looked_into(self);
        let found = near.cosine_of(bounds.wanted).filter(|_| near.entries().len() >= bounds.enough);
        let most = match found {
            _ if bounds.wanted == 0 => begin,
            Some(_) => bounds.full.min(bounds.most),
            None => bounds.most,
        };
        let end = most.min(self.lists.len()).max(begin);
        self.sort(end);
        let reach = found.map_or(f32::INFINITY, |cosine| 1.0 - 2.0 * cosine + SLACK);
        let count = self.lists[begin..end].partition_point(|(distance, _)| *distance <= reach);
        *looked_into(self) = begin + count;
        &self.lists[begin..begin + count]
    }

    /// Puts the nearest few in order.
    fn sort(&mut self, count: usize) {
        let Some(rest) = self.lists.get_mut(self.sorted..).filter(|_| count > self.sorted) else { return };
        let count = count - self.sorted;
        let nearer = |a: &(f32, u32), b: &(f32, u32)| a.0.total_cmp(&b.0);
        if count < rest.len() {
            rest.select_nth_unstable_by(count - 1, nearer);
        }
        rest[..count].sort_unstable_by(nearer);
        self.sorted += count;
    }
}

impl Bounds {
    /// Lets more lists be looked into: all of them but those that hold hardly anything, then more yet.
    pub(super) fn extend(&mut self) {
        self.most = if self.most < self.full { self.full } else { self.most.saturating_mul(MORE) };
    }
}
