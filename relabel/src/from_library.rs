//! What a library says of its sounds, as suggestions, and what it needs to hear of changes.

use earmark_engine::index::{IndexError, LibraryWriter, Snapshot, SoundRef};
use earmark_engine::indexing::{Revision, revise};
use earmark_engine::ucs::{CatIndex, LabelSource};

use crate::apply::Change;
use crate::fields::Fields;
use crate::plan::FileState;
use crate::propose::Suggestion;

/// The labels of a library's sounds as suggestions, in the order of their paths.
///
/// # Errors
/// `Lost` when the library's drive went away meanwhile.
pub fn suggestions_of_library(
    snapshot: &Snapshot,
    accepts: &dyn Fn(&SoundRef<'_>) -> bool,
) -> Result<Vec<Suggestion>, IndexError> {
    let mut suggestions = Vec::new();
    for (_, sound) in snapshot.sounds() {
        if !accepts(&sound) {
            continue;
        }
        // A damaged row names no file; `verify` tells of it.
        let (Ok(path), Ok(details)) = (snapshot.full_path(&sound), sound.details()) else { continue };
        let cat = sound.cat().and_then(CatIndex::new);
        let from = match LabelSource::from_u8(sound.row.cat_source) {
            Some(LabelSource::Csv) => "label from a table",
            Some(LabelSource::FileName) => "label in the file name",
            Some(LabelSource::Metadata) => "label in the metadata",
            None => "no label",
        };
        suggestions.push(Suggestion {
            path,
            fields: Fields {
                cat_id: cat.map(|cat| cat.cat_id().to_owned()),
                fx_name: details.fx_name,
                creator_id: details.creator_id,
                source_id: details.source_id,
                ..Fields::default()
            },
            share: None,
            from: from.to_owned(),
            known: Some(FileState {
                size: sound.row.file_size,
                modified_ns: sound.row.modified_ns,
                hash: Some(sound.row.hash()),
            }),
        });
    }
    snapshot.still_there()?;
    suggestions.sort_by(|a, b| a.path.cmp(&b.path));
    Ok(suggestions)
}

/// Gives suggestions of other sources the state by which a library knows their files, so that plans carry hashes.
///
/// # Errors
/// `Lost` when the library's drive went away meanwhile.
pub fn add_known_states(suggestions: &mut [Suggestion], snapshot: &Snapshot) -> Result<(), IndexError> {
    let known = suggestions_of_library(snapshot, &|_| true)?;
    for suggestion in suggestions {
        if let Ok(at) = known.binary_search_by(|known| known.path.cmp(&suggestion.path)) {
            suggestion.known = known[at].known;
        }
    }
    Ok(())
}

/// Tells a library of changes, so that nothing is decoded again; returns how many of its sounds they concerned.
///
/// # Errors
/// As [`revise`].
pub fn tell_library(writer: &mut LibraryWriter, changes: &[Change]) -> Result<usize, IndexError> {
    let revision = |change: &Change| Revision {
        from: change.from.clone(),
        to: change.to.clone(),
        size_before: change.before.size,
        hash_before: change.before.hash,
        hash_now: change.after.hash,
    };
    revise(writer, &changes.iter().map(revision).collect::<Vec<_>>())
}
