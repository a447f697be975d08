//! What can be done with the selected sounds: by key, in the bar at the bottom, in a row's menu.

use egui::{
    Align, Button, Context, Layout, Popup, PopupCloseBehavior, Response, Role, Slider, Ui, WidgetInfo,
};

use super::app::{App, Request, Room};
use super::format;
use super::icons::{self, Icon};
use crate::exchange::{AuditionState, Command, Row, View};
use crate::parameters::GAIN_RANGE_DB;

/// Something to do with the selected sounds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Action {
    /// Play the cursor's sound, or stop.
    Audition,
    /// Ask for sounds like it, or like all selected.
    MoreLike,
    /// Show in the file manager.
    Reveal,
    /// Copy the paths.
    CopyPath,
    /// Mark as favourites, or no longer.
    Favourite,
}

/// Does it.
pub(super) fn perform(app: &mut App, context: &Context, view: &View, action: Action) {
    let selected = app.list.selected();
    let Some(first) = selected.first() else { return };
    match action {
        Action::Audition => {
            let Some(row) = app.list.cursor() else { return };
            let sounds = is_sounding(view) && view.audition.sound == Some(row.sound.key);
            app.send(if sounds { Command::StopAudition } else { Command::Audition(row.sound.clone()) });
        }
        Action::MoreLike if selected.len() == 1 => app.ask(Command::MoreLike(first.clone()), view),
        Action::MoreLike => app.ask(Command::Combine(selected), view),
        Action::Reveal => app.request(Request::Reveal(first.path.to_path_buf())),
        Action::CopyPath => {
            let paths: Vec<String> = selected.iter().map(|sound| sound.path.display().to_string()).collect();
            context.copy_text(paths.join("\n"));
            let what = if paths.len() == 1 {
                "Path copied".to_owned()
            } else {
                format!("{} paths copied", paths.len())
            };
            app.notify(context, what);
        }
        Action::Favourite => {
            for sound in &selected {
                app.send(Command::ToggleFavourite(sound.key));
            }
        }
    }
}

fn is_sounding(view: &View) -> bool {
    !matches!(view.audition.state, AuditionState::Stopped | AuditionState::Failed(_))
}

/// While something sounds, moving through the list plays what the cursor comes to.
pub(super) fn follow_with_audition(app: &App, view: &View) {
    if let Some(row) = app.list.cursor()
        && is_sounding(view)
        && view.audition.sound != Some(row.sound.key)
        && !app.list.has_several()
    {
        app.send(Command::Audition(row.sound.clone()));
    }
}

/// A row's menu.
pub(super) fn menu(app: &mut App, ui: &mut Ui, view: &View, row: &Row) {
    ui.set_min_width(210.0);
    let favourite = view.favourites.contains(&row.sound.key);
    let several = app.list.selected().len();
    let like = if several > 1 { format!("Like all {several}") } else { "More like this".into() };
    let sounds = is_sounding(view) && view.audition.sound == Some(row.sound.key);
    for (label, keys, action) in [
        (if sounds { "Stop" } else { "Play" }, "Space", Action::Audition),
        (like.as_str(), "L", Action::MoreLike),
        (if favourite { "No longer a favourite" } else { "Favourite" }, "F", Action::Favourite),
        ("Show in file manager", "Enter", Action::Reveal),
        ("Copy path", "Ctrl C", Action::CopyPath),
    ] {
        if ui.add(Button::new(label).shortcut_text(keys)).clicked() {
            perform(app, ui.ctx(), view, action);
            ui.close();
        }
    }
}

/// The bar at the bottom.
pub(super) fn show(app: &mut App, ui: &mut Ui, view: &View, room: Room) {
    ui.horizontal_centered(|ui| {
        let selected = app.list.selected().len();
        let any = selected > 0 && view.results.question.is_some();
        ui.add_enabled_ui(any, |ui| selection_buttons(app, ui, view, room, selected));
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            gain(app, ui, room);
            if room == Room::Wide {
                let (mut from_match, mut sync) = (view.settings.from_match, view.settings.sync);
                if ui.checkbox(&mut sync, "With transport").on_hover_text(SYNC_HELP).changed() {
                    app.send(Command::SetSync(sync));
                }
                if ui.checkbox(&mut from_match, "From match").on_hover_text(FROM_MATCH_HELP).changed() {
                    app.send(Command::SetFromMatch(from_match));
                }
            }
        });
    });
}

pub(super) const SYNC_HELP: &str = "An audition waits until the transport starts";
pub(super) const FROM_MATCH_HELP: &str =
    "An audition starts at the matching moment rather than at the beginning";

fn selection_buttons(app: &mut App, ui: &mut Ui, view: &View, room: Room, selected: usize) {
    let sounds = is_sounding(view);
    let (icon, name) = if sounds { (Icon::Stop, "Stop audition") } else { (Icon::Play, "Play selected") };
    if icons::button(ui, icon, name).clicked() {
        // Stop means whatever sounds, also if the cursor has moved on.
        if sounds {
            app.send(Command::StopAudition);
        } else {
            perform(app, ui.ctx(), view, Action::Audition);
        }
    }
    let like = if selected > 1 { format!("Like these {selected}") } else { "More like this".to_owned() };
    if ui.button(like).on_hover_text("Ask for sounds like what is selected (L)").clicked() {
        perform(app, ui.ctx(), view, Action::MoreLike);
    }
    if room == Room::Narrow {
        let more = ui.button("More…");
        Popup::menu(&more).close_behavior(PopupCloseBehavior::CloseOnClick).show(|ui| {
            reveal_and_copy(app, ui, view);
        });
    } else {
        reveal_and_copy(app, ui, view);
    }
}

fn reveal_and_copy(app: &mut App, ui: &mut Ui, view: &View) {
    if ui.button("Show file").on_hover_text("Show in the file manager (Enter)").clicked() {
        perform(app, ui.ctx(), view, Action::Reveal);
    }
    if ui.button("Copy path").on_hover_text("Ctrl C").clicked() {
        perform(app, ui.ctx(), view, Action::CopyPath);
    }
}

fn gain(app: &mut App, ui: &mut Ui, room: Room) {
    let mut db = app.gain_db;
    let (low, high) = GAIN_RANGE_DB;
    if room > Room::Narrow {
        ui.allocate_ui_with_layout(egui::vec2(58.0, 20.0), Layout::right_to_left(Align::Center), |ui| {
            ui.label(egui::RichText::new(format::decibels(db)).small());
        });
    }
    ui.spacing_mut().slider_width = if room == Room::Narrow { 70.0 } else { 96.0 };
    let response = ui.add(Slider::new(&mut db, low..=high).show_value(false).step_by(0.1));
    name_slider(&response, db);
    if response.double_clicked() {
        app.request(Request::SetGain { db: 0.0, last: true });
    } else if response.changed() {
        app.request(Request::SetGain { db, last: !response.dragged() });
    } else if response.drag_stopped() {
        app.request(Request::SetGain { db, last: true });
    }
    response.on_hover_text(format!("Gain of the audition: {}; double click for 0 dB", format::decibels(db)));
    if room > Room::Narrow {
        ui.label(egui::RichText::new("Gain").small());
    }
}

fn name_slider(response: &Response, db: f32) {
    response.widget_info(|| WidgetInfo {
        value: Some(f64::from(db)),
        ..WidgetInfo::labeled(Role::Slider, true, "Audition gain")
    });
}
