//! Writing files that others may be reading.

use std::io::{self, Write};
use std::path::Path;

/// Writes beside `path` and renames, so that no reader meets half a file.
pub(crate) fn write_atomically(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut temporary = tempfile::Builder::new();
    share(&mut temporary);
    let mut file = temporary.tempfile_in(folder)?;
    file.write_all(bytes)?;
    file.as_file().sync_all()?;
    file.persist(path).map_err(|error| error.error)?;
    Ok(())
}

/// Temporary files are private by default; these are for everyone to read.
#[cfg(unix)]
fn share(temporary: &mut tempfile::Builder<'_, '_>) {
    use std::os::unix::fs::PermissionsExt as _;

    temporary.permissions(std::fs::Permissions::from_mode(0o644));
}

#[cfg(not(unix))]
fn share(_temporary: &mut tempfile::Builder<'_, '_>) {}
