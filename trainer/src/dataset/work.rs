//! How long work is done: on how many threads, who hears of it, who may stop it.

use std::num::NonZero;
use std::sync::atomic::{AtomicBool, Ordering};

/// How far a long computation is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Progress {
    /// What is being done, in a word or two.
    pub what: &'static str,
    /// Clips done.
    pub done: usize,
    /// Clips in all.
    pub total: usize,
}

/// The threads, the listener and the brake of a long computation. The results do not depend on it.
#[derive(Clone, Copy)]
pub struct Work<'a> {
    /// Threads to work on.
    pub jobs: NonZero<usize>,
    /// Raised by another thread to end the work early.
    pub stop: &'a AtomicBool,
    /// Hears of progress, from any of the threads.
    pub progress: &'a (dyn Fn(Progress) + Sync),
}

impl Work<'_> {
    /// Whether the work should end.
    pub fn stopped(&self) -> bool {
        self.stop.load(Ordering::Relaxed)
    }
}

impl std::fmt::Debug for Work<'_> {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Work").field("jobs", &self.jobs).finish_non_exhaustive()
    }
}
