//! One bit a component: an estimate of a product, with a bound of its error.
//!
//! Gao & Long, "RaBitQ: Quantizing High-Dimensional Vectors with a Theoretical Error Bound for Approximate Nearest
//! Neighbor Search", SIGMOD 2024. A stored vector `x` is the centre `c` of its list plus a residual of length `r` and
//! rotated direction `o`, of which the signs are kept: `ō = sign(o) / √n`. For a query `q` with the rotated residual
//! `p = q − c`
//!
//! ```text
//! x·q = x·c + c·p + r·(o·p),   o·p ≈ (ō·p) / (ō·o),   error ≤ ε · |p| · √(1 − (ō·o)²) / (ō·o) / √(n − 1)
//! ```
//!
//! `x·c` and `r / (ō·o)` are kept beside the signs. The query's residual is rounded to four bits, so that `ō·p` is a
//! matter of counting bits; codes stand in blocks of 16, the same word of all side by side, so that one instruction
//! counts in 16 codes.

use multiversion::multiversion;

/// Codes in a block.
pub(crate) const BLOCK: usize = 16;
/// Bits that a component of a query is rounded to.
const PLANES: usize = 4;
/// Largest rounded component; the smallest is its negative.
const PEAK: f32 = 7.0;
/// 1.5 · 2²³: floats of this size are whole numbers.
const ROUNDER: f32 = 12_582_912.0;

/// Words of a block: the codes, then `x·c`, `r / (ō·o) / √n` and one word of the caller's, `[16]` each.
pub(crate) fn block_words(padded: usize) -> usize {
    BLOCK * (padded / 32 + 3)
}

/// One code, before it takes its place in a block.
#[derive(Clone, Debug)]
pub(crate) struct Code {
    /// Signs, `[padded / 32]`.
    pub bits: Vec<u32>,
    /// `x·c`.
    pub product: f32,
    /// `r / (ō·o) / √n`.
    pub step: f32,
}

impl Code {
    /// Of a rotated vector in the list with this rotated centre.
    pub(crate) fn new(rotated: &[f32], centre: &[f32]) -> Self {
        let mut bits = vec![0u32; rotated.len() / 32];
        let (mut squares, mut sum) = (0.0f32, 0.0f32);
        for ((word, x), c) in bits.iter_mut().zip(rotated.chunks_exact(32)).zip(centre.chunks_exact(32)) {
            for (at, (x, c)) in x.iter().zip(c).enumerate() {
                let residual = x - c;
                squares += residual * residual;
                sum += residual.abs();
                *word |= u32::from(residual > 0.0) << at;
            }
        }
        let product = rotated.iter().zip(centre).map(|(x, c)| x * c).sum();
        // r / (Σ|oᵢ| / √n) / √n, where oᵢ is a residual's component divided by r.
        Self { bits, product, step: if sum > 0.0 { squares / sum } else { 0.0 } }
    }

    /// Puts it into a block.
    pub(crate) fn store(&self, block: &mut [u32], at: usize, word: u32) {
        let codes = self.bits.len();
        for (row, bits) in self.bits.iter().enumerate() {
            block[row * BLOCK + at] = *bits;
        }
        block[codes * BLOCK + at] = self.product.to_bits();
        block[(codes + 1) * BLOCK + at] = self.step.to_bits();
        block[(codes + 2) * BLOCK + at] = word;
    }

    /// Copies one, with its word, from a place of some blocks to one of others, which grow where they end there.
    pub(crate) fn copy((from, at): (&[u32], usize), (to, place): (&mut Vec<u32>, usize), padded: usize) {
        let words = block_words(padded);
        let from = &from[at / BLOCK * words..][..words];
        let end = (place / BLOCK + 1) * words;
        to.resize(end.max(to.len()), 0);
        for (from, to) in from.as_chunks::<BLOCK>().0.iter().zip(to[end - words..].as_chunks_mut::<BLOCK>().0)
        {
            to[place % BLOCK] = from[at % BLOCK];
        }
    }
}

/// A query's residual to one list, or the query itself, ready to be compared with codes.
#[derive(Clone, Debug, Default)]
pub(crate) struct Residual {
    /// `[padded / 32, planes]`, lowest bit first; the highest counts negative.
    planes: Vec<[u32; PLANES]>,
    /// `c·p`, or `c·q`.
    product: f32,
    /// Length.
    length: f32,
    /// Rounding step.
    step: f32,
    /// Sum of the rounded components.
    sum: i32,
    /// Square of the centre's length.
    centre_squared: f32,
    /// How many times `x·c` counts: once, or not at all where this is the query itself.
    of_centre: f32,
}

impl Residual {
    /// Of a rotated query and a list's rotated centre: `[padded]` `i8 × scale`.
    pub(crate) fn set(&mut self, query: &[f32], centre: &[i8], scale: f32, scratch: &mut Vec<f32>) {
        scratch.resize(query.len(), 0.0);
        self.planes.resize(query.len() / 32, [0; PLANES]);
        self.of_centre = 1.0;
        set_residual(self, query, centre, scale, scratch);
    }

    /// Of a rotated query itself, in place of its residual to any list that it is told of by [`Residual::set_list`]:
    ///
    /// ```text
    /// x·q = c·q + r·(o·q),   error ≤ ε · |q| · √(1 − (ō·o)²) / (ō·o) / √(n − 1)
    /// ```
    ///
    /// Estimates are less exact, but nothing is worked out for each list: for lists of few codes.
    pub(crate) fn of_query(query: &[f32]) -> Self {
        let mut residual = Self::default();
        residual.set(query, &vec![0; query.len()], 0.0, &mut Vec::new());
        residual.of_centre = 0.0;
        residual
    }

    /// Components of the query.
    pub(crate) fn size(&self) -> usize {
        self.planes.len() * 32
    }

    /// Makes a query itself ready for a list: `c·q`, and the square of the centre's length.
    pub(crate) fn set_list(&mut self, product: f32, centre_squared: f32) {
        (self.product, self.centre_squared) = (product, centre_squared);
    }

    /// Products of the query with the vectors of so many codes, `[blocks × 16]`; behind the last code they are −∞. `peaks`
    /// receives for each block what its products do not exceed.
    pub(crate) fn estimate(
        &self,
        blocks: &[u32],
        codes: usize,
        products: &mut Vec<f32>,
        peaks: &mut Vec<f32>,
    ) {
        let words = BLOCK * (self.planes.len() + 3);
        products.resize(blocks.len() / words * BLOCK, 0.0);
        peaks.resize(products.len() / BLOCK, 0.0);
        estimate_all(self, blocks, products, peaks);
        products.iter_mut().skip(codes).for_each(|product| *product = f32::NEG_INFINITY);
    }

    /// Standard deviation of the error of an estimate, as the bound has it.
    pub(crate) fn deviation(&self, code: CodeFactors) -> f32 {
        let n = self.size() as f32;
        // For |x| = 1; (r / (ō·o))² − r² is (r √(1 − (ō·o)²) / (ō·o))².
        let squared = 1.0 - 2.0 * code.product + self.centre_squared;
        self.length * ((code.step * code.step * n - squared).max(0.0) / (n - 1.0)).sqrt()
    }
}

/// What a block keeps beside the signs of a code.
#[derive(Clone, Copy, Debug)]
pub(crate) struct CodeFactors {
    /// `x·c`.
    pub product: f32,
    /// `r / (ō·o) / √n`.
    pub step: f32,
    /// The caller's word.
    pub word: u32,
}

impl CodeFactors {
    /// Of the code at a place of a list's blocks.
    pub(crate) fn of(blocks: &[u32], padded: usize, at: usize) -> Self {
        let codes = padded / 32 * BLOCK;
        let factors = &blocks[at / BLOCK * block_words(padded) + codes..][..3 * BLOCK];
        let at = at % BLOCK;
        Self {
            product: f32::from_bits(factors[at]),
            step: f32::from_bits(factors[BLOCK + at]),
            word: factors[2 * BLOCK + at],
        }
    }
}

#[multiversion(targets("x86_64+avx512f+avx512bw+avx512vl", "x86_64+avx2+fma", "aarch64+neon"))]
fn set_residual(residual: &mut Residual, query: &[f32], centre: &[i8], scale: f32, scratch: &mut [f32]) {
    const LANES: usize = 16;
    let mut products = [0.0f32; LANES];
    let mut squares = [0.0f32; LANES];
    let mut centre_squares = [0.0f32; LANES];
    let mut peaks = [0.0f32; LANES];
    let parts = query.as_chunks::<LANES>().0.iter().zip(centre.as_chunks::<LANES>().0);
    for ((q, c), out) in parts.zip(scratch.as_chunks_mut::<LANES>().0) {
        for lane in 0..LANES {
            let c = f32::from(c[lane]) * scale;
            let p = q[lane] - c;
            out[lane] = p;
            products[lane] += c * p;
            squares[lane] += p * p;
            centre_squares[lane] += c * c;
            peaks[lane] = peaks[lane].max(p.abs());
        }
    }
    let peak = peaks.iter().fold(0.0f32, |a, b| a.max(*b));
    let inverse = if peak > 0.0 { PEAK / peak } else { 0.0 };
    let mut sum = 0i32;
    for (planes, part) in residual.planes.iter_mut().zip(scratch.as_chunks::<32>().0) {
        // So large an addend leaves no room for a fraction: the sum is rounded to the nearest, and the lowest bits of it are
        // the number in two's complement. A cast, which has to mind numbers that do not fit, takes several times as long.
        let sums: [u32; 32] = std::array::from_fn(|at| (part[at] * inverse + ROUNDER).to_bits());
        sum += sums.iter().map(|sum| sum.wrapping_sub(ROUNDER.to_bits()).cast_signed()).sum::<i32>();
        let nibbles: [u8; 32] = std::array::from_fn(|at| sums[at] as u8);
        *planes = [0; PLANES];
        for (at, eight) in nibbles.as_chunks::<8>().0.iter().enumerate() {
            let eight = u64::from_le_bytes(*eight);
            for (plane, bits) in planes.iter_mut().enumerate() {
                *bits |= lowest_bits(eight >> plane) << (8 * at);
            }
        }
    }
    residual.product = products.iter().sum();
    residual.length = squares.iter().sum::<f32>().sqrt();
    residual.centre_squared = centre_squares.iter().sum();
    residual.step = if inverse > 0.0 { 1.0 / inverse } else { 0.0 };
    residual.sum = sum;
}

/// The lowest bit of each of eight bytes, side by side: the product moves that of byte `j` to bit `56 + j`.
#[inline(always)]
fn lowest_bits(bytes: u64) -> u32 {
    ((bytes & 0x0101_0101_0101_0101).wrapping_mul(0x0102_0408_1020_4080) >> 56) as u32
}

#[multiversion(targets(
    "x86_64+avx512f+avx512bw+avx512vl+avx512vpopcntdq",
    "x86_64+avx2+fma+popcnt",
    "aarch64+neon"
))]
fn estimate_all(residual: &Residual, blocks: &[u32], products: &mut [f32], peaks: &mut [f32]) {
    let rows = residual.planes.len();
    let blocks = blocks.chunks_exact(BLOCK * (rows + 3));
    let outs = products.as_chunks_mut::<BLOCK>().0.iter_mut().zip(peaks);
    for (block, (products, peak)) in blocks.zip(outs) {
        let rows_of = block.as_chunks::<BLOCK>().0;
        let mut counts = [[0u32; BLOCK]; PLANES];
        for (row, planes) in rows_of.iter().zip(&residual.planes) {
            for plane in 0..PLANES {
                for lane in 0..BLOCK {
                    counts[plane][lane] += (row[lane] & planes[plane]).count_ones();
                }
            }
        }
        let (centre_products, steps) = (&rows_of[rows], &rows_of[rows + 1]);
        for lane in 0..BLOCK {
            let count = (counts[0][lane] + 2 * counts[1][lane] + 4 * counts[2][lane]) as i32
                - 8 * counts[3][lane] as i32;
            let product = (2 * count - residual.sum) as f32 * residual.step;
            products[lane] = residual.of_centre * f32::from_bits(centre_products[lane])
                + residual.product
                + f32::from_bits(steps[lane]) * product;
        }
        let [peak_of_all] = larger::<2, 1>(larger::<4, 2>(larger::<8, 4>(larger::<BLOCK, 8>(*products))));
        *peak = peak_of_all;
    }
}

/// The larger ones of the first and the second half: compared one after the other, each would wait for the one before.
#[inline(always)]
fn larger<const N: usize, const HALF: usize>(values: [f32; N]) -> [f32; HALF] {
    std::array::from_fn(|at| if values[at] > values[at + HALF] { values[at] } else { values[at + HALF] })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::vectors::rotation::Rotation;

    fn normals(seed: u64) -> impl FnMut() -> f32 {
        let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
        let mut uniform = move || {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            (state >> 40) as f32 / (1u64 << 24) as f32
        };
        move || (0..12).map(|_| uniform()).sum::<f32>() - 6.0
    }

    fn unit(vector: &mut [f32]) {
        let length = vector.iter().map(|x| x * x).sum::<f32>().sqrt();
        vector.iter_mut().for_each(|x| *x /= length);
    }

    #[test]
    fn estimates_are_unbiased_and_their_errors_are_as_small_as_the_bound_says() {
        for size in [64, 192, 512] {
            let rotation = Rotation::new(size);
            let mut normal = normals(size as u64);
            let mut centre: Vec<i8> = (0..size).map(|_| (normal() * 20.0).clamp(-90.0, 90.0) as i8).collect();
            centre.truncate(Rotation::padded(size));
            let scale = 0.6 / centre.iter().map(|c| f32::from(*c).powi(2)).sum::<f32>().sqrt();
            let rotated_centre: Vec<f32> = centre.iter().map(|c| f32::from(*c) * scale).collect();
            let count = 83;
            let mut blocks = vec![0u32; block_words(size) * 83usize.div_ceil(BLOCK)];
            let mut vectors = Vec::new();
            for at in 0..count {
                let mut vector: Vec<f32> = (0..size).map(|_| normal() / (size as f32).sqrt() * 0.7).collect();
                rotation.apply(&mut vector);
                vector.iter_mut().zip(&rotated_centre).for_each(|(x, c)| *x += c);
                unit(&mut vector);
                let words = block_words(size);
                let block = &mut blocks[at / BLOCK * words..][..words];
                Code::new(&vector, &rotated_centre).store(block, at % BLOCK, at as u32);
                vectors.push(vector);
            }
            // All codes by the query's residual, and copies of some by the query itself.
            let all: Vec<usize> = (0..count).collect();
            let some: Vec<usize> = (0..count).step_by(3).collect();
            let mut copies = Vec::new();
            some.iter()
                .enumerate()
                .for_each(|(at, from)| Code::copy((&blocks, *from), (&mut copies, at), size));
            let centre_squared = rotated_centre.iter().map(|c| c * c).sum();
            for (blocks, codes, is_copy) in [(&blocks, all, false), (&copies, some, true)] {
                let (mut errors, mut bounds) = (Vec::new(), 0.0);
                for _ in 0..40 {
                    let mut query: Vec<f32> = (0..size).map(|_| normal()).collect();
                    unit(&mut query);
                    query.iter_mut().zip(&rotated_centre).for_each(|(x, c)| *x += c);
                    unit(&mut query);
                    let (mut residual, mut scratch) = (Residual::default(), Vec::new());
                    let (mut products, mut peaks) = (Vec::new(), Vec::new());
                    if is_copy {
                        let product = query.iter().zip(&rotated_centre).map(|(q, c)| q * c).sum();
                        residual = Residual::of_query(&query);
                        residual.set_list(product, centre_squared);
                    } else {
                        residual.set(&query, &centre, scale, &mut scratch);
                    }
                    residual.estimate(blocks, codes.len(), &mut products, &mut peaks);
                    assert!(products[codes.len()..].iter().all(|product| *product == f32::NEG_INFINITY));
                    for (peak, products) in peaks.iter().zip(products.chunks(BLOCK)) {
                        assert!(products.iter().all(|product| product <= peak));
                        assert!(products.contains(peak) || products.contains(&f32::NEG_INFINITY));
                    }
                    for (at, code) in codes.iter().enumerate() {
                        let factors = CodeFactors::of(blocks, size, at);
                        assert_eq!(factors.word, *code as u32);
                        let truth: f32 = vectors[*code].iter().zip(&query).map(|(a, b)| a * b).sum();
                        let deviation = residual.deviation(factors);
                        errors.push((products[at] - truth) / deviation);
                        bounds += deviation;
                    }
                }
                let of_errors = errors.len() as f32;
                let mean = errors.iter().sum::<f32>() / of_errors;
                let spread = (errors.iter().map(|error| error * error).sum::<f32>() / of_errors).sqrt();
                let far = errors.iter().filter(|error| error.abs() > 3.0).count();
                assert!(mean.abs() < 0.1, "{size}: off by {mean} deviations");
                assert!((0.5..1.15).contains(&spread), "{size}: {spread} deviations");
                assert!(far * 100 < errors.len(), "{size}: {far} of {of_errors} beyond three deviations");
                assert!(bounds / of_errors < 1.0 / (size as f32).sqrt(), "{size}: {bounds}");
            }
        }
    }
}
