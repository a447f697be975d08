//! Writes one segment: vectors go to disk as they come, the tables follow, then the partition of a large segment, and
//! the header comes last.
//!
//! Until [`SegmentWriter::finish`] has synced and renamed it, the file has a temporary name that no reader looks at;
//! dropping the writer removes it.

use std::io::{self, BufWriter, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use xxhash_rust::xxh3::{Xxh3, xxh3_64};

use super::files::{self, OutFile};
use super::layout::{
    CHECK_LEN, FrameRow, PAGE, SEGMENT_MAGIC, SEGMENT_VERSION, SectionEntry, SectionKind, SoundRow, page_up,
};
use super::partition::{self, Tables};
use super::record::SegmentHeader;
use super::segment::{Segment, SoundRef};
use super::spool::Spool;
use super::{IndexError, ModelId, QuantisedFrame, SoundRecord, codec};

/// A segment in work.
pub struct SegmentWriter {
    path: PathBuf,
    temporary: PathBuf,
    file: Option<BufWriter<OutFile>>,
    model: ModelId,
    vectors_hash: Box<Xxh3>,
    sounds: u32,
    frames: u32,
    sound_rows: Spool,
    frame_rows: Spool,
    strings: Spool,
    details: Spool,
    labelled: Spool,
    /// One bit a sound: whether it has a label.
    labelled_bits: Vec<u64>,
}

impl SegmentWriter {
    /// Begins a segment that will be called `path`.
    ///
    /// # Errors
    /// `Io` or `DiskFull`.
    pub fn create(path: &Path, model: ModelId) -> Result<Self, IndexError> {
        let temporary = path.with_extension("tmp");
        let begin = || {
            let mut file = BufWriter::with_capacity(1 << 20, OutFile::create(&temporary)?);
            file.write_all(&[0; PAGE as usize])?;
            Ok(file)
        };
        let file = begin().map_err(|source| {
            let _ = files::remove(&temporary);
            IndexError::io(path, "write", source)
        })?;
        let spool = |kind: SectionKind| Spool::new(path.with_extension(format!("{}.tmp", kind as u32)));
        Ok(Self {
            path: path.into(),
            file: Some(file),
            model,
            vectors_hash: Box::new(Xxh3::new()),
            sounds: 0,
            frames: 0,
            sound_rows: spool(SectionKind::Sounds),
            frame_rows: spool(SectionKind::Frames),
            strings: spool(SectionKind::Strings),
            details: spool(SectionKind::Details),
            labelled: spool(SectionKind::Labelled),
            labelled_bits: Vec::new(),
            temporary,
        })
    }

    /// Sounds so far.
    pub fn sounds(&self) -> usize {
        self.sounds as usize
    }

    /// Frames so far.
    pub fn frames(&self) -> usize {
        self.frames as usize
    }

    /// Adds a sound with its frames; returns its number in the segment.
    ///
    /// # Errors
    /// `Io` or `DiskFull`; the segment is then lost and the library as before.
    ///
    /// # Panics
    /// When a frame's vector does not have the model's size.
    pub fn add(&mut self, record: &SoundRecord, frames: &[QuantisedFrame]) -> Result<u32, IndexError> {
        let first_frame = self.frames;
        for frame in frames {
            assert_eq!(frame.vector.len(), self.model.embedding_size as usize, "frame of another model");
            let row = FrameRow {
                sound: self.sounds,
                start_ms: frame.start_ms,
                scale: frame.scale,
                norm: frame.norm,
            };
            self.push_frame(row, &frame.vector)?;
        }
        self.push_sound(record, first_frame)
    }

    /// Adds a sound of another segment under a changed record, its frames as they are (moved and renamed files, other
    /// labels, merging).
    ///
    /// # Errors
    /// As [`SegmentWriter::add`], and `Corrupt` or `Lost` when the source cannot be relied on.
    pub fn copy(&mut self, record: &SoundRecord, source: &SoundRef<'_>) -> Result<u32, IndexError> {
        assert_eq!(source.embedding_size(), self.model.embedding_size as usize, "sound of another model");
        let first_frame = self.frames;
        for (row, vector) in source.frames()? {
            self.push_frame(FrameRow { sound: self.sounds, ..*row }, vector)?;
        }
        source.still_there()?;
        self.push_sound(record, first_frame)
    }

    /// Writes the tables and the header, syncs and gives the file its name.
    ///
    /// # Errors
    /// `Io` or `DiskFull`; nothing is left behind.
    pub fn finish(self) -> Result<Segment, IndexError> {
        let path = self.path.clone();
        let segment = self.finish_unless(&|| false)?;
        segment.ok_or_else(|| IndexError::io(path, "write", io::ErrorKind::Interrupted.into()))
    }

    /// As [`SegmentWriter::finish`]; `None`, and nothing is left behind, when `stop` says so on the way.
    pub(super) fn finish_unless(mut self, stop: &dyn Fn() -> bool) -> Result<Option<Segment>, IndexError> {
        if !self.write_tables(stop).map_err(|source| self.failed(source))? {
            return Ok(None);
        }
        files::rename(&self.temporary, &self.path).map_err(|source| self.failed(source))?;
        files::sync_folder(&self.path)?;
        Segment::open(&self.path).map(Some)
    }

    fn push_frame(&mut self, row: FrameRow, vector: &[i8]) -> Result<(), IndexError> {
        let bytes: &[u8] = bytemuck::cast_slice(vector);
        self.vectors_hash.update(bytes);
        let written = match &mut self.file {
            Some(file) => file.write_all(bytes),
            None => Err(io::Error::other("the segment is already closed")),
        };
        written
            .and_then(|()| self.frame_rows.push(bytemuck::bytes_of(&row)))
            .map_err(|source| self.failed(source))?;
        self.frames += 1;
        Ok(())
    }

    /// Adds the row of a sound whose frames are there.
    fn push_sound(&mut self, record: &SoundRecord, first_frame: u32) -> Result<u32, IndexError> {
        let details =
            codec::record_to_bytes(&record.details).map_err(|error| self.failed(io::Error::other(error)))?;
        let hash = record.content_hash;
        let row = SoundRow {
            hash_low: hash as u64,
            hash_high: (hash >> 64) as u64,
            file_size: record.file_size,
            modified_ns: record.modified_ns,
            duration_s: record.duration_s,
            path_offset: self.strings.len(),
            text_offset: self.strings.len() + (record.path.len() + CHECK_LEN) as u64,
            details_offset: self.details.len(),
            path_len: record.path.len() as u32,
            text_len: record.text.len() as u32,
            details_len: details.len() as u32,
            first_frame,
            frame_count: self.frames - first_frame,
            sample_rate_hz: record.sample_rate_hz,
            channels: record.channels,
            root: record.root,
            cat: record.cat.unwrap_or(SoundRow::NO_CAT),
            cat_source: record.cat_source,
            container: record.container,
        };
        let sound = self.sounds;
        let mut push = || {
            self.strings.push(&record.path)?;
            self.strings.push(&row.check(&record.path))?;
            self.strings.push(record.text.as_bytes())?;
            self.details.push(&details)?;
            if record.cat.is_some() {
                self.labelled.push(&sound.to_le_bytes())?;
            }
            self.sound_rows.push(bytemuck::bytes_of(&row))
        };
        push().map_err(|source| self.failed(source))?;
        let (word, bit) = (sound as usize / 64, sound % 64);
        self.labelled_bits.resize(word + 1, 0);
        self.labelled_bits[word] |= u64::from(record.cat.is_some()) << bit;
        self.sounds += 1;
        Ok(sound)
    }

    fn failed(&self, source: io::Error) -> IndexError {
        IndexError::io(&self.path, "write", source)
    }

    /// Writes everything behind the vectors, and the head; false when `stop` said so.
    fn write_tables(&mut self, stop: &dyn Fn() -> bool) -> io::Result<bool> {
        let Some(file) = self.file.take() else {
            return Err(io::Error::other("the segment is already closed"));
        };
        let vectors_len = u64::from(self.frames) * u64::from(self.model.embedding_size);
        let mut out = Sections {
            file: file.into_inner().map_err(io::IntoInnerError::into_error)?,
            end: PAGE + vectors_len,
            table: vec![entry(SectionKind::Vectors, PAGE, vectors_len, self.vectors_hash.digest())],
        };
        let header = SegmentHeader {
            model_name: self.model.name.clone(),
            model_version: self.model.version.clone(),
            model_sha256: self.model.sha256.clone(),
            embedding_size: self.model.embedding_size,
            sounds: self.sounds,
            frames: self.frames,
            written_unix_s: SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs()),
        };
        out.add(SectionKind::Header, &codec::record_to_bytes(&header).map_err(io::Error::other)?)?;
        out.add_spool(SectionKind::Sounds, &mut self.sound_rows)?;
        let rows_at = out.add_spool(SectionKind::Frames, &mut self.frame_rows)?;
        out.add_spool(SectionKind::Strings, &mut self.strings)?;
        out.add_spool(SectionKind::Details, &mut self.details)?;
        out.add_spool(SectionKind::Labelled, &mut self.labelled)?;
        if (partition::MIN_FRAMES..=partition::MAX_FRAMES).contains(&(self.frames as usize)) {
            let labelled = &self.labelled_bits;
            let tables = Tables {
                size: self.model.embedding_size as usize,
                frames: self.frames as usize,
                vectors_at: PAGE,
                rows_at,
                is_labelled: &|sound| labelled[sound as usize / 64] >> (sound % 64) & 1 != 0,
                stop,
            };
            let codes_at = page_up(out.end);
            let Some(built) = partition::build(&mut out.file, &tables, codes_at)? else { return Ok(false) };
            out.end = codes_at + built.codes_len;
            out.table.push(entry(SectionKind::Codes, codes_at, built.codes_len, built.codes_hash));
            out.add(SectionKind::Lists, bytemuck::cast_slice(&built.lists))?;
            out.add(SectionKind::Centres, bytemuck::cast_slice(&built.centres))?;
        }
        out.finish()?;
        Ok(true)
    }
}

/// The sections of a file in work.
struct Sections {
    file: OutFile,
    end: u64,
    table: Vec<SectionEntry>,
}

impl Sections {
    /// Fills up to the next page.
    fn pad(&mut self) -> io::Result<u64> {
        let offset = page_up(self.end);
        self.file.seek(SeekFrom::Start(self.end))?;
        self.file.write_all(&vec![0; (offset - self.end) as usize])?;
        Ok(offset)
    }

    fn add(&mut self, kind: SectionKind, bytes: &[u8]) -> io::Result<()> {
        let offset = self.pad()?;
        self.file.write_all(bytes)?;
        self.end = offset + bytes.len() as u64;
        self.table.push(entry(kind, offset, bytes.len() as u64, xxh3_64(bytes)));
        Ok(())
    }

    /// Adds a spooled section; returns where it begins.
    fn add_spool(&mut self, kind: SectionKind, spool: &mut Spool) -> io::Result<u64> {
        let offset = self.pad()?;
        spool.copy_to(&mut self.file)?;
        self.end = offset + spool.len();
        self.table.push(entry(kind, offset, spool.len(), spool.digest()));
        Ok(offset)
    }

    /// Writes the header and syncs.
    fn finish(mut self) -> io::Result<()> {
        let mut head = Vec::with_capacity(PAGE as usize);
        head.extend(SEGMENT_MAGIC);
        head.extend(SEGMENT_VERSION.to_le_bytes());
        head.extend((self.table.len() as u32).to_le_bytes());
        head.extend_from_slice(bytemuck::cast_slice(&self.table));
        head.extend(xxh3_64(&head).to_le_bytes());
        self.file.seek(SeekFrom::Start(0))?;
        self.file.write_all(&head)?;
        self.file.sync_all()
    }
}

fn entry(kind: SectionKind, offset: u64, length: u64, checksum: u64) -> SectionEntry {
    SectionEntry { kind: kind as u32, reserved: 0, offset, length, checksum }
}

impl Drop for SegmentWriter {
    fn drop(&mut self) {
        // After a successful finish the temporary name is gone and this does nothing.
        self.file = None;
        let _ = files::remove(&self.temporary);
    }
}
