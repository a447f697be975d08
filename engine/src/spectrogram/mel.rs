//! Samples in, mel columns out.

use std::fmt;
use std::sync::Arc;

use realfft::num_complex::Complex;
use realfft::{RealFftPlanner, RealToComplex};

use super::filterbank::MelFilterbank;
use super::front_end::{FrontEnd, LogScale, WindowKind};

/// Samples nearer to zero than −200 dB become zero. They change no column by as much as a rounding, but some are
/// subnormal numbers, on which processors are many times slower (decaying tails of float files).
const FLUSH_BELOW: f32 = 1e-10;

/// Computes mel columns from mono samples that arrive in pieces of any size.
///
/// The transform runs in `f64`: in `f32` the quiet bands beside a loud tone hold its rounding noise, which differs
/// from processor to processor. All of this stays below a hundredth of the network's time.
///
/// ```
/// # use earmark_engine::spectrogram::{FrontEnd, MelExtractor};
/// fn columns(front_end: &FrontEnd, mut samples: &[f32]) -> Vec<Vec<f32>> {
///     let mut mel = MelExtractor::new(front_end);
///     let mut columns = Vec::new();
///     while let Some(column) = mel.push(&mut samples) {
///         columns.push(column.to_vec());
///     }
///     while let Some(column) = mel.finish() {
///         columns.push(column.to_vec());
///     }
///     columns
/// }
/// ```
pub struct MelExtractor {
    clip_amplitude: f32,
    log: LogScale,
    hop: usize,
    lead: usize,
    window: Vec<f64>,
    filterbank: MelFilterbank,
    fft: Arc<dyn RealToComplex<f64>>,
    /// The samples from the start of the next column on, with the zeros before the sound: at most one window.
    pending: Vec<f32>,
    /// Once the sound has ended: how many samples of it lie behind the start of the next column.
    ending: Option<usize>,
    windowed: Vec<f64>,
    spectrum: Vec<Complex<f64>>,
    scratch: Vec<Complex<f64>>,
    power: Vec<f64>,
    column: Vec<f32>,
}

impl MelExtractor {
    /// Prepares a front end that [validates](FrontEnd::validate).
    pub fn new(front_end: &FrontEnd) -> Self {
        let length = front_end.window_samples as usize;
        let fft = RealFftPlanner::<f64>::new().plan_fft_forward(length);
        let filterbank = MelFilterbank::new(front_end);
        let mut extractor = Self {
            clip_amplitude: front_end.clip_amplitude,
            log: front_end.log,
            hop: front_end.hop_samples as usize,
            lead: front_end.first_column_samples.unsigned_abs() as usize,
            window: front_end.window.samples(length),
            pending: Vec::with_capacity(length),
            ending: None,
            windowed: fft.make_input_vec(),
            spectrum: fft.make_output_vec(),
            scratch: fft.make_scratch_vec(),
            power: vec![0.0; filterbank.bins()],
            column: vec![0.0; filterbank.bands()],
            filterbank,
            fft,
        };
        extractor.reset();
        extractor
    }

    /// Number of mel bands, the length of a column.
    pub fn bands(&self) -> usize {
        self.filterbank.bands()
    }

    /// Takes samples from the front of `samples` up to the end of the next column and returns that column
    /// `[bands]`; `None` once `samples` is used up. Call again until then.
    ///
    /// A sample that is not finite makes the columns that it lies in NaN, which the network refuses.
    pub fn push(&mut self, samples: &mut &[f32]) -> Option<&[f32]> {
        if self.ending.is_some() {
            self.reset();
        }
        let (taken, rest) = samples.split_at(samples.len().min(self.window.len() - self.pending.len()));
        *samples = rest;
        let limit = self.clip_amplitude;
        self.pending.extend(taken.iter().map(|&sample| conditioned(sample, limit)));
        if self.pending.len() < self.window.len() {
            return None;
        }
        Some(self.next_column())
    }

    /// Ends the sound and returns, one a call, the columns that reach past its end; after `None` the extractor is
    /// ready for another sound.
    pub fn finish(&mut self) -> Option<&[f32]> {
        let left = self.ending.unwrap_or(self.pending.len());
        if left == 0 {
            self.reset();
            return None;
        }
        self.ending = Some(left.saturating_sub(self.hop));
        self.pending.resize(self.window.len(), 0.0);
        Some(self.next_column())
    }

    /// Forgets the sound in work.
    pub fn reset(&mut self) {
        self.ending = None;
        self.pending.clear();
        self.pending.resize(self.lead, 0.0);
    }

    /// Analyses the window in `pending` and moves on by one hop.
    fn next_column(&mut self) -> &[f32] {
        for ((out, sample), weight) in self.windowed.iter_mut().zip(&self.pending).zip(&self.window) {
            *out = f64::from(*sample) * weight;
        }
        // The only errors are buffers of the wrong size, and these were made by the plan itself.
        let done = self.fft.process_with_scratch(&mut self.windowed, &mut self.spectrum, &mut self.scratch);
        debug_assert!(done.is_ok());
        for (power, bin) in self.power.iter_mut().zip(&self.spectrum) {
            *power = bin.norm_sqr();
        }
        self.filterbank.apply(&self.power, &mut self.column);
        let LogScale { factor, offset, divisor } = self.log;
        for value in &mut self.column {
            *value = (factor * *value + offset).log10() / divisor;
        }
        self.pending.drain(..self.hop);
        &self.column
    }
}

impl fmt::Debug for MelExtractor {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (window, bands) = (self.window.len(), self.bands());
        formatter.debug_struct("MelExtractor").field("window", &window).field("bands", &bands).finish()
    }
}

impl WindowKind {
    /// The window's weights, `[length]`.
    pub fn samples(self, length: usize) -> Vec<f64> {
        let period = match self {
            Self::HannSymmetric => length - 1,
            Self::HannPeriodic => length,
        };
        let phase = |index: usize| std::f64::consts::TAU * index as f64 / period as f64;
        (0..length).map(|index| 0.5 - 0.5 * phase(index).cos()).collect()
    }
}

/// Clips, flushes what is far below hearing, and marks what is not a number.
fn conditioned(sample: f32, limit: f32) -> f32 {
    if sample.abs() < FLUSH_BELOW {
        0.0
    } else if sample.is_finite() {
        sample.clamp(-limit, limit)
    } else {
        f32::NAN
    }
}
