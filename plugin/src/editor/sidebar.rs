//! The region's UCS categories with their shares; a click filters.

use egui::{
    Align, Align2, Button, FontId, Layout, Rect, RichText, Role, ScrollArea, Sense, Stroke, StrokeKind, Ui,
    Vec2, WidgetInfo, pos2,
};

use super::app::App;
use super::row::elided;
use super::theme::{BODY_PT, Palette, SMALL_PT};
use crate::exchange::{CategoryShare, Command, View};

const SHARE_HEIGHT: f32 = 48.0;

/// Draws the categories beside the list.
pub(super) fn show(app: &mut App, ui: &mut Ui, view: &View) {
    let palette = Palette::of(ui.visuals());
    ui.horizontal(|ui| {
        ui.set_height(24.0);
        ui.label(RichText::new("Categories").strong());
        if view.filter.cat_id.is_some() {
            ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
                if ui.small_button("All").on_hover_text("Show all categories again").clicked() {
                    app.send(Command::FilterCategory(None));
                }
            });
        }
    });
    let results = &view.results;
    ScrollArea::vertical().id_salt("categories").auto_shrink([false, false]).show(ui, |ui| {
        ui.spacing_mut().item_spacing.y = 2.0;
        for share in &results.categories {
            one(app, ui, view, share);
        }
        if results.question.is_some() && results.categories.is_empty() {
            ui.add_space(4.0);
            ui.label(
                RichText::new("No idea: nothing labelled is close to this sound.").color(palette.text_weak),
            );
        } else if results.question.is_some() && results.unknown_share >= 0.05 {
            unknown(ui, results.unknown_share);
        } else if results.question.is_none() {
            ui.add_space(4.0);
            ui.label(RichText::new("What the region probably is, after the UCS.").color(palette.text_weak));
        }
    });
}

fn one(app: &App, ui: &mut Ui, view: &View, share: &CategoryShare) {
    let palette = Palette::of(ui.visuals());
    let (rect, response) =
        ui.allocate_exact_size(Vec2::new(ui.available_width(), SHARE_HEIGHT), Sense::click());
    let chosen = view.filter.cat_id.as_deref() == Some(share.cat_id);
    let ground = if chosen {
        palette.row_selected
    } else if response.hovered() {
        palette.control_hovered
    } else {
        palette.panel
    };
    ui.painter().rect_filled(rect, 4.0, ground);
    if response.has_focus() {
        ui.painter().rect_stroke(rect, 4.0, Stroke::new(1.5, palette.accent), StrokeKind::Inside);
    }
    let inner = rect.shrink2(Vec2::new(6.0, 4.0));
    let percent = format!("{:.0} %", share.share * 100.0);
    let percent_rect = ui.painter().text(
        pos2(inner.right(), inner.top()),
        Align2::RIGHT_TOP,
        &percent,
        FontId::proportional(BODY_PT),
        palette.text,
    );
    let width = percent_rect.left() - inner.left() - 6.0;
    let name = elided(ui, share.cat_id, FontId::proportional(BODY_PT), palette.text, width);
    let second = inner.top() + name.size().y;
    ui.painter().galley(inner.min, name, palette.text);
    let words = format!("{} · {}", share.category, share.subcategory);
    let words = elided(ui, &words, FontId::proportional(SMALL_PT), palette.text_weak, inner.width());
    ui.painter().galley(pos2(inner.left(), second), words, palette.text_weak);
    bar(ui, Rect::from_min_max(pos2(inner.left(), inner.bottom() - 3.0), inner.max), share.share);
    response.widget_info(|| {
        WidgetInfo::selected(Role::Button, true, chosen, format!("Category {}, {percent}", share.cat_id))
    });
    if response.on_hover_text("Show only this category").clicked() {
        app.send(Command::FilterCategory((!chosen).then(|| share.cat_id.to_owned())));
    }
}

fn bar(ui: &Ui, rect: Rect, share: f32) {
    let palette = Palette::of(ui.visuals());
    ui.painter().rect_filled(rect, 1.5, palette.control);
    let filled = rect.width() * share.clamp(0.0, 1.0);
    ui.painter().rect_filled(
        Rect::from_min_size(rect.min, Vec2::new(filled, rect.height())),
        1.5,
        palette.accent,
    );
}

fn unknown(ui: &mut Ui, share: f32) {
    let palette = Palette::of(ui.visuals());
    ui.add_space(4.0);
    ui.horizontal(|ui| {
        ui.add_space(6.0);
        ui.label(RichText::new("No idea").color(palette.text_weak));
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            ui.add_space(6.0);
            ui.label(RichText::new(format!("{:.0} %", share * 100.0)).color(palette.text_weak));
        });
    });
}

/// The same in one line above the list, for narrow windows.
pub(super) fn strip(app: &mut App, ui: &mut Ui, view: &View) {
    let palette = Palette::of(ui.visuals());
    let height = 28.0;
    ui.allocate_ui(Vec2::new(ui.available_width(), height), |ui| {
        ui.set_height(height);
        ScrollArea::horizontal()
            .id_salt("category strip")
            .auto_shrink([false, true])
            .scroll_bar_visibility(egui::scroll_area::ScrollBarVisibility::AlwaysHidden)
            .show(ui, |ui| {
                ui.horizontal(|ui| {
                    for share in &view.results.categories {
                        let chosen = view.filter.cat_id.as_deref() == Some(share.cat_id);
                        let percent = format!("{:.0} %", share.share * 100.0);
                        let chip = Button::selectable(
                            chosen,
                            RichText::new(format!("{} {percent}", share.cat_id)).small(),
                        )
                        .frame_when_inactive(true);
                        let response =
                            ui.add(chip).accessible_name(format!("Category {}, {percent}", share.cat_id));
                        if response.on_hover_text("Show only this category").clicked() {
                            app.send(Command::FilterCategory((!chosen).then(|| share.cat_id.to_owned())));
                        }
                    }
                    if view.results.categories.is_empty() {
                        ui.label(RichText::new(strip_words(view)).small().color(palette.text_weak));
                    }
                });
            });
    });
}

fn strip_words(view: &View) -> &'static str {
    if view.results.question.is_some() { "No idea of the category" } else { "Categories appear here" }
}
