//! How soon the page is there on a library of 100,000 sounds, how long its searches and its map take, and how the map
//! moves.
//!
//! The library is that of the bench `large_library`. Times are taken by the clock, over the socket, as the page sees
//! them; where Chromium is installed, also until the page has shown its first sounds, and while it pans a map of 50,000
//! points.

#![allow(clippy::unwrap_used)]
#![allow(missing_docs)]

#[allow(dead_code, reason = "each bench and test uses a part of it")]
#[path = "../engine/large_library/library.rs"]
mod library;
#[allow(dead_code, reason = "each bench and test uses a part of it")]
#[path = "../engine/large_library/spread.rs"]
mod spread;

#[allow(dead_code, reason = "each bench and test uses a part of it")]
#[path = "../../server/tests/browser/chromium.rs"]
mod chromium;
#[path = "../../server/tests/support/mod.rs"]
mod support;

use std::path::Path;
use std::time::{Duration, Instant};

use chromium::Page;
use earmark_server::Options;
use serde_json::json;
use support::{Running, load_model, take, wav_of};

/// Rounds of each search.
const ROUNDS: usize = 15;
/// Gives the page a map of 50,000 points, and drags it around.
const MADE_UP_MAP: &str = include_str!("../../server/tests/browser/made_up_map.js");
const PANNING: &str = include_str!("../../server/tests/browser/panning.js");
/// Searches while the map is made come so often.
const BESIDE: Duration = Duration::from_millis(500);

/// `page [LIBRARY] [--map]`: of a library that is there already; with the map, which takes minutes and is made anew.
fn main() {
    let mut arguments: Vec<String> =
        std::env::args().skip(1).filter(|argument| argument != "--bench").collect();
    let map =
        arguments.iter().position(|argument| argument == "--map").map(|at| arguments.remove(at)).is_some();
    let dir = arguments.first().map_or_else(|| library::Large::open_or_make().dir, Into::into);
    let begun = Instant::now();
    let server = Running::with(Options::new(dir.clone(), |_| load_model()));
    for path in ["", "api/state", "api/search?count=100"] {
        assert_eq!(server.get(path).status, 200);
    }
    println!("start until the page, its state and its first 100 sounds: {:.0} ms", ms(begun));
    drop(server);
    in_browser(&dir);
    let server = Running::with(Options::new(dir.clone(), |_| load_model()));
    searches(&server);
    if map {
        make_map(&server, &dir);
    }
}

/// From the start of the server, with a browser that is there, and while panning.
fn in_browser(dir: &Path) {
    let begun = Instant::now();
    let Some(mut page) = Page::open(chromium::NOWHERE) else { return };
    println!("(a browser starts in {:.0} ms)", ms(begun));
    let begun = Instant::now();
    let server = Running::with(Options::new(dir.into(), |_| load_model()));
    page.go(&server.url);
    let ready = page.eval("document.documentElement.dataset.ready");
    page.until("document.querySelectorAll('.view-search .row').length === 100");
    let sounds = ms(begun);
    page.key("/");
    page.write("000123");
    page.until("document.querySelectorAll('.view-search .row').length === 1");
    println!(
        "in Chromium: interactive {ready} ms after the first byte was asked for; 100 sounds {sounds:.0} ms and the first \
         words answered {:.0} ms after the start of the server",
        ms(begun)
    );
    page.call("Page.addScriptToEvaluateOnNewDocument", json!({ "source": MADE_UP_MAP }));
    page.go(&server.url);
    page.key("4");
    page.until("document.querySelector('.map .bar [role=status]').textContent === '50,000 sounds'");
    std::thread::sleep(Duration::from_secs(1));
    let panned = page.eval(PANNING);
    let figure = |name: &str| panned[name].as_f64().unwrap();
    println!(
        "panning 50,000 points at 1280 × 720, drawn by the {}: {:.1} frames a second, median {:.1} ms, 95 of 100 within \
         {:.1} ms, longest {:.1} ms; the page works {:.1} ms a frame",
        panned["painter"].as_str().unwrap(),
        figure("frames_a_second"),
        figure("median"),
        figure("of_100_95"),
        figure("longest"),
        figure("working"),
    );
}

fn searches(server: &Running) {
    while server.json("api/state")["model"]["state"] == "loading" {
        std::thread::sleep(Duration::from_millis(5));
    }
    let short = ask(server, 5.0);
    let long = ask(server, 60.0);
    let key = a_key(server);
    for (name, path) in [
        ("all sounds", "api/search?count=100".to_owned()),
        ("words: door 77", "api/search?count=100&filter=door%2077".to_owned()),
        ("a word that nothing has", "api/search?count=100&filter=zebra".to_owned()),
        ("page 900 of all", "api/search?count=100&offset=90000".to_owned()),
        ("more like a sound", format!("api/search?count=100&like={key}")),
        ("the same among few", format!("api/search?count=100&like={key}&filter=000123")),
        ("a dropped file of 5 s", format!("api/search?count=100&question={short}")),
        ("the same among few", format!("api/search?count=100&question={short}&filter=000123")),
        ("a dropped file of 60 s", format!("api/search?count=100&question={long}")),
        ("categories", "api/categories".to_owned()),
        ("examples of one", "api/categories/DOORCreak".to_owned()),
    ] {
        let mut times: Vec<f64> = (0..ROUNDS).map(|_| timed(server, &path)).collect();
        let first = times[0];
        times.sort_by(f64::total_cmp);
        println!(
            "{name:<26} first {first:>6.1} ms, median {:>6.1} ms, longest {:>6.1} ms",
            times[ROUNDS / 2],
            times[ROUNDS - 1]
        );
    }
}

/// Drops a sound of so many seconds, and says what it is from then on.
fn ask(server: &Running, seconds: f64) -> u64 {
    let mut audio = take("handbell", 8, 5.0);
    let samples = (seconds * f64::from(audio.sample_rate_hz)) as usize;
    audio
        .channels
        .iter_mut()
        .for_each(|channel| *channel = channel.iter().copied().cycle().take(samples).collect());
    let bytes = wav_of(&audio);
    let begun = Instant::now();
    let number = server.ask("question.wav", &bytes)["number"].as_u64().unwrap();
    println!("a dropped file of {seconds} s is sent, decoded and embedded in {:.0} ms", ms(begun));
    number
}

fn a_key(server: &Running) -> String {
    server.json("api/search?count=1&filter=000123")["rows"][0]["key"].as_str().unwrap().to_owned()
}

fn timed(server: &Running, path: &str) -> f64 {
    let begun = Instant::now();
    server.json(path);
    ms(begun)
}

/// Makes the map anew, searching meanwhile.
fn make_map(server: &Running, dir: &Path) {
    let _ = std::fs::remove_file(dir.join(earmark_atlas::CACHE_FILE));
    let key = a_key(server);
    let begun = Instant::now();
    assert_eq!(server.post("api/map", br#"{"anew":true}"#).status, 200);
    let (mut words, mut alike, mut stage) = (Vec::new(), Vec::new(), serde_json::Value::Null);
    loop {
        let report = server.json("api/map");
        if report["state"] != "working" {
            assert_eq!(report["state"], "ready", "{report}");
            println!(
                "the map of {} sounds was there after {:.0} s",
                report["points"],
                begun.elapsed().as_secs_f64()
            );
            break;
        }
        if report["stage"] != stage {
            println!("  {:>5.1} s: {}", begun.elapsed().as_secs_f64(), report["stage"]);
            stage = report["stage"].clone();
        }
        words.push(timed(server, "api/search?count=100&filter=door%2077"));
        alike.push(timed(server, &format!("api/search?count=100&like={key}")));
        std::thread::sleep(BESIDE);
    }
    for (name, mut times) in [("words", words), ("more like a sound", alike)] {
        times.sort_by(f64::total_cmp);
        println!(
            "  {name} meanwhile: median {:.0} ms, longest {:.0} ms",
            times[times.len() / 2],
            times[times.len() - 1]
        );
    }
    let begun = Instant::now();
    let bytes = server.get("api/map/points").body.len();
    println!("its {bytes} bytes are sent in {:.0} ms", ms(begun));
}

fn ms(begun: Instant) -> f64 {
    begun.elapsed().as_secs_f64() * 1000.0
}
