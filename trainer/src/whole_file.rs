//! Files that are the old one or the whole new one, whatever happens.

use std::io::{self, Write};
use std::path::Path;

/// Writes beside `path`, makes that durable and renames it. Who may read the file is up to the user's settings (umask).
pub(crate) fn replace(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut temporary = tempfile::Builder::new();
    share(&mut temporary);
    let mut file = temporary.tempfile_in(folder)?;
    file.write_all(bytes)?;
    file.as_file().sync_all()?;
    file.persist(path).map_err(|error| error.error)?;
    // The new name is safe once its folder is.
    #[cfg(unix)]
    std::fs::File::open(folder)?.sync_all()?;
    Ok(())
}

/// Temporary files are their owner's alone; models and results are meant to be passed on.
#[cfg(unix)]
fn share(temporary: &mut tempfile::Builder<'_, '_>) {
    use std::os::unix::fs::PermissionsExt as _;

    temporary.permissions(std::fs::Permissions::from_mode(0o666));
}

#[cfg(not(unix))]
fn share(_temporary: &mut tempfile::Builder<'_, '_>) {}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::replace;

    #[test]
    fn a_file_is_replaced_and_as_readable_as_any_other() {
        let folder = tempfile::tempdir().expect("a folder");
        let (path, other) = (folder.path().join("file"), folder.path().join("other"));
        fs::write(&other, b"by the system's own means").expect("written");
        for bytes in [&b"first"[..], b"second"] {
            replace(&path, bytes).expect("written");
            assert_eq!(fs::read(&path).expect("read"), bytes);
        }
        let permissions = |path| fs::metadata(path).expect("metadata").permissions();
        assert_eq!(permissions(&path), permissions(&other));
        assert_eq!(fs::read_dir(folder.path()).expect("a folder").count(), 2);
        assert!(replace(&folder.path().join("nosuch/file"), b"").is_err());
    }
}
