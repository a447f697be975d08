//! One channel from any sample rate to any other, block by block, aligned in time: rubato behind a plain stream.
//!
//! Rubato works in blocks of its own size and delays what it returns. Here its input is gathered into those
//! blocks, the delay is made a whole number of output samples and taken off, and the end is cut to length.
//!
//! The aiSFX network was trained behind libsamplerate's SINC_MEDIUM, which is 6 dB down at 0.919 of the lower
//! Nyquist frequency. Both filters below are chosen to come near it.

use rubato::audioadapter_buffers::direct::InterleavedSlice;
use rubato::{
    Async, Fft, FixedAsync, FixedSync, Resampler, SincInterpolationParameters, SincInterpolationType,
    WindowFunction,
};

/// The window with the steepest skirt of those that rubato offers.
const WINDOW: WindowFunction = WindowFunction::BlackmanHarris2;
/// Length of the FFT resampler's filter in samples at the lower rate at which rubato puts its cutoff at 0.920,
/// without large prime factors. The block is the multiple of the rates' ratio that comes nearest: 147 for 48 and
/// 96 kHz to 44.1 kHz.
const FFT_FILTER: usize = 168;
/// Longest filter of the FFT resampler, in samples at the lower rate. The longer it is, the nearer rubato puts
/// the cutoff to the Nyquist frequency, and the less embeddings of full-band noise are those of the original:
/// a cosine of 0.9996 for 147 samples, 0.990 for 294, 0.983 for 1176; the sinc filter reaches 0.99999 at four
/// to eight times the cost.
const MAX_FFT_FILTER: usize = 512;
/// Longest block of the FFT resampler on either side.
const MAX_FFT_BLOCK: usize = 1 << 15;

/// Length and cutoff of the sinc filter relative to the lower rate, fitted to recordings that went through
/// SINC_MEDIUM.
const SINC_FILTER: f64 = 120.0;
const SINC_CUTOFF: f32 = 0.92;
/// Longest sinc filter in input samples. Beyond 500:1 this makes it less steep, not larger.
const MAX_SINC_FILTER: f64 = 65_536.0;
/// Positions between two input samples for which the filter is tabled; between them a cubic is fitted.
const SINC_POSITIONS: f64 = 128.0;
/// Fewest positions with which a cubic finds its four neighbours.
const MIN_SINC_POSITIONS: f64 = 4.0;
/// Output samples computed at once, and the input samples at once that limit them.
const SINC_BLOCK: f64 = 256.0;
const SINC_BLOCK_INPUT: f64 = 16_384.0;
/// Output periods that there are at least before the first output sample that counts.
const MIN_LEAD: f64 = 8.0;
/// How far the ratio may stray while the delay is brought to a whole number of samples: half a period in
/// [`MIN_LEAD`], with room to spare.
const LEAD_RATIO: f64 = 1.25;

/// Resamples a stream of mono samples. The filter's delay is removed: output sample *m* belongs to the time
/// *m*/`out_hz` of the input, and the whole output has round(*n*·`out_hz`/`in_hz`) samples.
///
/// Equal rates copy the input bit for bit. The block sizes of the input do not change the output. Around input that is
/// not a number the output is none either.
#[derive(Debug)]
pub struct MonoResampler {
    in_hz: u32,
    out_hz: u32,
    converter: Option<Converter>,
    pushed: u64,
    produced: u64,
}

impl MonoResampler {
    /// A resampler from `in_hz` to `out_hz`; a rate of 0 counts as 1.
    pub fn new(in_hz: u32, out_hz: u32) -> Self {
        let (in_hz, out_hz) = (in_hz.max(1), out_hz.max(1));
        let converter = (in_hz != out_hz).then(|| Converter::new(in_hz, out_hz));
        Self { in_hz, out_hz, converter, pushed: 0, produced: 0 }
    }

    /// Takes in samples and appends to `out` what can be computed so far.
    pub fn push(&mut self, input: &[f32], out: &mut Vec<f32>) {
        let before = out.len();
        match &mut self.converter {
            None => out.extend_from_slice(input),
            Some(converter) => converter.push(input, out),
        }
        self.pushed += input.len() as u64;
        self.produced += (out.len() - before) as u64;
    }

    /// Appends the rest of the output and makes the resampler ready for another stream.
    pub fn finish(&mut self, out: &mut Vec<f32>) {
        if let Some(converter) = &mut self.converter {
            let (in_hz, out_hz) = (u128::from(self.in_hz), u128::from(self.out_hz));
            let total = ((2 * u128::from(self.pushed) * out_hz + in_hz) / (2 * in_hz)) as u64;
            while self.produced < total {
                let (before, owed) = (out.len(), total - self.produced);
                converter.push_silence(out);
                let made = ((out.len() - before) as u64).min(owed);
                out.truncate(before + made as usize);
                self.produced += made;
            }
        }
        self.reset();
    }

    /// Forgets everything that was pushed.
    pub fn reset(&mut self) {
        if let Some(converter) = &mut self.converter {
            converter.start();
        }
        (self.pushed, self.produced) = (0, 0);
    }
}

/// Samples beyond this, which might overflow in a Fourier transform, count as this.
const LARGEST: f32 = 1e25;

/// A resampler of rubato's with the input that waits for it.
struct Converter {
    inner: Box<dyn Resampler<f32>>,
    lead: Lead,
    /// Blocks still to come whose output depends on input without meaning.
    spoilt: u8,
    /// Input of the next block.
    waiting: Vec<f32>,
    /// Zeros still to be put before the input.
    silence: usize,
    /// Output samples still to be dropped.
    drop: usize,
}

/// What comes before the first output sample that counts.
struct Lead {
    /// Zeros before the input.
    silence: usize,
    /// Output samples to drop.
    drop: usize,
    /// The ratio while those are computed and the true one, where they differ.
    ratios: Option<(f64, f64)>,
}

impl std::fmt::Debug for Converter {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Converter").field("waiting", &self.waiting.len()).finish_non_exhaustive()
    }
}

impl Converter {
    fn new(in_hz: u32, out_hz: u32) -> Self {
        let (inner, lead) = fft(in_hz, out_hz).unwrap_or_else(|| sinc(in_hz, out_hz));
        let mut converter = Self { inner, lead, spoilt: 0, waiting: Vec::new(), silence: 0, drop: 0 };
        converter.start();
        converter
    }

    fn start(&mut self) {
        self.inner.reset();
        self.spoilt = 0;
        self.waiting.clear();
        (self.silence, self.drop) = (self.lead.silence, self.lead.drop);
        if let Some((lead, _)) = self.lead.ratios {
            self.set_ratio(lead);
            self.limit_block();
        }
    }

    fn push(&mut self, mut input: &[f32], out: &mut Vec<f32>) {
        loop {
            let missing = self.inner.input_frames_next() - self.waiting.len();
            let zeros = missing.min(self.silence);
            self.waiting.resize(self.waiting.len() + zeros, 0.0);
            self.silence -= zeros;
            let (taken, rest) = input.split_at(input.len().min(missing - zeros));
            self.waiting.extend_from_slice(taken);
            input = rest;
            if zeros + taken.len() < missing {
                return;
            }
            self.run(out);
        }
    }

    /// Computes one block, filled up with zeros.
    fn push_silence(&mut self, out: &mut Vec<f32>) {
        self.waiting.resize(self.inner.input_frames_next(), 0.0);
        self.run(out);
    }

    /// Computes the block for which just enough input is waiting.
    fn run(&mut self, out: &mut Vec<f32>) {
        let (start, count) = (out.len(), self.inner.output_frames_next());
        out.resize(start + count, 0.0);
        self.keep_out_what_has_no_meaning();
        let input = InterleavedSlice::new(&self.waiting, 1, self.waiting.len());
        let output = InterleavedSlice::new_mut(&mut out[start..], 1, count);
        let (input, mut output) =
            (input.expect("the lengths are equal"), output.expect("the lengths are equal"));
        self.inner
            .process_into_buffer(&input, &mut output, None)
            .expect("the blocks have the lengths asked for");
        self.waiting.clear();
        if self.spoilt > 0 {
            out[start..].fill(f32::NAN);
            self.spoilt -= 1;
        }
        if self.drop > 0 {
            out.truncate(start);
            self.drop -= count;
            self.limit_block();
        }
    }

    /// The FFT resampler panics on what is not a number, and on what becomes none on the way. A block with such samples
    /// reaches into its own output and the next one's; those are not numbers then.
    fn keep_out_what_has_no_meaning(&mut self) {
        let by_fft = self.lead.ratios.is_none();
        if !by_fft {
            return;
        }
        if !self.waiting.iter().all(|sample| sample.is_finite()) {
            self.waiting.fill(0.0);
            self.spoilt = 2;
        } else if self.waiting.iter().any(|sample| sample.abs() > LARGEST) {
            self.waiting.iter_mut().for_each(|sample| *sample = sample.clamp(-LARGEST, LARGEST));
        }
    }

    /// Lets the blocks of a resampler without fixed ones end where the lead ends, and then sets its true ratio.
    fn limit_block(&mut self) {
        let Some((_, ratio)) = self.lead.ratios else { return };
        if self.drop == 0 {
            self.set_ratio(ratio);
        }
        if let Some(resizable) = self.inner.as_resizable() {
            let largest = resizable.output_frames_max();
            let size = if self.drop == 0 { largest } else { self.drop.min(largest) };
            resizable.set_chunk_size(size).expect("the block is no larger than at first");
        }
    }

    fn set_ratio(&mut self, ratio: f64) {
        if let Some(adjustable) = self.inner.as_adjustable() {
            adjustable.set_resample_ratio(ratio, false).expect("the ratio is near the true one");
        }
    }
}

/// Resampling by FFT, exact for every pair of rates with a common divisor of some size: fastest, and made in
/// less than 0.1 ms. `None` where the blocks would be too long.
fn fft(in_hz: u32, out_hz: u32) -> Option<(Box<dyn Resampler<f32>>, Lead)> {
    let divisor = greatest_common_divisor(in_hz, out_hz);
    let (down, up) = ((in_hz / divisor) as usize, (out_hz / divisor) as usize);
    let lower = down.min(up);
    let periods = ((FFT_FILTER + lower / 2) / lower).max(1);
    if lower * periods > MAX_FFT_FILTER || down.max(up) * periods > MAX_FFT_BLOCK {
        return None;
    }
    let (block_in, block_out) = (down * periods, up * periods);
    let inner = Fft::new_custom(in_hz as usize, out_hz as usize, block_in, 1, 1, WINDOW, FixedSync::Both)
        .expect("neither rates nor block are zero");
    // The filter is as long as the block, and its peak lies at half of that, rounded down. With as many zeros
    // before the input as there are from there to the block's end, the delay is just one block.
    let lead = Lead { silence: block_in - block_in / 2, drop: block_out, ratios: None };
    Some((Box::new(inner), lead))
}

/// Resampling by an interpolated sinc filter, for rates with hardly a common divisor: any ratio in little memory.
fn sinc(in_hz: u32, out_hz: u32) -> (Box<dyn Resampler<f32>>, Lead) {
    // Input samples an output sample.
    let step = f64::from(in_hz) / f64::from(out_hz);
    // When the rate goes down, the filter is stretched, and changes more slowly from position to position.
    let stretch = step.max(1.0);
    let sinc_len = ((SINC_FILTER * stretch).min(MAX_SINC_FILTER) as usize).next_multiple_of(8);
    let positions = (SINC_POSITIONS / stretch).max(MIN_SINC_POSITIONS).ceil();
    let parameters = SincInterpolationParameters {
        sinc_len,
        f_cutoff: Some(SINC_CUTOFF),
        oversampling_factor: positions as usize,
        interpolation: SincInterpolationType::Cubic,
        window: WINDOW,
    };
    let block = (SINC_BLOCK_INPUT / step).clamp(1.0, SINC_BLOCK) as usize;
    let inner = Async::new_sinc(1.0 / step, LEAD_RATIO, &parameters, block, 1, FixedAsync::Output)
        .expect("the ratio is finite and the block not empty");
    // Rubato's first output lies `step` after −`sinc_len`/2 + 1/`positions`, which is no output's time. Until
    // the start of the input, a slightly different step makes it one.
    let delay = sinc_len as f64 / 2.0 - 1.0 / positions;
    let silence = (MIN_LEAD * step - delay).max(0.0).ceil();
    let distance = silence + delay - step;
    let drop = (distance / step).round();
    let lead =
        Lead { silence: silence as usize, drop: drop as usize, ratios: Some((drop / distance, 1.0 / step)) };
    (Box::new(inner), lead)
}

fn greatest_common_divisor(mut a: u32, mut b: u32) -> u32 {
    while b != 0 {
        (a, b) = (b, a % b);
    }
    a
}
