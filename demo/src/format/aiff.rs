//! AIFF 1.3 (Apple, 1989) for integers, AIFF-C (1991) for floating point.

use super::chunks::{Chunks, push_iff, size_32};
use super::samples::{Order, SampleFormat, interleave};
use crate::audio::Audio;

/// An AIFF file, or AIFF-C with `fl32`/`fl64` for floating-point samples.
pub fn encode(audio: &Audio, format: SampleFormat, chunks: &Chunks) -> Vec<u8> {
    let mut bytes = b"FORM\0\0\0\0".to_vec();
    bytes.extend(if format.is_float() { b"AIFC" } else { b"AIFF" });
    if format.is_float() {
        // The only version of AIFF-C there is.
        push_iff(&mut bytes, b"FVER", &0xa280_5140_u32.to_be_bytes());
    }
    push_iff(&mut bytes, b"COMM", &common(audio, format));
    for (info, id) in [(b"INAM", b"NAME"), (b"IART", b"AUTH"), (b"ICOP", b"(c) "), (b"ICMT", b"ANNO")] {
        if let Some(text) = chunks.info_entry(info) {
            push_iff(&mut bytes, id, text.as_bytes());
        }
    }
    // Offset and block size of the samples, both 0.
    let mut sound = vec![0; 8];
    sound.extend(interleave(audio, format, Order::Big));
    push_iff(&mut bytes, b"SSND", &sound);
    if let Some(ixml) = &chunks.ixml {
        push_iff(&mut bytes, b"iXML", ixml.as_bytes());
    }
    let size = size_32(bytes.len() - 8);
    bytes[4..8].copy_from_slice(&size.to_be_bytes());
    bytes
}

fn common(audio: &Audio, format: SampleFormat) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(38);
    bytes.extend(u16::try_from(audio.channels.len()).unwrap_or(u16::MAX).to_be_bytes());
    bytes.extend(size_32(audio.samples_per_channel()).to_be_bytes());
    bytes.extend(format.bits().to_be_bytes());
    bytes.extend(extended(audio.sample_rate_hz));
    let compression: Option<&[u8]> = match format {
        SampleFormat::F32 => Some(b"fl32\x0e32-bit float\0\0\0"),
        SampleFormat::F64 => Some(b"fl64\x0e64-bit float\0\0\0"),
        _ => None,
    };
    bytes.extend(compression.unwrap_or_default());
    bytes
}

/// A whole number as IEEE 754 extended precision, 80 bits.
fn extended(value: u32) -> [u8; 10] {
    let mut bytes = [0; 10];
    if value > 0 {
        let shift = value.leading_zeros();
        let exponent = 16383 + 31 - shift as u16;
        bytes[..2].copy_from_slice(&exponent.to_be_bytes());
        bytes[2..6].copy_from_slice(&(value << shift).to_be_bytes());
    }
    bytes
}
