//! What is watched, what there is to tell of it, and one run of indexing that stops when another process asks for it.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use crate::index::{IndexError, PauseRequest};
use crate::network::Network;
use crate::ucs::LabelTable;

use super::walk::Walked;
use super::{IndexingError, Observer, Request, Summary, index};

/// How often to see whether somebody asks for a pause.
const LOOK_UP_EVERY: Duration = Duration::from_millis(250);

/// What to watch and how.
pub struct WatchRequest<'a> {
    /// The library's folder.
    pub library: &'a Path,
    /// Folders to add to it; it may be empty when the library has some already.
    pub folders: &'a [PathBuf],
    /// The network.
    pub network: &'a Network,
    /// Labels that outrank those of file names and metadata.
    pub labels: Option<&'a LabelTable>,
    /// Number of workers, at least 1.
    pub jobs: usize,
    /// How long a file has to be left alone before it is looked into.
    pub settle: Duration,
    /// How often to walk folders that cannot be watched.
    pub poll: Duration,
    /// Whether to walk all folders, also those that could be watched.
    pub poll_all: bool,
    /// Set to stop.
    pub cancel: &'a AtomicBool,
}

/// What there is to tell while a library is watched.
#[derive(Clone, Debug)]
pub enum News {
    /// A folder is being watched, or walked every so often.
    Watching {
        /// The folder.
        folder: PathBuf,
        /// Whether it is walked.
        polled: bool,
    },
    /// A folder is not there any more; its sounds are kept.
    Offline(PathBuf),
    /// A folder is there again.
    Online(PathBuf),
    /// Something was looked into, and this came of it.
    Updated(Box<Summary>),
    /// Another process asked for a pause.
    Paused,
    /// The pause is over.
    Resumed,
    /// Something is wrong that may pass.
    Trouble(String),
}

/// One run that ends when the user or another process wants it to.
pub(super) fn run(request: &WatchRequest<'_>, walked: Walked) -> Result<Summary, IndexingError> {
    let (stop, done) = (AtomicBool::new(false), AtomicBool::new(false));
    thread::scope(|scope| {
        let look_out = scope.spawn(|| {
            while !done.load(Ordering::Relaxed) {
                if request.cancel.load(Ordering::Relaxed) || PauseRequest::is_made(request.library) {
                    stop.store(true, Ordering::Relaxed);
                }
                thread::park_timeout(LOOK_UP_EVERY);
            }
        });
        let job = Request {
            library: request.library,
            network: request.network,
            labels: request.labels,
            jobs: request.jobs,
            cancel: &stop,
            gives_way: true,
        };
        let summary = index(&job, walked, &mut Silent);
        done.store(true, Ordering::Relaxed);
        look_out.thread().unpark();
        summary
    })
}

/// Whether it may be well later by itself.
pub(super) fn passes(error: &IndexingError) -> bool {
    matches!(
        error,
        IndexingError::Folder { .. }
            | IndexingError::Library(
                IndexError::DiskFull { .. } | IndexError::Io { .. } | IndexError::Lost { .. }
            )
    )
}

/// Nobody watches the watcher.
struct Silent;

impl Observer for Silent {
    fn planned(&mut self, _: usize, _: u64) {}
    fn tick(&mut self, _: f64) {}
    fn file_done(&mut self, _: &Path, _: u64, _: Option<&str>) {}
}
