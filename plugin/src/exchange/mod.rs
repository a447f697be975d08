//! What the editor window and the rest of the plugin say to each other.
//!
//! One [`Exchange`] an instance. The analysis owns what it publishes; the window reads the last [`View`] and sends
//! [`Command`]s. Neither waits for the other: a view is swapped in under a lock that is held for the copy of a pointer,
//! commands go through a channel. The audio thread takes no part in this.

mod command;
mod rows;
mod view;

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crossbeam_channel::Sender;
use serde::{Deserialize, Serialize};

pub use command::Command;
pub use rows::{Row, RowSource, Rows, Sound, SoundKey};
pub use view::{
    Audition, AuditionState, CategoryShare, FilterProblem, FilterState, Input, Library, LibraryState,
    MAX_REGION_S, Mode, Origin, Peak, Peaks, Problem, QueryId, Question, ROLLING_S, RecentQuery, Region,
    Results, Settings, Sort, SortBy, SoundPeaks, View, Work,
};

/// How the window looks; the session keeps it.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Appearance {
    /// Width of the window in logical pixels at a zoom of 1.
    pub width: f32,
    /// Height of the window in logical pixels at a zoom of 1.
    pub height: f32,
    /// The user's zoom on top of the system's scale, 0.5 to 4.
    pub zoom: f32,
    /// Dark or light.
    pub theme: Theme,
}

impl Appearance {
    /// With values that no window could have replaced by the nearest that it can.
    pub fn clamped(self) -> Self {
        let within = |value: f32, low: f32, high: f32, otherwise: f32| {
            if value.is_finite() { value.clamp(low, high) } else { otherwise }
        };
        let default = Self::default();
        Self {
            width: within(self.width, 480.0, 3840.0, default.width),
            height: within(self.height, 320.0, 2160.0, default.height),
            zoom: within(self.zoom, 0.5, 4.0, default.zoom),
            theme: self.theme,
        }
    }
}

impl Default for Appearance {
    fn default() -> Self {
        Self { width: 960.0, height: 640.0, zoom: 1.0, theme: Theme::System }
    }
}

/// Dark or light.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Theme {
    /// As the system has it, dark where that is unknown.
    #[default]
    System,
    /// Dark.
    Dark,
    /// Light.
    Light,
}

/// Called from another thread when there is a new view; it should only ask for a repaint.
pub type Waker = Box<dyn Fn() + Send>;

/// The meeting point of the window and the analysis of one instance.
pub struct Exchange {
    view: Mutex<Arc<View>>,
    commands: Sender<Command>,
    waker: Mutex<Option<Waker>>,
    window_open: AtomicBool,
    session_changes: AtomicU64,
    appearance: Arc<Mutex<Appearance>>,
}

impl Exchange {
    /// An exchange whose commands go into a channel; whoever holds its other end answers them.
    pub fn new(commands: Sender<Command>) -> Self {
        Self {
            view: Mutex::default(),
            commands,
            waker: Mutex::new(None),
            window_open: AtomicBool::new(false),
            session_changes: AtomicU64::new(0),
            appearance: Arc::default(),
        }
    }

    /// The latest picture; cheap enough for every repaint.
    pub fn view(&self) -> Arc<View> {
        Arc::clone(&lock(&self.view))
    }

    /// Puts a picture in place and wakes the window.
    pub fn publish(&self, view: Arc<View>) {
        *lock(&self.view) = view;
        if let Some(waker) = lock(&self.waker).as_ref() {
            waker();
        }
    }

    /// Sends a command; it is lost without harm when nobody is there to answer.
    pub fn send(&self, command: Command) {
        let _ = self.commands.send(command);
    }

    /// To be called when the window opens, with what asks for a repaint. What the window needs is worked on first from
    /// now on.
    pub fn window_opened(&self, waker: Waker) {
        *lock(&self.waker) = Some(waker);
        self.window_open.store(true, Ordering::Release);
    }

    /// To be called when the window closes: ends the audition.
    pub fn window_closed(&self) {
        self.window_open.store(false, Ordering::Release);
        *lock(&self.waker) = None;
        self.send(Command::StopAudition);
    }

    /// Whether the window is open. Lock-free.
    pub fn is_window_open(&self) -> bool {
        self.window_open.load(Ordering::Acquire)
    }

    /// To be called when what the host should save has changed: what the user has chosen or asked.
    pub fn session_changed(&self) {
        self.session_changes.fetch_add(1, Ordering::AcqRel);
    }

    /// How often it has changed. The window tells the host, which has no other way to know.
    pub fn session_changes(&self) -> u64 {
        self.session_changes.load(Ordering::Acquire)
    }

    /// How the window looks or should look when it opens.
    pub fn appearance(&self) -> Appearance {
        *lock(&self.appearance)
    }

    /// Where the appearance lies, for whoever saves and loads it.
    pub(crate) fn shared_appearance(&self) -> Arc<Mutex<Appearance>> {
        Arc::clone(&self.appearance)
    }

    /// Keeps how the window looks, for the session.
    pub fn set_appearance(&self, appearance: Appearance) {
        *lock(&self.appearance) = appearance.clamped();
    }
}

/// What is behind these locks is replaced whole, so that a panic elsewhere leaves nothing half done.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
