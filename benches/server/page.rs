//! How soon the page is there on a library of 100,000 sounds, and how long its searches take.
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

use std::time::Instant;

use chromium::Page;
use earmark_server::Options;
use support::{Running, load_model, take, wav_of};

/// Rounds of each search.
const ROUNDS: usize = 15;

fn main() {
    let large = library::Large::open_or_make();
    let begun = Instant::now();
    let server = Running::with(Options::new(large.dir.clone(), |_| load_model()));
    for path in ["", "api/state", "api/search?count=100"] {
        assert_eq!(server.get(path).status, 200);
    }
    println!("start until the page, its state and its first 100 sounds: {:.0} ms", ms(begun));
    let begun = Instant::now();
    if let Some(mut page) = Page::open(chromium::NOWHERE) {
        println!("(a browser starts in {:.0} ms)", ms(begun));
        let begun = Instant::now();
        page.go(&server.url);
        let interactive = page.eval("document.documentElement.dataset.ready");
        page.until("document.querySelectorAll('.view-search .row').length === 100");
        println!("page: interactive after {} ms, 100 sounds after {:.0} ms", interactive, ms(begun));
    }
    wait_for_model(&server);
    let question = server.ask("question.wav", &wav_of(&take("handbell", 8, 5.0)))["number"].clone();
    let key = server.json("api/search?count=1&filter=000123")["rows"][0]["key"].as_str().unwrap().to_owned();
    for (name, path) in [
        ("all sounds", "api/search?count=100".to_owned()),
        ("words: door 77", "api/search?count=100&filter=door%2077".to_owned()),
        ("a word that nothing has", "api/search?count=100&filter=zebra".to_owned()),
        ("page 900 of all", "api/search?count=100&offset=90000".to_owned()),
        ("more like a sound", format!("api/search?count=100&like={key}")),
        ("a dropped file", format!("api/search?count=100&question={question}")),
        ("the same among few", format!("api/search?count=100&question={question}&filter=000123")),
    ] {
        let mut times: Vec<f64> = (0..ROUNDS)
            .map(|_| {
                let begun = Instant::now();
                server.json(&path);
                ms(begun)
            })
            .collect();
        times.sort_by(f64::total_cmp);
        println!("{name:<26} median {:>6.1} ms, longest {:>6.1} ms", times[ROUNDS / 2], times[ROUNDS - 1]);
    }
}

fn ms(begun: Instant) -> f64 {
    begun.elapsed().as_secs_f64() * 1000.0
}

fn wait_for_model(server: &Running) {
    while server.json("api/state")["model"]["state"] == "loading" {
        std::thread::sleep(std::time::Duration::from_millis(5));
    }
}
