//! What the index knows of a sound, as handed to the writer.

use wincode::{SchemaRead, SchemaWrite};

/// First section decoded of a segment: which model made it and how much is in it.
#[derive(Clone, Debug, PartialEq, SchemaRead, SchemaWrite)]
pub(crate) struct SegmentHeader {
    pub model_name: String,
    pub model_version: String,
    pub model_sha256: String,
    pub embedding_size: u32,
    pub sounds: u32,
    pub frames: u32,
    pub written_unix_s: u64,
}

/// Facts of a sound that are shown, not searched; one bincode record each, read on demand.
#[derive(Clone, Debug, Default, PartialEq, SchemaRead, SchemaWrite)]
pub struct Details {
    /// Title from the metadata.
    pub title: Option<String>,
    /// Description from the metadata (bext, iXML, tags).
    pub description: Option<String>,
    /// Keywords from the metadata.
    pub keywords: Option<String>,
    /// FXName from the metadata.
    pub fx_name: Option<String>,
    /// CreatorID from the metadata.
    pub creator_id: Option<String>,
    /// SourceID from the metadata.
    pub source_id: Option<String>,
    /// Place in the UCS list of the CatID that the metadata gives.
    pub metadata_cat: Option<u16>,
    /// Bits a sample, where the format has such.
    pub bits_per_sample: Option<u16>,
    /// What was odd about the file (truncated, …).
    pub warnings: Vec<String>,
}

/// One sound with everything but its frames.
#[derive(Clone, Debug, PartialEq)]
pub struct SoundRecord {
    /// Root that the path is relative to.
    pub root: u16,
    /// Path relative to the root: `/` between components, bytes as the file system has them.
    pub path: Vec<u8>,
    /// Lower-cased text that word filters look at.
    pub text: String,
    /// Size of the file, bytes.
    pub file_size: u64,
    /// Modification time, nanoseconds since 1970.
    pub modified_ns: i64,
    /// xxh3-128 of the file's bytes.
    pub content_hash: u128,
    /// Duration, seconds.
    pub duration_s: f64,
    /// Sample rate of the file, Hz.
    pub sample_rate_hz: u32,
    /// Channels of the file.
    pub channels: u16,
    /// Container, as its number.
    pub container: u8,
    /// Position of the CatID in the UCS list.
    pub cat: Option<u16>,
    /// Where the CatID comes from, as its number.
    pub cat_source: u8,
    /// The rest.
    pub details: Details,
}
