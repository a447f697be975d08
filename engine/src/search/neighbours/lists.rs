//! Voting frames in lists around centres, made for one run and held in memory.
//!
//! The lists on disk hold all frames of one segment; these hold the labelled ones of all segments, so that a question
//! is compared with few others.

use std::sync::atomic::{AtomicUsize, Ordering};

use super::super::parallel::on_threads;
use super::voters::Table;
use crate::index::{Centres, to_i8};
use crate::vectors::Comparand;

/// Lists, times the root of the number of frames.
const LISTS: f64 = 3.0;
/// Frames of the sample that centres are found in, for each list …
const SAMPLE_PER_LIST: usize = 24;
/// … and at most.
const SAMPLE: usize = 1 << 16;
/// Lists that a frame is compared with.
const PROBED: usize = 24;
/// Frames whose list is looked for at a time.
const STEP: usize = 1 << 13;

/// Voting frames by list.
pub(super) struct Lists {
    size: usize,
    /// Centres, `[lists × size]`, and their scales.
    centres: Vec<i8>,
    scales: Vec<f32>,
    half_squares: Vec<f32>,
    /// Where each list's frames end in `order`.
    ends: Vec<u32>,
    /// Frames, list by list.
    order: Vec<u32>,
}

impl Lists {
    /// Puts the frames of a table into lists.
    pub(super) fn of(table: &Table<'_>, size: usize, jobs: usize) -> Self {
        let count = (LISTS * (table.len() as f64).sqrt()) as usize;
        let sample = (count * SAMPLE_PER_LIST).min(SAMPLE).min(table.len());
        let gather = |frames: &mut dyn Iterator<Item = u32>| {
            let (mut vectors, mut scales) = (Vec::new(), Vec::new());
            for frame in frames {
                let (vector, scale) = table.vector(frame, size);
                vectors.extend_from_slice(vector);
                scales.push(scale);
            }
            (vectors, scales)
        };
        let (vectors, scales) = gather(&mut (0..sample).map(|at| (at * table.len() / sample) as u32));
        let centres = Centres::train(size, &vectors, &scales, count);
        let parts: Vec<std::ops::Range<usize>> =
            (0..table.len()).step_by(STEP).map(|first| first..table.len().min(first + STEP)).collect();
        let next = AtomicUsize::new(0);
        let assigned = on_threads(jobs, || {
            let mut assigned = Vec::new();
            loop {
                let part = next.fetch_add(1, Ordering::Relaxed);
                let Some(range) = parts.get(part) else { return assigned };
                let (vectors, scales) = gather(&mut range.clone().map(|frame| frame as u32));
                let mut lists = Vec::with_capacity(scales.len());
                centres.assign(&vectors, &scales, &mut lists);
                assigned.push((part, lists));
            }
        });
        let mut list_of = vec![0u32; table.len()];
        for (part, lists) in assigned.into_iter().flatten() {
            list_of[parts[part].clone()].copy_from_slice(&lists);
        }
        Self::lay_out(size, &centres, &list_of)
    }

    fn lay_out(size: usize, trained: &Centres, list_of: &[u32]) -> Self {
        let mut ends = vec![0u32; trained.len()];
        list_of.iter().for_each(|list| ends[*list as usize] += 1);
        let mut next = 0;
        let mut starts: Vec<u32> = Vec::with_capacity(ends.len());
        for end in &mut ends {
            starts.push(next);
            next += *end;
            *end = next;
        }
        let mut order = vec![0u32; list_of.len()];
        for (frame, list) in (0u32..).zip(list_of) {
            let place = &mut starts[*list as usize];
            order[*place as usize] = frame;
            *place += 1;
        }
        let (mut centres, mut scales, mut half_squares) = (Vec::new(), Vec::new(), Vec::new());
        for centre in trained.values.chunks_exact(size) {
            let (vector, scale) = to_i8(centre);
            centres.extend_from_slice(&vector);
            scales.push(scale);
            half_squares.push(centre.iter().map(|x| x * x).sum::<f32>() / 2.0);
        }
        Self { size, centres, scales, half_squares, ends, order }
    }

    /// The frames of each list.
    pub(super) fn voters(&self) -> impl Iterator<Item = &[u32]> {
        let starts = std::iter::once(0).chain(self.ends.iter().copied());
        starts.zip(&self.ends).map(|(start, end)| &self.order[start as usize..*end as usize])
    }

    /// For each list the numbers of the frames that want to be compared with it: `vectors` is `[frames × size]`.
    pub(super) fn wanted(&self, vectors: &[i8], scales: &[f32], at_once: usize) -> Vec<Vec<u32>> {
        let lists = self.scales.len();
        let mut wanted = vec![Vec::new(); lists];
        let mut rows = Vec::new();
        let mut order: Vec<(f32, u32)> = Vec::with_capacity(lists);
        for first in (0..scales.len()).step_by(at_once) {
            let last = scales.len().min(first + at_once);
            let mut comparand = Comparand::new(self.size);
            for frame in first..last {
                comparand.push(&vectors[frame * self.size..][..self.size], scales[frame]);
            }
            let lanes = comparand.lanes();
            rows.resize(lists * lanes, 0.0);
            comparand.compare(&self.centres, &self.scales, &mut rows);
            for frame in first..last {
                order.clear();
                let nearness = rows.chunks_exact(lanes).zip(&self.half_squares).zip(0u32..);
                order.extend(nearness.map(|((row, half), list)| (half - row[frame - first], list)));
                let probed = PROBED.min(lists);
                if probed < lists {
                    order.select_nth_unstable_by(probed, |a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
                }
                order[..probed].iter().for_each(|(_, list)| wanted[*list as usize].push(frame as u32));
            }
        }
        wanted
    }
}
