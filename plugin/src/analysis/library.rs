//! The libraries in use: opened off the analysis, because disks may be slow, and opened again when they change.

use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use earmark_engine::index::{IndexError, Snapshot};

use crate::exchange::{Library, LibraryState};
use crate::worker::{Worker, stopped};

/// How often the files are looked at.
const INTERVAL: Duration = Duration::from_millis(500);
/// The file of a library that is replaced with every change.
const MANIFEST: &str = "manifest";

/// A library at one moment.
#[derive(Clone)]
pub(crate) struct OpenLibrary {
    /// Grows with every change.
    pub(crate) revision: u64,
    /// What the window shows of it.
    pub(crate) shown: Arc<Library>,
    /// To be searched, when it can be.
    pub(crate) snapshot: Option<Arc<Snapshot>>,
}

/// What the manifest's file looked like; `None`: not there.
type Stamp = Option<(SystemTime, u64)>;

struct Watched {
    stamp: Stamp,
    looked: bool,
    library: OpenLibrary,
}

#[derive(Default)]
struct Shared {
    libraries: Mutex<HashMap<PathBuf, Watched>>,
    hurry: AtomicBool,
}

/// Watches libraries on a thread of its own.
pub(crate) struct Libraries {
    shared: Arc<Shared>,
    worker: Option<Worker>,
}

impl Libraries {
    /// Watches nothing yet, and starts no thread.
    pub(crate) fn new() -> Self {
        Self { shared: Arc::default(), worker: None }
    }

    /// The library in a folder as last seen; from the first call on it is watched.
    pub(crate) fn get(&mut self, dir: &Path) -> OpenLibrary {
        if self.worker.is_none() {
            let shared = Arc::clone(&self.shared);
            self.worker = Worker::start("earmark-library", move |stop| watch(&shared, stop)).ok();
        }
        let mut libraries = self.shared.libraries.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(watched) = libraries.get(dir) {
            return watched.library.clone();
        }
        let shown = Arc::new(Library { dir: Some(dir.into()), state: LibraryState::Opening });
        let library = OpenLibrary { revision: 0, shown, snapshot: None };
        libraries.insert(dir.to_owned(), Watched { stamp: None, looked: false, library: library.clone() });
        drop(libraries);
        self.hurry();
        library
    }

    /// Has the watcher open a library anew at once, whether it has changed or not.
    pub(crate) fn retry(&self, dir: &Path) {
        let mut libraries = self.shared.libraries.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(watched) = libraries.get_mut(dir) {
            watched.looked = false;
        }
        drop(libraries);
        self.hurry();
    }

    fn hurry(&self) {
        self.shared.hurry.store(true, Ordering::Release);
    }
}

fn watch(shared: &Shared, stop: &AtomicBool) {
    while !stopped(stop) {
        let hurry = shared.hurry.swap(false, Ordering::AcqRel);
        let seen: Vec<(PathBuf, Stamp, bool)> = {
            let libraries = shared.libraries.lock().unwrap_or_else(PoisonError::into_inner);
            libraries.iter().map(|(dir, watched)| (dir.clone(), watched.stamp, watched.looked)).collect()
        };
        for (dir, stamp, looked) in seen {
            let now = stamp_of(&dir);
            if looked && now == stamp {
                continue;
            }
            let (state, opened) = open(&dir);
            let failed = matches!(state, LibraryState::Failed { .. });
            let mut libraries = shared.libraries.lock().unwrap_or_else(PoisonError::into_inner);
            if let Some(watched) = libraries.get_mut(&dir) {
                watched.stamp = now;
                watched.looked = true;
                // What was opened before stays in use while its replacement cannot be read.
                let kept = watched.library.snapshot.take().filter(|_| failed);
                let shown = Arc::new(Library { dir: Some(dir.as_path().into()), state });
                let revision = watched.library.revision + 1;
                watched.library = OpenLibrary { revision, shown, snapshot: opened.clone().or(kept) };
            }
            drop(libraries);
            if let Some(snapshot) = opened {
                // So that the first search does not wait for the disk.
                snapshot.prewarm();
            }
        }
        // In small steps, so that a wish or the end is noticed soon.
        let mut waited = Duration::ZERO;
        while waited < INTERVAL && !stopped(stop) && !shared.hurry.load(Ordering::Acquire) && !hurry {
            std::thread::park_timeout(Duration::from_millis(50));
            waited += Duration::from_millis(50);
        }
    }
}

fn stamp_of(dir: &Path) -> Stamp {
    let metadata = fs::metadata(dir.join(MANIFEST)).ok()?;
    Some((metadata.modified().unwrap_or(SystemTime::UNIX_EPOCH), metadata.len()))
}

fn open(dir: &Path) -> (LibraryState, Option<Arc<Snapshot>>) {
    match Snapshot::open(dir) {
        Ok(snapshot) => {
            let manifest = snapshot.manifest();
            let gone: usize = manifest.segments.iter().map(|segment| segment.tombstones.len()).sum();
            let rows: usize = snapshot.segments().map(|(_, segment)| segment.sound_rows().len()).sum();
            let state = LibraryState::Open {
                sounds: rows.saturating_sub(gone),
                frames: snapshot.segments().map(|(_, segment)| segment.frame_rows().len()).sum(),
                model: manifest.model.name.clone(),
                damaged_sounds: snapshot.damage().iter().map(|damage| damage.sounds as usize).sum(),
            };
            (state, Some(Arc::new(snapshot)))
        }
        Err(IndexError::NoLibrary { .. }) => (LibraryState::Missing { command: command_for(dir) }, None),
        Err(error) => (LibraryState::Failed { message: error.to_string() }, None),
    }
}

/// The command that makes a library in a folder.
fn command_for(dir: &Path) -> String {
    if earmark_engine::index::default_library_dir().as_deref() == Some(dir) {
        "earmark index PATH/TO/YOUR/SOUNDS".to_owned()
    } else {
        format!("earmark index PATH/TO/YOUR/SOUNDS --library \"{}\"", dir.display())
    }
}
