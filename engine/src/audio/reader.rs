//! One sound file as a stream of interleaved samples, whatever its format.

use std::fs::File;
use std::path::{Path, PathBuf};

use symphonia::core::io::MediaSource;

use super::bext::{read_bext, read_info, until_nul};
use super::coded::CodedReader;
use super::error::{AudioError, Fault};
use super::format::{AudioFormat, Container};
use super::ixml::read_ixml;
use super::metadata::Metadata;
use super::mp4::read_edit;
use super::pcm::PcmReader;
use super::riff::{self, Chunk, Dialect, Layout};
use super::tags::{read_id3, read_revision};
use super::wave::{Coding, SampleSpec, parse_comm, parse_fmt};
use super::window::Window;

/// The most that is read of one metadata chunk.
const MAX_METADATA_BYTES: usize = 1 << 20;
/// ID3 chunks may carry cover pictures before the texts.
const MAX_ID3_BYTES: usize = 8 << 20;
/// Samples (of all channels together) of one block.
const BLOCK_SAMPLES: usize = 32_768;

/// A sound file being read. Memory use does not depend on its length.
pub struct AudioReader {
    path: PathBuf,
    format: AudioFormat,
    metadata: Metadata,
    warnings: Vec<String>,
    source: Source,
    block: Vec<f32>,
    /// Where in `block` the samples begin that were not given out yet (after skipping).
    pending: Option<usize>,
    /// Samples per channel that were decoded or skipped.
    position: u64,
    ended: bool,
}

enum Source {
    Pcm(PcmReader),
    Coded(Box<CodedReader>),
}

/// What opening finds out.
struct Opened {
    format: AudioFormat,
    metadata: Metadata,
    warnings: Vec<String>,
    source: Source,
}

impl AudioReader {
    /// Opens a file. The format is found by content; the extension is not looked at.
    ///
    /// # Errors
    /// Every [`AudioError`] but those of regions and of sample values.
    pub fn open(path: &Path) -> Result<Self, AudioError> {
        let open_error = |source| AudioError::Open { path: path.to_path_buf(), source };
        // Looked at before opening: opening a pipe would wait for its writer.
        let kind = std::fs::metadata(path).map_err(open_error)?;
        if !kind.is_file() {
            let what = if kind.is_dir() { "a folder" } else { "a pipe or device" };
            return Err(AudioError::NotAFile { path: path.to_path_buf(), what });
        }
        let file = File::open(path).map_err(open_error)?;
        Self::from_media(Box::new(file), path)
    }

    /// Reads from any seekable source; `path` only serves messages.
    ///
    /// # Errors
    /// As [`AudioReader::open`].
    pub fn from_media(source: Box<dyn MediaSource>, path: &Path) -> Result<Self, AudioError> {
        let opened = match source.byte_len() {
            Some(0) => return Err(AudioError::Empty { path: path.to_path_buf() }),
            _ => open_source(source).map_err(|fault| fault.at(path))?,
        };
        Ok(Self {
            path: path.to_path_buf(),
            format: opened.format,
            metadata: opened.metadata,
            warnings: opened.warnings,
            source: opened.source,
            block: Vec::new(),
            pending: None,
            position: 0,
            ended: false,
        })
    }

    /// The file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The shape of the samples.
    pub fn format(&self) -> &AudioFormat {
        &self.format
    }

    /// What the file says about itself.
    pub fn metadata(&self) -> &Metadata {
        &self.metadata
    }

    /// What was wrong with the file although it could be read, one sentence each; complete at the end.
    pub fn warnings(&self) -> &[String] {
        &self.warnings
    }

    /// The next samples, interleaved: a whole number of samples for every channel, at most a few ten thousand
    /// together. `None` at the end.
    ///
    /// # Errors
    /// [`AudioError::Io`] when the file goes away, [`AudioError::Malformed`] and its like for bad content.
    pub fn next_block(&mut self) -> Result<Option<&[f32]>, AudioError> {
        if let Some(start) = self.pending.take() {
            return Ok(Some(&self.block[start..]));
        }
        Ok(if self.advance()? { Some(&self.block) } else { None })
    }

    /// Skips to a time, counted from the start of the file and rounded to a sample. Only forward, before or
    /// between blocks. Uncompressed formats seek; the others decode and discard, which is exact.
    ///
    /// # Errors
    /// Those of reading, and [`AudioError::OutOfRange`] where the file ends before.
    pub fn skip_to_s(&mut self, from_s: f64) -> Result<(), AudioError> {
        let target = (from_s.max(0.0) * f64::from(self.format.sample_rate_hz)).round() as u64;
        self.pending = None;
        if let Source::Pcm(pcm) = &mut self.source {
            let total = pcm.total();
            if target > 0 && target >= total {
                return Err(self.out_of_range(from_s, total));
            }
            pcm.seek(target).map_err(|fault| fault.at(&self.path))?;
            self.position = target;
            return Ok(());
        }
        while self.position < target {
            let before = self.position;
            if !self.advance()? {
                return Err(self.out_of_range(from_s, before));
            }
            if self.position > target {
                let start = (target - before) as usize * usize::from(self.format.channels);
                self.pending = Some(start);
            }
        }
        Ok(())
    }

    fn advance(&mut self) -> Result<bool, AudioError> {
        if self.ended {
            return Ok(false);
        }
        let channels = usize::from(self.format.channels);
        let more = match &mut self.source {
            Source::Pcm(pcm) => {
                pcm.read(&mut self.block, (BLOCK_SAMPLES / channels).max(1)).map(|got| got > 0)
            }
            Source::Coded(coded) => coded.read(&mut self.block),
        }
        .map_err(|fault| fault.at(&self.path))?;
        if more {
            self.position += (self.block.len() / channels) as u64;
        } else {
            self.end()?;
        }
        Ok(more)
    }

    fn end(&mut self) -> Result<(), AudioError> {
        self.ended = true;
        if self.position == 0 {
            return Err(AudioError::NoAudio { path: self.path.clone() });
        }
        if let Source::Coded(coded) = &self.source {
            self.warnings.extend(coded.warnings());
        }
        if self.warnings.is_empty()
            && let Some(promised) = self.format.samples_per_channel
            && promised > self.position.saturating_add(TOLERATED_MISSING_SAMPLES)
        {
            self.warnings.push(truncated(promised, self.position, self.format.sample_rate_hz));
        }
        Ok(())
    }

    fn out_of_range(&self, from_s: f64, total: u64) -> AudioError {
        let duration_s = total as f64 / f64::from(self.format.sample_rate_hz);
        AudioError::OutOfRange { path: self.path.clone(), from_s, duration_s }
    }
}

/// Lossy codecs count in packets: fewer missing samples than this are no sign of damage.
const TOLERATED_MISSING_SAMPLES: u64 = 4096;

fn truncated(promised: u64, held: u64, rate_hz: u32) -> String {
    let seconds = |samples: u64| samples as f64 / f64::from(rate_hz);
    format!(
        "truncated: the header promises {:.1} s, the file holds {:.1} s",
        seconds(promised),
        seconds(held)
    )
}

fn open_source(mut source: Box<dyn MediaSource>) -> Result<Opened, Fault> {
    match riff::walk(&mut *source)? {
        Some(layout) => open_chunks(source, &layout),
        None => open_coded(source, Metadata::default()),
    }
}

fn open_coded(mut source: Box<dyn MediaSource>, mut metadata: Metadata) -> Result<Opened, Fault> {
    let edit = read_edit(&mut *source)?;
    source.rewind()?;
    let (coded, format, revisions) = CodedReader::open(source, edit)?;
    for revision in &revisions {
        read_revision(revision, &mut metadata);
    }
    Ok(Opened { format, metadata, warnings: Vec::new(), source: Source::Coded(Box::new(coded)) })
}

fn open_chunks(mut source: Box<dyn MediaSource>, layout: &Layout) -> Result<Opened, Fault> {
    let dialect = layout.dialect;
    let metadata = read_chunk_metadata(&mut *source, layout)?;
    let (spec, promised) = read_spec(&mut *source, layout)?;
    let SampleSpec { coding, sample_rate_hz, channels, bits_per_sample } = spec;
    let data_id = if is_aiff(dialect) { b"SSND" } else { b"data" };
    let Some(data) = layout.find(data_id) else {
        return if promised == Some(0) {
            Err(Fault::NoAudio)
        } else {
            Err(Fault::malformed("it has no chunk with samples"))
        };
    };
    let Coding::Pcm { encoding, big_endian } = coding else {
        return open_compressed_chunk(source, dialect, coding, data, metadata);
    };
    let stride = (encoding.bytes() * usize::from(channels)) as u64;
    let (start, len) =
        if is_aiff(dialect) { aiff_samples(&mut *source, data)? } else { (data.start, data.len) };
    let header_bytes = start - data.start;
    let claimed = data.claimed.map(|bytes| bytes.saturating_sub(header_bytes) / stride);
    // AIFF states the count itself; the chunk may be longer for alignment, but not shorter.
    let claimed = promised.map_or(claimed, |promised| Some(claimed.unwrap_or(promised).min(promised)));
    let held = (len / stride).min(claimed.unwrap_or(u64::MAX));
    let mut warnings = Vec::new();
    if let Some(claimed) = claimed.filter(|&claimed| claimed > held) {
        warnings.push(truncated(claimed, held, sample_rate_hz));
    }
    if held == 0 {
        return match claimed {
            Some(1..) => Err(Fault::malformed("it ends before its first sample")),
            _ => Err(Fault::NoAudio),
        };
    }
    let source = PcmReader::new(source, (encoding, big_endian), channels, (start, held * stride))?;
    let format = AudioFormat {
        container: container(dialect),
        sample_rate_hz,
        channels,
        bits_per_sample: Some(bits_per_sample),
        samples_per_channel: Some(claimed.unwrap_or(held)),
    };
    Ok(Opened { format, metadata, warnings, source: Source::Pcm(source) })
}

/// Samples of a chunked file that a codec must decode.
fn open_compressed_chunk(
    mut source: Box<dyn MediaSource>,
    dialect: Dialect,
    coding: Coding,
    data: &Chunk,
    metadata: Metadata,
) -> Result<Opened, Fault> {
    match (dialect, coding) {
        // MPEG audio needs nothing from the chunks around it.
        (_, Coding::Mpeg) => {
            let mut opened = open_coded(Box::new(Window::new(source, data.start, data.len)?), metadata)?;
            opened.format.container = container(dialect);
            Ok(opened)
        }
        (Dialect::Riff | Dialect::Aifc, Coding::Compressed(_)) => {
            source.rewind()?;
            open_coded(source, metadata)
        }
        (_, Coding::Compressed(tag)) => {
            Err(Fault::Unsupported(format!("samples of the compressed format {tag:#06x}")))
        }
        (_, Coding::Pcm { .. }) => Err(Fault::NotAudio),
    }
}

fn read_spec(source: &mut dyn MediaSource, layout: &Layout) -> Result<(SampleSpec, Option<u64>), Fault> {
    let missing = || Fault::malformed("it has no chunk that describes its samples");
    if is_aiff(layout.dialect) {
        let comm = riff::content(source, layout.find(b"COMM").ok_or_else(missing)?, 64)?;
        let (spec, samples) = parse_comm(&comm, layout.dialect == Dialect::Aifc)?;
        return Ok((spec, Some(samples)));
    }
    let fmt = riff::content(source, layout.find(b"fmt ").ok_or_else(missing)?, 64)?;
    Ok((parse_fmt(&fmt, layout.dialect.is_big_endian())?, None))
}

/// The samples of an SSND chunk follow an offset and a block size of 4 bytes each (AIFF 1.3 §5).
fn aiff_samples(source: &mut dyn MediaSource, chunk: &Chunk) -> Result<(u64, u64), Fault> {
    let head = riff::content(source, chunk, 8)?;
    let [a, b, c, d, ..] = head[..] else { return Ok((chunk.start, 0)) };
    let skipped = (8 + u64::from(u32::from_be_bytes([a, b, c, d]))).min(chunk.len);
    Ok((chunk.start + skipped, chunk.len - skipped))
}

fn read_chunk_metadata(source: &mut dyn MediaSource, layout: &Layout) -> Result<Metadata, Fault> {
    let mut by_rank = [Metadata::default(), Metadata::default(), Metadata::default(), Metadata::default()];
    let [ixml, bext, info, id3] = &mut by_rank;
    for chunk in &layout.chunks {
        let mut bytes = |limit| riff::content(&mut *source, chunk, limit);
        match &chunk.id {
            b"iXML" | b"ixml" => read_ixml(&bytes(MAX_METADATA_BYTES)?, ixml),
            b"bext" => read_bext(&bytes(MAX_METADATA_BYTES)?, bext),
            b"LIST" => read_info(&bytes(MAX_METADATA_BYTES)?, layout.dialect.is_big_endian(), info),
            b"NAME" | b"AUTH" | b"ANNO" if is_aiff(layout.dialect) => {
                info.offer(&String::from_utf8_lossy(&chunk.id), &until_nul(&bytes(MAX_METADATA_BYTES)?));
            }
            b"id3 " | b"ID3 " => read_id3(bytes(MAX_ID3_BYTES)?, id3),
            _ => {}
        }
    }
    let mut metadata = Metadata::default();
    for part in by_rank {
        metadata.fill_from(part);
    }
    Ok(metadata)
}

fn is_aiff(dialect: Dialect) -> bool {
    matches!(dialect, Dialect::Aiff | Dialect::Aifc)
}

fn container(dialect: Dialect) -> Container {
    match dialect {
        Dialect::Riff | Dialect::Rifx => Container::Wav,
        Dialect::Rf64 => Container::Rf64,
        Dialect::Wave64 => Container::Wave64,
        Dialect::Aiff | Dialect::Aifc => Container::Aiff,
    }
}
