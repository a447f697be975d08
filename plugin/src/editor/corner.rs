//! The lower right corner, which resizes the window where the host's frame does not.

use egui::{Area, CursorIcon, Id, Order, Sense, Stroke, Ui, Vec2, pos2};

use super::app::{App, Request};
use super::theme::Palette;

/// Side of the corner, points.
const SIDE: f32 = 14.0;

/// Draws the corner and asks for another size while it is dragged.
pub(super) fn show(app: &mut App, ui: &Ui) {
    let screen = app.screen;
    let origin = screen.max - Vec2::splat(SIDE);
    Area::new(Id::unique("corner")).order(Order::Foreground).fixed_pos(origin).show(ui.ctx(), |ui| {
        let (rect, response) = ui.allocate_exact_size(Vec2::splat(SIDE), Sense::DRAG);
        let response = response.on_hover_and_drag_cursor(CursorIcon::ResizeNwSe);
        let palette = Palette::of(ui.visuals());
        let color = if response.hovered() || response.dragged() { palette.text } else { palette.text_weak };
        for inset in [4.0, 8.0] {
            let line = [
                pos2(rect.right() - inset - 2.0, rect.bottom() - 2.0),
                pos2(rect.right() - 2.0, rect.bottom() - inset - 2.0),
            ];
            ui.painter().line_segment(line, Stroke::new(1.2, color));
        }
        let grip = Id::unique("corner grip");
        if response.drag_started()
            && let Some(pointer) = response.interact_pointer_pos()
        {
            ui.data_mut(|data| data.insert_temp(grip, screen.max - pointer));
        }
        if response.dragged()
            && let Some(pointer) = response.interact_pointer_pos()
        {
            let held = ui.data(|data| data.get_temp::<Vec2>(grip)).unwrap_or_default();
            let size = (pointer + held) - screen.min;
            if size.round() != screen.size().round() {
                app.request(Request::Resize(size));
            }
        }
    });
}
