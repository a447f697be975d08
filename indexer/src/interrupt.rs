//! Ctrl-C: the first asks for an orderly end, the second ends at once (which costs no more than the segment in work).

use std::process;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, LazyLock};

static INTERRUPTED: LazyLock<Arc<AtomicBool>> = LazyLock::new(|| {
    let flag = Arc::new(AtomicBool::new(false));
    let raised = Arc::clone(&flag);
    let handle = move || {
        if raised.swap(true, Ordering::Relaxed) {
            process::exit(130);
        }
    };
    if let Err(error) = ctrlc::set_handler(handle) {
        tracing::warn!("Ctrl-C will end the program at once: {error}");
    }
    flag
});

/// The flag that is set by Ctrl-C or a request to terminate, from the first call on.
pub(crate) fn flag() -> &'static Arc<AtomicBool> {
    &INTERRUPTED
}
