//! The vectors of single sounds, read from all over a segment.

use std::fs::File;
use std::ops::Range;

use super::{SectionKind, Segment};

/// Vectors of a segment are read in place as long as all of them take no more than this, bytes.
const MAPPED_VECTORS: usize = 1 << 29;
/// Bytes that a processor fetches together.
const CACHE_LINE: usize = 64;

impl Segment {
    /// Vectors of some frames, `[frames × embedding size]`: in place, or from a very large segment through `buffer`,
    /// because single sounds from all over it would map all of it, little by little.
    pub(crate) fn read_vectors<'a>(&'a self, frames: Range<usize>, buffer: &'a mut Vec<i8>) -> &'a [i8] {
        let size = self.embedding_size();
        let range = frames.start * size..frames.end * size;
        if let Some(file) = self.file.as_ref().filter(|_| !self.reads_vectors_in_place()) {
            buffer.resize(range.len(), 0);
            let offset = self.sections[SectionKind::Vectors as usize - 1].start + range.start;
            if read_at(file, bytemuck::cast_slice_mut(buffer), offset as u64).is_ok() {
                return buffer;
            }
        }
        &self.vectors()[range]
    }

    fn reads_vectors_in_place(&self) -> bool {
        self.section(SectionKind::Vectors).len() <= MAPPED_VECTORS
    }

    /// Looks at the vectors of some frames, a byte of every line of the processor's caches, if they are read in place.
    /// What comes of it means nothing.
    pub(crate) fn touch_vectors(&self, frames: Range<usize>) -> u32 {
        if !self.reads_vectors_in_place() {
            return 0;
        }
        let size = self.embedding_size();
        let bytes = &self.vectors()[frames.start * size..frames.end * size];
        bytes.iter().step_by(CACHE_LINE).fold(0, |sum, byte| sum ^ u32::from(byte.cast_unsigned()))
    }
}

#[cfg(unix)]
fn read_at(file: &File, bytes: &mut [u8], offset: u64) -> std::io::Result<()> {
    std::os::unix::fs::FileExt::read_exact_at(file, bytes, offset)
}

#[cfg(windows)]
fn read_at(file: &File, mut bytes: &mut [u8], mut offset: u64) -> std::io::Result<()> {
    while !bytes.is_empty() {
        let read = std::os::windows::fs::FileExt::seek_read(file, bytes, offset)?;
        if read == 0 {
            return Err(std::io::ErrorKind::UnexpectedEof.into());
        }
        bytes = &mut bytes[read..];
        offset += read as u64;
    }
    Ok(())
}
