//! Many instances, and instances that come and go.

use std::process::Output;

use clack_host::events::UnknownEvent;
use clack_host::events::io::InputEventBuffer;
use earmark_plugin::exchange::Command;

use crate::fixture::{fixture, stereo};
use crate::host::{Host, play_together};

#[test]
fn thirty_two_instances_answer_side_by_side() {
    let fixture = fixture();
    let audio = stereo(3, 2, 44_100, 2.0);
    let mut hosts: Vec<Host> = (0..32).map(|_| Host::with_library(&fixture.library, 44_100.0)).collect();
    for host in &mut hosts {
        host.transport.loop_range = Some((0, audio[0].len() as i64));
    }
    play_together(&mut hosts, 0, &audio, 1024);
    let answers: Vec<_> = hosts.iter().map(Host::wait_for_answer).collect();
    for answer in &answers {
        assert_eq!(answer.results.rows.len(), answers[0].results.rows.len());
        assert_eq!(answer.results.rows.get(0), answers[0].results.rows.get(0));
    }
}

#[test]
fn a_thousand_instances_come_and_go_without_a_trace() {
    let done = alone("living::come_and_go");
    let text = String::from_utf8_lossy(&done.stdout).into_owned() + &String::from_utf8_lossy(&done.stderr);
    assert!(done.status.success() && text.contains("1 passed"), "{text}");
}

#[test]
#[ignore = "run by the test that gives it a process of its own"]
fn come_and_go() {
    // Whatever is made once is made now.
    (0..100).for_each(|_| one_life());
    let Some((before_kib, before_files, before_threads)) = held() else {
        eprintln!("skipped: this system does not say what a process holds");
        return;
    };
    (0..1000).for_each(|_| one_life());
    let (after_kib, after_files, after_threads) = held().unwrap();
    let grown = after_kib.saturating_sub(before_kib);
    println!(
        "{grown} KiB more after a thousand instances, {before_files} files open and {after_files} after"
    );
    // Four kilobytes an instance: the rings of one have more than two hundred times that.
    assert!(grown < 4_000, "{before_kib} KiB became {after_kib} KiB");
    assert_eq!((after_files, after_threads), (before_files, before_threads), "files and threads");
}

#[test]
fn an_allocation_within_process_ends_the_program() {
    let done = alone("living::allocates_while_processing");
    let text = String::from_utf8_lossy(&done.stderr);
    assert!(
        !done.status.success() && text.contains(&format!("allocation of {ODD_SIZE} bytes failed")),
        "{text}"
    );
}

/// Bytes that nobody else allocates.
const ODD_SIZE: usize = 7919;

#[test]
#[ignore = "run by the test that looks how it ends"]
fn allocates_while_processing() {
    /// Events that cost an allocation to fetch, which the plugin does within `process()`.
    struct Costly;
    impl InputEventBuffer for Costly {
        fn len(&self) -> u32 {
            1
        }

        fn get(&self, _index: u32) -> Option<&UnknownEvent> {
            std::hint::black_box(Vec::<u8>::with_capacity(ODD_SIZE));
            None
        }
    }
    let mut host = Host::new();
    host.activate(48_000.0, 512);
    host.process(&vec![vec![0.1; 64]; 2]);
    host.process_fetching(&vec![vec![0.1; 64]; 2], &Costly);
}

/// Runs an ignored test in a process of its own.
fn alone(test: &str) -> Output {
    std::process::Command::new(std::env::current_exe().unwrap())
        .args(["--exact", test, "--ignored", "--nocapture", "--test-threads=1"])
        // glibc keeps for a new thread what an old one has freed; with one arena memory shows what is in use.
        .env("MALLOC_ARENA_MAX", "1")
        .output()
        .unwrap()
}

fn one_life() {
    let mut host = Host::new();
    host.activate(48_000.0, 512);
    host.process(&vec![vec![0.1; 64]; 2]);
    host.send(Command::SetHold(true));
    host.deactivate();
    assert!(!host.save().is_empty());
}

/// Resident memory in KiB, open files, threads.
fn held() -> Option<(u64, usize, usize)> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let resident = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    let count = |what: &str| Some(std::fs::read_dir(format!("/proc/self/{what}")).ok()?.count());
    Some((resident.split_whitespace().next()?.parse().ok()?, count("fd")?, count("task")?))
}
