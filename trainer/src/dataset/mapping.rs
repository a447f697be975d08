//! A file of the cache, mapped into memory.
//!
//! # Why the mapping is sound
//! Files of the cache are written under a temporary name, synced and renamed, and never changed afterwards: a newer
//! cache is another file under the same name, which leaves the old mapping as it was. The cache's folder is Earmark's
//! own, which is the condition under which `Mmap::map` is used here, and the only place in this crate. A file that is
//! cut short by somebody else while it is mapped ends the program on Unix: that costs a training run of a tool with a
//! checkpoint, never a host.
#![allow(unsafe_code)]

use std::fs::File;
use std::io;
use std::path::Path;

use memmap2::Mmap;

/// Maps a file of the cache.
pub(crate) fn map(path: &Path) -> io::Result<Mmap> {
    let file = File::open(path)?;
    // SAFETY: see the module documentation.
    unsafe { Mmap::map(&file) }
}
