//! Compares what a walk found with what the library holds.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::index::{IndexError, Snapshot, SoundId, bytes_of_path, composed};

use super::walk::{FoundFile, Problem, Walked, has_entries, overlap};

/// Where so many known sounds were and not one of them is, another drive has come in the place of theirs.
const OTHER_DRIVE_SOUNDS: usize = 8;

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
    /// Files that are as the library has them but for the spelling of their path, which another system has composed or
    /// taken apart.
    pub respelled: Vec<(FoundFile, SoundId)>,
    /// Of folders looked at, by their number: whether their drive is not plugged in. Their sounds are kept.
    pub offline: BTreeMap<u16, bool>,
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

/// Sounds of the library below the folders looked at, by their paths.
type Known = HashMap<PathBuf, SoundId>;

impl Plan {
    /// Compares; nothing is read but the library, and of that only what lies below the folders walked, and the sizes
    /// of the other sounds.
    ///
    /// # Errors
    /// `Lost` when the library's drive went away meanwhile.
    pub fn new(snapshot: &Snapshot, mut walked: Walked) -> Result<Self, IndexError> {
        let mut plan = Self::default();
        let mut known = plan.known_below(snapshot, &walked.scope);
        let mut rest = Vec::new();
        for file in std::mem::take(&mut walked.files) {
            match known.remove(&file.path) {
                Some(id) if is_same(snapshot, id, &file) => plan.unchanged.push((file, id)),
                replaces => rest.push((file, replaces)),
            }
        }
        plan.find_respelled(snapshot, &mut rest, &mut known);
        let vanished = walked.vanished.iter().filter(|vanished| !known.contains_key(&vanished.path)).cloned();
        plan.problems.extend(vanished);
        plan.sort_out(snapshot, &walked, &rest, known);
        plan.make_tasks(snapshot, rest);
        snapshot.still_there()?;
        Ok(plan)
    }

    fn known_below(&mut self, snapshot: &Snapshot, scope: &[PathBuf]) -> Known {
        let mut known = Known::new();
        let roots = snapshot.manifest().roots.iter();
        let near: HashSet<u16> = roots
            .filter(|root| scope.iter().any(|folder| overlap(&root.path(), folder)))
            .map(|root| root.id)
            .collect();
        let unknown = |root: u16| snapshot.manifest().root(root).is_none();
        for (id, sound) in snapshot.sounds() {
            if !near.contains(&sound.row.root) && !unknown(sound.row.root) {
                continue;
            }
            match snapshot.full_path(&sound) {
                Ok(path) if !scope.iter().any(|folder| path.starts_with(folder)) => {}
                // A segment that could not be read for a while was indexed again meanwhile: the later one counts.
                Ok(path) => self.displaced.extend(known.insert(path, id)),
                Err(error) => {
                    self.problems.push(Problem { path: snapshot.dir().into(), reason: error.to_string() });
                }
            }
        }
        known
    }

    /// Finds files whose names the library spells in another normal form.
    fn find_respelled(
        &mut self,
        snapshot: &Snapshot,
        rest: &mut Vec<(FoundFile, Option<SoundId>)>,
        known: &mut Known,
    ) {
        let key = |path: &Path| {
            let bytes = bytes_of_path(path).ok().filter(|bytes| !bytes.is_ascii())?;
            Some(composed(&bytes).into_owned())
        };
        let mut spellings: HashMap<Vec<u8>, PathBuf> =
            known.keys().filter_map(|path| Some((key(path)?, path.clone()))).collect();
        if spellings.is_empty() {
            return;
        }
        for (file, replaces) in std::mem::take(rest) {
            let spelled = if replaces.is_none() { key(&file.path) } else { None };
            let found = spelled.and_then(|key| spellings.remove(&key)).and_then(|path| known.remove(&path));
            match found {
                Some(id) if is_same(snapshot, id, &file) => self.respelled.push((file, id)),
                found => rest.push((file, replaces.or(found))),
            }
        }
    }

    /// Tells sounds that are gone from those whose drive is.
    fn sort_out(
        &mut self,
        snapshot: &Snapshot,
        walked: &Walked,
        rest: &[(FoundFile, Option<SoundId>)],
        mut known: Known,
    ) {
        known.retain(|path, _| {
            !walked.unreadable.iter().any(|folder| path.starts_with(folder) && path != folder)
        });
        let mut left: BTreeMap<u16, Vec<(PathBuf, SoundId)>> = BTreeMap::new();
        let mut roots: Vec<(u16, PathBuf)> = Vec::new();
        for root in &snapshot.manifest().roots {
            let path = root.path();
            if root.whole && walked.folders.iter().any(|folder| path.starts_with(folder)) {
                roots.push((root.id, path));
            } else if walked.absent.iter().any(|absent| overlap(&path, absent)) {
                self.offline.insert(root.id, !has_entries(&path));
            } else if root.offline && self.finds_any(&path) {
                self.offline.insert(root.id, false);
            }
        }
        // The folder that a sound is in is the innermost one.
        roots.sort_by_key(|(_, path)| std::cmp::Reverse(path.as_os_str().len()));
        for (path, id) in known {
            match roots.iter().find(|(_, root)| path.starts_with(root)) {
                Some((root, _)) => left.entry(*root).or_default().push((path, id)),
                None => drop(self.missing.insert(id, path)),
            }
        }
        for (root, folder) in roots {
            let left = left.remove(&root).unwrap_or_default();
            let reason = self.why_offline(snapshot, &folder, &left, rest);
            self.offline.insert(root, reason.is_some());
            match reason {
                Some(reason) => self.problems.push(Problem { path: folder, reason }),
                None => self.missing.extend(left.into_iter().map(|(path, id)| (id, path))),
            }
        }
    }

    /// Whether any sound of the library was found in a folder as it was.
    fn finds_any(&self, folder: &Path) -> bool {
        self.unchanged.iter().chain(&self.respelled).any(|(file, _)| file.path.starts_with(folder))
    }

    /// Why the sounds that were not found in a folder are taken for sounds of a drive that is not plugged in.
    fn why_offline(
        &self,
        snapshot: &Snapshot,
        folder: &Path,
        left: &[(PathBuf, SoundId)],
        rest: &[(FoundFile, Option<SoundId>)],
    ) -> Option<String> {
        if left.is_empty() {
            return None;
        }
        let seen = self.finds_any(folder);
        let below = || rest.iter().filter(|(file, _)| file.path.starts_with(folder));
        let what = match () {
            () if seen || below().any(|(_, replaces)| replaces.is_some()) => return None,
            // A drive that is not plugged in often leaves its empty mount point behind.
            () if below().next().is_none() => "no sound is left in the folder",
            () if left.len() >= OTHER_DRIVE_SOUNDS => {
                let sizes: HashSet<u64> = below().map(|(file, _)| file.size).collect();
                let size = |id| snapshot.get(id).map(|sound| sound.row.file_size);
                if left.iter().any(|(_, id)| size(*id).is_some_and(|size| sizes.contains(&size))) {
                    return None;
                }
                "another drive seems to be in the place of the folder's own"
            }
            () => return None,
        };
        Some(format!(
            "{what}, its {} known sounds are kept: plug its drive in, or drop them with `earmark forget`",
            left.len()
        ))
    }

    fn make_tasks(&mut self, snapshot: &Snapshot, rest: Vec<(FoundFile, Option<SoundId>)>) {
        let mut by_size: HashMap<u64, Vec<(SoundId, u128)>> =
            rest.iter().map(|(file, _)| (file.size, Vec::new())).collect();
        if by_size.is_empty() {
            return;
        }
        for (id, sound) in snapshot.sounds() {
            if let Some(same) = by_size.get_mut(&sound.row.file_size) {
                same.push((id, sound.row.hash()));
            }
        }
        let by_size: HashMap<u64, Arc<[_]>> =
            by_size.into_iter().map(|(size, ids)| (size, ids.into())).collect();
        for (file, replaces) in rest {
            let candidates = by_size.get(&file.size).cloned().unwrap_or_default();
            self.tasks.push(Task { file, replaces, candidates });
        }
    }
}

/// Whether size and time of a file are those that the library has.
fn is_same(snapshot: &Snapshot, id: SoundId, file: &FoundFile) -> bool {
    snapshot
        .get(id)
        .is_some_and(|sound| sound.row.file_size == file.size && sound.row.modified_ns == file.modified_ns)
}
