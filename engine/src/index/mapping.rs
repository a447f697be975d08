//! A segment's bytes, mapped from its file or held in memory, always aligned for the tables used in place.
//!
//! # Why the mapping is sound
//! Segment files are written under a temporary name, synced, renamed and never changed afterwards; replacing one means
//! a new name. The library folder belongs to Earmark alone, which is the condition under which `Mmap::map` is used
//! here, and the only place.
//!
//! # When the drive goes away
//! Reading a page of a mapped file whose drive was unplugged, whose server is gone, or that another program has cut
//! short raises SIGBUS, which would end the host of the plugin. On Unix a [`guard`](super::guard) puts zeros in the
//! mapping's place and marks it lost: whoever reads on gets numbers that mean nothing, never a crash, and
//! [`Bytes::is_lost`] says so before any of them is believed. Windows reports such pages in a way that cannot be
//! mended from here, so segments on network drives are copied to memory there.
#![allow(unsafe_code)]

use std::fs::File;
use std::io;
use std::path::Path;

use memmap2::Mmap;

use super::drive::is_network_drive;
use super::guard::Guarded;

/// Bytes of a segment, at least 16-byte aligned.
#[derive(Debug)]
pub(crate) enum Bytes {
    /// The guard is let go before the mapping.
    Mapped(Guarded, Mmap),
    /// In memory, held in 16-byte words; the second number is the length in bytes.
    Owned(Vec<u128>, usize),
}

impl Bytes {
    /// Maps a file; `path` is where it is.
    pub(crate) fn open(file: &File, path: &Path) -> io::Result<Self> {
        if cfg!(windows) && is_network_drive(path) {
            return std::fs::read(path).map(|bytes| Self::copy(&bytes));
        }
        // SAFETY: see the module documentation.
        let map = unsafe { Mmap::map(file)? };
        Ok(Self::Mapped(Guarded::new(&map), map))
    }

    /// Asks the system to read a part of the file, where there is a way to.
    pub(crate) fn will_need(&self, range: std::ops::Range<usize>) {
        #[cfg(unix)]
        if let (Self::Mapped(_, map), false) = (self, range.is_empty()) {
            // Advice: what it cannot do, reading does.
            let _ = map.advise_range(memmap2::Advice::WillNeed, range.start, range.len());
        }
        #[cfg(not(unix))]
        let _ = range;
    }

    /// Says that single places of a part will be read: reading on around them would be in vain.
    pub(crate) fn reads_are_random(&self, range: std::ops::Range<usize>) {
        #[cfg(unix)]
        if let (Self::Mapped(_, map), false) = (self, range.is_empty()) {
            let _ = map.advise_range(memmap2::Advice::Random, range.start, range.len());
        }
        #[cfg(not(unix))]
        let _ = range;
    }

    /// Copies bytes (of a starter bank embedded in a program, say) to aligned memory.
    pub(crate) fn copy(bytes: &[u8]) -> Self {
        let mut words = vec![0u128; bytes.len().div_ceil(16)];
        bytemuck::cast_slice_mut::<u128, u8>(&mut words)[..bytes.len()].copy_from_slice(bytes);
        Self::Owned(words, bytes.len())
    }

    /// Whether the file went away under the mapping: what was read since may be zeros in place of its bytes.
    pub(crate) fn is_lost(&self) -> bool {
        match self {
            Self::Mapped(guarded, _) => guarded.is_lost(),
            Self::Owned(..) => false,
        }
    }
}

impl std::ops::Deref for Bytes {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        match self {
            Self::Mapped(_, map) => map,
            Self::Owned(words, length) => &bytemuck::cast_slice(words)[..*length],
        }
    }
}
