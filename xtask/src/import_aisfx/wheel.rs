//! The wheel on PyPI that carries the network: fetched, checked, unpacked.

use std::fs::File;
use std::io::{Cursor, Read};
use std::path::{Path, PathBuf};
use std::process::Command;

use zip::ZipArchive;

use super::{ImportError, hex_digest};

/// SHA-256 of `aisfx-0.1.2-py2.py3-none-any.whl`, the only wheel of that release.
const SHA256: &str = "bfe219950715af179e9a1653e7117cc1852baef267cd6596c42cad74afe1d194";
const REQUIREMENT: &str = "aisfx==0.1.2";
/// The trained weights.
pub(super) const CHECKPOINT_ENTRY: &str = "aisfx/models/checkpoint.pth";
/// The text of CC BY 4.0 with the authors' copyright line.
pub(super) const LICENSE_ENTRY: &str = "aisfx-0.1.2.dist-info/licenses/LICENSE";
/// More than the wheel and any of its entries hold.
const MAX_BYTES: u64 = 64 << 20;

/// A wheel with the right digest.
pub(super) struct Wheel {
    pub(super) path: PathBuf,
    bytes: Vec<u8>,
}

/// Downloads the wheel into `folder`.
pub(super) fn download(folder: &Path) -> Result<PathBuf, ImportError> {
    let arguments =
        ["-m", "pip", "download", "--quiet", "--no-deps", "--only-binary=:all:", REQUIREMENT, "--dest"];
    let mut reasons = Vec::new();
    // Windows and some virtual environments have no `python3`.
    for python in ["python3", "python"] {
        match Command::new(python).args(arguments).arg(folder).status() {
            Ok(status) if status.success() => return downloaded(folder),
            Ok(status) => reasons.push(format!("{python}: {status}")),
            Err(error) => reasons.push(format!("{python}: {error}")),
        }
    }
    Err(ImportError::Download(reasons.join("; ")))
}

fn downloaded(folder: &Path) -> Result<PathBuf, ImportError> {
    let entries = std::fs::read_dir(folder).map_err(|source| ImportError::io(folder, source))?;
    let mut paths = entries.flatten().map(|entry| entry.path());
    let wheel = paths.find(|path| path.extension().is_some_and(|extension| extension == "whl"));
    wheel.ok_or_else(|| ImportError::Download("pip left no wheel".into()))
}

/// Reads a wheel and checks its digest.
pub(super) fn open(path: &Path) -> Result<Wheel, ImportError> {
    let failed = |source| ImportError::io(path, source);
    let mut bytes = Vec::new();
    File::open(path).map_err(failed)?.take(MAX_BYTES).read_to_end(&mut bytes).map_err(failed)?;
    let found = hex_digest(&bytes);
    if found != SHA256 {
        return Err(ImportError::Digest { path: path.to_owned(), found, expected: SHA256 });
    }
    Ok(Wheel { path: path.to_owned(), bytes })
}

impl Wheel {
    /// The unpacked bytes of one entry.
    pub(super) fn entry(&self, name: &str) -> Result<Vec<u8>, ImportError> {
        let failed = |message: String| ImportError::content(&self.path, format!("{name}: {message}"));
        let mut archive =
            ZipArchive::new(Cursor::new(&self.bytes)).map_err(|error| failed(error.to_string()))?;
        let entry = archive.by_name(name).map_err(|error| failed(error.to_string()))?;
        let mut bytes = Vec::new();
        entry.take(MAX_BYTES).read_to_end(&mut bytes).map_err(|error| failed(error.to_string()))?;
        Ok(bytes)
    }
}
