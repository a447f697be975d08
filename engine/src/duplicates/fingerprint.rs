//! What a moment sounds like in 32 bits: how candidates are found wherever an excerpt was cut.
//!
//! After Haitsma and Kalker, "A Highly Robust Audio Fingerprinting System" (ISMIR 2002): each bit says whether the
//! step between two neighbouring bands grew or fell. That survives gain, inversion, resampling, lossy codecs and any
//! offset, and differs between takes. Embeddings do not serve here: they tell what a sound is like, whoever recorded
//! it, and move with gain and with where in its frame a sound begins.

use std::collections::VecDeque;
use std::ops::Range;
use std::sync::Arc;

use realfft::num_complex::Complex;
use realfft::{RealFftPlanner, RealToComplex};

/// Rate at which sounds are compared, Hz: what every codec in use keeps of a sound lies below half of it.
pub(super) const RATE_HZ: u32 = 22_050;
/// Samples from one moment to the next: 23 ms.
pub(super) const HOP: usize = 512;
/// Samples that a moment is made of: 186 ms, so that being half a hop off matters little.
pub(super) const WINDOW: usize = 4096;
/// The moment that another is compared with lies so many hops before it.
const LOOK_BACK: usize = 4;
/// Bands; their steps give one bit less.
const BANDS: usize = 33;
/// Lowest and highest frequency looked at, Hz; low rates and low bit rates end above the latter.
const LOWEST_HZ: f32 = 130.0;
const HIGHEST_HZ: f32 = 7_000.0;
/// Added to every band's energy (a sine at full scale has about 1): what is fainter tells nothing.
const FLOOR: f32 = 1e-9;
/// Moments quieter than this in both windows are silence: −75 dB of mean square.
const SILENCE: f32 = 3e-8;
/// Least certain bits that are tried both ways.
pub(super) const WEAK_BITS: usize = 6;
/// A sound's beginning and end are where it rises above its loudest hop by this much, dB.
const ACTIVE_BELOW_LOUDEST_DB: f32 = 45.0;

/// A moment of a sound.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Moment {
    /// Hops from the beginning of the sound.
    pub time: u32,
    /// Which of the steps between bands grew.
    pub bits: u32,
    /// Numbers of the bits that might as well be the other way.
    pub weak: [u8; WEAK_BITS],
}

/// What listening to a sound gives.
#[derive(Clone, Debug, Default)]
pub(super) struct Heard {
    /// Samples at [`RATE_HZ`].
    pub samples: u64,
    /// Samples from which to which something can be heard; `None` for silence.
    pub active: Option<Range<u64>>,
    /// Mean square of the loudest hop.
    pub loudest: f32,
}

/// Listens to one sound after the other.
pub(super) struct Fingerprinter {
    fft: Arc<dyn RealToComplex<f32>>,
    window: Vec<f32>,
    bands: [Range<usize>; BANDS],
    /// Samples that wait for the next moments, the first window's lead of zeros included.
    waiting: Vec<f32>,
    windowed: Vec<f32>,
    spectrum: Vec<Complex<f32>>,
    scratch: Vec<Complex<f32>>,
    /// Band levels and mean squares of the last moments.
    past: VecDeque<([f32; BANDS], f32)>,
    moments: Vec<Moment>,
    time: u32,
    /// Mean square of each whole hop so far.
    hops: Vec<f32>,
    hop_sum: f32,
    samples: u64,
}

impl Fingerprinter {
    pub(super) fn new() -> Self {
        let fft = RealFftPlanner::new().plan_fft_forward(WINDOW);
        let window = hann(WINDOW);
        let bin = |band: usize| {
            let share = band as f32 / BANDS as f32;
            let hz = LOWEST_HZ * (HIGHEST_HZ / LOWEST_HZ).powf(share);
            (hz * WINDOW as f32 / RATE_HZ as f32).round() as usize
        };
        let mut new = Self {
            windowed: fft.make_input_vec(),
            spectrum: fft.make_output_vec(),
            scratch: fft.make_scratch_vec(),
            fft,
            window,
            bands: std::array::from_fn(|band| bin(band)..bin(band + 1)),
            waiting: Vec::new(),
            past: VecDeque::new(),
            moments: Vec::new(),
            time: 0,
            hops: Vec::new(),
            hop_sum: 0.0,
            samples: 0,
        };
        new.restart();
        new
    }

    fn restart(&mut self) {
        self.waiting.clear();
        self.waiting.resize(WINDOW - HOP, 0.0);
        self.past.clear();
        self.past.resize(LOOK_BACK, ([FLOOR.ln(); BANDS], 0.0));
        self.moments.clear();
        self.hops.clear();
        (self.time, self.hop_sum, self.samples) = (0, 0.0, 0);
    }

    /// Takes in the next samples at [`RATE_HZ`].
    pub(super) fn push(&mut self, samples: &[f32]) {
        for sample in samples {
            self.hop_sum += sample * sample;
            self.samples += 1;
            if self.samples.is_multiple_of(HOP as u64) {
                self.hops.push(self.hop_sum / HOP as f32);
                self.hop_sum = 0.0;
            }
        }
        self.waiting.extend_from_slice(samples);
        self.run();
    }

    /// The moments of the sound that ends here; ready for the next.
    pub(super) fn finish(&mut self) -> (Vec<Moment>, Heard) {
        if !self.samples.is_multiple_of(HOP as u64) {
            self.hops.push(self.hop_sum / HOP as f32);
        }
        self.waiting.resize(self.waiting.len() + WINDOW, 0.0);
        self.run();
        let heard = Heard { samples: self.samples, active: self.active(), loudest: self.loudest() };
        let moments = std::mem::take(&mut self.moments);
        self.restart();
        (moments, heard)
    }

    /// Forgets a sound that broke off.
    pub(super) fn reset(&mut self) {
        self.restart();
    }

    fn loudest(&self) -> f32 {
        self.hops.iter().fold(0.0, |loudest, hop| loudest.max(*hop))
    }

    fn active(&self) -> Option<Range<u64>> {
        let least = (self.loudest() * 10f32.powf(-ACTIVE_BELOW_LOUDEST_DB / 10.0)).max(SILENCE);
        let first = self.hops.iter().position(|hop| *hop >= least)?;
        let last = self.hops.iter().rposition(|hop| *hop >= least)?;
        Some((first * HOP) as u64..(((last + 1) * HOP) as u64).min(self.samples))
    }

    fn run(&mut self) {
        let mut start = 0;
        while self.waiting.len() >= start + WINDOW {
            self.moment(start);
            start += HOP;
        }
        self.waiting.drain(..start);
    }

    fn moment(&mut self, start: usize) {
        let samples = &self.waiting[start..start + WINDOW];
        let power = samples.iter().map(|sample| sample * sample).sum::<f32>() / WINDOW as f32;
        let mut levels = [FLOOR.ln(); BANDS];
        if power > 0.0 {
            for ((windowed, sample), weight) in self.windowed.iter_mut().zip(samples).zip(&self.window) {
                *windowed = sample * weight;
            }
            // The lengths are the plan's own.
            let done =
                self.fft.process_with_scratch(&mut self.windowed, &mut self.spectrum, &mut self.scratch);
            debug_assert!(done.is_ok());
            let full_scale = (WINDOW as f32 / 4.0).powi(2);
            for (level, band) in levels.iter_mut().zip(&self.bands) {
                let energy: f32 = self.spectrum[band.clone()].iter().map(Complex::norm_sqr).sum();
                *level = (energy / full_scale + FLOOR).ln();
            }
        }
        if let Some((before, power_before)) = self.past.pop_front()
            && power.max(power_before) > SILENCE
        {
            self.moments.push(compare(self.time, &levels, &before));
        }
        self.past.push_back((levels, power));
        self.time += 1;
    }
}

fn compare(time: u32, levels: &[f32; BANDS], before: &[f32; BANDS]) -> Moment {
    let mut bits = 0;
    let mut weak = [(f32::INFINITY, 0); WEAK_BITS];
    for band in 0..BANDS - 1 {
        let step = (levels[band] - levels[band + 1]) - (before[band] - before[band + 1]);
        bits |= u32::from(step > 0.0) << band;
        let mut place = (step.abs(), band as u8);
        for kept in &mut weak {
            if place.0 < kept.0 {
                std::mem::swap(kept, &mut place);
            }
        }
    }
    Moment { time, bits, weak: weak.map(|(_, band)| band) }
}

/// A periodic Hann window.
pub(super) fn hann(length: usize) -> Vec<f32> {
    let angle = |at: usize| std::f32::consts::TAU * at as f32 / length as f32;
    (0..length).map(|at| 0.5 - 0.5 * angle(at).cos()).collect()
}
