//! Sample types and the conversion to them.

use crate::audio::Audio;

/// Type of the samples in a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SampleFormat {
    /// 8-bit integers; unsigned in RIFF, signed elsewhere.
    I8,
    /// 16-bit integers.
    I16,
    /// 24-bit integers in three bytes.
    I24,
    /// 32-bit integers.
    I32,
    /// 32-bit floating point.
    F32,
    /// 64-bit floating point.
    F64,
}

impl SampleFormat {
    /// Bits of one sample.
    pub fn bits(self) -> u16 {
        match self {
            SampleFormat::I8 => 8,
            SampleFormat::I16 => 16,
            SampleFormat::I24 => 24,
            SampleFormat::I32 | SampleFormat::F32 => 32,
            SampleFormat::F64 => 64,
        }
    }

    /// Whether samples are floating point.
    pub fn is_float(self) -> bool {
        matches!(self, SampleFormat::F32 | SampleFormat::F64)
    }

    /// Bytes of one sample.
    pub fn bytes(self) -> usize {
        usize::from(self.bits() / 8)
    }
}

/// Byte order.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Order {
    Little,
    Big,
}

/// A sample as an integer of so many bits, rounded to nearest, limited to the range; NaN is 0.
pub(crate) fn quantise(sample: f32, bits: u16) -> i32 {
    let scale = (1_u64 << (bits - 1)) as f64;
    // `as` saturates and maps NaN to 0; the clamp keeps narrower types in theirs.
    (f64::from(sample) * scale).round().clamp(-scale, scale - 1.0) as i32
}

/// All samples, channels interleaved.
pub(crate) fn interleave(audio: &Audio, format: SampleFormat, order: Order) -> Vec<u8> {
    let length = audio.samples_per_channel();
    let mut bytes = Vec::with_capacity(length * audio.channels.len() * format.bytes());
    for index in 0..length {
        for channel in &audio.channels {
            push(&mut bytes, channel[index], format, order);
        }
    }
    bytes
}

fn push(bytes: &mut Vec<u8>, sample: f32, format: SampleFormat, order: Order) {
    let start = bytes.len();
    match format {
        SampleFormat::F32 => bytes.extend(sample.to_le_bytes()),
        SampleFormat::F64 => bytes.extend(f64::from(sample).to_le_bytes()),
        integer => bytes.extend(&quantise(sample, integer.bits()).to_le_bytes()[..integer.bytes()]),
    }
    if order == Order::Big {
        bytes[start..].reverse();
    }
}
