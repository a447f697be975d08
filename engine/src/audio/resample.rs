//! One channel from any sample rate to any other, block by block, aligned in time.
//!
//! A polyphase windowed-sinc filter. Its window and cutoff are fitted to libsamplerate's SINC_MEDIUM, which the
//! aiSFX network was trained behind: on the reference recordings the two differ by less than −70 dB of the
//! signal, where FFT resamplers with another cutoff differ audibly near the Nyquist frequency.

use std::f64::consts::PI;
use std::sync::{Arc, Mutex, PoisonError};

/// Half the length of the filter in zero crossings of a sinc at the lower of the two Nyquist frequencies.
const HALF_CROSSINGS: f64 = 45.781_252_61;
/// Cutoff relative to the lower Nyquist frequency.
const CUTOFF: f64 = 0.919_063_39;
/// Kaiser window parameter: about 121 dB of attenuation.
const KAISER_BETA: f64 = 12.294_561_19;

/// Phases up to this many are tabled exactly; rates with a smaller common divisor share the nearest two.
const MAX_EXACT_PHASES: u64 = 1024;
/// Phases of an interpolated filter at ratio 1: linear interpolation then errs below −110 dB.
const INTERPOLATED_PHASES: f64 = 2048.0;
/// Samples that are dropped from the front of the history at once.
const COMPACT_AT: usize = 16_384;
/// Input taken in at once, so that the history stays small whatever the caller pushes.
const MAX_PUSH: usize = 65_536;

/// Resamples a stream of mono samples. The filter's delay is removed: output sample *m* belongs to the time
/// *m*/`out_hz` of the input, and the whole output has round(*n*·`out_hz`/`in_hz`) samples.
///
/// Equal rates copy the input bit for bit.
#[derive(Clone, Debug)]
pub struct MonoResampler {
    filter: Option<Arc<Filter>>,
    /// The last samples of the input, preceded by the zeros before its start.
    history: Vec<f32>,
    /// Where in `history` the first tap of the next output sample lies.
    tap_start: usize,
    /// Position of the next output between two input samples, in units of 1/`up`.
    phase: u64,
    pushed: u64,
    produced: u64,
}

/// Filters of the last few pairs of rates: making one takes as long as resampling two seconds.
static RECENT: Mutex<Vec<Arc<Filter>>> = Mutex::new(Vec::new());
/// Filters that are kept; most libraries have two or three sample rates.
const MAX_RECENT: usize = 6;

#[derive(Debug)]
struct Filter {
    /// Output samples a period of `down` input samples.
    up: u64,
    down: u64,
    /// Taps a phase, a multiple of [`LANES`].
    taps: usize,
    /// Input samples before the output's position that the filter reaches.
    before: usize,
    /// Phases in the table, one more where they are interpolated.
    phases: u64,
    /// `[phases, taps]`.
    table: Vec<f32>,
}

/// Partial sums of the dot product, enough for two of the widest registers.
const LANES: usize = 16;

impl MonoResampler {
    /// A resampler from `in_hz` to `out_hz`; a rate of 0 counts as 1.
    pub fn new(in_hz: u32, out_hz: u32) -> Self {
        let (in_hz, out_hz) = (u64::from(in_hz.max(1)), u64::from(out_hz.max(1)));
        let filter = (in_hz != out_hz).then(|| Filter::shared(in_hz, out_hz));
        let history = vec![0.0; filter.as_ref().map_or(0, |filter| filter.before)];
        Self { filter, history, tap_start: 0, phase: 0, pushed: 0, produced: 0 }
    }

    /// Takes in samples and appends to `out` what can be computed so far.
    pub fn push(&mut self, input: &[f32], out: &mut Vec<f32>) {
        self.pushed += input.len() as u64;
        if self.filter.is_none() {
            out.extend_from_slice(input);
            self.produced += input.len() as u64;
            return;
        }
        for part in input.chunks(MAX_PUSH) {
            self.history.extend_from_slice(part);
            self.render(u64::MAX, out);
        }
    }

    /// Appends the rest of the output and makes the resampler ready for another stream.
    pub fn finish(&mut self, out: &mut Vec<f32>) {
        if let Some(filter) = &self.filter {
            let exact = u128::from(self.pushed) * u128::from(filter.up) * 2 + u128::from(filter.down);
            let total = (exact / (2 * u128::from(filter.down))) as u64;
            // Enough zeros for every output that is still owed, in slices so that the history stays small.
            while self.produced < total {
                let zeros = self.history.len() + filter_span(&self.filter).min(MAX_PUSH);
                self.history.resize(zeros, 0.0);
                self.render(total, out);
            }
        }
        self.reset();
    }

    /// Forgets everything that was pushed.
    pub fn reset(&mut self) {
        self.history.clear();
        self.history.resize(self.filter.as_ref().map_or(0, |filter| filter.before), 0.0);
        (self.tap_start, self.phase, self.pushed, self.produced) = (0, 0, 0, 0);
    }

    fn render(&mut self, total: u64, out: &mut Vec<f32>) {
        let Some(filter) = &self.filter else { return };
        let mut cursor = Cursor { tap_start: self.tap_start, phase: self.phase };
        let before = out.len();
        render_block(filter, &self.history, &mut cursor, total - self.produced, out);
        self.produced += (out.len() - before) as u64;
        (self.tap_start, self.phase) = (cursor.tap_start, cursor.phase);
        if self.tap_start >= COMPACT_AT {
            let used = self.tap_start.min(self.history.len());
            self.history.drain(..used);
            self.tap_start -= used;
        }
    }
}

fn filter_span(filter: &Option<Arc<Filter>>) -> usize {
    filter.as_ref().map_or(0, |filter| filter.taps)
}

impl Filter {
    fn shared(in_hz: u64, out_hz: u64) -> Arc<Self> {
        let divisor = greatest_common_divisor(in_hz, out_hz);
        let (up, down) = (out_hz / divisor, in_hz / divisor);
        let lock = || RECENT.lock().unwrap_or_else(PoisonError::into_inner);
        let known = lock().iter().find(|filter| (filter.up, filter.down) == (up, down)).cloned();
        known.unwrap_or_else(|| {
            let filter = Arc::new(Self::new(up, down));
            let mut recent = lock();
            recent.truncate(MAX_RECENT - 1);
            recent.insert(0, Arc::clone(&filter));
            filter
        })
    }

    fn new(up: u64, down: u64) -> Self {
        // When the rate goes down, the filter is stretched to the lower Nyquist frequency.
        let scale = (up as f64 / down as f64).min(1.0);
        let half = (HALF_CROSSINGS / scale).ceil() as usize;
        let taps = (2 * half).next_multiple_of(LANES);
        let exact = up <= MAX_EXACT_PHASES;
        // A stretched filter changes more slowly from phase to phase.
        let phases = if exact { up } else { (INTERPOLATED_PHASES * scale).ceil().max(64.0) as u64 };
        let rows = if exact { phases } else { phases + 1 };
        let mut table = Vec::with_capacity(rows as usize * taps);
        for row in 0..rows {
            let offset = row as f64 / phases as f64;
            let weights: Vec<f64> =
                (0..taps).map(|tap| kernel((tap as f64 - (half - 1) as f64 - offset) * scale)).collect();
            let sum: f64 = weights.iter().sum();
            table.extend(weights.iter().map(|weight| (weight / sum) as f32));
        }
        Self { up, down, taps, before: half - 1, phases, table }
    }

    fn row(&self, phase: u64) -> &[f32] {
        let start = phase as usize * self.taps;
        &self.table[start..start + self.taps]
    }
}

/// The low-pass at `x` zero crossings from its centre.
fn kernel(x: f64) -> f64 {
    let position = x / HALF_CROSSINGS;
    if position.abs() >= 1.0 {
        return 0.0;
    }
    let angle = PI * CUTOFF * x;
    let sinc = if angle.abs() < 1e-9 { 1.0 } else { angle.sin() / angle };
    sinc * bessel_i0(KAISER_BETA * (1.0 - position * position).sqrt())
}

/// Modified Bessel function of order 0 by its power series (Abramowitz & Stegun 9.6.12).
fn bessel_i0(x: f64) -> f64 {
    let quarter = x * x / 4.0;
    let (mut sum, mut term, mut k) = (1.0, 1.0, 1.0);
    while term > sum * 1e-17 {
        term *= quarter / (k * k);
        sum += term;
        k += 1.0;
    }
    sum
}

fn greatest_common_divisor(mut a: u64, mut b: u64) -> u64 {
    while b != 0 {
        (a, b) = (b, a % b);
    }
    a
}

struct Cursor {
    tap_start: usize,
    phase: u64,
}

/// Computes up to `limit` outputs, as far as the history goes.
#[multiversion::multiversion(targets("x86_64+avx512f", "x86_64+avx2+fma", "aarch64+neon"))]
fn render_block(filter: &Filter, history: &[f32], cursor: &mut Cursor, limit: u64, out: &mut Vec<f32>) {
    let (whole, part) = ((filter.down / filter.up) as usize, filter.down % filter.up);
    let exact = filter.phases == filter.up;
    let mut left = limit;
    while left > 0 {
        let Some(window) = history.get(cursor.tap_start..cursor.tap_start + filter.taps) else { return };
        let value = if exact {
            dot(window, filter.row(cursor.phase))
        } else {
            let scaled = u128::from(cursor.phase) * u128::from(filter.phases);
            let row = (scaled / u128::from(filter.up)) as u64;
            let rest = (scaled % u128::from(filter.up)) as f32 / filter.up as f32;
            let (low, high) = (dot(window, filter.row(row)), dot(window, filter.row(row + 1)));
            low + (high - low) * rest
        };
        out.push(value);
        left -= 1;
        cursor.phase += part;
        cursor.tap_start += whole;
        if cursor.phase >= filter.up {
            cursor.phase -= filter.up;
            cursor.tap_start += 1;
        }
    }
}

/// Inlined, so that it is compiled for the instruction set of its caller.
#[inline(always)]
fn dot(samples: &[f32], weights: &[f32]) -> f32 {
    let (samples, _) = samples.as_chunks::<LANES>();
    let (weights, _) = weights.as_chunks::<LANES>();
    let mut sums = [0f32; LANES];
    for (samples, weights) in samples.iter().zip(weights) {
        for lane in 0..LANES {
            sums[lane] += samples[lane] * weights[lane];
        }
    }
    // Halved step by step: adding one after the other would wait for each sum in turn.
    let mut width = LANES / 2;
    while width > 0 {
        for lane in 0..width {
            sums[lane] += sums[lane + width];
        }
        width /= 2;
    }
    sums[0]
}
