//! What can go wrong between a path and its samples, each with the path and what to do about it.

use std::io;
use std::path::{Path, PathBuf};

/// Why a file gave no samples, or no more of them.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AudioError {
    /// The file could not be opened.
    #[error("{}: cannot be opened: {source}; check that it exists and that you may read it", path.display())]
    Open {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// Reading failed after the file was opened: the disk, the network share or the file went away.
    #[error("{}: reading failed: {source}; check the disk or network share and try again", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The path names a folder, a pipe or a device.
    #[error("{}: is {what}, not a file; name a sound file", path.display())]
    NotAFile {
        /// The path.
        path: PathBuf,
        /// What it is instead.
        what: &'static str,
    },
    /// The file has 0 bytes.
    #[error("{}: is empty (0 bytes); copy it again from its source", path.display())]
    Empty {
        /// The file.
        path: PathBuf,
    },
    /// The content is none of the formats that are known here.
    #[error("{}: is not a sound file of a known format; convert it to WAV or FLAC", path.display())]
    NotAudio {
        /// The file.
        path: PathBuf,
    },
    /// The container is known, what it holds is not.
    #[error("{}: is not supported: {what}; convert it to WAV or FLAC", path.display())]
    Unsupported {
        /// The file.
        path: PathBuf,
        /// The codec or feature.
        what: String,
    },
    /// The content contradicts its format.
    #[error("{}: is damaged: {what}; copy it again or re-export it", path.display())]
    Malformed {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        what: String,
    },
    /// A valid file without a single sample.
    #[error("{}: holds no audio (zero samples); re-export it or remove it", path.display())]
    NoAudio {
        /// The file.
        path: PathBuf,
    },
    /// A region that starts after the end of the sound.
    #[error("{}: ends at {duration_s:.3} s, before the region that starts at {from_s:.3} s; choose an earlier start", path.display())]
    OutOfRange {
        /// The file.
        path: PathBuf,
        /// Where the region starts.
        from_s: f64,
        /// Where the sound ends.
        duration_s: f64,
    },
    /// A sample is NaN or infinite.
    #[error("{}: has a sample that is not a finite number at {time_s:.3} s; re-export it", path.display())]
    NonFinite {
        /// The file.
        path: PathBuf,
        /// Where in the file.
        time_s: f64,
    },
    /// The file claims more than this program is willing to believe.
    #[error("{}: claims {what}; if that is true, split or convert the file", path.display())]
    Limit {
        /// The file.
        path: PathBuf,
        /// The claim and the bound.
        what: String,
    },
    /// The wanted sample rate is out of bounds: a fault of the caller.
    #[error("{}: cannot be resampled to {rate_hz} Hz; choose a rate from 1 Hz to {max_hz} Hz", path.display())]
    TargetRate {
        /// The file.
        path: PathBuf,
        /// The wanted rate.
        rate_hz: u32,
        /// The highest allowed rate.
        max_hz: u32,
    },
}

impl AudioError {
    /// The file that is spoken of.
    pub fn path(&self) -> &Path {
        match self {
            Self::Open { path, .. }
            | Self::Io { path, .. }
            | Self::NotAFile { path, .. }
            | Self::Empty { path }
            | Self::NotAudio { path }
            | Self::Unsupported { path, .. }
            | Self::Malformed { path, .. }
            | Self::NoAudio { path }
            | Self::OutOfRange { path, .. }
            | Self::NonFinite { path, .. }
            | Self::Limit { path, .. }
            | Self::TargetRate { path, .. } => path,
        }
    }
}

/// A fault found in content by a layer that does not know the path.
#[derive(Debug)]
pub(super) enum Fault {
    Io(io::Error),
    NotAudio,
    Unsupported(String),
    Malformed(String),
    Limit(String),
    NoAudio,
}

impl Fault {
    pub(super) fn malformed(what: impl Into<String>) -> Self {
        Self::Malformed(what.into())
    }

    pub(super) fn at(self, path: &Path) -> AudioError {
        let path = path.to_path_buf();
        match self {
            Self::Io(source) => AudioError::Io { path, source },
            Self::NotAudio => AudioError::NotAudio { path },
            Self::Unsupported(what) => AudioError::Unsupported { path, what },
            Self::Malformed(what) => AudioError::Malformed { path, what },
            Self::Limit(what) => AudioError::Limit { path, what },
            Self::NoAudio => AudioError::NoAudio { path },
        }
    }
}

impl From<io::Error> for Fault {
    fn from(source: io::Error) -> Self {
        Self::Io(source)
    }
}
