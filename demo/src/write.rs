//! The plan as files. A file appears whole or not at all, and nothing that someone else put there is lost.

use crate::plan::{DISCLAIMER, library};
use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// What [`write_library`] did.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Summary {
    /// Sounds written now.
    pub written: usize,
    /// Sounds that were there already, byte for byte.
    pub unchanged: usize,
    /// UCS Categories, each a folder.
    pub categories: usize,
    /// Length of all sounds together.
    pub audio_s: f64,
    /// Size of all sounds together.
    pub bytes: u64,
}

/// Why the library could not be written.
#[derive(Debug, thiserror::Error)]
pub enum DemoError {
    /// A file of the same name holds something else.
    #[error("{path}: exists with other contents; choose an empty folder, or move that file away")]
    Occupied {
        /// The existing file.
        path: PathBuf,
    },
    /// A folder could not be made.
    #[error("{path}: cannot create this folder ({source}); choose a folder that you may write to")]
    CreateFolder {
        /// The folder.
        path: PathBuf,
        /// The system's reason.
        source: io::Error,
    },
    /// An existing file could not be compared.
    #[error("{path}: exists and cannot be read ({source}); choose an empty folder, or move that file away")]
    Read {
        /// The existing file.
        path: PathBuf,
        /// The system's reason.
        source: io::Error,
    },
    /// A file could not be written.
    #[error("{path}: cannot be written ({source}); check free space and permissions, then run again")]
    Write {
        /// The file.
        path: PathBuf,
        /// The system's reason.
        source: io::Error,
    },
}

/// Writes the library of a seed below `dir`, one folder a Category, with a README.txt.
///
/// `on_file` is called with the path of each sound once it is in place. Files that are there already with the
/// same bytes are kept, so an interrupted run can be repeated.
///
/// # Errors
/// [`DemoError::Occupied`] when a file with other contents stands in the way; nothing is ever overwritten.
/// The other variants tell what the system refused. Sounds written before the error stay.
pub fn write_library(dir: &Path, seed: u64, on_file: &mut dyn FnMut(&Path)) -> Result<Summary, DemoError> {
    let sounds = library(seed);
    create_folder(dir)?;
    // First, so that a folder with the library of another seed is refused at once.
    place(&dir.join("README.txt"), readme(seed, sounds.len()).as_bytes())?;
    let mut summary = Summary::default();
    let mut categories: Vec<&str> = sounds.iter().map(|sound| sound.category).collect();
    categories.sort_unstable();
    categories.dedup();
    summary.categories = categories.len();
    for category in categories {
        create_folder(&dir.join(category))?;
    }
    for sound in &sounds {
        let path = dir.join(sound.relative_path());
        let audio = sound.render();
        let bytes = sound.format.encode(&audio, &sound.chunks());
        match place(&path, &bytes)? {
            Placed::Written => summary.written += 1,
            Placed::Unchanged => summary.unchanged += 1,
        }
        summary.audio_s += audio.duration_s();
        summary.bytes += bytes.len() as u64;
        on_file(&path);
    }
    Ok(summary)
}

enum Placed {
    Written,
    Unchanged,
}

fn create_folder(path: &Path) -> Result<(), DemoError> {
    fs::create_dir_all(path).map_err(|source| DemoError::CreateFolder { path: path.to_owned(), source })
}

/// Puts a file in place by renaming a finished one, unless there is one already.
fn place(path: &Path, bytes: &[u8]) -> Result<Placed, DemoError> {
    match fs::read(path) {
        Ok(existing) if existing == bytes => return Ok(Placed::Unchanged),
        Ok(_) => return Err(DemoError::Occupied { path: path.to_owned() }),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(source) => return Err(DemoError::Read { path: path.to_owned(), source }),
    }
    // Hidden and without an audio extension: a library scan that meets it passes by.
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let temporary = path.with_file_name(format!(".{name}.{}.part", std::process::id()));
    let written = write_synced(&temporary, bytes).and_then(|()| fs::rename(&temporary, path));
    written.map_err(|source| {
        // The first error is the one to report.
        let _ = fs::remove_file(&temporary);
        DemoError::Write { path: path.to_owned(), source }
    })?;
    Ok(Placed::Written)
}

fn write_synced(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut file = File::create(path)?;
    file.write_all(bytes)?;
    file.sync_all()
}

fn readme(seed: u64, sounds: usize) -> String {
    format!(
        "Earmark demo library\n\
         ====================\n\n\
         Each of the {sounds} sounds in these folders is {DISCLAIMER}.\n\
         Small physical models made them from a seed (this one: {seed}); they are named after the\n\
         Universal Category System: CatID_FXName_CreatorID_SourceID.\n\n\
         They are there to try the commands on. They are plausible, not real: do not judge by them how well\n\
         a search works on recordings.\n"
    )
}
