//! Products of small matrices, the heart of a convolution.
//!
//! The right-hand sides are weights, known long before: they lie packed in panels of [`PANEL`] columns, so that every
//! instruction set reads them in sequence.

use pulp::Simd;

/// Columns of a panel of weights: one AVX-512 register, two of AVX2, four of NEON.
pub(crate) const PANEL: usize = 16;

/// Rows of the left-hand side that are taken together; its row count must be a multiple.
pub(crate) const ROWS: usize = 6;

/// Packs `[depth, columns]`, row-major, into panels `[columns ÷ PANEL, depth, PANEL]`.
pub(crate) fn pack(matrix: &[f32], columns: usize, packed: &mut Vec<f32>) {
    for panel in (0..columns).step_by(PANEL) {
        for row in matrix.chunks_exact(columns) {
            packed.extend_from_slice(&row[panel..panel + PANEL]);
        }
    }
}

/// `out = left · right`, where `left` is `[rows, depth]`, `right` is `[depth, columns]` as packed by [`pack`], and
/// `out` is `[rows, columns]`.
#[inline(always)]
pub(crate) fn multiply<S: Simd>(simd: S, left: &[f32], right: &[f32], depth: usize, out: &mut [f32]) {
    // Registers: sums fill most, one row of the panels and one factor must fit beside them.
    match S::F32_LANES {
        16 => by_blocks::<S, 1, 4>(simd, left, right, depth, out),
        8 => by_blocks::<S, 2, 1>(simd, left, right, depth, out),
        4 => by_blocks::<S, 4, 1>(simd, left, right, depth, out),
        _ => by_blocks::<S, 16, 1>(simd, left, right, depth, out),
    }
}

/// `VECTORS` registers make up a panel, `PANELS` panels are taken together.
#[inline(always)]
fn by_blocks<S: Simd, const VECTORS: usize, const PANELS: usize>(
    simd: S,
    left: &[f32],
    right: &[f32],
    depth: usize,
    out: &mut [f32],
) {
    let columns = right.len() / depth;
    let mut column = 0;
    while column < columns {
        let panels = if columns - column >= PANELS * PANEL { PANELS } else { 1 };
        let weights = &right[column * depth..][..panels * PANEL * depth];
        let groups = left.chunks_exact(ROWS * depth).zip(out.chunks_exact_mut(ROWS * columns));
        for (left, out) in groups {
            let out = &mut out[column..];
            if panels == PANELS {
                block::<S, VECTORS, PANELS>(simd, left, weights, depth, out, columns);
            } else {
                block::<S, VECTORS, 1>(simd, left, weights, depth, out, columns);
            }
        }
        column += panels * PANEL;
    }
}

/// [`ROWS`] rows times `PANELS` panels, all sums in registers.
#[inline(always)]
fn block<S: Simd, const VECTORS: usize, const PANELS: usize>(
    simd: S,
    left: &[f32],
    weights: &[f32],
    depth: usize,
    out: &mut [f32],
    columns: usize,
) {
    let mut rows = [&left[..0]; ROWS];
    for (row, values) in rows.iter_mut().zip(left.chunks_exact(depth)) {
        *row = values;
    }
    let mut panels = [S::as_simd_f32s(&weights[..0]).0; PANELS];
    for (panel, values) in panels.iter_mut().zip(weights.chunks_exact(depth * PANEL)) {
        *panel = S::as_simd_f32s(values).0;
    }
    let mut sums = [[[simd.splat_f32s(0.0); VECTORS]; PANELS]; ROWS];
    for step in 0..depth {
        let mut weights = [[simd.splat_f32s(0.0); VECTORS]; PANELS];
        for panel in 0..PANELS {
            for vector in 0..VECTORS {
                weights[panel][vector] = panels[panel][step * VECTORS + vector];
            }
        }
        for row in 0..ROWS {
            let factor = simd.splat_f32s(rows[row][step]);
            for panel in 0..PANELS {
                for vector in 0..VECTORS {
                    let sum = &mut sums[row][panel][vector];
                    *sum = simd.mul_add_f32s(factor, weights[panel][vector], *sum);
                }
            }
        }
    }
    for (row, sums) in sums.iter().enumerate() {
        let out = &mut out[row * columns..][..PANELS * PANEL];
        let (out, _) = S::as_mut_simd_f32s(out);
        for (out, sum) in out.iter_mut().zip(sums.as_flattened()) {
            *out = *sum;
        }
    }
}
