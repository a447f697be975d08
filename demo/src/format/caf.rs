//! Apple Core Audio Format 1.0 (*Apple Core Audio Format Specification*, 2006), linear PCM.

use super::chunks::Chunks;
use super::samples::{Order, SampleFormat, interleave};
use crate::audio::Audio;

/// A CAF file with little-endian samples.
pub fn encode(audio: &Audio, format: SampleFormat, chunks: &Chunks) -> Vec<u8> {
    // File version 1, no flags.
    let mut bytes = b"caff\0\x01\0\0".to_vec();
    push(&mut bytes, b"desc", &description(audio, format));
    let strings = information(chunks);
    if !strings.is_empty() {
        push(&mut bytes, b"info", &strings);
    }
    // An edit count of 0 stands before the samples.
    let mut data = vec![0; 4];
    data.extend(interleave(audio, format, Order::Little));
    push(&mut bytes, b"data", &data);
    bytes
}

fn description(audio: &Audio, format: SampleFormat) -> Vec<u8> {
    const FLOAT: u32 = 1;
    const LITTLE_ENDIAN: u32 = 2;
    let channels = u32::try_from(audio.channels.len()).unwrap_or(u32::MAX);
    let flags = LITTLE_ENDIAN | if format.is_float() { FLOAT } else { 0 };
    let packet_bytes = channels.saturating_mul(u32::from(format.bits() / 8));
    let mut bytes = f64::from(audio.sample_rate_hz).to_be_bytes().to_vec();
    bytes.extend(b"lpcm");
    for value in [flags, packet_bytes, 1, channels, u32::from(format.bits())] {
        bytes.extend(value.to_be_bytes());
    }
    bytes
}

fn information(chunks: &Chunks) -> Vec<u8> {
    const KEYS: [(&[u8; 4], &str); 5] = [
        (b"INAM", "title"),
        (b"IART", "artist"),
        (b"ICMT", "comments"),
        (b"IGNR", "genre"),
        (b"IKEY", "keywords"),
    ];
    let entries: Vec<(&str, &str)> =
        KEYS.iter().filter_map(|(id, key)| Some((*key, chunks.info_entry(id)?))).collect();
    if entries.is_empty() {
        return Vec::new();
    }
    let mut bytes = (entries.len() as u32).to_be_bytes().to_vec();
    for text in entries.iter().flat_map(|(key, value)| [key, value]) {
        bytes.extend(text.bytes());
        bytes.push(0);
    }
    bytes
}

fn push(bytes: &mut Vec<u8>, id: &[u8; 4], content: &[u8]) {
    bytes.extend(id);
    bytes.extend((content.len() as u64).to_be_bytes());
    bytes.extend(content);
}
