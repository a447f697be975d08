//! Kernels in plain code, compiled for several instruction sets.

use multiversion::multiversion;

use super::Comparand;

/// [`Comparand::compare`] without instructions of its own.
#[multiversion(targets(
    "x86_64+avx512f+avx512bw+avx512vl",
    "x86_64+avx2",
    "aarch64+neon+dotprod",
    "aarch64+neon"
))]
pub(super) fn compare(comparand: &Comparand, vectors: &[i8], scales: &[f32], rows: &mut [f32]) {
    let size = comparand.size;
    let lanes = comparand.lanes();
    for ((vector, scale), row) in vectors.chunks_exact(size).zip(scales).zip(rows.chunks_exact_mut(lanes)) {
        let bias = 128 * vector.iter().map(|component| i32::from(*component)).sum::<i32>();
        let queries = comparand.shifted.chunks_exact(comparand.padded);
        for ((query, query_scale), out) in queries.zip(&comparand.scales).zip(row) {
            let mut sum = 0i32;
            for (a, b) in query.iter().zip(vector) {
                sum += i32::from(*a) * i32::from(*b);
            }
            *out = (sum - bias) as f32 * (query_scale * scale);
        }
    }
}

/// Dot product of a direction with a stored vector, not yet multiplied by its scale.
#[multiversion(targets("x86_64+avx512f+avx512bw+avx512vl", "x86_64+avx2+fma", "aarch64+neon"))]
pub(crate) fn dot(direction: &[f32], vector: &[i8]) -> f32 {
    // Sixteen sums, because a float sum in order cannot be vectorised.
    let mut sums = [0f32; 16];
    let (direction, direction_rest) = direction.as_chunks::<16>();
    let (vector, vector_rest) = vector.as_chunks::<16>();
    for (a, b) in direction.iter().zip(vector) {
        for lane in 0..16 {
            sums[lane] += a[lane] * f32::from(b[lane]);
        }
    }
    let rest: f32 = direction_rest.iter().zip(vector_rest).map(|(a, b)| a * f32::from(*b)).sum();
    sums.iter().sum::<f32>() + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_product_with_floats_takes_every_component() {
        let direction = vec![1.0f32; 4096 + 3];
        assert_eq!(dot(&direction, &[2i8; 4096 + 3]), 2.0 * 4099.0);
    }
}
