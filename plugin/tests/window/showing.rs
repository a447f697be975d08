//! The window opens and closes, draws, and has the size that it should.

use std::sync::Arc;
use std::time::{Duration, Instant};

use earmark_plugin::editor::create;
use earmark_plugin::editor::theme::LIGHT;
use earmark_plugin::exchange::{Appearance, Command, Theme, View};
use nice_plug::editor::EditorHandle as _;
use nice_plug::editor::dpi::NativeSize;
use nice_plug::prelude::Editor as _;
use x11rb::protocol::xproto::{ConnectionExt as _, ImageFormat};

use crate::host::{Host, parameters};
use crate::server::{on_a_server, on_a_server_with};
use crate::support::{self, views};

#[test]
fn the_window_opens_and_closes_a_hundred_times_without_leaving_anything_behind() {
    on_a_server("showing::opens_and_closes", 1);
}

#[test]
fn news_before_the_window_is_shown_do_not_keep_it_black() {
    on_a_server("showing::is_shown_late", 1);
}

#[test]
fn the_window_draws_what_the_pictures_show() {
    on_a_server("showing::draws", 1);
}

#[test]
fn host_and_user_resize_the_window_and_the_session_keeps_it() {
    on_a_server("showing::resizes", 1);
}

#[test]
fn a_desktop_scaled_twice_gets_a_window_as_large_as_announced() {
    on_a_server("showing::scales", 2);
}

#[test]
fn the_window_is_light_where_the_desktop_is() {
    use std::os::unix::fs::PermissionsExt as _;
    // The desktop's portal, asked through the program that comes with D-Bus.
    let folder = tempfile::tempdir().unwrap();
    let portal = folder.path().join("dbus-send");
    std::fs::write(&portal, "#!/bin/sh\necho '   variant       variant          uint32 2'\n").unwrap();
    std::fs::set_permissions(&portal, std::fs::Permissions::from_mode(0o755)).unwrap();
    let mut path = folder.path().as_os_str().to_owned();
    path.push(":");
    path.push(std::env::var_os("PATH").unwrap_or_default());
    on_a_server_with(
        "showing::follows_the_desktop",
        1,
        &[("PATH", path), ("DBUS_SESSION_BUS_ADDRESS", "unix:path=/nowhere".into())],
    );
}

#[test]
#[ignore = "run by the test that has a server"]
fn follows_the_desktop() {
    let host = Host::new();
    host.exchange.set_appearance(Appearance { theme: Theme::System, ..host.exchange.appearance() });
    let _spawned = host.open();
    let light = LIGHT.panel.to_array();
    host.wait("a light window", || host.pixel(4, 4) == [light[0], light[1], light[2]]);
}

#[test]
#[ignore = "run by the test that has a server"]
fn is_shown_late() {
    let host = Host::new();
    let spawned = host.open_hidden();
    for sounds in [10, 20, 30] {
        host.exchange.publish(Arc::new(View { revision: sounds, ..views::results(sounds as usize) }));
        std::thread::sleep(Duration::from_millis(50));
    }
    spawned.handle.show(&spawned.window).unwrap();
    host.wait_for_frame(4, 4);
}

fn open_files() -> usize {
    std::fs::read_dir("/proc/self/fd").unwrap().count()
}

fn threads() -> usize {
    std::fs::read_dir("/proc/self/task").unwrap().count()
}

fn resident_kib() -> usize {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmRSS")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}

#[test]
#[ignore = "run by the test that has a server"]
fn opens_and_closes() {
    let host = Host::new();
    let mut before = None;
    for time in 0..100 {
        let spawned = host.open();
        assert!(host.exchange.is_window_open());
        // Not every time: a host may close a window that has not drawn yet.
        if time % 3 != 0 {
            host.wait_for_frame(4, 4);
        }
        drop(spawned);
        assert!(!host.exchange.is_window_open());
        assert!(
            host.commands.try_iter().any(|command| command == Command::StopAudition),
            "closing ends the audition"
        );
        if time == 19 {
            before = Some((open_files(), threads(), resident_kib()));
        }
    }
    let (files, tasks, memory) = before.unwrap();
    host.wait("threads end", || threads() <= tasks);
    assert!(open_files() <= files, "{} files are open, {files} were after twenty windows", open_files());
    let grown = resident_kib().saturating_sub(memory);
    assert!(grown < 30_000, "eighty windows have left {grown} KiB behind");
}

#[test]
#[ignore = "run by the test that has a server"]
fn draws() {
    let host = Host::new();
    let _spawned = host.open();
    host.wait_for_frame(4, 4);
    std::thread::sleep(Duration::from_millis(200));
    let image = host
        .connection
        .get_image(ImageFormat::Z_PIXMAP, host.parent, 0, 0, 960, 640, !0)
        .unwrap()
        .reply()
        .unwrap();
    let shown: Vec<u8> =
        image.data.chunks_exact(4).flat_map(|pixel| [pixel[2], pixel[1], pixel[0], 255]).collect();
    let expected = support::Stage::new(views::results(240), 960.0, 640.0).picture();
    if let Some(folder) = std::env::var_os("EARMARK_SCREENSHOTS").map(std::path::PathBuf::from) {
        support::raster::write_png(&folder.join("window.png"), &(960, 640, shown.clone()));
    }
    let far = |(a, b): (&u8, &u8)| a.abs_diff(*b) > 40;
    let different = shown.iter().zip(&expected.2).filter(|pair| far(*pair)).count();
    let share = different as f64 / shown.len() as f64;
    assert!(share < 0.01, "{:.2} % of the window is not as in the picture", share * 100.0);
}

#[test]
#[ignore = "run by the test that has a server"]
fn resizes() {
    let host = Host::new();
    let spawned = host.open();
    host.wait_for_frame(4, 4);
    spawned.handle.set_size(NativeSize::new(700, 500), &spawned.window).unwrap();
    host.wait("the session knows the host's size", || {
        let appearance = host.exchange.appearance();
        (appearance.width, appearance.height) == (700.0, 500.0)
    });
    let too_small = spawned.handle.adjust_size(NativeSize::new(100, 100), &spawned.window);
    assert_eq!(too_small, Some(NativeSize::new(480, 360)));
    // The user drags the corner.
    host.move_pointer(695, 495);
    host.press_button();
    for step in 1..=5 {
        host.move_pointer(695 + step * 20, 495 + step * 10);
    }
    host.release_button();
    host.wait("the session knows the user's size", || {
        let appearance = host.exchange.appearance();
        (appearance.width - 800.0).abs() <= 25.0 && (appearance.height - 550.0).abs() <= 15.0
    });
    // The last steps of the drag may still be on their way.
    let mut kept = host.exchange.appearance();
    let mut since = Instant::now();
    host.wait("the size to stay as it is", || {
        let appearance = host.exchange.appearance();
        if appearance != kept {
            (kept, since) = (appearance, Instant::now());
        }
        since.elapsed() > Duration::from_millis(500)
    });
    drop(spawned);
    let reopened = host.open();
    let size = reopened.window.size().unwrap().physical;
    assert_eq!((size.width as f32, size.height as f32), (kept.width, kept.height));
}

#[test]
#[ignore = "run by the test that has a server"]
fn scales() {
    let host = Host::new();
    let editor = create(Arc::clone(&host.exchange), parameters()).unwrap();
    assert_eq!(editor.size(), NativeSize::new(1920, 1280), "announced before there is a window");
    let spawned = host.open();
    let size = spawned.window.size().unwrap();
    assert_eq!((size.physical.width, size.physical.height, size.scale_factor), (1920, 1280, 2.0));
    assert_eq!(editor.size(), NativeSize::new(1920, 1280));
    spawned.handle.set_size(NativeSize::new(1400, 1000), &spawned.window).unwrap();
    assert_eq!(editor.size(), NativeSize::new(1400, 1000));
    assert_eq!(host.exchange.appearance().width, 700.0);
}
