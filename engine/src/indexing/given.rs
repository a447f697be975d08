//! Labels that were given on purpose: by a table, or by the tables of earlier days, as a library remembers them.

use std::collections::HashMap;
use std::path::Path;

use crate::index::{IndexError, Snapshot, SoundRecord, bytes_of_path, composed};
use crate::ucs::{CatIndex, Label, LabelSource, LabelTable};

use super::describe::{label_of, resolve};
use super::foreign::{foreign_cat_ids, note_given, note_table};

/// Who outranks file names and metadata.
#[derive(Clone, Copy)]
pub(super) enum Giver<'a> {
    /// A table.
    Table(&'a LabelTable),
    /// Another library of the same sounds.
    Library(&'a GivenLabels),
}

impl Giver<'_> {
    /// Notes a CatID that is not in the list and that a sound was given; tells whether that is news.
    pub(super) fn note(self, path: &Path, record: &mut SoundRecord) -> bool {
        match self {
            Self::Table(table) => note_table(&mut record.details, table, path),
            Self::Library(given) => given
                .of(path, record.content_hash)
                .is_some_and(|given| note_given(&mut record.details, given.foreign.as_deref())),
        }
    }

    /// The label of a sound; the second value tells of a table that contradicts itself about it.
    pub(super) fn label(
        giver: Option<Self>,
        path: &Path,
        record: &SoundRecord,
    ) -> (Option<Label>, Option<String>) {
        match giver {
            Some(Self::Library(given)) => {
                let cat = given.of(path, record.content_hash).and_then(|given| given.cat);
                (resolve(cat, path, &record.details), None)
            }
            Some(Self::Table(table)) => label_of(path, &record.details, Some(table)),
            None => label_of(path, &record.details, None),
        }
    }
}

/// What tables have said of a library's sounds.
///
/// As when a library is brought up to date, it goes with a sound's content, so that it follows files that have moved;
/// of several files of one content each keeps its own, however the path is spelled.
#[derive(Debug, Default)]
pub(super) struct GivenLabels {
    by_content: HashMap<u128, Given>,
    /// Paths of sounds of such contents, composed.
    by_path: HashMap<Vec<u8>, (u128, Option<Given>)>,
}

/// What a table said of a sound.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Given {
    cat: Option<CatIndex>,
    /// A CatID that is not in the list.
    foreign: Option<String>,
}

impl GivenLabels {
    /// Those of a library.
    ///
    /// # Errors
    /// `Lost` when the library's drive went away meanwhile.
    pub(super) fn of_library(snapshot: &Snapshot) -> Result<Self, IndexError> {
        let mut labels = Self::default();
        let mut given = HashMap::new();
        for (id, sound) in snapshot.sounds() {
            let by_table = sound.row.cat_source == LabelSource::Csv.to_u8();
            let cat = CatIndex::new(sound.row.cat).filter(|_| by_table);
            // Damaged details say nothing; `verify` tells of them.
            let foreign = sound.details().ok().and_then(|details| {
                let mut foreign = foreign_cat_ids(&details).filter(|found| found.source == LabelSource::Csv);
                foreign.next().map(|foreign| foreign.found.to_owned())
            });
            if cat.is_some() || foreign.is_some() {
                given.insert(id, Given { cat, foreign });
            }
        }
        for (id, given) in &given {
            if let Some(sound) = snapshot.get(*id) {
                labels.by_content.insert(sound.row.hash(), given.clone());
            }
        }
        for (id, sound) in snapshot.sounds().filter(|(_, s)| labels.by_content.contains_key(&s.row.hash())) {
            // A damaged row names no file; `verify` tells of it.
            let Ok(path) = snapshot.full_path(&sound) else { continue };
            if let Some(key) = key(&path) {
                labels.by_path.insert(key, (sound.row.hash(), given.remove(&id)));
            }
        }
        snapshot.still_there()?;
        Ok(labels)
    }

    fn of(&self, path: &Path, content_hash: u128) -> Option<&Given> {
        let by_content = || self.by_content.get(&content_hash);
        match key(path).and_then(|key| self.by_path.get(&key)) {
            Some((known, given)) if *known == content_hash => given.as_ref(),
            // Another sound has come in its place, or it was edited: then this is the best that is known.
            Some((_, given)) => by_content().or(given.as_ref()),
            None => by_content(),
        }
    }
}

/// A path without regard to the normal form it is spelled in.
pub(super) fn key(path: &Path) -> Option<Vec<u8>> {
    bytes_of_path(path).ok().map(|bytes| composed(&bytes).into_owned())
}
