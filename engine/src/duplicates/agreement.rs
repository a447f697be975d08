//! How well two spectra agree, band by band, and the sums over all blocks that two sounds share.

use std::ops::Range;

use realfft::num_complex::Complex;

use super::fingerprint::RATE_HZ;

/// Bands of the comparison, from 40 Hz to 9 kHz.
const BANDS: usize = 24;
const LOWEST_HZ: f64 = 40.0;
const HIGHEST_HZ: f64 = 9_000.0;
/// A band sounds when it is at most this far below the loudest of its sound's bands, as power.
const BAND_FLOOR: f64 = 1e-5;
/// Mean similarity of the shared part from which it is the same audio, if no more than this share of the power is left
/// over (−8 dB): copies at the lowest bit rates measured −8.2 dB, processed ones more.
const LEAST_SIMILARITY: f64 = 0.7;
const MOST_RESIDUAL: f64 = 0.16;
/// The same for sounds of which a codec has kept but the loudest bands: less similarity, but far less left over
/// (−12 dB).
const LEAST_SIMILARITY_LOUD: f64 = 0.5;
const MOST_RESIDUAL_LOUD: f64 = 0.06;
/// Blocks count the less the fainter they are, and nothing this far below the loudest hop, dB.
const COMPARED_BELOW_LOUDEST_DB: f64 = 35.0;
/// A block of the shared part agrees from this similarity on or when no more than that is left over, and so many must.
const BLOCK_AGREES: f64 = 0.5;
const LEAST_AGREEING: f64 = 0.85;

/// How well two sounds fit over all that they share.
#[derive(Clone, Copy, Debug)]
pub(super) struct Fit {
    pub gain: f64,
    /// Share of the power that is left over.
    pub residual: f64,
    pub similarity: f64,
}

/// Sums over blocks.
#[derive(Clone, Debug, Default)]
pub(super) struct Sums {
    xx: f64,
    yy: f64,
    xy: f64,
    /// Weighted, and signed, so that a part that is inverted does not agree with one that is not.
    pub similarity: f64,
    agreeing: f64,
    opposing: f64,
    pub weight: f64,
    pub blocks: u32,
}

impl Sums {
    pub(super) fn take(
        &mut self,
        x: &[Complex<f32>],
        y: &[Complex<f32>],
        phasors: &[Complex<f64>],
        bands: &[Range<usize>],
        weight: f64,
    ) {
        let mut of_bands = Vec::with_capacity(bands.len());
        for band in bands {
            let (mut xx, mut yy, mut xy) = (0.0, 0.0, 0.0);
            for bin in band.clone() {
                let (x, y) = (wide(x[bin]), wide(y[bin]));
                xx += x.norm_sqr();
                yy += y.norm_sqr();
                xy += (x.conj() * y * phasors[bin]).re;
            }
            (self.xx, self.yy, self.xy) = (self.xx + xx, self.yy + yy, self.xy + xy);
            of_bands.push((xx, yy, xy));
        }
        if weight <= 0.0 {
            return;
        }
        self.blocks += 1;
        self.weight += weight;
        let loudest = |of: fn(&(f64, f64, f64)) -> f64| of_bands.iter().map(of).fold(0.0, f64::max);
        let (loudest_x, loudest_y) = (loudest(|band| band.0), loudest(|band| band.1));
        let sounding = of_bands
            .iter()
            .filter(|(xx, yy, _)| *xx > loudest_x * BAND_FLOOR && *yy > loudest_y * BAND_FLOOR);
        let (mut sum, mut count) = (0.0, 0);
        for (xx, yy, xy) in sounding {
            sum += xy / (xx * yy).sqrt();
            count += 1;
        }
        let similarity = if count > 0 { sum / f64::from(count) } else { 0.0 };
        self.similarity += weight * similarity;
        let sums = of_bands
            .iter()
            .fold((0.0, 0.0, 0.0), |sum, band| (sum.0 + band.0, sum.1 + band.1, sum.2 + band.2));
        let loud = 1.0 - sums.2 * sums.2 / (sums.0 * sums.1) <= MOST_RESIDUAL_LOUD;
        let agrees = |way: f64| way * similarity >= BLOCK_AGREES || loud && way * sums.2 > 0.0;
        self.agreeing += if agrees(1.0) { weight } else { 0.0 };
        self.opposing += if agrees(-1.0) { weight } else { 0.0 };
    }

    pub(super) fn fit(&self) -> Option<Fit> {
        if self.weight <= 0.0 || self.xx <= 0.0 || self.yy <= 0.0 {
            return None;
        }
        let similarity = self.similarity.abs() / self.weight;
        let agreeing = self.agreeing.max(self.opposing) / self.weight;
        let residual = (1.0 - self.xy * self.xy / (self.xx * self.yy)).max(0.0);
        tracing::debug!(similarity, agreeing, residual, blocks = self.blocks, "compared");
        let alike = similarity >= LEAST_SIMILARITY && residual <= MOST_RESIDUAL;
        let alike_loud = similarity >= LEAST_SIMILARITY_LOUD && residual <= MOST_RESIDUAL_LOUD;
        let fits = agreeing >= LEAST_AGREEING && (alike || alike_loud);
        // The first in terms of the second.
        fits.then_some(Fit { gain: self.xy / self.yy, residual, similarity })
    }
}

/// Bins of each band in a transform of so many samples.
pub(super) fn bands(fft: usize) -> Vec<Range<usize>> {
    let bin = |band: usize| {
        let hz = LOWEST_HZ * (HIGHEST_HZ / LOWEST_HZ).powf(band as f64 / BANDS as f64);
        (hz * fft as f64 / f64::from(RATE_HZ)).round() as usize
    };
    (0..BANDS).map(|band| bin(band)..bin(band + 1)).collect()
}

/// Weights of the bins that make every band that sounds in both count the same; 0 elsewhere.
pub(super) fn weights(bands: &[Range<usize>], x: &[Complex<f32>], y: &[Complex<f32>]) -> Vec<f32> {
    let energies = |of: &[Complex<f32>]| -> Vec<f64> {
        bands.iter().map(|band| of[band.clone()].iter().map(|bin| f64::from(bin.norm_sqr())).sum()).collect()
    };
    let (of_x, of_y) = (energies(x), energies(y));
    let loudest = |of: &[f64]| of.iter().copied().fold(0.0, f64::max);
    let (loudest_x, loudest_y) = (loudest(&of_x), loudest(&of_y));
    let mut weights = vec![0.0; x.len()];
    for ((band, xx), yy) in bands.iter().zip(of_x).zip(of_y) {
        if xx > loudest_x * BAND_FLOOR && yy > loudest_y * BAND_FLOOR {
            weights[band.clone()].fill((1.0 / (xx * yy).sqrt()) as f32);
        }
    }
    weights
}

pub(super) fn wide(value: Complex<f32>) -> Complex<f64> {
    Complex::new(f64::from(value.re), f64::from(value.im))
}

/// What a block counts, by its power beside the loudest hop's: all at that, nothing so far below that codecs make their
/// own of it.
pub(super) fn weight(loudness: f32) -> f64 {
    let level_db = 10.0 * f64::from(loudness.max(f32::MIN_POSITIVE)).log10();
    (1.0 + level_db / COMPARED_BELOW_LOUDEST_DB).clamp(0.0, 1.0)
}
