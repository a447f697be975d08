//! What an instance costs: the time until it is there, and the memory of one and of 64.
//!
//! Memory is that of a process of its own in which every instance was activated, has heard a loop of two seconds and
//! was answered, so that network, library and rings are all there; the library is that of the benchmark `large_library`,
//! or the one that `EARMARK_BENCH_LIBRARY` names.
#![allow(clippy::unwrap_used, missing_docs)]

#[path = "../../plugin/tests/hosting/fixture.rs"]
#[allow(dead_code, reason = "the tests use more of it")]
mod fixture;
#[path = "../../plugin/tests/hosting/host.rs"]
#[allow(dead_code, reason = "the tests use more of it")]
mod host;

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use host::{Host, play_together};

const INSTANCES: usize = 64;

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    if let Some(at) = arguments.iter().position(|argument| argument == "--instances") {
        hold(arguments[at + 1].parse().unwrap());
    } else if arguments.iter().any(|argument| argument == "--bench") {
        print_times();
        for count in [1, INSTANCES] {
            let mut child = Command::new(std::env::current_exe().unwrap());
            // glibc's arenas keep what other threads have freed.
            child.args(["--instances", &count.to_string()]).env("MALLOC_ARENA_MAX", "1");
            assert!(child.status().unwrap().success());
        }
    }
}

fn print_times() {
    let mut hosts = Vec::new();
    let mut times: Vec<Duration> = (0..INSTANCES)
        .map(|_| {
            let begun = Instant::now();
            hosts.push(Host::new());
            begun.elapsed()
        })
        .collect();
    let first = times[0];
    times.sort_unstable();
    println!(
        "an instance: the first {first:?}, median {:?}, longest {:?} of {INSTANCES} (demanded: 5 ms)",
        times[INSTANCES / 2],
        times[INSTANCES - 1]
    );
}

/// Says what so many instances take.
fn hold(count: usize) {
    let library = std::env::var_os("EARMARK_BENCH_LIBRARY")
        .map_or_else(|| Path::new(env!("CARGO_TARGET_TMPDIR")).join("large-demo"), PathBuf::from);
    let audio = fixture::stereo(3, 2, 48_000, 2.0);
    let mut hosts: Vec<Host> = (0..count).map(|_| Host::with_library(&library, 48_000.0)).collect();
    for host in &mut hosts {
        host.transport.loop_range = Some((0, audio[0].len() as i64));
    }
    play_together(&mut hosts, 0, &audio, 1024);
    hosts.iter().for_each(|host| drop(host.wait_for_answer()));
    let mib = |what| in_status(what).map_or_else(|| "?".to_owned(), |kib| format!("{} MiB", kib / 1024));
    println!("{count} instances: {} of its own, {} with mapped files", mib("RssAnon:"), mib("VmRSS:"));
}

/// A line of /proc/self/status, KiB.
fn in_status(what: &str) -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    status.lines().find_map(|line| line.strip_prefix(what)?.split_whitespace().next()?.parse().ok())
}
