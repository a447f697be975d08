//! Sounds marked as favourites: a text file beside the library, one content hash a line, shared by all sessions.

use std::collections::HashSet;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::exchange::SoundKey;

/// Longest file that is read, bytes: a million favourites.
const MAX_BYTES: u64 = 33_000_000;

/// The favourites of a library.
#[derive(Clone, Debug)]
pub(crate) struct Favourites {
    path: PathBuf,
    keys: Arc<HashSet<SoundKey>>,
}

impl Favourites {
    /// Reads those of a library; none when there is no file or it cannot be read.
    pub(crate) fn of_library(dir: &Path) -> Self {
        let mut name = dir.file_name().unwrap_or_default().to_owned();
        name.push(".favourites");
        let path = dir.with_file_name(name);
        let keys = Arc::new(read(&path));
        Self { path, keys }
    }

    /// The sounds.
    pub(crate) fn keys(&self) -> &Arc<HashSet<SoundKey>> {
        &self.keys
    }

    /// Marks a sound, or no longer, and writes the file. What another session has marked meanwhile is kept.
    ///
    /// # Errors
    /// A sentence for the user when the file cannot be written; the mark then lasts as long as the session.
    pub(crate) fn toggle(&mut self, key: SoundKey) -> Result<(), String> {
        let wanted = !self.keys.contains(&key);
        let mut keys = read(&self.path);
        if wanted {
            keys.insert(key);
        } else {
            keys.remove(&key);
        }
        let written = write(&self.path, &keys);
        self.keys = Arc::new(keys);
        written.map_err(|error| format!("{}: cannot keep the favourites: {error}", self.path.display()))
    }
}

fn read(path: &Path) -> HashSet<SoundKey> {
    if fs::metadata(path).is_ok_and(|metadata| metadata.len() > MAX_BYTES) {
        return HashSet::new();
    }
    let text = fs::read_to_string(path).unwrap_or_default();
    text.lines().filter_map(|line| u128::from_str_radix(line.trim(), 16).ok().map(SoundKey)).collect()
}

fn write(path: &Path, keys: &HashSet<SoundKey>) -> std::io::Result<()> {
    let mut lines: Vec<String> = keys.iter().map(|key| format!("{:032x}\n", key.0)).collect();
    lines.sort();
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    let temporary = path.with_extension(format!("favourites.{}", std::process::id()));
    let mut file = fs::File::create(&temporary)?;
    file.write_all(lines.concat().as_bytes())?;
    file.sync_all()?;
    drop(file);
    fs::rename(&temporary, path)
}
