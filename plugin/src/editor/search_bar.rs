//! The question, the filter's field, favourites, recent queries, and on narrow windows the order.

use egui::{
    Align, Button, Context, Frame, Id, Key, Layout, Margin, Popup, PopupCloseBehavior, RichText, Stroke,
    TextEdit, Ui,
};

use super::app::{App, Room};
use super::columns;
use super::format;
use super::icons::{self, Icon};
use super::theme::Palette;
use crate::exchange::{Command, FilterState, Origin, Question, Sort, SortBy, View};

/// Below this height of the window, points, what was asked is not said again.
pub(super) const LOW: f32 = 420.0;

/// The filter's text while it is typed.
#[derive(Debug, Default)]
pub(super) struct Search {
    text: String,
    /// What was last sent, to tell the session's own changes from our echo.
    sent: String,
}

impl Search {
    /// Takes over a filter that came with the session.
    pub(super) fn follow(&mut self, filter: &FilterState, typing: bool) {
        if filter.text != self.sent && !typing {
            self.sent.clone_from(&filter.text);
            self.text.clone_from(&filter.text);
        }
    }
}

/// The field.
pub(super) fn field_id() -> Id {
    Id::unique("filter field")
}

/// Puts the cursor into the field.
pub(super) fn focus(context: &Context) {
    context.memory_mut(|memory| memory.request_focus(field_id()));
}

/// No text, no category, no favourites only.
pub(super) fn clear_filters(app: &mut App, view: &View) {
    if !app.search.text.is_empty() {
        app.search.text.clear();
        app.search.sent.clear();
        app.send(Command::SetFilter(String::new()));
    }
    if view.filter.cat_id.is_some() {
        app.send(Command::FilterCategory(None));
    }
    if view.filter.favourites_only {
        app.send(Command::SetFavouritesOnly(false));
    }
}

/// Whether anything is left out.
pub(super) fn is_filtered(view: &View) -> bool {
    !view.filter.text.trim().is_empty() || view.filter.cat_id.is_some() || view.filter.favourites_only
}

/// Draws the two lines above the list.
pub(super) fn show(app: &mut App, ui: &mut Ui, view: &View, room: Room) {
    // In a low window the list needs the room more.
    if app.screen.height() >= LOW {
        ui.horizontal(|ui| {
            ui.set_height(24.0);
            question(app, ui, view);
        });
    }
    ui.horizontal(|ui| {
        ui.set_height(28.0);
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            ui.add_space(6.0);
            recent(app, ui, view);
            if room == Room::Narrow {
                order(app, ui, view);
            }
            favourites(app, ui, view);
            field(app, ui, view);
        });
    });
    ui.add_space(2.0);
}

fn question(app: &mut App, ui: &mut Ui, view: &View) {
    if app.can_go_back() && icons::button(ui, Icon::Back, "Back to the question before").clicked() {
        app.go_back();
    }
    let palette = Palette::of(ui.visuals());
    ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
        ui.add_space(8.0);
        ui.label(RichText::new(counts(view)).small().color(palette.text_weak));
        ui.with_layout(Layout::left_to_right(Align::Center), |ui| {
            let text = view.results.question.as_ref().map_or_else(|| "Closest sounds".to_owned(), describe);
            ui.add(egui::Label::new(RichText::new(text).strong()).truncate());
        });
    });
}

/// A question in words.
fn describe(question: &Question) -> String {
    let length = format::duration(question.duration_s);
    match &question.origin {
        Origin::Selection => format!("Closest to the loop range, {length}"),
        Origin::Offline => format!("Closest to the render, {length}"),
        Origin::LastSeconds => format!("Closest to the last {length}"),
        Origin::File { path } => {
            let name = path.file_name().unwrap_or(path.as_os_str()).to_string_lossy();
            format!("Closest to {name}, {length}")
        }
        Origin::Sounds { names } => match names.as_slice() {
            [one] => format!("More like {one}"),
            [one, other] => format!("Like {one} and {other}"),
            [one, others @ ..] => format!("Like {one} and {} others", others.len()),
            [] => "More like this".to_owned(),
        },
    }
}

fn counts(view: &View) -> String {
    let results = &view.results;
    if results.question.is_none() {
        return String::new();
    }
    let mut text = format::counted(results.passing, "sound", "sounds");
    if is_filtered(view) {
        text.push_str(" pass the filter");
    }
    if results.restored {
        text.push_str(" · from the session");
    } else if results.preliminary {
        text.push_str(" · still listening");
    }
    text
}

fn field(app: &mut App, ui: &mut Ui, view: &View) {
    let palette = Palette::of(ui.visuals());
    let problem = view.filter.error.as_ref();
    let focused = ui.memory(|memory| memory.has_focus(field_id()));
    let edge = match (problem, focused) {
        (Some(_), _) => palette.bad,
        (None, true) => palette.accent,
        (None, false) => palette.line,
    };
    let frame = Frame::new()
        .fill(palette.well)
        .stroke(Stroke::new(if focused || problem.is_some() { 1.5 } else { 1.0 }, edge))
        .corner_radius(5.0)
        .inner_margin(Margin::symmetric(6, 2));
    frame.show(ui, |ui| {
        ui.with_layout(Layout::left_to_right(Align::Center), |ui| {
            let (spot, _) = ui.allocate_exact_size(egui::vec2(16.0, 20.0), egui::Sense::hover());
            icons::paint(ui.painter(), Icon::Search, spot, 13.0, palette.text_weak);
            if let Some(cat_id) = &view.filter.cat_id {
                let chip = Button::new(RichText::new(cat_id).small()).right_text(RichText::new("×").small());
                let chip = ui.add(chip).accessible_name("Show all categories again");
                if chip.on_hover_text("Show all categories again").clicked() {
                    app.send(Command::FilterCategory(None));
                }
            }
            let clear = !app.search.text.is_empty();
            let width = ui.available_width() - if clear { 26.0 } else { 0.0 };
            let edit = TextEdit::singleline(&mut app.search.text)
                .id(field_id())
                .frame(Frame::NONE)
                .hint_text(RichText::new("Filter: creak -metal dur<5 ch=2").color(palette.text_weak))
                .char_limit(4000)
                .margin(Margin::ZERO)
                .min_size(egui::vec2(0.0, 20.0))
                .align(egui::Align2::LEFT_CENTER)
                .desired_width(width);
            let response = ui.add(edit).accessible_name("Filter");
            if response.changed() {
                send(app);
            }
            if response.has_focus() && ui.input(|input| input.key_pressed(Key::Escape)) {
                response.surrender_focus();
            }
            if clear && icons::button(ui, Icon::Cross, "Empty the filter").clicked() {
                app.search.text.clear();
                send(app);
            }
            if let Some(problem) = problem {
                response.show_tooltip_text(RichText::new(&problem.message).color(palette.bad));
            }
        });
    });
}

fn send(app: &mut App) {
    app.search.sent.clone_from(&app.search.text);
    app.send(Command::SetFilter(app.search.text.clone()));
}

fn favourites(app: &App, ui: &mut Ui, view: &View) {
    let only = view.filter.favourites_only;
    let icon = if only { Icon::StarFilled } else { Icon::Star };
    if icons::toggle(ui, icon, "Favourites only", Some(only)).clicked() {
        app.send(Command::SetFavouritesOnly(!only));
    }
}

fn recent(app: &mut App, ui: &mut Ui, view: &View) {
    let button = ui.add_enabled(!view.recent.is_empty(), Button::new("Recent"));
    Popup::menu(&button).close_behavior(PopupCloseBehavior::CloseOnClick).show(|ui| {
        ui.set_min_width(240.0);
        for query in view.recent.iter() {
            let mut label = format::shortened(&query.label, 40);
            if let Some(from_s) = query.from_s {
                label.push_str(&format!(" at {}", format::moment(from_s)));
            }
            label.push_str(&format!("  ·  {}", format::duration(query.duration_s)));
            let category = query.cat_id.unwrap_or("");
            let current = view.results.question.as_ref().is_some_and(|question| question.id == query.id);
            if ui.add(Button::selectable(current, label).shortcut_text(category)).clicked() {
                app.ask(Command::Recall(query.id), view);
            }
        }
    });
}

fn order(app: &mut App, ui: &mut Ui, view: &View) {
    let button = ui.button("Sort").on_hover_text(format!("Sorted by {}", columns::name_of(view.sort.by)));
    Popup::menu(&button).close_behavior(PopupCloseBehavior::CloseOnClick).show(|ui| {
        for by in [SortBy::Similarity, SortBy::Name, SortBy::Category, SortBy::Duration, SortBy::Channels] {
            let active = view.sort.by == by;
            if ui.add(Button::selectable(active, format!("By {}", columns::name_of(by)))).clicked() {
                app.send(Command::SetSort(Sort { by, reversed: active && !view.sort.reversed }));
            }
        }
    });
}
