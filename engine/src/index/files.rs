//! Files of the library: atomic replacement and paths as bytes.

use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};

use super::IndexError;

/// Writes a file so that it is either the old one or the new one, whatever happens: temporary file, sync, rename,
/// sync of the folder.
pub(crate) fn replace_file(path: &Path, bytes: &[u8]) -> Result<(), IndexError> {
    let temporary = path.with_extension("tmp");
    let write = || {
        let mut file = File::create(&temporary)?;
        file.write_all(bytes)?;
        file.sync_all()?;
        fs::rename(&temporary, path)
    };
    write().map_err(|source| {
        let _ = fs::remove_file(&temporary);
        IndexError::io(path, "write", source)
    })?;
    sync_folder(path)
}

/// Makes a rename in the file's folder durable. Windows has no such call and needs none.
pub(crate) fn sync_folder(file: &Path) -> Result<(), IndexError> {
    #[cfg(unix)]
    if let Some(folder) = file.parent() {
        File::open(folder)
            .and_then(|folder| folder.sync_all())
            .map_err(|source| IndexError::io(folder, "sync", source))?;
    }
    #[cfg(not(unix))]
    let _ = file;
    Ok(())
}

/// A path's bytes as the index stores them, `/` between components.
///
/// # Errors
/// On Windows, names that are not valid Unicode.
pub(crate) fn bytes_of_path(path: &Path) -> Result<Vec<u8>, IndexError> {
    #[cfg(unix)]
    {
        use std::os::unix::ffi::OsStrExt;
        Ok(path.as_os_str().as_bytes().to_vec())
    }
    #[cfg(not(unix))]
    {
        let text = path
            .to_str()
            .ok_or_else(|| IndexError::Path { path: path.into(), what: "it is not valid Unicode" })?;
        Ok(text.replace('\\', "/").into_bytes())
    }
}

/// The path that [`bytes_of_path`] stored.
pub(crate) fn path_of_bytes(bytes: &[u8]) -> PathBuf {
    #[cfg(unix)]
    {
        use std::os::unix::ffi::OsStrExt;
        PathBuf::from(std::ffi::OsStr::from_bytes(bytes))
    }
    #[cfg(not(unix))]
    {
        PathBuf::from(String::from_utf8_lossy(bytes).as_ref())
    }
}
