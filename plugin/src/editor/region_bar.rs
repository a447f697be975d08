//! The region: its waveform, the part of it that is asked about, and what belongs to the way it is obtained.

use std::ops::Range;

use egui::{Align, Button, DragValue, Label, Layout, RichText, Ui};

use super::app::{App, Choice, Request, Room};
use super::icons::{self, Icon};
use super::theme::Palette;
use super::{format, region_wave};
use crate::exchange::{self, Command, Mode, Origin, ROLLING_S, View};

/// What the user is about to change.
#[derive(Debug)]
pub(super) struct Region {
    /// The part while its handles are dragged, in seconds.
    pub(super) dragged: Option<region_wave::Drag>,
    last_seconds: f32,
    /// What the session said last, to tell its changes from what is being typed here.
    last_seconds_seen: f32,
    trim_threshold_db: f32,
}

impl Default for Region {
    fn default() -> Self {
        let settings = exchange::Settings::default();
        Self {
            dragged: None,
            last_seconds: settings.last_seconds,
            last_seconds_seen: settings.last_seconds,
            trim_threshold_db: settings.trim_threshold_db,
        }
    }
}

impl Region {
    /// Takes over what the session says.
    pub(super) fn follow(&mut self, view: &View) {
        if view.region.is_none() {
            self.dragged = None;
        }
        self.trim_threshold_db = view.settings.trim_threshold_db;
        if view.settings.last_seconds != self.last_seconds_seen {
            self.last_seconds = view.settings.last_seconds;
            self.last_seconds_seen = view.settings.last_seconds;
        }
    }

    /// Length that "use the last N seconds" takes.
    pub(super) fn last_seconds(&self) -> f32 {
        self.last_seconds
    }
}

/// Draws the line of words and controls, and the waveform below.
pub(super) fn show(app: &mut App, ui: &mut Ui, view: &View, room: Room) {
    ui.spacing_mut().item_spacing.y = 3.0;
    ui.horizontal(|ui| {
        ui.set_height(26.0);
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            controls(app, ui, view, room);
            ui.with_layout(Layout::left_to_right(Align::Center), |ui| {
                words(app, ui, view);
            });
        });
    });
    region_wave::show(app, ui, view);
}

fn controls(app: &mut App, ui: &mut Ui, view: &View, room: Room) {
    if view.region.is_some() && icons::button(ui, Icon::Cross, "Forget this region").clicked() {
        app.send(Command::Clear);
    }
    match view.mode {
        Mode::Selection => {}
        Mode::LastSeconds => {
            last_seconds(app, ui, view);
            hold(app, ui, view);
            trim(app, ui, view, room);
        }
        Mode::File => {
            if ui.button("Open file…").clicked() {
                app.request(Request::Choose(Choice::File));
            }
        }
    }
}

fn last_seconds(app: &mut App, ui: &mut Ui, view: &View) {
    let seconds = &mut app.region.last_seconds;
    let value =
        DragValue::new(seconds).range(0.1..=ROLLING_S as f32).speed(0.1).fixed_decimals(1).suffix(" s");
    let response = ui.add(value).on_hover_text("Drag, or click and type");
    response.accessible_name("Seconds");
    let use_last = Button::new("Use last").fill(Palette::of(ui.visuals()).control_active);
    let seconds = app.region.last_seconds;
    if ui.add_enabled(view.region.is_some(), use_last).on_hover_text("Ask about the last seconds").clicked() {
        app.send(Command::UseLast { seconds });
    }
}

fn hold(app: &mut App, ui: &mut Ui, view: &View) {
    let hold = view.settings.hold;
    let button = Button::selectable(hold, "Hold").frame_when_inactive(true);
    if ui.add(button).on_hover_text("Freeze the last seconds (H)").clicked() {
        app.send(Command::SetHold(!hold));
    }
}

fn trim(app: &mut App, ui: &mut Ui, view: &View, room: Room) {
    let threshold = &mut app.region.trim_threshold_db;
    let value = DragValue::new(threshold).range(-100.0..=-10.0).speed(0.5).fixed_decimals(0).suffix(" dB");
    let response = ui.add(value).on_hover_text("Trim: what is softer at both ends is left out");
    let changed = response.changed() && app.region.trim_threshold_db != view.settings.trim_threshold_db;
    response.accessible_name("Trim threshold");
    if room > Room::Narrow {
        ui.label(RichText::new("Trim").small());
    }
    if changed {
        app.send(Command::SetTrimThreshold(app.region.trim_threshold_db));
    }
}

fn words(app: &mut App, ui: &mut Ui, view: &View) {
    let palette = Palette::of(ui.visuals());
    let text = view.region.as_ref().map_or_else(|| no_region(view), |region| describe(region));
    ui.add(Label::new(text).truncate());
    if view.input.dropped_samples > 0 {
        let text = RichText::new("Not all of it was analysed").small().color(palette.mark);
        ui.label(text).on_hover_text(format!(
            "The analysis missed {} because this computer was busy. The audio itself was not touched.",
            format::counted(
                usize::try_from(view.input.dropped_samples).unwrap_or(usize::MAX),
                "sample",
                "samples"
            ),
        ));
    }
    if let Some(region) = &view.region
        && let Some(selected) = &region.selected_s
    {
        part(app, ui, selected);
    }
}

fn part(app: &App, ui: &mut Ui, selected: &Range<f64>) {
    let (from, to) = (format::moment(selected.start), format::moment(selected.end));
    let label = RichText::new(format!("{from} – {to}")).small();
    let chip = Button::new(label).right_text(RichText::new("×").small());
    if ui
        .add(chip)
        .accessible_name("Ask about the whole region")
        .on_hover_text("Ask about the whole region")
        .clicked()
    {
        app.send(Command::Select(None));
    }
}

fn no_region(view: &View) -> String {
    match (view.mode, view.input.loop_range_s) {
        (Mode::Selection, Some((from, to))) => {
            format!("Loop range {} – {}", format::moment(from), format::moment(to))
        }
        (Mode::Selection, None) => "No loop range in the session".into(),
        (Mode::LastSeconds, _) => format!("The last {ROLLING_S:.0} s"),
        (Mode::File, _) => "No file".into(),
    }
}

fn describe(region: &exchange::Region) -> String {
    let mut text = match &region.origin {
        Origin::Selection => "Loop range".to_owned(),
        Origin::Offline => "Render".to_owned(),
        Origin::LastSeconds => "Last seconds".to_owned(),
        Origin::File { path } => path.file_name().unwrap_or(path.as_os_str()).to_string_lossy().into_owned(),
        Origin::Sounds { names } => names.join(" + "),
    };
    text.push_str(&format!("  ·  {}", format::duration(region.duration_s)));
    if !region.complete && region.origin == Origin::Selection && region.duration_s > 0.0 {
        let heard: f64 = region.heard_s.iter().map(|part| part.end - part.start).sum();
        text.push_str(&format!("  ·  {:.0} % heard", (heard / region.duration_s * 100.0).clamp(0.0, 100.0)));
    }
    if region.cut_short {
        text.push_str("  ·  only its beginning");
    }
    text
}
