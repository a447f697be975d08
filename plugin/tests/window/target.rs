//! Another program's window, which takes files that are dragged onto it.

use std::time::{Duration, Instant};

use x11rb::connection::Connection as _;
use x11rb::protocol::Event;
use x11rb::protocol::xproto::{
    AtomEnum, ClientMessageEvent, ConnectionExt as _, CreateWindowAux, EventMask, PropMode, Window,
    WindowClass,
};
use x11rb::rust_connection::RustConnection;
use x11rb::wrapper::ConnectionExt as _;

use crate::host::Host;

/// A window that takes files.
pub(crate) struct Target<'a> {
    host: &'a Host,
    connection: RustConnection,
    window: Window,
}

impl<'a> Target<'a> {
    pub(crate) fn new(host: &'a Host) -> Self {
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
    pub(crate) fn take(&self) -> String {
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
