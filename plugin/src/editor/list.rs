//! The results: a list of which only the rows on screen exist.
//!
//! [`List`] is the selection and the place in the list; the drawing of a row is in [`row`](super::row).

use std::ops::Range;

use egui::scroll_area::ScrollSource;
use egui::{EventFilter, Id, Rect, Role, ScrollArea, Sense, Ui, UiBuilder, Vec2, WidgetInfo, pos2};

use super::actions;
use super::app::{App, Request, Room};
use super::columns::Columns;
use super::row;
use crate::exchange::{Command, QueryId, Results, Row, Rows, Sound, SoundKey, View};

/// Height of a row, points.
pub(super) const ROW_HEIGHT: f32 = 44.0;
/// Most sounds that can be selected at once; more make no question anybody could mean.
const MOST_SELECTED: usize = 50;
/// When a refined answer comes, the row under the cursor is looked for among so many.
const CURSOR_SEARCH_ROWS: usize = 200;

/// Selection and place in the list.
#[derive(Debug, Default)]
pub(super) struct List {
    revision: u64,
    question: Option<QueryId>,
    /// The row that keys act on.
    cursor: Option<Row>,
    cursor_at: usize,
    /// Where a range selected with Shift begins.
    anchor_at: usize,
    /// Several selected sounds in the order of selection; empty: only the cursor's.
    several: Vec<Sound>,
    /// Row to bring into sight with the next frame.
    reveal: Option<usize>,
    to_top: bool,
    /// Distance of the list's top from the view's, points.
    offset: f64,
    height: f32,
    visible: Vec<Sound>,
    /// Revision and rows for which more were asked.
    more_asked: Option<(u64, usize)>,
}

/// The focus of the list as a whole; its rows are none of the tab key's stations.
pub(super) fn focus_id() -> Id {
    Id::unique("results list")
}

impl List {
    /// Keeps the cursor on its sound when an answer is refined, filtered or sorted; begins anew with a new question.
    pub(super) fn follow(&mut self, results: &Results) {
        if results.revision == self.revision {
            return;
        }
        self.revision = results.revision;
        let question = results.question.as_ref().map(|question| question.id);
        if question != self.question {
            *self = Self {
                revision: results.revision,
                question,
                to_top: true,
                height: self.height,
                ..Self::default()
            };
        }
        let rows = &results.rows;
        let key = self.cursor.as_ref().map(|row| row.sound.key);
        let at_key = |at: &usize| rows.get(*at).is_some_and(|row| Some(row.sound.key) == key);
        let near = std::iter::once(self.cursor_at).chain(0..rows.len().min(CURSOR_SEARCH_ROWS));
        let at = key.and_then(|_| near.into_iter().find(at_key)).unwrap_or(self.cursor_at);
        self.set_cursor(at.min(rows.len().saturating_sub(1)), rows);
        self.anchor_at = self.cursor_at;
    }

    fn set_cursor(&mut self, at: usize, rows: &Rows) {
        self.cursor_at = at;
        self.cursor = rows.get(at);
    }

    /// The row that keys act on.
    pub(super) fn cursor(&self) -> Option<&Row> {
        self.cursor.as_ref()
    }

    /// The selected sounds, in order of selection.
    pub(super) fn selected(&self) -> Vec<Sound> {
        if self.several.is_empty() {
            self.cursor.iter().map(|row| row.sound.clone()).collect()
        } else {
            self.several.clone()
        }
    }

    /// Whether a sound is selected.
    pub(super) fn is_selected(&self, key: SoundKey) -> bool {
        if self.several.is_empty() {
            self.cursor.as_ref().is_some_and(|row| row.sound.key == key)
        } else {
            self.several.iter().any(|sound| sound.key == key)
        }
    }

    /// Whether more than one sound is selected.
    pub(super) fn has_several(&self) -> bool {
        self.several.len() > 1
    }

    /// Leaves only the cursor's sound selected.
    pub(super) fn select_only_cursor(&mut self) {
        self.several.clear();
    }

    /// Moves the cursor by so many rows and brings it into sight.
    pub(super) fn step(&mut self, rows_down: isize, extend: bool, rows: &Rows) {
        let Some(last) = rows.len().checked_sub(1) else { return };
        let at = self.cursor_at.saturating_add_signed(rows_down).min(last);
        self.go_to(at, extend, rows);
        self.reveal = Some(at);
    }

    fn go_to(&mut self, at: usize, extend: bool, rows: &Rows) {
        self.set_cursor(at, rows);
        self.several.clear();
        if extend {
            let range = self.anchor_at.min(at)..=self.anchor_at.max(at);
            self.several =
                range.take(MOST_SELECTED).filter_map(|at| rows.get(at)).map(|row| row.sound).collect();
        } else {
            self.anchor_at = at;
        }
    }

    fn toggle(&mut self, at: usize, row: &Row, rows: &Rows) {
        if self.several.is_empty() {
            self.several.extend(self.cursor.take().map(|row| row.sound));
        }
        if let Some(found) = self.several.iter().position(|sound| sound.key == row.sound.key) {
            self.several.remove(found);
        } else if self.several.len() < MOST_SELECTED {
            self.several.push(row.sound.clone());
        }
        self.set_cursor(at, rows);
        self.anchor_at = at;
    }

    /// How far Page Down goes.
    pub(super) fn rows_per_page(&self) -> usize {
        ((self.height / ROW_HEIGHT) as usize).saturating_sub(1).max(1)
    }

    /// The sounds on screen, in order.
    pub(super) fn visible(&self) -> &[Sound] {
        &self.visible
    }

    /// Where to scroll, if anywhere: the top after a new question, or just so far that a row is seen.
    fn wanted_offset(&mut self) -> Option<f32> {
        if std::mem::take(&mut self.to_top) {
            self.reveal = None;
            return Some(0.0);
        }
        let at = self.reveal.take()?;
        let top = at as f64 * f64::from(ROW_HEIGHT);
        let bottom = top + f64::from(ROW_HEIGHT) - f64::from(self.height);
        let offset = self.offset.min(top).max(bottom);
        (offset != self.offset).then_some(offset.max(0.0) as f32)
    }
}

/// Draws header and rows.
pub(super) fn show(app: &mut App, ui: &mut Ui, view: &View, room: Room) {
    let columns = Columns::new(ui.max_rect().left(), ui.max_rect().right() - SCROLL_BAR, room);
    if room > Room::Narrow {
        super::columns::header(app, ui, view, &columns);
    }
    focus_target(ui, view);
    let rows = &view.results.rows;
    let mut area = ScrollArea::vertical()
        .id_salt("results")
        .auto_shrink([false, false])
        .scroll_source(ScrollSource { scroll_bar: true, mouse_wheel: true, ..ScrollSource::NONE });
    if let Some(offset) = app.list.wanted_offset() {
        area = area.vertical_scroll_offset(offset);
    }
    ui.spacing_mut().item_spacing.y = 0.0;
    app.list.visible.clear();
    let list_top = ui.cursor().top();
    let output = area.show_viewport(ui, |ui, viewport| {
        ui.set_width(ui.available_width());
        ui.set_height(rows.len() as f32 * ROW_HEIGHT);
        let range = rows_in(viewport.min.y, viewport.max.y, rows.len());
        for at in range.clone() {
            // A hundred thousand rows are millions of points: place them from the view's top in double precision, for
            // f32 would make neighbours jitter against each other.
            let down = at as f64 * f64::from(ROW_HEIGHT) - f64::from(viewport.min.y);
            let corner = pos2(ui.max_rect().left(), list_top + down as f32);
            // As wide with a scroll bar as without.
            let width = columns.similarity.max - corner.x;
            let rect = Rect::from_min_size(corner, Vec2::new(width, ROW_HEIGHT));
            show_row(app, ui, view, at, rect, &columns, room);
        }
        ask_for_more(app, view, &range);
    });
    app.list.offset = f64::from(output.state.clamped_offset().y);
    app.list.height = output.inner_rect.height();
}

const SCROLL_BAR: f32 = 14.0;

/// Takes part in the tab order for the list as a whole.
fn focus_target(ui: &mut Ui, view: &View) {
    let rect = ui.available_rect_before_wrap();
    let response = ui.interact(rect, focus_id(), Sense::focusable_noninteractive());
    let filter = EventFilter { vertical_arrows: true, horizontal_arrows: false, escape: true, tab: false };
    ui.memory_mut(|memory| memory.set_focus_lock_filter(focus_id(), filter));
    let rows = view.results.rows.len();
    response.widget_info(|| WidgetInfo::labeled(Role::ListBox, true, format!("Results, {rows} rows")));
}

/// The rows that a stretch of the list shows at least in part.
fn rows_in(top: f32, bottom: f32, rows: usize) -> Range<usize> {
    let height = f64::from(ROW_HEIGHT);
    let first = (f64::from(top.max(0.0)) / height).floor() as usize;
    let end = (f64::from(bottom.max(0.0)) / height).ceil() as usize;
    first.min(rows)..end.min(rows)
}

fn show_row(app: &mut App, ui: &mut Ui, view: &View, at: usize, rect: Rect, columns: &Columns, room: Room) {
    let Some(row) = view.results.rows.get(at) else {
        row::damaged(ui, rect, columns);
        return;
    };
    app.list.visible.push(row.sound.clone());
    let clicked = {
        let mut child = ui.new_child(UiBuilder::new().id_salt(("row", at)).max_rect(rect));
        row::show(app, &mut child, view, &row, rect, columns, room)
    };
    match clicked {
        row::Click::None => {}
        row::Click::Select => {
            let modifiers = ui.input(|input| input.modifiers);
            if modifiers.command {
                app.list.toggle(at, &row, &view.results.rows);
            } else {
                app.list.go_to(at, modifiers.shift, &view.results.rows);
                actions::follow_with_audition(app, view);
            }
            ui.memory_mut(|memory| memory.request_focus(focus_id()));
        }
        // The menu is about what it was opened on.
        row::Click::Menu if !app.list.is_selected(row.sound.key) => {
            app.list.go_to(at, false, &view.results.rows)
        }
        row::Click::Menu => {}
        row::Click::Drag => {
            if !app.list.is_selected(row.sound.key) {
                app.list.go_to(at, false, &view.results.rows);
            }
            let files = app.list.selected().iter().map(|sound| sound.path.to_path_buf()).collect();
            app.request(Request::DragOut(files));
        }
    }
}

/// When the end comes near and there are more sounds than rows.
fn ask_for_more(app: &mut App, view: &View, range: &Range<usize>) {
    let rows = view.results.rows.len();
    let asked = Some((view.results.revision, rows));
    if range.end + 100 >= rows && view.results.passing > rows && app.list.more_asked != asked {
        app.list.more_asked = asked;
        app.send(Command::ShowMore);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_rows_in_sight_are_made() {
        assert_eq!(rows_in(0.0, 440.0, 100_000), 0..10);
        assert_eq!(rows_in(22.0, 440.0 + 22.0, 100_000), 0..11);
        assert_eq!(rows_in(100_000.0 * ROW_HEIGHT - 440.0, 100_000.0 * ROW_HEIGHT, 100_000), 99_990..100_000);
        assert_eq!(rows_in(0.0, 440.0, 3), 0..3);
        assert_eq!(rows_in(-50.0, 440.0, 0), 0..0);
    }
}
