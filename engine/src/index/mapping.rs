//! A segment's bytes, mapped from its file or held in memory, always aligned for the tables used in place.
//!
//! # Why the mapping is sound
//! Segment files are written under a temporary name, synced, renamed and never changed afterwards; replacing one means
//! a new name. Another program that truncates a file while it is mapped could still raise SIGBUS; the library folder
//! belongs to Earmark alone, which is the condition under which `Mmap::map` is used here, and the only place.
#![allow(unsafe_code)]

use std::fs::File;
use std::io;

use memmap2::Mmap;

/// Bytes of a segment, at least 16-byte aligned.
#[derive(Debug)]
pub(crate) enum Bytes {
    Mapped(Mmap),
    /// In memory, held in 16-byte words; the second number is the length in bytes.
    Owned(Vec<u128>, usize),
}

impl Bytes {
    pub(crate) fn map(file: &File) -> io::Result<Self> {
        // SAFETY: see the module documentation.
        Ok(Self::Mapped(unsafe { Mmap::map(file)? }))
    }

    /// Asks the system to read a part of the file, where there is a way to.
    pub(crate) fn will_need(&self, range: std::ops::Range<usize>) {
        #[cfg(unix)]
        if let (Self::Mapped(map), false) = (self, range.is_empty()) {
            // Advice: what it cannot do, reading does.
            let _ = map.advise_range(memmap2::Advice::WillNeed, range.start, range.len());
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
}

impl std::ops::Deref for Bytes {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        match self {
            Self::Mapped(map) => map,
            Self::Owned(words, length) => &bytemuck::cast_slice(words)[..*length],
        }
    }
}
