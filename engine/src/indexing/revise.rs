//! Tells a library of files that Earmark itself has renamed or written to: their samples are the same, so that their
//! frames stay and nothing is decoded again.

use std::collections::{BTreeSet, HashMap};
use std::fs;
use std::path::{Path, PathBuf};

use crate::audio::AudioReader;
use crate::index::{IndexError, LibraryWriter, SegmentWriter, SoundRecord, bytes_of_path};
use crate::ucs::LabelSource;

use super::work::trusted;
use super::{describe, label_of, modified_ns, searchable_text};

/// A segment is finished when it holds so many frames.
const SEGMENT_FRAMES: usize = 1 << 14;

/// A file whose name or metadata have changed, its samples surely not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Revision {
    /// The path by which the library knows it.
    pub from: PathBuf,
    /// Its path now.
    pub to: PathBuf,
    /// Its size as the library must know it, bytes.
    pub size_before: u64,
    /// Its content hash as the library must know it, where that is known.
    pub hash_before: Option<u128>,
    /// Its content hash now; `None` when the bytes are the same.
    pub hash_now: Option<u128>,
}

/// Brings what a library says of files up to date, keeping their frames; returns how many of its sounds it concerned.
///
/// Files that the library does not know in the state before are passed over: the next indexing run looks into them.
///
/// # Errors
/// `Io`, `DiskFull` and what is wrong with the library; it is then as after the last commit.
pub fn revise(writer: &mut LibraryWriter, revisions: &[Revision]) -> Result<usize, IndexError> {
    let by_path: HashMap<&Path, &Revision> =
        revisions.iter().map(|revision| (revision.from.as_path(), revision)).collect();
    let before = writer.snapshot().clone();
    let mut segment: Option<SegmentWriter> = None;
    let mut gone = BTreeSet::new();
    let mut revised = 0;
    for (id, sound) in before.sounds() {
        // A damaged row names no file; `verify` tells of it.
        let Ok(path) = before.full_path(&sound) else { continue };
        let Some(revision) = by_path.get(path.as_path()) else { continue };
        let row = sound.row;
        let known = row.file_size == revision.size_before
            && revision.hash_before.is_none_or(|hash| hash == row.hash());
        let Some(root) = before.manifest().root(row.root).filter(|_| known) else { continue };
        let mut record = sound.record()?;
        if !update(&mut record, &root.path(), revision) {
            continue;
        }
        let open = match &mut segment {
            Some(open) => open,
            None => segment.insert(writer.begin_segment()?),
        };
        open.copy(&record, &sound)?;
        gone.insert(id);
        revised += 1;
        if open.frames() >= SEGMENT_FRAMES {
            writer.commit(segment.take(), &std::mem::take(&mut gone))?;
        }
    }
    if segment.is_some() {
        writer.commit(segment.take(), &gone)?;
    }
    Ok(revised)
}

/// What the library says of a file, as it is now; false when the file cannot be read, or lies outside of its folder.
fn update(record: &mut SoundRecord, root: &Path, revision: &Revision) -> bool {
    let to = &revision.to;
    let Ok(relative) = to.strip_prefix(root) else { return false };
    let (Ok(metadata), Ok(reader), Ok(bytes)) =
        (fs::metadata(to), AudioReader::open(to), bytes_of_path(relative))
    else {
        return false;
    };
    if bytes.is_empty() {
        return false;
    }
    record.path = bytes;
    record.file_size = metadata.len();
    record.modified_ns = trusted(modified_ns(&metadata));
    record.content_hash = revision.hash_now.unwrap_or(record.content_hash);
    let (bits, warnings) = (record.details.bits_per_sample, std::mem::take(&mut record.details.warnings));
    record.details = describe(reader.metadata(), &warnings);
    record.details.bits_per_sample = bits;
    record.text = searchable_text(relative, &record.details);
    // A label from a table stays until a table says otherwise.
    if record.cat_source != LabelSource::Csv.to_u8() {
        let (label, _) = label_of(to, &record.details, None);
        record.cat = label.map(|label| label.cat.to_u16());
        record.cat_source = label.map_or(0, |label| label.source.to_u8());
    }
    true
}
