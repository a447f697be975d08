//! A small library in many formats, served on a free port, and a client that speaks HTTP and no more.
#![allow(clippy::unwrap_used)]
#![allow(dead_code, reason = "each test uses a part of it")]

use std::fs;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, LazyLock};
use std::thread::JoinHandle;
use std::time::Duration;

use earmark_demo::{Audio, Chunks, Container, FileFormat, SampleFormat, render};
use earmark_engine::indexing::{self, Observer, Request};
use earmark_engine::network::Network;
use earmark_server::{Model, Options, Server};
use serde_json::Value;

/// Nothing that is waited for takes this long, however busy the machine.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);
/// The models that ship.
const MODELS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../models");

/// Names that a page may trip over.
pub(crate) const MARKUP: &str = "<script>document.title='taken'<script> & <img src=x onerror=alert(1)>.wav";
/// With both kinds of quotation marks, and what ends a string of a program.
pub(crate) const QUOTES: &str = "\"quoted\" 'twice' `back` \\u0022;${1}.wav";
/// What a mark of direction would show as `gnp.wav`.
pub(crate) const DIRECTION: &str = "harmless \u{202e}vaw.png.wav";
/// Bytes of the longest names that file systems allow.
pub(crate) const LONGEST: usize = 255;

/// The folder with sounds and the library made of them, once a test program.
pub(crate) struct Fixture {
    pub dir: tempfile::TempDir,
    pub library: PathBuf,
    pub sounds: PathBuf,
}

/// As few samples as are a frame, so that indexing is quick.
pub(crate) fn take(recipe: &str, number: u32, seconds: f64) -> Audio {
    let mut audio = render(recipe, 1, number).unwrap();
    let samples = (seconds * f64::from(audio.sample_rate_hz)) as usize;
    audio.channels.iter_mut().for_each(|channel| channel.truncate(samples));
    audio
}

pub(crate) fn wav_of(audio: &Audio) -> Vec<u8> {
    encoded(audio, Container::Wav, SampleFormat::I24)
}

pub(crate) fn encoded(audio: &Audio, container: Container, sample_format: SampleFormat) -> Vec<u8> {
    FileFormat { container, sample_format }.encode(audio, &Chunks::default())
}

impl Fixture {
    /// Writes and indexes the sounds.
    pub(crate) fn make() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let fixture = Self { library: dir.path().join("library"), sounds: dir.path().join("sounds"), dir };
        fixture.write_sounds();
        fixture.index();
        fixture
    }

    fn write_sounds(&self) {
        let formats = [
            ("wav", Container::Wav, SampleFormat::I24),
            ("aif", Container::Aiff, SampleFormat::I16),
            ("caf", Container::Caf, SampleFormat::I24),
            ("w64", Container::Wave64, SampleFormat::I16),
            ("flac", Container::Flac, SampleFormat::I16),
            ("wav", Container::Wav, SampleFormat::F64),
            ("wav", Container::Rf64, SampleFormat::I24),
        ];
        for (number, (extension, container, format)) in (1..).zip(formats) {
            let name = format!("Doors/DOORCreak_Old Barn Door {number:02}_EMRK_TEST.{extension}");
            self.write(&name, &encoded(&take("door_creak", number, 2.5), container, format));
        }
        for number in 1..=4 {
            self.write(
                &format!("Bells/BELLHand_Small Bell {number:02}_EMRK_TEST.wav"),
                &wav_of(&take("handbell", number, 1.5)),
            );
            self.write(
                &format!("Rain/RAIN_Steady Rain {number:02}_EMRK_TEST.wav"),
                &wav_of(&take("rain_open", number, 2.0)),
            );
        }
        self.write("Unsorted/take 17.wav", &wav_of(&take("door_creak", 9, 2.0)));
        self.write("Unsorted/take 18.wav", &wav_of(&take("handbell", 5, 1.5)));
        let odd = wav_of(&take("glass_tap", 1, 0.5));
        self.write(&format!("Odd/{MARKUP}"), &odd);
        self.write(&format!("Odd/{QUOTES}"), &odd);
        self.write(&format!("Odd/{DIRECTION}"), &odd);
        self.write(&format!("Odd/{}.wav", "é".repeat((LONGEST - 5) / 2) + "x"), &odd);
        #[cfg(target_os = "linux")]
        {
            use std::os::unix::ffi::OsStrExt;
            let name = std::ffi::OsStr::from_bytes(b"bytes \xff\xfe no text.wav");
            fs::write(self.sounds.join("Odd").join(name), &odd).unwrap();
        }
        fs::write(self.dir.path().join("secret.wav"), &odd).unwrap();
    }

    /// Writes a file below the indexed folder.
    pub(crate) fn write(&self, name: &str, bytes: &[u8]) {
        let path = self.sounds.join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
    }

    /// Brings the library up to date.
    pub(crate) fn index(&self) {
        self.with_request("aisfx", |request| {
            let walked = indexing::walk(std::slice::from_ref(&self.sounds)).unwrap();
            indexing::index(request, walked, &mut Quiet).unwrap();
        });
    }

    /// Makes the library anew with another model.
    pub(crate) fn convert(&self, model: &str) {
        self.with_request(model, |request| {
            assert!(indexing::convert(request, false, &mut Quiet).unwrap().replaced);
        });
    }

    fn with_request(&self, model: &str, act: impl FnOnce(&Request<'_>)) {
        let network = Network::load(&Path::new(MODELS).join(model)).unwrap();
        let cancel = AtomicBool::new(false);
        act(&Request {
            library: &self.library,
            network: &network,
            labels: None,
            jobs: 2,
            cancel: &cancel,
            gives_way: false,
        });
    }
}

struct Quiet;
impl Observer for Quiet {
    fn planned(&mut self, _: usize, _: u64) {}
    fn tick(&mut self, _: f64) {}
    fn file_done(&mut self, path: &Path, _: u64, problem: Option<&str>) {
        assert!(problem.is_none(), "{path:?}: {problem:?}");
    }
}

/// The library that tests share which do not change it.
pub(crate) static SHARED: LazyLock<Fixture> = LazyLock::new(Fixture::make);

/// The default model, as the command loads it.
pub(crate) fn load_model() -> Result<Model, String> {
    load("aisfx")
}

/// A model that ships.
pub(crate) fn load(name: &str) -> Result<Model, String> {
    let folder = Path::new(MODELS).join(name);
    let bank = folder.join("bank.segment");
    Ok(Model {
        network: Network::load(&folder).map_err(|error| error.to_string())?,
        bank: Some(earmark_engine::index::Segment::open(&bank).map_err(|error| error.to_string())?),
    })
}

/// A server that runs until it is dropped.
pub(crate) struct Running {
    pub url: String,
    pub port: u16,
    pub token: String,
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Running {
    /// Serves a library.
    pub(crate) fn new(library: &Path) -> Self {
        Self::with(Options::new(library.into(), |_| load_model()))
    }

    pub(crate) fn with(options: Options) -> Self {
        let server = Server::bind(options).unwrap();
        let url = server.url();
        let (address, token) = url.strip_prefix("http://127.0.0.1:").unwrap().split_once('/').unwrap();
        let stop = Arc::new(AtomicBool::new(false));
        let raised = Arc::clone(&stop);
        Self {
            port: address.parse().unwrap(),
            token: token.trim_end_matches('/').to_owned(),
            url: url.clone(),
            stop,
            thread: Some(std::thread::spawn(move || server.run(&raised).unwrap())),
        }
    }

    /// Asks for an address below the token, as the page does.
    pub(crate) fn get(&self, path: &str) -> Answer {
        self.send("GET", &format!("/{}/{path}", self.token), &[], b"")
    }

    pub(crate) fn json(&self, path: &str) -> Value {
        let answer = self.get(path);
        assert_eq!(answer.status, 200, "{path}: {}", answer.text());
        answer.json()
    }

    /// Sends to an address below the token, as the page does.
    pub(crate) fn post(&self, path: &str, body: &[u8]) -> Answer {
        self.send("POST", &format!("/{}/{path}", self.token), &[("X-Earmark", "1")], body)
    }

    /// Sends exactly this, with the right Host unless another is given.
    pub(crate) fn send(&self, method: &str, target: &str, headers: &[(&str, &str)], body: &[u8]) -> Answer {
        let mut head = format!("{method} {target} HTTP/1.1\r\nConnection: close\r\n");
        if !headers.iter().any(|(name, _)| *name == "Host") {
            head += &format!("Host: 127.0.0.1:{}\r\n", self.port);
        }
        if method == "POST" && !headers.iter().any(|(name, _)| *name == "Content-Length") {
            head += &format!("Content-Length: {}\r\n", body.len());
        }
        headers.iter().for_each(|(name, value)| head += &format!("{name}: {value}\r\n"));
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        stream.write_all(format!("{head}\r\n").as_bytes()).unwrap();
        // A server that refuses a body may close before it has all of it.
        let _ = stream.write_all(body);
        let mut bytes = Vec::new();
        let _ = stream.read_to_end(&mut bytes);
        Answer::parse(&bytes)
    }

    /// Drops a file on the page and waits until it was listened to.
    pub(crate) fn ask(&self, name: &str, bytes: &[u8]) -> Value {
        let asked = self.post(&format!("api/questions?name={name}"), bytes);
        assert_eq!(asked.status, 200, "{}", asked.text());
        let number = asked.json()["question"].as_u64().unwrap();
        let begun = std::time::Instant::now();
        loop {
            let mut state = self.json(&format!("api/questions/{number}"));
            if matches!(state["progress"]["state"].as_str().unwrap(), "ready" | "failed") {
                state["number"] = number.into();
                return state;
            }
            assert!(begun.elapsed() < PATIENCE, "{state}");
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// The key of the sound with this file name.
    pub(crate) fn key_of(&self, name: &str) -> String {
        let found = self.json("api/search?count=1000");
        let row = found["rows"].as_array().unwrap().iter().find(|row| row["name"] == name);
        row.unwrap_or_else(|| panic!("no {name}"))["key"].as_str().unwrap().to_owned()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        let _ = self.thread.take().unwrap().join();
    }
}

/// What a server said.
pub(crate) struct Answer {
    pub status: u16,
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

impl Answer {
    fn parse(bytes: &[u8]) -> Self {
        let end = bytes.windows(4).position(|part| part == b"\r\n\r\n").expect("no head of an answer");
        let head = String::from_utf8(bytes[..end].to_vec()).unwrap();
        let mut lines = head.lines();
        let status = lines.next().unwrap().split(' ').nth(1).unwrap().parse().unwrap();
        let headers: Vec<(String, String)> = lines
            .map(|line| line.split_once(": ").unwrap())
            .map(|(name, value)| (name.to_lowercase(), value.to_owned()))
            .collect();
        let mut body = bytes[end + 4..].to_vec();
        if headers.iter().any(|(name, value)| name == "transfer-encoding" && value == "chunked") {
            body = unchunked(&body);
        }
        Self { status, headers, body }
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }
}

fn unchunked(mut bytes: &[u8]) -> Vec<u8> {
    let mut whole = Vec::new();
    while let Some(end) = bytes.windows(2).position(|part| part == b"\r\n") {
        let size = usize::from_str_radix(std::str::from_utf8(&bytes[..end]).unwrap(), 16).unwrap();
        whole.extend_from_slice(&bytes[end + 2..end + 2 + size]);
        if size == 0 {
            break;
        }
        bytes = &bytes[end + 4 + size..];
    }
    whole
}
