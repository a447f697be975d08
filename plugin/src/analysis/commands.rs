//! Obeying the window.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::Arc;

use earmark_engine::index::{Snapshot, SoundRef, default_library_dir};
use earmark_engine::search::MAX_QUERY_FRAMES;
use earmark_engine::search::filter::Filter;
use earmark_engine::ucs::Catalogue;

use super::audio::RegionAudio;
use super::files::ReadFile;
use super::focus::Focus;
use super::instance::Instance;
use super::question::{Asked, FIRST_RESULTS, frames_of};
use super::work::{Shared, next_query_id};
use crate::exchange::{
    Command, FilterProblem, FilterState, Mode, Origin, QueryId, ROLLING_S, Settings, Sound, SoundKey,
    SoundPeaks,
};

/// Small waveforms that are kept.
const MAX_SOUND_PEAKS: usize = 2000;
/// Sounds whose waveforms may be wished for at a time: more than fit on a screen.
const MAX_WISHES: usize = 200;
/// Sounds that can be combined.
const MAX_COMBINED: usize = 16;

impl Instance {
    /// Does what the window has asked for since.
    pub(crate) fn obey(&mut self, shared: &mut Shared) {
        while let Ok(command) = self.commands.try_recv() {
            self.dirty = true;
            self.obey_one(command, shared);
        }
    }

    fn obey_one(&mut self, command: Command, shared: &mut Shared) {
        match command {
            Command::SetMode(mode) => self.set_mode(mode),
            Command::SetHold(hold) => self.settings.hold = hold,
            Command::UseLast { seconds } => {
                let seconds = if seconds.is_finite() { seconds.clamp(0.1, ROLLING_S as f32) } else { 5.0 };
                self.set(|settings| settings.last_seconds = seconds);
                self.use_last(f64::from(seconds));
            }
            Command::SetTrimThreshold(db) => self.set_trim_threshold(db),
            Command::Select(part) => self.select(part),
            Command::Clear => self.clear(),
            Command::OpenFile(path) => self.open_file(path, shared),
            Command::SetLibrary(dir) => self.set_library(dir),
            Command::RetryLibrary => {
                shared.retry_models();
                self.problem = None;
                if let Some(dir) = &self.library_dir {
                    shared.libraries.retry(dir);
                }
            }
            Command::SetFilter(text) => self.set_filter(text),
            Command::FilterCategory(cat_id) => self.filter_category(cat_id),
            Command::SetFavouritesOnly(only) => self.set_favourites_only(only),
            Command::SetSort(sort) => {
                self.wanted.sort = sort;
                self.ask_again();
            }
            Command::ShowMore => {
                self.wanted.count = self.wanted.count.saturating_mul(4);
                self.answer_due = self.asked.is_some();
            }
            Command::ToggleFavourite(key) => self.toggle_favourite(key),
            Command::MoreLike(sound) => self.combine(&[sound]),
            Command::Combine(sounds) => self.combine(&sounds),
            Command::Recall(id) => self.recall(id, shared),
            Command::Audition(sound) => {
                let from_s = if self.settings.from_match { sound.match_s } else { 0.0 };
                self.play(&sound, from_s, shared);
            }
            Command::AuditionFrom { sound, from_s } => self.play(&sound, from_s, shared),
            Command::StopAudition => shared.auditions.stop(&self.audition),
            Command::SetSync(sync) => self.set(|settings| settings.sync = sync),
            Command::SetFromMatch(from_match) => self.set(|settings| settings.from_match = from_match),
            Command::WantPeaks(sounds) => self.want_peaks(sounds, shared),
            Command::DismissProblem => self.problem = None,
        }
    }

    fn set(&mut self, change: impl FnOnce(&mut Settings)) {
        change(&mut self.settings);
        self.session_dirty = true;
    }

    fn set_mode(&mut self, mode: Mode) {
        if mode != self.mode {
            self.mode = mode;
            self.focus = None;
            self.problem = None;
            self.session_dirty = true;
        }
    }

    fn clear(&mut self) {
        self.focus = None;
        self.problem = None;
        self.offline_next = None;
    }

    fn set_trim_threshold(&mut self, db: f32) {
        let db = if db.is_finite() { db.clamp(-100.0, -10.0) } else { Settings::default().trim_threshold_db };
        self.set(|settings| settings.trim_threshold_db = db);
        if let Some(focus) = self.focus.as_mut().filter(|focus| focus.origin == Origin::LastSeconds) {
            focus.trim(db);
        }
    }

    fn open_file(&mut self, path: PathBuf, shared: &mut Shared) {
        self.set_mode(Mode::File);
        self.file_wish += 1;
        shared.read_file(self.id, self.file_wish, path);
    }

    /// A file that was asked for has been read.
    pub(super) fn file_read(&mut self, wish: u64, path: PathBuf, read: Result<ReadFile, String>) {
        if wish != self.file_wish || self.mode != Mode::File {
            return;
        }
        match read {
            Ok(file) => {
                let audio = RegionAudio::whole(file.rate_hz, file.samples);
                let mut focus = Focus::new(Origin::File { path }, audio, false, next_query_id());
                focus.cut_short = file.cut_short;
                focus.itself = file.key;
                self.begin(focus);
            }
            Err(message) => self.complain(message),
        }
    }

    pub(super) fn set_library(&mut self, dir: Option<PathBuf>) {
        self.library_dir = dir.or_else(default_library_dir);
        self.library = None;
        self.favourites = None;
        self.session_dirty = true;
    }

    pub(super) fn set_filter(&mut self, text: String) {
        let error = match Filter::parse(&text) {
            Ok(filter) => {
                self.wanted.filter = Some(filter).filter(|filter| !filter.is_empty()).map(Arc::new);
                self.ask_again();
                None
            }
            Err(error) => Some(FilterProblem { position: error.position, message: error.problem }),
        };
        self.filter = Arc::new(FilterState { text, error, ..(*self.filter).clone() });
        self.session_dirty = true;
    }

    pub(super) fn filter_category(&mut self, cat_id: Option<String>) {
        let cat = cat_id.and_then(|cat_id| Catalogue::builtin().by_cat_id_any_case(&cat_id));
        self.wanted.cat = cat;
        let cat_id = cat.map(|cat| cat.cat_id().to_owned());
        self.filter = Arc::new(FilterState { cat_id, ..(*self.filter).clone() });
        self.ask_again();
    }

    pub(super) fn set_favourites_only(&mut self, favourites_only: bool) {
        self.filter = Arc::new(FilterState { favourites_only, ..(*self.filter).clone() });
        self.ask_again();
    }

    /// Puts the question again because something else of the library is wanted.
    fn ask_again(&mut self) {
        self.wanted.count = FIRST_RESULTS;
        self.answer_due = self.asked.is_some();
        self.session_dirty = true;
    }

    fn toggle_favourite(&mut self, key: SoundKey) {
        let Some(favourites) = &mut self.favourites else { return };
        if let Err(message) = favourites.toggle(key) {
            self.complain(message);
        }
        if self.filter.favourites_only {
            self.answer_due = self.asked.is_some();
        }
    }

    fn combine(&mut self, sounds: &[Sound]) {
        let sounds = &sounds[..sounds.len().min(MAX_COMBINED)];
        let library = self.library.as_ref().and_then(|library| library.snapshot.clone());
        let (Some(snapshot), Some(model)) = (library, self.model.clone()) else {
            self.complain("The library is not open yet.");
            return;
        };
        let share = MAX_QUERY_FRAMES / sounds.len().max(1);
        let (mut frames, mut names, mut itself, mut duration_s) = (Vec::new(), Vec::new(), Vec::new(), 0.0);
        for sound in sounds {
            let Some(found) = locate(&snapshot, sound) else {
                self.complain(format!("{}: not in the library any more", sound.path.display()));
                return;
            };
            let own = frames_of(&found, &model);
            let count = own.len();
            frames.extend(
                own.into_iter()
                    .enumerate()
                    .filter(|(at, _)| {
                        // Evenly spread, when there are more than its share.
                        let place = |at: usize| at * share.min(count) / count;
                        *at == 0 || place(*at) != place(*at - 1)
                    })
                    .map(|(_, frame)| frame),
            );
            names.push(sound.path.file_name().unwrap_or_default().to_string_lossy().into_owned());
            itself.push(sound.key);
            duration_s += found.row.duration_s;
        }
        if frames.is_empty() {
            return;
        }
        let origin = Origin::Sounds { names };
        let id = next_query_id();
        let model = model.id.sha256.clone();
        self.ask(Arc::new(Asked { id, origin, duration_s, from_s: None, model, frames, itself }));
    }

    fn recall(&mut self, id: QueryId, shared: &Shared) {
        if let Some(asked) = shared.recent_question(id) {
            self.ask(asked);
        }
    }

    /// Asks something that has nothing to do with the region on display.
    fn ask(&mut self, asked: Arc<Asked>) {
        if let Some(focus) = &mut self.focus {
            focus.pinned = true;
        }
        self.asked = Some(asked);
        self.wanted.count = FIRST_RESULTS;
        self.answer_due = true;
        self.preliminary = false;
    }

    fn play(&mut self, sound: &Sound, from_s: f64, shared: &Shared) {
        let from_s = if from_s.is_finite() { from_s.max(0.0) } else { 0.0 };
        shared.auditions.play(&self.audition, sound.key, Arc::clone(&sound.path), from_s, self.settings.sync);
    }

    fn want_peaks(&mut self, mut sounds: Vec<Sound>, shared: &mut Shared) {
        sounds.truncate(MAX_WISHES);
        let peaks = Arc::make_mut(&mut self.sound_peaks);
        if peaks.len() > MAX_SOUND_PEAKS {
            peaks.retain(|key, _| sounds.iter().any(|sound| sound.key == *key));
        }
        // What was wished for before and is not on screen any more is not computed now.
        peaks.retain(|key, peaks| {
            !matches!(peaks, SoundPeaks::Pending) || sounds.iter().any(|sound| sound.key == *key)
        });
        let is_missing = |sound: &Sound, peaks: &HashMap<SoundKey, SoundPeaks>| {
            !matches!(peaks.get(&sound.key), Some(SoundPeaks::Ready(_) | SoundPeaks::Failed(_)))
        };
        sounds.retain(|sound| is_missing(sound, peaks));
        for sound in &sounds {
            peaks.insert(sound.key, SoundPeaks::Pending);
        }
        shared.files.want_peaks(self.id, sounds);
    }
}

/// Finds a sound again, also in a library that was opened anew meanwhile.
fn locate<'a>(snapshot: &'a Snapshot, sound: &Sound) -> Option<SoundRef<'a>> {
    let is_it = |found: &SoundRef<'_>| SoundKey(found.row.hash()) == sound.key;
    let there = sound.id.and_then(|id| snapshot.get(id)).filter(is_it);
    there.or_else(|| snapshot.sounds().map(|(_, found)| found).find(is_it))
}
