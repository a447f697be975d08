//! Makes a library anew with another network, while the old one stays in use until the new one is whole.
//!
//! The new one grows in a folder of its own inside the library's, commit by commit like any other, so that it can be
//! stopped and taken up again. Then the old one's manifest is replaced, which readers notice as they notice every
//! change. What cannot be embedded again (its drive is not plugged in, its file can no longer be read) keeps the old
//! library in its place, unless the caller leaves it out knowingly. Which sounds those are, and which are merely gone,
//! is for the [`Plan`] to say with which the library itself would be brought up to date.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::path::PathBuf;

use crate::index::{LibraryWriter, Snapshot, SoundId};

use super::IndexingError;
use super::converting::Site;
use super::given::{GivenLabels, Giver, key};
use super::plan::Plan;
use super::run::{Observer, Request, Summary, index_with, model_id};
use super::walk::{Problem, walk_known};

/// How often to go through the folders because the library has changed meanwhile; in the last round nobody else may
/// write to it.
const ROUNDS: usize = 3;

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
/// next run goes on from there. Folders that are away stay known. A conversion to yet another network that was not
/// finished is discarded.
///
/// # Errors
/// As [`index`](super::index), `Converting` while another process converts the library, and `Locked` while another
/// writer is at work on it when all is embedded.
pub fn convert(
    request: &Request<'_>,
    leave_out: bool,
    observer: &mut dyn Observer,
) -> Result<Conversion, IndexingError> {
    let site = Site::take_up(request.library, &model_id(request.network))?;
    let mut conversion = Conversion::default();
    for round in 1..=ROUNDS {
        if go_through(request, &site, leave_out, observer, round, &mut conversion)
            .map_err(|error| site.explain(error))?
        {
            break;
        }
    }
    Ok(conversion)
}

/// Embeds what is there; tells whether that is the end of it, or whether others have written to the library meanwhile.
fn go_through(
    request: &Request<'_>,
    site: &Site,
    leave_out: bool,
    observer: &mut dyn Observer,
    round: usize,
    conversion: &mut Conversion,
) -> Result<bool, IndexingError> {
    let held = if round == ROUNDS { Some(LibraryWriter::open_existing(request.library)?) } else { None };
    let before = match &held {
        Some(writer) => writer.snapshot().clone(),
        None => Snapshot::open(request.library)?,
    };
    let mut walked = walk_known(&sources(&before), &before.manifest().roots)?;
    // Folders may have got other names by way of links.
    let places: BTreeSet<PathBuf> =
        sources(&before).into_iter().chain(walked.scope.iter().cloned()).collect();
    let Plan { missing, problems, .. } = Plan::new(&before, walked.clone())?;
    // Files that were deleted are news for the new library only.
    walked.vanished.clear();
    let labels = GivenLabels::of_library(&before)?;
    let part = Request { library: site.folder(), labels: None, gives_way: false, ..*request };
    let summary = index_with(&part, Some(Giver::Library(&labels)), walked, observer)?;
    conversion.add(summary, problems, round);
    if conversion.summary.cancelled {
        return Ok(true);
    }
    let mut writer = match held {
        Some(writer) => writer,
        None => LibraryWriter::open_existing(request.library)?,
    };
    if writer.snapshot().manifest().generation != before.manifest().generation {
        return Ok(false);
    }
    site.prune(&places)?;
    conversion.lacking = lacking(&before, &missing, &site.open()?);
    before.still_there()?;
    if conversion.lacking.is_empty() || leave_out {
        writer.adopt(site.folder())?;
        conversion.replaced = true;
        // What is open cannot be removed everywhere.
        drop(writer);
        site.clear_away();
    }
    Ok(true)
}

impl Conversion {
    /// Adds what a further round did, and what is odd about the library's folders.
    fn add(&mut self, round: Summary, problems: Vec<Problem>, number: usize) {
        let earlier = std::mem::replace(&mut self.summary, round);
        let now = &mut self.summary;
        for problem in problems {
            if !now.problems.iter().any(|known| known.path == problem.path) {
                now.problems.push(problem);
            }
        }
        if number > 1 {
            now.unchanged = earlier.unchanged;
        }
        now.new += earlier.new;
        now.copied += earlier.copied;
        now.changed += earlier.changed;
        now.moved += earlier.moved;
        now.relabelled += earlier.relabelled;
        now.removed += earlier.removed;
        now.warnings.splice(0..0, earlier.warnings);
        now.audio_s += earlier.audio_s;
        now.elapsed_s += earlier.elapsed_s;
    }
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

/// Sounds of `before` that `after` lacks, but for those whose files are gone.
fn lacking(before: &Snapshot, gone: &BTreeMap<SoundId, PathBuf>, after: &Snapshot) -> Vec<PathBuf> {
    let there: HashSet<Vec<u8>> =
        after.sounds().filter_map(|(_, sound)| key(&after.full_path(&sound).ok()?)).collect();
    let wanted = before.sounds().filter(|(id, _)| !gone.contains_key(id));
    let paths = wanted.filter_map(|(_, sound)| before.full_path(&sound).ok());
    let lacking: BTreeSet<PathBuf> =
        paths.filter(|path| key(path).is_none_or(|key| !there.contains(&key))).collect();
    lacking.into_iter().collect()
}
