//! One result.

use std::sync::Arc;

use egui::{
    Align2, Color32, CursorIcon, FontId, Galley, Rangef, Rect, Role, Sense, Stroke, Ui, Vec2, WidgetInfo,
    pos2,
};

use super::actions;
use super::app::{App, Room};
use super::columns::Columns;
use super::icons::{self, Icon};
use super::theme::{BODY_PT, Palette, SMALL_PT};
use super::{format, waveform};
use crate::exchange::{AuditionState, Command, Row, SoundPeaks, View};

/// What the user did with a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Click {
    /// Nothing.
    None,
    /// Selects it.
    Select,
    /// Opened its menu.
    Menu,
    /// Begins to drag it.
    Drag,
}

/// A row that cannot be read.
pub(super) fn damaged(ui: &Ui, rect: Rect, columns: &Columns) {
    let palette = Palette::of(ui.visuals());
    let text = "This sound lies in a damaged part of the library";
    ui.painter().text(
        pos2(columns.name.min, rect.center().y),
        Align2::LEFT_CENTER,
        text,
        FontId::proportional(SMALL_PT),
        palette.text_weak,
    );
}

/// Draws a row and says what was done with it.
pub(super) fn show(
    app: &mut App,
    ui: &mut Ui,
    view: &View,
    row: &Row,
    rect: Rect,
    columns: &Columns,
    room: Room,
) -> Click {
    let palette = Palette::of(ui.visuals());
    let selected = app.list.is_selected(row.sound.key);
    let response = ui.interact(rect, ui.scope_id().with("row"), Sense::CLICK | Sense::DRAG);
    let ground = if selected {
        palette.row_selected
    } else if response.contains_pointer() {
        palette.row_hovered
    } else {
        Color32::TRANSPARENT
    };
    ui.painter().rect_filled(rect.shrink2(Vec2::new(0.0, 1.0)), 4.0, ground);
    response.widget_info(|| WidgetInfo::selected(Role::ListBoxOption, true, selected, spoken(row)));

    star(app, ui, view, row, cell(columns.star, rect));
    play(app, ui, view, row, cell(columns.play, rect));
    texts(ui, row, rect, columns, room);
    moment(app, ui, view, row, cell(columns.wave, rect).shrink2(Vec2::new(0.0, 7.0)));

    response.context_menu(|ui| actions::menu(app, ui, view, row));
    let mut click = Click::None;
    if response.drag_started_by(egui::PointerButton::Primary) {
        ui.ctx().set_cursor_icon(CursorIcon::Grabbing);
        click = Click::Drag;
    } else if response.secondary_clicked() {
        click = Click::Menu;
    } else if response.clicked() {
        click = Click::Select;
    }
    if response.double_clicked() {
        app.send(Command::Audition(row.sound.clone()));
    }
    response.on_hover_text_at_pointer(row.sound.path.display().to_string());
    click
}

/// A row in words.
fn spoken(row: &Row) -> String {
    format!(
        "{}, {:.0} %, {}, {}, {}",
        row.name,
        row.similarity_percent,
        row.cat_id.unwrap_or("no category"),
        format::duration(row.duration_s),
        format::channels(row.channels),
    )
}

fn cell(column: Rangef, rect: Rect) -> Rect {
    Rect::from_x_y_ranges(column, rect.y_range())
}

fn star(app: &App, ui: &mut Ui, view: &View, row: &Row, rect: Rect) {
    let palette = Palette::of(ui.visuals());
    let favourite = view.favourites.contains(&row.sound.key);
    let response = ui.interact(rect, ui.scope_id().with("star"), Sense::CLICK);
    let (icon, color) = if favourite {
        (Icon::StarFilled, palette.mark)
    } else if response.hovered() {
        (Icon::Star, palette.text)
    } else {
        (Icon::Star, palette.text_weak)
    };
    icons::paint(ui.painter(), icon, rect, 14.0, color);
    response.widget_info(|| {
        WidgetInfo::selected(Role::CheckBox, true, favourite, format!("Favourite {}", row.name))
    });
    if response.clicked() {
        app.send(Command::ToggleFavourite(row.sound.key));
    }
}

fn play(app: &App, ui: &mut Ui, view: &View, row: &Row, rect: Rect) {
    let palette = Palette::of(ui.visuals());
    let sounds = view.audition.sound == Some(row.sound.key)
        && !matches!(view.audition.state, AuditionState::Failed(_));
    let response = ui.interact(rect, ui.scope_id().with("play"), Sense::CLICK);
    let waiting = matches!(view.audition.state, AuditionState::Opening | AuditionState::WaitingForTransport);
    let (icon, color) = match (sounds, response.hovered()) {
        (true, _) if waiting => (Icon::Stop, palette.mark),
        (true, _) => (Icon::Stop, palette.good),
        (false, true) => (Icon::Play, palette.text),
        (false, false) => (Icon::Play, palette.text_weak),
    };
    icons::paint(ui.painter(), icon, rect, 13.0, color);
    let name = if sounds { format!("Stop {}", row.name) } else { format!("Play {}", row.name) };
    response.widget_info(|| WidgetInfo::labeled(Role::Button, true, &name));
    if response.clicked() {
        app.send(if sounds { Command::StopAudition } else { Command::Audition(row.sound.clone()) });
    }
}

fn texts(ui: &Ui, row: &Row, rect: Rect, columns: &Columns, room: Room) {
    let palette = Palette::of(ui.visuals());
    let category = match (row.category, row.subcategory) {
        (Some(category), Some(subcategory)) => format!("{category} · {subcategory}"),
        _ => "No category".to_owned(),
    };
    let folder = format::folder(&row.sound.path);
    let below_name = match (columns.category, row.cat_id) {
        (None, Some(cat_id)) => format!("{cat_id}  ·  {folder}"),
        _ => folder,
    };
    let small = FontId::proportional(SMALL_PT);
    let body = FontId::proportional(BODY_PT);
    two_lines(
        ui,
        cell(columns.name, rect),
        (shown_name(row), body.clone(), palette.text),
        (&below_name, small.clone()),
    );
    if let Some(column) = columns.category {
        two_lines(
            ui,
            cell(column, rect),
            (row.cat_id.unwrap_or("–"), body.clone(), palette.text),
            (&category, small.clone()),
        );
    }
    right(ui, cell(columns.duration, rect), &format::duration(row.duration_s), small.clone(), palette.text);
    if let Some(column) = columns.channels {
        right(ui, cell(column, rect), &format::channels(row.channels), small.clone(), palette.text_weak);
    }
    similarity(ui, cell(columns.similarity, rect), row.similarity_percent, room);
}

/// The name without the CatID it begins with: that stands beside or below it.
fn shown_name(row: &Row) -> &str {
    let rest = row.cat_id.and_then(|cat_id| row.name.strip_prefix(cat_id)?.strip_prefix('_'));
    rest.unwrap_or(&row.name)
}

fn similarity(ui: &Ui, rect: Rect, percent: f32, room: Room) {
    let palette = Palette::of(ui.visuals());
    let text = format!("{percent:.0} %");
    let lifted = if room == Room::Wide { 5.0 } else { 0.0 };
    right(ui, rect.translate(Vec2::new(0.0, -lifted)), &text, FontId::proportional(BODY_PT), palette.text);
    if room == Room::Wide {
        let bar = Rect::from_min_max(
            pos2(rect.left() + 14.0, rect.bottom() - 13.0),
            pos2(rect.right(), rect.bottom() - 10.0),
        );
        ui.painter().rect_filled(bar, 1.5, palette.control);
        let filled = bar.width() * (percent / 100.0).clamp(0.0, 1.0);
        ui.painter().rect_filled(
            Rect::from_min_size(bar.min, Vec2::new(filled, bar.height())),
            1.5,
            palette.accent,
        );
    }
}

fn right(ui: &Ui, rect: Rect, text: &str, font: FontId, color: Color32) {
    ui.painter().text(rect.right_center(), Align2::RIGHT_CENTER, text, font, color);
}

fn two_lines(
    ui: &Ui,
    rect: Rect,
    (first, font, color): (&str, FontId, Color32),
    (second, small): (&str, FontId),
) {
    let palette = Palette::of(ui.visuals());
    let upper = elided(ui, first, font, color, rect.width());
    let lower = elided(ui, second, small, palette.text_weak, rect.width());
    let top = rect.center().y - (upper.size().y + lower.size().y + 1.0) / 2.0;
    let below = top + upper.size().y + 1.0;
    ui.painter().galley(pos2(rect.left(), top), upper, color);
    ui.painter().galley(pos2(rect.left(), below), lower, palette.text_weak);
}

/// A text in one line, cut off with an ellipsis.
pub(super) fn elided(ui: &Ui, text: &str, font: FontId, color: Color32, width: f32) -> Arc<Galley> {
    let mut job = egui::text::LayoutJob::simple_singleline(text.to_owned(), font, color);
    job.wrap = egui::text::TextWrapping::truncate_at_width(width.max(8.0));
    ui.painter().layout_job(job)
}

/// The waveform with the matching moment; a click plays from there.
fn moment(app: &App, ui: &mut Ui, view: &View, row: &Row, rect: Rect) {
    let palette = Palette::of(ui.visuals());
    let response = ui.interact(rect, ui.scope_id().with("wave"), Sense::CLICK);
    let name =
        format!("Play {} from a moment; the match is at {}", row.name, format::moment(row.sound.match_s));
    response.widget_info(|| WidgetInfo::labeled(Role::Button, true, &name));
    let x_at = |seconds: f64| rect.left() + (seconds / row.duration_s).clamp(0.0, 1.0) as f32 * rect.width();
    let matching = row.sound.match_s..row.sound.match_s + row.match_length_s;
    match view.sound_peaks.get(&row.sound.key) {
        Some(SoundPeaks::Ready(peaks)) => waveform::paint(ui.painter(), rect, peaks, row.duration_s, |at| {
            Some(if matching.contains(&at) { palette.mark } else { palette.wave })
        }),
        Some(SoundPeaks::Failed(_)) => {
            let font = FontId::proportional(SMALL_PT);
            ui.painter().text(rect.center(), Align2::CENTER_CENTER, "cannot be read", font, palette.bad);
        }
        Some(SoundPeaks::Pending) | None => {
            ui.painter().hline(rect.x_range(), rect.center().y, Stroke::new(1.0, palette.wave_outside));
        }
    }
    // The moment is marked also where the whole sound matches or its waveform is not there yet.
    let (from, to) = (x_at(matching.start), x_at(matching.end).max(x_at(matching.start) + 2.0));
    ui.painter().hline(from..=to, rect.bottom() + 2.0, Stroke::new(2.0, palette.mark));
    if view.audition.sound == Some(row.sound.key) && view.audition.state == AuditionState::Playing {
        ui.painter().vline(x_at(view.audition.position_s), rect.y_range(), Stroke::new(1.5, palette.good));
    }
    if let Some(position) = response.interact_pointer_pos()
        && response.clicked()
    {
        let from_s = f64::from((position.x - rect.left()) / rect.width()).clamp(0.0, 1.0) * row.duration_s;
        app.send(Command::AuditionFrom { sound: row.sound.clone(), from_s });
    }
    if let Some(SoundPeaks::Failed(why)) = view.sound_peaks.get(&row.sound.key) {
        response.on_hover_text(why.as_ref());
    } else {
        response.on_hover_text(format!("Matches at {}", format::moment(row.sound.match_s)));
    }
}
