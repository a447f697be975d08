//! Sony Wave64 (*Sony Pictures Digital, Wave64 file format*, 2003): GUIDs for identifiers, 64-bit sizes that
//! count the chunk's own header, chunks aligned to 8 bytes.

use super::chunks::{Chunks, info_list};
use super::samples::SampleFormat;
use super::wav::{format_chunk, wave_samples};
use crate::audio::Audio;

/// Tail of the GUIDs of `riff` and `list`.
const OUTER: [u8; 12] = [0x2e, 0x91, 0xcf, 0x11, 0xa5, 0xd6, 0x28, 0xdb, 0x04, 0xc1, 0x00, 0x00];
/// Tail of all others.
const INNER: [u8; 12] = [0xf3, 0xac, 0xd3, 0x11, 0x8c, 0xd1, 0x00, 0xc0, 0x4f, 0x8e, 0xdb, 0x8a];

/// A Wave64 file with its `bext` and INFO; the format has no place for iXML.
pub fn encode(audio: &Audio, format: SampleFormat, chunks: &Chunks) -> Vec<u8> {
    let mut bytes = Vec::new();
    bytes.extend(b"riff");
    bytes.extend(OUTER);
    bytes.extend(0_u64.to_le_bytes());
    bytes.extend(b"wave");
    bytes.extend(INNER);
    push(&mut bytes, b"fmt ", INNER, &format_chunk(audio, format));
    if format.is_float() {
        push(&mut bytes, b"fact", INNER, &(audio.samples_per_channel() as u64).to_le_bytes());
    }
    if let Some(bext) = &chunks.bext {
        push(&mut bytes, b"bext", INNER, &bext.to_bytes());
    }
    push(&mut bytes, b"data", INNER, &wave_samples(audio, format));
    if !chunks.info.is_empty() {
        push(&mut bytes, b"list", OUTER, &info_list(&chunks.info));
    }
    let size = bytes.len() as u64;
    bytes[16..24].copy_from_slice(&size.to_le_bytes());
    bytes
}

fn push(bytes: &mut Vec<u8>, id: &[u8; 4], tail: [u8; 12], content: &[u8]) {
    bytes.extend(id);
    bytes.extend(tail);
    bytes.extend((24 + content.len() as u64).to_le_bytes());
    bytes.extend(content);
    bytes.resize(bytes.len().next_multiple_of(8), 0);
}
