//! Dot products of eight-bit vectors, compiled for several instruction sets and chosen at run time.

use multiversion::multiversion;

/// For each query vector the best similarity among a sound's vectors, and which one it was.
///
/// `query` is `[queries × size]`, `vectors` `[frames × size]`; `scales` are the vectors' quantisation steps, `best`
/// receives `(similarity ÷ query scale, frame)` for each query.
#[multiversion(targets("x86_64+avx512f+avx512bw+avx512vl", "x86_64+avx2", "aarch64+neon"))]
pub(crate) fn best_matches(
    query: &[i8],
    vectors: &[i8],
    scales: &[f32],
    size: usize,
    best: &mut [(f32, u32)],
) {
    for (number, (vector, scale)) in vectors.chunks_exact(size).zip(scales).enumerate() {
        for (query, best) in query.chunks_exact(size).zip(best.iter_mut()) {
            let mut sum = 0i32;
            for (a, b) in query.iter().zip(vector) {
                sum += i32::from(*a) * i32::from(*b);
            }
            let similarity = sum as f32 * scale;
            if similarity > best.0 {
                *best = (similarity, number as u32);
            }
        }
    }
}

/// Dot product of a direction with a stored vector, not yet multiplied by its scale.
#[multiversion(targets("x86_64+avx512f+avx512bw+avx512vl", "x86_64+avx2+fma", "aarch64+neon"))]
pub(crate) fn dot(direction: &[f32], vector: &[i8]) -> f32 {
    // Eight sums, because a float sum in order cannot be vectorised.
    let mut sums = [0f32; 8];
    let (direction, direction_rest) = direction.as_chunks::<8>();
    let (vector, vector_rest) = vector.as_chunks::<8>();
    for (a, b) in direction.iter().zip(vector) {
        for lane in 0..8 {
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
    fn the_best_of_several_vectors_is_found_for_each_query() {
        let query: Vec<i8> = [[1i8; 100], [-1i8; 100]].concat();
        let vectors: Vec<i8> = [[3i8; 100], [-5i8; 100], [127i8; 100]].concat();
        let mut best = [(f32::NEG_INFINITY, 0); 2];
        best_matches(&query, &vectors, &[1.0, 1.0, 0.01], 100, &mut best);
        assert_eq!(best, [(300.0, 0), (500.0, 1)]);
    }

    #[test]
    fn extreme_components_do_not_overflow() {
        let vector = [-127i8; 4096];
        let mut best = [(f32::NEG_INFINITY, 0)];
        best_matches(&vector, &vector, &[1.0], 4096, &mut best);
        assert_eq!(best[0].0, 127.0 * 127.0 * 4096.0);
        let direction = vec![1.0f32; 4096 + 3];
        assert_eq!(dot(&direction, &[2i8; 4096 + 3]), 2.0 * 4099.0);
    }
}
