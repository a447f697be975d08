//! Files that were dropped on the page: kept in a temporary file, listened to by one thread, forgotten when newer ones
//! come.

use std::collections::VecDeque;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use earmark_engine::audio::MonoStream;
use earmark_engine::index::ModelId;
use earmark_engine::indexing::{content_hash, model_id};
use earmark_engine::network::{EmbedError, Embedder};
use serde::Serialize;
use tempfile::TempPath;

use crate::app::App;
use crate::error::ApiError;

/// Questions that are kept.
const KEPT: usize = 8;

/// The questions of this run.
pub(crate) struct Questions {
    kept: Mutex<VecDeque<Arc<Question>>>,
    next: AtomicU64,
    to_hear: Sender<Weak<Question>>,
}

/// A file that was dropped.
pub(crate) struct Question {
    number: u64,
    name: String,
    file: TempPath,
    given_up: Arc<AtomicBool>,
    state: Mutex<State>,
}

enum State {
    Waiting,
    /// Seconds heard so far.
    Hearing(f64),
    Heard(Arc<Heard>),
    Failed(String),
}

/// A question, listened to.
pub(crate) struct Heard {
    /// The network that made the embeddings.
    model: ModelId,
    /// Where each frame begins, and its embedding.
    frames: Vec<(f64, Vec<f32>)>,
    pub duration_s: f64,
    pub hash: Option<u128>,
}

/// How far a question is, for the page.
#[derive(Debug, Serialize)]
#[serde(tag = "state", rename_all = "kebab-case")]
pub(crate) enum Progress {
    Waiting,
    LoadingModel,
    Hearing { seconds: f64 },
    Ready { duration_s: f64 },
    Failed { message: String },
}

impl Heard {
    /// The frames that begin in a part of the sound, or the one closest to it.
    pub(crate) fn part(&self, from: Option<f64>, to: Option<f64>) -> &[(f64, Vec<f32>)] {
        let (from, to) = (from.unwrap_or(0.0), to.unwrap_or(f64::INFINITY));
        let first = self.frames.partition_point(|(start_s, _)| *start_s < from);
        let last = self.frames.partition_point(|(start_s, _)| *start_s < to);
        if first < last {
            return &self.frames[first..last];
        }
        let nearest = first.saturating_sub(1).min(self.frames.len());
        &self.frames[nearest..self.frames.len().min(nearest + 1)]
    }
}

impl Questions {
    /// With the queue that [`listen`] works on.
    pub(crate) fn new() -> (Self, Receiver<Weak<Question>>) {
        let (to_hear, queue) = channel();
        (Self { kept: Mutex::default(), next: AtomicU64::new(1), to_hear }, queue)
    }

    /// Keeps a file and has it listened to.
    pub(crate) fn ask(&self, name: String, file: TempPath) -> u64 {
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        let question = Arc::new(Question {
            number,
            name,
            file,
            given_up: Arc::default(),
            state: Mutex::new(State::Waiting),
        });
        let mut kept = self.lock();
        kept.push_back(Arc::clone(&question));
        while kept.len() > KEPT {
            if let Some(old) = kept.pop_front() {
                old.given_up.store(true, Ordering::Relaxed);
            }
        }
        drop(kept);
        // When the listener is gone, so is the server.
        let _ = self.to_hear.send(Arc::downgrade(&question));
        number
    }

    pub(crate) fn get(&self, number: u64) -> Result<Arc<Question>, ApiError> {
        let forgotten = || {
            let message = "This sound was dropped a while ago and is forgotten; drop it again.";
            ApiError::new(axum::http::StatusCode::GONE, "forgotten", message)
        };
        let kept = self.lock();
        kept.iter().find(|question| question.number == number).map(Arc::clone).ok_or_else(forgotten)
    }

    /// The frames of a question that was listened to, by the network `model`. With another one it is listened to again:
    /// the library was converted since.
    pub(crate) fn heard_by(&self, number: u64, model: &ModelId) -> Result<Arc<Heard>, ApiError> {
        let heard = self.heard(number)?;
        if heard.model == *model {
            return Ok(heard);
        }
        let question = self.get(number)?;
        question.set(State::Waiting);
        // When the listener is gone, so is the server.
        let _ = self.to_hear.send(Arc::downgrade(&question));
        self.heard(number)
    }

    /// The frames of a question that was listened to.
    pub(crate) fn heard(&self, number: u64) -> Result<Arc<Heard>, ApiError> {
        match &*self.get(number)?.lock() {
            State::Heard(heard) => Ok(Arc::clone(heard)),
            State::Failed(message) => {
                Err(ApiError::new(axum::http::StatusCode::UNPROCESSABLE_ENTITY, "unheard", message))
            }
            State::Waiting | State::Hearing(_) => {
                Err(ApiError::new(axum::http::StatusCode::CONFLICT, "unheard", "Still listening."))
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, VecDeque<Arc<Question>>> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Question {
    pub(crate) fn path(&self) -> &Path {
        &self.file
    }

    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    pub(crate) fn progress(&self, model_is_ready: bool) -> Progress {
        match &*self.lock() {
            State::Waiting if !model_is_ready => Progress::LoadingModel,
            State::Waiting => Progress::Waiting,
            State::Hearing(seconds) => Progress::Hearing { seconds: *seconds },
            State::Heard(heard) => Progress::Ready { duration_s: heard.duration_s },
            State::Failed(message) => Progress::Failed { message: message.clone() },
        }
    }

    fn set(&self, state: State) {
        *self.lock() = state;
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Listens to one question after another until the server is gone.
pub(crate) fn listen(app: &Weak<App>, queue: &Receiver<Weak<Question>>) {
    while let Ok(question) = queue.recv() {
        let (Some(app), Some(question)) = (app.upgrade(), question.upgrade()) else { continue };
        let outcome = hear(&app, &question);
        question.set(match outcome {
            Ok(heard) => State::Heard(Arc::new(heard)),
            Err(message) => State::Failed(message),
        });
    }
}

fn hear(app: &App, question: &Question) -> Result<Heard, String> {
    let library = app.library.current().ok();
    let wanted = library.as_ref().map(|view| &view.snapshot.manifest().model);
    let model = app.model.get(wanted).map_err(|error| error.message)?;
    question.set(State::Hearing(0.0));
    // Messages name the file as the user does.
    let named = |message: String| message.replace(&*question.file.to_string_lossy(), &question.name);
    let mut embedder = Embedder::new(&model.network).map_err(|error| error.to_string())?;
    embedder.set_stop_flag(Arc::clone(&question.given_up));
    let rate_hz = embedder.card().front_end.sample_rate_hz;
    let path: PathBuf = question.file.to_path_buf();
    let mut stream = MonoStream::open(&path, rate_hz).map_err(|error| named(error.to_string()))?;
    let mut frames = Vec::new();
    embedder
        .embed_stream(&mut stream, &mut |frame| {
            frames.push((frame.start_s, frame.embedding.to_vec()));
            question.set(State::Hearing(frame.start_s));
        })
        .map_err(|error| match error {
            EmbedError::Stopped => "Given up for newer questions.".to_owned(),
            other => named(other.to_string()),
        })?;
    Ok(Heard {
        model: model_id(&model.network),
        frames,
        duration_s: stream.source_duration_s(),
        hash: content_hash(&path, &|| false).ok().flatten(),
    })
}
