//! Work that takes longer than a request: begun by one, watched by others.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;

use serde::Serialize;

/// Work whose result is a `T`; at most one at a time.
pub(crate) struct Job<T> {
    state: Mutex<State<T>>,
    stop: AtomicBool,
}

enum State<T> {
    Idle,
    Working(Progress),
    Ready(Arc<T>),
    Failed(String),
}

/// How far the work is.
#[derive(Clone, Debug, Default, Serialize)]
pub(crate) struct Progress {
    /// What it is at, for people.
    pub stage: &'static str,
    /// Share that is done, 0 to 1.
    pub done: f32,
}

/// The same for the page.
#[derive(Debug, Serialize)]
#[serde(tag = "state", rename_all = "kebab-case")]
pub(crate) enum Status {
    Idle,
    Working(Progress),
    Ready,
    Failed { message: String },
}

impl<T: Send + Sync + 'static> Job<T> {
    pub(crate) fn new() -> Self {
        Self { state: Mutex::new(State::Idle), stop: AtomicBool::new(false) }
    }

    pub(crate) fn status(&self) -> Status {
        match &*self.lock() {
            State::Idle => Status::Idle,
            State::Working(progress) => Status::Working(progress.clone()),
            State::Ready(_) => Status::Ready,
            State::Failed(message) => Status::Failed { message: message.clone() },
        }
    }

    /// The result, once it is there.
    pub(crate) fn ready(&self) -> Option<Arc<T>> {
        match &*self.lock() {
            State::Ready(result) => Some(Arc::clone(result)),
            _ => None,
        }
    }

    /// Tells how far the work is.
    pub(crate) fn tell(&self, stage: &'static str, done: f32) {
        if let State::Working(progress) = &mut *self.lock() {
            *progress = Progress { stage, done };
        }
    }

    /// Asks the work to end; what was there before is gone.
    pub(crate) fn stop(&self) {
        self.stop.store(true, Ordering::Relaxed);
    }

    /// Whether the work is asked to end.
    pub(crate) fn stops(&self) -> bool {
        self.stop.load(Ordering::Relaxed)
    }

    fn lock(&self) -> MutexGuard<'_, State<T>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Begins the work of `job` on a thread of its own, unless it is being done; `None` from it means that it was stopped.
pub(crate) fn begin<A: Send + Sync + 'static, T: Send + Sync + 'static>(
    owner: &Arc<A>,
    job: impl Fn(&A) -> &Job<T> + Send + 'static,
    work: impl FnOnce(&A) -> Result<Option<T>, String> + Send + 'static,
) {
    {
        let mut state = job(owner).lock();
        if matches!(*state, State::Working(_)) {
            return;
        }
        *state = State::Working(Progress { stage: "Beginning", done: 0.0 });
        job(owner).stop.store(false, Ordering::Relaxed);
    }
    let shared = Arc::clone(owner);
    let of_thread = move || {
        let worked = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| work(&shared)));
        *job(&shared).lock() = match worked {
            Ok(Ok(Some(result))) => State::Ready(Arc::new(result)),
            Ok(Ok(None)) => State::Idle,
            Ok(Err(message)) => State::Failed(message),
            Err(_) => State::Failed("This failed inside Earmark; the terminal tells more.".into()),
        };
    };
    // Without a thread it stays at the beginning, and stopping it helps nobody: the system is out of threads.
    if let Err(error) = thread::Builder::new().name("page work".into()).spawn(of_thread) {
        tracing::error!("no thread for the page's work: {error}");
    }
}
