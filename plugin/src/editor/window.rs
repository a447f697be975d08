//! The window around the app: baseview's events in, egui's frames and the app's requests out.
//!
//! On Linux a thread of the window's own runs all this, on Windows and macOS the host's main thread. A frame is drawn
//! when an event arrives, when egui asks for one (a tooltip is due), or when a new view is published: [`Waker`] gets to
//! the window from the analysis. Otherwise nothing runs.
//!
//! baseview may call back into the handler while the handler calls baseview (a resize does on Windows and macOS, and a
//! drag runs a whole event loop there), so that what is behind [`RefCell`]s is let go before calls outwards.
//!
//! [`Waker`]: crate::exchange::Waker

use std::cell::{Cell, RefCell};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use baseview::dpi::{LogicalSize, Size};
use baseview::{
    DamageArea, DropData, DropEffect, Event, EventStatus, HandlerError, MouseEvent, WindowContext,
    WindowEvent, WindowHandler, WindowSize,
};
use crossbeam_channel::{Receiver, Sender, unbounded};
use egui::{Pos2, Rect, ViewportId, vec2};

use super::app::{App, Choice, Request};
use super::clipboard::Clipboard;
use super::desktop;
use super::drag_out;
use super::fonts::{SystemFonts, Wake};
use super::gl::Painter;
use super::input::{ClipboardKey, Input, split_at_buttons, translate_cursor};
use super::presence;
use super::shared::Shared;
use super::system_theme;
use super::theme::Palette;

/// What other threads tell the window.
#[derive(Debug)]
pub(super) enum Message {
    /// A dialog was answered.
    Chosen(Choice, PathBuf),
    /// Something did not work; the text says what and why.
    Failed(String),
    /// A drag out of the window has ended.
    DragEnded,
    /// The desktop has become dark or light.
    DesktopTheme,
}

/// How the window's helpers on other threads reach it.
#[derive(Clone)]
pub(super) struct Mailbox {
    sender: Sender<Message>,
    waker: baseview::WindowWaker,
}

impl Mailbox {
    /// Delivers a message and wakes the window.
    pub(super) fn send(&self, message: Message) {
        // A closed window needs no message.
        let _ = self.sender.send(message);
        self.waker.request_poll();
    }
}

/// The handler that baseview calls.
pub(super) struct EditorWindow {
    context: WindowContext,
    shared: Arc<Shared>,
    inner: RefCell<Inner>,
    messages: Receiver<Message>,
    mailbox: Mailbox,
    /// Whether anything has changed since the last frame.
    dirty: Cell<bool>,
    /// Whether a frame may be asked for. On X11, baseview waits for ever for the answer to what it asks the server before
    /// the window is mapped, and never draws; the first damage comes after that.
    can_draw: Cell<bool>,
    /// When egui wants the next frame by itself.
    next_frame: Cell<Option<Instant>>,
    seen_revision: Cell<Option<u64>>,
    fonts: Arc<SystemFonts>,
    seen_fonts: Cell<u64>,
    /// Called for as long as it is here.
    _wake: Wake,
    _presence: Option<presence::Leave>,
}

struct Inner {
    app: App,
    egui: egui::Context,
    painter: Painter,
    input: Input,
    raw: egui::RawInput,
    clipboard: Clipboard,
    cursor: baseview::MouseCursor,
    started: Instant,
}

impl EditorWindow {
    /// Builds the handler in a window that has just been created.
    pub(super) fn new(context: WindowContext, shared: Arc<Shared>) -> Result<Self, HandlerError> {
        let presence = presence::stay(&shared);
        let (sender, messages) = unbounded();
        let mailbox = Mailbox { sender, waker: context.waker() };
        // First of all, so that the answer may be there when the first frame is.
        ask_for_theme(&shared, &mailbox);
        let painter = Painter::new(&context)?;
        let egui = egui::Context::default();
        egui.set_zoom_factor(shared.zoom() as f32);
        let raw = egui::RawInput { max_texture_side: Some(painter.max_texture_side()), ..Default::default() };
        let fonts = shared.fonts();
        let waker = context.waker();
        let wake: Wake = Arc::new(move || waker.request_poll());
        fonts.tell(&wake);
        let seen_fonts = Cell::new(fonts.revision());
        egui.set_font_providers(vec![Arc::clone(&fonts) as _]);
        let waker = context.waker();
        shared.exchange.window_opened(Box::new(move || waker.request_poll()));
        let inner = Inner {
            app: App::new(Arc::clone(&shared.exchange)),
            egui,
            painter,
            input: Input::default(),
            raw,
            clipboard: Clipboard::default(),
            cursor: baseview::MouseCursor::Default,
            started: Instant::now(),
        };
        let window = Self {
            context,
            shared,
            inner: RefCell::new(inner),
            messages,
            mailbox,
            dirty: Cell::new(true),
            can_draw: Cell::new(!cfg!(target_os = "linux")),
            next_frame: Cell::new(None),
            seen_revision: Cell::new(None),
            fonts,
            seen_fonts,
            _wake: wake,
            _presence: presence,
        };
        window.adopt_scale();
        Ok(window)
    }

    /// Now that the window knows its scale, it may be that a size was announced to the host for another one: ask for
    /// the right one then.
    fn adopt_scale(&self) {
        let size = self.context.size();
        let wanted: baseview::dpi::PhysicalSize<u32> =
            self.shared.logical_size().to_physical(size.scale_factor);
        self.shared.set_scale(size.scale_factor);
        if wanted != size.physical
            && let Err(error) = self.context.resize(Size::Physical(wanted))
        {
            tracing::warn!("the window cannot have its size: {error}");
        }
    }

    fn make_dirty(&self) {
        self.dirty.set(true);
        self.ask_for_frame();
    }

    fn ask_for_frame(&self) {
        if self.can_draw.get() {
            self.context.request_redraw();
        }
    }

    /// Points per pixel: the system's scale and the user's zoom undone.
    fn points_per_px(&self, egui: &egui::Context) -> f32 {
        1.0 / (self.context.scale_factor() as f32 * egui.zoom_factor())
    }

    /// Lets egui compute a frame and draws it. Returns what the app asks for.
    fn frame(&self) -> Result<Vec<Request>, HandlerError> {
        let mut inner = self.inner.borrow_mut();
        let inner = &mut *inner;
        let size = self.context.size();
        let scale = size.scale_factor as f32 * inner.egui.zoom_factor();
        let points = vec2(size.physical.width as f32, size.physical.height as f32) / scale;
        let raw = &mut inner.raw;
        raw.time = Some(inner.started.elapsed().as_secs_f64());
        raw.system_theme = system_theme::last_known();
        raw.screen_rect = Some(Rect::from_min_size(Pos2::ZERO, points));
        let viewport = raw.viewports.entry(ViewportId::ROOT).or_default();
        viewport.native_pixels_per_point = Some(size.scale_factor as f32);
        viewport.inner_rect = raw.screen_rect;
        let gain_db = self.shared.gain_db();
        let mut output: Option<egui::FullOutput> = None;
        for part in split_at_buttons(std::mem::take(&mut raw.events)) {
            raw.events = part;
            let app = &mut inner.app;
            let of_part = inner.egui.run_ui(raw.take(), |ui| app.ui(ui, gain_db));
            match &mut output {
                Some(output) => output.append(of_part),
                None => output = Some(of_part),
            }
        }
        let Some(mut output) = output else { return Ok(Vec::new()) };

        for command in output.platform_output.commands.drain(..) {
            if let egui::OutputCommand::CopyText(text) = command {
                inner.clipboard.set(text);
            }
        }
        let cursor = translate_cursor(output.platform_output.cursor_icon);
        if cursor != inner.cursor {
            inner.cursor = cursor;
            self.context.set_mouse_cursor(cursor)?;
        }
        self.schedule(&output);
        let background = inner.egui.style_of(inner.egui.theme()).visuals.clone();
        let background = Palette::of(&background).ground;
        let pixels = [size.physical.width, size.physical.height];
        inner.painter.paint(&inner.egui, &mut output, pixels, background)?;
        self.shared.set_typing(inner.egui.text_edit_focused());
        Ok(inner.app.take_requests())
    }

    fn schedule(&self, output: &egui::FullOutput) {
        let delay = output
            .viewport_output
            .get(&ViewportId::ROOT)
            .map_or(Duration::MAX, |viewport| viewport.repaint_delay);
        // egui says "never" with the longest duration there is.
        if delay > Duration::from_secs(3600) {
            self.next_frame.set(None);
        } else {
            self.next_frame.set(Some(Instant::now() + delay));
            self.context.request_redraw_after(delay);
        }
    }

    /// Does what the app asks for, with nothing borrowed.
    fn fulfil(&self, request: Request) {
        match request {
            Request::DragOut(files) => {
                let mailbox = self.mailbox.clone();
                let done = move |result: Result<bool, drag_out::DragError>| {
                    if let Err(error) = result {
                        mailbox.send(Message::Failed(error.to_string()));
                    }
                    mailbox.send(Message::DragEnded);
                };
                drag_out::start(&self.context, files, Arc::new(done));
            }
            Request::Reveal(path) => desktop::reveal(path, self.mailbox.clone()),
            Request::Choose(choice) => desktop::choose(choice, &self.context, self.mailbox.clone()),
            Request::Resize(points) => {
                // egui's own zoom lags a frame behind a change of it.
                let zoom = self.shared.zoom();
                let logical = LogicalSize::new(f64::from(points.x) * zoom, f64::from(points.y) * zoom);
                let size = self.shared.clamp(logical);
                if let Err(error) = self.context.resize(Size::Logical(size)) {
                    tracing::debug!("the host does not let the window be resized: {error}");
                }
            }
            Request::SetGain { db, last } => self.shared.set_gain_db(db, last),
        }
    }

    fn read_messages(&self) {
        for message in self.messages.try_iter() {
            let mut inner = self.inner.borrow_mut();
            let inner = &mut *inner;
            match message {
                Message::Chosen(choice, path) => inner.app.chosen(choice, path),
                Message::Failed(text) => inner.app.tell(&inner.egui, text),
                Message::DragEnded => inner.input.release_pointer(&mut inner.raw.events),
                Message::DesktopTheme => {}
            }
            self.dirty.set(true);
        }
        for (key, pressed, modifiers) in self.shared.take_host_keys() {
            let event = egui::Event::Key { key, physical_key: None, pressed, repeat: false, modifiers };
            self.inner.borrow_mut().raw.events.push(event);
            self.dirty.set(true);
        }
        let fonts = self.fonts.revision();
        if self.seen_fonts.replace(fonts) != fonts {
            self.inner.borrow().egui.set_font_providers(vec![Arc::clone(&self.fonts) as _]);
            self.dirty.set(true);
        }
        self.shared.announce_changes();
        let revision = self.shared.exchange.view().revision;
        if self.seen_revision.replace(Some(revision)) != Some(revision) || self.shared.take_repaint() {
            self.dirty.set(true);
        }
    }

    fn drag_event(&self, event: &MouseEvent) -> Option<EventStatus> {
        let mut inner = self.inner.borrow_mut();
        let status = match event {
            MouseEvent::DragEntered { data, .. } | MouseEvent::DragMoved { data, .. } => {
                let files = matches!(data, DropData::Files(files) if !files.is_empty());
                inner.app.files_hover(files);
                if files { EventStatus::AcceptDrop(DropEffect::Copy) } else { EventStatus::Ignored }
            }
            MouseEvent::DragLeft => {
                inner.app.files_hover(false);
                EventStatus::Captured
            }
            MouseEvent::DragDropped { data, .. } => {
                inner.app.files_hover(false);
                match data {
                    DropData::Files(files) if !files.is_empty() => {
                        inner.app.files_dropped(files.clone());
                        EventStatus::AcceptDrop(DropEffect::Copy)
                    }
                    _ => EventStatus::Ignored,
                }
            }
            _ => return None,
        };
        Some(status)
    }

    /// Whether a key is ours; the host gets the others, such as the space bar while nothing here would use it.
    fn key_status(&self, event: &keyboard_types::KeyboardEvent) -> EventStatus {
        let inner = self.inner.borrow();
        let Some(key) = super::input::translate_key(&event.key) else {
            return if inner.app.wants_key(egui::Key::F35, egui::Modifiers::NONE) {
                EventStatus::Captured
            } else {
                EventStatus::Ignored
            };
        };
        if inner.app.wants_key(key, inner.input.modifiers()) {
            EventStatus::Captured
        } else {
            EventStatus::Ignored
        }
    }
}

/// Asks whether the desktop is dark or light; the window draws itself anew if that has changed.
fn ask_for_theme(shared: &Shared, mailbox: &Mailbox) {
    let mailbox = mailbox.clone();
    shared.theme.ask(move || mailbox.send(Message::DesktopTheme));
}

impl WindowHandler for EditorWindow {
    fn poll(&self) {
        self.read_messages();
        if self.dirty.get() {
            self.ask_for_frame();
        }
    }

    fn damage(&self, _area: DamageArea) {
        self.can_draw.set(true);
        self.make_dirty();
    }

    fn draw(&self) -> Result<(), HandlerError> {
        let due = self.next_frame.get().is_some_and(|at| at <= Instant::now());
        // Some platforms call at every refresh of the screen.
        if !self.dirty.get() && !due {
            return Ok(());
        }
        self.dirty.set(false);
        for request in self.frame()? {
            self.fulfil(request);
        }
        Ok(())
    }

    fn resized(&self, size: WindowSize) -> Result<(), HandlerError> {
        self.shared.set_size(size.logical, size.scale_factor);
        self.make_dirty();
        Ok(())
    }

    fn on_event(&self, event: Event) -> EventStatus {
        if let Event::Mouse(mouse) = &event
            && let Some(status) = self.drag_event(mouse)
        {
            self.make_dirty();
            return status;
        }
        if matches!(event, Event::Window(WindowEvent::Focused)) {
            ask_for_theme(&self.shared, &self.mailbox);
        }
        // Embedded windows do not always get the keyboard with a click.
        if matches!(event, Event::Mouse(MouseEvent::ButtonPressed { .. }))
            && !self.context.has_focus()
            && let Err(error) = self.context.focus()
        {
            tracing::debug!("the window cannot have the keyboard: {error}");
        }
        let repaint = {
            let mut inner = self.inner.borrow_mut();
            let inner = &mut *inner;
            let points_per_px = self.points_per_px(&inner.egui);
            let (repaint, clipboard) = inner.input.translate(&event, points_per_px, &mut inner.raw.events);
            match clipboard {
                Some(ClipboardKey::Copy) => inner.raw.events.push(egui::Event::Copy),
                Some(ClipboardKey::Cut) => inner.raw.events.push(egui::Event::Cut),
                Some(ClipboardKey::Paste) => {
                    inner.raw.events.extend(inner.clipboard.get().map(egui::Event::Paste))
                }
                None => {}
            }
            repaint
        };
        if repaint {
            self.make_dirty();
        }
        match &event {
            Event::Keyboard(key) => {
                self.shared.saw_key();
                self.key_status(key)
            }
            _ => EventStatus::Captured,
        }
    }
}

impl Drop for EditorWindow {
    fn drop(&mut self) {
        self.shared.exchange.window_closed();
    }
}
