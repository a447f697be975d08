//! A host that opens the editor in a window of its own, and has hands to use it with.

use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, unbounded};
use earmark_plugin::editor::{EarmarkHandle, create, theme};
use earmark_plugin::exchange::{Appearance, Command, Exchange, Theme};
use earmark_plugin::parameters::Parameters;
use nice_plug::context::gui::GuiContext;
use nice_plug::editor::{EditorHandle as _, SpawnedEditor};
use nice_plug::prelude::{Editor as _, ParentWindowHandle};
use x11rb::connection::Connection as _;
use x11rb::protocol::xproto::{
    BUTTON_PRESS_EVENT, BUTTON_RELEASE_EVENT, ConnectionExt as _, CreateWindowAux, EventMask, ImageFormat,
    MOTION_NOTIFY_EVENT, Window, WindowClass,
};
use x11rb::protocol::xtest::ConnectionExt as _;
use x11rb::rust_connection::RustConnection;

use crate::no_host::NoHost;
use crate::support::{Stage, views};

/// A host that only opens editors.
pub(crate) struct Host {
    pub(crate) connection: RustConnection,
    pub(crate) root: Window,
    pub(crate) parent: Window,
    pub(crate) exchange: Arc<Exchange>,
    pub(crate) commands: Receiver<Command>,
}

pub(crate) fn parameters() -> Arc<Parameters> {
    Arc::new(Parameters::new(Arc::default()))
}

impl Host {
    pub(crate) fn new() -> Self {
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
    pub(crate) fn open(&self) -> SpawnedEditor<EarmarkHandle> {
        let spawned = self.open_hidden();
        spawned.handle.show(&spawned.window).unwrap();
        spawned
    }

    /// The same, but does not show it yet.
    pub(crate) fn open_hidden(&self) -> SpawnedEditor<EarmarkHandle> {
        let editor = create(Arc::clone(&self.exchange), parameters()).unwrap();
        let parent = ParentWindowHandle::XcbWindow(NonZeroU32::new(self.parent).unwrap());
        match editor.spawn(Some(parent), false, None, GuiContext::new(Arc::new(NoHost)), None) {
            Ok(spawned) => spawned,
            Err(error) => {
                println!("no OpenGL here: {error}");
                std::process::exit(1);
            }
        }
    }

    /// The colour of a pixel of the parent's, with what is in it.
    pub(crate) fn pixel(&self, x: i16, y: i16) -> [u8; 3] {
        let image = self
            .connection
            .get_image(ImageFormat::Z_PIXMAP, self.parent, x, y, 1, 1, !0)
            .unwrap()
            .reply()
            .unwrap();
        [image.data[2], image.data[1], image.data[0]]
    }

    /// Waits until something holds.
    pub(crate) fn wait(&self, what: &str, mut holds: impl FnMut() -> bool) {
        let begun = Instant::now();
        while !holds() {
            assert!(begun.elapsed() < Duration::from_secs(20), "{what}");
            std::thread::sleep(Duration::from_millis(3));
        }
    }

    /// The editor has drawn: its ground is seen where rows end.
    pub(crate) fn wait_for_frame(&self, x: i16, y: i16) {
        let panel = theme::DARK.panel.to_array();
        self.wait("the first frame", || self.pixel(x, y) == [panel[0], panel[1], panel[2]]);
    }

    pub(crate) fn fake(&self, event: u8, detail: u8, x: i16, y: i16) {
        self.connection.xtest_fake_input(event, detail, 0, self.root, x, y, 0).unwrap().check().unwrap();
        std::thread::sleep(Duration::from_millis(30));
    }

    pub(crate) fn move_pointer(&self, x: i16, y: i16) {
        self.fake(MOTION_NOTIFY_EVENT, 0, x, y);
    }

    pub(crate) fn press_button(&self) {
        self.fake(BUTTON_PRESS_EVENT, 1, 0, 0);
    }

    pub(crate) fn release_button(&self) {
        self.fake(BUTTON_RELEASE_EVENT, 1, 0, 0);
    }

    /// Commands until one satisfies.
    pub(crate) fn wait_for_command(&self, what: &str, wanted: impl Fn(&Command) -> bool) -> Command {
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

/// Where the middle of a row's name is, in a window of 960 × 640.
pub(crate) fn row_place(at: usize) -> (i16, i16) {
    use egui_kittest::kittest::Queryable as _;
    let stage = Stage::new(views::results(240), 960.0, 640.0);
    let row = views::row(at);
    let rect =
        stage.harness.get_by_label_contains(&format!("{}, {:.0} %", row.name, row.similarity_percent)).rect();
    (rect.left() as i16 + 150, rect.center().y as i16)
}
