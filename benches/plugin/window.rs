//! The window on an X server: how long until its first frame, and what it costs when nobody uses it.
//!
//! Run it under `xvfb-run` with `LIBGL_ALWAYS_SOFTWARE=1`, or on a desktop. The instance is a real one with the library
//! of the benchmark `large_library` (or the one that `EARMARK_BENCH_LIBRARY` names), which the window makes it open. The
//! first frame is there when the window's corner does not have the colour of its parent any more.
#![allow(clippy::unwrap_used, missing_docs)]

#[cfg(target_os = "linux")]
#[path = "../../plugin/tests/hosting/host.rs"]
#[allow(dead_code, reason = "the tests use more of it")]
mod host;
#[cfg(target_os = "linux")]
#[path = "../../plugin/tests/window/no_host.rs"]
mod no_host;

#[cfg(target_os = "linux")]
mod linux {
    use std::num::NonZeroU32;
    use std::path::{Path, PathBuf};
    use std::sync::Arc;
    use std::time::{Duration, Instant};

    use earmark_plugin::editor::{EarmarkHandle, create};
    use earmark_plugin::parameters::Parameters;
    use nice_plug::context::gui::GuiContext;
    use nice_plug::editor::{EditorHandle as _, SpawnedEditor};
    use nice_plug::prelude::{Editor as _, ParentWindowHandle};
    use x11rb::connection::Connection as _;
    use x11rb::protocol::xproto::{ConnectionExt as _, CreateWindowAux, ImageFormat, Window, WindowClass};
    use x11rb::rust_connection::RustConnection;

    use crate::host::Host;
    use crate::no_host::NoHost;

    const ROUNDS: usize = 9;
    const IDLE: Duration = Duration::from_secs(15);
    /// Of the parent, which no frame of the editor has in its corner.
    const MAGENTA: u32 = 0x00ff_00ff;
    const SIZE: (u16, u16) = (960, 640);

    pub(crate) fn measure() {
        let Ok((connection, screen)) = x11rb::connect(None) else {
            println!("no X server: run this under xvfb-run");
            return;
        };
        let library = std::env::var_os("EARMARK_BENCH_LIBRARY")
            .map_or_else(|| Path::new(env!("CARGO_TARGET_TMPDIR")).join("large-demo"), PathBuf::from);
        let root = connection.setup().roots[screen].root;
        let parent = parent_in(&connection, root);
        let mut host = Host::with_library(&library, 48_000.0);
        let mut times: Vec<Duration> =
            (0..ROUNDS).map(|_| first_frame(&connection, parent, &host).0).collect();
        let first = times[0];
        times.sort_unstable();
        println!(
            "first frame: {} ms the first time, median {} ms, longest {} ms of {ROUNDS} (demanded: 150 ms)",
            first.as_millis(),
            times[ROUNDS / 2].as_millis(),
            times[ROUNDS - 1].as_millis()
        );
        let (_, editor) = first_frame(&connection, parent, &host);
        std::thread::sleep(Duration::from_secs(2));
        println!("nothing plays: {:.2} % of a core (demanded: 1 %)", 100.0 * busy(&mut host, false));
        println!("silence plays: {:.2} % of a core besides the host's thread", 100.0 * busy(&mut host, true));
        drop(editor);
    }

    fn parent_in(connection: &RustConnection, root: Window) -> Window {
        let parent = connection.generate_id().unwrap();
        let look = CreateWindowAux::new().background_pixel(MAGENTA);
        let (width, height) = SIZE;
        connection
            .create_window(24, parent, root, 0, 0, width, height, 0, WindowClass::INPUT_OUTPUT, 0, &look)
            .unwrap();
        connection.map_window(parent).unwrap().check().unwrap();
        parent
    }

    /// Opens the window of an instance; how long until something is to be seen in it.
    fn first_frame(
        connection: &RustConnection,
        parent: Window,
        host: &Host,
    ) -> (Duration, SpawnedEditor<EarmarkHandle>) {
        let parameters = Arc::new(Parameters::new(Arc::default()));
        let editor = create(Arc::clone(host.exchange()), parameters).unwrap();
        let window = ParentWindowHandle::XcbWindow(NonZeroU32::new(parent).unwrap());
        connection.clear_area(false, parent, 0, 0, 0, 0).unwrap().check().unwrap();
        let begun = Instant::now();
        let opened = editor.spawn(Some(window), false, None, GuiContext::new(Arc::new(NoHost)), None);
        let opened = opened.unwrap();
        opened.handle.show(&opened.window).unwrap();
        loop {
            let image = connection.get_image(ImageFormat::Z_PIXMAP, parent, 4, 4, 1, 1, !0).unwrap();
            let shown = image.reply().unwrap().data;
            // Before its first frame the new window may be black.
            if shown[..3] != [0xff, 0x00, 0xff] && shown[..3] != [0, 0, 0] {
                return (begun.elapsed(), opened);
            }
            assert!(begun.elapsed() < Duration::from_secs(20), "nothing is drawn");
            std::thread::sleep(Duration::from_millis(1));
        }
    }

    /// Part of a core that all threads but this one take in a while.
    fn busy(host: &mut Host, plays: bool) -> f64 {
        let before = processor_s();
        let begun = Instant::now();
        while begun.elapsed() < IDLE {
            if plays {
                host.process(&vec![vec![0.0; 480]; 2]);
                std::thread::sleep(Duration::from_millis(10));
            } else {
                std::thread::sleep(Duration::from_millis(500));
            }
        }
        (processor_s() - before) / begun.elapsed().as_secs_f64()
    }

    /// Processor time of all threads but this one (proc(5): the first field of schedstat, nanoseconds).
    fn processor_s() -> f64 {
        let own = std::process::id().to_string();
        let tasks = std::fs::read_dir("/proc/self/task").unwrap().map(Result::unwrap);
        let others = tasks.filter(|task| task.file_name().to_string_lossy() != own);
        let times = others.filter_map(|task| std::fs::read_to_string(task.path().join("schedstat")).ok());
        times.filter_map(|line| line.split_whitespace().next()?.parse::<f64>().ok()).sum::<f64>() / 1e9
    }
}

fn main() {
    #[cfg(target_os = "linux")]
    if std::env::args().any(|arg| arg == "--bench") {
        linux::measure();
    }
}
