//! Pictures of every state, dark and light, at 1× and 2×, narrow to wide, and what can be told of a picture by counting.
//!
//! Set `EARMARK_SCREENSHOTS` to a folder to keep them.
#![allow(clippy::unwrap_used)]

mod support;

use std::collections::HashSet;
use std::path::PathBuf;

use earmark_plugin::editor::theme::{DARK, LIGHT};
use earmark_plugin::exchange::Theme;
use support::{Stage, raster, views};

fn keep(name: &str, stage: &Stage) -> (u32, u32, Vec<u8>) {
    let picture = stage.picture();
    if let Some(folder) = std::env::var_os("EARMARK_SCREENSHOTS").map(PathBuf::from) {
        std::fs::create_dir_all(&folder).unwrap();
        raster::write_png(&folder.join(format!("{name}.png")), &picture);
    }
    picture
}

/// A picture that shows something: its ground is the theme's, and there is more than ground.
fn check(name: &str, (_, _, pixels): &(u32, u32, Vec<u8>), theme: Theme) {
    let palette = if theme == Theme::Light { LIGHT } else { DARK };
    let mut colors = HashSet::new();
    let mut ground = 0;
    for pixel in pixels.chunks_exact(4) {
        colors.insert([pixel[0], pixel[1], pixel[2]]);
        let is = |color: egui::Color32| pixel[..3] == color.to_array()[..3];
        ground += usize::from(is(palette.ground) || is(palette.panel) || is(palette.well));
        assert_eq!(pixel[3], 255, "{name} is not opaque");
    }
    let share = ground as f64 / (pixels.len() / 4) as f64;
    assert!(share > 0.3, "{name}: only {share:.2} of it is the theme's ground");
    assert!(colors.len() > 60, "{name}: only {} colours", colors.len());
}

#[test]
fn every_state_at_1x_and_2x() {
    for (name, view) in views::every_state() {
        for (scale, theme) in [(1.0, Theme::Dark), (2.0, Theme::Dark), (1.0, Theme::Light)] {
            let mode = if theme == Theme::Light { "light" } else { "dark" };
            let stage = Stage::with(view.clone(), 960.0, 640.0, scale, theme);
            let name = format!("{name}-{mode}-{scale}x");
            check(&name, &keep(&name, &stage), theme);
        }
    }
}

#[test]
fn from_480_points_to_4k() {
    for (width, height, scale) in [
        (480.0, 360.0, 1.0),
        (480.0, 640.0, 1.0),
        (720.0, 480.0, 1.0),
        (1920.0, 1080.0, 1.0),
        (3840.0, 2160.0, 1.0),
    ] {
        for (state, view) in [
            ("results", views::results(98_110)),
            ("last-seconds", views::rolling()),
            ("no-library", views::no_library()),
        ] {
            let stage = Stage::with(view, width, height, scale, Theme::Dark);
            let name = format!("{state}-{width}x{height}");
            check(&name, &keep(&name, &stage), Theme::Dark);
        }
    }
}

#[test]
fn menus_and_overlays() {
    use egui_kittest::kittest::Queryable as _;
    let mut stage = Stage::with(views::results(240), 960.0, 640.0, 1.0, Theme::Dark);
    stage.harness.get_by_label("Settings").click();
    stage.harness.run();
    check("settings", &keep("settings", &stage), Theme::Dark);

    let mut stage = Stage::with(views::results(240), 960.0, 640.0, 1.0, Theme::Dark);
    stage.harness.key_press(egui::Key::F1);
    stage.harness.run();
    check("keys", &keep("keys", &stage), Theme::Dark);

    let mut stage = Stage::with(views::results(240), 960.0, 640.0, 1.0, Theme::Dark);
    stage.harness.get_by_label("Recent").click();
    stage.harness.run();
    check("recent", &keep("recent", &stage), Theme::Dark);

    let mut stage = Stage::with(views::results(240), 960.0, 640.0, 1.0, Theme::Dark);
    let row = views::row(2).name;
    stage.harness.get_by_label_contains(&format!("{row}, ")).click_secondary();
    stage.harness.run();
    check("row-menu", &keep("row-menu", &stage), Theme::Dark);

    let mut stage = Stage::with(views::results(240), 960.0, 640.0, 1.0, Theme::Dark);
    stage.harness.state_mut().files_hover(true);
    stage.harness.run();
    keep("drop", &stage);

    let mut stage = Stage::with(views::results(240), 960.0, 640.0, 1.0, Theme::Light);
    stage.press_with(egui::Modifiers::SHIFT, egui::Key::ArrowDown);
    stage.press_with(egui::Modifiers::SHIFT, egui::Key::ArrowDown);
    check("several", &keep("several", &stage), Theme::Light);

    let mut stage = Stage::with(views::results(240), 960.0, 640.0, 1.0, Theme::Dark);
    for _ in 0..7 {
        stage.harness.key_press(egui::Key::Tab);
        stage.harness.run();
    }
    check("focus", &keep("focus", &stage), Theme::Dark);
}
