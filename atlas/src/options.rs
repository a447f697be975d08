//! What can be chosen about a map, and how its making is watched.

use std::num::NonZero;
use std::ops::ControlFlow;
use std::thread;

/// What can be chosen about a map.
#[derive(Clone, Debug, PartialEq)]
pub struct Options {
    /// Most sounds on the map; of a larger library, so many are drawn by lot.
    pub max_sounds: usize,
    /// How many neighbours a sound should keep close, roughly; few sounds have fewer.
    pub perplexity: f32,
    /// Steps of the descent.
    pub steps: usize,
    /// Another seed gives another map of the same sounds, and another draw.
    pub seed: u64,
    /// Threads that may be used; the result does not depend on it.
    pub threads: NonZero<usize>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            max_sounds: 100_000,
            perplexity: 30.0,
            steps: 750,
            seed: 1,
            threads: thread::available_parallelism().unwrap_or(NonZero::<usize>::MIN),
        }
    }
}

/// What a map in the making is at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// Reads the vectors of the sounds.
    Reading,
    /// Looks for the nearest others of each sound.
    Comparing,
    /// Moves the points to their places.
    Arranging,
}

/// How far a map in the making is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Progress {
    /// What it is at.
    pub stage: Stage,
    /// Share of this stage that is done, 0 to 1.
    pub done: f32,
}

/// Is told of the progress, some times a second; `Break` stops the work with
/// [`AtlasError::Stopped`](crate::AtlasError::Stopped).
pub type Watch<'a> = dyn FnMut(Progress) -> ControlFlow<()> + Send + 'a;
