//! Pictures of every state, dark and light, at 1× and 2×, narrow to wide, and what can be told of a picture by counting.
//!
//! Set `EARMARK_SCREENSHOTS` to a folder to keep them.
#![allow(clippy::unwrap_used)]

mod support;

use std::collections::{HashMap, HashSet};
use std::path::PathBuf;

use earmark_plugin::editor::theme::{DARK, LIGHT, contrast};
use earmark_plugin::exchange::Theme;
use egui_kittest::kittest::Queryable as _;
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

/// Every text of a picture stands out from what is under it as WCAG AA wants (4.5 : 1). What is under a text is the
/// colour that most of the pixels around it have; what lies in a menu's shadow is left out.
fn check_contrast(
    name: &str,
    stage: &Stage,
    (width, height, pixels): &(u32, u32, Vec<u8>),
    scale: f32,
    theme: Theme,
) {
    let palette = if theme == Theme::Light { LIGHT } else { DARK };
    let grounds: Vec<[u8; 3]> =
        palette.text_pairs().iter().map(|(_, _, ground)| [ground.r(), ground.g(), ground.b()]).collect();
    let mut checked = 0;
    for (text, color, rect) in stage.texts() {
        let (left, top) = ((rect.left() * scale).max(0.0) as usize, (rect.top() * scale).max(0.0) as usize);
        let right = ((rect.right() * scale) as usize).min(*width as usize);
        let bottom = ((rect.bottom() * scale) as usize).min(*height as usize);
        let mut counts: HashMap<[u8; 3], usize> = HashMap::new();
        let mut seen = false;
        for y in top..bottom {
            for x in left..right {
                let at = (y * *width as usize + x) * 4;
                let pixel = [pixels[at], pixels[at + 1], pixels[at + 2]];
                seen |= pixel.iter().zip(color.to_array()).all(|(a, b)| a.abs_diff(b) < 48);
                *counts.entry(pixel).or_default() += 1;
            }
        }
        // Something may lie over it.
        let Some((ground, _)) = counts.into_iter().filter(|_| seen).max_by_key(|(_, count)| *count) else {
            continue;
        };
        if !grounds.contains(&ground) {
            continue;
        }
        let ratio = contrast(color, egui::Color32::from_rgb(ground[0], ground[1], ground[2]));
        assert!(ratio >= 4.5, "{name}: “{text}” in {color:?} on {ground:?} has {ratio:.2} : 1");
        checked += 1;
    }
    assert!(checked >= 8, "{name}: only {checked} texts were found");
}

#[test]
fn every_state_at_1x_and_2x() {
    for (name, view) in views::every_state() {
        for (scale, theme) in [(1.0, Theme::Dark), (2.0, Theme::Dark), (2.0, Theme::Light)] {
            let mode = if theme == Theme::Light { "light" } else { "dark" };
            let stage = Stage::with(view.clone(), 960.0, 640.0, scale, theme);
            let name = format!("{name}-{mode}-{scale}x");
            let picture = keep(&name, &stage);
            check(&name, &picture, theme);
            if scale > 1.0 {
                check_contrast(&name, &stage, &picture, scale, theme);
            }
        }
    }
}

#[test]
fn from_480_points_to_4k() {
    for (width, height, scale) in [
        (480.0, 360.0, 1.0),
        (480.0, 640.0, 1.0),
        (720.0, 480.0, 1.0),
        (1280.0, 720.0, 1.0),
        (1920.0, 1080.0, 1.0),
        (3840.0, 2160.0, 1.0),
    ] {
        for (state, view) in [
            ("results", views::results(98_110)),
            ("last-seconds", views::rolling()),
            ("no-library", views::no_library()),
        ] {
            // Eight million pixels are enough once.
            if width > 2000.0 && state != "results" {
                continue;
            }
            let stage = Stage::with(view, width, height, scale, Theme::Dark);
            let name = format!("{state}-{width}x{height}");
            check(&name, &keep(&name, &stage), Theme::Dark);
        }
    }
}

#[test]
fn menus_and_overlays() {
    for (theme, mode) in [(Theme::Dark, ""), (Theme::Light, "-light")] {
        let shown = |name: &str, act: &dyn Fn(&mut Stage)| {
            let name = format!("{name}{mode}");
            let mut stage = Stage::with(views::results(240), 960.0, 560.0, 1.5, theme);
            act(&mut stage);
            let picture = keep(&name, &stage);
            check(&name, &picture, theme);
            check_contrast(&name, &stage, &picture, 1.5, theme);
        };
        shown("settings", &|stage| stage.click("Settings"));
        shown("keys", &|stage| stage.press(egui::Key::F1));
        shown("recent", &|stage| stage.click("Recent"));
        shown("row-menu", &|stage| {
            let row = views::row(2).name;
            stage.harness.get_by_label_contains(&format!("{row}, ")).click_secondary();
            stage.harness.run();
            let item = stage.harness.get_by_label_contains("Show in file manager").rect().center();
            stage.point(item.x, item.y);
        });
        shown("several", &|stage| {
            stage.press_with(egui::Modifiers::SHIFT, egui::Key::ArrowDown);
            stage.press_with(egui::Modifiers::SHIFT, egui::Key::ArrowDown);
        });
        shown("focus", &|stage| (0..7).for_each(|_| stage.press(egui::Key::Tab)));
        shown("hovered", &|stage| {
            let row = stage.harness.get_by_label_contains(&format!("{}, ", views::row(3).name)).rect();
            stage.point(row.left() + 200.0, row.center().y);
        });
    }

    let mut stage = Stage::with(views::results(240), 960.0, 640.0, 1.0, Theme::Dark);
    stage.harness.state_mut().files_hover(true);
    stage.harness.run();
    keep("drop", &stage);

    // The session's results are shown although their library is gone; what to do is one click away.
    let mut stage = Stage::with(views::library_gone(), 960.0, 640.0, 1.0, Theme::Dark);
    stage.click("No library");
    check("library-gone", &keep("library-gone", &stage), Theme::Dark);
}

#[test]
fn the_desktop_decides_between_dark_and_light_unless_the_user_does() {
    let ground = |stage: &Stage| {
        let (width, _, pixels) = stage.picture();
        let at = (500 * width as usize + 20) * 4;
        egui::Color32::from_rgb(pixels[at], pixels[at + 1], pixels[at + 2])
    };
    let mut stage = Stage::with(views::no_loop_range(), 960.0, 640.0, 1.0, Theme::System);
    assert_eq!(ground(&stage), DARK.ground, "not known");
    stage.harness.input_mut().system_theme = Some(egui::Theme::Light);
    stage.harness.run();
    assert_eq!(ground(&stage), LIGHT.ground, "the desktop is light");
    stage.click("Settings");
    stage.click("Dark");
    stage.press(egui::Key::Escape);
    assert_eq!((ground(&stage), stage.exchange.appearance().theme), (DARK.ground, Theme::Dark));
    stage.click("Settings");
    stage.click("Like the desktop");
    stage.press(egui::Key::Escape);
    assert_eq!((ground(&stage), stage.exchange.appearance().theme), (LIGHT.ground, Theme::System));
}
