//! Dot products by AVX-512 VNNI: 64 products of bytes an instruction.
//!
//! # Why the unsafe code is sound
//! There are three kinds of it. Functions compiled for AVX-512 are called only behind [`is_supported`]. Loads read 64
//! bytes from a `&[_; 64]`, or through a mask exactly the bytes of a shorter slice; what is masked out is not touched.
//! Stores write four floats to a `&mut [f32; 4]`. None of them needs aligned memory.
#![allow(unsafe_code)]

use std::arch::x86_64::*;

use super::{Comparand, LANES, STEP};

/// Stored vectors in a tile: with four queries that makes 16 sums, which fit into the registers beside their operands.
const TILE: usize = 4;

fn is_supported() -> bool {
    is_x86_feature_detected!("avx512f")
        && is_x86_feature_detected!("avx512bw")
        && is_x86_feature_detected!("avx512vl")
        && is_x86_feature_detected!("avx512vnni")
}

/// [`Comparand::compare`], if the processor has the instructions; lengths are checked there.
pub(super) fn compare(comparand: &Comparand, vectors: &[i8], scales: &[f32], rows: &mut [f32]) -> bool {
    if !is_supported() {
        return false;
    }
    // SAFETY: the processor has the instructions.
    unsafe { compare_all(comparand, vectors, scales, rows) };
    true
}

#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vnni")]
fn compare_all(comparand: &Comparand, vectors: &[i8], scales: &[f32], rows: &mut [f32]) {
    let (size, lanes) = (comparand.size, comparand.lanes());
    let mut at = 0;
    while at < scales.len() {
        let left = scales.len() - at;
        let (vectors, scales, rows) = (&vectors[at * size..], &scales[at..], &mut rows[at * lanes..]);
        at += match left {
            1 => tile::<1>(comparand, vectors, scales, rows),
            2 => tile::<2>(comparand, vectors, scales, rows),
            3 => tile::<3>(comparand, vectors, scales, rows),
            _ => tile::<TILE>(comparand, vectors, scales, rows),
        };
    }
}

/// Compares the first `V` vectors with all queries.
#[allow(clippy::needless_range_loop, reason = "closures would not be compiled for the same instructions")]
#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vnni")]
fn tile<const V: usize>(comparand: &Comparand, vectors: &[i8], scales: &[f32], rows: &mut [f32]) -> usize {
    let (size, lanes) = (comparand.size, comparand.lanes());
    let mut parts = [&vectors[..size]; V];
    for v in 0..V {
        parts[v] = &vectors[v * size..][..size];
    }
    let vectors = parts;
    // The queries are 128 too large in each component, which makes sums too large by 128 times the vector's own sum.
    let mut bias = [_mm512_setzero_si512(); V];
    let all_128 = _mm512_set1_epi8(i8::MIN);
    for at in (0..size).step_by(STEP) {
        for v in 0..V {
            bias[v] = _mm512_dpbusd_epi32(bias[v], all_128, load_signed(vectors[v], at));
        }
    }
    let mut biases = [0; V];
    for v in 0..V {
        biases[v] = _mm512_reduce_add_epi32(bias[v]);
    }
    for lane in (0..lanes).step_by(LANES) {
        let sums = match comparand.count - lane {
            1 => products::<V, 1>(comparand, lane, vectors),
            2 => products::<V, 2>(comparand, lane, vectors),
            3 => products::<V, 3>(comparand, lane, vectors),
            _ => products::<V, LANES>(comparand, lane, vectors),
        };
        let query_scales = load_floats(&comparand.scales[lane..]);
        for v in 0..V {
            let sums = _mm_sub_epi32(add_up(sums[v]), _mm_set1_epi32(biases[v]));
            let scales = _mm_mul_ps(query_scales, _mm_set1_ps(scales[v]));
            store_floats(&mut rows[v * lanes + lane..], _mm_mul_ps(_mm_cvtepi32_ps(sums), scales));
        }
    }
    V
}

/// Sums of products of some vectors with `Q` queries from `lane` on, still to be added up; those of other lanes are zero.
#[allow(clippy::needless_range_loop, reason = "closures would not be compiled for the same instructions")]
#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vnni")]
#[inline]
fn products<const V: usize, const Q: usize>(
    comparand: &Comparand,
    lane: usize,
    vectors: [&[i8]; V],
) -> [[__m512i; LANES]; V] {
    let queries = &comparand.shifted[lane * comparand.padded..][..LANES * comparand.padded];
    let mut sums = [[_mm512_setzero_si512(); LANES]; V];
    for at in (0..comparand.size).step_by(STEP) {
        let mut vector = [_mm512_setzero_si512(); V];
        for v in 0..V {
            vector[v] = load_signed(vectors[v], at);
        }
        for q in 0..Q {
            let query = load(queries, q * comparand.padded + at);
            for v in 0..V {
                sums[v][q] = _mm512_dpbusd_epi32(sums[v][q], query, vector[v]);
            }
        }
    }
    sums
}

/// The sums of the lanes of four registers, side by side.
#[target_feature(enable = "avx512f,avx512vl")]
#[inline]
fn add_up(sums: [__m512i; LANES]) -> __m128i {
    let [a, b, c, d] = sums;
    let ab = _mm512_add_epi32(_mm512_unpacklo_epi32(a, b), _mm512_unpackhi_epi32(a, b));
    let cd = _mm512_add_epi32(_mm512_unpacklo_epi32(c, d), _mm512_unpackhi_epi32(c, d));
    let abcd = _mm512_add_epi32(_mm512_unpacklo_epi64(ab, cd), _mm512_unpackhi_epi64(ab, cd));
    let halves = _mm256_add_epi32(_mm512_castsi512_si256(abcd), _mm512_extracti64x4_epi64::<1>(abcd));
    _mm_add_epi32(_mm256_castsi256_si128(halves), _mm256_extracti128_si256::<1>(halves))
}

/// 64 bytes, or what there is of them and zeros.
#[target_feature(enable = "avx512f,avx512bw")]
#[inline]
fn load_signed(bytes: &[i8], at: usize) -> __m512i {
    let bytes = &bytes[at..];
    match bytes.first_chunk::<STEP>() {
        // SAFETY: 64 bytes are there.
        Some(chunk) => unsafe { _mm512_loadu_si512(chunk.as_ptr().cast()) },
        None => {
            let mask = (1u64 << bytes.len()) - 1;
            // SAFETY: as many bytes are read as the slice has.
            unsafe { _mm512_maskz_loadu_epi8(mask, bytes.as_ptr()) }
        }
    }
}

#[target_feature(enable = "avx512f,avx512bw")]
#[inline]
fn load(bytes: &[u8], at: usize) -> __m512i {
    load_signed(bytemuck::cast_slice(bytes), at)
}

#[target_feature(enable = "avx512f,avx512vl")]
#[inline]
fn load_floats(floats: &[f32]) -> __m128 {
    let [a, b, c, d] = *floats.first_chunk().unwrap_or(&[0.0; LANES]);
    _mm_set_ps(d, c, b, a)
}

#[target_feature(enable = "avx512f,avx512vl")]
#[inline]
fn store_floats(floats: &mut [f32], values: __m128) {
    if let Some(floats) = floats.first_chunk_mut::<LANES>() {
        // SAFETY: four floats are there.
        unsafe { _mm_storeu_ps(floats.as_mut_ptr(), values) }
    }
}
