//! Ctrl-C: the first asks for an orderly end, the second ends at once (which costs no more than the segment in work).

use std::process;
use std::sync::atomic::{AtomicBool, Ordering};

static INTERRUPTED: AtomicBool = AtomicBool::new(false);

/// The flag that is set by Ctrl-C or a request to terminate, from now on.
pub(crate) fn flag() -> &'static AtomicBool {
    let handle = || {
        if INTERRUPTED.swap(true, Ordering::Relaxed) {
            process::exit(130);
        }
    };
    if let Err(error) = ctrlc::set_handler(handle) {
        tracing::warn!("Ctrl-C will end the program at once: {error}");
    }
    &INTERRUPTED
}
