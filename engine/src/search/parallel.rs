//! The same work on several threads.

use std::num::NonZero;
use std::sync::LazyLock;
use std::thread;

/// Threads that a search may use. The system is asked once: it reads files to answer, which takes a tenth of a search.
pub(super) fn threads() -> usize {
    static THREADS: LazyLock<usize> =
        LazyLock::new(|| thread::available_parallelism().map_or(1, NonZero::get));
    *THREADS
}

/// Runs `work` on so many threads, at least on this one, and returns what each came to.
pub(super) fn on_threads<T: Send>(threads: usize, work: impl Fn() -> T + Sync) -> Vec<T> {
    thread::scope(|scope| {
        let helpers: Vec<_> = (1..threads).map(|_| scope.spawn(&work)).collect();
        let mut results = vec![work()];
        for helper in helpers {
            match helper.join() {
                Ok(result) => results.push(result),
                Err(panic) => std::panic::resume_unwind(panic),
            }
        }
        results
    })
}
