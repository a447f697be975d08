//! What the window's thread and the host's main thread both know of an editor.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use baseview::dpi::{LogicalSize, PhysicalSize};
use nice_plug::context::gui::GuiContext;
use nice_plug::prelude::{Param as _, util};

use super::app::{MAX_ZOOM, MIN_ZOOM, SMALLEST};
use super::fonts::SystemFonts;
use super::presence::Presence;
use super::scale;
use super::system_theme::Asker;
use crate::exchange::{Appearance, Exchange};
use crate::parameters::{CHANGES, Parameters};

/// Largest window, logical pixels: 4K.
pub(super) const LARGEST: LogicalSize<f64> = LogicalSize { width: 3840.0, height: 2160.0 };

/// A key that the host passes on: key, pressed or released, modifiers.
pub(super) type HostKey = (egui::Key, bool, egui::Modifiers);

/// Shared by [`EarmarkEditor`](super::EarmarkEditor), its handle and its window.
pub(super) struct Shared {
    /// Where views come from and commands go to.
    pub(super) exchange: Arc<Exchange>,
    parameters: Arc<Parameters>,
    /// The system's scale as bits of an `f64`; 0: not known yet.
    scale: AtomicU64,
    /// Automation goes through it while the window is open.
    gui: Mutex<Option<GuiContext>>,
    gain_gesture: AtomicBool,
    /// Changes of the session that the host has been told of.
    announced_changes: AtomicU64,
    repaint: AtomicBool,
    typing: AtomicBool,
    host_keys: Mutex<Vec<HostKey>>,
    /// When the window itself last saw a key.
    last_key: Mutex<Option<Instant>>,
    /// From the first window on.
    fonts: OnceLock<Arc<SystemFonts>>,
    /// Asks whether the desktop is dark or light.
    pub(super) theme: Asker,
    /// Whether there is a window.
    pub(super) presence: Presence,
}

impl Shared {
    /// For an instance.
    pub(super) fn new(exchange: Arc<Exchange>, parameters: Arc<Parameters>) -> Self {
        Self {
            exchange,
            parameters,
            scale: AtomicU64::new(0),
            gui: Mutex::new(None),
            gain_gesture: AtomicBool::new(false),
            announced_changes: AtomicU64::new(0),
            repaint: AtomicBool::new(false),
            typing: AtomicBool::new(false),
            host_keys: Mutex::default(),
            last_key: Mutex::default(),
            fonts: OnceLock::new(),
            theme: Asker::default(),
            presence: Presence::default(),
        }
    }

    /// The window's size in logical pixels.
    pub(super) fn logical_size(&self) -> LogicalSize<f64> {
        let appearance = self.exchange.appearance();
        self.clamp(LogicalSize::new(f64::from(appearance.width), f64::from(appearance.height)))
    }

    /// Smallest window, logical pixels: what the zoom makes of the smallest contents.
    pub(super) fn smallest(&self) -> LogicalSize<f64> {
        let zoom = self.zoom();
        LogicalSize::new(f64::from(SMALLEST.x) * zoom, f64::from(SMALLEST.y) * zoom)
    }

    /// The system's fonts, for names in scripts that the window has no glyphs for.
    pub(super) fn fonts(&self) -> Arc<SystemFonts> {
        Arc::clone(self.fonts.get_or_init(SystemFonts::of_process))
    }

    /// The user's zoom.
    pub(super) fn zoom(&self) -> f64 {
        f64::from(self.exchange.appearance().zoom.clamp(MIN_ZOOM, MAX_ZOOM))
    }

    /// The nearest size that a window can have.
    pub(super) fn clamp(&self, size: LogicalSize<f64>) -> LogicalSize<f64> {
        let smallest = self.smallest();
        LogicalSize::new(
            size.width.clamp(smallest.width, LARGEST.width),
            size.height.clamp(smallest.height, LARGEST.height),
        )
    }

    /// The system's scale: what the window has found, before there was one what the system says.
    pub(super) fn scale(&self) -> f64 {
        let known = f64::from_bits(self.scale.load(Ordering::Relaxed));
        if known > 0.0 { known } else { scale::of_system().unwrap_or(1.0) }
    }

    /// Remembers the window's scale.
    pub(super) fn set_scale(&self, scale: f64) {
        self.scale.store(scale.to_bits(), Ordering::Relaxed);
    }

    /// The window's size in real pixels.
    pub(super) fn physical_size(&self) -> PhysicalSize<u32> {
        self.logical_size().to_physical(self.scale())
    }

    /// Keeps a size for the session.
    pub(super) fn set_size(&self, logical: LogicalSize<f64>, scale: f64) {
        self.set_scale(scale);
        let (width, height) = (logical.width as f32, logical.height as f32);
        self.exchange.set_appearance(Appearance { width, height, ..self.exchange.appearance() });
    }

    /// Through which the host hears of changes; `None` when the window closes.
    pub(super) fn set_gui(&self, gui: Option<GuiContext>) {
        *lock(&self.gui) = gui;
    }

    /// Gain of the audition, dB.
    pub(super) fn gain_db(&self) -> f32 {
        util::gain_to_db(self.parameters.gain.unmodulated_plain_value())
    }

    /// Turns the gain. A gesture begins with the first call and ends with the one that is the last.
    pub(super) fn set_gain_db(&self, db: f32, last: bool) {
        let gui = lock(&self.gui);
        let Some(gui) = gui.as_ref() else { return };
        let setter = gui.param_setter();
        if !self.gain_gesture.swap(!last, Ordering::Relaxed) {
            setter.begin_set_parameter(&self.parameters.gain);
        }
        setter.set_parameter(&self.parameters.gain, util::db_to_gain(db));
        if last {
            setter.end_set_parameter(&self.parameters.gain);
        }
    }

    /// Tells the host that there is something to save, if that is news.
    pub(super) fn announce_changes(&self) {
        let changes = self.exchange.session_changes();
        if self.announced_changes.swap(changes, Ordering::Relaxed) == changes {
            return;
        }
        if let Some(gui) = &*lock(&self.gui) {
            let (setter, count) = (gui.param_setter(), &self.parameters.changes);
            setter.begin_set_parameter(count);
            setter.set_parameter(count, (count.unmodulated_plain_value() + 1).rem_euclid(CHANGES));
            setter.end_set_parameter(count);
        }
    }

    /// Asks for a frame with the next poll.
    pub(super) fn request_repaint(&self) {
        self.repaint.store(true, Ordering::Relaxed);
    }

    /// Whether a frame was asked for.
    pub(super) fn take_repaint(&self) -> bool {
        self.repaint.swap(false, Ordering::Relaxed)
    }

    /// Whether a text is typed.
    pub(super) fn is_typing(&self) -> bool {
        self.typing.load(Ordering::Relaxed)
    }

    /// See [`Self::is_typing`].
    pub(super) fn set_typing(&self, typing: bool) {
        self.typing.store(typing, Ordering::Relaxed);
    }

    /// The window has seen a key itself.
    pub(super) fn saw_key(&self) {
        *lock(&self.last_key) = Some(Instant::now());
    }

    /// Takes a key from the host, unless the window has just seen it as well: some hosts deliver it both ways.
    pub(super) fn push_host_key(&self, key: HostKey) {
        let seen = lock(&self.last_key).is_some_and(|at| at.elapsed() < Duration::from_millis(40));
        if !seen {
            lock(&self.host_keys).push(key);
        }
    }

    /// The keys that the host has passed on since.
    pub(super) fn take_host_keys(&self) -> Vec<HostKey> {
        std::mem::take(&mut *lock(&self.host_keys))
    }
}

/// What is behind these locks is replaced whole, so that a panic elsewhere leaves nothing half done.
pub(super) fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
