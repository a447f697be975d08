//! ID3, Vorbis comments, MP4 tags: what Symphonia parsed, mapped to our fields.

use std::io::Cursor;
use std::panic::{AssertUnwindSafe, catch_unwind};

use symphonia::core::io::MediaSourceStream;
use symphonia::core::meta::{MetadataOptions, MetadataReader, MetadataRevision, RawValue, StandardTag, Tag};
use symphonia::default::meta::Id3v2Reader;

use super::metadata::Metadata;

/// Takes over the tags of one revision.
pub(super) fn read_revision(revision: &MetadataRevision, metadata: &mut Metadata) {
    let tracks = revision.per_track.iter().flat_map(|track| &track.metadata.tags);
    // Fields that name themselves come before those that are only similar.
    for tag in revision.media.tags.iter().chain(tracks) {
        offer_raw(tag, metadata);
    }
    for tag in &revision.media.tags {
        offer_standard(tag, metadata);
    }
}

/// Reads the content of an `id3 ` or `ID3 ` chunk.
pub(super) fn read_id3(bytes: Vec<u8>, metadata: &mut Metadata) {
    // Invalid metadata never fails the decoding of the sound, whatever it does to its parser.
    let parsed = catch_unwind(AssertUnwindSafe(|| {
        let stream = MediaSourceStream::new(Box::new(Cursor::new(bytes)), Default::default());
        let mut reader = Id3v2Reader::try_new(stream, MetadataOptions::default()).ok()?;
        reader.read_all().ok()
    }));
    if let Ok(Some(buffer)) = parsed {
        read_revision(&buffer.revision, metadata);
    }
}

fn offer_raw(tag: &Tag, metadata: &mut Metadata) {
    let value = match &tag.raw.value {
        RawValue::String(value) => value.as_str(),
        RawValue::StringList(values) => values.first().map_or("", String::as_str),
        _ => return,
    };
    metadata.offer(&tag.raw.key, value);
    // The name of a user-defined ID3 frame (TXXX) is its description.
    for part in tag.raw.sub_fields.iter().flatten() {
        if let RawValue::String(name) = &part.value {
            metadata.offer(name, value);
        }
    }
}

fn offer_standard(tag: &Tag, metadata: &mut Metadata) {
    let (name, value) = match &tag.std {
        Some(StandardTag::TrackTitle(value)) => ("title", value),
        Some(StandardTag::Description(value) | StandardTag::Comment(value)) => ("description", value),
        Some(StandardTag::Summary(value) | StandardTag::Synopsis(value)) => ("description", value),
        Some(StandardTag::Keywords(value)) => ("keywords", value),
        Some(StandardTag::Genre(value)) => ("genre", value),
        Some(StandardTag::Artist(value)) => ("artist", value),
        Some(StandardTag::Album(value)) => ("library", value),
        _ => return,
    };
    metadata.offer(name, value);
}
