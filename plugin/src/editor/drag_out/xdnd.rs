//! The source's side of XDND, version 5 (freedesktop.org, "Drag-and-Drop Protocol for the X Window System").
//!
//! A thread with a connection of its own does it, for the length of a drag. The pointer needs no grab: the window keeps
//! it while the button is held (X's implicit grab), and where it is and whether the button is still down can be asked.
//! The thread owns an invisible window that stands for us: it holds the selection `XdndSelection`, gets the target's
//! answers, and vanishes with the connection.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use x11rb::connection::Connection;
use x11rb::protocol::Event;
use x11rb::protocol::xproto::{
    Atom, AtomEnum, ClientMessageEvent, ConnectionExt as _, CreateWindowAux, EventMask, KeyButMask, PropMode,
    SELECTION_NOTIFY_EVENT, SelectionNotifyEvent, SelectionRequestEvent, Timestamp, Window, WindowClass,
};
use x11rb::rust_connection::RustConnection;
use x11rb::wrapper::ConnectionExt as _;

use super::{Done, DragError, file_uri};

/// The version spoken. Targets that speak less than 3 are not asked.
const VERSION: u32 = 5;
const OLDEST_VERSION: u32 = 3;
/// How often the pointer is looked at.
const TICK: Duration = Duration::from_millis(8);
/// How long a target may think about a position before it is told again.
const PATIENCE: Duration = Duration::from_millis(400);
/// How long a target may take to fetch the files after the drop.
const FETCH: Duration = Duration::from_secs(10);
/// The keysym of Escape.
const ESCAPE: u32 = 0xff1b;

x11rb::atom_manager! {
    /// Names of the protocol.
    Atoms: AtomsCookie {
        XdndAware,
        XdndProxy,
        XdndSelection,
        XdndEnter,
        XdndPosition,
        XdndStatus,
        XdndLeave,
        XdndDrop,
        XdndFinished,
        XdndActionCopy,
        TARGETS,
        UTF8_STRING,
        URI_LIST: b"text/uri-list",
        PLAIN: b"text/plain",
        TIME: b"EARMARK_TIME",
    }
}

/// See [`start`](super::start).
pub(super) fn start(files: Vec<PathBuf>, done: Done) {
    let told = Done::clone(&done);
    let run = move || told(drag(None, &files));
    if let Err(error) = std::thread::Builder::new().name("earmark drag".into()).spawn(run) {
        done(Err(DragError::Server(error.to_string())));
    }
}

/// Drags until the button is let go or Escape pressed. Says whether a target took the files.
fn drag(display: Option<&str>, files: &[PathBuf]) -> Result<bool, DragError> {
    let (connection, screen) = x11rb::connect(display).map_err(server)?;
    let root =
        connection.setup().roots.get(screen).ok_or_else(|| DragError::Server("no screen".into()))?.root;
    let mut source = Source::new(&connection, root, files)?;
    loop {
        source.answer_events()?;
        let pointer = connection.query_pointer(root).map_err(server)?.reply().map_err(server)?;
        if source.escape_pressed()? {
            source.leave()?;
            return Ok(false);
        }
        if !pointer.mask.contains(KeyButMask::BUTTON1) {
            return source.drop();
        }
        source.move_to((pointer.root_x, pointer.root_y))?;
        std::thread::sleep(TICK);
    }
}

/// Who is under the pointer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Target {
    /// The window meant.
    window: Window,
    /// The window that messages go to: the same, or its proxy.
    listener: Window,
    version: u32,
}

struct Source<'a> {
    connection: &'a RustConnection,
    atoms: Atoms,
    root: Window,
    window: Window,
    time: Timestamp,
    escape: Option<u8>,
    uri_list: Vec<u8>,
    plain: Vec<u8>,
    target: Option<Target>,
    accepts: bool,
    /// When the last position was sent that has not been answered.
    asked: Option<Instant>,
    /// The last position sent.
    told: Option<(i16, i16)>,
    finished: Option<bool>,
}

impl<'a> Source<'a> {
    fn new(connection: &'a RustConnection, root: Window, files: &[PathBuf]) -> Result<Self, DragError> {
        let atoms = Atoms::new(connection).map_err(server)?.reply().map_err(server)?;
        let window = connection.generate_id().map_err(server)?;
        let aux = CreateWindowAux::new().event_mask(EventMask::PROPERTY_CHANGE).override_redirect(1);
        connection
            .create_window(0, window, root, -1, -1, 1, 1, 0, WindowClass::INPUT_ONLY, 0, &aux)
            .map_err(server)?
            .check()
            .map_err(server)?;
        let time = server_time(connection, window, atoms.TIME)?;
        connection.set_selection_owner(window, atoms.XdndSelection, time).map_err(server)?;
        let owner = connection
            .get_selection_owner(atoms.XdndSelection)
            .map_err(server)?
            .reply()
            .map_err(server)?
            .owner;
        if owner != window {
            return Err(DragError::Busy);
        }
        Ok(Self {
            connection,
            atoms,
            root,
            window,
            time,
            escape: escape_key(connection)?,
            uri_list: uri_list(files),
            plain: plain(files),
            target: None,
            accepts: false,
            asked: None,
            told: None,
            finished: None,
        })
    }

    fn escape_pressed(&self) -> Result<bool, DragError> {
        let Some(key) = self.escape else { return Ok(false) };
        let keys = self.connection.query_keymap().map_err(server)?.reply().map_err(server)?.keys;
        Ok(keys[usize::from(key / 8)] & (1 << (key % 8)) != 0)
    }

    /// The pointer has moved: tells whoever is under it.
    fn move_to(&mut self, position: (i16, i16)) -> Result<(), DragError> {
        let target = self.target_at(position)?;
        if target != self.target {
            self.leave()?;
            self.target = target;
            if let Some(target) = target {
                // The lowest bit would say that there are more than three types.
                let types = [self.atoms.URI_LIST, self.atoms.PLAIN, 0];
                self.tell(
                    target,
                    self.atoms.XdndEnter,
                    [target.version << 24, types[0], types[1], types[2]],
                )?;
            }
        }
        let waiting = self.asked.is_some_and(|at| at.elapsed() < PATIENCE);
        if let Some(target) = self.target
            && self.told != Some(position)
            && !waiting
        {
            let place = u32::from(position.0.cast_unsigned()) << 16 | u32::from(position.1.cast_unsigned());
            self.tell(target, self.atoms.XdndPosition, [0, place, self.time, self.atoms.XdndActionCopy])?;
            self.told = Some(position);
            self.asked = Some(Instant::now());
        }
        Ok(())
    }

    /// The uppermost window under the pointer that knows the protocol.
    fn target_at(&self, (x, y): (i16, i16)) -> Result<Option<Target>, DragError> {
        let mut window = self.root;
        // Window managers nest a few frames; a bound keeps a strange tree from holding us.
        for _ in 0..32 {
            let Some(place) = self.reply(self.connection.translate_coordinates(self.root, window, x, y))?
            else {
                return Ok(None);
            };
            if place.child == x11rb::NONE {
                return Ok(None);
            }
            window = place.child;
            if let Some(target) = self.aware(window)? {
                return Ok(Some(target));
            }
        }
        Ok(None)
    }

    /// Whether a window knows the protocol, itself or through a proxy.
    fn aware(&self, window: Window) -> Result<Option<Target>, DragError> {
        let proxy = self.property(window, self.atoms.XdndProxy, AtomEnum::WINDOW.into())?;
        // A proxy that does not name itself was left behind by a dead program.
        let listener = match proxy {
            Some(proxy)
                if self.property(proxy, self.atoms.XdndProxy, AtomEnum::WINDOW.into())? == Some(proxy) =>
            {
                proxy
            }
            _ => window,
        };
        let version = self.property(listener, self.atoms.XdndAware, AtomEnum::ATOM.into())?;
        Ok(version.filter(|version| *version >= OLDEST_VERSION).map(|version| Target {
            window,
            listener,
            version: version.min(VERSION),
        }))
    }

    fn property(&self, window: Window, name: Atom, kind: Atom) -> Result<Option<u32>, DragError> {
        let property = self.reply(self.connection.get_property(false, window, name, kind, 0, 1))?;
        Ok(property.and_then(|property| property.value32()?.next()))
    }

    /// An answer; `None` where the window asked about has just gone.
    fn reply<R: x11rb::x11_utils::TryParse>(
        &self,
        cookie: Result<x11rb::cookie::Cookie<'_, RustConnection, R>, x11rb::errors::ConnectionError>,
    ) -> Result<Option<R>, DragError> {
        match cookie.map_err(server)?.reply() {
            Ok(reply) => Ok(Some(reply)),
            Err(x11rb::errors::ReplyError::X11Error(_)) => Ok(None),
            Err(error) => Err(server(error)),
        }
    }

    /// Leaves the present target.
    fn leave(&mut self) -> Result<(), DragError> {
        if let Some(target) = self.target.take() {
            self.tell(target, self.atoms.XdndLeave, [0; 4])?;
        }
        self.accepts = false;
        self.asked = None;
        self.told = None;
        Ok(())
    }

    /// The button was let go: drops where we are, if that is welcome, and serves the files until they are taken.
    fn drop(&mut self) -> Result<bool, DragError> {
        let begun = Instant::now();
        while self.asked.is_some() && begun.elapsed() < PATIENCE {
            self.answer_events()?;
            std::thread::sleep(TICK);
        }
        let Some(target) = self.target.filter(|_| self.accepts) else {
            self.leave()?;
            return Ok(false);
        };
        self.tell(target, self.atoms.XdndDrop, [0, self.time, 0, 0])?;
        let dropped = Instant::now();
        while self.finished.is_none() && dropped.elapsed() < FETCH {
            self.answer_events()?;
            std::thread::sleep(TICK);
        }
        Ok(self.finished.unwrap_or(false))
    }

    fn tell(&self, target: Target, what: Atom, rest: [u32; 4]) -> Result<(), DragError> {
        let data = [self.window, rest[0], rest[1], rest[2], rest[3]];
        let message = ClientMessageEvent::new(32, target.window, what, data);
        self.connection.send_event(false, target.listener, EventMask::NO_EVENT, message).map_err(server)?;
        self.connection.flush().map_err(server)
    }

    fn answer_events(&mut self) -> Result<(), DragError> {
        while let Some(event) = self.connection.poll_for_event().map_err(server)? {
            match event {
                Event::ClientMessage(message) if message.format == 32 => self.hear(&message),
                Event::SelectionRequest(request) => self.serve(&request)?,
                // Errors are about windows that have gone; the next look at the pointer notices.
                _ => {}
            }
        }
        Ok(())
    }

    fn hear(&mut self, message: &ClientMessageEvent) {
        let data = message.data.as_data32();
        if self.target.is_none_or(|target| target.window != data[0]) {
            return;
        }
        if message.type_ == self.atoms.XdndStatus {
            self.accepts = data[1] & 1 != 0;
            self.asked = None;
        } else if message.type_ == self.atoms.XdndFinished {
            // Before version 5 the flag did not exist and a finished drop was a good one.
            let good = self.target.is_none_or(|target| target.version < 5) || data[1] & 1 != 0;
            self.finished = Some(good);
        }
    }

    /// Hands out the files' names in the form asked for.
    fn serve(&self, request: &SelectionRequestEvent) -> Result<(), DragError> {
        // Clients of before ICCCM 2.0 name no property and mean the target's name.
        let property = if request.property == x11rb::NONE { request.target } else { request.property };
        let (to, atoms) = (request.requestor, &self.atoms);
        let served = if request.target == atoms.TARGETS {
            let targets = [atoms.TARGETS, atoms.URI_LIST, atoms.PLAIN, atoms.UTF8_STRING];
            let kind: Atom = AtomEnum::ATOM.into();
            self.connection
                .change_property32(PropMode::REPLACE, to, property, kind, &targets)
                .map_err(server)?;
            true
        } else if let Some(text) = self.text(request.target) {
            self.connection
                .change_property8(PropMode::REPLACE, to, property, request.target, text)
                .map_err(server)?;
            true
        } else {
            false
        };
        let notify = SelectionNotifyEvent {
            response_type: SELECTION_NOTIFY_EVENT,
            sequence: 0,
            time: request.time,
            requestor: request.requestor,
            selection: request.selection,
            target: request.target,
            property: if served { property } else { x11rb::NONE },
        };
        self.connection.send_event(false, to, EventMask::NO_EVENT, notify).map_err(server)?;
        self.connection.flush().map_err(server)
    }

    fn text(&self, target: Atom) -> Option<&[u8]> {
        let atoms = &self.atoms;
        if target == atoms.URI_LIST {
            Some(&self.uri_list)
        } else if target == atoms.PLAIN || target == atoms.UTF8_STRING {
            Some(&self.plain)
        } else {
            None
        }
    }
}

/// A list of URIs ends its lines as MIME does (RFC 2483, section 5).
fn uri_list(files: &[PathBuf]) -> Vec<u8> {
    files.iter().flat_map(|file| (file_uri(file) + "\r\n").into_bytes()).collect()
}

fn plain(files: &[PathBuf]) -> Vec<u8> {
    let lines: Vec<String> = files.iter().map(|file: &PathBuf| Path::display(file).to_string()).collect();
    lines.join("\n").into_bytes()
}

/// The server's time now, which selections want and only events tell.
fn server_time(connection: &RustConnection, window: Window, name: Atom) -> Result<Timestamp, DragError> {
    connection.change_property8(PropMode::APPEND, window, name, AtomEnum::STRING, &[]).map_err(server)?;
    connection.flush().map_err(server)?;
    loop {
        if let Event::PropertyNotify(event) = connection.wait_for_event().map_err(server)?
            && event.atom == name
        {
            return Ok(event.time);
        }
    }
}

/// The key that says Escape on this keyboard.
fn escape_key(connection: &RustConnection) -> Result<Option<u8>, DragError> {
    let (first, last) = (connection.setup().min_keycode, connection.setup().max_keycode);
    let count = last.saturating_sub(first).saturating_add(1);
    let map = connection.get_keyboard_mapping(first, count).map_err(server)?.reply().map_err(server)?;
    let per_key = usize::from(map.keysyms_per_keycode).max(1);
    let at = map.keysyms.chunks(per_key).position(|keysyms| keysyms.contains(&ESCAPE));
    Ok(at.and_then(|at| first.checked_add(u8::try_from(at).ok()?)))
}

fn server(error: impl std::fmt::Display) -> DragError {
    DragError::Server(error.to_string())
}
