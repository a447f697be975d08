//! What lies over the rest for a while: notices and problems, the keys, the invitation to drop a file.

use egui::{
    Align2, Area, Color32, FontId, Frame, Grid, Id, Margin, Order, Rect, RichText, Role, Sense, Stroke,
    StrokeKind, Ui, Vec2, WidgetInfo,
};

use super::app::App;
use super::icons::{self, Icon};
use super::keys::KEYS;
use super::theme::{Palette, TITLE_PT};
use crate::exchange::{AuditionState, Command, View};

/// Draws what is due.
pub(super) fn show(app: &mut App, ui: &Ui, view: &View) {
    if app.help_open {
        help(app, ui);
    }
    if app.drop_hovers {
        drop_invitation(ui, app.screen);
    }
    let now_s = ui.input(|input| input.time);
    if let Some(notice) = app.notice.clone() {
        if notice.until_s > now_s {
            strip(ui, app.screen, &notice.text, None);
            let left = std::time::Duration::from_secs_f64(notice.until_s - now_s);
            ui.ctx().request_repaint_after(left);
            return;
        }
        app.notice = None;
    }
    let failed = match &view.audition.state {
        AuditionState::Failed(why) => Some(why.to_string()),
        _ => None,
    };
    if let Some(problem) = view.problem.as_ref().map(|problem| problem.message.clone()) {
        if strip(ui, app.screen, &problem, Some("Dismiss")) {
            app.send(Command::DismissProblem);
        }
    } else if let Some(why) = failed
        && strip(ui, app.screen, &why, Some("Dismiss"))
    {
        app.send(Command::StopAudition);
    }
}

/// A strip over the lower end of the list, so that nothing moves when it comes and goes. Says whether it was dismissed.
fn strip(ui: &Ui, screen: Rect, text: &str, dismiss: Option<&str>) -> bool {
    let palette = Palette::of(ui.visuals());
    let edge = if dismiss.is_some() { palette.bad } else { palette.line };
    let area = Area::new(Id::unique("notice"))
        .order(Order::Foreground)
        .anchor(Align2::CENTER_BOTTOM, Vec2::new(0.0, -46.0));
    let width = screen.width() - 40.0;
    let shown = area.show(ui.ctx(), |ui| {
        let frame = Frame::new().fill(palette.panel).stroke(Stroke::new(1.0, edge)).corner_radius(6.0);
        frame
            .inner_margin(Margin::symmetric(12, 7))
            .show(ui, |ui| {
                ui.set_max_width(width.min(620.0));
                ui.horizontal(|ui| {
                    ui.add(egui::Label::new(text).wrap());
                    dismiss.is_some_and(|name| icons::button(ui, Icon::Cross, name).clicked())
                })
                .inner
            })
            .inner
    });
    shown.inner
}

fn help(app: &mut App, ui: &Ui) {
    let palette = Palette::of(ui.visuals());
    let screen = app.screen;
    let area =
        Area::new(Id::unique("help")).order(Order::Foreground).anchor(Align2::CENTER_CENTER, Vec2::ZERO);
    area.show(ui.ctx(), |ui| {
        let frame =
            Frame::new().fill(palette.panel).stroke(Stroke::new(1.0, palette.line)).corner_radius(8.0);
        frame.shadow(ui.visuals().window_shadow).inner_margin(Margin::same(14)).show(ui, |ui| {
            ui.set_max_width((screen.width() - 60.0).min(520.0));
            ui.horizontal(|ui| {
                ui.label(RichText::new("Keys").heading());
                ui.with_layout(egui::Layout::right_to_left(egui::Align::Center), |ui| {
                    if icons::button(ui, Icon::Cross, "Close the keys").clicked() {
                        app.help_open = false;
                    }
                });
            });
            egui::ScrollArea::vertical().max_height(screen.height() - 110.0).show(ui, |ui| {
                Grid::new("keys").num_columns(2).min_row_height(18.0).spacing(Vec2::new(16.0, 5.0)).show(
                    ui,
                    |ui| {
                        for (keys, what) in KEYS {
                            ui.label(RichText::new(keys).color(palette.accent));
                            ui.label(what);
                            ui.end_row();
                        }
                    },
                );
            });
        });
    });
}

fn drop_invitation(ui: &Ui, rect: Rect) {
    let palette = Palette::of(ui.visuals());
    let layer = egui::LayerId::new(Order::Tooltip, Id::unique("drop"));
    let painter = ui.ctx().layer_painter(layer);
    let ground = palette.ground;
    painter.rect_filled(rect, 0.0, Color32::from_rgba_unmultiplied(ground.r(), ground.g(), ground.b(), 225));
    painter.rect_stroke(rect.shrink(10.0), 8.0, Stroke::new(2.0, palette.accent), StrokeKind::Inside);
    let text = "Drop to find what sounds like it";
    painter.text(rect.center(), Align2::CENTER_CENTER, text, FontId::proportional(TITLE_PT), palette.text);
    let response = ui.interact(rect, Id::unique("drop invitation"), Sense::hover());
    response.widget_info(|| WidgetInfo::labeled(Role::Status, true, text));
}
