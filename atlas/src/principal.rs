//! Principal components, by orthogonal iteration: neighbours are then sought among tens of numbers, not hundreds.

use std::num::NonZero;

use multiversion::multiversion;

use crate::Matrix;
use crate::neighbours::in_parallel;

/// Rows that the components are made from, at most; of more, so many evenly spread.
const MAX_ROWS: usize = 20_000;
/// Iterations: what is left of a component that is to go falls with the ratio of variances to this power.
const ITERATIONS: usize = 40;
/// Rows multiplied with one another at a time, while they are in the cache.
const BLOCK: usize = 16;

/// The rows centred and turned, so that the first of `kept` numbers varies most, the second most of what is left, and so
/// on: `[rows, min(kept, size)]`.
pub(crate) fn reduce(rows: &Matrix, kept: usize, threads: NonZero<usize>) -> Matrix {
    let size = rows.size();
    let kept = kept.min(size).max(1);
    let step = rows.len().div_ceil(MAX_ROWS).max(1);
    let mut mean = vec![0f64; size];
    for row in rows.rows() {
        mean.iter_mut().zip(row).for_each(|(mean, x)| *mean += f64::from(*x));
    }
    let mean: Vec<f32> = mean.iter().map(|sum| (sum / rows.len().max(1) as f64) as f32).collect();
    let sampled: Vec<f32> =
        rows.rows().step_by(step).flat_map(|row| row.iter().zip(&mean).map(|(x, mean)| x - mean)).collect();
    let covariance = covariance(&sampled, size, threads);
    let components = leading(&covariance, size, kept);
    let mut reduced = vec![0f32; rows.len() * kept];
    in_parallel(threads, reduced.chunks_mut(kept * BLOCK).enumerate(), |(block, out)| {
        for (at, out) in out.chunks_exact_mut(kept).enumerate() {
            let row = rows.row(block * BLOCK + at);
            let centred: Vec<f32> = row.iter().zip(&mean).map(|(x, mean)| x - mean).collect();
            for (out, component) in out.iter_mut().zip(components.chunks_exact(size)) {
                *out = dot(&centred, component);
            }
        }
    });
    Matrix::new(reduced, kept)
}

/// `XᵀX` of centred rows, `[size, size]`; each of its rows is the work of one thread, whichever.
fn covariance(rows: &[f32], size: usize, threads: NonZero<usize>) -> Vec<f64> {
    let mut covariance = vec![0f64; size * size];
    in_parallel(threads, covariance.chunks_mut(size * BLOCK).enumerate(), |(block, out)| {
        for (at, out) in out.chunks_exact_mut(size).enumerate() {
            let column = block * BLOCK + at;
            let mut sums = vec![0f32; size];
            for rows in rows.chunks(size * 256) {
                sums.fill(0.0);
                rows.chunks_exact(size).for_each(|row| add_scaled(&mut sums, row, row[column]));
                out.iter_mut().zip(&sums).for_each(|(out, sum)| *out += f64::from(*sum));
            }
        }
    });
    covariance
}

#[multiversion(targets("x86_64+avx512f", "x86_64+avx2+fma", "aarch64+neon"))]
fn add_scaled(sums: &mut [f32], row: &[f32], scale: f32) {
    sums.iter_mut().zip(row).for_each(|(sum, x)| *sum += x * scale);
}

#[multiversion(targets("x86_64+avx512f", "x86_64+avx2+fma", "aarch64+neon"))]
fn dot(a: &[f32], b: &[f32]) -> f32 {
    // Sixteen sums, because a float sum in order cannot be vectorised.
    let mut sums = [0f32; 16];
    let (a, a_rest) = a.as_chunks::<16>();
    let (b, b_rest) = b.as_chunks::<16>();
    for (a, b) in a.iter().zip(b) {
        for lane in 0..16 {
            sums[lane] += a[lane] * b[lane];
        }
    }
    let rest: f32 = a_rest.iter().zip(b_rest).map(|(a, b)| a * b).sum();
    sums.iter().sum::<f32>() + rest
}

/// The eigenvectors of a symmetric matrix with the largest eigenvalues, `[kept, size]`, by orthogonal iteration
/// (Golub and Van Loan, Matrix Computations, 7.3).
fn leading(matrix: &[f64], size: usize, kept: usize) -> Vec<f32> {
    // Any start does that is not at right angles to what is sought.
    let mut state = 0x9E37_79B9_7F4A_7C15u64;
    let mut next = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) as f64 / f64::from(1u32 << 31) - 0.5
    };
    let mut basis: Vec<f64> = std::iter::repeat_with(&mut next).take(kept * size).collect();
    orthonormalise(&mut basis, size);
    for _ in 0..ITERATIONS {
        let mut turned = vec![0f64; basis.len()];
        for (turned, vector) in turned.chunks_exact_mut(size).zip(basis.chunks_exact(size)) {
            // The matrix is symmetric: its rows are its columns.
            for (row, x) in matrix.chunks_exact(size).zip(vector) {
                turned.iter_mut().zip(row).for_each(|(sum, m)| *sum += x * m);
            }
        }
        basis = turned;
        orthonormalise(&mut basis, size);
    }
    // An eigenvector may point either way; let the largest component decide.
    for vector in basis.chunks_exact_mut(size) {
        let largest =
            vector.iter().fold(0f64, |largest, x| if x.abs() > largest.abs() { *x } else { largest });
        if largest < 0.0 {
            vector.iter_mut().for_each(|x| *x = -*x);
        }
    }
    basis.into_iter().map(|x| x as f32).collect()
}

/// Gram and Schmidt's way, twice, because once is not exact; what depends on those before becomes 0.
fn orthonormalise(basis: &mut [f64], size: usize) {
    for at in 0..basis.len() / size {
        let (before, rest) = basis.split_at_mut(at * size);
        let vector = &mut rest[..size];
        let length_before = length(vector);
        for _ in 0..2 {
            for other in before.chunks_exact(size) {
                let along: f64 = other.iter().zip(vector.iter()).map(|(a, b)| a * b).sum();
                vector.iter_mut().zip(other).for_each(|(x, other)| *x -= along * other);
            }
        }
        let length = length(vector);
        let scale = if length > 1e-12 * length_before { 1.0 / length } else { 0.0 };
        vector.iter_mut().for_each(|x| *x *= scale);
    }
}

fn length(vector: &[f64]) -> f64 {
    vector.iter().map(|x| x * x).sum::<f64>().sqrt()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Points in five dimensions, turned, with these spreads along the axes.
    fn ellipsoid(spreads: [f32; 5], count: usize) -> Matrix {
        let mut state = 7u64;
        let mut next = move || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (state >> 40) as f32 / (1u32 << 24) as f32 - 0.5
        };
        let (sin, cos) = 0.6f32.sin_cos();
        let values = (0..count).flat_map(|_| {
            let mut x = spreads.map(|spread| spread * next());
            for axis in 0..4 {
                let (a, b) = (x[axis], x[axis + 1]);
                (x[axis], x[axis + 1]) = (cos * a - sin * b, sin * a + cos * b);
            }
            x.map(|x| x + 3.0)
        });
        Matrix::new(values.collect(), 5)
    }

    #[test]
    fn the_first_components_hold_the_largest_spreads_and_distances_stay() {
        let rows = ellipsoid([1.0, 20.0, 0.5, 5.0, 0.1], 4000);
        let threads = NonZero::<usize>::MIN;
        let reduced = reduce(&rows, 5, threads);
        let spread = |matrix: &Matrix, axis: usize| {
            (matrix.rows().map(|row| row[axis] * row[axis]).sum::<f32>() / matrix.len() as f32 * 12.0).sqrt()
        };
        for (axis, truth) in [20.0, 5.0, 1.0, 0.5, 0.1].into_iter().enumerate() {
            let found = spread(&reduced, axis);
            assert!((found - truth).abs() < 0.03 * truth, "component {axis}: {found}, not {truth}");
        }
        let distance = |matrix: &Matrix, a: usize, b: usize| {
            matrix.row(a).iter().zip(matrix.row(b)).map(|(a, b)| (a - b) * (a - b)).sum::<f32>().sqrt()
        };
        for (a, b) in [(0, 1), (17, 3000), (5, 3999)] {
            assert!((distance(&rows, a, b) - distance(&reduced, a, b)).abs() < 1e-3);
        }
        assert_eq!(reduce(&rows, 2, NonZero::new(3).unwrap_or(threads)), reduce(&rows, 2, threads));
    }

    #[test]
    fn rows_that_are_all_the_same_have_no_components() {
        let reduced = reduce(&Matrix::new(vec![0.5; 40], 4), 3, NonZero::<usize>::MIN);
        assert!(reduced.rows().flatten().all(|x| *x == 0.0));
    }
}
