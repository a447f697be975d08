//! Keeps a library current: looks into what the system says has changed, and now and then at everything.
//!
//! Folders on local drives are watched through the system (inotify, FSEvents, ReadDirectoryChangesW); network drives,
//! which tell nobody what other computers do, are walked from time to time. What changes is looked into once it has
//! been quiet for a moment, so that a file being written is read once. A folder that goes away is noticed and marked
//! offline, and looked through when it comes back; nothing of it is decoded again. Whenever another process holds a
//! [`PauseRequest`], as every writer does that waits for its turn, the work stops and goes on later.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant, SystemTime};

use crossbeam_channel::{Receiver, Sender, bounded};
use notify::{Event, EventKind, RecommendedWatcher, RecursiveMode, Watcher};

use crate::index::{IndexError, Manifest, PauseRequest, Root, is_network_drive};

use super::IndexingError;
use super::walk::{Problem, Walked, absolute_or_gone, has_entries, is_sound_file, walk_known, walk_parts};
use super::watch_run::{News, WatchRequest, passes, run};

/// How often to look at clocks and flags.
const TICK: Duration = Duration::from_millis(250);
/// How often to see whether folders have come or gone.
const PRESENCE_EVERY: Duration = Duration::from_secs(2);
/// Events can be lost: everything is looked at so often all the same.
const LOOK_AGAIN_EVERY: Duration = Duration::from_secs(6 * 3600);
/// What is ready waits for what is not at most for so many times the settling time.
const MAX_WAITS: u32 = 10;
/// How long to leave things alone after the library could not be written to.
const BACK_OFF: Duration = Duration::from_secs(30);
/// Events that may wait to be read; when there are more, everything is looked at.
const EVENTS: usize = 4096;
/// More changed paths than this are not looked into one by one.
const MANY_PATHS: usize = 10_000;

/// Watches a library's folders until cancelled, and keeps the library current.
///
/// Files that were indexed one by one, without their folder, are not watched.
///
/// # Errors
/// What makes it pointless to go on: no library, another model, a damaged manifest, folders that never were there.
pub fn watch(request: &WatchRequest<'_>, tell: &mut dyn FnMut(News)) -> Result<(), IndexingError> {
    let (send, events) = bounded(EVENTS);
    let mut watching = Watching {
        request,
        library: absolute_or_gone(request.library),
        tell,
        send,
        watcher: None,
        overflow: std::sync::Arc::default(),
        folders: BTreeMap::new(),
        dirty: BTreeMap::new(),
        paused: false,
        rest_until: None,
        presence_at: Instant::now(),
        manifest_at: None,
        told: Vec::new(),
    };
    watching.begin()?;
    while !request.cancel.load(Ordering::Relaxed) {
        watching.hear(&events);
        watching.look_for_folders();
        if watching.may_work() {
            watching.work()?;
        }
    }
    Ok(())
}

/// A folder of the library.
struct Folder {
    /// Whether it was there, and not an empty mount point, when last looked for.
    present: bool,
    /// Whether it is walked rather than watched.
    polled: bool,
    /// When it is to be walked as a whole.
    due: Instant,
    /// What the library says of it, if it has it: whether it is offline.
    offline: Option<bool>,
}

struct Watching<'a> {
    request: &'a WatchRequest<'a>,
    /// As events name it.
    library: PathBuf,
    tell: &'a mut dyn FnMut(News),
    send: Sender<Event>,
    watcher: Option<RecommendedWatcher>,
    /// Set when events were lost.
    overflow: std::sync::Arc<AtomicBool>,
    folders: BTreeMap<PathBuf, Folder>,
    /// What has changed, and when the last word of it came.
    dirty: BTreeMap<PathBuf, Instant>,
    paused: bool,
    rest_until: Option<Instant>,
    presence_at: Instant,
    /// Time and size of the manifest that was read last.
    manifest_at: Option<(SystemTime, u64)>,
    /// Problems that were told of already.
    told: Vec<Problem>,
}

impl Watching<'_> {
    /// Takes up the folders of the library and those to be added.
    fn begin(&mut self) -> Result<(), IndexingError> {
        let roots = match Manifest::read(self.request.library) {
            Ok(manifest) => manifest.roots,
            Err(IndexError::NoLibrary { .. }) if !self.request.folders.is_empty() => Vec::new(),
            Err(error) => return Err(error.into()),
        };
        for folder in self.request.folders {
            if !folder.is_dir() && !roots.iter().any(|root| root.path() == *folder) {
                return Err(IndexingError::Folder {
                    path: folder.clone(),
                    reason: "it is not a folder; check the path".into(),
                });
            }
            self.take_up(folder.clone(), None);
        }
        self.take_up_roots(&roots);
        if self.folders.is_empty() {
            return Err(IndexingError::Folder {
                path: self.request.library.into(),
                reason: "it has no folders to watch; name one, as in `earmark watch ~/Sounds`".into(),
            });
        }
        Ok(())
    }

    fn take_up_roots(&mut self, roots: &[Root]) {
        for root in roots.iter().filter(|root| root.whole) {
            self.take_up(root.path(), Some(root.offline));
        }
    }

    fn take_up(&mut self, path: PathBuf, offline: Option<bool>) {
        if self.folders.contains_key(&path) {
            return;
        }
        let now = Instant::now();
        let present = path.is_absolute() && has_entries(&path);
        self.folders.insert(path.clone(), Folder { present, polled: true, due: now, offline });
        if path.is_dir() {
            self.arm(&path);
        }
    }

    /// Begins to watch a folder, or to walk it now and then where that cannot be.
    fn arm(&mut self, path: &Path) {
        let mut polled = self.request.poll_all || is_network_drive(path);
        if !polled && let Err(error) = self.listen_to(path) {
            let trouble = format!("{}: cannot be watched, it is walked instead: {error}", path.display());
            (self.tell)(News::Trouble(trouble));
            polled = true;
        }
        if let Some(folder) = self.folders.get_mut(path) {
            folder.polled = polled;
        }
        (self.tell)(News::Watching { folder: path.into(), polled });
    }

    fn listen_to(&mut self, path: &Path) -> notify::Result<()> {
        let mut watcher = match self.watcher.take() {
            Some(watcher) => watcher,
            None => {
                let (send, overflow) = (self.send.clone(), self.overflow.clone());
                notify::recommended_watcher(move |event: notify::Result<Event>| {
                    let heard = match event {
                        // What is only read concerns nobody.
                        Ok(event) if matches!(event.kind, EventKind::Access(_)) => true,
                        Ok(event) => !event.need_rescan() && send.try_send(event).is_ok(),
                        Err(_) => false,
                    };
                    if !heard {
                        overflow.store(true, Ordering::Relaxed);
                    }
                })?
            }
        };
        // A watch of a former folder of that name is of no use any more.
        let _ = watcher.unwatch(path);
        let armed = watcher.watch(path, RecursiveMode::Recursive);
        self.watcher = Some(watcher);
        armed
    }

    /// Notes what has changed, waiting a moment for it.
    fn hear(&mut self, events: &Receiver<Event>) {
        let first = events.recv_timeout(TICK);
        for event in first.into_iter().chain(events.try_iter()) {
            let now = Instant::now();
            for path in event.paths {
                if self.concerns(&path) {
                    self.dirty.insert(path, now);
                }
            }
        }
        if self.overflow.swap(false, Ordering::Relaxed) || self.dirty.len() > MANY_PATHS {
            self.dirty.clear();
            let due = Instant::now() + self.request.settle;
            self.folders.values_mut().for_each(|folder| folder.due = folder.due.min(due));
        }
    }

    /// Whether a change there may be one of sounds: hidden files, other files and the library itself are none.
    fn concerns(&self, path: &Path) -> bool {
        let below = self.folders.keys().filter_map(|folder| path.strip_prefix(folder).ok());
        let Some(rest) = below.min_by_key(|rest| rest.as_os_str().len()) else { return false };
        let hidden = rest.iter().any(|name| name.as_encoded_bytes().starts_with(b"."));
        if hidden || path.starts_with(&self.library) {
            return false;
        }
        // A name that is gone may have been that of a folder.
        is_sound_file(path) || !path.is_file()
    }

    /// Sees which folders have come and gone.
    fn look_for_folders(&mut self) {
        if self.presence_at.elapsed() < PRESENCE_EVERY {
            return;
        }
        self.presence_at = Instant::now();
        self.follow_manifest();
        let changed: Vec<(PathBuf, bool)> = self
            .folders
            .iter()
            .map(|(path, folder)| (path, folder, path.is_absolute() && has_entries(path)))
            .filter(|(_, folder, present)| folder.present != *present)
            .map(|(path, _, present)| (path.clone(), present))
            .collect();
        for (path, present) in changed {
            if present {
                self.arm(&path);
            } else if let Some(watcher) = &mut self.watcher {
                let _ = watcher.unwatch(&path);
            }
            if let Some(folder) = self.folders.get_mut(&path) {
                folder.present = present;
                folder.due = Instant::now() + self.request.settle;
            }
        }
    }

    fn may_work(&mut self) -> bool {
        let asked = PauseRequest::is_made(self.request.library);
        if asked != self.paused {
            self.paused = asked;
            (self.tell)(if asked { News::Paused } else { News::Resumed });
        }
        !asked && self.rest_until.is_none_or(|until| Instant::now() >= until)
    }

    /// Looks into what is due.
    fn work(&mut self) -> Result<(), IndexingError> {
        let now = Instant::now();
        let due: Vec<PathBuf> = self
            .folders
            .iter()
            .filter(|(_, folder)| folder.due <= now)
            .map(|(path, _)| path.clone())
            .collect();
        if !due.is_empty() {
            return self.look_through(due);
        }
        let settle = self.request.settle;
        let settled = |at: &Instant| at.elapsed() >= settle;
        let all = self.dirty.values().all(settled);
        let late = self.dirty.values().any(|at| at.elapsed() >= settle * MAX_WAITS);
        if self.dirty.is_empty() || !(all || late) {
            return Ok(());
        }
        let ready: BTreeSet<PathBuf> =
            self.dirty.iter().filter(|(_, at)| settled(at)).map(|(path, _)| path.clone()).collect();
        self.dirty.retain(|path, _| !ready.contains(path));
        self.follow_manifest();
        for path in &ready {
            // The folder itself: only a walk of the whole tells whether it is there.
            if let Some(folder) = self.folders.get_mut(path) {
                folder.due = now;
            }
        }
        let parts = self.of_present_folders(&ready);
        let walked = walk_parts(&parts);
        if parts.len() > self.of_present_folders(&parts).len() {
            // A folder has gone meanwhile: what was not found may be there again with it.
            self.dirty.extend(parts.into_iter().map(|path| (path, now)));
        } else if !parts.is_empty() && !self.update(walked)? {
            self.dirty.extend(parts.into_iter().map(|path| (path, now)));
        }
        Ok(())
    }

    /// Those of the paths that lie inside folders that are there, all of them.
    fn of_present_folders(&self, paths: &BTreeSet<PathBuf>) -> BTreeSet<PathBuf> {
        let there: Vec<(&PathBuf, bool)> =
            self.folders.keys().map(|path| (path, has_entries(path))).collect();
        let inside = |path: &&PathBuf| {
            let mut around = there.iter().filter(|(folder, _)| path.starts_with(folder)).peekable();
            around.peek().is_some() && around.all(|(folder, there)| *there && *folder != *path)
        };
        paths.iter().filter(inside).cloned().collect()
    }

    /// Walks whole folders.
    fn look_through(&mut self, due: Vec<PathBuf>) -> Result<(), IndexingError> {
        let roots = Manifest::read(self.request.library).map(|manifest| manifest.roots).unwrap_or_default();
        // What has changed in them so far is seen on the way.
        self.dirty.retain(|path, _| !due.iter().any(|folder| path.starts_with(folder)));
        let walked = match walk_known(&due, &roots) {
            Ok(walked) => walked,
            Err(error) => {
                self.rest(&error);
                return Ok(());
            }
        };
        if self.update(walked)? {
            let now = Instant::now();
            for path in due {
                if let Some(folder) = self.folders.get_mut(&path) {
                    folder.due = now + if folder.polled { self.request.poll } else { LOOK_AGAIN_EVERY };
                }
            }
        }
        Ok(())
    }

    /// Brings the library up to date; false when that has to be tried again.
    fn update(&mut self, walked: Walked) -> Result<bool, IndexingError> {
        if self.manifest_at.is_some() && Manifest::stamp(self.request.library).is_none() {
            // Its drive may be unplugged: a new library at the mount point would be of no use.
            self.rest(&IndexError::NoLibrary { path: self.library.clone() }.into());
            return Ok(false);
        }
        let outcome = run(self.request, walked);
        let summary = match outcome {
            Ok(summary) => summary,
            Err(error) if passes(&error) => {
                self.rest(&error);
                return Ok(false);
            }
            // Another writer has the lock, or will have it as soon as we look away.
            Err(IndexingError::Library(IndexError::Locked { .. })) => {
                self.rest_until = Some(Instant::now() + PRESENCE_EVERY);
                return Ok(false);
            }
            Err(error) => return Err(error),
        };
        let done = !summary.cancelled;
        self.follow_manifest();
        let changes = summary.new + summary.changed + summary.moved + summary.removed + summary.relabelled;
        let news: Vec<Problem> =
            summary.problems.iter().filter(|problem| !self.told.contains(problem)).cloned().collect();
        if changes > 0 || !news.is_empty() {
            self.told.clone_from(&summary.problems);
            (self.tell)(News::Updated(Box::new(summary)));
        }
        Ok(done)
    }

    fn rest(&mut self, trouble: &IndexingError) {
        self.rest_until = Some(Instant::now() + BACK_OFF);
        (self.tell)(News::Trouble(trouble.to_string()));
    }

    /// Takes up what the library says of its folders: other processes add and forget some, too.
    fn follow_manifest(&mut self) {
        let stamp = Manifest::stamp(self.request.library);
        if stamp.is_none() || stamp == self.manifest_at {
            return;
        }
        let Ok(manifest) = Manifest::read(self.request.library) else { return };
        self.manifest_at = stamp;
        for root in &manifest.roots {
            let path = root.path();
            let Some(folder) = self.folders.get_mut(&path) else { continue };
            let before = folder.offline.replace(root.offline);
            if before.unwrap_or(false) != root.offline {
                (self.tell)(if root.offline { News::Offline(path) } else { News::Online(path) });
            }
        }
        let whole: BTreeSet<PathBuf> =
            manifest.roots.iter().filter(|root| root.whole).map(Root::path).collect();
        let forgotten: Vec<PathBuf> = self
            .folders
            .iter()
            .filter(|(path, folder)| folder.offline.is_some() && !whole.contains(*path))
            .map(|(path, _)| path.clone())
            .collect();
        for path in forgotten {
            self.folders.remove(&path);
            if let Some(watcher) = &mut self.watcher {
                let _ = watcher.unwatch(&path);
            }
        }
        self.take_up_roots(&manifest.roots);
    }
}
