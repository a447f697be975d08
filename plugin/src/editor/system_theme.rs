//! Whether the desktop is dark or light.
//!
//! Asked on a thread of its own through the programs that the systems bring along, for an answer may take its time and a
//! library for it would weigh more than the rest of the window. The answer holds for the process: windows that open later
//! show it from their first frame on.

use std::io::Read as _;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicBool, AtomicU8, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use egui::Theme;

use crate::worker::{Worker, stopped};

/// What the desktop was last: 0 not known, 1 dark, 2 light.
static LAST: AtomicU8 = AtomicU8::new(0);
/// An answer that takes longer is none.
const PATIENCE: Duration = Duration::from_millis(1500);
/// Longest answer that is read, bytes.
const LONGEST: u64 = 4096;

/// What the desktop was when it was last asked.
pub(super) fn last_known() -> Option<Theme> {
    match LAST.load(Ordering::Relaxed) {
        1 => Some(Theme::Dark),
        2 => Some(Theme::Light),
        _ => None,
    }
}

/// Asks the desktop, one question at a time.
#[derive(Default)]
pub(super) struct Asker {
    asking: Arc<AtomicBool>,
    worker: Mutex<Option<Worker>>,
}

impl Asker {
    /// Asks, unless it is asking; `changed` is called on another thread if the answer is another one than before.
    pub(super) fn ask(&self, changed: impl FnOnce() + Send + 'static) {
        if self.asking.swap(true, Ordering::AcqRel) {
            return;
        }
        let asking = Arc::clone(&self.asking);
        let worker = Worker::start("earmark-theme", move |stop| {
            let answer = match ask_system(&|| stopped(stop)) {
                Some(Theme::Dark) => 1,
                Some(Theme::Light) => 2,
                None => 0,
            };
            if LAST.swap(answer, Ordering::Relaxed) != answer {
                changed();
            }
            asking.store(false, Ordering::Release);
        });
        if worker.is_err() {
            self.asking.store(false, Ordering::Release);
        }
        // The one before has answered, so that waiting for its end takes no time.
        *self.worker.lock().unwrap_or_else(PoisonError::into_inner) = worker.ok();
    }
}

/// The desktop portal's setting, which GNOME, KDE and others keep; older GNOMEs; the theme of GTK's programs.
#[cfg(target_os = "linux")]
fn ask_system(stop: &dyn Fn() -> bool) -> Option<Theme> {
    let portal = ["org.freedesktop.appearance", "color-scheme"];
    let (bus, path) = ("org.freedesktop.portal.Desktop", "/org/freedesktop/portal/desktop");
    let read = "org.freedesktop.portal.Settings.Read";
    let mut dbus_send = Command::new("dbus-send");
    dbus_send.args(["--session", "--print-reply=literal", "--reply-timeout=1000"]);
    dbus_send.arg(format!("--dest={bus}")).args([path, read]).args(portal.map(|it| format!("string:{it}")));
    let mut gdbus = Command::new("gdbus");
    gdbus.args(["call", "--session", "--timeout", "1", "--dest", bus, "--object-path", path]);
    gdbus.args(["--method", read]).args(portal);
    let mut gsettings = Command::new("gsettings");
    gsettings.args(["get", "org.gnome.desktop.interface", "color-scheme"]);
    let asked = |mut command: Command, meaning: fn(&str) -> Option<Theme>| {
        answer_of(&mut command, stop).as_deref().and_then(meaning)
    };
    let by_bus = || {
        let theme = asked(dbus_send, of_portal).or_else(|| asked(gdbus, of_portal));
        theme.or_else(|| asked(gsettings, of_gnome))
    };
    // Where no bus runs, asking would start one.
    let theme = if has_session_bus() { by_bus() } else { None };
    theme.or_else(|| of_gtk(&std::env::var("GTK_THEME").ok()?))
}

#[cfg(target_os = "linux")]
fn has_session_bus() -> bool {
    let socket = std::env::var_os("XDG_RUNTIME_DIR").map(|dir| std::path::Path::new(&dir).join("bus"));
    std::env::var_os("DBUS_SESSION_BUS_ADDRESS").is_some() || socket.is_some_and(|socket| socket.exists())
}

#[cfg(target_os = "macos")]
fn ask_system(stop: &dyn Fn() -> bool) -> Option<Theme> {
    // The key is only there in dark times.
    let dark = answer_of(Command::new("defaults").args(["read", "-g", "AppleInterfaceStyle"]), stop);
    Some(if dark.is_some_and(|answer| answer.contains("Dark")) { Theme::Dark } else { Theme::Light })
}

#[cfg(target_os = "windows")]
fn ask_system(stop: &dyn Fn() -> bool) -> Option<Theme> {
    use std::os::windows::process::CommandExt as _;

    const CREATE_NO_WINDOW: u32 = 0x0800_0000;
    let key = r"HKCU\Software\Microsoft\Windows\CurrentVersion\Themes\Personalize";
    let mut command = Command::new("reg");
    command.args(["query", key, "/v", "AppsUseLightTheme"]).creation_flags(CREATE_NO_WINDOW);
    let answer = answer_of(&mut command, stop)?;
    match answer.split_whitespace().last()? {
        "0x0" => Some(Theme::Dark),
        "0x1" => Some(Theme::Light),
        _ => None,
    }
}

/// What a program says, if it says it well and in time.
fn answer_of(command: &mut Command, stop: &dyn Fn() -> bool) -> Option<String> {
    let command = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null());
    let mut child = command.spawn().ok()?;
    let begun = Instant::now();
    let status = loop {
        match child.try_wait() {
            Ok(Some(status)) => break Some(status),
            Ok(None) if begun.elapsed() < PATIENCE && !stop() => {
                std::thread::sleep(Duration::from_millis(4));
            }
            _ => break None,
        }
    };
    if status.is_none() {
        // It may have ended just now; there is nothing to say of it either way.
        let _ = child.kill();
        let _ = child.wait();
    }
    if !status?.success() {
        return None;
    }
    let mut answer = String::new();
    child.stdout.take()?.take(LONGEST).read_to_string(&mut answer).ok()?;
    Some(answer)
}

/// `variant variant uint32 1` or `(<<uint32 1>>,)`: 1 dark, 2 light, 0 no preference (XDG Desktop Portal, "Settings").
#[cfg(target_os = "linux")]
fn of_portal(answer: &str) -> Option<Theme> {
    let after = answer.split("uint32").nth(1)?;
    let digits: String = after.trim_start().chars().take_while(char::is_ascii_digit).collect();
    match digits.as_str() {
        "1" => Some(Theme::Dark),
        "2" => Some(Theme::Light),
        _ => None,
    }
}

/// `'prefer-dark'`, `'prefer-light'`, `'default'`.
#[cfg(target_os = "linux")]
fn of_gnome(answer: &str) -> Option<Theme> {
    match answer.trim().trim_matches('\'') {
        "prefer-dark" => Some(Theme::Dark),
        "prefer-light" => Some(Theme::Light),
        _ => None,
    }
}

/// `Adwaita:dark`, `Yaru-dark`, `Adwaita:light`.
#[cfg(target_os = "linux")]
fn of_gtk(name: &str) -> Option<Theme> {
    match name.to_lowercase().rsplit([':', '-']).next()? {
        "dark" => Some(Theme::Dark),
        "light" => Some(Theme::Light),
        _ => None,
    }
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn the_desktops_answers_are_understood() {
        for (answer, theme) in [
            ("   variant       variant          uint32 1\n", Some(Theme::Dark)),
            ("(<<uint32 2>>,)\n", Some(Theme::Light)),
            ("(<uint32 0>,)", None),
            ("(<<uint32 12>>,)", None),
            ("", None),
        ] {
            assert_eq!(of_portal(answer), theme, "{answer}");
        }
        assert_eq!(of_gnome("'prefer-dark'\n"), Some(Theme::Dark));
        assert_eq!(of_gnome("'default'\n"), None);
        assert_eq!(of_gtk("Adwaita:dark"), Some(Theme::Dark));
        assert_eq!(of_gtk("Yaru"), None);
    }

    #[test]
    fn a_program_that_hangs_or_fails_or_is_not_there_is_no_answer() {
        let go_on = || false;
        assert_eq!(answer_of(Command::new("echo").arg("uint32 1"), &go_on).unwrap(), "uint32 1\n");
        assert_eq!(answer_of(&mut Command::new("false"), &go_on), None);
        assert_eq!(answer_of(&mut Command::new("earmark-no-such-program"), &go_on), None);
        let begun = Instant::now();
        assert_eq!(answer_of(Command::new("sleep").arg("60"), &|| true), None);
        assert!(begun.elapsed() < Duration::from_secs(30), "it was not waited for");
    }
}
