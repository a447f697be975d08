//! The waveform of the region and the part of it that is asked about: dragged with the pointer or moved with the keys.

use std::ops::Range;

use egui::{
    Align2, CursorIcon, EventFilter, FontId, Key, Modifiers, Rect, Response, Role, Sense, Stroke, StrokeKind,
    Ui, Vec2, WidgetInfo, pos2,
};

use super::app::App;
use super::theme::{Palette, SMALL_PT};
use super::{format, waveform};
use crate::exchange::{Command, Origin, Region, View};

/// Shortest part that can be asked about, seconds.
const SHORTEST_S: f64 = 0.05;
/// How near a handle is grasped, points.
const GRASP: f32 = 7.0;
const RULER: f32 = 14.0;

/// A part in the making.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Drag {
    /// The end that stays.
    fixed_s: f64,
    /// The end that moves.
    moving_s: f64,
}

impl Drag {
    fn range(self) -> Range<f64> {
        self.fixed_s.min(self.moving_s)..self.fixed_s.max(self.moving_s)
    }
}

/// Draws waveform and handles and answers them.
pub(super) fn show(app: &mut App, ui: &mut Ui, view: &View) {
    let palette = Palette::of(ui.visuals());
    let size = Vec2::new(ui.available_width(), ui.available_height());
    let (outer, response) = ui.allocate_exact_size(size, Sense::click_and_drag());
    ui.painter().rect_filled(outer, 5.0, palette.well);
    let meter =
        Rect::from_min_max(pos2(outer.right() - 9.0, outer.top() + 4.0), outer.max - Vec2::splat(4.0));
    level(ui, meter, view);
    let rect =
        Rect::from_min_max(outer.min + Vec2::splat(4.0), pos2(meter.left() - 5.0, outer.bottom() - 4.0));
    let Some(region) = view.region.as_deref().filter(|region| region.duration_s > 0.0) else {
        let words = hint(view);
        let font = FontId::proportional(SMALL_PT);
        ui.painter().text(rect.center(), Align2::CENTER_CENTER, words, font, palette.text_weak);
        response.widget_info(|| WidgetInfo::labeled(Role::Image, true, "Waveform of the region: none yet"));
        return;
    };
    let scale = Scale { left: rect.left(), width: rect.width(), duration_s: region.duration_s };
    pointer(app, ui, &response, region, scale);
    if response.has_focus() {
        keys(app, ui, &response, region);
        ui.painter().rect_stroke(outer, 5.0, Stroke::new(1.5, palette.accent), StrokeKind::Inside);
    }
    let asked = app.region.dragged.map_or_else(|| region.asked_s(), Drag::range);
    draw(ui, rect, scale, region, &asked);
    let (from, to) = (format::moment(asked.start), format::moment(asked.end));
    let name = format!("Waveform of the region, {from} to {to} is asked about");
    response.widget_info(|| WidgetInfo::labeled(Role::Slider, true, &name));
}

/// Converts between seconds and points.
#[derive(Clone, Copy)]
struct Scale {
    left: f32,
    width: f32,
    duration_s: f64,
}

impl Scale {
    fn x(self, at_s: f64) -> f32 {
        self.left + (at_s / self.duration_s).clamp(0.0, 1.0) as f32 * self.width
    }

    fn seconds(self, x: f32) -> f64 {
        f64::from((x - self.left) / self.width).clamp(0.0, 1.0) * self.duration_s
    }
}

fn hint(view: &View) -> &'static str {
    use crate::exchange::Mode;
    match view.mode {
        Mode::Selection if view.input.loop_range_s.is_some() => "Play the loop range to hear it here",
        Mode::Selection => "What plays inside the session’s loop range appears here",
        Mode::LastSeconds => "What has just played appears here",
        Mode::File => "Drop a sound on the window, or open one",
    }
}

fn pointer(app: &mut App, ui: &Ui, response: &Response, region: &Region, scale: Scale) {
    let asked = region.asked_s();
    let near = |x: f32, at_s: f64| (x - scale.x(at_s)).abs() <= GRASP;
    if let Some(position) = response.hover_pos()
        && (near(position.x, asked.start) || near(position.x, asked.end))
    {
        ui.ctx().set_cursor_icon(CursorIcon::ResizeHorizontal);
    }
    if response.drag_started()
        && let Some(origin) = ui.input(|input| input.pointer.press_origin())
    {
        let fixed_s = if near(origin.x, asked.start) {
            asked.end
        } else if near(origin.x, asked.end) {
            asked.start
        } else {
            scale.seconds(origin.x)
        };
        app.region.dragged = Some(Drag { fixed_s, moving_s: fixed_s });
    }
    if let (Some(drag), Some(position)) = (&mut app.region.dragged, response.interact_pointer_pos()) {
        drag.moving_s = scale.seconds(position.x);
    }
    if response.drag_stopped()
        && let Some(drag) = app.region.dragged.take()
    {
        let range = drag.range();
        if range.end - range.start >= SHORTEST_S.min(region.duration_s) {
            app.send(Command::Select(Some(range)));
        }
    }
    if response.clicked() {
        response.request_focus();
    }
    if response.double_clicked() && region.selected_s.is_some() {
        app.send(Command::Select(None));
    }
}

/// ← → move the part, with Shift its end, with Alt its beginning; Escape asks about all again.
fn keys(app: &App, ui: &Ui, response: &Response, region: &Region) {
    let filter = EventFilter { horizontal_arrows: true, ..EventFilter::default() };
    ui.memory_mut(|memory| memory.set_focus_lock_filter(response.id, filter));
    let step_s = region.duration_s / 100.0;
    let asked = region.asked_s();
    let mut moved = asked.clone();
    ui.input_mut(|input| {
        for (key, sign) in [(Key::ArrowLeft, -1.0), (Key::ArrowRight, 1.0)] {
            let steps = input.count_and_consume_key(Modifiers::NONE, key) as f64;
            let by = steps * sign * step_s;
            let modifiers = input.modifiers;
            if !modifiers.shift {
                moved.start += by;
            }
            if !modifiers.alt {
                moved.end += by;
            }
        }
    });
    if moved != asked {
        app.send(Command::Select(Some(kept_inside(moved, &asked, region.duration_s))));
    }
}

/// A moved part that stays inside the region and keeps its length where both ends moved.
fn kept_inside(moved: Range<f64>, before: &Range<f64>, duration_s: f64) -> Range<f64> {
    let shortest = SHORTEST_S.min(duration_s);
    if moved.start != before.start && moved.end != before.end {
        let length = before.end - before.start;
        let start = moved.start.clamp(0.0, (duration_s - length).max(0.0));
        return start..start + length;
    }
    let start = moved.start.clamp(0.0, (before.end - shortest).max(0.0));
    let end = moved.end.clamp((start + shortest).min(duration_s), duration_s);
    start..end
}

fn draw(ui: &Ui, rect: Rect, scale: Scale, region: &Region, asked: &Range<f64>) {
    let palette = Palette::of(ui.visuals());
    let painter = ui.painter_at(rect.expand(3.0));
    let wave = Rect::from_min_max(rect.min, pos2(rect.right(), rect.bottom() - RULER));
    let part = Rect::from_x_y_ranges(scale.x(asked.start)..=scale.x(asked.end), rect.top()..=wave.bottom());
    painter.rect_filled(part, 2.0, palette.wave_selected);
    let listening = region.origin == Origin::Selection && !region.complete;
    waveform::paint(&painter, wave.shrink2(Vec2::new(0.0, 3.0)), &region.peaks, region.duration_s, |at| {
        if listening && !region.heard_s.iter().any(|heard| heard.contains(&at)) {
            return None;
        }
        Some(if asked.contains(&at) { palette.wave } else { palette.wave_outside })
    });
    ruler(ui, &painter, rect, scale);
    let whole = asked.start <= 0.0 && asked.end >= region.duration_s;
    // Something that still grows has no ends to hold.
    if !whole || region.complete {
        for at in [asked.start, asked.end] {
            let x = scale.x(at);
            painter.vline(x, part.y_range(), Stroke::new(1.5, palette.accent));
            let grip = Rect::from_center_size(pos2(x, part.center().y), Vec2::new(5.0, 16.0));
            painter.rect_filled(grip, 2.0, palette.accent);
        }
    }
    if let Some(playhead_s) = region.playhead_s {
        painter.vline(scale.x(playhead_s), part.y_range(), Stroke::new(1.5, palette.good));
    }
}

fn ruler(ui: &Ui, painter: &egui::Painter, rect: Rect, scale: Scale) {
    let palette = Palette::of(ui.visuals());
    let Some(step_s) = ruler_step_s(scale.duration_s, scale.width) else { return };
    let font = FontId::proportional(10.0);
    let top = rect.bottom() - RULER + 2.0;
    let steps = (scale.duration_s / step_s).floor() as usize;
    for at in (0..=steps).map(|step| step as f64 * step_s) {
        let x = scale.x(at);
        painter.vline(x, top..=top + 8.0, Stroke::new(1.0, palette.wave_outside));
        let text = ruler_text(at, step_s, scale.duration_s);
        // The last label would hang over the edge.
        if x < rect.right() - 34.0 {
            painter.text(pos2(x + 4.0, top), Align2::LEFT_TOP, text, font.clone(), palette.text_weak);
        }
    }
}

/// Seconds while they read well, minutes beyond.
fn ruler_text(at_s: f64, step_s: f64, duration_s: f64) -> String {
    match (duration_s < 60.0, step_s < 1.0) {
        (true, true) => format!("{at_s:.1} s"),
        (true, false) => format!("{at_s:.0} s"),
        (false, _) => format::moment(at_s).trim_end_matches(".0").to_owned(),
    }
}

/// A round distance between marks at least 70 points apart.
fn ruler_step_s(duration_s: f64, width: f32) -> Option<f64> {
    let steps = [0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 20.0, 30.0, 60.0, 120.0, 300.0];
    steps.into_iter().find(|step| step / duration_s * f64::from(width) >= 70.0)
}

/// The level that arrives, −60 to 0 dBFS.
fn level(ui: &Ui, rect: Rect, view: &View) {
    let palette = Palette::of(ui.visuals());
    ui.painter().rect_filled(rect, 2.0, palette.control);
    let db = 20.0 * view.input.peak.max(1e-6).log10();
    let part = ((db + 60.0) / 60.0).clamp(0.0, 1.0);
    if view.input.active && part > 0.0 {
        let filled = Rect::from_min_max(pos2(rect.left(), rect.bottom() - rect.height() * part), rect.max);
        let color = if view.input.peak >= 1.0 { palette.bad } else { palette.good };
        ui.painter().rect_filled(filled, 2.0, color);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_never_leaves_the_region() {
        let before = 2.0..4.0;
        assert_eq!(kept_inside(-1.0..1.0, &before, 10.0), 0.0..2.0);
        assert_eq!(kept_inside(9.0..11.0, &before, 10.0), 8.0..10.0);
        assert_eq!(kept_inside(2.0..11.0, &before, 10.0), 2.0..10.0);
        assert_eq!(kept_inside(4.5..4.0, &before, 10.0), 3.95..4.0);
        assert_eq!(kept_inside(2.0..1.0, &before, 10.0), 2.0..2.05);
    }

    #[test]
    fn marks_are_round_and_apart() {
        for duration_s in [0.3, 1.0, 7.5, 30.0, 300.0] {
            for width in [200.0, 900.0, 3800.0] {
                if let Some(step) = ruler_step_s(duration_s, width) {
                    assert!(step / duration_s * f64::from(width) >= 70.0);
                }
            }
        }
        assert_eq!(ruler_step_s(10.0, 800.0), Some(1.0));
    }
}
