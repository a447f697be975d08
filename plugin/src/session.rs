//! What the host keeps with the session besides the parameters.
//!
//! Saved as one JSON field of the plugin's state. Whatever is missing gets its default, whatever is out of range the
//! nearest value that makes sense, and what cannot be read at all leaves the instance as it is.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use nice_plug::params::persist::PersistentField;
use serde::{Deserialize, Serialize};

use crate::exchange::{Appearance, Mode, Origin, Settings, Sort};

/// Most frames of a question that are kept; searching uses no more.
pub const MAX_FRAMES: usize = earmark_engine::search::MAX_QUERY_FRAMES;
/// Most results that are kept.
pub const MAX_RESULTS: usize = 100;
/// Longest embedding that is believed.
const MAX_EMBEDDING: usize = 65_536;

/// The state of an instance.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Session {
    /// Folder of the library; `None`: the default one.
    pub library: Option<PathBuf>,
    /// How the region is obtained.
    pub mode: Mode,
    /// Text of the filter.
    pub filter: String,
    /// CatID that was clicked.
    pub cat_id: Option<String>,
    /// Whether only favourites are shown.
    pub favourites_only: bool,
    /// Order of the results.
    pub sort: Sort,
    /// What the user has set.
    pub settings: SavedSettings,
    /// How the window looks.
    pub appearance: Appearance,
    /// The last question and its answer.
    pub question: Option<SavedQuestion>,
}

/// [`Settings`] as saved.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct SavedSettings {
    /// Threshold of silence, dBFS.
    pub trim_threshold_db: f32,
    /// Length used by "use the last N seconds".
    pub last_seconds: f32,
    /// Whether an audition waits for the transport to start.
    pub sync: bool,
    /// Whether an audition starts at the matching moment.
    pub from_match: bool,
}

/// A question as saved.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SavedQuestion {
    /// Where it came from.
    pub origin: Origin,
    /// Length of the audio, seconds.
    pub duration_s: f64,
    /// SHA-256 of the network that made the embeddings.
    pub model: String,
    /// Frames.
    pub frames: Vec<SavedFrame>,
    /// Content hashes of the sounds asked about, hexadecimal.
    #[serde(default)]
    pub itself: Vec<String>,
    /// The best results.
    #[serde(default)]
    pub results: Vec<SavedRow>,
}

/// A frame as saved: sixteen bits a component, hexadecimal.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SavedFrame {
    /// Start in the region, seconds.
    pub start_s: f64,
    /// Value of the largest component, which is saved as 32,767.
    pub scale: f32,
    /// Components, four digits each.
    pub values: String,
}

/// A result as saved.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SavedRow {
    /// Content hash, hexadecimal.
    pub key: String,
    /// Full path.
    pub path: PathBuf,
    /// Similarity, percent.
    pub similarity: f32,
    /// CatID.
    #[serde(default)]
    pub cat_id: Option<String>,
    /// Length, seconds.
    pub duration_s: f64,
    /// Channels.
    pub channels: u16,
    /// Sample rate, Hz.
    pub sample_rate_hz: u32,
    /// Start of the match, seconds.
    pub match_s: f64,
    /// Length of the match, seconds.
    pub match_length_s: f64,
}

impl From<Settings> for SavedSettings {
    fn from(settings: Settings) -> Self {
        let Settings { trim_threshold_db, last_seconds, sync, from_match, hold: _ } = settings;
        Self { trim_threshold_db, last_seconds, sync, from_match }
    }
}

impl From<SavedSettings> for Settings {
    fn from(saved: SavedSettings) -> Self {
        let default = Self::default();
        let within = |value: f32, low: f32, high: f32, otherwise: f32| {
            if value.is_finite() { value.clamp(low, high) } else { otherwise }
        };
        Self {
            trim_threshold_db: within(saved.trim_threshold_db, -100.0, -10.0, default.trim_threshold_db),
            last_seconds: within(saved.last_seconds, 0.1, 30.0, default.last_seconds),
            hold: false,
            sync: saved.sync,
            from_match: saved.from_match,
        }
    }
}

impl Default for SavedSettings {
    fn default() -> Self {
        Settings::default().into()
    }
}

/// Seconds that read back as what they were written as.
pub(crate) fn to_microsecond(seconds: f64) -> f64 {
    (seconds * 1e6).round() / 1e6
}

impl SavedFrame {
    /// Saves an embedding.
    pub fn new(start_s: f64, embedding: &[f32]) -> Self {
        let scale = embedding.iter().fold(0.0_f32, |largest, value| largest.max(value.abs()));
        let step = if scale > 0.0 { 32_767.0 / scale } else { 0.0 };
        let digits = |value: &f32| format!("{:04x}", (value * step).round() as i16);
        Self { start_s: to_microsecond(start_s), scale, values: embedding.iter().map(digits).collect() }
    }

    /// The embedding, if it is one.
    pub fn embedding(&self) -> Option<(f64, Vec<f32>)> {
        let sane =
            self.scale.is_finite() && self.scale >= 0.0 && self.start_s.is_finite() && self.start_s >= 0.0;
        if !sane
            || !self.values.is_ascii()
            || !self.values.len().is_multiple_of(4)
            || self.values.len() > 4 * MAX_EMBEDDING
        {
            return None;
        }
        let step = self.scale / 32_767.0;
        let value = |digits: &[u8]| {
            let bits = u16::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()?;
            Some(f32::from(bits.cast_signed()) * step)
        };
        let values: Option<Vec<f32>> = self.values.as_bytes().chunks_exact(4).map(value).collect();
        Some((self.start_s, values?))
    }
}

/// Where the host's thread and the analysis meet over the state: the host reads what was put there last, and what it
/// loads is picked up by the analysis.
#[derive(Debug, Default)]
pub struct SessionSlot {
    current: Mutex<Arc<Session>>,
    loaded: Mutex<Option<Arc<Session>>>,
    /// The window's, which may open before the analysis has looked.
    appearance: Arc<Mutex<Appearance>>,
}

impl SessionSlot {
    /// A slot for an instance whose window looks so.
    pub(crate) fn new(appearance: Arc<Mutex<Appearance>>) -> Self {
        Self { appearance, ..Self::default() }
    }

    /// What would be saved now.
    pub fn current(&self) -> Session {
        Session { appearance: *lock(&self.appearance), ..(**lock(&self.current)).clone() }
    }

    /// Keeps what is to be saved.
    pub(crate) fn keep(&self, session: Arc<Session>) {
        // What was loaded and not picked up yet is newer.
        if lock(&self.loaded).is_none() {
            *lock(&self.current) = session;
        }
    }

    /// What the host has loaded since, once.
    pub(crate) fn take_loaded(&self) -> Option<Arc<Session>> {
        lock(&self.loaded).take()
    }
}

impl PersistentField<'_, Session> for Arc<SessionSlot> {
    fn set(&self, session: Session) {
        *lock(&self.appearance) = session.appearance.clamped();
        let session = Arc::new(session);
        *lock(&self.loaded) = Some(Arc::clone(&session));
        *lock(&self.current) = session;
    }

    fn map<F, R>(&self, read: F) -> R
    where
        F: Fn(&Session) -> R,
    {
        read(&self.current())
    }
}

/// What is behind these locks is replaced whole, so that a panic elsewhere leaves nothing half done.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn an_embedding_survives_to_within_the_rounding() {
        let embedding = [0.0, 1.5, -0.25, 3.0, 1e-6];
        let (start_s, back) = SavedFrame::new(1.25, &embedding).embedding().unwrap();
        assert_eq!(start_s, 1.25);
        assert!(embedding.iter().zip(&back).all(|(a, b)| (a - b).abs() < 1e-4), "{back:?}");
        assert_eq!(SavedFrame::new(0.0, &[0.0; 3]).embedding().unwrap().1, [0.0; 3]);
    }

    #[test]
    fn frames_that_are_none_are_refused() {
        let good = SavedFrame::new(0.0, &[1.0, 2.0]);
        for bad in [
            SavedFrame { scale: f32::NAN, ..good.clone() },
            SavedFrame { start_s: f64::INFINITY, ..good.clone() },
            SavedFrame { values: "12".into(), ..good.clone() },
            SavedFrame { values: "zzzz".into(), ..good.clone() },
            SavedFrame { values: "é1é1".into(), ..good },
        ] {
            assert_eq!(bad.embedding(), None, "{bad:?}");
        }
    }

    #[test]
    fn an_older_state_with_fewer_fields_loads() {
        let session: Session = serde_json::from_str(r#"{"filter":"door","unknown":1}"#).unwrap();
        assert_eq!(session, Session { filter: "door".into(), ..Session::default() });
    }
}
