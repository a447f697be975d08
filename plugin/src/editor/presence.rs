//! Whether anything is left of a window: a host may unload the plugin's code as soon as it has closed the editor, or end.
//!
//! On Linux that is more than the handler: the window's thread goes on to destroy the OpenGL context and to close the
//! connection to the X server. What belongs to that thread as a thread-local value is dropped when all this is done.

use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::Duration;

use super::shared::{Shared, lock};

/// Longest wait for a window to leave.
const PATIENCE: Duration = Duration::from_secs(2);

/// Whether there is a window.
#[derive(Default)]
pub(super) struct Presence {
    there: Mutex<bool>,
    left: Condvar,
}

impl Presence {
    /// Waits until nothing is left of the window, which takes a frame at most; not for ever, should it hang.
    pub(super) fn wait_until_left(&self) {
        let there = lock(&self.there);
        let waited = self.left.wait_timeout_while(there, PATIENCE, |there| *there);
        if waited.unwrap_or_else(PoisonError::into_inner).1.timed_out() {
            tracing::warn!("the window's thread has not ended in {} seconds", PATIENCE.as_secs());
        }
    }
}

/// Ends the presence.
pub(super) struct Leave(Arc<Shared>);

impl Drop for Leave {
    fn drop(&mut self) {
        *lock(&self.0.presence.there) = false;
        self.0.presence.left.notify_all();
    }
}

/// There is a window from now on, until its thread has ended; called on that thread.
#[cfg(target_os = "linux")]
pub(super) fn stay(shared: &Arc<Shared>) -> Option<Leave> {
    use std::cell::RefCell;

    thread_local! {
        static LEAVE: RefCell<Option<Leave>> = const { RefCell::new(None) };
    }
    *lock(&shared.presence.there) = true;
    LEAVE.set(Some(Leave(Arc::clone(shared))));
    None
}

/// There is a window from now on, until what is returned is dropped with its handler.
#[cfg(not(target_os = "linux"))]
pub(super) fn stay(shared: &Arc<Shared>) -> Option<Leave> {
    *lock(&shared.presence.there) = true;
    Some(Leave(Arc::clone(shared)))
}
