//! What can keep a map from being made.

use earmark_engine::index::IndexError;
use thiserror::Error;

/// Why there is no map.
#[derive(Debug, Error)]
pub enum AtlasError {
    /// Who watches the progress wanted no more of it.
    #[error("the map was stopped before it was complete")]
    Stopped,
    /// The system has no thread left for it.
    #[error("the map cannot be made: {0}")]
    Thread(#[from] rayon::ThreadPoolBuildError),
    /// The library went away while it was read.
    #[error(transparent)]
    Index(#[from] IndexError),
}
