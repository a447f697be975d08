//! One library takes the place of another, segment by segment.

use std::path::Path;

use super::files;
use super::{IndexError, LibraryWriter, Manifest, Snapshot};

impl LibraryWriter {
    /// Puts all that the library in `other`, a folder on the same drive, holds in the place of all that this one holds:
    /// model, folders and sounds. Readers have the one or the other. `other` can be removed afterwards; until this
    /// returns it stays as it is where the file system knows hard links.
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
