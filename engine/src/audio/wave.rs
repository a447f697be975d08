//! What the `fmt ` chunk of WAVE and the `COMM` chunk of AIFF say about the samples.
//!
//! Sources: Microsoft `WAVEFORMATEX`/`WAVEFORMATEXTENSIBLE`, Apple *AIFF 1.3* §4 and *AIFF-C* §3.

use super::error::Fault;
use super::format::AudioFormat;

/// How one sample is stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Encoding {
    /// Offset binary, 8 bits.
    Unsigned8,
    /// Two's complement in this many bytes, left-justified.
    Signed(u8),
    /// IEEE 754 single precision.
    Float32,
    /// IEEE 754 double precision.
    Float64,
}

impl Encoding {
    pub(super) fn bytes(self) -> usize {
        match self {
            Self::Unsigned8 => 1,
            Self::Signed(bytes) => usize::from(bytes),
            Self::Float32 => 4,
            Self::Float64 => 8,
        }
    }
}

/// What the samples are: ours to read, or something for a codec.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Coding {
    /// Uncompressed.
    Pcm {
        /// Storage of a sample.
        encoding: Encoding,
        /// Byte order.
        big_endian: bool,
    },
    /// MPEG audio inside a data chunk.
    Mpeg,
    /// Anything else, by WAVE format tag or AIFC compression type.
    Compressed(u32),
}

/// A parsed `fmt ` or `COMM` chunk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct SampleSpec {
    pub(super) coding: Coding,
    pub(super) sample_rate_hz: u32,
    pub(super) channels: u16,
    pub(super) bits_per_sample: u16,
}

const WAVE_PCM: u16 = 1;
const WAVE_FLOAT: u16 = 3;
const WAVE_MPEG: u16 = 0x50;
const WAVE_MP3: u16 = 0x55;
const WAVE_EXTENSIBLE: u16 = 0xFFFE;
/// Bytes 2–15 of a sub-format GUID that stands for a plain format tag (xxxx0000-0000-0010-8000-00AA00389B71).
const KSDATAFORMAT_TAIL: [u8; 14] = [0, 0, 0, 0, 0x10, 0, 0x80, 0, 0, 0xAA, 0, 0x38, 0x9B, 0x71];
/// The same for B-format ambisonics files (xxxx0000-0721-11D3-8644-C8C1CA000000).
const AMBISONIC_TAIL: [u8; 14] = [0, 0, 0x21, 7, 0xD3, 0x11, 0x86, 0x44, 0xC8, 0xC1, 0xCA, 0, 0, 0];

/// Parses the content of a `fmt ` chunk.
pub(super) fn parse_fmt(bytes: &[u8], big_endian: bool) -> Result<SampleSpec, Fault> {
    let u16_at = |at: usize| -> Option<u16> {
        let pair = [*bytes.get(at)?, *bytes.get(at + 1)?];
        Some(if big_endian { u16::from_be_bytes(pair) } else { u16::from_le_bytes(pair) })
    };
    let u32_at = |at: usize| -> Option<u32> {
        let (first, second) = (u32::from(u16_at(at)?), u32::from(u16_at(at + 2)?));
        Some(if big_endian { first << 16 | second } else { second << 16 | first })
    };
    let fields = || Some((u16_at(0)?, u16_at(2)?, u32_at(4)?, u16_at(12)?, u16_at(14)?));
    let (mut tag, channels, sample_rate_hz, block_align, bits) =
        fields().ok_or_else(|| Fault::malformed("its fmt chunk is cut short"))?;
    let channels = AudioFormat::check(sample_rate_hz, channels.into())?;
    let mut valid_bits = bits;
    if tag == WAVE_EXTENSIBLE {
        let subformat = bytes.get(24..40).ok_or_else(|| Fault::malformed("its fmt chunk is cut short"))?;
        if subformat[2..] == KSDATAFORMAT_TAIL || subformat[2..] == AMBISONIC_TAIL {
            tag = u16_at(24).unwrap_or(WAVE_EXTENSIBLE);
        }
        // 0 and nonsense mean "all of them".
        valid_bits = u16_at(18).filter(|&valid| valid != 0 && valid <= bits).unwrap_or(bits);
    }
    let coding = match tag {
        WAVE_PCM | WAVE_FLOAT => {
            // Where the block size is consistent it tells the container (24 bits in 4 bytes), else the bits do.
            let stored = match block_align / channels {
                bytes @ 1..=8 if block_align % channels == 0 && bytes * 8 >= bits => bytes,
                _ => bits.div_ceil(8),
            };
            Coding::Pcm { encoding: encoding(tag == WAVE_FLOAT, stored, bits)?, big_endian }
        }
        WAVE_MPEG | WAVE_MP3 => Coding::Mpeg,
        other => Coding::Compressed(other.into()),
    };
    Ok(SampleSpec { coding, sample_rate_hz, channels, bits_per_sample: valid_bits })
}

fn encoding(float: bool, bytes: u16, bits: u16) -> Result<Encoding, Fault> {
    match (float, bytes) {
        (true, 4) => Ok(Encoding::Float32),
        (true, 8) => Ok(Encoding::Float64),
        (false, 1) => Ok(Encoding::Unsigned8),
        (false, 2) => Ok(Encoding::Signed(2)),
        (false, 3) => Ok(Encoding::Signed(3)),
        (false, 4) => Ok(Encoding::Signed(4)),
        (false, 8) => Ok(Encoding::Signed(8)),
        (float, _) if bits == 0 || bits > 64 => {
            let kind = if float { "floating-point" } else { "integer" };
            Err(Fault::malformed(format!("its {kind} samples have {bits} bits")))
        }
        (true, _) => Err(Fault::Unsupported(format!("{bits}-bit floating-point samples"))),
        (false, _) => Err(Fault::Unsupported(format!("{bits}-bit integer samples in {bytes} bytes"))),
    }
}

/// Parses the content of a `COMM` chunk; also returns the samples per channel that it claims.
pub(super) fn parse_comm(bytes: &[u8], aifc: bool) -> Result<(SampleSpec, u64), Fault> {
    if bytes.len() < if aifc { 22 } else { 18 } {
        return Err(Fault::malformed("its COMM chunk is cut short"));
    }
    let channels = u16::from_be_bytes([bytes[0], bytes[1]]);
    let samples = u32::from_be_bytes([bytes[2], bytes[3], bytes[4], bytes[5]]);
    let bits = u16::from_be_bytes([bytes[6], bytes[7]]);
    let mut rate = [0; 10];
    rate.copy_from_slice(&bytes[8..18]);
    let sample_rate_hz = extended_to_hz(rate);
    let channels = AudioFormat::check(sample_rate_hz, channels.into())?;
    let signed = |big_endian| -> Result<Coding, Fault> {
        let encoding = match bits.div_ceil(8) {
            bytes @ (1..=4 | 8) => Encoding::Signed(bytes as u8),
            _ => return Err(Fault::malformed(format!("its samples have {bits} bits"))),
        };
        Ok(Coding::Pcm { encoding, big_endian })
    };
    let fixed = |encoding, bits| (Coding::Pcm { encoding, big_endian: true }, bits);
    let kind = if aifc { [bytes[18], bytes[19], bytes[20], bytes[21]] } else { *b"NONE" };
    let (coding, bits) = match &kind {
        b"NONE" | b"twos" => (signed(true)?, bits),
        b"sowt" => (signed(false)?, bits),
        b"raw " => fixed(Encoding::Unsigned8, 8),
        b"in24" => fixed(Encoding::Signed(3), 24),
        b"in32" => fixed(Encoding::Signed(4), 32),
        b"fl32" | b"FL32" => fixed(Encoding::Float32, 32),
        b"fl64" | b"FL64" => fixed(Encoding::Float64, 64),
        _ => (Coding::Compressed(u32::from_be_bytes(kind)), bits),
    };
    Ok((SampleSpec { coding, sample_rate_hz, channels, bits_per_sample: bits }, samples.into()))
}

/// An 80-bit extended float as a whole number of hertz; 0 for nonsense (AIFF 1.3 appendix, SANE format).
fn extended_to_hz(bytes: [u8; 10]) -> u32 {
    let exponent = i32::from(u16::from_be_bytes([bytes[0], bytes[1]]));
    let mut wide = [0; 8];
    wide.copy_from_slice(&bytes[2..]);
    // A negative number has the top bit of the exponent set and so fails the bound.
    if !(16383..=16383 + 40).contains(&exponent) {
        return 0;
    }
    let hz = u64::from_be_bytes(wide) as f64 * 2f64.powi(exponent - 16383 - 63);
    hz.round() as u32
}
