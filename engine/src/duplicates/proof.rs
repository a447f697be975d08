//! Whether two sounds share audio, sample by sample: the offset by cross-correlation, the gain by least squares, and
//! what is left over when one is taken from the other.
//!
//! The similarity is the correlation of both at the best offset (to a fraction of a sample), taken in bands and
//! averaged over the bands that sound, so that a hum does not outweigh everything else; this is the generalised
//! cross-correlation of Knapp and Carter (IEEE TASSP 24(4), 1976) with bands in place of single frequencies. Copies
//! through codecs measured 0.86 and more, other takes of the same source that shared moments mostly below 0.4.

use std::ops::Range;
use std::sync::Arc;

use realfft::num_complex::Complex;
use realfft::{ComplexToReal, RealFftPlanner, RealToComplex};

use super::Evidence;
use super::agreement::{Fit, Sums, bands, weight, weights, wide};
use super::fingerprint::{HOP, Heard, RATE_HZ, hann};
use super::samples::{Samples, Source};
use super::table::Candidate;
use crate::audio::AudioError;

/// Samples of the piece that the offset is found with, and of the transform.
const PIECE: usize = 1 << 15;
const PIECE_FFT: usize = 1 << 16;
/// How far the offset may be from where the moments put it, samples: a click sounds the same wherever in its window.
const REACH: usize = 10 * HOP;
/// Window of the comparison, one every half.
const BLOCK: usize = 8192;
/// After so many blocks a comparison that goes badly is given up.
const GIVE_UP_AFTER: u32 = 24;
/// A steady tone repeats itself: where a sound is this similar to itself at another offset, and its level stays within
/// this, dB, no offset is certain. Of such sounds only those are the same that begin together, are of one length
/// (samples), and leave this little over: −20 dB.
const PERIODIC: f32 = 0.9;
const STEADY_DB: f32 = 8.0;
const TONE_LENGTH: u64 = 1323;
const MOST_RESIDUAL_OF_TONE: f64 = 0.01;
/// Offsets at which a tone repeats itself, samples: 10 to 70 ms.
const PERIODS: Range<usize> = 220..1544;
/// Parts of a piece whose levels are compared.
const LEVELS: usize = 16;
/// What may be missing at the ends of the same audio, seconds and as a share of what can be heard.
const MISSING_S: f64 = 0.1;
const MISSING_SHARE: f64 = 0.2;
/// The shortest audio that can be contained in another, seconds.
const LEAST_CONTAINED_S: f64 = 0.1;

/// A sound with what listening to it gave.
#[derive(Clone, Copy, Debug)]
pub(super) struct Party<'a> {
    pub source: &'a Source,
    pub heard: &'a Heard,
}

/// What two sounds have to do with each other; the evidence is that of the first in terms of the second.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Verdict {
    /// All that can be heard of both is the same.
    Same(Evidence),
    /// The first is a part of the second.
    Within(Evidence),
    /// The second is a part of the first.
    Holds(Evidence),
    /// Nothing, or not enough to say.
    Different,
}

/// Compares sounds; it keeps the plans and buffers.
pub(super) struct Prover {
    piece_fft: Arc<dyn RealToComplex<f32>>,
    piece_inverse: Arc<dyn ComplexToReal<f32>>,
    block_fft: Arc<dyn RealToComplex<f32>>,
    window: Vec<f32>,
    pub samples: Samples,
}

/// Where and how well a piece fits.
struct Alignment {
    /// Samples to be added to a time in the first to get to that in the second.
    lag: i64,
    /// The rest of the lag, below a sample.
    fraction: f64,
    periodic: bool,
}

impl Prover {
    pub(super) fn new() -> Self {
        let mut planner = RealFftPlanner::new();
        Self {
            piece_fft: planner.plan_fft_forward(PIECE_FFT),
            piece_inverse: planner.plan_fft_inverse(PIECE_FFT),
            block_fft: planner.plan_fft_forward(BLOCK),
            window: hann(BLOCK),
            samples: Samples::new(),
        }
    }

    /// Compares two sounds about where a candidate says.
    ///
    /// # Errors
    /// Those of decoding.
    pub(super) fn compare(
        &mut self,
        a: Party<'_>,
        b: Party<'_>,
        candidate: &Candidate,
    ) -> Result<Verdict, AudioError> {
        if a.heard.active.is_none() || b.heard.active.is_none() {
            return Ok(Verdict::Different);
        }
        let guess = i64::from(candidate.lag) * HOP as i64;
        // A moment looks back over its window and the one that it is compared with.
        let at = i64::from(candidate.at) * HOP as i64 - PIECE as i64 / 4;
        for alignment in self.align(a, b, guess, at)? {
            let overlap = overlap(a.heard.samples, b.heard.samples, alignment.lag);
            if let Some(fit) = self.fit(a, b, &alignment, &overlap)? {
                return Ok(judge(a, b, &alignment, &overlap, &fit));
            }
        }
        Ok(Verdict::Different)
    }

    /// Offsets at which one piece fits best: with all bands alike and, where that is elsewhere, with all as loud as
    /// they are, which is right for what hardly has more than one band.
    fn align(
        &mut self,
        a: Party<'_>,
        b: Party<'_>,
        guess: i64,
        at: i64,
    ) -> Result<Vec<Alignment>, AudioError> {
        let shared = overlap(a.heard.samples, b.heard.samples, guess);
        let reach = REACH as i64;
        // Near the middle of what the moments share, but inside of both.
        let start = at.min(shared.end - PIECE as i64).max(shared.start);
        let end = (start + PIECE as i64).min(shared.end);
        if end <= start {
            return Ok(Vec::new());
        }
        let mut first = self.piece_fft.make_input_vec();
        let mut second = self.piece_fft.make_input_vec();
        let length = (end - start) as usize;
        self.samples.read(a.source, start, &mut first[..length])?;
        self.samples.read(b.source, start + guess - reach, &mut second[..length + 2 * REACH])?;
        let periodic = self.is_periodic(&first, length);
        if periodic && a.heard.samples.abs_diff(b.heard.samples) > TONE_LENGTH {
            return Ok(Vec::new());
        }
        let (mut x, mut y) = (self.piece_fft.make_output_vec(), self.piece_fft.make_output_vec());
        // The lengths are the plan's own.
        if self.piece_fft.process(&mut first, &mut x).is_err()
            || self.piece_fft.process(&mut second, &mut y).is_err()
        {
            return Ok(Vec::new());
        }
        let bands = bands(PIECE_FFT);
        let even = weights(&bands, &x, &y);
        if even.iter().all(|weight| *weight == 0.0) {
            return Ok(Vec::new());
        }
        if periodic {
            let fraction = fraction(&x, &y, &even, reach - guess);
            return Ok(vec![Alignment { lag: 0, fraction, periodic }]);
        }
        let mut found: Vec<Alignment> = Vec::new();
        for weights in [even, vec![1.0; x.len()]] {
            let cross = self.correlation(&x, &y, &weights);
            let best = (0..=2 * REACH).max_by(|p, q| cross[*p].abs().total_cmp(&cross[*q].abs()));
            let Some(best) = best else { continue };
            let lag = guess - reach + best as i64;
            if found.iter().all(|alignment| (alignment.lag - lag).abs() > 1) {
                found.push(Alignment { lag, fraction: fraction(&x, &y, &weights, best as i64), periodic });
            }
        }
        Ok(found)
    }

    /// Whether a piece is a steady tone. The window keeps its edges out of it, which are none of the sound's.
    fn is_periodic(&self, piece: &[f32], length: usize) -> bool {
        let levels = piece[..length].chunks((length / LEVELS).max(1)).take(LEVELS).map(power);
        let (least, most) =
            levels.fold((f32::INFINITY, 0f32), |(least, most), level| (least.min(level), most.max(level)));
        if most > least * 10f32.powf(STEADY_DB / 10.0) {
            return false;
        }
        let mut windowed = self.piece_fft.make_input_vec();
        for ((windowed, sample), weight) in windowed.iter_mut().zip(&piece[..length]).zip(hann(length)) {
            *windowed = sample * weight;
        }
        let mut x = self.piece_fft.make_output_vec();
        if self.piece_fft.process(&mut windowed, &mut x).is_err() {
            return false;
        }
        let own = self.correlation(&x, &x, &weights(&bands(PIECE_FFT), &x, &x));
        PERIODS.clone().take_while(|lag| *lag < length / 2).any(|lag| own[lag] >= PERIODIC * own[0])
    }

    /// Weighted cross-correlation; index is the lag of the second, circular.
    fn correlation(&self, x: &[Complex<f32>], y: &[Complex<f32>], weights: &[f32]) -> Vec<f32> {
        let mut product: Vec<Complex<f32>> =
            x.iter().zip(y).zip(weights).map(|((x, y), weight)| x.conj() * y * *weight).collect();
        product[0].im = 0.0;
        if let Some(last) = product.last_mut() {
            last.im = 0.0;
        }
        let mut correlation = self.piece_inverse.make_output_vec();
        let done = self.piece_inverse.process(&mut product, &mut correlation);
        debug_assert!(done.is_ok());
        correlation
    }

    /// Compares all that both share at an offset; `None` where it does not agree.
    fn fit(
        &mut self,
        a: Party<'_>,
        b: Party<'_>,
        alignment: &Alignment,
        overlap: &Range<i64>,
    ) -> Result<Option<Fit>, AudioError> {
        let bands = bands(BLOCK);
        let phasors: Vec<Complex<f64>> = (0..=BLOCK / 2)
            .map(|bin| {
                let angle = std::f64::consts::TAU * bin as f64 / BLOCK as f64 * alignment.fraction;
                Complex::from_polar(1.0, angle)
            })
            .collect();
        let mut sums = Sums::default();
        let (mut first, mut second) = (vec![0.0f32; BLOCK], vec![0.0f32; BLOCK]);
        let (mut x, mut y) = (self.block_fft.make_output_vec(), self.block_fft.make_output_vec());
        let mut start = overlap.start - BLOCK as i64 / 2;
        while start < overlap.end {
            self.samples.read(a.source, start, &mut first)?;
            self.samples.read(b.source, start + alignment.lag, &mut second)?;
            mask(&mut first, start, overlap);
            mask(&mut second, start, overlap);
            start += BLOCK as i64 / 2;
            let loudness = (power(&first) / a.heard.loudest).max(power(&second) / b.heard.loudest);
            for side in [&mut first, &mut second] {
                side.iter_mut().zip(&self.window).for_each(|(sample, weight)| *sample *= weight);
            }
            if self.block_fft.process(&mut first, &mut x).is_err()
                || self.block_fft.process(&mut second, &mut y).is_err()
            {
                return Ok(None);
            }
            sums.take(&x, &y, &phasors, &bands, weight(loudness));
            if sums.blocks == GIVE_UP_AFTER && sums.similarity.abs() < 0.3 * sums.weight {
                return Ok(None);
            }
        }
        Ok(sums.fit())
    }
}

/// What it means that two sounds fit: which of them is whole in what both share.
fn judge(a: Party<'_>, b: Party<'_>, alignment: &Alignment, overlap: &Range<i64>, fit: &Fit) -> Verdict {
    let (Some(active_a), Some(active_b)) = (&a.heard.active, &b.heard.active) else {
        return Verdict::Different;
    };
    let lag = alignment.lag as f64 + alignment.fraction;
    let evidence = Evidence {
        offset_s: lag / f64::from(RATE_HZ),
        gain_db: 20.0 * fit.gain.abs().max(1e-9).log10(),
        inverted: fit.gain < 0.0,
        residual_db: 10.0 * fit.residual.max(1e-12).log10(),
        similarity: fit.similarity,
    };
    let shared_b = overlap.start + alignment.lag..overlap.end + alignment.lag;
    let (a_covered, b_covered) = (covers(overlap, active_a), covers(&shared_b, active_b));
    if alignment.periodic {
        let same = fit.residual <= MOST_RESIDUAL_OF_TONE && a_covered && b_covered;
        return if same { Verdict::Same(evidence) } else { Verdict::Different };
    }
    let long_enough =
        |active: &Range<u64>| (active.end - active.start) as f64 >= LEAST_CONTAINED_S * f64::from(RATE_HZ);
    match (a_covered, b_covered) {
        (true, true) => Verdict::Same(evidence),
        (true, false) if long_enough(active_a) => Verdict::Within(evidence),
        (false, true) if long_enough(active_b) => Verdict::Holds(evidence),
        _ => Verdict::Different,
    }
}

/// What is to be added to a whole lag so that both fit best, −0.6 to 0.6 samples.
fn fraction(x: &[Complex<f32>], y: &[Complex<f32>], weights: &[f32], lag: i64) -> f64 {
    let fit = |fraction: f64| {
        let step = std::f64::consts::TAU / PIECE_FFT as f64 * (lag as f64 + fraction);
        let turn = Complex::from_polar(1.0, step);
        let mut phasor = Complex::new(1.0, 0.0);
        let mut sum = 0.0;
        for ((x, y), weight) in x.iter().zip(y).zip(weights) {
            if *weight > 0.0 {
                sum += (wide(x.conj() * y) * phasor).re * f64::from(*weight);
            }
            phasor *= turn;
        }
        sum.abs()
    };
    let steps = (-12..=12).map(|step| f64::from(step) * 0.05);
    steps
        .map(|fraction| (fit(fraction), fraction))
        .max_by(|p, q| p.0.total_cmp(&q.0))
        .map_or(0.0, |best| best.1)
}

fn power(samples: &[f32]) -> f32 {
    samples.iter().map(|sample| sample * sample).sum::<f32>() / samples.len() as f32
}

/// Silences what lies outside of the shared part.
fn mask(samples: &mut [f32], start: i64, shared: &Range<i64>) {
    let length = samples.len() as i64;
    let from = (shared.start - start).clamp(0, length) as usize;
    let to = (shared.end - start).clamp(0, length) as usize;
    samples[..from].fill(0.0);
    samples[to.max(from)..].fill(0.0);
}

/// What two sounds share at an offset, in samples of the first.
fn overlap(a: u64, b: u64, lag: i64) -> Range<i64> {
    let start = (-lag).max(0);
    start..(a as i64).min(b as i64 - lag).max(start)
}

/// Whether all that can be heard lies in the shared part, but for a little at the ends.
fn covers(shared: &Range<i64>, active: &Range<u64>) -> bool {
    let (start, end) = (active.start as i64, active.end as i64);
    let missing = (shared.start - start).max(0) + (end - shared.end).max(0);
    let length = (end - start) as f64;
    let allowed = (MISSING_S * f64::from(RATE_HZ)).min(MISSING_SHARE * length);
    missing as f64 <= allowed
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::path::Path;

    use earmark_demo::{Audio, SampleFormat, wav};

    use super::super::fingerprint::{Fingerprinter, Moment};
    use super::super::table::Table;
    use super::*;

    /// Noise through a slowly moving resonance: like a long ambience, never twice the same.
    fn ambience(seed: u32, length_s: f64) -> Vec<f32> {
        let mut state = u64::from(seed) << 8 | 1;
        let mut next = move || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (state >> 40) as f32 / (1u64 << 23) as f32 - 1.0
        };
        let (mut y1, mut y2) = (0.0f32, 0.0f32);
        (0..(length_s * f64::from(RATE_HZ)) as usize)
            .map(|at| {
                let hz = 600.0 + 300.0 * (at as f32 / 30_000.0).sin();
                let y = next() + 1.8 * (std::f32::consts::TAU * hz / RATE_HZ as f32).cos() * y1 - 0.81 * y2;
                (y1, y2) = (y, y1);
                0.02 * y
            })
            .collect()
    }

    fn listen(dir: &Path, number: u32, samples: &[f32]) -> (Source, Heard, Vec<Moment>) {
        let path = dir.join(format!("{number}.wav"));
        let audio = Audio { sample_rate_hz: RATE_HZ, channels: vec![samples.to_vec()] };
        std::fs::write(&path, wav::encode(&audio, SampleFormat::I16, &Default::default())).unwrap();
        let mut fingerprinter = Fingerprinter::new();
        samples.chunks(10_000).for_each(|block| fingerprinter.push(block));
        let (moments, heard) = fingerprinter.finish();
        (Source { number, path, samples: samples.len() as u64 }, heard, moments)
    }

    #[test]
    fn an_excerpt_is_found_late_in_a_long_file_and_its_copy_throughout() {
        let dir = tempfile::tempdir().unwrap();
        let whole = ambience(1, 200.0);
        let from = 150 * RATE_HZ as usize + 4321;
        let excerpt: Vec<f32> = whole[from..from + 40_000].iter().map(|sample| -0.5 * sample).collect();
        // A copy in which a minute was replaced is no copy.
        let mut changed = whole.clone();
        changed[1_000_000..2_500_000].copy_from_slice(&ambience(2, 200.0)[..1_500_000]);
        let heard: Vec<_> = [whole.clone(), excerpt, changed, whole]
            .iter()
            .enumerate()
            .map(|(number, samples)| listen(dir.path(), number as u32, samples))
            .collect();
        let mut table = Table::new(1000.0);
        let mut prover = Prover::new();
        let mut verdicts = Vec::new();
        for (number, (_, _, moments)) in heard.iter().enumerate() {
            for candidate in table.ask_and_enter(number as u32, moments) {
                let party = |number: u32| {
                    let (source, heard, _) = &heard[number as usize];
                    Party { source, heard }
                };
                let verdict = prover.compare(party(candidate.a), party(candidate.b), &candidate).unwrap();
                verdicts.push(((candidate.a, candidate.b), verdict));
            }
        }
        let of = |pair| verdicts.iter().find(|(of, _)| *of == pair).map(|(_, verdict)| *verdict);
        let Some(Verdict::Within(evidence)) = of((1, 0)) else { panic!("{verdicts:?}") };
        assert!((evidence.offset_s - from as f64 / f64::from(RATE_HZ)).abs() < 1e-5, "{evidence:?}");
        assert!(evidence.inverted && (evidence.gain_db + 6.02).abs() < 0.01, "{evidence:?}");
        assert!(matches!(of((3, 0)), Some(Verdict::Same(evidence)) if evidence.residual_db < -50.0));
        assert_eq!(of((2, 0)), Some(Verdict::Different));
    }
}
