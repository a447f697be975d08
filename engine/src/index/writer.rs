//! The one process that changes a library.
//!
//! Every change is a commit: a finished segment, tombstones, or both, made valid by one atomic replacement of the
//! manifest. What a crash leaves behind (temporary files, segments that no manifest names) is swept up by the next
//! writer.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use super::lock::{WriterLock, is_lock_file};
use super::paths::bytes_of_path;
use super::{
    IndexError, Manifest, ModelId, Root, Segment, SegmentEntry, SegmentWriter, Snapshot, SoundId, files,
};

/// Segments below this many frames are merged with each other …
const SMALL_SEGMENT_FRAMES: u32 = 1 << 16;
/// … until they hold so many or a little more: tables of a segment in work are in memory.
const MERGED_SEGMENT_FRAMES: usize = 1 << 18;
/// So many small or half-empty segments are let be.
const WORN_SEGMENTS_KEPT: usize = 8;

/// Holds a library's lock and commits changes to it.
#[derive(Debug)]
pub struct LibraryWriter {
    dir: PathBuf,
    snapshot: Snapshot,
    _lock: WriterLock,
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
        let writer = Self { dir: dir.into(), snapshot: Snapshot::of(dir, manifest), _lock: lock };
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

    /// Drops segments of which every sound is gone, and merges small or half-empty segments when there are many, so
    /// that a library built in many runs stays quick to open and search and gives the space of gone sounds back.
    /// Sounds get other [`SoundId`]s. Ends early, in good order, once `stop` says so.
    ///
    /// # Errors
    /// `Io` or `DiskFull`; the library is then as after the last merge that succeeded.
    pub fn tidy(&mut self, stop: &dyn Fn() -> bool) -> Result<(), IndexError> {
        let worn: BTreeSet<String> = self.worn_segments();
        if worn.len() > WORN_SEGMENTS_KEPT {
            while !stop() && self.merge_some(&worn)? {}
        }
        let mut manifest = self.snapshot.manifest().clone();
        let before = manifest.segments.len();
        manifest.segments.retain(|entry| entry.tombstones.len() < entry.sounds as usize);
        if manifest.segments.len() < before {
            manifest.generation += 1;
            self.replace_manifest(manifest, None)?;
        }
        Ok(())
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

    /// Segments that are small or of which half is gone.
    fn worn_segments(&self) -> BTreeSet<String> {
        let worn = |entry: &&SegmentEntry| {
            entry.frames < SMALL_SEGMENT_FRAMES || entry.tombstones.len() * 2 > entry.sounds as usize
        };
        self.snapshot.manifest().segments.iter().filter(worn).map(|entry| entry.file.clone()).collect()
    }

    /// Merges so many of these segments as fill one; tells whether there was anything to merge.
    fn merge_some(&mut self, worn: &BTreeSet<String>) -> Result<bool, IndexError> {
        let mut merged = self.begin_segment()?;
        let mut moved = BTreeSet::new();
        for (at, segment) in self.snapshot.segments() {
            let entry = &self.snapshot.manifest().segments[at as usize];
            if merged.frames() >= MERGED_SEGMENT_FRAMES || !worn.contains(&entry.file) {
                continue;
            }
            for sound in segment.sounds() {
                let id = SoundId { segment: at, sound: sound.number() };
                // A row that points nowhere stays where it is, for `verify` to report.
                if let (true, Ok(record), Ok(_)) =
                    (self.snapshot.is_live(id), sound.record(), sound.frame_range())
                {
                    merged.copy(&record, &sound)?;
                    moved.insert(id);
                }
            }
        }
        if moved.is_empty() {
            return Ok(false);
        }
        self.commit(Some(merged), &moved)?;
        Ok(true)
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
            if is_ours(name) && !named.contains(name) {
                let _ = files::remove(&entry.path());
            }
        }
    }
}

/// Whether a name is one that this module gives to segments and temporary files.
fn is_ours(name: &str) -> bool {
    let numbered = name.strip_suffix(".segment").or_else(|| name.strip_suffix(".tmp"));
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
