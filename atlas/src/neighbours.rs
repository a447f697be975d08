//! The nearest others of every row, exactly: no index over so few numbers a row is worth its error, and the map of a
//! hundred thousand sounds spends most of its time elsewhere.

use std::num::NonZero;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;

use multiversion::multiversion;

use crate::map::tell;
use crate::{AtlasError, Matrix, Progress, Stage, Watch};

/// Rows compared at a time, in the lanes of a vector register.
const LANES: usize = 16;
/// Rows that are compared with those, one register each.
const TILE: usize = 4;
/// Rows that a thread takes from the heap of work at a time.
const SHARE: usize = 16 * TILE;

/// A row and how far it is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Near {
    /// Its number.
    pub row: u32,
    /// Euclidean distance.
    pub distance: f32,
}

/// For each of `rows` its `count` nearest in `among`, nearest first, of equals the one of lower number. With
/// `but_itself`, both are the same and no row is its own neighbour.
pub(crate) fn nearest(
    rows: &Matrix,
    among: &Matrix,
    count: usize,
    but_itself: bool,
    threads: NonZero<usize>,
    watch: &mut Watch<'_>,
) -> Result<Vec<Vec<Near>>, AtlasError> {
    assert_eq!(rows.size(), among.size(), "rows of another size");
    let panels = Panels::new(among);
    let mut found: Vec<Vec<Near>> = vec![Vec::new(); rows.len()];
    let (done, stop) = (AtomicUsize::new(0), AtomicBool::new(false));
    let shares = Mutex::new(found.chunks_mut(SHARE).enumerate());
    let take = || shares.lock().unwrap_or_else(|poisoned| poisoned.into_inner()).next();
    let search = |(share, out): (usize, &mut [Vec<Near>])| {
        for (tile, out) in out.chunks_mut(TILE).enumerate() {
            let first = share * SHARE + tile * TILE;
            let mut tops: Vec<Top> =
                (0..out.len()).map(|at| Top::new(count, but_itself.then_some((first + at) as u32))).collect();
            let tile: Vec<f32> =
                (first..first + out.len()).flat_map(|row| rows.row(row).iter().copied()).collect();
            scan(&tile, &panels, &mut tops);
            for (out, (at, top)) in out.iter_mut().zip(tops.into_iter().enumerate()) {
                *out = top.finish(square(rows.row(first + at)));
            }
        }
        done.fetch_add(out.len(), Ordering::Relaxed);
    };
    thread::scope(|scope| {
        for _ in 1..threads.get() {
            scope.spawn(|| {
                while !stop.load(Ordering::Relaxed)
                    && let Some(share) = take()
                {
                    search(share);
                }
            });
        }
        while let Some(share) = take() {
            search(share);
            let done = done.load(Ordering::Relaxed) as f32 / rows.len() as f32;
            tell(watch, Progress { stage: Stage::Comparing, done })
                .inspect_err(|_| stop.store(true, Ordering::Relaxed))?;
        }
        Ok::<(), AtlasError>(())
    })?;
    Ok(found)
}

/// Does something with each item, on so many threads; which thread takes which does not matter to the result.
pub(crate) fn in_parallel<T: Send>(
    threads: NonZero<usize>,
    items: impl Iterator<Item = T> + Send,
    work: impl Fn(T) + Sync,
) {
    let items = Mutex::new(items);
    let drain = || {
        loop {
            let item = items.lock().unwrap_or_else(|poisoned| poisoned.into_inner()).next();
            match item {
                Some(item) => work(item),
                None => break,
            }
        }
    };
    thread::scope(|scope| {
        (1..threads.get()).for_each(|_| drop(scope.spawn(drain)));
        drain();
    });
}

/// Rows turned so that [`LANES`] of them stand side by side, with half their squared lengths.
struct Panels {
    /// `[panels, size]` lanes.
    values: Vec<[f32; LANES]>,
    /// `[panels]` lanes; infinite beyond the last row, so that what stands there is near to nothing.
    half_squares: Vec<[f32; LANES]>,
    size: usize,
}

impl Panels {
    fn new(rows: &Matrix) -> Self {
        let (size, panels) = (rows.size(), rows.len().div_ceil(LANES));
        let mut values = vec![[0f32; LANES]; panels * size];
        let mut half_squares = vec![[f32::INFINITY; LANES]; panels];
        for (at, row) in rows.rows().enumerate() {
            let (panel, lane) = (at / LANES, at % LANES);
            values[panel * size..][..size].iter_mut().zip(row).for_each(|(lanes, x)| lanes[lane] = *x);
            half_squares[panel][lane] = 0.5 * square(row);
        }
        Self { values, half_squares, size }
    }
}

fn square(row: &[f32]) -> f32 {
    row.iter().map(|x| x * x).sum()
}

/// Offers every row of the panels to the lists of up to [`TILE`] others.
#[multiversion(targets("x86_64+avx512f", "x86_64+avx2+fma", "aarch64+neon"))]
fn scan(tile: &[f32], panels: &Panels, tops: &mut [Top]) {
    let size = panels.size;
    let mut rows = [&tile[..size]; TILE];
    rows.iter_mut().zip(tile.chunks_exact(size)).for_each(|(row, given)| *row = given);
    for (number, (panel, half_squares)) in
        panels.values.chunks_exact(size).zip(&panels.half_squares).enumerate()
    {
        // Half the squared distance, less half the tile's own square: what is least is nearest.
        let mut sums = [*half_squares; TILE];
        for (at, lanes) in panel.iter().enumerate() {
            for (sum, row) in sums.iter_mut().zip(&rows) {
                let x = row[at];
                for lane in 0..LANES {
                    sum[lane] -= x * lanes[lane];
                }
            }
        }
        for (top, sum) in tops.iter_mut().zip(&sums) {
            let bound = top.bound;
            if sum.iter().fold(false, |any, sum| any | (*sum < bound)) {
                top.offer((number * LANES) as u32, sum);
            }
        }
    }
}

/// The best so far of one row.
struct Top {
    count: usize,
    /// Not to be found.
    itself: Option<u32>,
    /// At most four times as many as wanted, the worst of them to be dropped when it is full.
    best: Vec<(f32, u32)>,
    /// What is no better need not be offered.
    bound: f32,
}

impl Top {
    fn new(count: usize, itself: Option<u32>) -> Self {
        Self { count, itself, best: Vec::with_capacity(4 * count + LANES), bound: f32::INFINITY }
    }

    #[cold]
    fn offer(&mut self, first: u32, values: &[f32; LANES]) {
        for (row, value) in (first..).zip(values) {
            if *value < self.bound && Some(row) != self.itself {
                self.best.push((*value, row));
            }
        }
        if self.best.len() >= 4 * self.count {
            self.prune();
        }
    }

    fn prune(&mut self) {
        if self.best.len() > self.count {
            self.best.select_nth_unstable_by(self.count, |a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
            self.best.truncate(self.count);
            // Rows come in order: one that is as near as the worst kept has a higher number.
            self.bound = self.best.iter().fold(f32::NEG_INFINITY, |worst, (value, _)| worst.max(*value));
        }
    }

    fn finish(mut self, square: f32) -> Vec<Near> {
        self.prune();
        self.best.sort_unstable_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
        let distance = |value: f32| (2.0 * value + square).max(0.0).sqrt();
        self.best.iter().map(|(value, row)| Near { row: *row, distance: distance(*value) }).collect()
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::ops::ControlFlow;

    use super::*;

    fn scattered(rows: usize, size: usize) -> Matrix {
        let mut state = 3u64;
        let next = || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            // Few values, so that there are equals.
            (state >> 61) as f32
        };
        Matrix::new(std::iter::repeat_with(next).take(rows * size).collect(), size)
    }

    #[test]
    fn the_nearest_are_those_of_a_full_sort() {
        for (rows, size, count) in [(1, 3, 5), (7, 1, 3), (100, 4, 9), (333, 7, 20), (64, 2, 64)] {
            let matrix = scattered(rows, size);
            for threads in [1, 3] {
                let threads = NonZero::new(threads).unwrap();
                let mut watch = |_| ControlFlow::Continue(());
                let found = nearest(&matrix, &matrix, count, true, threads, &mut watch).unwrap();
                for (at, found) in found.iter().enumerate() {
                    let distance = |other: usize| -> f32 {
                        let pairs = matrix.row(at).iter().zip(matrix.row(other));
                        pairs.map(|(a, b)| (a - b) * (a - b)).sum::<f32>()
                    };
                    let mut truth: Vec<(f32, u32)> = (0..rows)
                        .filter(|other| *other != at)
                        .map(|other| (distance(other), other as u32))
                        .collect();
                    truth.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
                    truth.truncate(count);
                    let found: Vec<(f32, u32)> = found
                        .iter()
                        .map(|near| ((near.distance * near.distance).round(), near.row))
                        .collect();
                    assert_eq!(found, truth, "row {at} of {rows}");
                }
            }
        }
    }

    #[test]
    fn the_search_stops_when_told_to() {
        let matrix = scattered(2000, 4);
        let mut asked = 0;
        let mut watch = |_| {
            asked += 1;
            ControlFlow::Break(())
        };
        let threads = NonZero::new(2).unwrap();
        assert!(matches!(nearest(&matrix, &matrix, 3, true, threads, &mut watch), Err(AtlasError::Stopped)));
        assert_eq!(asked, 1);
    }
}
