//! Paths in texts: as they are where they are Unicode, else with their bytes in hexadecimal digits beside them.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

/// A path as journals store it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub(crate) enum StoredPath {
    /// One that is text.
    Text(String),
    /// One that is not.
    Bytes {
        /// What of it can be read.
        path: String,
        /// All of it.
        hex: String,
    },
}

impl From<&Path> for StoredPath {
    fn from(path: &Path) -> Self {
        match path.to_str() {
            Some(text) => Self::Text(text.to_owned()),
            None => Self::Bytes { path: path.to_string_lossy().into_owned(), hex: hex_of(path) },
        }
    }
}

impl StoredPath {
    /// The path; of broken digits what can be read.
    pub(crate) fn path(&self) -> PathBuf {
        match self {
            Self::Text(text) => text.into(),
            Self::Bytes { path, hex } => path_of_hex(hex, path).unwrap_or_else(|| path.into()),
        }
    }
}

/// The bytes of a path in hexadecimal digits.
pub(crate) fn hex_of(path: &Path) -> String {
    path.as_os_str().as_encoded_bytes().iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The path of these digits; on systems whose paths are no bytes, the text that stands beside them.
pub(crate) fn path_of_hex(hex: &str, text: &str) -> Option<PathBuf> {
    if !hex.len().is_multiple_of(2) || !hex.is_ascii() {
        return None;
    }
    let digits = (0..hex.len()).step_by(2).map(|at| u8::from_str_radix(&hex[at..at + 2], 16).ok());
    let bytes: Vec<u8> = digits.collect::<Option<_>>()?;
    #[cfg(unix)]
    {
        use std::os::unix::ffi::OsStringExt;
        let _ = text;
        Some(std::ffi::OsString::from_vec(bytes).into())
    }
    #[cfg(not(unix))]
    {
        let _ = bytes;
        Some(text.into())
    }
}
