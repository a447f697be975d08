//! The virtual X server that a window is opened on.

use std::ffi::OsString;
use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};

use x11rb::connection::Connection as _;
use x11rb::protocol::xproto::{AtomEnum, PropMode};
use x11rb::wrapper::ConnectionExt as _;

/// A virtual X server that ends with the test.
struct Server(Child);

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Runs an ignored test, named with its module, on a virtual server. `scale` is the desktop's.
pub(crate) fn on_a_server(test: &str, scale: u32) {
    on_a_server_with(test, scale, &[]);
}

/// The same with changes to the environment.
pub(crate) fn on_a_server_with(test: &str, scale: u32, environment: &[(&str, OsString)]) {
    let arguments = ["-displayfd", "1", "-screen", "0", "2560x1600x24", "-nolisten", "tcp"];
    let spawned = Command::new("Xvfb").args(arguments).stdout(Stdio::piped()).stderr(Stdio::null()).spawn();
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
    let output = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", test, "--ignored", "--nocapture", "--test-threads=1"])
        .env("DISPLAY", &display)
        .env("LIBGL_ALWAYS_SOFTWARE", "1")
        .envs(environment.iter().map(|(name, value)| (*name, value)))
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
    assert!(output.status.success() && text.contains("1 passed"), "{}: {text}", output.status);
    drop(server);
}
