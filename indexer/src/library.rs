//! Which library a command works on.

use std::fs::File;
use std::io::{self, BufRead, BufReader};
use std::path::{Path, PathBuf};

use earmark_engine::index::{Snapshot, default_library_dir};

use crate::cli::LibraryArgs;
use crate::error::Failure;
use crate::output;

impl LibraryArgs {
    /// The library's folder.
    pub(crate) fn dir(&self) -> Result<PathBuf, Failure> {
        self.library.clone().or_else(default_library_dir).ok_or_else(|| {
            Failure::Usage(
                "there is no home folder for the default library; say where with --library DIR".into(),
            )
        })
    }

    /// Opens the library, telling of segments that cannot be used.
    pub(crate) fn open(&self) -> Result<Snapshot, Failure> {
        let snapshot = Snapshot::open(&self.dir()?)?;
        report_damage(&snapshot);
        Ok(snapshot)
    }
}

/// Tells of segments that cannot be used; the others can.
pub(crate) fn report_damage(snapshot: &Snapshot) {
    for damage in snapshot.damage() {
        output::warn(&format!("{}; {} sounds are out of reach until then", damage.error, damage.sounds));
    }
}

/// Paths from a file or, for `-`, from standard input: one a line, bytes as they are.
pub(crate) fn paths_from(list: &Path) -> Result<Vec<PathBuf>, Failure> {
    let reader: Box<dyn BufRead> = if list == Path::new("-") {
        Box::new(io::stdin().lock())
    } else {
        Box::new(BufReader::new(File::open(list).map_err(Failure::file(list, "read the list"))?))
    };
    let mut paths = Vec::new();
    for line in reader.split(b'\n') {
        let mut line = line.map_err(Failure::file(list, "read the list"))?;
        if line.last() == Some(&b'\r') {
            line.pop();
        }
        if !line.is_empty() {
            paths.push(path_of(line));
        }
    }
    Ok(paths)
}

#[cfg(unix)]
fn path_of(bytes: Vec<u8>) -> PathBuf {
    use std::os::unix::ffi::OsStringExt;
    std::ffi::OsString::from_vec(bytes).into()
}

#[cfg(not(unix))]
fn path_of(bytes: Vec<u8>) -> PathBuf {
    String::from_utf8_lossy(&bytes).into_owned().into()
}
