//! Makes a library anew with another network, while the old one stays in use until the new one is whole.
//!
//! The new one grows in a folder of its own inside the library's, commit by commit like any other, so that it can be
//! stopped and taken up again. Then the old one's manifest is replaced, which readers notice as they notice every
//! change. What cannot be embedded again (its drive is not plugged in, its file can no longer be read) keeps the old
//! library in its place, unless the caller leaves it out knowingly.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use crate::index::{IndexError, LibraryWriter, Manifest, ModelId, Snapshot};
use crate::ucs::{CatIndex, LabelSource, LabelTable};

use super::IndexingError;
use super::run::{Observer, Request, Summary, index, model_id};
use super::walk::walk_known;

/// Where the new library grows, inside the old one's folder.
const FOLDER: &str = ".converting";

/// What a conversion did.
#[derive(Clone, Debug, Default)]
pub struct Conversion {
    /// What was embedded in this run; what is unchanged was embedded in an earlier one.
    pub summary: Summary,
    /// Sounds of the library that the new one lacks although their files were not deleted.
    pub lacking: Vec<PathBuf>,
    /// Whether the new library is in the old one's place.
    pub replaced: bool,
}

/// Embeds all sounds of the library of `request` with its network, and then puts the result in the library's place.
/// Labels that were given by a table are kept; `request.labels` is not used.
///
/// Nothing is replaced when the run is cancelled or sounds are lacking, unless `leave_out` says that those may go; the
/// next run goes on from there. A conversion to yet another network that was not finished is discarded.
///
/// # Errors
/// As [`index`], and `Locked` while another writer is at work on the library when all is embedded.
pub fn convert(
    request: &Request<'_>,
    leave_out: bool,
    observer: &mut dyn Observer,
) -> Result<Conversion, IndexingError> {
    let folder = request.library.join(FOLDER);
    let before = Snapshot::open(request.library)?;
    discard_unless(&folder, &model_id(request.network))?;
    let walked = walk_known(&sources(&before), &before.manifest().roots)?;
    let labels = labels_given(&before);
    let summary = index(
        &Request {
            library: &folder,
            network: request.network,
            labels: Some(&labels),
            jobs: request.jobs,
            cancel: request.cancel,
            gives_way: false,
        },
        walked,
        observer,
    )?;
    let mut conversion = Conversion { summary, ..Conversion::default() };
    if conversion.summary.cancelled {
        return Ok(conversion);
    }
    let mut writer = LibraryWriter::open_existing(request.library)?;
    conversion.lacking = lacking(writer.snapshot(), &Snapshot::open(&folder)?);
    if conversion.lacking.is_empty() || leave_out {
        writer.adopt(&folder)?;
        conversion.replaced = true;
        discard(&folder)?;
    }
    Ok(conversion)
}

/// Discards a conversion of the library that was not finished; tells whether there was one.
///
/// # Errors
/// `Io` when it cannot be removed.
pub fn discard_conversion(library: &Path) -> Result<bool, IndexError> {
    let folder = library.join(FOLDER);
    let there = folder.exists();
    discard(&folder)?;
    Ok(there)
}

/// What a library was made from: its folders, and the files that were named one by one.
pub fn sources(snapshot: &Snapshot) -> Vec<PathBuf> {
    let (whole, parts): (Vec<_>, Vec<_>) = snapshot.manifest().roots.iter().partition(|root| root.whole);
    let mut paths: Vec<PathBuf> = whole.iter().map(|root| root.path()).collect();
    for (_, sound) in snapshot.sounds() {
        if parts.iter().any(|root| root.id == sound.row.root) {
            // A damaged row names no file; `verify` tells of it.
            paths.extend(snapshot.full_path(&sound));
        }
    }
    paths
}

fn discard_unless(folder: &Path, model: &ModelId) -> Result<(), IndexError> {
    match Manifest::read(folder) {
        Ok(manifest) if manifest.model == *model => Ok(()),
        Err(IndexError::NoLibrary { .. }) => Ok(()),
        _ => discard(folder),
    }
}

fn discard(folder: &Path) -> Result<(), IndexError> {
    match fs::remove_dir_all(folder) {
        Err(source) if source.kind() != std::io::ErrorKind::NotFound => {
            Err(IndexError::io(folder, "remove the folder of the conversion", source))
        }
        _ => Ok(()),
    }
}

/// The labels that no file says: those of tables.
fn labels_given(snapshot: &Snapshot) -> LabelTable {
    let by_table = LabelSource::Csv.to_u8();
    let given = snapshot.sounds().filter(|(_, sound)| sound.row.cat_source == by_table);
    LabelTable::of_paths(
        given
            .filter_map(|(_, sound)| Some((snapshot.full_path(&sound).ok()?, CatIndex::new(sound.row.cat)?))),
    )
}

/// Sounds of `before` that `after` lacks, but for those whose files were deleted since.
fn lacking(before: &Snapshot, after: &Snapshot) -> Vec<PathBuf> {
    let paths = |snapshot: &Snapshot| -> BTreeSet<PathBuf> {
        snapshot.sounds().filter_map(|(_, sound)| snapshot.full_path(&sound).ok()).collect()
    };
    let offline: Vec<PathBuf> =
        before.manifest().roots.iter().map(|root| root.path()).filter(|path| !path.is_dir()).collect();
    let is_wanted = |path: &PathBuf| path.exists() || offline.iter().any(|root| path.starts_with(root));
    paths(before).difference(&paths(after)).filter(|path| is_wanted(path)).cloned().collect()
}
