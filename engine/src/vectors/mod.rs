//! Arithmetic on eight-bit vectors, in the fastest form that the processor has.
//!
//! Index and search both compare a few query vectors with many stored ones. The kernels take all queries in one pass
//! over the stored vectors, so that these are read from memory once. Which kernel runs is decided at run time:
//! AVX-512 VNNI where there is ([`vnni`]), else what the compiler makes of plain code for AVX2, NEON or neither
//! ([`plain`]). All give the same sums to the last bit.

pub(crate) mod codes;
mod plain;
mod rotation;
#[cfg(target_arch = "x86_64")]
mod vnni;

pub(crate) use plain::dot;
pub(crate) use rotation::Rotation;

/// Queries side by side in a row of similarities.
const LANES: usize = 4;
/// The widest kernel takes so many components at a time; queries are padded with zeros to multiples of it.
const STEP: usize = 64;

/// Eight-bit vectors to compare stored ones with, kept in the order in which the kernels read them.
#[derive(Clone, Debug, Default)]
pub(crate) struct Comparand {
    /// Components of a vector.
    size: usize,
    /// Components of a padded vector.
    padded: usize,
    count: usize,
    /// `[lanes, padded]`, each component plus 128: the instruction multiplies unsigned by signed bytes.
    shifted: Vec<u8>,
    /// Quantisation steps, `[lanes]`; zero in unused lanes.
    scales: Vec<f32>,
}

impl Comparand {
    /// Of vectors of `size` components.
    pub(crate) fn new(size: usize) -> Self {
        Self { size, padded: size.next_multiple_of(STEP), ..Self::default() }
    }

    /// Adds a vector, `[size]`.
    pub(crate) fn push(&mut self, vector: &[i8], scale: f32) {
        debug_assert_eq!(vector.len(), self.size);
        let lane = self.count;
        self.count += 1;
        self.shifted.resize(self.lanes() * self.padded, 0);
        self.scales.resize(self.lanes(), 0.0);
        for (shifted, component) in self.shifted[lane * self.padded..].iter_mut().zip(vector) {
            *shifted = component.cast_unsigned() ^ 0x80;
        }
        self.scales[lane] = scale;
    }

    /// Length of a row of similarities: the number of vectors, rounded up.
    pub(crate) fn lanes(&self) -> usize {
        self.count.next_multiple_of(LANES)
    }

    /// Cosines of every stored vector with every one of these.
    ///
    /// `vectors` is `[frames, size]`, `scales` are their quantisation steps, `rows` receives `[frames, lanes]`; what
    /// stands in lanes beyond the last vector means nothing.
    ///
    /// # Panics
    /// When the lengths do not fit together.
    pub(crate) fn compare(&self, vectors: &[i8], scales: &[f32], rows: &mut [f32]) {
        assert_eq!(vectors.len(), scales.len() * self.size, "vectors of another size");
        assert_eq!(rows.len(), scales.len() * self.lanes(), "too few rows");
        #[cfg(target_arch = "x86_64")]
        if vnni::compare(self, vectors, scales, rows) {
            return;
        }
        plain::compare(self, vectors, scales, rows);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    type Kernel = fn(&Comparand, &[i8], &[f32], &mut [f32]);

    fn bytes(count: usize, mut seed: u64) -> Vec<i8> {
        let next = || {
            seed = seed.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
            ((seed >> 33) % 255) as i16 - 127
        };
        std::iter::repeat_with(next).take(count).map(|byte| byte as i8).collect()
    }

    /// One sum after the other, as written down.
    fn truth(queries: &[i8], vectors: &[i8], size: usize, scales: &[f32]) -> Vec<Vec<f32>> {
        let dot =
            |a: &[i8], b: &[i8]| a.iter().zip(b).map(|(a, b)| i32::from(*a) * i32::from(*b)).sum::<i32>();
        let row = |(vector, scale): (&[i8], &f32)| {
            queries.chunks(size).map(|query| dot(query, vector) as f32 * (0.5 * scale)).collect()
        };
        vectors.chunks(size).zip(scales).map(row).collect()
    }

    #[test]
    fn every_kernel_gives_the_sums_of_the_scalar_truth() {
        for size in [1, 3, 31, 32, 63, 64, 65, 127, 128, 200, 512, 515] {
            for (count, frames) in [(1, 1), (1, 7), (3, 5), (4, 4), (5, 9), (32, 13)] {
                let (queries, vectors) = (bytes(count * size, 1), bytes(frames * size, 2));
                let scales: Vec<f32> = (0..frames).map(|frame| 1.0 + frame as f32).collect();
                let truth = truth(&queries, &vectors, size, &scales);
                let mut comparand = Comparand::new(size);
                queries.chunks(size).for_each(|query| comparand.push(query, 0.5));
                let kernels: [Kernel; 2] = [Comparand::compare, plain::compare];
                for (at, kernel) in kernels.into_iter().enumerate() {
                    let mut rows = vec![f32::NAN; frames * comparand.lanes()];
                    kernel(&comparand, &vectors, &scales, &mut rows);
                    for (row, truth) in rows.chunks(comparand.lanes()).zip(&truth) {
                        assert_eq!(row[..count], truth[..], "kernel {at}, size {size}, {count} × {frames}");
                    }
                }
            }
        }
    }

    #[test]
    fn extreme_components_do_not_overflow() {
        for (a, b) in [(-128i8, -128i8), (-128, 127), (127, 127)] {
            let (query, vector) = ([a; 4096], [b; 4096]);
            let mut comparand = Comparand::new(4096);
            comparand.push(&query, 1.0);
            let mut rows = vec![0.0; comparand.lanes()];
            comparand.compare(&vector, &[1.0], &mut rows);
            assert_eq!(rows[0], f32::from(a) * f32::from(b) * 4096.0);
        }
    }
}
