//! Many instances, and instances that come and go.

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
    // Whatever is made once is made now.
    (0..50).for_each(|_| one_life());
    let before = (resident_kib(), open_files());
    (0..1000).for_each(|_| one_life());
    let after = (resident_kib(), open_files());
    let Some(((before_kib, after_kib), (before_files, after_files))) =
        before.0.zip(after.0).zip(before.1.zip(after.1))
    else {
        eprintln!("skipped: this system does not say what a process holds");
        return;
    };
    // Other tests run beside this one; a leak of one activation's rings alone would be gigabytes.
    assert!(after_kib < before_kib + 600_000, "{before_kib} KiB became {after_kib} KiB");
    assert!(after_files < before_files + 100, "{before_files} open files became {after_files}");
}

fn one_life() {
    let mut host = Host::new();
    host.activate(48_000.0, 512);
    host.process(&vec![vec![0.1; 64]; 2]);
    host.send(Command::SetHold(true));
    host.deactivate();
    assert!(!host.save().is_empty());
}

fn resident_kib() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    status.lines().find_map(|line| line.strip_prefix("VmRSS:")?.split_whitespace().next()?.parse().ok())
}

fn open_files() -> Option<usize> {
    std::fs::read_dir("/proc/self/fd").ok().map(Iterator::count)
}
