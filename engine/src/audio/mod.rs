//! From a file to mono samples: decode → mean of the channels → resample, block by block.
//!
//! [`AudioReader`] opens any supported format by its content and gives interleaved samples; [`MonoStream`] is
//! what the spectrogram reads. Memory use is constant whatever the length of the file. Uncompressed formats
//! (WAV, BWF, RF64/BW64, Wave64, AIFF) are read by our own chunk layer, [`riff`]; Symphonia decodes FLAC, MP3,
//! Vorbis, AAC, ALAC, CAF and compressed WAV; `opus-pure` decodes Opus.

mod bext;
mod coded;
mod error;
mod format;
mod ixml;
mod metadata;
mod mono;
mod mp4;
mod opus;
mod packets;
mod pcm;
mod reader;
mod resample;
pub mod riff;
mod tags;
mod wave;
mod window;

/// Raised whenever a file gives other samples than before: what was computed from them then is out of date.
pub const DECODING: u32 = 2;

pub use error::AudioError;
pub use format::{AudioFormat, Container, MAX_CHANNELS, MAX_SAMPLE_RATE_HZ};
pub use metadata::Metadata;
pub use mono::MonoStream;
pub use reader::AudioReader;
pub use resample::MonoResampler;
