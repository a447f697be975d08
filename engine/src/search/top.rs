//! The best few of many.

use std::cmp::Ordering;
use std::collections::BinaryHeap;

/// Keeps the `k` items of the highest score; equal scores are ordered by the item, so that results never depend on
/// how the work was divided.
#[derive(Debug)]
pub(crate) struct Top<T> {
    k: usize,
    heap: BinaryHeap<Worst<T>>,
}

#[derive(Debug)]
struct Worst<T>(f32, T);

impl<T: Ord> Top<T> {
    pub(crate) fn new(k: usize) -> Self {
        Self { k, heap: BinaryHeap::new() }
    }

    /// Whether an item of this score could still get in.
    pub(crate) fn admits(&self, score: f32) -> bool {
        self.heap.len() < self.k || self.heap.peek().is_some_and(|worst| score >= worst.0)
    }

    pub(crate) fn push(&mut self, score: f32, item: T) {
        if self.k == 0 || score.is_nan() {
            return;
        }
        self.heap.push(Worst(score, item));
        if self.heap.len() > self.k {
            self.heap.pop();
        }
    }

    /// The best `k` of what it keeps.
    pub(crate) fn best(&self, k: usize) -> Self
    where
        T: Clone,
    {
        let mut best = Self::new(k);
        self.heap.iter().for_each(|Worst(score, item)| best.push(*score, item.clone()));
        best
    }

    pub(crate) fn merge(&mut self, other: Self) {
        other.heap.into_iter().for_each(|Worst(score, item)| self.push(score, item));
    }

    /// Best first.
    pub(crate) fn into_sorted(self) -> Vec<(f32, T)> {
        self.heap.into_sorted_vec().into_iter().map(|Worst(score, item)| (score, item)).collect()
    }
}

// The heap's maximum is the item to drop next: lowest score, then the last in order.
impl<T: Ord> Ord for Worst<T> {
    fn cmp(&self, other: &Self) -> Ordering {
        other.0.total_cmp(&self.0).then_with(|| self.1.cmp(&other.1))
    }
}

impl<T: Ord> PartialOrd for Worst<T> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl<T: Ord> PartialEq for Worst<T> {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl<T: Ord> Eq for Worst<T> {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_best_are_kept_in_order_and_ties_go_to_the_first() {
        let mut top = Top::new(3);
        for (score, item) in [(0.1, 1), (0.9, 2), (0.5, 4), (0.5, 3), (0.5, 5), (f32::NAN, 6)] {
            top.push(score, item);
        }
        assert_eq!(top.into_sorted(), [(0.9, 2), (0.5, 3), (0.5, 4)]);
    }
}
