//! One sound of a segment, read in place.

use std::ops::Range;
use std::path::PathBuf;

use super::super::layout::{CHECK_LEN, FrameRow, SectionKind, SoundRow};
use super::super::record::{Details, SoundRecord};
use super::super::{IndexError, codec, paths};
use super::Segment;

/// A sound inside a segment.
#[derive(Clone, Copy, Debug)]
pub struct SoundRef<'a> {
    pub(super) segment: &'a Segment,
    pub(super) number: u32,
    /// Its row.
    pub row: &'a SoundRow,
}

impl<'a> SoundRef<'a> {
    /// Its number in the segment.
    pub fn number(&self) -> u32 {
        self.number
    }

    /// The segment that it is in.
    pub(crate) fn segment(&self) -> &'a Segment {
        self.segment
    }

    /// Components of its vectors.
    pub(crate) fn embedding_size(&self) -> usize {
        self.segment.embedding_size()
    }

    /// Path relative to its root, as bytes.
    ///
    /// # Errors
    /// `Corrupt` when the row points outside the strings, or row and path are not as they were written.
    pub fn path_bytes(&self) -> Result<&'a [u8], IndexError> {
        let strings = |offset, length| self.segment.heap(SectionKind::Strings, offset, length);
        let path = strings(self.row.path_offset, self.row.path_len)?;
        if self.row.has_check() {
            let end = self.row.path_offset + u64::from(self.row.path_len);
            if strings(end, CHECK_LEN as u32)? != self.row.check(path) {
                return Err(self
                    .segment
                    .corrupt(format!("checksum of sound {} does not match", self.number)));
            }
        }
        Ok(path)
    }

    /// Path relative to its root.
    ///
    /// # Errors
    /// As [`SoundRef::path_bytes`], and `Lost`.
    pub fn path(&self) -> Result<PathBuf, IndexError> {
        let path = self.path_bytes().map(paths::path_of_bytes);
        self.segment.still_there().and(path)
    }

    /// The lower-cased text that word filters look at.
    ///
    /// # Errors
    /// `Corrupt` when the row points outside the strings or the text is not UTF-8.
    pub fn text(&self) -> Result<&'a str, IndexError> {
        let bytes = self.segment.heap(SectionKind::Strings, self.row.text_offset, self.row.text_len)?;
        std::str::from_utf8(bytes).map_err(|_| self.segment.corrupt("a text is not UTF-8".to_owned()))
    }

    /// Description, FXName and the like.
    ///
    /// # Errors
    /// `Corrupt` when the record cannot be decoded.
    pub fn details(&self) -> Result<Details, IndexError> {
        let bytes = self.segment.heap(SectionKind::Details, self.row.details_offset, self.row.details_len)?;
        codec::record_from_bytes(bytes)
            .map_err(|error| self.segment.corrupt(format!("record of sound {}: {error}", self.number)))
    }

    /// Position of its CatID in the UCS list.
    pub fn cat(&self) -> Option<u16> {
        (self.row.cat != SoundRow::NO_CAT).then_some(self.row.cat)
    }

    /// Numbers of its frames in the segment.
    ///
    /// # Errors
    /// `Corrupt` when they lie outside the frame table.
    pub fn frame_range(&self) -> Result<Range<usize>, IndexError> {
        let start = self.row.first_frame as usize;
        let end = start + self.row.frame_count as usize;
        if end > self.segment.header.frames as usize {
            return Err(self
                .segment
                .corrupt(format!("frames of sound {} lie outside the table", self.number)));
        }
        Ok(start..end)
    }

    /// Its frames with their vectors.
    ///
    /// # Errors
    /// As [`SoundRef::frame_range`].
    pub fn frames(
        &self,
    ) -> Result<impl ExactSizeIterator<Item = (&'a FrameRow, &'a [i8])> + use<'a>, IndexError> {
        let size = self.segment.embedding_size();
        let range = self.frame_range()?;
        let rows = &self.segment.frame_rows()[range.clone()];
        let vectors = &self.segment.vectors()[range.start * size..range.end * size];
        Ok(rows.iter().zip(vectors.chunks_exact(size)))
    }

    /// Everything about the sound but its frames, to be written again.
    ///
    /// # Errors
    /// `Corrupt` when its row points outside the tables; `Lost`.
    pub fn record(&self) -> Result<SoundRecord, IndexError> {
        let record = self.read_record();
        self.segment.still_there().and(record)
    }

    /// Fails when the segment went away while the sound was read.
    ///
    /// # Errors
    /// As [`Segment::still_there`].
    pub fn still_there(&self) -> Result<(), IndexError> {
        self.segment.still_there()
    }

    fn read_record(&self) -> Result<SoundRecord, IndexError> {
        let row = self.row;
        Ok(SoundRecord {
            root: row.root,
            path: self.path_bytes()?.to_vec(),
            text: self.text()?.to_owned(),
            file_size: row.file_size,
            modified_ns: row.modified_ns,
            content_hash: row.hash(),
            duration_s: row.duration_s,
            sample_rate_hz: row.sample_rate_hz,
            channels: row.channels,
            container: row.container,
            cat: self.cat(),
            cat_source: row.cat_source,
            details: self.details()?,
        })
    }
}
