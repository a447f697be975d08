//! Products of many vectors with many others: one call of `matrixmultiply`.
//!
//! # Why the call is sound
//! `sgemm` reads and writes what its pointers, sizes and strides say. All are taken here from slices whose lengths are
//! checked first; nothing is kept after the call.
#![allow(unsafe_code)]

/// Writes a·b of every row of `a` `[m, size]` with every row of `b` `[n, size]` to `out`, whose rows are `stride` apart.
///
/// # Panics
/// When the slices are no whole rows, or `out` is too small.
pub(super) fn products(a: &[f32], b: &[f32], size: usize, out: &mut [f32], stride: usize) {
    assert!(size > 0 && a.len().is_multiple_of(size) && b.len().is_multiple_of(size), "whole rows");
    let (m, n) = (a.len() / size, b.len() / size);
    assert!(n <= stride && (m == 0 || (m - 1) * stride + n <= out.len()), "room for the products");
    let (step, stride) = (size as isize, stride as isize);
    // SAFETY: see the module documentation.
    unsafe {
        matrixmultiply::sgemm(
            m,
            size,
            n,
            1.0,
            a.as_ptr(),
            step,
            1,
            b.as_ptr(),
            1,
            step,
            0.0,
            out.as_mut_ptr(),
            stride,
            1,
        );
    }
}
