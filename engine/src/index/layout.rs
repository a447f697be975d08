//! The bytes of a segment file: magic, version, section table, page-aligned sections, fixed-width rows.
//!
//! ```text
//! 0      magic "EARMSEG\0"
//! 8      u32 format version
//! 12     u32 number of sections
//! 16     section table: { u32 kind, u32 reserved, u64 offset, u64 length, u64 xxh3 } each
//! …      u64 xxh3 of everything before it
//! 4096   sections, each at a multiple of 4096
//! ```
//!
//! All numbers are little-endian and the tables are used in place, so the format needs a little-endian machine.

use bytemuck::{Pod, Zeroable};
use xxhash_rust::xxh3::Xxh3;

#[cfg(target_endian = "big")]
compile_error!("segment tables are used in place and little-endian");

/// First bytes of every segment file.
pub(crate) const SEGMENT_MAGIC: [u8; 8] = *b"EARMSEG\0";
/// Newest segment format that this program reads and the one it writes.
///
/// 2 adds the list of labelled sounds and, to large segments, the partition; without them a segment is searched whole.
pub const SEGMENT_VERSION: u32 = 2;
/// Sections start at multiples of this, so that tables and vectors are aligned in a mapped file.
pub(crate) const PAGE: u64 = 4096;
/// Most sections a segment may claim; the header must fit into the first page.
pub(crate) const MAX_SECTIONS: u32 = 32;

/// What a section holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
pub(crate) enum SectionKind {
    /// Quantised embeddings, `[frames, embedding size]` i8.
    Vectors = 1,
    /// [`SegmentHeader`](super::record::SegmentHeader) in bincode format.
    Header = 2,
    /// [`SoundRow`] table, `[sounds]`.
    Sounds = 3,
    /// [`FrameRow`] table, `[frames]`.
    Frames = 4,
    /// Paths and searchable texts.
    Strings = 5,
    /// Bincode records of sounds, read one at a time.
    Details = 6,
    /// Numbers of the sounds that have a label, u32 each, ascending; from version 2 on.
    Labelled = 7,
    /// Lists of the [`partition`](super::partition), in large segments.
    Lists = 8,
    /// Centres of the lists.
    Centres = 9,
    /// Binary codes of the frames, list by list.
    Codes = 10,
}

impl SectionKind {
    pub(crate) const ALL: [Self; 10] = [
        Self::Vectors,
        Self::Header,
        Self::Sounds,
        Self::Frames,
        Self::Strings,
        Self::Details,
        Self::Labelled,
        Self::Lists,
        Self::Centres,
        Self::Codes,
    ];

    /// Whether a segment of any version and size must have it.
    pub(crate) fn is_required(self) -> bool {
        self as u32 <= Self::Details as u32
    }

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Vectors => "vectors",
            Self::Header => "header",
            Self::Sounds => "sounds",
            Self::Frames => "frames",
            Self::Strings => "strings",
            Self::Details => "details",
            Self::Labelled => "labelled",
            Self::Lists => "lists",
            Self::Centres => "centres",
            Self::Codes => "codes",
        }
    }
}

/// One entry of the section table.
#[derive(Clone, Copy, Debug, Default, Pod, Zeroable)]
#[repr(C)]
pub(crate) struct SectionEntry {
    pub kind: u32,
    pub reserved: u32,
    pub offset: u64,
    pub length: u64,
    pub checksum: u64,
}

/// A sound, as stored in place; offsets point into the segment's string and detail sections.
#[derive(Clone, Copy, Debug, Pod, Zeroable)]
#[repr(C)]
pub struct SoundRow {
    /// xxh3-128 of the file's bytes: low half.
    pub hash_low: u64,
    /// High half.
    pub hash_high: u64,
    /// Size of the file, bytes.
    pub file_size: u64,
    /// Modification time, nanoseconds since 1970.
    pub modified_ns: i64,
    /// Duration, seconds.
    pub duration_s: f64,
    /// Offset of the path (relative to its root) in the strings.
    pub path_offset: u64,
    /// Offset of the lower-cased searchable text in the strings.
    pub text_offset: u64,
    /// Offset of the bincode record in the details.
    pub details_offset: u64,
    /// Length of the path, bytes.
    pub path_len: u32,
    /// Length of the text, bytes.
    pub text_len: u32,
    /// Length of the record, bytes.
    pub details_len: u32,
    /// First frame of the sound.
    pub first_frame: u32,
    /// Number of frames.
    pub frame_count: u32,
    /// Sample rate of the file, Hz.
    pub sample_rate_hz: u32,
    /// Channels of the file.
    pub channels: u16,
    /// Root that the path is relative to.
    pub root: u16,
    /// Position of the CatID in the UCS list, or [`SoundRow::NO_CAT`].
    pub cat: u16,
    /// Where the CatID comes from; see [`LabelSource`](crate::ucs::LabelSource).
    pub cat_source: u8,
    /// Container of the file; see [`Container`](crate::audio::Container).
    pub container: u8,
}

impl SoundRow {
    /// The value of `cat` in a sound without a label.
    pub const NO_CAT: u16 = u16::MAX;

    /// xxh3-128 of the file's bytes.
    pub fn hash(&self) -> u128 {
        u128::from(self.hash_high) << 64 | u128::from(self.hash_low)
    }

    /// Checksum of the row and its path: opening a segment reads neither, and an answer must not name a wrong file.
    pub(crate) fn check(&self, path: &[u8]) -> [u8; CHECK_LEN] {
        let mut hash = Xxh3::new();
        hash.update(bytemuck::bytes_of(self));
        hash.update(path);
        let mut check = [0; CHECK_LEN];
        check.copy_from_slice(&hash.digest128().to_le_bytes()[..CHECK_LEN]);
        check
    }

    /// Whether a checksum follows the path; the first segments had none.
    pub(crate) fn has_check(&self) -> bool {
        self.text_offset != self.path_offset.wrapping_add(u64::from(self.path_len))
    }
}

/// Bytes of [`SoundRow::check`]; it stands between the path and the text. No power of two, so that a flipped bit in a
/// length or an offset cannot make it look as if there were none.
pub(crate) const CHECK_LEN: usize = 12;

/// A frame, as stored in place beside its quantised vector.
#[derive(Clone, Copy, Debug, Pod, Zeroable)]
#[repr(C)]
pub struct FrameRow {
    /// The sound it belongs to.
    pub sound: u32,
    /// Where the frame begins in the sound, milliseconds.
    pub start_ms: u32,
    /// Quantisation step: a component is `scale × i8`.
    pub scale: f32,
    /// Length of the centred embedding before it was normalised.
    pub norm: f32,
}

/// Rounds up to the next section boundary.
pub(crate) fn page_up(offset: u64) -> u64 {
    offset.div_ceil(PAGE) * PAGE
}
