//! Writes one segment: vectors go to disk as they come, the tables follow, the header comes last.
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
use super::record::SegmentHeader;
use super::segment::{Segment, SoundRef};
use super::{IndexError, ModelId, QuantisedFrame, SoundRecord, codec};

/// A segment in work.
pub struct SegmentWriter {
    path: PathBuf,
    temporary: PathBuf,
    file: Option<BufWriter<OutFile>>,
    model: ModelId,
    vectors_hash: Box<Xxh3>,
    sounds: Vec<SoundRow>,
    frames: Vec<FrameRow>,
    strings: Vec<u8>,
    details: Vec<u8>,
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
        Ok(Self {
            path: path.into(),
            temporary,
            file: Some(file),
            model,
            vectors_hash: Box::new(Xxh3::new()),
            sounds: Vec::new(),
            frames: Vec::new(),
            strings: Vec::new(),
            details: Vec::new(),
        })
    }

    /// Sounds so far.
    pub fn sounds(&self) -> usize {
        self.sounds.len()
    }

    /// Frames so far.
    pub fn frames(&self) -> usize {
        self.frames.len()
    }

    /// Adds a sound with its frames; returns its number in the segment.
    ///
    /// # Errors
    /// `Io` or `DiskFull`; the segment is then lost and the library as before.
    ///
    /// # Panics
    /// When a frame's vector does not have the model's size.
    pub fn add(&mut self, record: &SoundRecord, frames: &[QuantisedFrame]) -> Result<u32, IndexError> {
        let first_frame = self.frames.len() as u32;
        let sound = self.sounds.len() as u32;
        for frame in frames {
            assert_eq!(frame.vector.len(), self.model.embedding_size as usize, "frame of another model");
            let row = FrameRow { sound, start_ms: frame.start_ms, scale: frame.scale, norm: frame.norm };
            self.push_frame(row, &frame.vector)?;
        }
        let details =
            codec::record_to_bytes(&record.details).map_err(|error| self.failed(io::Error::other(error)))?;
        let hash = record.content_hash;
        let row = SoundRow {
            hash_low: hash as u64,
            hash_high: (hash >> 64) as u64,
            file_size: record.file_size,
            modified_ns: record.modified_ns,
            duration_s: record.duration_s,
            path_offset: self.strings.len() as u64,
            text_offset: (self.strings.len() + record.path.len() + CHECK_LEN) as u64,
            details_offset: self.details.len() as u64,
            path_len: record.path.len() as u32,
            text_len: record.text.len() as u32,
            details_len: details.len() as u32,
            first_frame,
            frame_count: frames.len() as u32,
            sample_rate_hz: record.sample_rate_hz,
            channels: record.channels,
            root: record.root,
            cat: record.cat.unwrap_or(SoundRow::NO_CAT),
            cat_source: record.cat_source,
            container: record.container,
        };
        self.strings.extend_from_slice(&record.path);
        self.strings.extend_from_slice(&row.check(&record.path));
        self.strings.extend_from_slice(record.text.as_bytes());
        self.details.extend_from_slice(&details);
        self.sounds.push(row);
        Ok(sound)
    }

    /// Adds a sound of another segment under a changed record, its frames as they are (moved and renamed files, other
    /// labels, merging).
    ///
    /// # Errors
    /// As [`SegmentWriter::add`], and `Corrupt` or `Lost` when the source cannot be relied on.
    pub fn copy(&mut self, record: &SoundRecord, source: &SoundRef<'_>) -> Result<u32, IndexError> {
        let frames: Vec<QuantisedFrame> = source
            .frames()?
            .map(|(row, vector)| QuantisedFrame {
                start_ms: row.start_ms,
                scale: row.scale,
                norm: row.norm,
                vector: vector.into(),
            })
            .collect();
        source.still_there()?;
        self.add(record, &frames)
    }

    /// Writes the tables and the header, syncs and gives the file its name.
    ///
    /// # Errors
    /// `Io` or `DiskFull`; nothing is left behind.
    pub fn finish(mut self) -> Result<Segment, IndexError> {
        self.write_tables().map_err(|source| self.failed(source))?;
        files::rename(&self.temporary, &self.path).map_err(|source| self.failed(source))?;
        files::sync_folder(&self.path)?;
        Segment::open(&self.path)
    }

    fn push_frame(&mut self, row: FrameRow, vector: &[i8]) -> Result<(), IndexError> {
        let bytes: &[u8] = bytemuck::cast_slice(vector);
        self.vectors_hash.update(bytes);
        let written = match &mut self.file {
            Some(file) => file.write_all(bytes),
            None => Err(io::Error::other("the segment is already closed")),
        };
        written.map_err(|source| self.failed(source))?;
        self.frames.push(row);
        Ok(())
    }

    fn failed(&self, source: io::Error) -> IndexError {
        IndexError::io(&self.path, "write", source)
    }

    fn write_tables(&mut self) -> io::Result<()> {
        let Some(mut file) = self.file.take() else {
            return Err(io::Error::other("the segment is already closed"));
        };
        let vectors_len = self.frames.len() as u64 * u64::from(self.model.embedding_size);
        let mut table = vec![SectionEntry {
            kind: SectionKind::Vectors as u32,
            offset: PAGE,
            length: vectors_len,
            checksum: self.vectors_hash.digest(),
            ..SectionEntry::default()
        }];
        let header = SegmentHeader {
            model_name: self.model.name.clone(),
            model_version: self.model.version.clone(),
            model_sha256: self.model.sha256.clone(),
            embedding_size: self.model.embedding_size,
            sounds: self.sounds.len() as u32,
            frames: self.frames.len() as u32,
            written_unix_s: SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs()),
        };
        let header = codec::record_to_bytes(&header).map_err(io::Error::other)?;
        let sections: [(SectionKind, &[u8]); 5] = [
            (SectionKind::Header, &header),
            (SectionKind::Sounds, bytemuck::cast_slice(&self.sounds)),
            (SectionKind::Frames, bytemuck::cast_slice(&self.frames)),
            (SectionKind::Strings, &self.strings),
            (SectionKind::Details, &self.details),
        ];
        let mut end = PAGE + vectors_len;
        for (kind, bytes) in sections {
            let offset = page_up(end);
            file.write_all(&vec![0; (offset - end) as usize])?;
            file.write_all(bytes)?;
            end = offset + bytes.len() as u64;
            table.push(SectionEntry {
                kind: kind as u32,
                offset,
                length: bytes.len() as u64,
                checksum: xxh3_64(bytes),
                ..SectionEntry::default()
            });
        }
        let mut head = Vec::with_capacity(PAGE as usize);
        head.extend(SEGMENT_MAGIC);
        head.extend(SEGMENT_VERSION.to_le_bytes());
        head.extend((table.len() as u32).to_le_bytes());
        head.extend_from_slice(bytemuck::cast_slice(&table));
        head.extend(xxh3_64(&head).to_le_bytes());
        file.seek(SeekFrom::Start(0))?;
        file.write_all(&head)?;
        file.into_inner().map_err(io::IntoInnerError::into_error)?.sync_all()
    }
}

impl Drop for SegmentWriter {
    fn drop(&mut self) {
        // After a successful finish the temporary name is gone and this does nothing.
        self.file = None;
        let _ = files::remove(&self.temporary);
    }
}
