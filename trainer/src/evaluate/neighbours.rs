//! The nearest frames of other groups, exactly.
//!
//! Distances come out of blocked matrix products: |a−b|² = |a|² + |b|² − 2a·b. Each block of products serves its rows and
//! its columns, which halves the work; blocks are shared out among threads. What is kept is measured again in `f64`, so
//! that neither the rounding of the products nor the threads' order shows in the result.

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use serde::{Deserialize, Serialize};

use super::embeddings::Embeddings;
use crate::dataset::{CacheError, Progress, Work};

/// Frames of a block: the products of two blocks stay in the cache of the second level.
const BLOCK: usize = 256;
/// Candidates kept beyond those asked for, so that rounding of the products cannot push a true neighbour out.
const SPARE: usize = 4;
/// Distances looked at together.
const LANES: usize = 16;

/// How far frames are apart.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Metric {
    /// The straight line, as in the paper.
    #[default]
    Euclidean,
    /// The angle.
    Cosine,
}

/// A frame and how far it is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Near {
    /// The frame.
    pub frame: usize,
    /// Euclidean distance (of vectors of length one for the cosine).
    pub distance: f64,
}

/// Of each frame, its nearest others, nearest first; of equals the one of lower number.
pub type Neighbours = Vec<Vec<Near>>;

/// For each frame the `count` nearest among frames of other groups; fewer where there are not so many.
///
/// `group_of` is the group of each frame, `[frames]`; the embeddings are compared as they are (see
/// [`Embeddings::prepared`]).
///
/// # Errors
/// [`CacheError::Stopped`] when the stop flag is raised.
///
/// # Panics
/// When `group_of` has another length than the embeddings.
pub fn nearest(
    embeddings: &Embeddings,
    group_of: &[usize],
    count: usize,
    work: &Work<'_>,
) -> Result<Neighbours, CacheError> {
    let frames = embeddings.frames();
    assert_eq!(group_of.len(), frames, "a group of each frame");
    let squares: Vec<f32> = (0..frames)
        .map(|at| embeddings.frame(at).iter().map(|&x| f64::from(x) * f64::from(x)).sum::<f64>() as f32)
        .collect();
    let blocks = frames.div_ceil(BLOCK);
    let tops: Vec<Mutex<Vec<Top>>> = (0..blocks)
        .map(|block| {
            let rows = BLOCK.min(frames - block * BLOCK);
            Mutex::new((0..rows).map(|_| Top::new(count + SPARE)).collect())
        })
        .collect();
    let pairs = blocks * (blocks + 1) / 2;
    let next = AtomicUsize::new(0);
    let drain = || {
        let mut products = vec![0.0_f32; BLOCK * BLOCK];
        loop {
            let number = next.fetch_add(1, Ordering::Relaxed);
            if number >= pairs || work.stopped() {
                break;
            }
            let (first, second) = pair_of(number, blocks);
            multiply(embeddings, first, second, &mut products);
            offer(first, second, &products, &squares, group_of, &tops);
            if number.is_multiple_of(256) {
                (work.progress)(Progress { what: "neighbours", done: number, total: pairs });
            }
        }
    };
    thread::scope(|scope| {
        (1..work.jobs.get().min(pairs.max(1))).for_each(|_| drop(scope.spawn(drain)));
        drain();
    });
    if work.stopped() {
        return Err(CacheError::Stopped);
    }
    let tops = tops.into_iter().flat_map(|block| block.into_inner().unwrap_or_else(|it| it.into_inner()));
    Ok(tops.enumerate().map(|(frame, top)| settle(embeddings, frame, top, count)).collect())
}

/// The pairs of blocks along diagonals, so that threads at work at one time seldom want the same block.
fn pair_of(number: usize, blocks: usize) -> (usize, usize) {
    let (mut left, mut diagonal) = (number, 0);
    while left >= blocks - diagonal {
        left -= blocks - diagonal;
        diagonal += 1;
    }
    (left, left + diagonal)
}

/// Products of all rows of two blocks, `[BLOCK, BLOCK]`.
fn multiply(embeddings: &Embeddings, first: usize, second: usize, products: &mut [f32]) {
    let size = embeddings.size;
    let rows = |block: usize| {
        let frames = block * BLOCK..((block + 1) * BLOCK).min(embeddings.frames());
        &embeddings.values[frames.start * size..frames.end * size]
    };
    let (a, b) = (rows(first), rows(second));
    super::product::products(a, b, size, products, BLOCK);
}

/// Offers the distances of two blocks to both.
fn offer(
    first: usize,
    second: usize,
    products: &[f32],
    squares: &[f32],
    group_of: &[usize],
    tops: &[Mutex<Vec<Top>>],
) {
    let (row_base, column_base) = (first * BLOCK, second * BLOCK);
    let mut rows = lock(&tops[first]);
    let mut columns = (first != second).then(|| lock(&tops[second]));
    let width = columns.as_ref().map_or(rows.len(), |columns| columns.len());
    let mut half = [f32::INFINITY; BLOCK];
    let mut limits = [f32::NEG_INFINITY; BLOCK];
    for column in 0..width {
        half[column] = squares[column_base + column];
        limits[column] = columns.as_ref().map_or(f32::NEG_INFINITY, |columns| columns[column].limit);
    }
    for row in 0..rows.len() {
        let frame = row_base + row;
        let square = squares[frame];
        let line = &products[row * BLOCK..][..BLOCK];
        for start in (0..width).step_by(LANES) {
            let mut distances = [0.0_f32; LANES];
            let mut close = false;
            let limit = rows[row].limit;
            for (lane, distance) in distances.iter_mut().enumerate() {
                let at = start + lane;
                *distance = square + half[at] - 2.0 * line[at];
                close |= (*distance <= limit) | (*distance <= limits[at]);
            }
            if !close {
                continue;
            }
            for (lane, &distance) in distances.iter().enumerate().take(width - start) {
                let at = start + lane;
                let other = column_base + at;
                if group_of[frame] == group_of[other] {
                    continue;
                }
                rows[row].offer(distance, other);
                if let Some(columns) = &mut columns {
                    columns[at].offer(distance, frame);
                    limits[at] = columns[at].limit;
                }
            }
        }
    }
}

/// The nearest so far, nearest first.
struct Top {
    kept: Vec<(f32, usize)>,
    count: usize,
    /// Nothing farther than this is wanted any more.
    limit: f32,
}

impl Top {
    fn new(count: usize) -> Self {
        Self { kept: Vec::with_capacity(count + 1), count, limit: f32::INFINITY }
    }

    fn offer(&mut self, distance: f32, frame: usize) {
        let farther =
            |&(kept, other): &(f32, usize)| kept.total_cmp(&distance).then(other.cmp(&frame)).is_lt();
        let place = self.kept.partition_point(farther);
        if place >= self.count {
            return;
        }
        self.kept.insert(place, (distance, frame));
        self.kept.truncate(self.count);
        if self.kept.len() == self.count {
            self.limit = self.kept[self.count - 1].0;
        }
    }
}

/// Measures what was kept again, and puts it in order.
fn settle(embeddings: &Embeddings, frame: usize, top: Top, count: usize) -> Vec<Near> {
    let own = embeddings.frame(frame);
    let measure = |(_, other): (f32, usize)| {
        let pairs = own.iter().zip(embeddings.frame(other));
        let square: f64 = pairs.map(|(&a, &b)| (f64::from(a) - f64::from(b)).powi(2)).sum();
        Near { frame: other, distance: square.sqrt() }
    };
    let mut near: Vec<Near> = top.kept.into_iter().map(measure).collect();
    near.sort_by(|a, b| a.distance.total_cmp(&b.distance).then(a.frame.cmp(&b.frame)));
    near.truncate(count);
    near
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
}
