//! Where a library is when nobody says otherwise.

use std::path::PathBuf;

/// The library that the command and the plugin open by default.
///
/// `EARMARK_LIBRARY` when set, else the platform's folder for local data: `~/.local/share/earmark/library`,
/// `~/Library/Application Support/Earmark/library`, `%LOCALAPPDATA%\Earmark\data\library`. `None` when there is no
/// home folder.
pub fn default_library_dir() -> Option<PathBuf> {
    if let Some(dir) = std::env::var_os("EARMARK_LIBRARY").filter(|dir| !dir.is_empty()) {
        return Some(dir.into());
    }
    directories::ProjectDirs::from("", "", "Earmark").map(|dirs| dirs.data_local_dir().join("library"))
}
