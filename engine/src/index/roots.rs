//! The folders of a library: whether they are there, and where they have moved to.
//!
//! A drive that is not plugged in takes its folder away or leaves an empty mount point behind. Its root is then marked
//! offline; the sounds stay, and are there again with the drive. When a folder gets another path, on this machine or
//! on another, only its root is written anew.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use super::paths::{bytes_of_folder, bytes_of_path, path_of_bytes, rest_below, spellings};
use super::{IndexError, LibraryWriter, Root, Snapshot, SoundId, SoundRef};

/// What [`LibraryWriter::relocate`] did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Relocated {
    /// Folders of the library that have another path now, old and new.
    pub roots: Vec<(PathBuf, PathBuf)>,
    /// Sounds below them.
    pub sounds: usize,
}

/// What [`LibraryWriter::relocate`] would concern.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Outlook {
    /// Folders of the library that would get another path.
    pub folders: usize,
    /// Sounds below the old path.
    pub sounds: usize,
    /// Of those, how many were looked for at their new places, spread evenly …
    pub looked_for: usize,
    /// … and how many were found, however their names are spelled there.
    pub found: usize,
}

/// Most sounds that [`Snapshot::outlook`] looks for.
const SAMPLE: usize = 200;

impl Snapshot {
    /// What moving a folder would concern, and whether its sounds are at their new places.
    ///
    /// # Errors
    /// `Path` when a path cannot be stored.
    pub fn outlook(&self, old: &Path, new: &Path) -> Result<Outlook, IndexError> {
        let from = bytes_of_folder(old)?;
        let roots = &self.manifest().roots;
        let folders = roots.iter().filter(|root| rest_below(&root.path, &from).is_some()).count();
        let moving: Vec<SoundId> = self
            .sounds()
            .filter(|(_, sound)| rest_of(self, sound, &from).is_some())
            .map(|(id, _)| id)
            .collect();
        let sample = moving.iter().step_by(moving.len().div_ceil(SAMPLE).max(1));
        let rests: Vec<Vec<u8>> = sample.filter_map(|id| rest_of(self, &self.get(*id)?, &from)).collect();
        let found = rests
            .iter()
            .filter(|rest| spellings(rest).iter().any(|rest| new.join(path_of_bytes(rest)).exists()))
            .count();
        Ok(Outlook { folders, sounds: moving.len(), looked_for: rests.len(), found })
    }
}

impl LibraryWriter {
    /// Notes whether a folder is there, from the next commit on; tells whether that is news.
    pub fn note_offline(&mut self, root: u16, offline: bool) -> bool {
        let manifest = self.snapshot().manifest();
        let mut roots = manifest.roots.clone();
        let next_root = manifest.next_root;
        let Some(root) = roots.iter_mut().find(|known| known.id == root && known.offline != offline) else {
            return false;
        };
        root.offline = offline;
        self.set_roots(roots, next_root);
        true
    }

    /// Gives the folders at and below `old` their place at and below `new`: nothing is read or decoded.
    ///
    /// `old` may be spelled in the way of any system, and may be a part of an indexed folder: its sounds then get a
    /// folder of their own. Moved folders count as offline when they are not there.
    ///
    /// # Errors
    /// `Path` when nothing of the library is below `old`, or when the library has folders at or below `new` already;
    /// `Io` or `DiskFull`, the library is then as it was before.
    pub fn relocate(&mut self, old: &Path, new: &Path) -> Result<Relocated, IndexError> {
        let (from, to) = (bytes_of_folder(old)?, bytes_of_path(new)?);
        let (moving, staying): (Vec<Root>, Vec<Root>) = self
            .snapshot()
            .manifest()
            .roots
            .iter()
            .cloned()
            .partition(|root| rest_below(&root.path, &from).is_some());
        let taken = |root: &&Root| rest_below(&root.path, &to).is_some();
        if staying.iter().any(|root| taken(&root)) {
            return Err(IndexError::Path {
                path: new.into(),
                what: "it is indexed already; `earmark forget` one of the two, then look again with `earmark index`",
            });
        }
        if moving.is_empty() {
            return self.split_root(old, &from, new);
        }
        let mut done = Relocated::default();
        let ids: BTreeSet<u16> = moving.iter().map(|root| root.id).collect();
        done.sounds = self.snapshot().sounds().filter(|(_, sound)| ids.contains(&sound.row.root)).count();
        let mut manifest = self.snapshot().manifest().clone();
        for root in manifest.roots.iter_mut().filter(|root| ids.contains(&root.id)) {
            let before = root.path();
            let rest = rest_below(&root.path, &from).unwrap_or_default();
            let after = if rest.is_empty() { new.to_owned() } else { new.join(path_of_bytes(rest)) };
            root.path = bytes_of_path(&after)?;
            root.offline = !after.is_dir();
            done.roots.push((before, after));
        }
        manifest.generation += 1;
        self.replace_manifest(manifest, None)?;
        Ok(done)
    }

    /// Moves a part of an indexed folder: its sounds are written again below a root of their own.
    fn split_root(&mut self, old: &Path, from: &[u8], new: &Path) -> Result<Relocated, IndexError> {
        let moving: BTreeSet<SoundId> = self
            .snapshot()
            .sounds()
            .filter(|(_, sound)| rest_of(self.snapshot(), sound, from).is_some())
            .map(|(id, _)| id)
            .collect();
        if moving.is_empty() {
            let what = "nothing of the library is there; `earmark info` lists its folders";
            return Err(IndexError::Path { path: old.into(), what });
        }
        let root = self.root(new)?;
        self.note_whole(root);
        self.note_offline(root, !new.is_dir());
        let before = self.snapshot().clone();
        let mut segment = self.begin_segment()?;
        for id in &moving {
            let Some(sound) = before.get(*id) else { continue };
            let Some(rest) = rest_of(&before, &sound, from) else { continue };
            let mut record = sound.record()?;
            (record.root, record.path) = (root, rest);
            segment.copy(&record, &sound)?;
        }
        self.commit(Some(segment), &moving)?;
        Ok(Relocated { roots: vec![(old.into(), new.into())], sounds: moving.len() })
    }

    fn note_whole(&mut self, id: u16) {
        let manifest = self.snapshot().manifest();
        let (mut roots, next_root) = (manifest.roots.clone(), manifest.next_root);
        roots.iter_mut().filter(|root| root.id == id).for_each(|root| root.whole = true);
        self.set_roots(roots, next_root);
    }
}

/// What of a sound's path is left below a folder. Damaged rows have none.
fn rest_of(snapshot: &Snapshot, sound: &SoundRef<'_>, folder: &[u8]) -> Option<Vec<u8>> {
    let root = snapshot.manifest().root(sound.row.root)?;
    let mut path = root.path.clone();
    path.push(b'/');
    path.extend_from_slice(sound.path_bytes().ok()?);
    rest_below(&path, folder).filter(|rest| !rest.is_empty()).map(<[u8]>::to_vec)
}
