//! Drives a real Chromium by the DevTools protocol over two pipes: no driver program, no port.
//!
//! <https://chromedevtools.github.io/devtools-protocol/>; `--remote-debugging-pipe` reads messages that end in a zero
//! byte from file descriptor 3 and writes them to 4.

use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::support::PATIENCE;

/// Names of the program, in the order in which they are looked for.
const PROGRAMS: [&str; 4] = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"];
/// Names a folder that screenshots are put into.
const SCREENSHOTS: &str = "EARMARK_SCREENSHOTS";
/// Names another program.
const PROGRAM: &str = "EARMARK_CHROMIUM";

/// An address to open when the first visit is to be measured.
pub(crate) const NOWHERE: &str = "about:blank";

/// A page in a browser of its own.
pub(crate) struct Page {
    child: Child,
    to: ChildStdin,
    messages: Receiver<Value>,
    session: Option<String>,
    next: u64,
    /// What went wrong in the page: exceptions, and what its policy forbids.
    pub problems: Vec<String>,
    /// Addresses that the page asked for.
    pub requests: Vec<String>,
    _profile: tempfile::TempDir,
}

fn program() -> Option<PathBuf> {
    if let Some(program) = std::env::var_os(PROGRAM) {
        return Some(program.into());
    }
    let folders: Vec<PathBuf> = std::env::split_paths(&std::env::var_os("PATH")?).collect();
    PROGRAMS
        .iter()
        .flat_map(|name| folders.iter().map(move |folder| folder.join(name)))
        .find(|path| path.exists())
}

impl Page {
    /// Opens an address in a window of 1280 × 720, or tells that there is no browser to do so. There is no graphics card,
    /// nor a program that imitates one.
    pub(crate) fn open(url: &str) -> Option<Self> {
        Self::open_with(url, &["--disable-3d-apis"])
    }

    /// The same, with more arguments for the browser.
    pub(crate) fn open_with(url: &str, arguments: &[&str]) -> Option<Self> {
        if cfg!(not(unix)) {
            eprintln!("skipped: the browser is driven through pipes of POSIX systems");
            return None;
        }
        let Some(program) = program() else {
            eprintln!("skipped: no Chromium here; install it, or name it in {PROGRAM}");
            return None;
        };
        let profile = tempfile::tempdir().unwrap();
        let mut child = Command::new("sh")
            .args(["-c", "exec \"$@\" 3<&0 4>&1 </dev/null >/dev/null 2>&1", "sh"])
            .arg(program)
            .args([
                "--headless=new",
                "--no-sandbox",
                "--remote-debugging-pipe",
                "--mute-audio",
                "--no-first-run",
            ])
            .args([
                "--disable-background-networking",
                "--disable-component-update",
                "--disable-dev-shm-usage",
            ])
            .arg("--window-size=1280,720")
            .args(arguments)
            .arg(format!("--user-data-dir={}", profile.path().display()))
            .arg("about:blank")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let to = child.stdin.take().unwrap();
        let mut from = BufReader::new(child.stdout.take().unwrap());
        let (sender, messages) = channel();
        std::thread::spawn(move || {
            let mut message = Vec::new();
            while from.read_until(0, &mut message).is_ok_and(|got| got > 0) {
                message.pop();
                if serde_json::from_slice(&message).is_ok_and(|value: Value| sender.send(value).is_err()) {
                    break;
                }
                message.clear();
            }
        });
        let mut page = Self {
            child,
            to,
            messages,
            session: None,
            next: 0,
            problems: Vec::new(),
            requests: Vec::new(),
            _profile: profile,
        };
        let target = page.call("Target.createTarget", json!({ "url": "about:blank" }));
        let attach = json!({ "targetId": target["targetId"], "flatten": true });
        let session = page.call("Target.attachToTarget", attach)["sessionId"].as_str().unwrap().to_owned();
        page.session = Some(session);
        for domain in ["Page", "Runtime", "Network", "Log", "DOM", "Accessibility"] {
            page.call(&format!("{domain}.enable"), json!({}));
        }
        page.size(1280, 720);
        page.theme("dark");
        page.call(
            "Browser.grantPermissions",
            json!({ "permissions": ["clipboardReadWrite", "clipboardSanitizedWrite"] }),
        );
        if url != NOWHERE {
            page.go(url);
        }
        Some(page)
    }

    /// Goes to an address, and waits until its scripts have run.
    pub(crate) fn go(&mut self, url: &str) {
        self.call("Page.navigate", json!({ "url": url }));
        self.until("document.documentElement.dataset.ready !== undefined");
    }

    pub(crate) fn size(&mut self, width: u32, height: u32) {
        let metrics = json!({ "width": width, "height": height, "deviceScaleFactor": 1, "mobile": false });
        self.call("Emulation.setDeviceMetricsOverride", metrics);
    }

    /// What the system prefers: `dark` or `light`.
    pub(crate) fn theme(&mut self, theme: &str) {
        // Colours are there at once, too.
        let features = json!({ "features": [
            { "name": "prefers-color-scheme", "value": theme },
            { "name": "prefers-reduced-motion", "value": "reduce" },
        ] });
        self.call("Emulation.setEmulatedMedia", features);
    }

    /// Calls a method of the protocol and waits for its result.
    pub(crate) fn call(&mut self, method: &str, parameters: Value) -> Value {
        self.next += 1;
        let id = self.next;
        let mut message = json!({ "id": id, "method": method, "params": parameters });
        if let Some(session) = &self.session {
            message["sessionId"] = session.as_str().into();
        }
        self.to.write_all(message.to_string().as_bytes()).unwrap();
        self.to.write_all(&[0]).unwrap();
        loop {
            let message =
                self.messages.recv_timeout(PATIENCE).unwrap_or_else(|_| panic!("no answer to {method}"));
            if message["id"] == id {
                assert!(message["error"].is_null(), "{method}: {}", message["error"]);
                return message["result"].clone();
            }
            self.heard(&message);
        }
    }

    fn heard(&mut self, message: &Value) {
        let parameters = &message["params"];
        match message["method"].as_str().unwrap_or_default() {
            "Runtime.exceptionThrown" => self.problems.push(parameters["exceptionDetails"].to_string()),
            // Answers that tell of an error are shown by the page.
            "Log.entryAdded" if parameters["entry"]["source"] != "network" => {
                if matches!(parameters["entry"]["level"].as_str(), Some("error" | "warning")) {
                    self.problems.push(parameters["entry"]["text"].to_string());
                }
            }
            "Network.requestWillBeSent" => {
                let url = parameters["request"]["url"].as_str().unwrap_or_default();
                self.requests.push(url.to_owned());
            }
            _ => {}
        }
    }

    /// The value of an expression in the page; promises are waited for.
    pub(crate) fn eval(&mut self, expression: &str) -> Value {
        let parameters = json!({ "expression": expression, "returnByValue": true, "awaitPromise": true, "userGesture": false });
        let result = self.call("Runtime.evaluate", parameters);
        assert!(result["exceptionDetails"].is_null(), "{expression}: {}", result["exceptionDetails"]);
        result["result"]["value"].clone()
    }

    /// Waits until an expression holds.
    pub(crate) fn until(&mut self, expression: &str) -> Value {
        let begun = Instant::now();
        loop {
            let value = self
                .eval(&format!("(() => {{ try {{ return {expression}; }} catch {{ return false; }} }})()"));
            if !matches!(value, Value::Null | Value::Bool(false)) && value != json!(0) && value != json!("") {
                return value;
            }
            if begun.elapsed() > PATIENCE {
                self.shoot("waited-in-vain");
                panic!("never: {expression}; problems: {:?}", self.problems);
            }
            std::thread::sleep(Duration::from_millis(25));
        }
    }

    /// The text of the first element that a selector matches.
    pub(crate) fn text(&mut self, selector: &str) -> String {
        let text = self.eval(&format!("document.querySelector({selector:?})?.textContent ?? ''"));
        text.as_str().unwrap_or_default().to_owned()
    }

    /// Presses a key as a person does: a name such as `ArrowDown`, or a character.
    pub(crate) fn key(&mut self, key: &str) {
        let (key, modifiers) = key.strip_prefix("Shift+").map_or((key, 0), |key| (key, 8));
        let text = match key {
            "Enter" => "\r",
            "Space" => " ",
            key if key.chars().count() == 1 => key,
            _ => "",
        };
        let key = if key == "Space" { " " } else { key };
        let codes = [
            ("Enter", 13),
            ("Escape", 27),
            (" ", 32),
            ("PageUp", 33),
            ("PageDown", 34),
            ("End", 35),
            ("Home", 36),
            ("ArrowLeft", 37),
            ("ArrowUp", 38),
            ("ArrowRight", 39),
            ("ArrowDown", 40),
            ("Tab", 9),
            ("Backspace", 8),
        ];
        let code = codes.iter().find(|(name, _)| *name == key).map(|(_, code)| *code);
        // Those of signs are other keys': 46 is Delete, not the full stop.
        let letter = key.chars().next().filter(char::is_ascii_alphanumeric);
        let code = code.unwrap_or_else(|| letter.map_or(0, |letter| u32::from(letter.to_ascii_uppercase())));
        let mut down =
            json!({ "type": "keyDown", "key": key, "modifiers": modifiers, "windowsVirtualKeyCode": code });
        if !text.is_empty() {
            down["text"] = text.into();
        }
        self.call("Input.dispatchKeyEvent", down);
        let up =
            json!({ "type": "keyUp", "key": key, "modifiers": modifiers, "windowsVirtualKeyCode": code });
        self.call("Input.dispatchKeyEvent", up);
    }

    /// Types text into what has the focus.
    pub(crate) fn write(&mut self, text: &str) {
        text.chars().for_each(|character| self.key(&character.to_string()));
    }

    /// Where the middle of an element is.
    pub(crate) fn middle(&mut self, selector: &str) -> (f64, f64) {
        let found = self.until(&format!(
            "(() => {{ const e = document.querySelector({selector:?}); const b = e.getBoundingClientRect(); \
             return b.width && [b.x + b.width / 2, b.y + b.height / 2]; }})()"
        ));
        (found[0].as_f64().unwrap(), found[1].as_f64().unwrap())
    }

    pub(crate) fn mouse(&mut self, kind: &str, at: (f64, f64), more: Value) {
        let mut event = json!({ "type": kind, "x": at.0, "y": at.1 });
        if let (Some(event), Some(more)) = (event.as_object_mut(), more.as_object()) {
            event.extend(more.clone());
        }
        self.call("Input.dispatchMouseEvent", event);
    }

    /// Clicks the first element that a selector matches.
    pub(crate) fn click(&mut self, selector: &str) {
        let at = self.middle(selector);
        self.drag(&[at]);
    }

    /// Presses the button at the first point and releases it at the last.
    pub(crate) fn drag(&mut self, points: &[(f64, f64)]) {
        let held = json!({ "button": "left", "buttons": 1, "clickCount": 1 });
        self.mouse("mouseMoved", points[0], json!({}));
        self.mouse("mousePressed", points[0], held.clone());
        points.iter().skip(1).for_each(|point| self.mouse("mouseMoved", *point, held.clone()));
        self.mouse("mouseReleased", points[points.len() - 1], held);
    }

    /// Drops a file onto the page.
    pub(crate) fn drop_file(&mut self, path: &Path) {
        let data = json!({ "items": [], "files": [path], "dragOperationsMask": 1 });
        for kind in ["dragEnter", "dragOver", "drop"] {
            self.call("Input.dispatchDragEvent", json!({ "type": kind, "x": 640, "y": 400, "data": data }));
        }
    }

    /// Keeps a picture of the page where [`SCREENSHOTS`] says.
    pub(crate) fn shoot(&mut self, name: &str) {
        let Some(folder) = std::env::var_os(SCREENSHOTS).map(PathBuf::from) else { return };
        let data = self.call("Page.captureScreenshot", json!({ "format": "png" }));
        let bytes = base64(data["data"].as_str().unwrap());
        std::fs::create_dir_all(&folder).unwrap();
        std::fs::write(folder.join(format!("{name}.png")), bytes).unwrap();
    }

    /// Ends the visit: nothing went wrong in the page, and it asked nobody but the server.
    pub(crate) fn leave(mut self, server: &str) {
        let text = self.text("body");
        assert!(!text.contains("[object") && !text.contains("undefined") && !text.contains("NaN"), "{text}");
        assert!(self.problems.is_empty(), "{:?}", self.problems);
        let foreign: Vec<&String> = self
            .requests
            .iter()
            .filter(|url| !url.starts_with(server) && !url.starts_with("about:"))
            .collect();
        assert!(foreign.is_empty(), "{foreign:?}");
    }
}

impl Drop for Page {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The bytes that a text in base 64 (RFC 4648) stands for.
fn base64(text: &str) -> Vec<u8> {
    let value = |c: u8| match c {
        b'A'..=b'Z' => c - b'A',
        b'a'..=b'z' => c - b'a' + 26,
        b'0'..=b'9' => c - b'0' + 52,
        b'+' => 62,
        _ => 63,
    };
    let digits: Vec<u8> = text.bytes().filter(|c| *c != b'=').map(value).collect();
    let mut bytes = Vec::with_capacity(digits.len() * 3 / 4);
    for group in digits.chunks(4) {
        let bits =
            group.iter().fold(0u32, |bits, digit| bits << 6 | u32::from(*digit)) << (6 * (4 - group.len()));
        bytes.extend_from_slice(&bits.to_be_bytes()[1..group.len()]);
    }
    bytes
}
