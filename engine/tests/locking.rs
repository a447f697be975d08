//! Writers and watchers share a library: one at a time, those that give way do, and a killed one leaves no lock.
#![allow(clippy::unwrap_used)]

mod library_support;

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use earmark_engine::index::{IndexError, LibraryWriter, PauseRequest, Snapshot};
use library_support::{commit, model};

#[test]
fn a_writer_waits_for_one_that_gives_way_and_both_do_their_work() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    let mut watcher = LibraryWriter::open_giving_way(dir, &model()).unwrap();
    assert!(!PauseRequest::is_made(dir));
    let asked = AtomicBool::new(false);
    thread::scope(|scope| {
        let other = scope.spawn(|| {
            let mut writer = LibraryWriter::open(dir, &model()).unwrap();
            assert!(asked.load(Ordering::SeqCst), "it did not wait");
            commit(&mut writer, [2], &BTreeSet::new()).unwrap();
        });
        while !PauseRequest::is_made(dir) {
            thread::sleep(Duration::from_millis(5));
        }
        commit(&mut watcher, [1], &BTreeSet::new()).unwrap();
        asked.store(true, Ordering::SeqCst);
        drop(watcher);
        other.join().unwrap();
    });
    assert!(!PauseRequest::is_made(dir), "the request goes with who made it");
    assert_eq!(Snapshot::open(dir).unwrap().sounds().count(), 2);
}

#[test]
fn one_that_gives_way_waits_for_nobody() {
    let dir = tempfile::tempdir().unwrap();
    let writer = LibraryWriter::open(dir.path(), &model()).unwrap();
    let error = LibraryWriter::open_giving_way(dir.path(), &model()).unwrap_err();
    assert!(matches!(error, IndexError::Locked { .. }), "{error}");
    assert!(!PauseRequest::is_made(dir.path()));
    drop(writer);
    LibraryWriter::open_giving_way(dir.path(), &model()).unwrap();
}

#[test]
fn any_process_may_ask_for_a_pause_for_as_long_as_it_likes() {
    let dir = tempfile::tempdir().unwrap();
    let first = PauseRequest::new(dir.path()).unwrap();
    let second = PauseRequest::new(dir.path()).unwrap();
    drop(first);
    assert!(PauseRequest::is_made(dir.path()));
    drop(second);
    assert!(!PauseRequest::is_made(dir.path()));
    // A folder with nothing but such a request may still become a library.
    LibraryWriter::open(dir.path(), &model()).unwrap();
}
