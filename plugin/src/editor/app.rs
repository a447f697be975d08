//! What the window shows and how it answers: everything of the editor that does not depend on a window system.
//!
//! [`App`] draws the latest [`View`], sends [`Command`]s for what the user wants of the analysis, and collects
//! [`Request`]s for what only the window around it can do. Tests drive it without a window.

use std::path::PathBuf;
use std::sync::Arc;

use egui::{CentralPanel, Context, Frame, Margin, Panel, Rect, Stroke, Ui, Vec2};

use super::theme::{self, Palette};
use super::{actions, corner, keys, list, overlays, region_bar, search_bar, sidebar, states, toolbar};
use crate::exchange::{Appearance, Command, Exchange, QueryId, SoundKey, Theme, View};

/// Something that the window around the app has to do.
#[derive(Clone, Debug, PartialEq)]
pub enum Request {
    /// Begin to drag these files out of the window.
    DragOut(Vec<PathBuf>),
    /// Show a file in the file manager.
    Reveal(PathBuf),
    /// Let the user choose something; the choice comes back through [`App::chosen`].
    Choose(Choice),
    /// Resize the window to so many points.
    Resize(Vec2),
    /// Turn the audition's gain, dB.
    SetGain {
        /// The new value.
        db: f32,
        /// Whether the user lets go of it, which ends the gesture for the host's automation.
        last: bool,
    },
}

/// What a dialog is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Choice {
    /// A sound file to ask about.
    File,
    /// The library's folder.
    Library,
}

/// Widths in points at which the layout changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Room {
    /// Below 640: categories above the list, small columns.
    Narrow,
    /// Below 900: categories beside it.
    Medium,
    /// All columns.
    Wide,
}

/// The window's contents.
pub struct App {
    exchange: Arc<Exchange>,
    requests: Vec<Request>,
    pub(super) list: list::List,
    pub(super) search: search_bar::Search,
    pub(super) region: region_bar::Region,
    pub(super) gain_db: f32,
    /// Questions to come back to, the latest last.
    back: Vec<QueryId>,
    pub(super) notice: Option<Notice>,
    /// A notice from between two frames.
    to_say: Option<String>,
    pub(super) help_open: bool,
    pub(super) drop_hovers: bool,
    /// The question whose far-off results were asked for nevertheless.
    pub(super) shown_though_far: Option<QueryId>,
    /// Whether a text was being typed when the last frame ended.
    pub(super) was_typing: bool,
    /// Sounds on screen whose waveforms were asked for.
    wanted: Vec<SoundKey>,
    /// The whole window, points.
    pub(super) screen: Rect,
    style_installed: bool,
}

/// A short message that goes away by itself.
#[derive(Clone, Debug)]
pub(super) struct Notice {
    /// What it says.
    pub(super) text: String,
    /// Until when, in egui's time, seconds.
    pub(super) until_s: f64,
}

impl App {
    /// The contents for an instance.
    pub fn new(exchange: Arc<Exchange>) -> Self {
        Self {
            exchange,
            requests: Vec::new(),
            list: list::List::default(),
            search: search_bar::Search::default(),
            region: region_bar::Region::default(),
            gain_db: 0.0,
            back: Vec::new(),
            notice: None,
            to_say: None,
            help_open: false,
            drop_hovers: false,
            shown_though_far: None,
            was_typing: false,
            wanted: Vec::new(),
            screen: Rect::ZERO,
            style_installed: false,
        }
    }

    /// Draws a frame. `gain_db` is the present gain of the audition.
    pub fn ui(&mut self, ui: &mut Ui, gain_db: f32) {
        self.install_style(ui.ctx());
        let view = self.exchange.view();
        self.gain_db = gain_db;
        self.list.follow(&view.results);
        self.search.follow(&view.filter, self.was_typing);
        self.region.follow(&view);
        if let Some(text) = self.to_say.take() {
            self.notify(ui.ctx(), text);
        }
        keys::handle(self, ui.ctx(), &view);

        let palette = Palette::of(ui.visuals());
        self.screen = ui.max_rect();
        let size = self.screen.size();
        let room = if size.x < 640.0 {
            Room::Narrow
        } else if size.x < 900.0 {
            Room::Medium
        } else {
            Room::Wide
        };
        let bar = Frame::new().fill(palette.panel).inner_margin(Margin::symmetric(10, 5));
        Panel::top("toolbar").exact_size(37.0).frame(bar).show(ui, |ui| toolbar::show(self, ui, &view, room));
        let region_height = if size.y < 480.0 { 88.0 } else { (size.y * 0.2).clamp(126.0, 220.0) };
        let region =
            Frame::new().fill(palette.panel).inner_margin(Margin { left: 10, right: 10, top: 2, bottom: 8 });
        Panel::top("region")
            .exact_size(region_height)
            .frame(region)
            .show(ui, |ui| region_bar::show(self, ui, &view, room));
        Panel::bottom("actions")
            .exact_size(38.0)
            .frame(bar)
            .show(ui, |ui| actions::show(self, ui, &view, room));
        if room > Room::Narrow {
            let side = Frame::new().fill(palette.panel).inner_margin(Margin::symmetric(10, 6));
            let width = (size.x * 0.2).clamp(176.0, 260.0);
            Panel::right("categories")
                .exact_size(width)
                .resizable(false)
                .frame(side)
                .show(ui, |ui| sidebar::show(self, ui, &view));
        }
        let central =
            Frame::new().fill(palette.ground).inner_margin(Margin { left: 10, right: 4, top: 6, bottom: 0 });
        CentralPanel::default().frame(central).show(ui, |ui| {
            search_bar::show(self, ui, &view, room);
            // In a low window what to do comes before what will be.
            let low = size.y < search_bar::LOW && view.results.question.is_none();
            if room == Room::Narrow && !low {
                sidebar::strip(self, ui, &view);
            }
            ui.painter().hline(
                ui.max_rect().x_range(),
                ui.cursor().top() - 1.0,
                Stroke::new(1.0, palette.line),
            );
            match states::of(self, &view) {
                states::State::Results => list::show(self, ui, &view, room),
                state => states::show(self, ui, &view, &state),
            }
        });
        overlays::show(self, ui, &view);
        corner::show(self, ui);
        self.want_peaks();
        self.was_typing = ui.ctx().text_edit_focused();
    }

    fn install_style(&mut self, context: &Context) {
        if !self.style_installed {
            theme::install(context);
            context.options_mut(|options| {
                options.zoom_with_keyboard = false;
                options.fallback_theme = egui::Theme::Dark;
            });
            self.style_installed = true;
            let appearance = self.exchange.appearance();
            self.apply(context, appearance);
            // What was begun without the style is never seen.
            context.request_discard("the style was installed");
        }
    }

    /// Puts an appearance into effect and keeps it for the session.
    pub(super) fn set_appearance(&mut self, context: &Context, appearance: Appearance) {
        self.exchange.set_appearance(appearance);
        self.apply(context, appearance);
    }

    fn apply(&self, context: &Context, appearance: Appearance) {
        context.set_theme(match appearance.theme {
            Theme::System => egui::ThemePreference::System,
            Theme::Dark => egui::ThemePreference::Dark,
            Theme::Light => egui::ThemePreference::Light,
        });
        context.set_zoom_factor(appearance.zoom.clamp(MIN_ZOOM, MAX_ZOOM));
    }

    pub(super) fn appearance(&self) -> Appearance {
        self.exchange.appearance()
    }

    /// One step larger or smaller.
    pub(super) fn zoom(&mut self, context: &Context, steps: f32) {
        let appearance = self.appearance();
        let zoom = (((appearance.zoom / ZOOM_STEP).round() + steps) * ZOOM_STEP).clamp(MIN_ZOOM, MAX_ZOOM);
        self.set_appearance(context, Appearance { zoom, ..appearance });
        // What is larger needs a larger window, but only where the present one would be too small for it.
        let points = self.screen.size() * (appearance.zoom / zoom);
        if points.x < SMALLEST.x || points.y < SMALLEST.y {
            self.request(Request::Resize(points.max(SMALLEST)));
        }
    }

    /// Sends a command to the analysis.
    pub(super) fn send(&self, command: Command) {
        self.exchange.send(command);
    }

    /// Asks something of the window.
    pub(super) fn request(&mut self, request: Request) {
        self.requests.push(request);
    }

    /// What the window has to do after a frame; each is handed out once.
    pub fn take_requests(&mut self) -> Vec<Request> {
        std::mem::take(&mut self.requests)
    }

    /// Whether the app has a use for a key of which the host would like to know, too.
    pub fn wants_key(&self, key: egui::Key, modifiers: egui::Modifiers) -> bool {
        self.was_typing || keys::known(key, modifiers)
    }

    /// Asks another question and remembers the present one for "back".
    pub(super) fn ask(&mut self, command: Command, view: &View) {
        if let Some(question) = &view.results.question
            && self.back.last() != Some(&question.id)
        {
            self.back.push(question.id);
            // Nobody goes back further, and ids of a long session should not pile up.
            let most = 32;
            if self.back.len() > most {
                self.back.remove(0);
            }
        }
        self.send(command);
    }

    /// Whether there is a question to come back to.
    pub(super) fn can_go_back(&self) -> bool {
        !self.back.is_empty()
    }

    /// Asks the question before again.
    pub(super) fn go_back(&mut self) {
        if let Some(question) = self.back.pop() {
            self.send(Command::Recall(question));
        }
    }

    /// Says something for a moment.
    pub(super) fn notify(&mut self, context: &Context, text: impl Into<String>) {
        let until_s = context.input(|input| input.time) + NOTICE_S;
        self.notice = Some(Notice { text: text.into(), until_s });
    }

    /// Tells the user what the window could not do.
    pub fn tell(&mut self, context: &Context, text: String) {
        self.notify(context, text);
        context.request_repaint();
    }

    /// Files are dragged over the window, or no longer.
    pub fn files_hover(&mut self, hovering: bool) {
        self.drop_hovers = hovering;
    }

    /// Files were dropped on the window: the first is the question.
    pub fn files_dropped(&mut self, paths: Vec<PathBuf>) {
        self.drop_hovers = false;
        if paths.len() > 1 {
            self.to_say = Some(format!("{} files were dropped; this is about the first", paths.len()));
        }
        if let Some(path) = paths.into_iter().next() {
            self.chosen(Choice::File, path);
        }
    }

    /// The user has chosen a file or folder in a dialog.
    pub fn chosen(&mut self, choice: Choice, path: PathBuf) {
        self.send(match choice {
            Choice::File => Command::OpenFile(path),
            Choice::Library => Command::SetLibrary(Some(path)),
        });
    }

    /// Asks for the waveforms of the rows on screen when others have come into sight.
    fn want_peaks(&mut self) {
        let visible = self.list.visible();
        if visible.iter().map(|sound| sound.key).ne(self.wanted.iter().copied()) {
            self.wanted = visible.iter().map(|sound| sound.key).collect();
            if !visible.is_empty() {
                self.exchange.send(Command::WantPeaks(visible.to_vec()));
            }
        }
    }
}

/// Smallest contents that can be used, points.
pub(super) const SMALLEST: Vec2 = Vec2::new(480.0, 360.0);
/// Seconds that a notice stays.
const NOTICE_S: f64 = 4.0;
/// Zoom that the user may choose, on top of the system's scale.
pub(super) const MIN_ZOOM: f32 = 1.0;
/// See [`MIN_ZOOM`].
pub(super) const MAX_ZOOM: f32 = 2.0;
/// Step of the zoom.
pub(super) const ZOOM_STEP: f32 = 0.25;
