//! The bar at the top: how the region is obtained, what is going on, appearance, help.

use egui::{
    Align, Button, Color32, CornerRadius, Label, Layout, Popup, PopupCloseBehavior, RichText, Sense, Ui, Vec2,
};

use super::actions::{FROM_MATCH_HELP, SYNC_HELP};
use super::app::{App, Choice, MAX_ZOOM, MIN_ZOOM, Request, Room};
use super::format;
use super::icons::{self, Icon};
use super::states;
use super::theme::Palette;
use crate::exchange::{Appearance, Command, LibraryState, Mode, Theme, View, Work};

/// Draws the bar.
pub(super) fn show(app: &mut App, ui: &mut Ui, view: &View, room: Room) {
    ui.horizontal_centered(|ui| {
        modes(app, ui, view);
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            let gear = icons::button(ui, Icon::Gear, "Settings");
            Popup::menu(&gear)
                .close_behavior(PopupCloseBehavior::CloseOnClickOutside)
                .accessible_name("Settings")
                .show(|ui| settings(app, ui, view));
            if icons::button(ui, Icon::Help, "Keys (F1)").clicked() {
                app.help_open = !app.help_open;
            }
            ui.add_space(4.0);
            status(app, ui, view, room);
        });
    });
}

fn modes(app: &mut App, ui: &mut Ui, view: &View) {
    ui.spacing_mut().item_spacing.x = 1.0;
    let radius = 5;
    let left = CornerRadius { nw: radius, sw: radius, ..CornerRadius::ZERO };
    let right = CornerRadius { ne: radius, se: radius, ..CornerRadius::ZERO };
    for (mode, label, corners, help) in [
        (Mode::Selection, "Selection", left, "What plays inside the session's loop range"),
        (Mode::LastSeconds, "Last seconds", CornerRadius::ZERO, "What has just played"),
        (Mode::File, "File", right, "A file that is opened or dropped here"),
    ] {
        let button =
            Button::selectable(view.mode == mode, label).frame_when_inactive(true).corner_radius(corners);
        if ui.add(button).on_hover_text(help).clicked() && view.mode != mode {
            app.send(Command::SetMode(mode));
        }
    }
    ui.spacing_mut().item_spacing.x = 6.0;
}

/// What is going on, in a few words that always stand in the same place.
fn status(app: &mut App, ui: &mut Ui, view: &View, room: Room) {
    let palette = Palette::of(ui.visuals());
    let (text, color) = words(view, palette);
    let text = if room == Room::Narrow { format::shortened(&text, 22) } else { text };
    if matches!(view.library.state, LibraryState::Missing { .. } | LibraryState::Failed { .. }) {
        // The list may still show what the session has kept; what to do about the library is said here, too.
        let button = ui.button(RichText::new(text).small()).on_hover_text("What to do about it");
        Popup::menu(&button)
            .close_behavior(PopupCloseBehavior::CloseOnClickOutside)
            .accessible_name("About the library")
            .show(|ui| {
                ui.reset_style();
                ui.set_max_width(380.0);
                ui.vertical_centered(|ui| states::about_library(app, ui, view));
            });
    } else {
        ui.add(Label::new(RichText::new(text).small().color(palette.text_weak)).truncate());
    }
    let (dot, _) = ui.allocate_exact_size(Vec2::splat(10.0), Sense::hover());
    ui.painter().circle_filled(dot.center(), 4.0, color);
}

fn words(view: &View, palette: &Palette) -> (String, Color32) {
    match &view.library.state {
        LibraryState::Missing { .. } => return ("No library".into(), palette.mark),
        LibraryState::Failed { .. } => return ("Library out of order".into(), palette.bad),
        LibraryState::Opening | LibraryState::Open { .. } => {}
    }
    if view.input.offline {
        return ("Listening to the render".into(), palette.good);
    }
    match view.work {
        Work::Loading => ("Loading the network".into(), palette.accent),
        Work::Analysing { progress } => (format!("Analysing {:.0} %", progress * 100.0), palette.accent),
        Work::Searching => ("Searching".into(), palette.accent),
        Work::Listening if view.input.active => ("Listening".into(), palette.good),
        Work::Listening => ("Waiting for audio".into(), palette.text_weak),
        Work::Idle => (library_words(view), palette.text_weak),
    }
}

fn library_words(view: &View) -> String {
    match &view.library.state {
        LibraryState::Open { sounds, .. } => format::counted(*sounds, "sound", "sounds"),
        _ => "Opening the library".into(),
    }
}

fn settings(app: &mut App, ui: &mut Ui, view: &View) {
    // A menu's buttons have no ground; these are no entries of a menu.
    ui.reset_style();
    ui.set_min_width(280.0);
    ui.set_max_width(320.0);
    appearance(app, ui);
    ui.separator();
    ui.label(RichText::new("Audition").strong());
    let (mut from_match, mut sync) = (view.settings.from_match, view.settings.sync);
    if ui.checkbox(&mut from_match, "Start at the matching moment").on_hover_text(FROM_MATCH_HELP).changed() {
        app.send(Command::SetFromMatch(from_match));
    }
    if ui.checkbox(&mut sync, "Wait for the transport").on_hover_text(SYNC_HELP).changed() {
        app.send(Command::SetSync(sync));
    }
    ui.separator();
    library(app, ui, view);
}

fn appearance(app: &mut App, ui: &mut Ui) {
    let appearance = app.appearance();
    ui.label(RichText::new("Appearance").strong());
    ui.horizontal(|ui| {
        for (theme, label, help) in [
            (
                Theme::System,
                "Like the desktop",
                "Dark or light as the desktop is; dark where it does not say",
            ),
            (Theme::Dark, "Dark", "Dark whatever the desktop is"),
            (Theme::Light, "Light", "Light whatever the desktop is"),
        ] {
            let button = Button::selectable(appearance.theme == theme, label).frame_when_inactive(true);
            if ui.add(button).on_hover_text(help).clicked() {
                app.set_appearance(ui.ctx(), Appearance { theme, ..appearance });
            }
        }
    });
    ui.horizontal(|ui| {
        let zoom = appearance.zoom.clamp(MIN_ZOOM, MAX_ZOOM);
        let smaller = Button::new("−").min_size(Vec2::new(28.0, 0.0));
        let smaller = ui.add_enabled(zoom > MIN_ZOOM, smaller).on_hover_text("Smaller (Ctrl −)");
        if smaller.accessible_name("Smaller").clicked() {
            app.zoom(ui.ctx(), -1.0);
        }
        let larger = Button::new("+").min_size(Vec2::new(28.0, 0.0));
        let larger = ui.add_enabled(zoom < MAX_ZOOM, larger).on_hover_text("Larger (Ctrl +)");
        if larger.accessible_name("Larger").clicked() {
            app.zoom(ui.ctx(), 1.0);
        }
        ui.label(format!("{:.0} %", zoom * 100.0));
    });
}

fn library(app: &mut App, ui: &mut Ui, view: &View) {
    let palette = Palette::of(ui.visuals());
    ui.label(RichText::new("Library").strong());
    let dir = view.library.dir.as_ref().map_or_else(|| "none".to_owned(), |dir| dir.display().to_string());
    ui.add(Label::new(RichText::new(&dir).small()).truncate()).on_hover_text(&dir);
    if let LibraryState::Open { sounds, frames, model, damaged_sounds } = &view.library.state {
        let frames = format::count(*frames);
        let text = format!("{}, {frames} frames, {model}", format::counted(*sounds, "sound", "sounds"));
        ui.label(RichText::new(text).small().color(palette.text_weak));
        if *damaged_sounds > 0 {
            let damaged = format::counted(*damaged_sounds, "sound is", "sounds are");
            let text = format!("{damaged} out of reach: segments are damaged; index again");
            ui.label(RichText::new(text).small().color(palette.bad));
        }
    }
    ui.horizontal(|ui| {
        if ui.button("Choose folder…").clicked() {
            app.request(Request::Choose(Choice::Library));
            ui.close();
        }
        if ui.button("Default").on_hover_text("Use the library where the earmark command makes it").clicked()
        {
            app.send(Command::SetLibrary(None));
            ui.close();
        }
    });
}
