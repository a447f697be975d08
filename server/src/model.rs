//! The network, loaded in the background: the page is there before it is.

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

use earmark_engine::index::{ModelId, Segment};
use earmark_engine::indexing::model_id;
use earmark_engine::network::Network;

use crate::error::ApiError;

/// A network, and its starter bank if it has one.
pub struct Model {
    /// Embeds what is asked about.
    pub network: Network,
    /// Labelled frames that vote on categories beside the library's own.
    pub bank: Option<Segment>,
}

/// Loads the model that made a library, or the default one; the error is a sentence for the user.
pub type LoadModel = dyn Fn(Option<&ModelId>) -> Result<Model, String> + Send + Sync;

/// A model that may still be loading.
pub(crate) struct LazyModel {
    load: Box<LoadModel>,
    state: Mutex<State>,
    changed: Condvar,
}

enum State {
    Absent,
    Loading,
    /// Which was asked for, and what came of it.
    Loaded(Option<ModelId>, Result<Arc<Model>, String>),
}

/// How far the loading is, for the page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Readiness {
    Loading,
    Ready,
    Failed(String),
}

impl LazyModel {
    pub(crate) fn new(load: Box<LoadModel>) -> Self {
        Self { load, state: Mutex::new(State::Absent), changed: Condvar::new() }
    }

    /// How far it is, without waiting.
    pub(crate) fn readiness(&self) -> Readiness {
        match &*self.lock() {
            State::Absent | State::Loading => Readiness::Loading,
            State::Loaded(_, Ok(_)) => Readiness::Ready,
            State::Loaded(_, Err(message)) => Readiness::Failed(message.clone()),
        }
    }

    /// The model of a library; blocks while it is being loaded.
    pub(crate) fn get(&self, wanted: Option<&ModelId>) -> Result<Arc<Model>, ApiError> {
        let mut state = self.lock();
        loop {
            match &*state {
                State::Loaded(asked, outcome) if asked.as_ref() == wanted => {
                    return match outcome {
                        Ok(model) => fitting(model, wanted),
                        Err(message) => Err(failed(message)),
                    };
                }
                State::Loading => {
                    state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
                }
                State::Absent | State::Loaded(..) => {
                    *state = State::Loading;
                    drop(state);
                    let loaded = (self.load)(wanted).map(Arc::new);
                    state = self.lock();
                    *state = State::Loaded(wanted.cloned(), loaded);
                    self.changed.notify_all();
                }
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn fitting(model: &Arc<Model>, wanted: Option<&ModelId>) -> Result<Arc<Model>, ApiError> {
    let loaded = model_id(&model.network);
    match wanted.filter(|wanted| **wanted != loaded) {
        None => Ok(Arc::clone(model)),
        Some(wanted) => Err(failed(&format!(
            "The library was made with the model {wanted}, but {loaded} is here: install that model, or index anew."
        ))),
    }
}

fn failed(message: &str) -> ApiError {
    ApiError::new(axum::http::StatusCode::SERVICE_UNAVAILABLE, "model", message)
}
