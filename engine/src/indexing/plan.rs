//! Compares what a walk found with what the library holds.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::index::{Snapshot, SoundId};

use super::walk::{FoundFile, Problem, Walked};

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
    /// Sounds that the library has a second time under the same path.
    pub displaced: BTreeSet<SoundId>,
    /// What is odd about the library or its folders.
    pub problems: Vec<Problem>,
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
    pub fn new(snapshot: &Snapshot, walked: Walked) -> Self {
        let mut plan = Self::default();
        let mut known: HashMap<PathBuf, SoundId> = HashMap::new();
        let mut by_size: HashMap<u64, Vec<(SoundId, u128)>> = HashMap::new();
        for (id, sound) in snapshot.sounds() {
            let path = match snapshot.full_path(&sound) {
                Ok(path) => path,
                Err(error) => {
                    plan.problems.push(Problem { path: snapshot.dir().into(), reason: error.to_string() });
                    continue;
                }
            };
            by_size.entry(sound.row.file_size).or_default().push((id, sound.row.hash()));
            // A segment that could not be read for a while was indexed again meanwhile: the later one counts.
            plan.displaced.extend(known.insert(path, id));
        }
        let by_size: HashMap<u64, Arc<[_]>> =
            by_size.into_iter().map(|(size, ids)| (size, ids.into())).collect();
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
        plan.problems
            .extend(walked.vanished.into_iter().filter(|vanished| !known.contains_key(&vanished.path)));
        let (empty, scope): (Vec<PathBuf>, _) =
            walked.scope.into_iter().partition(|folder| is_empty_folder(folder));
        let mut kept: BTreeMap<&PathBuf, usize> = BTreeMap::new();
        for (path, id) in known {
            let below = |folder: &&PathBuf| path.starts_with(folder);
            let unseen = walked.unreadable.iter().any(|folder| below(&folder) && path != *folder);
            if let Some(folder) = empty.iter().find(below) {
                *kept.entry(folder).or_default() += 1;
            } else if !unseen && scope.iter().any(|folder| below(&folder)) {
                plan.missing.insert(id, path);
            }
        }
        for (folder, sounds) in kept {
            // A drive that is not plugged in often leaves its empty mount point behind.
            let reason = format!(
                "the folder is empty now, its {sounds} known sounds are kept: plug its drive in, or drop them with `earmark forget`"
            );
            plan.problems.push(Problem { path: folder.clone(), reason });
        }
        plan
    }
}

/// Whether a folder has no entries at all.
pub(super) fn is_empty_folder(path: &Path) -> bool {
    std::fs::read_dir(path).is_ok_and(|mut entries| entries.next().is_none())
}
