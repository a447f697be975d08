//! The report of a library: [`facts`] gathers what is said, [`mod@page`] says it in one HTML file that asks nothing of
//! the network, [`map`] packs the points of the map for it, and [`plots`] draws pictures for other documents.

mod facts;
mod map;
mod markup;
mod page;
mod pieces;
pub(crate) mod plots;
mod progress;
mod raster;
mod sections;

use std::fs::File;
use std::io::{Read, Write};
use std::path::Path;

use crate::error::Failure;

pub(crate) use facts::{Facts, Wanted};
pub(crate) use page::page;
pub(crate) use progress::Progress;

/// How every report begins.
const BEGINNING: &str = "<!doctype html>\n<!-- Earmark report -->\n";

/// Whether a file is a report of ours.
pub(crate) fn is_report(path: &Path) -> bool {
    let mut beginning = vec![0; BEGINNING.len()];
    File::open(path).and_then(|mut file| file.read_exact(&mut beginning)).is_ok()
        && beginning == BEGINNING.as_bytes()
}

/// Writes a file so that it is the old one or the whole new one.
pub(crate) fn write_page(path: &Path, contents: impl AsRef<[u8]>) -> Result<(), Failure> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let write = || {
        let mut file = builder().prefix(".earmark-report-").tempfile_in(folder)?;
        file.write_all(contents.as_ref())?;
        file.as_file().sync_all()?;
        file.persist(path).map_err(|error| error.error)
    };
    write().map(drop).map_err(Failure::file(path, "write the report"))
}

/// Temporary files are their owner's alone; what is written here is meant to be passed on, as far as the user's own
/// settings (umask) let files be read.
#[cfg(unix)]
fn builder() -> tempfile::Builder<'static, 'static> {
    use std::os::unix::fs::PermissionsExt;
    let mut builder = tempfile::Builder::new();
    builder.permissions(std::fs::Permissions::from_mode(0o666));
    builder
}

#[cfg(not(unix))]
fn builder() -> tempfile::Builder<'static, 'static> {
    tempfile::Builder::new()
}
