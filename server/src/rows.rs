//! A sound as the page lists it.

use earmark_engine::index::{SoundId, SoundRef};
use earmark_engine::ucs::{CatIndex, Catalogue};
use serde::Serialize;

use crate::error::ApiError;
use crate::library::View;
use crate::names;

/// One line of a list.
#[derive(Debug, Serialize)]
pub(crate) struct Row {
    /// Its name in requests.
    pub key: String,
    /// File name.
    pub name: String,
    /// Folder, as far as it lies below the indexed one.
    pub folder: String,
    pub cat_id: Option<&'static str>,
    pub category: Option<&'static str>,
    pub subcategory: Option<&'static str>,
    pub duration_s: f64,
    pub channels: u16,
    pub sample_rate_hz: u32,
    /// Its drive was not plugged in when it was last looked for.
    pub offline: bool,
    /// How like it is, for people.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub percent: Option<f32>,
    /// Where the matching moment begins, and how long it is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub moment_s: Option<[f64; 2]>,
}

/// What is told of a sound when it is asked about alone.
#[derive(Debug, Serialize)]
pub(crate) struct Facts {
    #[serde(flatten)]
    row: Row,
    /// Full path, to be shown and copied.
    path: String,
    title: Option<String>,
    description: Option<String>,
    keywords: Option<String>,
    bits_per_sample: Option<u16>,
    file_size: u64,
    warnings: Vec<String>,
}

impl Row {
    pub(crate) fn new(view: &View, id: SoundId, sound: &SoundRef<'_>) -> Result<Self, ApiError> {
        let path = sound.path_bytes()?;
        let at = path.iter().rposition(|byte| *byte == b'/');
        let (folder, name) = at.map_or((&path[..0], path), |at| (&path[..at], &path[at + 1..]));
        let cat = sound.cat().and_then(CatIndex::new).map(|cat| Catalogue::builtin().get(cat));
        Ok(Self {
            key: view.key(id).to_string(),
            name: names::shown_bytes(name),
            folder: names::shown_bytes(folder),
            cat_id: cat.map(|entry| entry.cat_id.as_ref()),
            category: cat.map(|entry| entry.category.as_ref()),
            subcategory: cat.map(|entry| entry.subcategory.as_ref()),
            duration_s: sound.row.duration_s,
            channels: sound.row.channels,
            sample_rate_hz: sound.row.sample_rate_hz,
            offline: view.snapshot.is_offline(sound),
            percent: None,
            moment_s: None,
        })
    }

    /// Rows of sounds; those whose place in the library is damaged are left out, `verify` tells of them.
    pub(crate) fn all(view: &View, ids: impl IntoIterator<Item = SoundId>) -> Vec<Self> {
        ids.into_iter().filter_map(|id| Self::new(view, id, &view.snapshot.get(id)?).ok()).collect()
    }
}

impl Facts {
    pub(crate) fn new(view: &View, id: SoundId) -> Result<Self, ApiError> {
        let sound = view.get(id)?;
        let details = sound.details()?;
        Ok(Self {
            row: Row::new(view, id, &sound)?,
            path: names::shown(&view.path(id)?),
            title: details.title,
            description: details.description,
            keywords: details.keywords,
            bits_per_sample: details.bits_per_sample,
            file_size: sound.row.file_size,
            warnings: details.warnings,
        })
    }
}
