//! Reads one segment in place.
//!
//! Opening checks the header, the section table and that every table has the length that its counts demand. Rows are
//! checked when they are used, the checksums of sections by [`verify`](super::verify()): opening must not read a
//! library of gigabytes.

mod sound;
mod vectors;

use std::fs::File;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use xxhash_rust::xxh3::xxh3_64;

use super::layout::{
    FrameRow, MAX_SECTIONS, PAGE, SEGMENT_MAGIC, SEGMENT_VERSION, SectionEntry, SectionKind, SoundRow,
};
use super::mapping::Bytes;
use super::partition::Partition;
use super::record::SegmentHeader;
use super::{IndexError, ModelId, codec};

pub use sound::SoundRef;

/// Largest embedding that a segment may claim, components.
const MAX_EMBEDDING_SIZE: u32 = 1 << 16;
/// Prewarming has no more than this on its way at a time, bytes.
const READ_AHEAD: usize = 1 << 27;

/// An immutable set of sounds with their frames.
#[derive(Debug)]
pub struct Segment {
    path: PathBuf,
    bytes: Arc<Bytes>,
    /// The mapped file, for reads that must not grow the mapping's share of memory.
    file: Option<File>,
    version: u32,
    /// Empty where the segment has none; offsets are never 0.
    sections: [Range<usize>; SectionKind::ALL.len()],
    checksums: [u64; SectionKind::ALL.len()],
    header: SegmentHeader,
    /// Whether what a search looks at has been read into memory.
    warm: AtomicBool,
}

impl Segment {
    /// Maps a segment file.
    ///
    /// # Errors
    /// `Io`, `NewerVersion`, or `Corrupt` naming what does not fit.
    pub fn open(path: &Path) -> Result<Self, IndexError> {
        let file = File::open(path).map_err(|source| IndexError::io(path, "open", source))?;
        let length = file.metadata().map_err(|source| IndexError::io(path, "read", source))?.len();
        if length < PAGE {
            return Err(IndexError::corrupt(path, "cut short: not even a header"));
        }
        let bytes = Bytes::open(&file, path).map_err(|source| IndexError::io(path, "map", source))?;
        Self::new(path, bytes, Some(file))
    }

    /// A segment held in memory, such as a starter bank; `label` stands for its path in messages.
    ///
    /// # Errors
    /// As [`Segment::open`].
    pub fn from_bytes(label: &Path, bytes: &[u8]) -> Result<Self, IndexError> {
        if (bytes.len() as u64) < PAGE {
            return Err(IndexError::corrupt(label, "cut short: not even a header"));
        }
        Self::new(label, Bytes::copy(bytes), None)
    }

    fn new(path: &Path, bytes: Bytes, file: Option<File>) -> Result<Self, IndexError> {
        let bytes = Arc::new(bytes);
        let segment = Self::parse(path, Arc::clone(&bytes), file);
        if bytes.is_lost() { Err(IndexError::Lost { path: path.into() }) } else { segment }
    }

    fn parse(path: &Path, bytes: Arc<Bytes>, file: Option<File>) -> Result<Self, IndexError> {
        let corrupt = |what: &str| IndexError::corrupt(path, what);
        if bytes[..8] != SEGMENT_MAGIC {
            return Err(corrupt("not a segment"));
        }
        let word = |at: usize| u32::from_le_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]]);
        let (version, count) = (word(8), word(12));
        if version > SEGMENT_VERSION {
            return Err(IndexError::NewerVersion {
                path: path.into(),
                found: version,
                supported: SEGMENT_VERSION,
            });
        }
        if version == 0 || count > MAX_SECTIONS {
            return Err(corrupt("header is not valid"));
        }
        let table_end = 16 + count as usize * size_of::<SectionEntry>();
        let checksum = u64::from(word(table_end)) | u64::from(word(table_end + 4)) << 32;
        if xxh3_64(&bytes[..table_end]) != checksum {
            return Err(corrupt("checksum of the header does not match"));
        }
        let table: &[SectionEntry] = bytemuck::cast_slice(&bytes[16..table_end]);
        let mut sections: [Option<Range<usize>>; SectionKind::ALL.len()] = Default::default();
        let mut checksums = [0; SectionKind::ALL.len()];
        for entry in table {
            // A kind that this version does not know is a later addition that it can do without.
            let Some(at) = SectionKind::ALL.iter().position(|kind| *kind as u32 == entry.kind) else {
                continue;
            };
            let end = entry.offset.checked_add(entry.length);
            let inside = end.is_some_and(|end| end <= bytes.len() as u64);
            if !inside || entry.offset % PAGE != 0 || entry.offset < PAGE || sections[at].is_some() {
                return Err(corrupt(&format!(
                    "section {} lies outside the file",
                    SectionKind::ALL[at].name()
                )));
            }
            sections[at] = Some(entry.offset as usize..(entry.offset + entry.length) as usize);
            checksums[at] = entry.checksum;
        }
        let mut found: [Range<usize>; SectionKind::ALL.len()] = Default::default();
        for (at, section) in sections.into_iter().enumerate() {
            let kind = SectionKind::ALL[at];
            found[at] = match section {
                None if kind.is_required() => {
                    return Err(corrupt(&format!("section {} is missing", kind.name())));
                }
                section => section.unwrap_or_default(),
            };
        }
        let header_bytes = &bytes[found[SectionKind::Header as usize - 1].clone()];
        let header: SegmentHeader = codec::record_from_bytes(header_bytes)
            .map_err(|error| IndexError::corrupt(path, format!("header: {error}")))?;
        let segment = Self {
            path: path.into(),
            bytes,
            file,
            version,
            sections: found,
            checksums,
            header,
            warm: AtomicBool::new(false),
        };
        segment.check_lengths()?;
        if segment.has(SectionKind::Codes) {
            // Lists say which single sounds are looked at; small segments are read from end to end.
            for kind in [SectionKind::Frames, SectionKind::Vectors] {
                segment.bytes.reads_are_random(segment.sections[kind as usize - 1].clone());
            }
        }
        Ok(segment)
    }

    fn check_lengths(&self) -> Result<(), IndexError> {
        let header = &self.header;
        let expected = [
            (SectionKind::Vectors, u64::from(header.frames) * u64::from(header.embedding_size)),
            (SectionKind::Sounds, u64::from(header.sounds) * size_of::<SoundRow>() as u64),
            (SectionKind::Frames, u64::from(header.frames) * size_of::<FrameRow>() as u64),
        ];
        if header.embedding_size == 0 || header.embedding_size > MAX_EMBEDDING_SIZE {
            return Err(IndexError::corrupt(&self.path, "embedding size is not valid"));
        }
        for (kind, length) in expected {
            if self.section(kind).len() as u64 != length {
                return Err(IndexError::corrupt(
                    &self.path,
                    format!("section {} does not have the length its header says", kind.name()),
                ));
            }
        }
        if !self.section(SectionKind::Labelled).len().is_multiple_of(4) {
            return Err(IndexError::corrupt(&self.path, "section labelled is cut short"));
        }
        if self.has(SectionKind::Codes) && self.partition().is_none() {
            return Err(IndexError::corrupt(&self.path, "sections of the partition do not fit together"));
        }
        Ok(())
    }

    fn has(&self, kind: SectionKind) -> bool {
        self.sections[kind as usize - 1].start > 0
    }

    fn section(&self, kind: SectionKind) -> &[u8] {
        &self.bytes[self.sections[kind as usize - 1].clone()]
    }

    /// The file, or the label of a segment in memory.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The model that made the embeddings.
    pub fn model(&self) -> ModelId {
        ModelId {
            name: self.header.model_name.clone(),
            version: self.header.model_version.clone(),
            sha256: self.header.model_sha256.clone(),
            embedding_size: self.header.embedding_size,
        }
    }

    /// Components of a vector.
    pub fn embedding_size(&self) -> usize {
        self.header.embedding_size as usize
    }

    /// Fails when the file went away under the mapping (its drive was unplugged, its server is gone): what was read
    /// before this was asked may be zeros.
    ///
    /// # Errors
    /// `Lost`, from then on.
    pub fn still_there(&self) -> Result<(), IndexError> {
        if self.bytes.is_lost() { Err(IndexError::Lost { path: self.path.clone() }) } else { Ok(()) }
    }

    /// Size of the file, bytes.
    pub fn len_bytes(&self) -> u64 {
        self.bytes.len() as u64
    }

    /// The sound table, in place.
    pub fn sound_rows(&self) -> &[SoundRow] {
        bytemuck::cast_slice(self.section(SectionKind::Sounds))
    }

    /// The frame table, in place, `[frames]`.
    pub fn frame_rows(&self) -> &[FrameRow] {
        bytemuck::cast_slice(self.section(SectionKind::Frames))
    }

    /// The quantised vectors, in place, `[frames × embedding size]`.
    pub fn vectors(&self) -> &[i8] {
        bytemuck::cast_slice(self.section(SectionKind::Vectors))
    }

    /// Reads what a search looks at into memory, a little at a time: what searches ask for meanwhile is not kept waiting
    /// by a queue of reads.
    pub(crate) fn prewarm(&self) {
        let needed: &[SectionKind] = match self.has(SectionKind::Codes) {
            true => &[SectionKind::Lists, SectionKind::Centres, SectionKind::Sounds, SectionKind::Codes],
            false => &[SectionKind::Sounds, SectionKind::Frames, SectionKind::Vectors],
        };
        for kind in needed {
            let section = self.sections[*kind as usize - 1].clone();
            for start in section.clone().step_by(READ_AHEAD) {
                let part = start..section.end.min(start + READ_AHEAD);
                self.bytes.will_need(part.clone());
                // Waits for the last page of it.
                std::hint::black_box(self.bytes[part].last());
            }
        }
        self.warm.store(true, Ordering::Release);
    }

    /// Whether what a search looks at has been read into memory.
    pub(crate) fn is_warm(&self) -> bool {
        self.warm.load(Ordering::Acquire)
    }

    /// Asks the system to read a part of this segment soon, and does not wait for it.
    pub(crate) fn read_ahead<T>(&self, part: &[T]) {
        let start = (part.as_ptr() as usize).wrapping_sub(self.bytes.as_ptr() as usize);
        let end = start.saturating_add(size_of_val(part));
        if end <= self.bytes.len() {
            self.bytes.will_need(start..end);
        }
    }

    /// The partition of a large segment.
    pub(crate) fn partition(&self) -> Option<Partition<'_>> {
        if !self.has(SectionKind::Codes) {
            return None;
        }
        let [lists, centres, codes] =
            [SectionKind::Lists, SectionKind::Centres, SectionKind::Codes].map(|kind| self.section(kind));
        Partition::new(self.embedding_size(), lists, centres, codes)
    }

    /// Numbers of the sounds that have a label; `None` in segments of version 1, which do not list them.
    pub(crate) fn labelled(&self) -> Option<&[u32]> {
        self.has(SectionKind::Labelled).then(|| bytemuck::cast_slice(self.section(SectionKind::Labelled)))
    }

    /// Whether it lacks what this version writes into a segment of its size.
    pub(crate) fn is_outdated(&self) -> bool {
        self.version < SEGMENT_VERSION
    }

    /// A sound by its number in the segment.
    pub fn sound(&self, number: u32) -> Option<SoundRef<'_>> {
        let row = self.sound_rows().get(number as usize)?;
        Some(SoundRef { segment: self, number, row })
    }

    /// All sounds, gone ones included.
    pub fn sounds(&self) -> impl ExactSizeIterator<Item = SoundRef<'_>> {
        self.sound_rows().iter().enumerate().map(|(number, row)| SoundRef {
            segment: self,
            number: number as u32,
            row,
        })
    }

    /// Compares every section with its checksum and every row with the tables it points into.
    ///
    /// # Errors
    /// `Corrupt` naming the first thing that does not fit; `Lost`.
    pub fn verify(&self) -> Result<(), IndexError> {
        let checked = self.check_all();
        self.still_there().and(checked)
    }

    fn check_all(&self) -> Result<(), IndexError> {
        for kind in SectionKind::ALL.into_iter().filter(|kind| self.has(*kind)) {
            if xxh3_64(self.section(kind)) != self.checksums[kind as usize - 1] {
                return Err(self.corrupt(format!("checksum of section {} does not match", kind.name())));
            }
        }
        let mut next_frame = 0u64;
        for sound in self.sounds() {
            if u64::from(sound.row.first_frame) != next_frame {
                return Err(self.corrupt(format!("frames of sound {} are not in order", sound.number)));
            }
            next_frame += u64::from(sound.row.frame_count);
            sound.details()?;
            sound.path_bytes()?;
            sound.text()?;
            if sound.frames()?.any(|(row, _)| row.sound != sound.number) {
                return Err(self.corrupt(format!("a frame of sound {} belongs to another", sound.number)));
            }
        }
        if next_frame != u64::from(self.header.frames) {
            return Err(self.corrupt("some frames belong to no sound".to_owned()));
        }
        let is_labelled = |row: &SoundRow| row.cat != SoundRow::NO_CAT;
        if let Some(labelled) = self.labelled() {
            let truth = (0u32..).zip(self.sound_rows()).filter(|(_, row)| is_labelled(row));
            if !truth.map(|(number, _)| number).eq(labelled.iter().copied()) {
                return Err(self.corrupt("the list of labelled sounds is not right".to_owned()));
            }
        }
        let mut sounds = self.sound_rows().iter().map(|row| (row.frame_count, is_labelled(row)));
        if self.partition().is_some_and(|partition| !partition.holds(&mut sounds)) {
            return Err(self.corrupt("the lists do not hold every frame once".to_owned()));
        }
        Ok(())
    }

    fn corrupt(&self, what: String) -> IndexError {
        IndexError::corrupt(&self.path, what)
    }

    fn heap(&self, kind: SectionKind, offset: u64, length: u32) -> Result<&[u8], IndexError> {
        usize::try_from(offset)
            .ok()
            .and_then(|start| self.section(kind).get(start..start.checked_add(length as usize)?))
            .ok_or_else(|| self.corrupt(format!("an offset points outside section {}", kind.name())))
    }
}
