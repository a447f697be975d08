//! A random rotation that costs `n log n`: signs flipped at random, then the Walsh-Hadamard transform, four times.
//!
//! Around the mean, embeddings of the network differ strongly in a few components. A rotation spreads that evenly, as
//! binary codes need it (Gao & Long, "RaBitQ", SIGMOD 2024, § 3.1.2; the fast form is that of Ailon & Chazelle 2009,
//! overlapped for sizes that are no power of two). Seeded: codes written by one program are read by another.

use multiversion::multiversion;

/// Flips and transforms.
const ROUNDS: usize = 4;
/// Sizes are rounded up to multiples of this.
const STEP: usize = 64;

/// An orthogonal map of vectors of one size.
#[derive(Clone, Debug)]
pub(crate) struct Rotation {
    /// 1 or −1, `[rounds, padded]`.
    signs: Vec<f32>,
    padded: usize,
}

impl Rotation {
    /// The rotation that belongs to vectors of `size` components.
    pub(crate) fn new(size: usize) -> Self {
        let padded = Self::padded(size);
        // SplitMix64 (Steele et al. 2014), one bit a component.
        let mut state = 0x4541_524d_4152_4b21u64;
        let mut sign = || {
            state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
            let mut z = state;
            z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
            if (z ^ (z >> 31)) & 1 == 0 { 1.0 } else { -1.0 }
        };
        Self { signs: (0..ROUNDS * padded).map(|_| sign()).collect(), padded }
    }

    /// Components of a rotated vector: `size`, rounded up.
    pub(crate) fn padded(size: usize) -> usize {
        size.next_multiple_of(STEP)
    }

    /// Rotates a vector, `[padded]`, in place; lengths and angles stay as they are.
    pub(crate) fn apply(&self, vector: &mut [f32]) {
        debug_assert_eq!(vector.len(), self.padded);
        rotate(&self.signs, vector);
    }
}

#[multiversion(targets("x86_64+avx512f+avx512bw+avx512vl", "x86_64+avx2+fma", "aarch64+neon"))]
fn rotate(signs: &[f32], vector: &mut [f32]) {
    let padded = vector.len();
    // The largest power of two: the transform runs over the first and the last so many components in turns.
    let span = 1usize << padded.ilog2();
    let norm = 1.0 / (span as f32).sqrt();
    for (round, signs) in signs.chunks_exact(padded).enumerate() {
        vector.iter_mut().zip(signs).for_each(|(x, sign)| *x *= sign);
        let start = if round % 2 == 0 { 0 } else { padded - span };
        let part = &mut vector[start..start + span];
        let mut half = span / 2;
        while half >= 16 {
            for pair in part.chunks_exact_mut(2 * half) {
                let (low, high) = pair.split_at_mut(half);
                for (a, b) in low.iter_mut().zip(high) {
                    (*a, *b) = (*a + *b, *a - *b);
                }
            }
            half /= 2;
        }
        for block in part.as_chunks_mut::<32>().0 {
            for half in [8, 4, 2, 1] {
                let old = *block;
                for at in 0..32 {
                    block[at] =
                        if at & half == 0 { old[at] + old[at | half] } else { old[at ^ half] - old[at] };
                }
            }
            block.iter_mut().for_each(|x| *x *= norm);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_and_angles_stay_and_a_single_component_is_spread_over_all() {
        for size in [1, 32, 64, 100, 192, 512, 768] {
            let rotation = Rotation::new(size);
            let padded = Rotation::padded(size);
            let mut a = vec![0.0; padded];
            let mut b = vec![0.0; padded];
            a[0] = 3.0;
            b[..size].iter_mut().enumerate().for_each(|(at, x)| *x = (at % 5) as f32 - 1.0);
            let dot = |a: &[f32], b: &[f32]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f32>();
            let before = (dot(&a, &a), dot(&b, &b), dot(&a, &b));
            rotation.apply(&mut a);
            rotation.apply(&mut b);
            let after = (dot(&a, &a), dot(&b, &b), dot(&a, &b));
            assert!((before.0 - after.0).abs() < 1e-3, "{size}: {before:?} {after:?}");
            assert!((before.1 - after.1).abs() < 1e-2 && (before.2 - after.2).abs() < 1e-2, "{size}");
            let peak = a.iter().fold(0.0f32, |peak, x| peak.max(x.abs()));
            assert!(peak < 3.0 * 6.0 / (padded as f32).sqrt(), "{size}: {peak}");
        }
    }
}
