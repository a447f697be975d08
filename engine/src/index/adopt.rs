//! One library takes the place of another, segment by segment.

use std::path::Path;

use super::files;
use super::paths::composed;
use super::{IndexError, LibraryWriter, Manifest, Root, Snapshot};

impl LibraryWriter {
    /// Puts all that the library in `other`, a folder on the same drive, holds in the place of all that this one holds:
    /// model, folders and sounds. Folders of this one that the other lacks stay, empty and offline, so that they are
    /// looked through when their drives are back. Readers have the one or the other. `other` stays as it is, and can be
    /// removed afterwards.
    ///
    /// # Errors
    /// What is wrong with `other`, `Io` or `DiskFull`; the library is then as it was before.
    pub fn adopt(&mut self, other: &Path) -> Result<(), IndexError> {
        let taken = Snapshot::open(other)?;
        if let Some(damage) = taken.damage().first() {
            return Err(IndexError::corrupt(&damage.path, damage.error.to_string()));
        }
        let mut manifest =
            Manifest { generation: self.snapshot().manifest().generation, ..taken.manifest().clone() };
        keep_roots(&mut manifest, &self.snapshot().manifest().roots);
        // Their own names may be those of segments that are here.
        for entry in &mut manifest.segments {
            manifest.generation += 1;
            let from = other.join(&entry.file);
            entry.file = format!("{:016x}.segment", manifest.generation);
            let to = self.snapshot().dir().join(&entry.file);
            files::link(&from, &to).map_err(|source| IndexError::io(&to, "write", source))?;
        }
        // No manifest may name what a power cut can take away.
        files::sync_folder(&self.snapshot().dir().join("manifest"))?;
        manifest.generation += 1;
        self.replace_manifest(manifest, None)
    }
}

/// Adds folders that a manifest lacks, as offline ones; parts of folders are nothing without their sounds.
fn keep_roots(manifest: &mut Manifest, roots: &[Root]) {
    for root in roots.iter().filter(|root| root.whole) {
        let known = |other: &Root| composed(&other.path) == composed(&root.path);
        // Numbers run out after 65,535 folders; a folder more is not worth failing for.
        if manifest.next_root == u16::MAX || manifest.roots.iter().any(known) {
            continue;
        }
        manifest.roots.push(Root { id: manifest.next_root, offline: true, ..root.clone() });
        manifest.next_root += 1;
    }
}
