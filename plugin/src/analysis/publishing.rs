//! What the window shows and what the session keeps, from the state of an instance.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use earmark_engine::ucs::{CatIndex, Catalogue};

use super::focus::Focus;
use super::instance::Instance;
use super::question::Asked;
use super::work::{Shared, next_query_id};
use crate::exchange::{
    FilterState, Library, LibraryState, Mode, Origin, Question, Region, Results, Row, Rows, Sound, SoundKey,
    View, Work,
};
use crate::session::{MAX_FRAMES, MAX_RESULTS, SavedFrame, SavedQuestion, SavedRow, Session, to_microsecond};

/// The window is told of changes at most so often.
const INTERVAL: Duration = Duration::from_millis(33);
/// The waveform of the last seconds is drawn anew so often.
const ROLLING_INTERVAL: Duration = Duration::from_millis(100);

impl Instance {
    /// Publishes a new picture and keeps the session, where something has changed.
    pub(crate) fn publish(&mut self, shared: &Shared) {
        if self.session_dirty {
            self.session_dirty = false;
            self.keep_session();
        }
        let audition = self.audition.shown();
        let looked_at = self.exchange.is_window_open();
        let rolls = self.focus.is_none() && self.mode == Mode::LastSeconds && self.input.active;
        let stale = rolls || self.focus.as_ref().is_some_and(Focus::is_stale);
        let news = self.dirty
            || audition != self.published.audition
            || !Arc::ptr_eq(&shared.recent_shown, &self.published.recent)
            || (looked_at && (stale || (self.input.active && self.input.peak != self.published.input.peak)));
        let due = self.last_publication.is_none_or(|last| last.elapsed() >= INTERVAL);
        let urgent = self.results.revision != self.published.results.revision || self.work == Work::Loading;
        if !news || !(due || urgent) {
            return;
        }
        let view = View {
            revision: self.published.revision + 1,
            mode: self.mode,
            input: self.input,
            region: self.shown_region(),
            work: self.work,
            results: Arc::clone(&self.results),
            library: self.shown_library(),
            audition,
            filter: Arc::clone(&self.filter),
            sort: self.wanted.sort,
            settings: self.settings,
            recent: Arc::clone(&shared.recent_shown),
            favourites: self.favourites.as_ref().map(|all| Arc::clone(all.keys())).unwrap_or_default(),
            sound_peaks: Arc::clone(&self.sound_peaks),
            problem: self.problem.clone(),
        };
        self.published = Arc::new(view);
        self.dirty = false;
        self.last_publication = Some(Instant::now());
        self.input.peak = 0.0;
        self.exchange.publish(Arc::clone(&self.published));
    }

    fn shown_region(&mut self) -> Option<Arc<Region>> {
        if let Some(focus) = &mut self.focus {
            return Some(Arc::new(focus.shown(self.position.filter(|_| self.input.playing))));
        }
        let rolling = self.rolling.as_ref().filter(|_| self.mode == Mode::LastSeconds)?;
        if !self.exchange.is_window_open() {
            return None;
        }
        let hold = self.settings.hold;
        if let Some((made, region)) = &self.rolling_region
            && made.elapsed() < ROLLING_INTERVAL
            && region.complete == hold
        {
            return Some(Arc::clone(region));
        }
        let audio = rolling.last(f64::INFINITY);
        let region = Arc::new(Region {
            origin: Origin::LastSeconds,
            duration_s: audio.duration_s(),
            peaks: Arc::new(audio.peaks()),
            heard_s: audio.heard_s(),
            trimmed_s: 0.0..audio.duration_s(),
            selected_s: None,
            playhead_s: None,
            complete: hold,
            cut_short: false,
        });
        self.rolling_region = Some((Instant::now(), Arc::clone(&region)));
        Some(region)
    }

    fn shown_library(&self) -> Arc<Library> {
        match (&self.library, &self.library_dir) {
            (Some(library), _) => Arc::clone(&library.shown),
            (None, Some(dir)) => {
                Arc::new(Library { dir: Some(dir.as_path().into()), state: LibraryState::Opening })
            }
            (None, None) => {
                let message =
                    "There is no home folder for the default library; choose the folder of one.".into();
                Arc::new(Library { dir: None, state: LibraryState::Failed { message } })
            }
        }
    }

    /// Keeps what the host is to save, and says so when the user has chosen or asked something else. Answers alone are no
    /// reason to save: they come again by themselves. Neither is the window's size.
    fn keep_session(&mut self) {
        let chosen = (self.settled(), self.asked.as_ref().map(|asked| asked.id));
        let session = Session {
            appearance: self.exchange.appearance(),
            question: self.asked.as_ref().map(|asked| self.saved_question(asked)),
            ..chosen.0.clone()
        };
        self.session.keep(Arc::new(session));
        if self.chosen != chosen {
            self.chosen = chosen;
            self.exchange.session_changed();
        }
    }

    /// What the user has set.
    fn settled(&self) -> Session {
        let default = earmark_engine::index::default_library_dir();
        Session {
            library: self.library_dir.clone().filter(|dir| Some(dir) != default.as_ref()),
            mode: self.mode,
            filter: self.filter.text.clone(),
            cat_id: self.filter.cat_id.clone(),
            favourites_only: self.filter.favourites_only,
            sort: self.wanted.sort,
            settings: self.settings.into(),
            ..Session::default()
        }
    }

    fn saved_question(&self, asked: &Asked) -> SavedQuestion {
        let count = asked.frames.len();
        let kept = count.min(MAX_FRAMES);
        let frames = (0..kept).map(|at| &asked.frames[at * count / kept]);
        let rows = (0..self.results.rows.len().min(MAX_RESULTS)).filter_map(|at| self.results.rows.get(at));
        SavedQuestion {
            origin: asked.origin.clone(),
            duration_s: to_microsecond(asked.duration_s),
            model: asked.model.clone(),
            frames: frames.map(|(start_s, embedding)| SavedFrame::new(*start_s, embedding)).collect(),
            itself: asked.itself.iter().map(|key| format!("{:032x}", key.0)).collect(),
            results: rows.map(saved_row).collect(),
        }
    }

    /// Takes over what the host has loaded.
    pub(super) fn load(&mut self, session: &Session) {
        // Hosts load states also to undo something; the region on display is none of that.
        if session.mode != self.mode {
            self.focus = None;
        }
        if let Some(focus) = &mut self.focus {
            focus.pinned = true;
        }
        self.problem = None;
        self.mode = session.mode;
        self.settings = session.settings.into();
        self.set_library(session.library.clone());
        self.filter =
            Arc::new(FilterState { favourites_only: session.favourites_only, ..FilterState::default() });
        self.set_filter(session.filter.clone());
        self.filter_category(session.cat_id.clone());
        self.wanted.sort = session.sort;
        self.results = Arc::new(Results { revision: self.results.revision + 1, ..Results::default() });
        self.asked = None;
        self.answer_due = false;
        if let Some(question) = &session.question {
            self.load_question(question);
        }
        // The host knows what it has loaded.
        self.chosen = (self.settled(), self.asked.as_ref().map(|asked| asked.id));
        self.dirty = true;
        self.session_dirty = true;
    }

    fn load_question(&mut self, saved: &SavedQuestion) {
        let frames: Option<Vec<_>> =
            saved.frames.iter().take(MAX_FRAMES).map(SavedFrame::embedding).collect();
        let Some(frames) = frames.filter(|frames| !frames.is_empty()) else { return };
        let duration_s = if saved.duration_s.is_finite() { saved.duration_s.max(0.0) } else { 0.0 };
        let key = |text: &String| u128::from_str_radix(text, 16).ok().map(SoundKey);
        let id = next_query_id();
        let asked = Asked {
            id,
            origin: saved.origin.clone(),
            duration_s,
            from_s: None,
            model: saved.model.clone(),
            frames,
            itself: saved.itself.iter().filter_map(key).collect(),
        };
        let rows: Vec<Row> = saved.results.iter().take(MAX_RESULTS).filter_map(loaded_row).collect();
        self.results = Arc::new(Results {
            revision: self.results.revision + 1,
            question: Some(Question { origin: saved.origin.clone(), duration_s, id }),
            passing: rows.len(),
            rows: Rows::new(rows),
            unknown_share: 1.0,
            restored: true,
            ..Results::default()
        });
        self.asked = Some(Arc::new(asked));
        self.answer_due = true;
        self.preliminary = false;
    }
}

fn saved_row(row: Row) -> SavedRow {
    SavedRow {
        key: format!("{:032x}", row.sound.key.0),
        path: row.sound.path.to_path_buf(),
        similarity: row.similarity_percent,
        cat_id: row.cat_id.map(str::to_owned),
        duration_s: to_microsecond(row.duration_s),
        channels: row.channels,
        sample_rate_hz: row.sample_rate_hz,
        match_s: to_microsecond(row.sound.match_s),
        match_length_s: to_microsecond(row.match_length_s),
    }
}

fn loaded_row(saved: &SavedRow) -> Option<Row> {
    let sane = saved.similarity.is_finite()
        && [saved.duration_s, saved.match_s, saved.match_length_s]
            .iter()
            .all(|time| time.is_finite() && *time >= 0.0);
    let key = SoundKey(u128::from_str_radix(&saved.key, 16).ok()?);
    let cat = saved.cat_id.as_deref().and_then(|cat_id| Catalogue::builtin().by_cat_id(cat_id));
    let entry = cat.map(|cat| Catalogue::builtin().get(cat));
    let path: &Path = &saved.path;
    sane.then(|| Row {
        name: path.file_name().unwrap_or_default().to_string_lossy().into_owned(),
        similarity_percent: saved.similarity.clamp(0.0, 100.0),
        cat_id: cat.map(CatIndex::cat_id),
        category: entry.map(|entry| entry.category.as_ref()),
        subcategory: entry.map(|entry| entry.subcategory.as_ref()),
        duration_s: saved.duration_s,
        channels: saved.channels,
        sample_rate_hz: saved.sample_rate_hz,
        match_length_s: saved.match_length_s,
        sound: Sound { key, path: path.into(), id: None, match_s: saved.match_s },
    })
}
