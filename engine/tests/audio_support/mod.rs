//! Builders of sound files, byte by byte, so that the tests need no other program.

#![allow(dead_code, reason = "each test binary uses a part")]
#![allow(clippy::unwrap_used)]

use std::path::{Path, PathBuf};

use earmark_engine::audio::{AudioError, AudioReader, MonoStream};

/// A RIFF chunk: id, size, content, padding.
pub(crate) fn chunk(id: &[u8; 4], content: &[u8]) -> Vec<u8> {
    let mut bytes = id.to_vec();
    bytes.extend((content.len() as u32).to_le_bytes());
    bytes.extend(content);
    bytes.resize(bytes.len().next_multiple_of(2), 0);
    bytes
}

/// The content of a plain `fmt ` chunk.
pub(crate) fn fmt(tag: u16, channels: u16, rate_hz: u32, bytes_per_sample: u16, bits: u16) -> Vec<u8> {
    let mut content = tag.to_le_bytes().to_vec();
    content.extend(channels.to_le_bytes());
    content.extend(rate_hz.to_le_bytes());
    let block = channels.wrapping_mul(bytes_per_sample);
    content.extend(rate_hz.wrapping_mul(u32::from(block)).to_le_bytes());
    content.extend(block.to_le_bytes());
    content.extend(bits.to_le_bytes());
    content
}

/// The content of an extensible `fmt ` chunk.
pub(crate) fn fmt_extensible(
    sub: u16,
    channels: u16,
    rate_hz: u32,
    bytes_per_sample: u16,
    valid_bits: u16,
) -> Vec<u8> {
    let mut content = fmt(0xFFFE, channels, rate_hz, bytes_per_sample, 8 * bytes_per_sample);
    content.extend(22u16.to_le_bytes());
    content.extend(valid_bits.to_le_bytes());
    content.extend(0u32.to_le_bytes());
    content.extend(sub.to_le_bytes());
    content.extend([0, 0, 0, 0, 0x10, 0, 0x80, 0, 0, 0xAA, 0, 0x38, 0x9B, 0x71]);
    content
}

/// RIFF/WAVE from chunks.
pub(crate) fn riff(chunks: &[Vec<u8>]) -> Vec<u8> {
    let mut content = b"WAVE".to_vec();
    chunks.iter().for_each(|bytes| content.extend(bytes));
    chunk(b"RIFF", &content)
}

/// RF64 (or BW64) from chunks, with the data size in ds64.
pub(crate) fn rf64(id: &[u8; 4], fmt: &[u8], data: &[u8], data_len: u64) -> Vec<u8> {
    let mut ds64 = (data_len + 72).to_le_bytes().to_vec();
    ds64.extend(data_len.to_le_bytes());
    ds64.extend(0u64.to_le_bytes());
    ds64.extend(0u32.to_le_bytes());
    let mut bytes = id.to_vec();
    bytes.extend(u32::MAX.to_le_bytes());
    bytes.extend(b"WAVE");
    bytes.extend(chunk(b"ds64", &ds64));
    bytes.extend(chunk(b"fmt ", fmt));
    bytes.extend(b"data");
    bytes.extend(u32::MAX.to_le_bytes());
    bytes.extend(data);
    bytes
}

/// A Wave64 file.
pub(crate) fn wave64(fmt: &[u8], data: &[u8]) -> Vec<u8> {
    const TAIL: [u8; 12] = [0xF3, 0xAC, 0xD3, 0x11, 0x8C, 0xD1, 0, 0xC0, 0x4F, 0x8E, 0xDB, 0x8A];
    let mut body = b"wave".to_vec();
    body.extend(TAIL);
    for (id, content) in [(b"fmt ", fmt), (b"data", data)] {
        body.extend(id);
        body.extend(TAIL);
        body.extend((content.len() as u64 + 24).to_le_bytes());
        body.extend(content);
        body.resize(body.len().next_multiple_of(8), 0);
    }
    let mut bytes = b"riff".to_vec();
    bytes.extend([0x2E, 0x91, 0xCF, 0x11, 0xA5, 0xD6, 0x28, 0xDB, 0x04, 0xC1, 0, 0]);
    bytes.extend((body.len() as u64 + 24).to_le_bytes());
    bytes.extend(body);
    bytes
}

/// A big-endian AIFF chunk.
pub(crate) fn aiff_chunk(id: &[u8; 4], content: &[u8]) -> Vec<u8> {
    let mut bytes = id.to_vec();
    bytes.extend((content.len() as u32).to_be_bytes());
    bytes.extend(content);
    bytes.resize(bytes.len().next_multiple_of(2), 0);
    bytes
}

/// An AIFF, or an AIFC where a compression type is given; `rate_hz` must be at least 1.
pub(crate) fn aiff(
    kind: Option<&[u8; 4]>,
    channels: u16,
    rate_hz: u32,
    bits: u16,
    data: &[u8],
    extra: &[Vec<u8>],
) -> Vec<u8> {
    let stride = usize::from(channels) * usize::from(bits.div_ceil(8));
    let mut comm = channels.to_be_bytes().to_vec();
    comm.extend(((data.len() / stride) as u32).to_be_bytes());
    comm.extend(bits.to_be_bytes());
    let exponent = 31 - rate_hz.leading_zeros();
    comm.extend((16_383 + exponent as u16).to_be_bytes());
    comm.extend((u64::from(rate_hz) << (63 - exponent)).to_be_bytes());
    if let Some(kind) = kind {
        comm.extend(kind);
        comm.extend([0, 0]);
    }
    let mut ssnd = vec![0; 8];
    ssnd.extend(data);
    let mut content = if kind.is_some() { b"AIFC".to_vec() } else { b"AIFF".to_vec() };
    content.extend(aiff_chunk(b"COMM", &comm));
    extra.iter().for_each(|bytes| content.extend(bytes));
    content.extend(aiff_chunk(b"SSND", &ssnd));
    aiff_chunk(b"FORM", &content)
}

/// A CAF of linear PCM, little-endian.
pub(crate) fn caf(float: bool, channels: u32, rate_hz: f64, bits: u32, data: &[u8]) -> Vec<u8> {
    let mut bytes = b"caff\0\x01\0\0desc".to_vec();
    bytes.extend(32u64.to_be_bytes());
    bytes.extend(rate_hz.to_be_bytes());
    bytes.extend(b"lpcm");
    bytes.extend((u32::from(float) | 2).to_be_bytes());
    for field in [channels.wrapping_mul(bits) / 8, 1, channels, bits] {
        bytes.extend(field.to_be_bytes());
    }
    bytes.extend(b"data");
    bytes.extend((data.len() as u64 + 4).to_be_bytes());
    bytes.extend([0, 0, 0, 0]);
    bytes.extend(data);
    bytes
}

/// Reproducible values of 24 bits.
pub(crate) fn noise(count: usize, mut seed: u32) -> Vec<i32> {
    let mut next = || {
        seed ^= seed << 13;
        seed ^= seed >> 17;
        seed ^= seed << 5;
        (seed as i32) >> 8
    };
    (0..count).map(|_| next()).collect()
}

/// A 16-bit WAV.
pub(crate) fn wav16(channels: u16, rate_hz: u32, samples: &[i16]) -> Vec<u8> {
    let data: Vec<u8> = samples.iter().flat_map(|sample| sample.to_le_bytes()).collect();
    riff(&[chunk(b"fmt ", &fmt(1, channels, rate_hz, 2, 16)), chunk(b"data", &data)])
}

/// A folder with one file in it.
pub(crate) struct OneFile {
    _folder: tempfile::TempDir,
    pub(crate) path: PathBuf,
}

/// Writes the bytes to a file of this name in a folder of its own.
pub(crate) fn file(name: &str, bytes: &[u8]) -> OneFile {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(name);
    std::fs::write(&path, bytes).unwrap();
    OneFile { _folder: folder, path }
}

/// All samples of a reader, interleaved.
pub(crate) fn read_all(reader: &mut AudioReader) -> Result<Vec<f32>, AudioError> {
    let mut samples = Vec::new();
    while let Some(block) = reader.next_block()? {
        assert!(!block.is_empty() && block.len() <= 1 << 20);
        samples.extend_from_slice(block);
    }
    Ok(samples)
}

/// Opens a file and reads all of it, interleaved.
pub(crate) fn decode(path: &Path) -> Result<Vec<f32>, AudioError> {
    read_all(&mut AudioReader::open(path)?)
}

/// Opens bytes as a file with this name and reads all of it, interleaved.
pub(crate) fn decode_bytes(name: &str, bytes: &[u8]) -> Result<Vec<f32>, AudioError> {
    decode(&file(name, bytes).path)
}

/// The whole of a file as mono.
pub(crate) fn mono(path: &Path, rate_hz: u32) -> Result<Vec<f32>, AudioError> {
    let mut stream = MonoStream::open(path, rate_hz)?;
    let mut samples = Vec::new();
    while let Some(block) = stream.next_block()? {
        samples.extend_from_slice(block);
    }
    Ok(samples)
}
