//! The folder in which a converted library grows, inside the old one's: `.converting`.
//!
//! It is a library like any other, but one that nothing else looks after: neither `forget` and `relocate` nor `verify`
//! know of it. So it is checked when it is taken up again, and what the old library does not hold any more is dropped
//! from it before it takes that one's place.

use std::collections::{BTreeSet, HashSet};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use crate::index::{
    ConversionLock, IndexError, LibraryWriter, Manifest, ModelId, Snapshot, SoundId, is_below, verify,
};

use super::IndexingError;
use super::given::key;

/// The name of the folder.
const FOLDER: &str = ".converting";

/// Discards a conversion of the library that was not finished; tells whether there was one.
///
/// # Errors
/// `Converting` while another process is at it, `Io` when it cannot be removed.
pub fn discard_conversion(library: &Path) -> Result<bool, IndexError> {
    let folder = library.join(FOLDER);
    if !folder.try_exists().map_err(|source| IndexError::io(&folder, "look into", source))? {
        return Ok(false);
    }
    Site::lock(library)?.discard()?;
    Ok(true)
}

/// Discards what is left of a conversion to the model that the library has now; an unfinished one to another model
/// stays.
///
/// # Errors
/// As [`discard_conversion`], and what is wrong with the library's manifest.
pub fn discard_finished_conversion(library: &Path) -> Result<(), IndexError> {
    let model = Manifest::read(library)?.model;
    match Manifest::read(&library.join(FOLDER)) {
        Ok(other) if other.model != model => Ok(()),
        _ => discard_conversion(library).map(drop),
    }
}

/// The folder, which no other process touches as long as this lives.
pub(super) struct Site {
    folder: PathBuf,
    _lock: ConversionLock,
}

impl Site {
    /// Takes up the conversion to a model where it was left, without what was damaged since; one to another model is
    /// discarded.
    pub(super) fn take_up(library: &Path, model: &ModelId) -> Result<Self, IndexError> {
        let site = Self::lock(library)?;
        match Manifest::read(&site.folder) {
            Ok(manifest) if manifest.model == *model => site.repair()?,
            // A damaged manifest, or what is left of a folder that could not be removed, is of no use either.
            _ => site.discard()?,
        }
        Ok(site)
    }

    fn lock(library: &Path) -> Result<Self, IndexError> {
        // No lock is left behind in a folder that is no library.
        Manifest::read(library)?;
        Ok(Self { folder: library.join(FOLDER), _lock: ConversionLock::acquire(library)? })
    }

    pub(super) fn folder(&self) -> &Path {
        &self.folder
    }

    fn repair(&self) -> Result<(), IndexError> {
        let report = verify(&self.folder)?;
        let lost: BTreeSet<PathBuf> = report
            .problems
            .iter()
            .filter(|damage| damage.is_final())
            .inspect(|damage| tracing::warn!("{}; it is made anew", damage.error))
            .map(|damage| damage.path.clone())
            .collect();
        if lost.is_empty() {
            return Ok(());
        }
        LibraryWriter::open_existing(&self.folder)?.drop_segments(&lost)
    }

    /// Drops sounds and folders that do not lie at or below `sources`: the library has forgotten them since, or they
    /// have another place now.
    pub(super) fn prune(&self, sources: &BTreeSet<PathBuf>) -> Result<(), IndexError> {
        let mut writer = LibraryWriter::open_existing(&self.folder)?;
        let snapshot = writer.snapshot();
        let named: HashSet<Vec<u8>> = sources.iter().filter_map(|path| key(path)).collect();
        let is_within = |path: &Path| {
            key(path).is_some_and(|key| named.contains(&key))
                || sources.iter().any(|source| is_below(path, source))
        };
        let strange: BTreeSet<u16> = snapshot
            .manifest()
            .roots
            .iter()
            .filter(|root| !is_within(&root.path()))
            .map(|root| root.id)
            .collect();
        let mut used = BTreeSet::new();
        let mut gone: BTreeSet<SoundId> = BTreeSet::new();
        for (id, sound) in snapshot.sounds().filter(|(_, sound)| strange.contains(&sound.row.root)) {
            match snapshot.full_path(&sound) {
                Ok(path) if is_within(&path) => drop(used.insert(sound.row.root)),
                _ => drop(gone.insert(id)),
            }
        }
        let unused: BTreeSet<u16> = strange.difference(&used).copied().collect();
        if !gone.is_empty() {
            writer.commit(None, &gone)?;
        }
        if !unused.is_empty() {
            writer.remove_roots(&unused)?;
        }
        if gone.is_empty() { Ok(()) } else { writer.tidy(&|| false) }
    }

    /// What was made, if all of it can be read.
    pub(super) fn open(&self) -> Result<Snapshot, IndexError> {
        let snapshot = Snapshot::open(&self.folder)?;
        match snapshot.damage().first() {
            Some(damage) => {
                let what = damage.error.to_string();
                Err(IndexError::DamagedConversion { path: damage.path.clone(), what })
            }
            None => Ok(snapshot),
        }
    }

    /// An error with what to do about it: what helps a library against damage does not help this folder.
    pub(super) fn explain(&self, error: IndexingError) -> IndexingError {
        match error {
            IndexingError::Library(
                IndexError::Corrupt { path, what } | IndexError::CorruptManifest { path, what },
            ) if path.starts_with(&self.folder) => IndexError::DamagedConversion { path, what }.into(),
            error => error,
        }
    }

    /// Removes the folder after its content has taken the library's place. That this may fail must not pass for a
    /// failure of the conversion.
    pub(super) fn clear_away(&self) {
        if let Err(error) = self.discard() {
            tracing::warn!("{error}; it is not needed any more, `earmark convert --discard` tries again");
        }
    }

    fn discard(&self) -> Result<(), IndexError> {
        match fs::remove_dir_all(&self.folder) {
            Err(source) if source.kind() != io::ErrorKind::NotFound => {
                Err(IndexError::io(&self.folder, "remove the folder of the conversion", source))
            }
            _ => Ok(()),
        }
    }
}
