//! The pieces of work: loading a network, embedding a frame, putting a question to the library.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use earmark_engine::index::ModelId;
use earmark_engine::network::ModelError;

use super::files::{Done, Files, InstanceId};
use super::frames::Embedding;
use super::instance::Instance;
use super::library::Libraries;
use super::listening::UNSEEN_S;
use super::model::Model;
use super::question::{Asked, answer};
use crate::audition::Auditions;
use crate::exchange::{Mode, Origin, QueryId, RecentQuery, Results, Work};

/// Earlier questions that are kept.
const RECENT: usize = 20;
/// A region that goes on changing is asked about again so often.
const REFINED_EVERY: Duration = Duration::from_secs(1);

/// A number for a new question.
pub(super) fn next_query_id() -> QueryId {
    static IDS: AtomicU64 = AtomicU64::new(1);
    QueryId(IDS.fetch_add(1, Ordering::Relaxed))
}

/// A network with this thread's means to run it.
pub(super) struct Loaded {
    pub(super) model: Arc<Model>,
    embedding: Embedding,
}

/// What the analysis has once for all instances.
pub(crate) struct Shared {
    pub(super) libraries: Libraries,
    pub(super) files: Files,
    pub(super) auditions: Auditions,
    pub(super) last_served: InstanceId,
    loaded: Vec<Loaded>,
    failed: Vec<(Option<ModelId>, String)>,
    reading: BTreeMap<(InstanceId, u64), PathBuf>,
    recent: Vec<(Arc<Asked>, RecentQuery)>,
    pub(super) recent_shown: Arc<[RecentQuery]>,
}

impl Shared {
    /// Nothing is loaded yet.
    pub(crate) fn new(auditions: Auditions) -> Self {
        Self {
            libraries: Libraries::new(),
            files: Files::new(),
            auditions,
            last_served: 0,
            loaded: Vec::new(),
            failed: Vec::new(),
            reading: BTreeMap::new(),
            recent: Vec::new(),
            recent_shown: Arc::new([]),
        }
    }

    /// Tries networks again that could not be loaded.
    pub(super) fn retry_models(&mut self) {
        self.failed.clear();
    }

    /// Has the networks loaded anew when they are next wanted.
    pub(super) fn forget_networks(&mut self) {
        self.loaded.clear();
    }

    /// The rate at which files are read for the network.
    pub(super) fn model_rate_hz(&self) -> u32 {
        // Whatever the network wants is resampled to on the way; this is what all known ones want.
        self.loaded.first().map_or(44_100, |loaded| loaded.model.network.card().front_end.sample_rate_hz)
    }

    /// Remembers which file a wish was for.
    pub(super) fn read_file(&mut self, instance: InstanceId, wish: u64, path: PathBuf) {
        self.reading.insert((instance, wish), path.clone());
        self.files.read(instance, wish, path, self.model_rate_hz());
    }

    /// Hands out what the files' thread has done.
    pub(crate) fn hand_out_files(&mut self, instances: &mut BTreeMap<InstanceId, Box<Instance>>) {
        let done: Vec<Done> = self.files.done().collect();
        for done in done {
            match done {
                Done::Peaks(key, peaks) => {
                    for instance in instances.values_mut().filter(|one| one.sound_peaks.contains_key(&key)) {
                        Arc::make_mut(&mut instance.sound_peaks).insert(key, peaks.clone());
                        instance.dirty = true;
                    }
                }
                Done::Read(id, wish, read) => {
                    let path = self.reading.remove(&(id, wish));
                    if let (Some(instance), Some(path)) = (instances.get_mut(&id), path) {
                        instance.file_read(wish, path, read);
                    }
                }
            }
        }
    }

    /// An earlier question.
    pub(super) fn recent_question(&self, id: QueryId) -> Option<Arc<Asked>> {
        self.recent.iter().find(|(asked, _)| asked.id == id).map(|(asked, _)| Arc::clone(asked))
    }

    /// Keeps a question that was answered.
    fn remember(&mut self, asked: &Arc<Asked>, results: &Results) {
        let label = match &asked.origin {
            Origin::Selection => "Loop range".into(),
            Origin::Offline => "Render".into(),
            Origin::LastSeconds => "Last seconds".into(),
            Origin::File { path } => path.file_name().unwrap_or_default().to_string_lossy().into(),
            Origin::Sounds { names } => format!("Like {}", names.join(" and ")).into(),
        };
        let cat_id = results.categories.first().map(|category| category.cat_id);
        let Asked { id, duration_s, from_s, .. } = **asked;
        let query = RecentQuery { id, label, duration_s, from_s, cat_id };
        self.recent.retain(|(known, _)| known.id != asked.id);
        self.recent.insert(0, (Arc::clone(asked), query));
        self.recent.truncate(RECENT);
        self.recent_shown = self.recent.iter().map(|(_, query)| query.clone()).collect();
    }

    /// The network that made a library, or the built-in one; loads it when it is wanted for the first time. An error is
    /// remembered, so that it is not run into again and again.
    fn model(&mut self, wanted: Option<&ModelId>) -> Result<usize, String> {
        let fits = |loaded: &Loaded| wanted.is_none_or(|wanted| loaded.model.id == *wanted);
        if let Some(at) = self.loaded.iter().position(fits) {
            return Ok(at);
        }
        if let Some((_, message)) = self.failed.iter().find(|(failed, _)| failed.as_ref() == wanted) {
            return Err(message.clone());
        }
        let load = || -> Result<Model, ModelError> {
            if !self.loaded.is_empty()
                && let Some(wanted) = wanted
            {
                return Model::installed(wanted);
            }
            let built_in = Model::built_in()?;
            match wanted {
                Some(wanted) if built_in.id != *wanted => Model::installed(wanted),
                _ => Ok(built_in),
            }
        };
        let loaded = load().and_then(|model| {
            let embedding = Embedding::new(&model.network)?;
            Ok(Loaded { model: Arc::new(model), embedding })
        });
        let message = match loaded {
            Ok(loaded) if fits(&loaded) => {
                self.loaded.push(loaded);
                return Ok(self.loaded.len() - 1);
            }
            Ok(loaded) => other_model(wanted, &loaded.model.id),
            Err(error) => error.to_string(),
        };
        self.failed.push((wanted.cloned(), message.clone()));
        Err(message)
    }
}

fn other_model(wanted: Option<&ModelId>, found: &ModelId) -> String {
    let wanted = wanted.map(ToString::to_string).unwrap_or_default();
    format!(
        "The library was made with the network {wanted}, but {found} is installed. Index the library anew with \
         `earmark index`, or install the network that made it."
    )
}

impl Instance {
    /// Does one piece of work; returns whether there was any.
    pub(crate) fn work(&mut self, shared: &mut Shared) -> bool {
        let before = self.work;
        let worked = self.work_inner(shared).unwrap_or_else(|message| {
            self.work = Work::Idle;
            if self.problem.as_ref().is_none_or(|known| known.message != message) {
                self.complain(message);
            }
            false
        });
        if worked || self.work != before {
            self.dirty = true;
        }
        worked
    }

    fn work_inner(&mut self, shared: &mut Shared) -> Result<bool, String> {
        let looked_at = self.exchange.is_window_open();
        if !looked_at && !self.has_work_unseen() {
            self.work = Work::Idle;
            return Ok(false);
        }
        let model_at = self.use_model(shared)?;
        if self.answer_due && self.answer(shared) {
            return Ok(true);
        }
        let loaded = &mut shared.loaded[model_at];
        let card = Arc::clone(loaded.model.network.card());
        if let Some(focus) = &mut self.focus {
            let wanted = !focus.answered && (looked_at || !focus.answered_once);
            if wanted && !focus.asked().is_empty() {
                if focus.advance(&card, &mut loaded.embedding).map_err(|error| error.to_string())? {
                    self.work = Work::Analysing { progress: focus.progress() };
                    return Ok(true);
                }
                let rested = self.last_answer.is_none_or(|last| last.elapsed() >= REFINED_EVERY);
                if focus.is_analysed() && !focus.pinned && (rested || !focus.answered_once) {
                    self.ask_about_focus();
                    return Ok(true);
                }
                self.work = Work::Listening;
                return Ok(false);
            }
        }
        let rolls = self.mode == Mode::LastSeconds && looked_at && !self.settings.hold;
        if let Some(rolling) = self.rolling.as_mut().filter(|_| rolls)
            && rolling.advance(&loaded.model.network).map_err(|error| error.to_string())?
        {
            return Ok(true);
        }
        let listens = self.input.active && self.focus.is_none() && self.mode != Mode::File;
        self.work = if listens { Work::Listening } else { Work::Idle };
        Ok(false)
    }

    /// Whether there is something to do although nobody looks: the first answer to a region is computed anyway, so that
    /// it is there when the window opens and in the session when it is saved.
    fn has_work_unseen(&self) -> bool {
        let region = self
            .focus
            .as_ref()
            .is_some_and(|focus| !focus.answered && !focus.answered_once && !focus.asked().is_empty());
        region || (self.answer_due && !self.results.restored)
    }

    /// The network for this instance's library.
    fn use_model(&mut self, shared: &mut Shared) -> Result<usize, String> {
        let snapshot = self.library.as_ref().and_then(|library| library.snapshot.as_ref());
        let wanted = snapshot.map(|snapshot| snapshot.manifest().model.clone());
        if shared.loaded.is_empty() {
            self.work = Work::Loading;
            self.dirty = true;
            self.publish(shared);
        }
        let at = shared.model(wanted.as_ref())?;
        let model = &shared.loaded[at].model;
        if self.model.as_ref().is_none_or(|known| known.id != model.id) {
            if self.model.is_some()
                && let Some(focus) = &mut self.focus
            {
                focus.ask_anew();
            }
            self.model = Some(Arc::clone(model));
        }
        Ok(at)
    }

    fn ask_about_focus(&mut self) {
        let Some(focus) = &mut self.focus else { return };
        focus.answered = true;
        focus.answered_once = true;
        let frames = focus.embeddings();
        let model = self.model.as_ref().map(|model| model.id.sha256.clone()).unwrap_or_default();
        let (refused, asked) = (
            focus.has_refused(),
            Asked {
                id: focus.id,
                origin: focus.origin.clone(),
                duration_s: focus.asked_s(),
                from_s: focus.asked_from_s(),
                model,
                frames,
                itself: focus.itself.into_iter().collect(),
            },
        );
        if refused {
            self.complain(
                "Part of this region holds values that are not numbers (NaN or infinite); it was left out. A plugin \
                 before this one makes them.",
            );
        }
        if !asked.frames.is_empty() {
            self.asked = Some(Arc::new(asked));
            self.answer_due = true;
            self.preliminary = false;
        }
    }

    /// Puts the question to the library, if it is open; returns whether it was.
    fn answer(&mut self, shared: &mut Shared) -> bool {
        let snapshot = self.library.as_ref().and_then(|library| library.snapshot.clone());
        let (Some(snapshot), Some(asked), Some(model)) = (snapshot, self.asked.clone(), self.model.clone())
        else {
            return false;
        };
        self.answer_due = false;
        let size = model.network.card().embedding_size();
        let is_other = !asked.model.is_empty() && asked.model != model.id.sha256;
        if is_other || asked.frames.iter().any(|(_, frame)| frame.len() != size) {
            self.complain("The last question was asked with another network; ask it again.");
            return true;
        }
        self.work = Work::Searching;
        self.dirty = true;
        self.wanted.favourites = self
            .favourites
            .as_ref()
            .filter(|_| self.filter.favourites_only)
            .map(|all| Arc::clone(all.keys()));
        let mut results = answer(&asked, &mut self.wanted, &snapshot, &model);
        results.revision = self.results.revision + 1;
        results.preliminary = self.preliminary;
        shared.remember(&asked, &results);
        self.results = Arc::new(results);
        self.last_answer = Some(Instant::now());
        self.work = Work::Idle;
        self.session_dirty = true;
        let is_long = self.focus.as_ref().is_some_and(|focus| {
            focus.origin == Origin::Offline && focus.answered && focus.audio.duration_s() > UNSEEN_S
        });
        if is_long && !self.exchange.is_window_open() {
            // A mixdown renders every instance of a session; the answer is enough.
            self.focus = None;
        }
        true
    }
}
