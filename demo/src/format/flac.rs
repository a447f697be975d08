//! FLAC (RFC 9639) with the fixed predictors alone. Stronger encoders search over floating-point predictors;
//! this one is integer arithmetic throughout, so its bytes are the same everywhere.

use super::chunks::Chunks;
use super::samples::{SampleFormat, quantise};
use crate::audio::Audio;

const BLOCK_SAMPLES: usize = 4096;

/// A FLAC file of up to eight channels: 16 bits for [`SampleFormat::I8`] and [`SampleFormat::I16`], 24 for
/// all others.
pub fn encode(audio: &Audio, format: SampleFormat, chunks: &Chunks) -> Vec<u8> {
    let bits = if format.bits() <= 16 { 16 } else { 24 };
    let length = audio.samples_per_channel();
    let channels: Vec<Vec<i32>> = audio
        .channels
        .iter()
        .take(8)
        .map(|channel| channel[..length].iter().map(|sample| quantise(*sample, bits)).collect())
        .collect();
    let mut bytes = b"fLaC".to_vec();
    push_stream_info(&mut bytes, audio, channels.len(), bits);
    push_comments(&mut bytes, chunks);
    for (number, start) in (0..length).step_by(BLOCK_SAMPLES).enumerate() {
        let end = (start + BLOCK_SAMPLES).min(length);
        let block: Vec<&[i32]> = channels.iter().map(|channel| &channel[start..end]).collect();
        push_frame(&mut bytes, number as u32, &block, audio.sample_rate_hz, bits);
    }
    bytes
}

/// RFC 9639 §8.2. The checksum of the samples is left out (all zeros), as the section allows.
fn push_stream_info(bytes: &mut Vec<u8>, audio: &Audio, channels: usize, bits: u16) {
    bytes.extend([0, 0, 0, 34]);
    let mut writer = BitWriter::default();
    writer.push(BLOCK_SAMPLES as u64, 16);
    writer.push(BLOCK_SAMPLES as u64, 16);
    // Smallest and largest block in bytes: unknown.
    writer.push(0, 48);
    writer.push(u64::from(audio.sample_rate_hz), 20);
    writer.push(channels.max(1) as u64 - 1, 3);
    writer.push(u64::from(bits) - 1, 5);
    writer.push(audio.samples_per_channel() as u64, 36);
    bytes.extend(writer.finish());
    bytes.extend([0; 16]);
}

/// RFC 9639 §8.6, the last metadata block.
fn push_comments(bytes: &mut Vec<u8>, chunks: &Chunks) {
    const KEYS: [(&[u8; 4], &str); 5] = [
        (b"INAM", "TITLE"),
        (b"IART", "ARTIST"),
        (b"ICMT", "COMMENT"),
        (b"IGNR", "GENRE"),
        (b"IKEY", "KEYWORDS"),
    ];
    let mut entries: Vec<String> = KEYS
        .iter()
        .filter_map(|(id, key)| chunks.info_entry(id).map(|value| format!("{key}={value}")))
        .collect();
    if let Some(bext) = &chunks.bext {
        entries.push(format!("DESCRIPTION={}", bext.description));
    }
    let mut content = Vec::new();
    push_text(&mut content, "earmark demo");
    content.extend((entries.len() as u32).to_le_bytes());
    for entry in &entries {
        push_text(&mut content, entry);
    }
    bytes.push(0x80 | 4);
    bytes.extend(&(content.len() as u32).to_be_bytes()[1..]);
    bytes.extend(content);
}

fn push_text(bytes: &mut Vec<u8>, text: &str) {
    bytes.extend((text.len() as u32).to_le_bytes());
    bytes.extend(text.bytes());
}

/// RFC 9639 §9: header, one subframe a channel, checksums.
fn push_frame(bytes: &mut Vec<u8>, number: u32, block: &[&[i32]], sample_rate_hz: u32, bits: u16) {
    let length = block.first().map_or(0, |channel| channel.len());
    let mut writer = BitWriter::default();
    // Sync code, fixed block size.
    writer.push(0xfff8, 16);
    // 12 stands for 4096 samples, 7 for a 16-bit count at the header's end.
    writer.push(if length == BLOCK_SAMPLES { 12 } else { 7 }, 4);
    let rate_code = match sample_rate_hz {
        44_100 => 9,
        48_000 => 10,
        96_000 => 11,
        // As the stream information says.
        _ => 0,
    };
    writer.push(rate_code, 4);
    writer.push(block.len().max(1) as u64 - 1, 4);
    writer.push(if bits == 16 { 4 } else { 6 }, 3);
    writer.push(0, 1);
    writer.push_number(number);
    if length != BLOCK_SAMPLES {
        writer.push(length as u64 - 1, 16);
    }
    let check = crc(&writer.bytes, 8, 0x07);
    writer.push(check, 8);
    for channel in block {
        push_subframe(&mut writer, channel, bits);
    }
    let mut frame = writer.finish();
    let check = crc(&frame, 16, 0x8005) as u16;
    frame.extend(check.to_be_bytes());
    bytes.extend(frame);
}

/// RFC 9639 §9.2: constant, or the fixed predictor whose residual is smallest.
fn push_subframe(writer: &mut BitWriter, samples: &[i32], bits: u16) {
    let bits = u32::from(bits);
    if samples.iter().all(|sample| *sample == samples[0]) {
        writer.push(0, 8);
        writer.push_signed(samples[0], bits);
        return;
    }
    let mut best = (0, samples.to_vec());
    let mut residual = samples.to_vec();
    for order in 1..=4_usize.min(samples.len() - 1) {
        residual = residual.windows(2).map(|pair| pair[1] - pair[0]).collect();
        if magnitude(&residual) < magnitude(&best.1) {
            best = (order, residual.clone());
        }
    }
    let (order, residual) = best;
    // Type 001ooo, no wasted bits.
    writer.push(((8 + order) << 1) as u64, 8);
    for sample in &samples[..order] {
        writer.push_signed(*sample, bits);
    }
    push_residual(writer, &residual, order, samples.len());
}

fn magnitude(residual: &[i32]) -> u64 {
    residual.iter().map(|value| u64::from(value.unsigned_abs())).sum()
}

/// RFC 9639 §9.2.7: Rice codes with 5-bit parameters, eight partitions in a full block.
fn push_residual(writer: &mut BitWriter, residual: &[i32], order: usize, length: usize) {
    let partition_order = if length == BLOCK_SAMPLES { 3 } else { 0 };
    writer.push(1, 2);
    writer.push(partition_order, 4);
    let partition = length >> partition_order;
    let (first, rest) = residual.split_at(partition - order);
    for part in core::iter::once(first).chain(rest.chunks(partition)) {
        let folded: Vec<u32> = part.iter().map(|value| ((value << 1) ^ (value >> 31)) as u32).collect();
        let parameter = best_parameter(&folded);
        writer.push(u64::from(parameter), 5);
        for value in folded {
            writer.push_zeros(value >> parameter);
            let low = u64::from(value) & ((1 << parameter) - 1);
            writer.push((1 << parameter) | low, parameter + 1);
        }
    }
}

fn best_parameter(folded: &[u32]) -> u32 {
    let cost = |parameter: u32| -> u64 {
        folded.iter().map(|value| u64::from(value >> parameter) + 1 + u64::from(parameter)).sum()
    };
    (0..=30).min_by_key(|parameter| cost(*parameter)).unwrap_or(0)
}

/// Checksum over bytes, most significant bit first, no inversion.
fn crc(bytes: &[u8], width: u32, polynomial: u64) -> u64 {
    let top = 1 << (width - 1);
    let mask = (1 << width) - 1;
    bytes.iter().fold(0, |crc, byte| {
        (0..8).fold(crc ^ (u64::from(*byte) << (width - 8)), |crc, _| {
            if crc & top != 0 { ((crc << 1) ^ polynomial) & mask } else { (crc << 1) & mask }
        })
    })
}

/// Bits, most significant first.
#[derive(Default)]
struct BitWriter {
    bytes: Vec<u8>,
    pending: u64,
    pending_bits: u32,
}

impl BitWriter {
    /// Appends the low bits of a value; at most 56 at once.
    fn push(&mut self, value: u64, bits: u32) {
        self.pending = (self.pending << bits) | (value & ((1 << bits) - 1));
        self.pending_bits += bits;
        while self.pending_bits >= 8 {
            self.pending_bits -= 8;
            self.bytes.push((self.pending >> self.pending_bits) as u8);
        }
    }

    fn push_signed(&mut self, value: i32, bits: u32) {
        self.push(value as u64, bits);
    }

    fn push_zeros(&mut self, count: u32) {
        for _ in 0..count / 32 {
            self.push(0, 32);
        }
        self.push(0, count % 32);
    }

    /// A frame number in the variable-length code of RFC 9639 §9.1.5 (UTF-8 extended to 36 bits).
    fn push_number(&mut self, number: u32) {
        match number {
            0..0x80 => self.push(u64::from(number), 8),
            0x80..0x800 => {
                self.push(0xc0 | u64::from(number >> 6), 8);
                self.push_continuation(number, 1);
            }
            0x800..0x1_0000 => {
                self.push(0xe0 | u64::from(number >> 12), 8);
                self.push_continuation(number, 2);
            }
            _ => {
                self.push(0xf0 | u64::from((number >> 18) & 7), 8);
                self.push_continuation(number, 3);
            }
        }
    }

    fn push_continuation(&mut self, number: u32, count: u32) {
        for index in (0..count).rev() {
            self.push(0x80 | u64::from((number >> (6 * index)) & 0x3f), 8);
        }
    }

    /// Pads with zeros to a whole byte.
    fn finish(mut self) -> Vec<u8> {
        if self.pending_bits > 0 {
            self.push(0, 8 - self.pending_bits);
        }
        self.bytes
    }
}
