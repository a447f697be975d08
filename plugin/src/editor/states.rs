//! What stands in the list's place when there is no list: each state says what is the matter and what to do next.

use egui::{Align, Button, Frame, Label, Layout, Margin, ProgressBar, RichText, ScrollArea, Ui, UiBuilder};

use super::app::{App, Choice, Request};
use super::search_bar;
use super::theme::Palette;
use crate::exchange::{Command, LibraryState, Mode, View, Work};

/// What the middle of the window shows.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum State {
    /// The list.
    Results,
    /// There is no library yet.
    NoLibrary,
    /// The library cannot be used.
    LibraryFailed,
    /// The library or the network is being opened.
    Opening,
    /// Nothing has been asked yet.
    Listening,
    /// The first answer is on its way.
    Analysing {
        /// Part done, 0 to 1; `None`: not known.
        progress: Option<f32>,
    },
    /// The library holds nothing like it.
    NothingClose,
    /// The filter lets nothing pass.
    NothingPasses,
    /// The library is empty.
    Empty,
}

/// The state of a picture.
pub(super) fn of(app: &App, view: &View) -> State {
    let results = &view.results;
    let asked = results.question.is_some();
    if asked && !results.rows.is_empty() {
        let far = results.nothing_close && !search_bar::is_filtered(view);
        let shown = app.shown_though_far == results.question.as_ref().map(|question| question.id);
        return if far && !shown { State::NothingClose } else { State::Results };
    }
    match &view.library.state {
        LibraryState::Missing { .. } => return State::NoLibrary,
        LibraryState::Failed { .. } => return State::LibraryFailed,
        LibraryState::Open { sounds: 0, .. } => return State::Empty,
        LibraryState::Opening | LibraryState::Open { .. } => {}
    }
    if asked && !matches!(view.library.state, LibraryState::Opening) {
        return if search_bar::is_filtered(view) { State::NothingPasses } else { State::NothingClose };
    }
    match view.work {
        Work::Analysing { progress } => State::Analysing { progress: Some(progress) },
        Work::Searching => State::Analysing { progress: None },
        Work::Loading => State::Opening,
        Work::Idle | Work::Listening if view.library.state == LibraryState::Opening => State::Opening,
        Work::Idle | Work::Listening => State::Listening,
    }
}

/// Draws a state.
pub(super) fn show(app: &mut App, ui: &mut Ui, view: &View, state: &State) {
    let space = ui.available_rect_before_wrap();
    let width = space.width().min(460.0);
    let column = egui::Rect::from_center_size(space.center(), egui::vec2(width, space.height()));
    let builder = UiBuilder::new().max_rect(column).layout(Layout::top_down(Align::Center));
    let scroll = ScrollArea::vertical().id_salt("state").auto_shrink([false, false]);
    ui.scope_builder(builder, |ui| {
        scroll.show(ui, |ui| {
            // A little above the middle looks like the middle.
            ui.add_space((space.height() * 0.42 - 70.0).max(4.0));
            match state {
                State::Results => {}
                State::NoLibrary | State::LibraryFailed => about_library(app, ui, view),
                State::Opening => {
                    title(ui, "Opening the library");
                    words(
                        ui,
                        "Audio is captured meanwhile; the closest sounds appear as soon as it is there.",
                    );
                }
                State::Listening => listening(app, ui, view),
                State::Analysing { progress } => analysing(ui, *progress),
                State::NothingClose => nothing_close(app, ui, view),
                State::NothingPasses => {
                    title(ui, "Nothing passes the filter");
                    words(ui, "The closest sounds of the library are all left out by it.");
                    if ui.button("Clear the filters").clicked() {
                        search_bar::clear_filters(app, view);
                    }
                }
                State::Empty => {
                    title(ui, "The library is empty");
                    words(ui, "Index a folder of sounds into it; they appear here by themselves.");
                    command_line(app, ui, "earmark index ~/Sounds");
                }
            }
        })
    });
}

/// What is the matter with the library and what to do, if something is.
pub(super) fn about_library(app: &mut App, ui: &mut Ui, view: &View) {
    match &view.library.state {
        LibraryState::Missing { command } => no_library(app, ui, command),
        LibraryState::Failed { message } => failed(app, ui, message),
        LibraryState::Opening | LibraryState::Open { .. } => {}
    }
}

fn title(ui: &mut Ui, text: &str) {
    ui.label(RichText::new(text).heading());
    ui.add_space(2.0);
}

fn words(ui: &mut Ui, text: &str) {
    let palette = Palette::of(ui.visuals());
    ui.label(RichText::new(text).color(palette.text_weak));
    ui.add_space(8.0);
}

fn no_library(app: &mut App, ui: &mut Ui, command: &str) {
    title(ui, "No library yet");
    words(
        ui,
        "Earmark searches an index of your sounds. This command makes one; it is picked up here by itself:",
    );
    command_line(app, ui, command);
    ui.add_space(8.0);
    if ui.button("Choose a library’s folder…").clicked() {
        app.request(Request::Choose(Choice::Library));
    }
}

fn command_line(app: &mut App, ui: &mut Ui, command: &str) {
    let palette = Palette::of(ui.visuals());
    let frame = Frame::new().fill(palette.well).corner_radius(5.0);
    frame.inner_margin(Margin { left: 10, right: 6, top: 5, bottom: 5 }).show(ui, |ui| {
        // The button keeps its place; a long command takes more lines.
        ui.horizontal(|ui| {
            ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
                if ui.button("Copy").accessible_name("Copy command").clicked() {
                    ui.ctx().copy_text(command.to_owned());
                    app.notify(ui.ctx(), "Command copied");
                }
                ui.with_layout(Layout::left_to_right(Align::Center), |ui| {
                    ui.add(Label::new(RichText::new(command).monospace()).wrap());
                });
            });
        });
    });
}

fn failed(app: &mut App, ui: &mut Ui, message: &str) {
    let palette = Palette::of(ui.visuals());
    title(ui, "The library cannot be used");
    ui.label(RichText::new(message).color(palette.bad));
    ui.add_space(8.0);
    ui.horizontal(|ui| {
        let space = (ui.available_width() - 250.0) / 2.0;
        ui.add_space(space.max(0.0));
        if ui.button("Try again").clicked() {
            app.send(Command::RetryLibrary);
        }
        if ui.button("Choose another folder…").clicked() {
            app.request(Request::Choose(Choice::Library));
        }
    });
}

fn listening(app: &mut App, ui: &mut Ui, view: &View) {
    match view.mode {
        Mode::Selection if view.input.loop_range_s.is_none() => {
            title(ui, "Set a loop range");
            words(
                ui,
                "Loop or select a range in the session and play it. What sounds inside it is what is asked about.",
            );
        }
        Mode::Selection => {
            title(ui, "Play the loop range");
            words(
                ui,
                "The closest sounds appear when the range has been heard once. Rendering it offline works, too.",
            );
        }
        Mode::LastSeconds => {
            title(ui, "Play something");
            words(ui, "When you have heard what you mean, ask about the last seconds.");
            let seconds = app.region.last_seconds();
            if ui
                .add_enabled(view.region.is_some(), Button::new(format!("Use the last {seconds:.1} s")))
                .clicked()
            {
                app.send(Command::UseLast { seconds });
            }
        }
        Mode::File => {
            title(ui, "Drop a sound here");
            words(ui, "Or open one. Its waveform appears above, and any part of it can be asked about.");
            if ui.button("Open a file…").clicked() {
                app.request(Request::Choose(Choice::File));
            }
        }
    }
}

fn analysing(ui: &mut Ui, progress: Option<f32>) {
    title(ui, "Analysing");
    words(ui, "The closest sounds are on their way.");
    let shown = progress.unwrap_or(1.0);
    ui.add(ProgressBar::new(shown).desired_width(220.0).desired_height(6.0))
        .accessible_name("Progress of the analysis");
}

fn nothing_close(app: &mut App, ui: &mut Ui, view: &View) {
    title(ui, "Nothing close");
    words(ui, "The library holds nothing that sounds like this. A shorter part of it may find more.");
    if let Some(question) = &view.results.question
        && !view.results.rows.is_empty()
        && ui.button("Show the nearest anyway").clicked()
    {
        app.shown_though_far = Some(question.id);
    }
}
