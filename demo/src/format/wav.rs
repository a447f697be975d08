//! WAVE: RIFF (Microsoft *Multimedia Programming Interface* 1.0, `WAVEFORMATEXTENSIBLE`) and its 64-bit
//! forms RF64 (EBU Tech 3306) and BW64 (ITU-R BS.2088).

use super::chunks::{Chunks, info_list, push_riff, size_32};
use super::samples::{Order, SampleFormat, interleave};
use crate::audio::Audio;

/// Identifier of a WAVE file with 64-bit sizes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Id64 {
    /// EBU Tech 3306.
    Rf64,
    /// ITU-R BS.2088.
    Bw64,
}

/// A WAVE file. `bext` stands before `fmt `, INFO and iXML after the samples.
pub fn encode(audio: &Audio, format: SampleFormat, chunks: &Chunks) -> Vec<u8> {
    let mut bytes = b"RIFF\0\0\0\0WAVE".to_vec();
    push_head(&mut bytes, audio, format, chunks);
    push_riff(&mut bytes, b"data", &wave_samples(audio, format));
    push_tail(&mut bytes, chunks);
    let size = size_32(bytes.len() - 8);
    bytes[4..8].copy_from_slice(&size.to_le_bytes());
    bytes
}

/// A WAVE file with 64-bit sizes in a `ds64` chunk; the 32-bit ones are all ones, whatever the length.
pub fn encode_64(audio: &Audio, format: SampleFormat, chunks: &Chunks, id: Id64) -> Vec<u8> {
    let samples = wave_samples(audio, format);
    let mut bytes = match id {
        Id64::Rf64 => b"RF64".to_vec(),
        Id64::Bw64 => b"BW64".to_vec(),
    };
    bytes.extend(u32::MAX.to_le_bytes());
    bytes.extend(b"WAVE");
    let mut sizes = Vec::with_capacity(28);
    // The first field, the size of the whole, is filled in at the end.
    for value in [0, samples.len() as u64, audio.samples_per_channel() as u64] {
        sizes.extend(value.to_le_bytes());
    }
    sizes.extend(0_u32.to_le_bytes());
    push_riff(&mut bytes, b"ds64", &sizes);
    push_head(&mut bytes, audio, format, chunks);
    push_riff(&mut bytes, b"data", &samples);
    let size_at = bytes.len() - (samples.len() + samples.len() % 2) - 4;
    bytes[size_at..size_at + 4].copy_from_slice(&u32::MAX.to_le_bytes());
    push_tail(&mut bytes, chunks);
    let size = (bytes.len() - 8) as u64;
    bytes[20..28].copy_from_slice(&size.to_le_bytes());
    bytes
}

/// The content of a `fmt ` chunk: plain for up to two channels, extensible beyond.
pub(crate) fn format_chunk(audio: &Audio, format: SampleFormat) -> Vec<u8> {
    const EXTENSIBLE: u16 = 0xfffe;
    // KSDATAFORMAT_SUBTYPE_*: the tag, then a fixed tail.
    const SUBTYPE_TAIL: [u8; 14] =
        [0x00, 0x00, 0x00, 0x00, 0x10, 0x00, 0x80, 0x00, 0x00, 0xaa, 0x00, 0x38, 0x9b, 0x71];
    let tag: u16 = if format.is_float() { 3 } else { 1 };
    let channels = u16::try_from(audio.channels.len()).unwrap_or(u16::MAX);
    let block_bytes = usize::from(channels) * format.bytes();
    let extensible = channels > 2;
    let mut bytes = Vec::with_capacity(40);
    bytes.extend(if extensible { EXTENSIBLE } else { tag }.to_le_bytes());
    bytes.extend(channels.to_le_bytes());
    bytes.extend(audio.sample_rate_hz.to_le_bytes());
    bytes.extend(audio.sample_rate_hz.saturating_mul(size_32(block_bytes)).to_le_bytes());
    bytes.extend(u16::try_from(block_bytes).unwrap_or(u16::MAX).to_le_bytes());
    bytes.extend(format.bits().to_le_bytes());
    if extensible {
        bytes.extend(22_u16.to_le_bytes());
        bytes.extend(format.bits().to_le_bytes());
        // A channel mask of 0: the channels have no assigned places.
        bytes.extend(0_u32.to_le_bytes());
        bytes.extend(tag.to_le_bytes());
        bytes.extend(SUBTYPE_TAIL);
    } else if format.is_float() {
        bytes.extend(0_u16.to_le_bytes());
    }
    bytes
}

/// Interleaved samples as RIFF has them: 8-bit ones are unsigned.
pub(crate) fn wave_samples(audio: &Audio, format: SampleFormat) -> Vec<u8> {
    let mut bytes = interleave(audio, format, Order::Little);
    if format == SampleFormat::I8 {
        for byte in &mut bytes {
            *byte ^= 0x80;
        }
    }
    bytes
}

fn push_head(bytes: &mut Vec<u8>, audio: &Audio, format: SampleFormat, chunks: &Chunks) {
    if let Some(bext) = &chunks.bext {
        push_riff(bytes, b"bext", &bext.to_bytes());
    }
    push_riff(bytes, b"fmt ", &format_chunk(audio, format));
    if format.is_float() {
        push_riff(bytes, b"fact", &size_32(audio.samples_per_channel()).to_le_bytes());
    }
}

fn push_tail(bytes: &mut Vec<u8>, chunks: &Chunks) {
    if !chunks.info.is_empty() {
        push_riff(bytes, b"LIST", &info_list(&chunks.info));
    }
    if let Some(ixml) = &chunks.ixml {
        push_riff(bytes, b"iXML", ixml.as_bytes());
    }
}
