//! Compares what a walk found with what the library holds.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::index::{IndexError, Snapshot, SoundId};

use super::walk::{FoundFile, Walked};

/// What is to be done.
#[derive(Debug, Default)]
pub struct Plan {
    /// Files that are as the library has them.
    pub unchanged: Vec<(FoundFile, SoundId)>,
    /// Files to look into, in walking order.
    pub tasks: Vec<Task>,
    /// Sounds of the library whose files were not found where they should be. What turns up elsewhere with the same
    /// content has moved; the rest is removed at the end.
    pub missing: BTreeMap<SoundId, PathBuf>,
}

/// A file to look into.
#[derive(Clone, Debug)]
pub struct Task {
    /// The file.
    pub file: FoundFile,
    /// The sound that the library has under this path, which the outcome replaces.
    pub replaces: Option<SoundId>,
    /// Sounds of the same size: if the content is that of one of them, its frames serve. With their content hashes.
    pub candidates: Arc<[(SoundId, u128)]>,
}

impl Plan {
    /// Compares; nothing is read but the library.
    ///
    /// # Errors
    /// `Corrupt` when a row of the library points nowhere.
    pub fn new(snapshot: &Snapshot, walked: Walked) -> Result<Self, IndexError> {
        let mut known: HashMap<PathBuf, SoundId> = HashMap::new();
        let mut by_size: HashMap<u64, Vec<(SoundId, u128)>> = HashMap::new();
        for (id, sound) in snapshot.sounds() {
            known.insert(snapshot.full_path(&sound)?, id);
            by_size.entry(sound.row.file_size).or_default().push((id, sound.row.hash()));
        }
        let by_size: HashMap<u64, Arc<[_]>> = by_size.into_iter().map(|(size, ids)| (size, ids.into())).collect();
        let mut plan = Self::default();
        for file in walked.files {
            let replaces = known.remove(&file.path);
            let same = replaces.and_then(|id| snapshot.get(id)).is_some_and(|sound| {
                sound.row.file_size == file.size && sound.row.modified_ns == file.modified_ns
            });
            match replaces {
                Some(id) if same => plan.unchanged.push((file, id)),
                _ => {
                    let candidates = by_size.get(&file.size).cloned().unwrap_or_default();
                    plan.tasks.push(Task { file, replaces, candidates });
                }
            }
        }
        // A drive that is not plugged in often leaves its empty mount point behind.
        let populated: HashSet<&Path> = plan
            .unchanged
            .iter()
            .map(|(file, _)| file.root.as_path())
            .chain(plan.tasks.iter().map(|task| task.file.root.as_path()))
            .collect();
        let scope: Vec<&PathBuf> = walked
            .scope
            .iter()
            .filter(|folder| populated.contains(folder.as_path()) || !is_empty_folder(folder))
            .collect();
        for (path, id) in known {
            let below = |folder: &&PathBuf| path.starts_with(folder);
            if scope.iter().any(below) && !walked.unreadable.iter().any(|folder| below(&folder)) {
                plan.missing.insert(id, path);
            }
        }
        Ok(plan)
    }
}

/// Whether a folder has no entries at all.
fn is_empty_folder(path: &Path) -> bool {
    std::fs::read_dir(path).is_ok_and(|mut entries| entries.next().is_none())
}
