//! Results as rows, read on demand: a hundred thousand of them cost no more than those on screen.

use std::fmt;
use std::path::Path;
use std::sync::Arc;

use earmark_engine::index::SoundId;

/// Names a sound by its content (xxh3-128 of the file), so that it keeps its name when the file is moved or the library
/// made anew. Copies of a file share it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SoundKey(pub u128);

/// What a command needs to know of a sound: cheap to clone.
#[derive(Clone, Debug, PartialEq)]
pub struct Sound {
    /// Its name by content.
    pub key: SoundKey,
    /// Full path.
    pub path: Arc<Path>,
    /// Where it is in the library as opened when the row was made; `None` in rows from a saved session.
    pub id: Option<SoundId>,
    /// Where its best match begins, seconds.
    pub match_s: f64,
}

/// One result.
#[derive(Clone, Debug, PartialEq)]
pub struct Row {
    /// The sound.
    pub sound: Sound,
    /// Similarity in percent, 0 to 100, as the model's card scales it.
    pub similarity_percent: f32,
    /// File name without folder.
    pub name: String,
    /// CatID, if it has a label.
    pub cat_id: Option<&'static str>,
    /// Category of the CatID.
    pub category: Option<&'static str>,
    /// SubCategory of the CatID.
    pub subcategory: Option<&'static str>,
    /// Length, seconds.
    pub duration_s: f64,
    /// Channels of the file.
    pub channels: u16,
    /// Sample rate of the file, Hz.
    pub sample_rate_hz: u32,
    /// Length of the best match from [`Sound::match_s`] on, seconds: a frame, or less where the sound ends before.
    pub match_length_s: f64,
}

/// Where rows come from.
pub trait RowSource: Send + Sync {
    /// How many there are.
    fn len(&self) -> usize;

    /// Whether there are none.
    fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The row at a place, from 0; `None` past the end or where the library is damaged.
    fn row(&self, at: usize) -> Option<Row>;
}

impl RowSource for Vec<Row> {
    fn len(&self) -> usize {
        self.len()
    }

    fn row(&self, at: usize) -> Option<Row> {
        self.get(at).cloned()
    }
}

/// Results in order; clones share them.
#[derive(Clone)]
pub struct Rows(Arc<dyn RowSource>);

impl Rows {
    /// Rows from a source.
    pub fn new(source: impl RowSource + 'static) -> Self {
        Self(Arc::new(source))
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The row at a place, from 0; `None` past the end or where the library is damaged.
    pub fn get(&self, at: usize) -> Option<Row> {
        self.0.row(at)
    }
}

impl Default for Rows {
    fn default() -> Self {
        Self::new(Vec::new())
    }
}

impl fmt::Debug for Rows {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Rows").field("len", &self.len()).finish()
    }
}
