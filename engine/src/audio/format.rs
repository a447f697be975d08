//! What a file is, as its header says, and the bounds within which we believe it.

use super::error::Fault;

/// More channels than this are taken for a damaged header (BW64 with 128 tracks of an immersive mix is real).
pub const MAX_CHANNELS: u16 = 256;
/// Sample rates above this are taken for a damaged header (768 kHz recorders exist, twice that is generous).
pub const MAX_SAMPLE_RATE_HZ: u32 = 1_536_000;

/// The family of a sound file, found by content.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Container {
    /// RIFF or RIFX WAVE, BWF included.
    Wav,
    /// RF64 or BW64.
    Rf64,
    /// Sony Wave64.
    Wave64,
    /// AIFF or AIFC.
    Aiff,
    /// Native FLAC.
    Flac,
    /// MPEG audio layers 1 to 3.
    Mp3,
    /// AAC in an ADTS stream.
    Aac,
    /// Ogg with Vorbis, Opus or FLAC.
    Ogg,
    /// MP4 family: AAC or ALAC.
    M4a,
    /// Apple Core Audio Format.
    Caf,
}

impl Container {
    const ALL: [Self; 10] = [
        Self::Wav,
        Self::Rf64,
        Self::Wave64,
        Self::Aiff,
        Self::Flac,
        Self::Mp3,
        Self::Aac,
        Self::Ogg,
        Self::M4a,
        Self::Caf,
    ];

    /// The number stored in an index; it never changes.
    pub fn to_u8(self) -> u8 {
        self as u8
    }

    /// A short name for tables.
    pub fn name(self) -> &'static str {
        match self {
            Self::Wav => "WAV",
            Self::Rf64 => "RF64",
            Self::Wave64 => "W64",
            Self::Aiff => "AIFF",
            Self::Flac => "FLAC",
            Self::Mp3 => "MP3",
            Self::Aac => "AAC",
            Self::Ogg => "Ogg",
            Self::M4a => "M4A",
            Self::Caf => "CAF",
        }
    }

    /// The container that an index stores as `number`.
    pub fn from_u8(number: u8) -> Option<Self> {
        Self::ALL.get(usize::from(number)).copied()
    }
}

/// The shape of the samples.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AudioFormat {
    /// The family.
    pub container: Container,
    /// Samples per second and channel.
    pub sample_rate_hz: u32,
    /// Channels, at least 1.
    pub channels: u16,
    /// Significant bits of a sample; unknown for lossy codecs.
    pub bits_per_sample: Option<u16>,
    /// Samples per channel as the header says; unknown for streams. The file may hold fewer.
    pub samples_per_channel: Option<u64>,
}

impl AudioFormat {
    /// Duration as the header says, in seconds.
    pub fn duration_s(&self) -> Option<f64> {
        self.samples_per_channel.map(|samples| samples as f64 / f64::from(self.sample_rate_hz))
    }

    /// Refuses rates and channel counts that no recording has.
    pub(super) fn check(sample_rate_hz: u32, channels: u32) -> Result<u16, Fault> {
        if sample_rate_hz == 0 {
            return Err(Fault::malformed("its sample rate is 0"));
        }
        if channels == 0 {
            return Err(Fault::malformed("it has 0 channels"));
        }
        if sample_rate_hz > MAX_SAMPLE_RATE_HZ {
            let what = format!("a sample rate of {sample_rate_hz} Hz (limit {MAX_SAMPLE_RATE_HZ} Hz)");
            return Err(Fault::Limit(what));
        }
        u16::try_from(channels)
            .ok()
            .filter(|&channels| channels <= MAX_CHANNELS)
            .ok_or_else(|| Fault::Limit(format!("{channels} channels (limit {MAX_CHANNELS})")))
    }
}
