//! A library as it was at one moment: what a reader opens and keeps.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::paths::path_of_bytes;
use super::segment::{Segment, SoundRef};
use super::{IndexError, Manifest};

/// How often a reader looks again when a writer replaced the library under it.
const OPEN_ATTEMPTS: usize = 4;

/// A sound of a snapshot.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize)]
pub struct SoundId {
    /// Position of the segment in the snapshot.
    pub segment: u32,
    /// Number of the sound in the segment.
    pub sound: u32,
}

/// A segment that could not be opened; the others stay searchable.
#[derive(Debug)]
pub struct Damage {
    /// The segment's file.
    pub path: PathBuf,
    /// Sounds that are out of reach.
    pub sounds: u32,
    /// Why.
    pub error: IndexError,
}

impl Damage {
    /// Whether the segment is lost for good: its bytes are wrong or its file is gone. What a newer program wrote or
    /// the system does not let us read may be well.
    pub fn is_final(&self) -> bool {
        match &self.error {
            IndexError::Corrupt { .. } => true,
            IndexError::Io { source, .. } => source.kind() == std::io::ErrorKind::NotFound,
            _ => false,
        }
    }
}

/// An open library; it stays valid whatever a writer does.
#[derive(Clone, Debug)]
pub struct Snapshot {
    dir: PathBuf,
    manifest: Manifest,
    /// Of each manifest entry; `None` where it is damaged.
    segments: Vec<Option<Arc<Segment>>>,
    /// Of each manifest entry, one bit a sound; empty where nothing is gone.
    gone: Vec<Vec<u64>>,
    damage: Vec<Arc<Damage>>,
}

impl Snapshot {
    /// Opens the library in a folder.
    ///
    /// # Errors
    /// [`IndexError::NoLibrary`], and whatever is wrong with the manifest. Damaged segments are no error here: see
    /// [`Snapshot::damage`].
    pub fn open(dir: &Path) -> Result<Self, IndexError> {
        let mut snapshot = Self::of(dir, Manifest::read(dir)?);
        for _ in 1..OPEN_ATTEMPTS {
            if snapshot.damage.is_empty() {
                break;
            }
            // A writer may have merged segments away between our reading the manifest and opening them.
            let again = Manifest::read(dir)?;
            if again.generation == snapshot.manifest.generation {
                break;
            }
            snapshot = Self::of(dir, again);
        }
        Ok(snapshot)
    }

    /// A library of one segment that is held in memory, such as one of foreign bytes under test; it has no folders, so
    /// that its sounds have no full paths.
    pub fn of_segment(segment: Segment) -> Self {
        let path = segment.path().to_owned();
        let entry = super::SegmentEntry {
            file: path.to_string_lossy().into_owned(),
            bytes: segment.len_bytes(),
            sounds: segment.sound_rows().len() as u32,
            frames: segment.frame_rows().len() as u32,
            tombstones: Vec::new(),
        };
        let manifest = Manifest { segments: vec![entry], ..Manifest::empty(segment.model()) };
        Self::assemble(Path::new(""), manifest, BTreeMap::from([(path, Arc::new(segment))]))
    }

    pub(super) fn of(dir: &Path, manifest: Manifest) -> Self {
        Self::assemble(dir, manifest, BTreeMap::new())
    }

    /// After a commit: segments that are open stay so.
    pub(super) fn next(&self, manifest: Manifest, added: Option<Segment>) -> Self {
        let kept = self.segments().map(|(_, segment)| Arc::clone(segment));
        let open =
            kept.chain(added.map(Arc::new)).map(|segment| (segment.path().to_owned(), segment)).collect();
        Self::assemble(&self.dir, manifest, open)
    }

    fn assemble(dir: &Path, manifest: Manifest, mut open: BTreeMap<PathBuf, Arc<Segment>>) -> Self {
        let mut snapshot = Self {
            dir: dir.into(),
            segments: Vec::new(),
            gone: Vec::new(),
            damage: Vec::new(),
            manifest: Manifest { segments: Vec::new(), ..manifest.clone() },
        };
        for entry in manifest.segments {
            let path = dir.join(&entry.file);
            let opened = open.remove(&path).map_or_else(|| Segment::open(&path).map(Arc::new), Ok);
            let opened = opened.and_then(|segment| {
                let fits =
                    segment.model() == manifest.model && segment.sound_rows().len() == entry.sounds as usize;
                fits.then_some(segment).ok_or_else(|| {
                    IndexError::corrupt(&path, "it is not the segment that the manifest names")
                })
            });
            snapshot.push(entry, opened);
        }
        snapshot
    }

    fn push(&mut self, entry: super::SegmentEntry, opened: Result<Arc<Segment>, IndexError>) {
        let mut gone = Vec::new();
        // Only where the segment proves that it has so many sounds as the manifest claims.
        if opened.is_ok() && !entry.tombstones.is_empty() {
            gone = vec![0u64; (entry.sounds as usize).div_ceil(64)];
            entry.tombstones.iter().for_each(|sound| gone[*sound as usize / 64] |= 1 << (sound % 64));
        }
        self.gone.push(gone);
        self.segments.push(match opened {
            Ok(segment) => Some(segment),
            Err(error) => {
                let sounds = entry.sounds - entry.tombstones.len() as u32;
                self.damage.push(Arc::new(Damage { path: self.dir.join(&entry.file), sounds, error }));
                None
            }
        });
        self.manifest.segments.push(entry);
    }

    /// Registers folders before the commit that makes them lasting.
    pub(super) fn set_roots(&mut self, roots: Vec<super::Root>, next_root: u16) {
        self.manifest.roots = roots;
        self.manifest.next_root = next_root;
    }

    /// The library's folder.
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// The state it shows.
    pub fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    /// Segments that could not be opened.
    pub fn damage(&self) -> &[Arc<Damage>] {
        &self.damage
    }

    /// Fails when a segment went away under its readers since the snapshot was opened.
    ///
    /// # Errors
    /// As [`Segment::still_there`].
    pub fn still_there(&self) -> Result<(), IndexError> {
        self.segments().try_for_each(|(_, segment)| segment.still_there())
    }

    /// The segments that could be opened, with their positions.
    pub fn segments(&self) -> impl Iterator<Item = (u32, &Arc<Segment>)> {
        (0u32..).zip(&self.segments).filter_map(|(at, segment)| Some((at, segment.as_ref()?)))
    }

    /// The segment at a position, if it could be opened.
    pub(crate) fn segment(&self, at: u32) -> Option<&Segment> {
        self.segments.get(at as usize)?.as_deref()
    }

    /// Has what searches look at read into memory, on a thread of its own: after a cold start, the first search then
    /// finds it there, or on its way.
    pub fn prewarm(&self) {
        let segments: Vec<Arc<Segment>> = self.segments.iter().flatten().map(Arc::clone).collect();
        // Without a thread, the first search reads what it needs.
        let _ = std::thread::Builder::new()
            .name("prewarm".to_owned())
            .spawn(move || segments.iter().for_each(|segment| segment.prewarm()));
    }

    /// Whether a sound is still there.
    pub fn is_live(&self, id: SoundId) -> bool {
        let Some(gone) = self.gone.get(id.segment as usize) else { return false };
        gone.get(id.sound as usize / 64).is_none_or(|word| word >> (id.sound % 64) & 1 == 0)
    }

    /// A sound, if it is there.
    pub fn get(&self, id: SoundId) -> Option<SoundRef<'_>> {
        let segment = self.segments.get(id.segment as usize)?.as_ref()?;
        self.is_live(id).then(|| segment.sound(id.sound)).flatten()
    }

    /// Number of sounds that are there, those of damaged segments included.
    pub fn sound_count(&self) -> usize {
        let live =
            |entry: &super::SegmentEntry| (entry.sounds as usize).saturating_sub(entry.tombstones.len());
        self.manifest.segments.iter().map(live).sum()
    }

    /// All sounds that are there.
    pub fn sounds(&self) -> impl Iterator<Item = (SoundId, SoundRef<'_>)> {
        self.segments().flat_map(move |(at, segment)| {
            segment
                .sounds()
                .map(move |sound| (SoundId { segment: at, sound: sound.number() }, sound))
                .filter(move |(id, _)| self.is_live(*id))
        })
    }

    /// Whether the folder of a sound was not there when last looked for, because its drive is not plugged in.
    pub fn is_offline(&self, sound: &SoundRef<'_>) -> bool {
        self.manifest.root(sound.row.root).is_some_and(|root| root.offline)
    }

    /// A sound's full path.
    ///
    /// # Errors
    /// `Corrupt` when its row points outside the tables or names an unknown root.
    pub fn full_path(&self, sound: &SoundRef<'_>) -> Result<PathBuf, IndexError> {
        let root = self.manifest.root(sound.row.root).ok_or_else(|| {
            IndexError::corrupt(&self.dir, format!("sound {} names an unknown folder", sound.number()))
        })?;
        Ok(path_of_bytes(&root.path).join(sound.path()?))
    }
}
