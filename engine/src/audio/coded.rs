//! Everything that needs a demultiplexer and a decoder: FLAC, MP3, Ogg, MP4, CAF and compressed WAV or AIFF.
//!
//! Symphonia does the work, with Opus added beside it. Decoders are the one place where a hostile file meets
//! code that we did not write, so a panic in there is caught and becomes an error of this file.

use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};

use symphonia::core::codecs::CodecParameters;
use symphonia::core::codecs::audio::well_known::CODEC_ID_OPUS;
use symphonia::core::codecs::audio::{AudioCodecId, AudioCodecParameters, AudioDecoder, AudioDecoderOptions};
use symphonia::core::errors::Error;
use symphonia::core::formats::probe::Hint;
use symphonia::core::formats::{FormatId, FormatOptions, Track, TrackType, well_known};
use symphonia::core::io::{MediaSource, MediaSourceStream};
use symphonia::core::meta::{MetadataOptions, MetadataRevision};
use symphonia::core::packet::Packet;

use super::error::Fault;
use super::format::{AudioFormat, Container};
use super::opus::OpusStream;
use super::packets::Packets;

/// A stream with more damaged packets than this before the first good one is not the format it looked like.
const MAX_DAMAGED_AT_START: u64 = 64;
/// Packets without samples in a row after which a stream is given up; headers are far fewer.
const MAX_IDLE_PACKETS: u64 = 1 << 20;

/// The packets of a file with the decoder of its audio track.
pub(super) struct CodedReader {
    packets: Packets,
    track_id: u32,
    codec: AudioCodecId,
    decoder: Decoder,
    channels: u16,
    sample_rate_hz: u32,
    /// Samples of a lead-in that the encoder needed, still to be dropped.
    lead_in: u64,
    /// Samples per channel that may still be given out, where the container says it exactly.
    left: Option<u64>,
    decoded: u64,
    damaged: u64,
    /// The first samples, decoded on opening to see whether this is audio at all.
    first: Option<Vec<f32>>,
    ending: Option<String>,
}

enum Decoder {
    Symphonia(Box<dyn AudioDecoder>),
    Opus(Box<OpusStream>),
}

enum Step {
    /// Samples were put into the block.
    Samples,
    /// A packet that gave none.
    Nothing,
    End,
}

/// Where the audible part of an MP4 track lies, in samples (ISO 14496-12 §8.6.6, edit list).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Edit {
    pub(super) lead_in: u64,
    pub(super) length: Option<u64>,
}

impl CodedReader {
    /// Finds out what the stream is, and decodes its first samples.
    pub(super) fn open(
        source: Box<dyn MediaSource>,
        edit: Option<Edit>,
    ) -> Result<(Self, AudioFormat, Vec<MetadataRevision>), Fault> {
        guarded(|| Self::open_unguarded(source, edit))
    }

    fn open_unguarded(
        source: Box<dyn MediaSource>,
        edit: Option<Edit>,
    ) -> Result<(Self, AudioFormat, Vec<MetadataRevision>), Fault> {
        let stream = MediaSourceStream::new(source, Default::default());
        let demuxer = symphonia::default::get_probe()
            .probe(&Hint::new(), stream, FormatOptions::default(), MetadataOptions::default())
            .map_err(|error| match error {
                // The probe read to the end, or up to its limit, and recognised nothing.
                Error::Unsupported("core (probe): no suitable format reader found") => Fault::NotAudio,
                Error::IoError(error) if error.kind() == io::ErrorKind::UnexpectedEof => Fault::NotAudio,
                other => fault(other),
            })?;
        let container = container(demuxer.format_info().format).ok_or(Fault::NotAudio)?;
        let track = demuxer
            .default_track(TrackType::Audio)
            .ok_or_else(|| Fault::Unsupported("no audio track of a known codec".into()))?
            .clone();
        let params = audio_params(&track)?;
        let decoder = Decoder::new(params)?;
        let mut reader = Self {
            track_id: track.id,
            codec: params.codec,
            decoder,
            channels: 0,
            sample_rate_hz: 0,
            lead_in: edit.map_or(0, |edit| edit.lead_in),
            left: edit.and_then(|edit| edit.length),
            decoded: 0,
            damaged: 0,
            first: None,
            ending: None,
            packets: Packets::new(demuxer),
        };
        if let Some(channels) = &params.channels {
            // Checked before decoding, where it would decide about allocations.
            AudioFormat::check(params.sample_rate.unwrap_or(1), channels.count() as u32)?;
        }
        reader.decode_first(params)?;
        let channels = AudioFormat::check(reader.sample_rate_hz, reader.channels.into())?;
        let per_packet = |samples: u64| samples.saturating_sub(u64::from(track.delay.unwrap_or(0)));
        let format = AudioFormat {
            container,
            sample_rate_hz: reader.sample_rate_hz,
            channels,
            bits_per_sample: params.bits_per_sample.and_then(|bits| u16::try_from(bits).ok()),
            samples_per_channel: edit.and_then(|edit| edit.length).or_else(|| match container {
                // The count of an Ogg or MP3 track includes what gapless playback drops.
                Container::Ogg => None,
                Container::Mp3 => track.num_frames,
                _ => track.num_frames.map(per_packet),
            }),
        };
        let mut tags = Vec::new();
        let mut log = reader.packets.demuxer().metadata();
        while let Some(revision) = log.pop() {
            tags.push(revision);
        }
        tags.extend(log.current().cloned());
        Ok((reader, format, tags))
    }

    /// Decodes up to the first samples, which tell the true rate and channel count.
    fn decode_first(&mut self, params: &AudioCodecParameters) -> Result<(), Fault> {
        let mut block = Vec::new();
        for _ in 0..MAX_IDLE_PACKETS {
            match self.step(&mut block)? {
                Step::Samples => {
                    self.first = Some(block);
                    return Ok(());
                }
                Step::Nothing if self.damaged > MAX_DAMAGED_AT_START => break,
                Step::Nothing => {}
                Step::End if self.damaged == 0 => {
                    // Nothing to decode: the header alone describes the file.
                    self.sample_rate_hz = params.sample_rate.unwrap_or(0);
                    let channels = params.channels.as_ref().map_or(0, |channels| channels.count());
                    self.channels = u16::try_from(channels).unwrap_or(u16::MAX);
                    return if self.channels == 0 { Err(Fault::NoAudio) } else { Ok(()) };
                }
                Step::End => break,
            }
        }
        Err(Fault::malformed("none of its packets can be decoded"))
    }

    /// Replaces `block` by the next samples, interleaved; `false` at the end.
    pub(super) fn read(&mut self, block: &mut Vec<f32>) -> Result<bool, Fault> {
        if let Some(first) = self.first.take() {
            *block = first;
            return Ok(true);
        }
        guarded(|| {
            for _ in 0..MAX_IDLE_PACKETS {
                match self.step(block)? {
                    Step::Samples => return Ok(true),
                    Step::Nothing => {}
                    Step::End => return Ok(false),
                }
            }
            Err(Fault::malformed("it has packets without end and without samples"))
        })
    }

    /// What was wrong but did not stop the decoding; complete after the end.
    pub(super) fn warnings(&self) -> Vec<String> {
        let skipped = (self.damaged > 0).then(|| format!("{} damaged packets were skipped", self.damaged));
        skipped.into_iter().chain(self.ending.clone()).collect()
    }

    fn step(&mut self, block: &mut Vec<f32>) -> Result<Step, Fault> {
        block.clear();
        if self.left == Some(0) || self.ending.is_some() {
            return Ok(Step::End);
        }
        let packet = match self.packets.next(self.track_id, self.codec) {
            Ok(Some(packet)) => packet,
            Ok(None) => return Ok(Step::End),
            Err(Error::ResetRequired) => return self.next_chained_stream(),
            Err(Error::IoError(error)) if error.kind() == io::ErrorKind::UnexpectedEof => {
                self.ending = Some("truncated: the last packet is cut short".into());
                return Ok(Step::End);
            }
            Err(Error::IoError(error)) => return Err(Fault::Io(error)),
            Err(error) if self.decoded > 0 => {
                self.ending = Some(format!("the rest cannot be read ({error})"));
                return Ok(Step::End);
            }
            Err(error) => return Err(fault(error)),
        };
        let (rate, channels) = match self.decoder.decode(&packet, block) {
            Ok(spec) => spec,
            Err(Fault::Malformed(_)) => {
                self.damaged += 1;
                block.clear();
                return Ok(Step::Nothing);
            }
            Err(fault) => return Err(fault),
        };
        if block.is_empty() {
            return Ok(Step::Nothing);
        }
        if self.decoded == 0 && self.channels == 0 {
            self.channels = AudioFormat::check(rate, u32::try_from(channels).unwrap_or(u32::MAX))?;
            self.sample_rate_hz = rate;
        }
        if (rate, channels) != (self.sample_rate_hz, usize::from(self.channels)) {
            self.ending =
                Some("it changes its sample rate or channels; only the part before was read".into());
            block.clear();
            return Ok(Step::End);
        }
        self.trim(block, channels);
        self.decoded += (block.len() / channels) as u64;
        Ok(if block.is_empty() { Step::Nothing } else { Step::Samples })
    }

    fn trim(&mut self, block: &mut Vec<f32>, channels: usize) {
        let samples = (block.len() / channels) as u64;
        let dropped = self.lead_in.min(samples);
        if dropped > 0 {
            block.drain(..dropped as usize * channels);
            self.lead_in -= dropped;
        }
        if let Some(left) = &mut self.left {
            let kept = (*left).min(samples - dropped);
            block.truncate(kept as usize * channels);
            *left -= kept;
        }
    }

    /// Goes on with the next of several concatenated Ogg streams.
    fn next_chained_stream(&mut self) -> Result<Step, Fault> {
        let Some(track) = self.packets.demuxer().default_track(TrackType::Audio) else {
            return Ok(Step::End);
        };
        self.track_id = track.id;
        let params = audio_params(track)?;
        self.codec = params.codec;
        self.decoder = Decoder::new(params)?;
        Ok(Step::Nothing)
    }
}

impl Decoder {
    fn new(params: &AudioCodecParameters) -> Result<Self, Fault> {
        if params.codec == CODEC_ID_OPUS {
            let head = params.extra_data.as_deref().unwrap_or_default();
            return Ok(Self::Opus(Box::new(OpusStream::new(head)?)));
        }
        symphonia::default::get_codecs()
            .make_audio_decoder(params, &AudioDecoderOptions::default())
            .map(Self::Symphonia)
            .map_err(|error| match error {
                Error::Unsupported(_) => {
                    Fault::Unsupported(format!("audio of an unknown codec ({})", params.codec))
                }
                other => fault(other),
            })
    }

    /// Decodes a packet into `block`, interleaved; returns rate and channels.
    fn decode(&mut self, packet: &Packet, block: &mut Vec<f32>) -> Result<(u32, usize), Fault> {
        match self {
            Self::Symphonia(decoder) => {
                let buffer = decoder.decode(packet).map_err(fault)?;
                buffer.copy_to_vec_interleaved(block);
                Ok((buffer.spec().rate(), buffer.spec().channels().count()))
            }
            Self::Opus(decoder) => decoder.decode(packet, block),
        }
    }
}

fn audio_params(track: &Track) -> Result<&AudioCodecParameters, Fault> {
    match &track.codec_params {
        Some(CodecParameters::Audio(params)) => Ok(params),
        _ => Err(Fault::Unsupported("no audio track of a known codec".into())),
    }
}

fn container(id: FormatId) -> Option<Container> {
    match id {
        well_known::FORMAT_ID_WAVE => Some(Container::Wav),
        well_known::FORMAT_ID_AIFF => Some(Container::Aiff),
        well_known::FORMAT_ID_CAF => Some(Container::Caf),
        well_known::FORMAT_ID_MP1 | well_known::FORMAT_ID_MP2 | well_known::FORMAT_ID_MP3 => {
            Some(Container::Mp3)
        }
        well_known::FORMAT_ID_ADTS => Some(Container::Aac),
        well_known::FORMAT_ID_OGG => Some(Container::Ogg),
        well_known::FORMAT_ID_FLAC => Some(Container::Flac),
        well_known::FORMAT_ID_ISOMP4 => Some(Container::M4a),
        _ => None,
    }
}

fn fault(error: Error) -> Fault {
    match error {
        // Inside a parser the end of the data is a fault of the data, not of the disk.
        Error::IoError(error) if error.kind() == io::ErrorKind::UnexpectedEof => {
            Fault::malformed("it is cut short")
        }
        Error::IoError(error) => Fault::Io(error),
        Error::DecodeError(what) => Fault::malformed(what),
        // An MP4 without its index was not finished or is cut short, whatever its reader calls that.
        Error::Unsupported(what) if what.contains("missing") => Fault::malformed(what),
        Error::Unsupported(what) => Fault::Unsupported(what.into()),
        Error::LimitError(what) => Fault::Limit(what.into()),
        other => Fault::malformed(other.to_string()),
    }
}

/// Runs foreign decoders; their panics become faults of the file.
fn guarded<T>(decode: impl FnOnce() -> Result<T, Fault>) -> Result<T, Fault> {
    catch_unwind(AssertUnwindSafe(decode))
        .unwrap_or_else(|_| Err(Fault::malformed("its content makes the decoder fail")))
}
