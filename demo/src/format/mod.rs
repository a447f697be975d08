//! File formats: which container holds which samples, and one encoder a container.

pub mod aiff;
pub mod caf;
pub(crate) mod chunks;
pub mod flac;
pub(crate) mod samples;
pub mod w64;
pub mod wav;

use crate::audio::Audio;
use chunks::Chunks;
use samples::SampleFormat;

/// A kind of audio file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Container {
    /// RIFF/WAVE, with `bext` a Broadcast Wave file.
    Wav,
    /// RF64: WAVE with 64-bit sizes (EBU Tech 3306).
    Rf64,
    /// Sony Wave64.
    Wave64,
    /// AIFF, or AIFF-C for floating-point samples.
    Aiff,
    /// Apple Core Audio Format.
    Caf,
    /// FLAC.
    Flac,
}

/// How a sound is stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct FileFormat {
    /// The file's kind.
    pub container: Container,
    /// Type of its samples.
    pub sample_format: SampleFormat,
}

impl FileFormat {
    /// The file name's extension.
    pub fn extension(self) -> &'static str {
        match self.container {
            Container::Wav | Container::Rf64 => "wav",
            Container::Wave64 => "w64",
            Container::Aiff if self.sample_format.is_float() => "aifc",
            Container::Aiff => "aif",
            Container::Caf => "caf",
            Container::Flac => "flac",
        }
    }

    /// The bytes of a file of this format.
    pub fn encode(self, audio: &Audio, chunks: &Chunks) -> Vec<u8> {
        match self.container {
            Container::Wav => wav::encode(audio, self.sample_format, chunks),
            Container::Rf64 => wav::encode_64(audio, self.sample_format, chunks, wav::Id64::Rf64),
            Container::Wave64 => w64::encode(audio, self.sample_format, chunks),
            Container::Aiff => aiff::encode(audio, self.sample_format, chunks),
            Container::Caf => caf::encode(audio, self.sample_format, chunks),
            Container::Flac => flac::encode(audio, self.sample_format, chunks),
        }
    }
}
