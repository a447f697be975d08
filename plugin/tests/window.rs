//! The editor's real window on a virtual X server: opened and closed, resized, drawn, dragged out of and dropped into.
//!
//! Skips itself without Xvfb. The tests marked as ignored are what the test runs again, in a process of its own, once
//! there is a server: the window finds it through the environment.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used)]
// The host's side of the framework is declared unsafe; this one keeps no promises that could be broken.
#![allow(unsafe_code)]

mod support;

use std::io::{BufRead as _, BufReader};
use std::num::NonZeroU32;
use std::process::{Child, Command as Process, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, unbounded};
use earmark_plugin::editor::{EarmarkHandle, create, theme};
use earmark_plugin::exchange::{Appearance, Command, Exchange, Results, Rows, Theme};
use earmark_plugin::parameters::Parameters;
use nice_plug::context::gui::GuiContext;
use nice_plug::editor::dpi::NativeSize;
use nice_plug::editor::{EditorHandle as _, SpawnedEditor};
use nice_plug::prelude::{
    Editor as _, GuiContextInner, ParamPtr, ParentWindowHandle, PluginApi, PluginState,
};
use support::views;
use x11rb::connection::Connection as _;
use x11rb::protocol::Event;
use x11rb::protocol::xproto::{
    AtomEnum, BUTTON_PRESS_EVENT, BUTTON_RELEASE_EVENT, ClientMessageEvent, ConnectionExt as _,
    CreateWindowAux, EventMask, ImageFormat, MOTION_NOTIFY_EVENT, PropMode, Window, WindowClass,
};
use x11rb::protocol::xtest::ConnectionExt as _;
use x11rb::rust_connection::RustConnection;
use x11rb::wrapper::ConnectionExt as _;

/// A virtual X server that ends with the test.
struct Server(Child);

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Runs an ignored test of this file on a virtual server. `scale` is the desktop's.
fn on_a_server(test: &str, scale: u32) {
    let arguments = ["-displayfd", "1", "-screen", "0", "2560x1600x24", "-nolisten", "tcp"];
    let spawned = Process::new("Xvfb").args(arguments).stdout(Stdio::piped()).stderr(Stdio::null()).spawn();
    let Ok(mut server) = spawned.map(Server) else {
        eprintln!("skipped: Xvfb is not installed");
        return;
    };
    let mut number = String::new();
    BufReader::new(server.0.stdout.take().unwrap()).read_line(&mut number).unwrap();
    let display = format!(":{}", number.trim());
    let (connection, screen) = x11rb::connect(Some(&display)).unwrap();
    let root = connection.setup().roots[screen].root;
    let resources = format!("Xft.dpi:\t{}\n", 96 * scale);
    let name = AtomEnum::RESOURCE_MANAGER;
    connection
        .change_property8(PropMode::REPLACE, root, name, AtomEnum::STRING, resources.as_bytes())
        .unwrap()
        .check()
        .unwrap();
    let output = Process::new(std::env::current_exe().unwrap())
        .args(["--exact", test, "--ignored", "--nocapture", "--test-threads=1"])
        .env("DISPLAY", &display)
        .env("LIBGL_ALWAYS_SOFTWARE", "1")
        // glibc keeps for a new thread what an old one has freed; with one arena memory shows what is in use.
        .env("MALLOC_ARENA_MAX", "1")
        .output()
        .unwrap();
    let text =
        String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    if text.contains("no OpenGL here") {
        eprintln!("skipped: the virtual server offers no OpenGL");
        return;
    }
    assert!(output.status.success() && text.contains("1 passed"), "{text}");
    drop(server);
}

#[test]
fn the_window_opens_and_closes_a_hundred_times_without_leaving_anything_behind() {
    on_a_server("opens_and_closes", 1);
}

#[test]
fn the_window_draws_what_the_pictures_show() {
    on_a_server("draws", 1);
}

#[test]
fn host_and_user_resize_the_window_and_the_session_keeps_it() {
    on_a_server("resizes", 1);
}

#[test]
fn a_desktop_scaled_twice_gets_a_window_as_large_as_announced() {
    on_a_server("scales", 2);
}

#[test]
fn a_result_is_dragged_onto_another_window() {
    on_a_server("drags_out", 1);
}

#[test]
fn a_file_dropped_on_the_window_is_the_question() {
    on_a_server("takes_drops", 1);
}

#[test]
fn keys_and_clicks_arrive() {
    on_a_server("hears_keys", 1);
}

#[test]
fn an_idle_window_does_nothing() {
    on_a_server("idles", 1);
}

/// A host that only opens editors.
struct Host {
    connection: RustConnection,
    root: Window,
    parent: Window,
    exchange: Arc<Exchange>,
    commands: Receiver<Command>,
}

fn parameters() -> Arc<Parameters> {
    Arc::new(Parameters::new(Arc::default()))
}

struct NoHost;

impl GuiContextInner for NoHost {
    fn plugin_api(&self) -> PluginApi {
        PluginApi::Clap
    }

    unsafe fn raw_begin_set_parameter(&self, _: ParamPtr) {}
    unsafe fn raw_set_parameter_normalized(&self, _: ParamPtr, _: f32) {}
    unsafe fn raw_end_set_parameter(&self, _: ParamPtr) {}

    fn get_state(&self) -> PluginState {
        unreachable!("the editor keeps its state in the exchange")
    }

    fn set_state(&self, _: PluginState) {}
    fn request_restart(&self) {}
}

impl Host {
    fn new() -> Self {
        let (connection, screen) = x11rb::connect(None).unwrap();
        let root = connection.setup().roots[screen].root;
        let parent = connection.generate_id().unwrap();
        let aux =
            CreateWindowAux::new().background_pixel(0x00ff_00ff).event_mask(EventMask::STRUCTURE_NOTIFY);
        connection
            .create_window(24, parent, root, 0, 0, 960, 640, 0, WindowClass::INPUT_OUTPUT, 0, &aux)
            .unwrap()
            .check()
            .unwrap();
        connection.map_window(parent).unwrap().check().unwrap();
        let (sender, commands) = unbounded();
        let exchange = Arc::new(Exchange::new(sender));
        exchange.set_appearance(Appearance { width: 960.0, height: 640.0, zoom: 1.0, theme: Theme::Dark });
        exchange.publish(Arc::new(views::results(240)));
        Self { connection, root, parent, exchange, commands }
    }

    /// Opens the editor inside the parent. Ends the process where there is no OpenGL.
    fn open(&self) -> SpawnedEditor<EarmarkHandle> {
        let editor = create(Arc::clone(&self.exchange), parameters()).unwrap();
        let parent = ParentWindowHandle::XcbWindow(NonZeroU32::new(self.parent).unwrap());
        match editor.spawn(Some(parent), false, None, GuiContext::new(Arc::new(NoHost)), None) {
            Ok(spawned) => {
                spawned.handle.show(&spawned.window).unwrap();
                spawned
            }
            Err(error) => {
                println!("no OpenGL here: {error}");
                std::process::exit(1);
            }
        }
    }

    /// The colour of a pixel of the parent's, with what is in it.
    fn pixel(&self, x: i16, y: i16) -> [u8; 3] {
        let image = self
            .connection
            .get_image(ImageFormat::Z_PIXMAP, self.parent, x, y, 1, 1, !0)
            .unwrap()
            .reply()
            .unwrap();
        [image.data[2], image.data[1], image.data[0]]
    }

    /// Waits until something holds.
    fn wait(&self, what: &str, mut holds: impl FnMut() -> bool) {
        let begun = Instant::now();
        while !holds() {
            assert!(begun.elapsed() < Duration::from_secs(20), "{what}");
            std::thread::sleep(Duration::from_millis(3));
        }
    }

    /// The editor has drawn: its ground is seen where rows end.
    fn wait_for_frame(&self, x: i16, y: i16) {
        let panel = theme::DARK.panel.to_array();
        self.wait("the first frame", || self.pixel(x, y) == [panel[0], panel[1], panel[2]]);
    }

    fn fake(&self, event: u8, detail: u8, x: i16, y: i16) {
        self.connection.xtest_fake_input(event, detail, 0, self.root, x, y, 0).unwrap().check().unwrap();
        std::thread::sleep(Duration::from_millis(30));
    }

    fn move_pointer(&self, x: i16, y: i16) {
        self.fake(MOTION_NOTIFY_EVENT, 0, x, y);
    }

    fn press_button(&self) {
        self.fake(BUTTON_PRESS_EVENT, 1, 0, 0);
    }

    fn release_button(&self) {
        self.fake(BUTTON_RELEASE_EVENT, 1, 0, 0);
    }

    /// Commands until one satisfies.
    fn wait_for_command(&self, what: &str, wanted: impl Fn(&Command) -> bool) -> Command {
        let begun = Instant::now();
        let mut seen = Vec::new();
        while begun.elapsed() < Duration::from_secs(20) {
            match self.commands.recv_timeout(Duration::from_millis(50)) {
                Ok(command) if wanted(&command) => return command,
                Ok(command) => seen.push(command),
                Err(_) => {}
            }
        }
        panic!("{what} did not come, but {seen:?}");
    }
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
    let kept = host.exchange.appearance();
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

/// Where the middle of a row's name is, in a window of 960 × 640.
fn row_place(at: usize) -> (i16, i16) {
    use egui_kittest::kittest::Queryable as _;
    let stage = support::Stage::new(views::results(240), 960.0, 640.0);
    let row = views::row(at);
    let rect =
        stage.harness.get_by_label_contains(&format!("{}, {:.0} %", row.name, row.similarity_percent)).rect();
    (rect.left() as i16 + 150, rect.center().y as i16)
}

fn drag_row(host: &Host, at: usize, to: (i16, i16)) {
    let (x, y) = row_place(at);
    host.move_pointer(x, y);
    host.press_button();
    for step in 1..=10 {
        host.move_pointer(x + (to.0 - x) / 10 * step, y + (to.1 - y) / 10 * step);
    }
    host.move_pointer(to.0, to.1);
    std::thread::sleep(Duration::from_millis(250));
}

#[test]
#[ignore = "run by the test that has a server"]
fn drags_out() {
    let host = Host::new();
    let _spawned = host.open();
    host.wait_for_frame(4, 4);
    let target = Target::new(&host);
    drag_row(&host, 2, (1100, 150));
    let release = std::thread::scope(|scope| {
        let taking = scope.spawn(|| target.take());
        std::thread::sleep(Duration::from_millis(300));
        host.release_button();
        taking.join().unwrap()
    });
    let path = views::row(2).sound.path.display().to_string().replace(' ', "%20");
    assert_eq!(release, format!("file://{path}\r\n"));
    // Afterwards the window still listens: the release that it never saw is not missed.
    let (x, y) = row_place(1);
    host.move_pointer(x, y);
    host.press_button();
    host.release_button();
    host.wait("the row is selected", || {
        let selected = theme::DARK.row_selected.to_array();
        host.pixel(x + 250, y - 18) == [selected[0], selected[1], selected[2]]
    });
}

/// A window that takes files.
struct Target<'a> {
    host: &'a Host,
    connection: RustConnection,
    window: Window,
}

impl<'a> Target<'a> {
    fn new(host: &'a Host) -> Self {
        let (connection, _) = x11rb::connect(None).unwrap();
        let window = connection.generate_id().unwrap();
        let aux = CreateWindowAux::new().background_pixel(0x0000_ff00);
        connection
            .create_window(24, window, host.root, 1000, 50, 300, 300, 0, WindowClass::INPUT_OUTPUT, 0, &aux)
            .unwrap();
        let aware = connection.intern_atom(false, b"XdndAware").unwrap().reply().unwrap().atom;
        connection.change_property32(PropMode::REPLACE, window, aware, AtomEnum::ATOM, &[5]).unwrap();
        connection.map_window(window).unwrap().check().unwrap();
        Self { host, connection, window }
    }

    fn atom(&self, name: &str) -> u32 {
        self.connection.intern_atom(false, name.as_bytes()).unwrap().reply().unwrap().atom
    }

    fn tell(&self, source: Window, what: &str, rest: [u32; 4]) {
        let data = [self.window, rest[0], rest[1], rest[2], rest[3]];
        let message = ClientMessageEvent::new(32, source, self.atom(what), data);
        self.connection.send_event(false, source, EventMask::NO_EVENT, message).unwrap().check().unwrap();
    }

    /// Plays the target's side of a drag to its end and returns the list of URIs.
    fn take(&self) -> String {
        let [position, drop, selection, uris, copy] =
            ["XdndPosition", "XdndDrop", "XdndSelection", "text/uri-list", "XdndActionCopy"]
                .map(|name| self.atom(name));
        let begun = Instant::now();
        let mut source = 0;
        loop {
            assert!(
                begun.elapsed() < Duration::from_secs(20),
                "the drop does not come; {:?}",
                self.host.commands.len()
            );
            match self.connection.poll_for_event().unwrap() {
                Some(Event::ClientMessage(message)) if message.type_ == position => {
                    source = message.data.as_data32()[0];
                    self.tell(source, "XdndStatus", [1, 0, 0, copy]);
                }
                Some(Event::ClientMessage(message)) if message.type_ == drop => {
                    let time = message.data.as_data32()[2];
                    self.connection
                        .convert_selection(self.window, selection, uris, selection, time)
                        .unwrap()
                        .check()
                        .unwrap();
                }
                Some(Event::SelectionNotify(_)) => {
                    let kind: u32 = AtomEnum::ANY.into();
                    let property = self
                        .connection
                        .get_property(true, self.window, selection, kind, 0, 4096)
                        .unwrap()
                        .reply()
                        .unwrap();
                    self.tell(source, "XdndFinished", [1, copy, 0, 0]);
                    return String::from_utf8(property.value).unwrap();
                }
                Some(_) => {}
                None => std::thread::sleep(Duration::from_millis(5)),
            }
        }
    }
}

#[test]
#[ignore = "run by the test that has a server"]
fn takes_drops() {
    let host = Host::new();
    // A file that is really there: baseview looks.
    let path = std::env::current_exe().unwrap().canonicalize().unwrap();
    let mut row = views::row(2);
    row.sound.path = Arc::from(path.as_path());
    let mut view = views::results(3);
    view.results =
        Arc::new(Results { rows: Rows::new(vec![views::row(0), views::row(1), row]), ..views::answer(3) });
    host.exchange.publish(Arc::new(view));
    let _spawned = host.open();
    host.wait_for_frame(4, 4);
    // The window itself is as good a source as any: a result is dragged to its own waveform.
    drag_row(&host, 2, (400, 100));
    host.release_button();
    host.wait_for_command("the question", |command| *command == Command::OpenFile(path.clone()));
}

#[test]
#[ignore = "run by the test that has a server"]
fn hears_keys() {
    let host = Host::new();
    let _spawned = host.open();
    host.wait_for_frame(4, 4);
    let (x, y) = row_place(1);
    host.move_pointer(x, y);
    host.press_button();
    host.release_button();
    for (keysym, wanted) in [
        (u32::from(b'f'), Command::ToggleFavourite(views::row(1).sound.key)),
        (0x20, Command::Audition(views::row(1).sound)),
    ] {
        let code = keycode(&host, keysym);
        host.fake(x11rb::protocol::xproto::KEY_PRESS_EVENT, code, 0, 0);
        host.fake(x11rb::protocol::xproto::KEY_RELEASE_EVENT, code, 0, 0);
        host.wait_for_command("what the key means", |command| *command == wanted);
    }
    host.fake(x11rb::protocol::xproto::KEY_PRESS_EVENT, keycode(&host, u32::from(b'/')), 0, 0);
    host.fake(x11rb::protocol::xproto::KEY_RELEASE_EVENT, keycode(&host, u32::from(b'/')), 0, 0);
    for letter in *b"wood" {
        host.fake(x11rb::protocol::xproto::KEY_PRESS_EVENT, keycode(&host, u32::from(letter)), 0, 0);
        host.fake(x11rb::protocol::xproto::KEY_RELEASE_EVENT, keycode(&host, u32::from(letter)), 0, 0);
    }
    host.wait_for_command("the filter", |command| *command == Command::SetFilter("wood".into()));
}

fn keycode(host: &Host, keysym: u32) -> u8 {
    let setup = host.connection.setup();
    let (first, last) = (setup.min_keycode, setup.max_keycode);
    let map = host.connection.get_keyboard_mapping(first, last - first + 1).unwrap().reply().unwrap();
    let at =
        map.keysyms.chunks(usize::from(map.keysyms_per_keycode)).position(|keys| keys[0] == keysym).unwrap();
    first + at as u8
}

#[test]
#[ignore = "run by the test that has a server"]
fn idles() {
    let host = Host::new();
    let _spawned = host.open();
    host.wait_for_frame(4, 4);
    std::thread::sleep(Duration::from_millis(1000));
    let before = wake_ups();
    std::thread::sleep(Duration::from_secs(3));
    let woken = wake_ups() - before;
    // The sleep above is one; the analysis that would wake the window is not there.
    assert!(woken <= 5, "something ran {woken} times in three idle seconds");
}

/// How often a thread of this process has begun to wait for something (proc(5): voluntary context switches).
fn wake_ups() -> u64 {
    let tasks = std::fs::read_dir("/proc/self/task").unwrap();
    let statuses = tasks.filter_map(|task| std::fs::read_to_string(task.unwrap().path().join("status")).ok());
    let of_task = |status: String| {
        let line = status.lines().find(|line| line.starts_with("voluntary_ctxt_switches"))?.to_owned();
        line.split_whitespace().nth(1)?.parse::<u64>().ok()
    };
    statuses.filter_map(of_task).sum()
}
