//! The few signs of the window, drawn as shapes: sharp at every scale, and no font to ship.

use egui::{Color32, Painter, Pos2, Rect, Response, Sense, Shape, Stroke, StrokeKind, Ui, Vec2, WidgetInfo};

use super::theme::Palette;

/// A sign.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Icon {
    /// Audition.
    Play,
    /// Stop it.
    Stop,
    /// No favourite.
    Star,
    /// A favourite.
    StarFilled,
    /// The search field.
    Search,
    /// Empty a field, close something.
    Cross,
    /// Appearance and library.
    Gear,
    /// The keys.
    Help,
    /// Back to the question before.
    Back,
    /// Sorted the natural way.
    Ascending,
    /// Sorted the other way round.
    Descending,
}

/// Draws a sign into the middle of a rectangle, as large as `size` points.
pub(super) fn paint(painter: &Painter, icon: Icon, rect: Rect, size: f32, color: Color32) {
    let centre = rect.center();
    let at = |x: f32, y: f32| centre + Vec2::new(x, y) * (size / 2.0);
    let stroke = Stroke::new((size * 0.11).max(1.2), color);
    let line = |points: &[Pos2]| painter.add(Shape::line(points.to_vec(), stroke));
    match icon {
        Icon::Play => {
            let points = vec![at(-0.6, -0.85), at(0.85, 0.0), at(-0.6, 0.85)];
            painter.add(Shape::convex_polygon(points, color, Stroke::NONE));
        }
        Icon::Stop => {
            painter.rect_filled(Rect::from_two_pos(at(-0.65, -0.65), at(0.65, 0.65)), 1.0, color);
        }
        Icon::Star | Icon::StarFilled => star(painter, centre, size / 2.0, icon == Icon::StarFilled, stroke),
        Icon::Search => {
            painter.circle_stroke(at(-0.15, -0.15), size * 0.33, stroke);
            line(&[at(0.32, 0.32), at(0.9, 0.9)]);
        }
        Icon::Cross => {
            line(&[at(-0.6, -0.6), at(0.6, 0.6)]);
            line(&[at(-0.6, 0.6), at(0.6, -0.6)]);
        }
        Icon::Gear => gear(painter, centre, size / 2.0, stroke),
        Icon::Help => {
            line(&[
                at(-0.4, -0.45),
                at(-0.25, -0.78),
                at(0.15, -0.82),
                at(0.42, -0.5),
                at(0.3, -0.15),
                at(0.0, 0.1),
                at(0.0, 0.35),
            ]);
            painter.circle_filled(at(0.0, 0.78), stroke.width * 0.75, color);
        }
        Icon::Back => {
            line(&[at(-0.1, -0.65), at(-0.75, 0.0), at(-0.1, 0.65)]);
            line(&[at(-0.75, 0.0), at(0.8, 0.0)]);
        }
        Icon::Ascending => {
            let points = vec![at(0.0, -0.5), at(0.55, 0.4), at(-0.55, 0.4)];
            painter.add(Shape::convex_polygon(points, color, Stroke::NONE));
        }
        Icon::Descending => {
            let points = vec![at(0.0, 0.5), at(-0.55, -0.4), at(0.55, -0.4)];
            painter.add(Shape::convex_polygon(points, color, Stroke::NONE));
        }
    }
}

fn star(painter: &Painter, centre: Pos2, radius: f32, filled: bool, stroke: Stroke) {
    let corner = |step: usize| {
        let angle = std::f32::consts::PI * (step as f32 / 5.0 - 0.5);
        let length = if step.is_multiple_of(2) { radius } else { radius * 0.45 };
        centre + Vec2::angled(angle) * length
    };
    let corners: Vec<Pos2> = (0..10).map(corner).collect();
    if filled {
        // A star is not convex: five kites from its centre are.
        for point in (0..10).step_by(2) {
            let kite = vec![centre, corners[(point + 9) % 10], corners[point], corners[point + 1]];
            painter.add(Shape::convex_polygon(kite, stroke.color, Stroke::new(0.5, stroke.color)));
        }
    } else {
        painter.add(Shape::closed_line(corners, stroke));
    }
}

fn gear(painter: &Painter, centre: Pos2, radius: f32, stroke: Stroke) {
    painter.circle_stroke(centre, radius * 0.62, stroke);
    painter.circle_stroke(centre, radius * 0.2, stroke);
    for tooth in 0..8 {
        let direction = Vec2::angled(std::f32::consts::TAU * tooth as f32 / 8.0);
        painter
            .line_segment([centre + direction * radius * 0.66, centre + direction * radius * 0.98], stroke);
    }
}

/// A square button with a sign. `name` is what assistive technology and the tooltip say.
pub(super) fn button(ui: &mut Ui, icon: Icon, name: &str) -> Response {
    toggle(ui, icon, name, None)
}

/// A square button with a sign that is on or off.
pub(super) fn toggle(ui: &mut Ui, icon: Icon, name: &str, on: Option<bool>) -> Response {
    let side = ui.spacing().interact_size.y;
    let (rect, response) = ui.allocate_exact_size(Vec2::splat(side), Sense::click());
    paint_button(ui, icon, &response, rect, on == Some(true));
    response.widget_info(|| match on {
        Some(on) => WidgetInfo::selected(egui::Role::Button, true, on, name),
        None => WidgetInfo::labeled(egui::Role::Button, true, name),
    });
    response.on_hover_text(name)
}

fn paint_button(ui: &Ui, icon: Icon, response: &Response, rect: Rect, on: bool) {
    let palette = Palette::of(ui.visuals());
    let visuals = ui.style().interact_selectable(response, on);
    let ground = if on { palette.control_active } else { visuals.weak_bg_fill };
    ui.painter().rect(rect, visuals.corner_radius, ground, Stroke::NONE, StrokeKind::Inside);
    if response.has_focus() {
        ui.painter().rect_stroke(
            rect,
            visuals.corner_radius,
            Stroke::new(1.5, palette.accent),
            StrokeKind::Inside,
        );
    }
    paint(ui.painter(), icon, rect, rect.height() * 0.46, visuals.fg_stroke.color);
}
