//! Uncompressed samples: bytes of a data chunk to interleaved `f32`, in bulk.

use std::io::{Seek, SeekFrom};

use symphonia::core::io::MediaSource;

use super::error::Fault;
use super::riff::read_full;
use super::wave::Encoding;

/// Reads the samples of one byte range of a stream.
pub(super) struct PcmReader {
    stream: Box<dyn MediaSource>,
    encoding: Encoding,
    big_endian: bool,
    /// Bytes of one sample of every channel.
    stride: usize,
    start: u64,
    /// Samples per channel in the range.
    total: u64,
    /// Samples per channel already read.
    position: u64,
    bytes: Vec<u8>,
}

impl PcmReader {
    /// A reader of `len` bytes from `start` on; the stream is repositioned.
    pub(super) fn new(
        mut stream: Box<dyn MediaSource>,
        (encoding, big_endian): (Encoding, bool),
        channels: u16,
        (start, len): (u64, u64),
    ) -> Result<Self, Fault> {
        stream.seek(SeekFrom::Start(start))?;
        let stride = encoding.bytes() * usize::from(channels);
        let total = len / stride as u64;
        Ok(Self { stream, encoding, big_endian, stride, start, total, position: 0, bytes: Vec::new() })
    }

    /// Samples per channel that the range holds.
    pub(super) fn total(&self) -> u64 {
        self.total
    }

    /// Replaces `block` by the next samples, at most `max` per channel; returns how many, 0 at the end.
    pub(super) fn read(&mut self, block: &mut Vec<f32>, max: usize) -> Result<usize, Fault> {
        block.clear();
        let wanted = (self.total - self.position).min(max as u64) as usize;
        self.bytes.resize(wanted * self.stride, 0);
        let got = read_full(&mut self.stream, &mut self.bytes)? / self.stride;
        if got < wanted {
            // The file became shorter under our hands: what was there counts.
            self.total = self.position + got as u64;
        }
        self.position += got as u64;
        convert(&self.bytes[..got * self.stride], self.encoding, self.big_endian, block);
        Ok(got)
    }

    /// Moves to a sample; beyond the end means to the end.
    pub(super) fn seek(&mut self, sample: u64) -> Result<(), Fault> {
        self.position = sample.min(self.total);
        self.stream.seek(SeekFrom::Start(self.start + self.position * self.stride as u64))?;
        Ok(())
    }
}

/// Appends the samples to `out`: integers divided by 2^(bits−1) of their container, floats as they are.
fn convert(bytes: &[u8], encoding: Encoding, big_endian: bool, out: &mut Vec<f32>) {
    const SCALE_32: f32 = 1.0 / 2_147_483_648.0;
    match (encoding, big_endian) {
        (Encoding::Unsigned8, _) => out.extend(bytes.iter().map(|&b| (f32::from(b) - 128.0) * (1.0 / 128.0))),
        (Encoding::Signed(1), _) => out.extend(bytes.iter().map(|&b| f32::from(b as i8) * (1.0 / 128.0))),
        (Encoding::Signed(2), false) => {
            each(bytes, out, |b| f32::from(i16::from_le_bytes(b)) * (1.0 / 32_768.0))
        }
        (Encoding::Signed(2), true) => {
            each(bytes, out, |b| f32::from(i16::from_be_bytes(b)) * (1.0 / 32_768.0))
        }
        // Placed in the upper bytes, so that the sign is right and the conversion to f32 exact.
        (Encoding::Signed(3), false) => {
            each(bytes, out, |[a, b, c]| i32::from_le_bytes([0, a, b, c]) as f32 * SCALE_32);
        }
        (Encoding::Signed(3), true) => {
            each(bytes, out, |[a, b, c]| i32::from_be_bytes([a, b, c, 0]) as f32 * SCALE_32);
        }
        (Encoding::Signed(4), false) => each(bytes, out, |b| i32::from_le_bytes(b) as f32 * SCALE_32),
        (Encoding::Signed(4), true) => each(bytes, out, |b| i32::from_be_bytes(b) as f32 * SCALE_32),
        (Encoding::Signed(_), false) => {
            each(bytes, out, |b| (i64::from_le_bytes(b) as f64 / 2f64.powi(63)) as f32)
        }
        (Encoding::Signed(_), true) => {
            each(bytes, out, |b| (i64::from_be_bytes(b) as f64 / 2f64.powi(63)) as f32)
        }
        (Encoding::Float32, false) => each(bytes, out, f32::from_le_bytes),
        (Encoding::Float32, true) => each(bytes, out, f32::from_be_bytes),
        (Encoding::Float64, false) => each(bytes, out, |b| f64::from_le_bytes(b) as f32),
        (Encoding::Float64, true) => each(bytes, out, |b| f64::from_be_bytes(b) as f32),
    }
}

fn each<const N: usize>(bytes: &[u8], out: &mut Vec<f32>, sample: impl Fn([u8; N]) -> f32) {
    let (samples, _) = bytes.as_chunks::<N>();
    out.extend(samples.iter().map(|&bytes| sample(bytes)));
}
