//! Finds the centres of lists: k-means in two levels over a sample, and the nearest centre of a frame.
//!
//! Two levels, because a frame is then compared with a few dozen centres for the first level and for each of the
//! [`BEAM`] groups looked into, not with thousands.

use crate::index::to_i8;
use crate::vectors::Comparand;

/// Groups whose centres a frame is compared with.
const BEAM: usize = 3;
/// Rounds of k-means on each level.
const ROUNDS: usize = 6;
/// Vectors compared at once.
pub(super) const CHUNK: usize = 1024;

/// Some centres, to compare eight-bit vectors with.
struct Level {
    comparand: Comparand,
    /// Half of the square of each centre's length.
    half_squares: Vec<f32>,
}

impl Level {
    fn new(size: usize, centres: &[f32]) -> Self {
        let mut comparand = Comparand::new(size);
        for centre in centres.chunks_exact(size) {
            let (vector, scale) = to_i8(centre);
            comparand.push(&vector, scale);
        }
        let square = |centre: &[f32]| centre.iter().map(|x| x * x).sum::<f32>();
        Self { comparand, half_squares: centres.chunks_exact(size).map(|c| square(c) / 2.0).collect() }
    }

    /// Calls `each` with a vector's number and how near each centre is: larger is nearer.
    fn compare(
        &self,
        vectors: &[i8],
        scales: &[f32],
        rows: &mut Vec<f32>,
        mut each: impl FnMut(usize, &[f32]),
    ) {
        let lanes = self.comparand.lanes();
        let size = vectors.len() / scales.len().max(1);
        for first in (0..scales.len()).step_by(CHUNK) {
            let last = (first + CHUNK).min(scales.len());
            rows.resize((last - first) * lanes, 0.0);
            self.comparand.compare(&vectors[first * size..last * size], &scales[first..last], rows);
            for (at, row) in rows.chunks_exact_mut(lanes).enumerate() {
                row.iter_mut().zip(&self.half_squares).for_each(|(near, half)| *near -= half);
                each(first + at, &row[..self.half_squares.len()]);
            }
        }
    }
}

fn nearest(row: &[f32]) -> usize {
    let mut best = (0, f32::NEG_INFINITY);
    for (at, near) in row.iter().enumerate() {
        if *near > best.1 {
            best = (at, *near);
        }
    }
    best.0
}

/// Centres of `count` lists, in groups.
pub(crate) struct Centres {
    size: usize,
    /// `[lists, size]`.
    pub(crate) values: Vec<f32>,
    groups: Level,
    /// Of each group its centres and the number of the first.
    members: Vec<(Level, usize)>,
}

impl Centres {
    /// Finds about `count` centres in a sample: `vectors` is `[frames, size]`.
    pub(crate) fn train(size: usize, vectors: &[i8], scales: &[f32], count: usize) -> Self {
        let group_count = (count as f64).sqrt().ceil() as usize;
        let group_centres = k_means(size, vectors, scales, group_count);
        let groups = Level::new(size, &group_centres);
        let mut of_group = vec![Vec::new(); group_count.min(group_centres.len() / size)];
        groups.compare(vectors, scales, &mut Vec::new(), |at, row| of_group[nearest(row)].push(at));
        let (mut values, mut members) = (Vec::new(), Vec::new());
        for (group, frames) in of_group.iter().enumerate() {
            let share = (frames.len() * count).div_ceil(scales.len().max(1)).max(1);
            let mut part = Vec::with_capacity(frames.len() * size);
            frames.iter().for_each(|at| part.extend_from_slice(&vectors[at * size..][..size]));
            let part_scales: Vec<f32> = frames.iter().map(|at| scales[*at]).collect();
            let centres = match frames.is_empty() {
                true => group_centres[group * size..][..size].to_vec(),
                false => k_means(size, &part, &part_scales, share),
            };
            members.push((Level::new(size, &centres), values.len() / size));
            values.extend_from_slice(&centres);
        }
        Self { size, values, groups, members }
    }

    /// Number of lists.
    pub(crate) fn len(&self) -> usize {
        self.values.len() / self.size
    }

    /// The nearest centre of each vector, as far as [`BEAM`] groups show it.
    pub(crate) fn assign(&self, vectors: &[i8], scales: &[f32], lists: &mut Vec<u32>) {
        let mut rows = Vec::new();
        let mut of_group = vec![Vec::new(); self.members.len()];
        self.groups.compare(vectors, scales, &mut rows, |at, row| {
            let mut best = [(f32::NEG_INFINITY, usize::MAX); BEAM];
            for (group, near) in row.iter().enumerate() {
                if *near > best[BEAM - 1].0 {
                    best[BEAM - 1] = (*near, group);
                    best.sort_unstable_by(|a, b| b.0.total_cmp(&a.0));
                }
            }
            best.iter()
                .filter(|(_, group)| *group != usize::MAX)
                .for_each(|(_, group)| of_group[*group].push(at));
        });
        let mut best = vec![(f32::NEG_INFINITY, 0u32); scales.len()];
        let (mut part, mut part_scales) = (Vec::new(), Vec::new());
        for ((level, first), frames) in self.members.iter().zip(&of_group) {
            part.clear();
            frames.iter().for_each(|at| part.extend_from_slice(&vectors[at * self.size..][..self.size]));
            part_scales.clear();
            part_scales.extend(frames.iter().map(|at| scales[*at]));
            level.compare(&part, &part_scales, &mut rows, |at, row| {
                let member = nearest(row);
                if row[member] > best[frames[at]].0 {
                    best[frames[at]] = (row[member], (first + member) as u32);
                }
            });
        }
        lists.extend(best.into_iter().map(|(_, list)| list));
    }
}

/// Lloyd's algorithm, begun with vectors at even distances; returns at most `count` centres, `[count, size]`.
fn k_means(size: usize, vectors: &[i8], scales: &[f32], count: usize) -> Vec<f32> {
    let frames = scales.len();
    let count = count.min(frames).max(1);
    let vector = |at: usize| vectors[at * size..][..size].iter().map(move |x| f32::from(*x) * scales[at]);
    let mut centres: Vec<f32> = match frames {
        0 => vec![0.0; size],
        _ => (0..count).flat_map(|at| vector(at * frames / count)).collect(),
    };
    let mut rows = Vec::new();
    for _ in 0..if count < frames { ROUNDS } else { 0 } {
        let mut sums = vec![0.0f32; centres.len()];
        let mut members = vec![0u32; count];
        Level::new(size, &centres).compare(vectors, scales, &mut rows, |at, row| {
            let list = nearest(row);
            members[list] += 1;
            sums[list * size..][..size].iter_mut().zip(vector(at)).for_each(|(sum, x)| *sum += x);
        });
        let means = sums.chunks_exact(size).zip(members).zip(centres.chunks_exact_mut(size));
        // A centre that nothing is near to stays where it is.
        for ((sum, members), centre) in means.filter(|((_, members), _)| *members > 0) {
            centre.iter_mut().zip(sum).for_each(|(centre, sum)| *centre = sum / members as f32);
        }
    }
    centres
}
