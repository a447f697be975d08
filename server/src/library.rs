//! The library as the page sees it: snapshots, and names of sounds in them.
//!
//! A sound is named by a [`Key`]: which snapshot, which segment, which sound. No request holds a path, so none can
//! leave the library. When the library changes, a new snapshot is opened, and some older ones stay open, so that what
//! the page shows can still be played.

use std::collections::VecDeque;
use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::SystemTime;

use earmark_engine::index::{IndexError, Snapshot, SoundId, SoundRef};
use earmark_engine::search::Passing;
use earmark_engine::search::filter::Filter;
use earmark_engine::ucs::CatIndex;

use crate::error::ApiError;

/// Snapshots that are kept open.
const KEPT: usize = 6;
/// File of the library that changes with every commit.
const MANIFEST: &str = "manifest";

/// The library's folder and what is open of it.
pub(crate) struct Library {
    dir: PathBuf,
    open: Mutex<Open>,
}

#[derive(Default)]
struct Open {
    /// Newest last.
    views: VecDeque<Arc<View>>,
    /// Of the manifest when the newest was opened.
    stamp: Option<(SystemTime, u64)>,
    opened: u32,
}

/// One snapshot, and what was found out about it.
pub(crate) struct View {
    number: u32,
    pub snapshot: Snapshot,
    by_cat: OnceLock<Vec<Vec<SoundId>>>,
    /// Of the last filter.
    passing: Mutex<Option<(String, Arc<Passing>)>>,
}

/// The name of a sound in requests and answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Key {
    pub view: u32,
    pub id: SoundId,
}

impl Library {
    pub(crate) fn new(dir: PathBuf) -> Self {
        // What the page tells of it is used in terminals that stand elsewhere.
        let dir = std::path::absolute(&dir).unwrap_or(dir);
        Self { dir, open: Mutex::new(Open::default()) }
    }

    pub(crate) fn dir(&self) -> &Path {
        &self.dir
    }

    /// The library as it is now.
    pub(crate) fn current(&self) -> Result<Arc<View>, IndexError> {
        let stamp = std::fs::metadata(self.dir.join(MANIFEST))
            .and_then(|metadata| Ok((metadata.modified()?, metadata.len())))
            .ok();
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(newest) = open.views.back().filter(|_| stamp.is_some() && open.stamp == stamp) {
            return Ok(Arc::clone(newest));
        }
        let snapshot = Snapshot::open(&self.dir)?;
        snapshot.prewarm();
        open.opened += 1;
        let (by_cat, passing) = (OnceLock::new(), Mutex::new(None));
        let view = Arc::new(View { number: open.opened, snapshot, by_cat, passing });
        open.views.push_back(Arc::clone(&view));
        if open.views.len() > KEPT {
            open.views.pop_front();
        }
        open.stamp = stamp;
        Ok(view)
    }

    /// The snapshot that a sound was named in.
    pub(crate) fn view(&self, number: u32) -> Result<Arc<View>, ApiError> {
        let open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        open.views.iter().find(|view| view.number == number).map(Arc::clone).ok_or_else(ApiError::stale)
    }

    /// A sound's snapshot and place, from its name in a request.
    pub(crate) fn sound(&self, key: &str) -> Result<(Arc<View>, SoundId), ApiError> {
        let key: Key = key.parse()?;
        let view = self.view(key.view)?;
        view.get(key.id)?;
        Ok((view, key.id))
    }
}

impl View {
    pub(crate) fn number(&self) -> u32 {
        self.number
    }

    pub(crate) fn key(&self, id: SoundId) -> Key {
        Key { view: self.number, id }
    }

    pub(crate) fn get(&self, id: SoundId) -> Result<SoundRef<'_>, ApiError> {
        self.snapshot.get(id).ok_or_else(|| ApiError::not_found("The library has no such sound."))
    }

    /// Where a sound's file is.
    pub(crate) fn path(&self, id: SoundId) -> Result<PathBuf, ApiError> {
        Ok(self.snapshot.full_path(&self.get(id)?)?)
    }

    /// Number of sounds.
    pub(crate) fn count(&self) -> usize {
        self.snapshot.sound_count()
    }

    /// The sounds that pass a filter, which `expression` is; kept until another one is asked about.
    pub(crate) fn passing(&self, expression: &str, filter: &Filter) -> Option<Arc<Passing>> {
        if filter.is_empty() {
            return None;
        }
        let mut kept = self.passing.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, passing)) = kept.as_ref().filter(|(of, _)| of == expression) {
            return Some(Arc::clone(passing));
        }
        let passing = Arc::new(Passing::new(&self.snapshot, &|sound| filter.passes(sound)));
        *kept = Some((expression.to_owned(), Arc::clone(&passing)));
        Some(passing)
    }

    /// The labelled sounds of each CatID.
    pub(crate) fn by_cat(&self) -> &[Vec<SoundId>] {
        self.by_cat.get_or_init(|| {
            let mut by_cat = vec![Vec::new(); CatIndex::COUNT];
            for (id, sound) in self.snapshot.sounds() {
                if let Some(sounds) = sound.cat().and_then(|cat| by_cat.get_mut(usize::from(cat))) {
                    sounds.push(id);
                }
            }
            by_cat
        })
    }
}

impl fmt::Display for Key {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}.{}.{}", self.view, self.id.segment, self.id.sound)
    }
}

impl FromStr for Key {
    type Err = ApiError;

    fn from_str(text: &str) -> Result<Self, ApiError> {
        let mut parts = text.split('.').map(|part| {
            let digits = part.bytes().all(|byte| byte.is_ascii_digit());
            part.parse::<u32>().ok().filter(|_| digits)
        });
        match (parts.next(), parts.next(), parts.next(), parts.next()) {
            (Some(Some(view)), Some(Some(segment)), Some(Some(sound)), None) => {
                Ok(Self { view, id: SoundId { segment, sound } })
            }
            _ => Err(ApiError::bad("This is no name of a sound.")),
        }
    }
}
