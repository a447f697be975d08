//! A window that nobody uses costs nothing.

use std::time::Duration;

use crate::host::Host;
use crate::server::on_a_server;

#[test]
fn an_idle_window_does_nothing() {
    on_a_server("resting::idles", 1);
}

#[test]
#[ignore = "run by the test that has a server"]
fn idles() {
    let host = Host::new();
    let _spawned = host.open();
    host.wait_for_frame(4, 4);
    std::thread::sleep(Duration::from_millis(1000));
    let before = wake_ups();
    std::thread::sleep(Duration::from_secs(3));
    let woken = wake_ups() - before;
    // The sleep above is one; the analysis that would wake the window is not there.
    assert!(woken <= 5, "something ran {woken} times in three idle seconds");
}

/// How often a thread of this process has begun to wait for something (proc(5): voluntary context switches).
fn wake_ups() -> u64 {
    let tasks = std::fs::read_dir("/proc/self/task").unwrap();
    let statuses = tasks.filter_map(|task| std::fs::read_to_string(task.unwrap().path().join("status")).ok());
    let of_task = |status: String| {
        let line = status.lines().find(|line| line.starts_with("voluntary_ctxt_switches"))?.to_owned();
        line.split_whitespace().nth(1)?.parse::<u64>().ok()
    };
    statuses.filter_map(of_task).sum()
}
