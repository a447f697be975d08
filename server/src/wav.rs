//! A sound as a WAV file that exists only as far as it is asked for.
//!
//! Browsers do not play AIFF, CAF, Wave64, RF64, 64-bit or compressed WAV. Whatever the engine decodes is offered as
//! 24-bit PCM at its own rate, mono or stereo, of a length that is known before a sample is decoded: so a browser can
//! ask for any range of its bytes, and seek.

use earmark_engine::audio::{AudioError, AudioReader};

use crate::body::Feed;

/// Bytes before the samples.
const HEADER: u64 = 44;
/// Bytes of a sample.
const SAMPLE: u64 = 3;
/// The most that the header's 32-bit sizes can tell: four hours of stereo at 48 kHz.
const MOST: u64 = u32::MAX as u64 - HEADER;

/// The shape of the WAV file of a sound.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct VirtualWav {
    rate_hz: u32,
    /// 1 or 2; more channels are heard as their mean, as the index hears them.
    channels: u16,
    /// Samples per channel.
    samples: u64,
}

impl VirtualWav {
    /// For an open sound; `duration_s` is what the index says, for formats that do not tell.
    pub(crate) fn of(reader: &AudioReader, duration_s: f64) -> Self {
        let format = reader.format();
        let told = format.samples_per_channel;
        let samples = told.unwrap_or((duration_s.max(0.0) * f64::from(format.sample_rate_hz)).round() as u64);
        let channels = if format.channels == 2 { 2 } else { 1 };
        let samples = samples.min(MOST / (SAMPLE * u64::from(channels)));
        Self { rate_hz: format.sample_rate_hz, channels, samples }
    }

    /// Length of the file, bytes.
    pub(crate) fn len(&self) -> u64 {
        HEADER + self.samples * self.stride()
    }

    fn stride(&self) -> u64 {
        SAMPLE * u64::from(self.channels)
    }

    fn header(&self) -> [u8; HEADER as usize] {
        let data = (self.samples * self.stride()) as u32;
        let stride = self.stride() as u16;
        let mut header = [0; HEADER as usize];
        let mut at = 0;
        let mut put = |bytes: &[u8]| {
            header[at..at + bytes.len()].copy_from_slice(bytes);
            at += bytes.len();
        };
        put(b"RIFF");
        put(&(data + HEADER as u32 - 8).to_le_bytes());
        put(b"WAVEfmt \x10\0\0\0\x01\0");
        put(&self.channels.to_le_bytes());
        put(&self.rate_hz.to_le_bytes());
        put(&self.rate_hz.saturating_mul(u32::from(stride)).to_le_bytes());
        put(&stride.to_le_bytes());
        put(&(SAMPLE as u16 * 8).to_le_bytes());
        put(b"data");
        put(&data.to_le_bytes());
        header
    }

    /// Writes the bytes from `first` to before `end`; blocks. A file that holds less than it promised ends in silence.
    pub(crate) fn write(
        &self,
        reader: &mut AudioReader,
        first: u64,
        end: u64,
        feed: &Feed,
    ) -> Result<(), AudioError> {
        let mut left = end.saturating_sub(first);
        if first < HEADER {
            let part = &self.header()[first as usize..HEADER.min(end) as usize];
            left -= part.len() as u64;
            if !feed.send(part.to_vec()) {
                return Ok(());
            }
        }
        let offset = first.max(HEADER) - HEADER;
        let mut skip = (offset % self.stride()) as usize;
        let from_s = (offset / self.stride()) as f64 / f64::from(self.rate_hz);
        let mut held = match reader.skip_to_s(from_s) {
            Ok(()) => true,
            Err(AudioError::OutOfRange { .. }) => false,
            Err(error) => return Err(error),
        };
        let channels = usize::from(reader.format().channels).max(1);
        while left > 0 {
            let block = if held { reader.next_block()? } else { None };
            held = block.is_some();
            let bytes = match block {
                Some(block) => self.encode(block, channels),
                None => vec![0; left.min(1 << 16) as usize + skip],
            };
            let bytes = &bytes[skip.min(bytes.len())..];
            skip = 0;
            let part = &bytes[..bytes.len().min(usize::try_from(left).unwrap_or(usize::MAX))];
            left -= part.len() as u64;
            if !part.is_empty() && !feed.send(part.to_vec()) {
                return Ok(());
            }
        }
        Ok(())
    }

    /// Interleaved samples as bytes of the file.
    fn encode(&self, block: &[f32], channels: usize) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(block.len() / channels * self.stride() as usize);
        let mut put = |sample: f32| {
            // NaN becomes 0.
            let sample = (sample.clamp(-1.0, 1.0) * 8_388_607.0).round() as i32;
            bytes.extend_from_slice(&sample.to_le_bytes()[..SAMPLE as usize]);
        };
        if channels == usize::from(self.channels) {
            block.iter().for_each(|sample| put(*sample));
        } else {
            let mean = |samples: &[f32]| samples.iter().sum::<f32>() / channels as f32;
            block.chunks_exact(channels).for_each(|samples| put(mean(samples)));
        }
        bytes
    }
}
