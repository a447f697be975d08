//! How long after the last sample of a region its answer is there.
//!
//! The plugin runs in a CLAP host within this process, with its window open and a library of 100,000 sounds: the one
//! that `EARMARK_BENCH_LIBRARY` names, or that the benchmark `large_library` has made. Loop ranges of ten seconds at
//! 48 kHz are played once each, in real time, in blocks of 512 samples; the clock runs from the return of the last
//! block to the moment when the window is woken for the answer. The first range, which loads the network, is left out.
#![allow(clippy::unwrap_used, missing_docs)]

#[path = "../../plugin/tests/hosting/fixture.rs"]
#[allow(dead_code, reason = "the tests use more of it")]
mod fixture;
#[path = "../../plugin/tests/hosting/host.rs"]
#[allow(dead_code, reason = "the tests use more of it")]
mod host;

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use earmark_plugin::exchange::{LibraryState, View};
use host::Host;

const RATE_HZ: u32 = 48_000;
const REGION_S: f64 = 10.0;
const BLOCK: usize = 512;
const ROUNDS: usize = 9;

fn main() {
    if !std::env::args().any(|arg| arg == "--bench") {
        return;
    }
    let library = std::env::var_os("EARMARK_BENCH_LIBRARY")
        .map_or_else(|| Path::new(env!("CARGO_TARGET_TMPDIR")).join("large-demo"), PathBuf::from);
    let mut host = Host::with_library(&library, RATE_HZ.into());
    host.open_window();
    let view = host.wait_for("the library", |view| {
        matches!(view.library.state, LibraryState::Open { .. } | LibraryState::Missing { .. })
    });
    let LibraryState::Open { sounds, frames, .. } = view.library.state else {
        println!("no library in {}: run the benchmark large_library first", library.display());
        return;
    };
    let mut times: Vec<Duration> = (0..=ROUNDS).map(|round| answer_time(&mut host, round)).skip(1).collect();
    times.sort_unstable();
    let all: Vec<String> = times.iter().map(|time| format!("{} ms", time.as_millis())).collect();
    println!("{sounds} sounds, {frames} frames; from the last sample of {REGION_S} s to the answer:");
    println!("median {} of {} (demanded: 150 ms)", all[ROUNDS / 2], all.join(", "));
}

/// Plays a range that was not there before; returns how long its answer took.
fn answer_time(host: &mut Host, round: usize) -> Duration {
    let audio = fixture::stereo(round, 1, RATE_HZ, REGION_S);
    let length = audio[0].len();
    let start = (round * 2 * length) as i64;
    let before = host.view().results.question.as_ref().map(|question| question.id);
    let is_answered = |view: &View| {
        let question = view.results.question.as_ref().map(|question| question.id);
        question != before && !view.results.preliminary
    };
    host.transport.playing = true;
    host.transport.position = start;
    host.transport.loop_range = Some((start, start + length as i64));
    let begun = Instant::now();
    for at in (0..length).step_by(BLOCK) {
        let end = length.min(at + BLOCK);
        let due = begun + Duration::from_secs_f64(end as f64 / f64::from(RATE_HZ));
        std::thread::sleep(due.saturating_duration_since(Instant::now()));
        host.process(&audio.iter().map(|channel| channel[at..end].to_vec()).collect::<Vec<_>>());
    }
    let heard = Instant::now();
    assert!(!is_answered(&host.view()), "answered before all was heard");
    while !is_answered(&host.view()) {
        assert!(heard.elapsed() < Duration::from_secs(60), "no answer: {:?}", host.view());
        std::thread::sleep(Duration::from_micros(200));
    }
    let took = heard.elapsed();
    assert_eq!(host.view().input.dropped_samples, 0);
    took
}
