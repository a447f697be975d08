//! Puts the editor's app before a test: on a stage of any size, with views made for the occasion.
#![allow(dead_code, missing_docs, unreachable_pub, clippy::unwrap_used)] // each test binary uses a part of it

pub mod raster;
pub mod views;

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;

use crossbeam_channel::{Receiver, unbounded};
use earmark_plugin::editor::App;
use earmark_plugin::exchange::{Appearance, Command, Exchange, Theme, View};
use egui::{Color32, Rect, Shape, UiBuilder, Vec2};
use egui_kittest::Harness;
use raster::Raster;

/// An app on a stage.
pub struct Stage {
    pub harness: Harness<'static, App>,
    pub exchange: Arc<Exchange>,
    commands: Receiver<Command>,
    raster: Rc<RefCell<Raster>>,
    points: Vec2,
    scale: f32,
}

impl Stage {
    /// Shows a view in a window of so many points.
    pub fn new(view: View, width: f32, height: f32) -> Self {
        Self::with(view, width, height, 1.0, Theme::Dark)
    }

    /// The same with a scale and a theme.
    pub fn with(view: View, width: f32, height: f32, scale: f32, theme: Theme) -> Self {
        let (sender, commands) = unbounded();
        let exchange = Arc::new(Exchange::new(sender));
        exchange.set_appearance(Appearance { width, height, zoom: 1.0, theme });
        exchange.publish(Arc::new(view));
        let raster = Rc::new(RefCell::new(Raster::default()));
        let app = App::new(Arc::clone(&exchange));
        let points = Vec2::new(width, height);
        let harness = Harness::builder()
            .with_size(points)
            .with_pixels_per_point(scale)
            .with_max_steps(12)
            .with_step_dt(1.0 / 60.0)
            .renderer(raster::Textures(Rc::clone(&raster)))
            .build_ui_state(
                |ui, app: &mut App| {
                    // The harness leaves a margin; a window has none.
                    let screen = ui.ctx().content_rect();
                    let mut whole = ui.new_child(UiBuilder::new().id_salt("window").max_rect(screen));
                    whole.set_clip_rect(screen);
                    app.ui(&mut whole, 0.0);
                },
                app,
            );
        let mut stage = Self { harness, exchange, commands, raster, points, scale };
        stage.harness.run();
        stage
    }

    /// Shows another view.
    pub fn show(&mut self, view: View) {
        self.exchange.publish(Arc::new(view));
        self.harness.run();
    }

    /// What was sent since the last call, without the waveforms that scrolling asks for.
    pub fn commands(&mut self) -> Vec<Command> {
        self.harness.run();
        self.commands.try_iter().filter(|command| !matches!(command, Command::WantPeaks(_))).collect()
    }

    /// Which waveforms were asked for last.
    pub fn wanted_peaks(&mut self) -> Option<usize> {
        self.harness.run();
        let wants = self.commands.try_iter().filter_map(|command| match command {
            Command::WantPeaks(sounds) => Some(sounds.len()),
            _ => None,
        });
        wants.last()
    }

    /// Presses and releases a key.
    pub fn press(&mut self, key: egui::Key) {
        self.harness.key_press(key);
        self.harness.run();
    }

    /// Presses and releases a key with modifiers.
    pub fn press_with(&mut self, modifiers: egui::Modifiers, key: egui::Key) {
        self.harness.key_press_modifiers(modifiers, key);
        self.harness.run();
    }

    /// Clicks on what has a name.
    pub fn click(&mut self, label: &str) {
        use egui_kittest::kittest::Queryable as _;
        self.harness.get_by_label(label).click();
        self.harness.run();
    }

    /// Moves the pointer somewhere.
    pub fn point(&mut self, x: f32, y: f32) {
        self.harness.hover_at(egui::pos2(x, y));
        self.harness.run();
    }

    /// Drags from one place to another in several steps.
    pub fn drag(&mut self, from: egui::Pos2, to: egui::Pos2) {
        self.harness.hover_at(from);
        self.harness.drag_at(from);
        self.harness.run();
        for step in 1..=4 {
            self.harness.hover_at(from + (to - from) * (step as f32 / 4.0));
            self.harness.run();
        }
        self.harness.drop_at(to);
        self.harness.run();
    }

    /// The picture of the last frame: width, height, RGBA.
    pub fn picture(&self) -> (u32, u32, Vec<u8>) {
        let output = self.harness.output();
        let primitives = self.harness.ctx.tessellate(output.shapes.clone(), output.pixels_per_point);
        let (width, height) = ((self.points.x * self.scale) as usize, (self.points.y * self.scale) as usize);
        let pixels = self.raster.borrow().draw(&primitives, width, height, output.pixels_per_point);
        (width as u32, height as u32, pixels)
    }

    /// Every text on the stage that is drawn at full strength: what it says, its colour, where it is seen. Left out is
    /// what fades because it is disabled or scrolls away.
    pub fn texts(&self) -> Vec<(String, Color32, Rect)> {
        let mut texts = Vec::new();
        for clipped in &self.harness.output().shapes {
            collect_texts(&clipped.shape, clipped.clip_rect, &mut texts);
        }
        texts
    }

    /// Where a widget is.
    pub fn rect(&self, label: &str) -> Rect {
        use egui_kittest::kittest::Queryable as _;
        self.harness.get_by_label(label).rect()
    }
}

fn collect_texts(shape: &Shape, clip: Rect, texts: &mut Vec<(String, Color32, Rect)>) {
    match shape {
        Shape::Vec(shapes) => shapes.iter().for_each(|shape| collect_texts(shape, clip, texts)),
        Shape::Text(text) if !text.galley.text().trim().is_empty() => {
            let rect = shape.visual_bounding_rect().intersect(clip);
            for section in &text.galley.job.sections {
                let own = section.format.color;
                let own = if own == Color32::PLACEHOLDER { text.fallback_color } else { own };
                let color = text.override_text_color.unwrap_or(own);
                if rect.is_positive() && color.a() == 255 && text.opacity_factor >= 1.0 {
                    texts.push((text.galley.text().to_owned(), color, rect));
                }
            }
        }
        _ => {}
    }
}
