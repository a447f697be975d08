//! Where the columns of the results are, and their header, which sorts.

use egui::{Align2, FontId, Rangef, Rect, Role, Sense, Stroke, StrokeKind, Ui, Vec2, WidgetInfo, pos2};

use super::app::{App, Room};
use super::icons::{self, Icon};
use super::theme::{Palette, SMALL_PT};
use crate::exchange::{Command, Sort, SortBy, View};

const HEADER_HEIGHT: f32 = 24.0;
const GAP: f32 = 10.0;

/// The horizontal extent of each column; `None`: no room for it.
#[derive(Clone, Debug)]
pub(super) struct Columns {
    /// The favourite's star.
    pub(super) star: Rangef,
    /// Play and stop.
    pub(super) play: Rangef,
    /// Name and folder.
    pub(super) name: Rangef,
    /// CatID, Category, SubCategory.
    pub(super) category: Option<Rangef>,
    /// Waveform with the matching moment.
    pub(super) wave: Rangef,
    /// Length.
    pub(super) duration: Rangef,
    /// Channels.
    pub(super) channels: Option<Rangef>,
    /// Similarity.
    pub(super) similarity: Rangef,
}

impl Columns {
    /// Columns between two edges.
    pub(super) fn new(left: f32, right: f32, room: Room) -> Self {
        let mut end = right;
        let mut take = |width: f32| {
            let range = Rangef::new(end - width, end);
            end -= width + GAP;
            range
        };
        // The waveform and the category grow with the window, but the name most.
        let width = right - left;
        let (similarity, channels, duration, wave, category) = match room {
            Room::Wide => {
                // On large screens the eye should not have to cross an empty half to get from a name to its match.
                let beyond = (width - 1200.0).max(0.0);
                let (wave, category) =
                    ((width * 0.15).clamp(104.0, 180.0) + beyond * 0.5, (width * 0.15).clamp(110.0, 260.0));
                (take(66.0), Some(take(40.0)), take(46.0), take(wave), Some(take(category)))
            }
            Room::Medium => (take(48.0), None, take(46.0), take(84.0), Some(take(94.0))),
            Room::Narrow => (take(40.0), None, take(46.0), take(84.0), None),
        };
        let star = Rangef::new(left, left + 24.0);
        let play = Rangef::new(star.max + 2.0, star.max + 28.0);
        let name = Rangef::new(play.max + 6.0, end);
        Self { star, play, name, category, wave, duration, channels, similarity }
    }
}

/// The header: a click sorts, a second one turns the order round.
pub(super) fn header(app: &App, ui: &mut Ui, view: &View, columns: &Columns) {
    let (rect, _) = ui.allocate_exact_size(Vec2::new(ui.available_width(), HEADER_HEIGHT), Sense::hover());
    let cell = |range: Rangef, label: &str, by: SortBy, align: Align2| {
        let cell = Rect::from_x_y_ranges(range, rect.y_range());
        sort_button(app, ui, view, cell, label, by, align);
    };
    cell(columns.name, "Name", SortBy::Name, Align2::LEFT_CENTER);
    if let Some(range) = columns.category {
        cell(range, "Category", SortBy::Category, Align2::LEFT_CENTER);
    }
    let match_place = pos2(columns.wave.min, rect.center().y);
    let weak = Palette::of(ui.visuals()).text_weak;
    ui.painter().text(match_place, Align2::LEFT_CENTER, "Match", FontId::proportional(SMALL_PT), weak);
    cell(columns.duration, "Length", SortBy::Duration, Align2::RIGHT_CENTER);
    if let Some(range) = columns.channels {
        cell(range, "Ch.", SortBy::Channels, Align2::RIGHT_CENTER);
    }
    let similarity = if columns.similarity.span() > 60.0 { "Similarity" } else { "Sim." };
    cell(columns.similarity, similarity, SortBy::Similarity, Align2::RIGHT_CENTER);
    let palette = Palette::of(ui.visuals());
    ui.painter().hline(rect.x_range(), rect.bottom() - 0.5, Stroke::new(1.0, palette.line));
}

fn sort_button(app: &App, ui: &Ui, view: &View, rect: Rect, label: &str, by: SortBy, align: Align2) {
    let palette = Palette::of(ui.visuals());
    let response = ui.interact(rect, ui.scope_id().with(("sort", label)), Sense::click());
    let active = view.sort.by == by;
    let color = if active || response.hovered() { palette.text } else { palette.text_weak };
    let galley = ui.painter().layout_no_wrap(label.to_owned(), FontId::proportional(SMALL_PT), color);
    let arrow = if active { 12.0 } else { 0.0 };
    let text = if align == Align2::LEFT_CENTER {
        Rect::from_min_size(pos2(rect.left(), rect.center().y - galley.size().y / 2.0), galley.size())
    } else {
        let left = rect.right() - galley.size().x;
        Rect::from_min_size(pos2(left, rect.center().y - galley.size().y / 2.0), galley.size())
    };
    let arrow_x =
        if align == Align2::LEFT_CENTER { text.right() + arrow * 0.7 } else { text.left() - arrow * 0.7 };
    ui.painter().galley(text.min, galley, color);
    if active {
        let icon = if view.sort.reversed { Icon::Descending } else { Icon::Ascending };
        let spot = Rect::from_center_size(pos2(arrow_x, rect.center().y), Vec2::splat(10.0));
        icons::paint(ui.painter(), icon, spot, 8.0, color);
    }
    if response.has_focus() {
        ui.painter().rect_stroke(
            text.expand(3.0),
            3.0,
            Stroke::new(1.5, palette.accent),
            StrokeKind::Outside,
        );
    }
    let order = match (active, view.sort.reversed) {
        (false, _) => "",
        (true, false) => ", sorted",
        (true, true) => ", sorted the other way round",
    };
    response.widget_info(|| {
        WidgetInfo::selected(Role::Button, true, active, format!("Sort by {}{order}", name_of(by)))
    });
    if response.clicked() {
        app.send(Command::SetSort(Sort { by, reversed: active && !view.sort.reversed }));
    }
}

/// What an order is called.
pub(super) fn name_of(by: SortBy) -> &'static str {
    match by {
        SortBy::Similarity => "similarity",
        SortBy::Name => "name",
        SortBy::Category => "category",
        SortBy::Duration => "length",
        SortBy::Channels => "channels",
    }
}
