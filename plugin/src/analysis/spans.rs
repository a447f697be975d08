//! Sets of stretches of samples: what of a region was heard.

use std::ops::Range;

/// Stretches in ascending order; they neither overlap nor touch.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Spans(Vec<Range<usize>>);

impl Spans {
    /// Adds a stretch.
    pub(crate) fn insert(&mut self, span: Range<usize>) {
        if span.is_empty() {
            return;
        }
        let first = self.0.partition_point(|other| other.end < span.start);
        let last = self.0.partition_point(|other| other.start <= span.end);
        let mut merged = span;
        if first < last {
            merged.start = merged.start.min(self.0[first].start);
            merged.end = merged.end.max(self.0[last - 1].end);
        }
        self.0.splice(first..last, [merged]);
    }

    /// Whether all of a stretch is in the set.
    pub(crate) fn contains(&self, span: &Range<usize>) -> bool {
        if span.is_empty() {
            return true;
        }
        let at = self.0.partition_point(|other| other.end <= span.start);
        self.0.get(at).is_some_and(|other| other.start <= span.start && span.end <= other.end)
    }

    /// The stretches.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &Range<usize>> {
        self.0.iter()
    }
}

#[cfg(test)]
mod tests {
    use super::Spans;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_set_of_spans_is_what_a_row_of_flags_would_be(
            spans in prop::collection::vec((0_usize..50, 0_usize..12), 0..30),
            asked in (0_usize..50, 0_usize..12),
        ) {
            let mut flags = [false; 80];
            let mut set = Spans::default();
            for (start, length) in spans {
                set.insert(start..start + length);
                flags[start..start + length].fill(true);
            }
            let asked = asked.0..asked.0 + asked.1;
            prop_assert_eq!(set.contains(&asked), flags[asked.clone()].iter().all(|flag| *flag));
            let listed: Vec<_> = set.iter().cloned().collect();
            prop_assert!(listed.windows(2).all(|pair| pair[0].end < pair[1].start));
            prop_assert_eq!(listed.iter().map(ExactSizeIterator::len).sum::<usize>(), flags.iter().filter(|flag| **flag).count());
        }
    }
}
