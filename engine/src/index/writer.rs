//! The one process that changes a library.
//!
//! Every change is a commit: a finished segment, tombstones, or both, made valid by one atomic replacement of the
//! manifest. What a crash leaves behind (temporary files, segments that no manifest names) is swept up by the next
//! writer.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use super::lock::{WriterLock, is_lock_file};
use super::merge::{Merge, Merged};
use super::paths::bytes_of_path;
use super::{
    IndexError, Manifest, ModelId, Root, Segment, SegmentEntry, SegmentWriter, Snapshot, SoundId, files,
};

/// How often a merge in the background is looked after once its result is wanted.
const TICK: Duration = Duration::from_millis(20);

/// Holds a library's lock and commits changes to it.
#[derive(Debug)]
pub struct LibraryWriter {
    dir: PathBuf,
    snapshot: Snapshot,
    merging: Option<Merging>,
    _lock: WriterLock,
}

/// A merge under way on a thread of its own.
#[derive(Debug)]
struct Merging {
    /// What its files' names begin with.
    stem: String,
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<Result<Option<Merged>, IndexError>>>,
}

impl LibraryWriter {
    /// Opens a library for writing, making it when there is none.
    ///
    /// # Errors
    /// `Locked` while another writer is at work, `OtherModel` when the library was made with another model, and
    /// whatever is wrong with the manifest or the folder.
    pub fn open(dir: &Path, model: &ModelId) -> Result<Self, IndexError> {
        Self::open_as(dir, model, false)
    }

    /// As [`LibraryWriter::open`], for a writer that gives way: it ends soon after
    /// [`PauseRequest::is_made`](super::PauseRequest::is_made) says that another one waits.
    ///
    /// # Errors
    /// As [`LibraryWriter::open`].
    pub fn open_giving_way(dir: &Path, model: &ModelId) -> Result<Self, IndexError> {
        Self::open_as(dir, model, true)
    }

    fn open_as(dir: &Path, model: &ModelId, gives_way: bool) -> Result<Self, IndexError> {
        fs::create_dir_all(dir).map_err(|source| IndexError::io(dir, "create the library folder", source))?;
        refuse_foreign_folder(dir)?;
        let writer = Self::locked(dir, Some(model), gives_way)?;
        let library = &writer.snapshot.manifest().model;
        if library != model {
            return Err(IndexError::OtherModel {
                path: dir.into(),
                library: library.to_string(),
                library_name: library.name.clone(),
                wanted: model.to_string(),
            });
        }
        Ok(writer)
    }

    /// Opens a library that exists, whatever its model, for changes that embed nothing.
    ///
    /// # Errors
    /// `NoLibrary`, `Locked`, and whatever is wrong with the manifest.
    pub fn open_existing(dir: &Path) -> Result<Self, IndexError> {
        Manifest::read(dir)?;
        Self::locked(dir, None, false)
    }

    fn locked(dir: &Path, model: Option<&ModelId>, gives_way: bool) -> Result<Self, IndexError> {
        let lock = WriterLock::acquire(dir, gives_way)?;
        let manifest = match (Manifest::read(dir), model) {
            (Err(IndexError::NoLibrary { .. }), Some(model)) => {
                let manifest = Manifest::empty(model.clone());
                manifest.write(dir)?;
                manifest
            }
            (manifest, _) => manifest?,
        };
        let writer =
            Self { dir: dir.into(), snapshot: Snapshot::of(dir, manifest), merging: None, _lock: lock };
        writer.sweep();
        Ok(writer)
    }

    /// The library as of the last commit.
    pub fn snapshot(&self) -> &Snapshot {
        &self.snapshot
    }

    /// The number of a root; a new folder gets one, which the next commit makes lasting.
    ///
    /// # Errors
    /// `Path` when the path cannot be stored or 65,535 roots exist.
    pub fn root(&mut self, path: &Path) -> Result<u16, IndexError> {
        let bytes = bytes_of_path(path)?;
        let manifest = self.snapshot.manifest();
        if let Some(root) = manifest.roots.iter().find(|root| root.path == bytes) {
            return Ok(root.id);
        }
        let id = manifest.next_root;
        if id == u16::MAX {
            return Err(IndexError::Path { path: path.into(), what: "the library has too many folders" });
        }
        let mut roots = manifest.roots.clone();
        roots.push(Root { id, path: bytes, whole: false, offline: false });
        self.snapshot.set_roots(roots, id + 1);
        Ok(id)
    }

    /// Notes that the whole of a folder belongs to the library, from the next commit on; tells whether that is new.
    ///
    /// # Errors
    /// As [`LibraryWriter::root`].
    pub fn add_folder(&mut self, path: &Path) -> Result<bool, IndexError> {
        let id = self.root(path)?;
        let mut roots = self.snapshot.manifest().roots.clone();
        let root = roots.iter_mut().find(|root| root.id == id && !root.whole);
        let new = root.map(|root| root.whole = true).is_some();
        let next_root = self.snapshot.manifest().next_root;
        self.snapshot.set_roots(roots, next_root);
        Ok(new)
    }

    /// Begins the segment that the next [`LibraryWriter::commit`] may add.
    ///
    /// # Errors
    /// `Io` or `DiskFull`.
    pub fn begin_segment(&self) -> Result<SegmentWriter, IndexError> {
        let manifest = self.snapshot.manifest();
        let path = self.dir.join(format!("{:016x}.segment", manifest.generation + 1));
        SegmentWriter::create(&path, manifest.model.clone())
    }

    /// Makes a segment and tombstones part of the library, both or neither.
    ///
    /// Sounds keep their [`SoundId`] over commits until [`LibraryWriter::tidy`].
    ///
    /// # Errors
    /// `Io` or `DiskFull`; the library is then as it was before.
    pub fn commit(
        &mut self,
        segment: Option<SegmentWriter>,
        gone: &BTreeSet<SoundId>,
    ) -> Result<(), IndexError> {
        let mut manifest = self.snapshot.manifest().clone();
        manifest.generation += 1;
        let mut by_segment: BTreeMap<u32, Vec<u32>> = BTreeMap::new();
        for id in gone {
            by_segment.entry(id.segment).or_default().push(id.sound);
        }
        for (at, sounds) in by_segment {
            let Some(entry) = manifest.segments.get_mut(at as usize) else { continue };
            entry.tombstones.extend(sounds);
            entry.tombstones.sort_unstable();
            entry.tombstones.dedup();
        }
        let mut added = None;
        if let Some(segment) = segment.filter(|segment| segment.sounds() > 0) {
            let segment = segment.finish()?;
            manifest.segments.push(entry_of(&segment));
            added = Some(segment);
        }
        self.replace_manifest(manifest, added)
    }

    /// Forgets a root; its sounds must be gone or given to another root before.
    ///
    /// # Errors
    /// `Io` or `DiskFull`; the library is then as it was before.
    pub fn remove_roots(&mut self, unused: &BTreeSet<u16>) -> Result<(), IndexError> {
        let mut manifest = self.snapshot.manifest().clone();
        manifest.generation += 1;
        manifest.roots.retain(|root| !unused.contains(&root.id));
        self.replace_manifest(manifest, None)
    }

    /// Drops segments by their files, with every sound in them: what is damaged cannot be mended, only indexed again.
    ///
    /// # Errors
    /// `Io` or `DiskFull`; the library is then as it was before.
    pub fn drop_segments(&mut self, files: &BTreeSet<PathBuf>) -> Result<(), IndexError> {
        let mut manifest = self.snapshot.manifest().clone();
        manifest.generation += 1;
        manifest.segments.retain(|entry| !files.contains(&self.dir.join(&entry.file)));
        self.replace_manifest(manifest, None)
    }

    /// Begins to merge segments on a thread of its own, if a merge is due (see the module `merge`). Nothing changes in
    /// the library before [`LibraryWriter::tidy`]; commits go on meanwhile.
    pub fn merge_in_background(&mut self) {
        if self.merging.is_some() {
            return;
        }
        let Some(merge) = Merge::due(&self.snapshot) else { return };
        let stop = Arc::new(AtomicBool::new(false));
        let stem = merge.stem();
        let asked = Arc::clone(&stop);
        let thread = thread::Builder::new()
            .name("merge".to_owned())
            .spawn(files::on_the_same_disk(move || merge.carry_out(&|| asked.load(Ordering::Relaxed))));
        // Without a thread, `tidy` merges.
        self.merging = thread.ok().map(|thread| Merging { stem, stop, thread: Some(thread) });
    }

    /// Waits until the merge in the background has come to its end, for better or worse.
    #[cfg(test)]
    pub(super) fn wait_for_merge(&self) {
        let thread = self.merging.as_ref().and_then(|merging| merging.thread.as_ref());
        while thread.is_some_and(|thread| !thread.is_finished()) {
            thread::yield_now();
        }
    }

    /// Drops segments of which every sound is gone, and merges segments where that is due, so that a library built in
    /// many runs stays quick to open and search, gives the space of gone sounds back and has the present format. Sounds
    /// get other [`SoundId`]s. Ends early, in good order, once `stop` says so.
    ///
    /// # Errors
    /// `Io` or `DiskFull`; the library is then as after the last merge that succeeded.
    pub fn tidy(&mut self, stop: &dyn Fn() -> bool) -> Result<(), IndexError> {
        if let Some(merged) = self.end_merging(stop)? {
            self.install(merged)?;
        }
        let mut manifest = self.snapshot.manifest().clone();
        let before = manifest.segments.len();
        manifest.segments.retain(|entry| entry.tombstones.len() < entry.sounds as usize);
        if manifest.segments.len() < before {
            manifest.generation += 1;
            self.replace_manifest(manifest, None)?;
        }
        while let Some(merge) = Merge::due(&self.snapshot).filter(|_| !stop()) {
            let Some(merged) = merge.carry_out(stop)? else { break };
            self.install(merged)?;
        }
        Ok(())
    }

    /// The result of the merge in the background.
    fn end_merging(&mut self, stop: &dyn Fn() -> bool) -> Result<Option<Merged>, IndexError> {
        let Some(mut merging) = self.merging.take() else { return Ok(None) };
        let Some(thread) = merging.thread.take() else { return Ok(None) };
        while !thread.is_finished() {
            if stop() {
                merging.stop.store(true, Ordering::Relaxed);
            }
            thread::sleep(TICK);
        }
        match thread.join() {
            Ok(merged) => merged,
            Err(panic) => std::panic::resume_unwind(panic),
        }
    }

    /// Puts a merged segment in the place of its sources.
    fn install(&mut self, merged: Merged) -> Result<(), IndexError> {
        let mut manifest = self.snapshot.manifest().clone();
        manifest.generation += 1;
        match merged.replace(&manifest.segments, entry_of(&merged.segment)) {
            Some(segments) => {
                manifest.segments = segments;
                self.replace_manifest(manifest, Some(merged.segment))
            }
            // A source was dropped meanwhile; nothing names the result.
            None => {
                drop(merged);
                self.sweep();
                Ok(())
            }
        }
    }

    /// Registers folders before the commit that makes them lasting.
    pub(super) fn set_roots(&mut self, roots: Vec<Root>, next_root: u16) {
        self.snapshot.set_roots(roots, next_root);
    }

    pub(super) fn replace_manifest(
        &mut self,
        manifest: Manifest,
        added: Option<Segment>,
    ) -> Result<(), IndexError> {
        if let Err(error) = manifest.write(&self.dir) {
            // It may have its name although that could not be made durable; going on from the old one would give the
            // same names to other segments.
            if let Ok(found) = Manifest::read(&self.dir)
                && found.generation > self.snapshot.manifest().generation
            {
                self.snapshot = self.snapshot.next(found, None);
            }
            return Err(error);
        }
        self.snapshot = self.snapshot.next(manifest, added);
        self.sweep();
        Ok(())
    }

    /// Removes what no manifest names: temporary files and segments of crashed or superseded writes. A file that
    /// cannot be removed (mapped by a reader on Windows) is left for the next time.
    fn sweep(&self) {
        let named: BTreeSet<&str> =
            self.snapshot.manifest().segments.iter().map(|entry| entry.file.as_str()).collect();
        let Ok(entries) = fs::read_dir(&self.dir) else { return };
        for entry in entries.flatten() {
            let name = entry.file_name();
            let Some(name) = name.to_str() else { continue };
            let in_work = self.merging.as_ref().is_some_and(|merging| name.starts_with(&merging.stem));
            if is_ours(name) && !named.contains(name) && !in_work {
                let _ = files::remove(&entry.path());
            }
        }
    }
}

impl Drop for Merging {
    fn drop(&mut self) {
        // The result would come too late; the thread must not outlive the lock.
        self.stop.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// Whether a name is one that this module gives to segments and temporary files.
fn is_ours(name: &str) -> bool {
    let numbered = name.strip_suffix(".segment").or_else(|| {
        // Tables in work have their number behind that of the segment.
        let stem = name.strip_suffix(".tmp")?;
        Some(
            stem.split_once('.')
                .filter(|(_, table)| table.parse::<u8>().is_ok())
                .map_or(stem, |(stem, _)| stem),
        )
    });
    name == "manifest.tmp"
        || numbered.is_some_and(|stem| stem.len() == 16 && stem.bytes().all(|byte| byte.is_ascii_hexdigit()))
}

/// A folder of other things must not become a library: its files could be taken for ours.
fn refuse_foreign_folder(dir: &Path) -> Result<(), IndexError> {
    if !matches!(Manifest::read(dir), Err(IndexError::NoLibrary { .. })) {
        return Ok(());
    }
    let entries = fs::read_dir(dir).map_err(|source| IndexError::io(dir, "read", source))?;
    for entry in entries.flatten() {
        let name = entry.file_name();
        // What a first run that was killed leaves behind, and what file managers put into every folder.
        let harmless = |name: &str| is_lock_file(name) || name.starts_with('.') || is_ours(name);
        if !name.to_str().is_some_and(harmless) {
            return Err(IndexError::ForeignFolder {
                path: dir.into(),
                found: name.to_string_lossy().into_owned(),
            });
        }
    }
    Ok(())
}

fn entry_of(segment: &Segment) -> SegmentEntry {
    SegmentEntry {
        file: segment.path().file_name().unwrap_or_default().to_string_lossy().into_owned(),
        bytes: segment.len_bytes(),
        sounds: segment.sound_rows().len() as u32,
        frames: segment.frame_rows().len() as u32,
        tombstones: Vec::new(),
    }
}
