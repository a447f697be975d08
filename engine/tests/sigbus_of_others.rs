//! A SIGBUS that has nothing to do with a library reaches whoever handled it before: a host's crash reporter, say.
#![cfg(unix)]
#![allow(clippy::unwrap_used, unsafe_code)]

mod library_support;

use std::collections::BTreeSet;
use std::fs::File;
use std::sync::atomic::{AtomicUsize, Ordering};

use earmark_engine::index::{LibraryWriter, Snapshot};
use library_support::{ask, commit, model};

static HEARD: AtomicUsize = AtomicUsize::new(0);

extern "C" fn others(_: libc::c_int) {
    HEARD.fetch_add(1, Ordering::SeqCst);
}

#[test]
fn only_faults_in_mapped_segments_are_taken_care_of() {
    // SAFETY: the handler does nothing but count.
    unsafe { libc::signal(libc::SIGBUS, others as extern "C" fn(libc::c_int) as libc::sighandler_t) };
    let dir = tempfile::tempdir().unwrap();
    let mut writer = LibraryWriter::open(dir.path(), &model()).unwrap();
    commit(&mut writer, 0..2000, &BTreeSet::new()).unwrap();
    let snapshot = Snapshot::open(dir.path()).unwrap();
    // SAFETY: the signal is handled.
    unsafe { libc::raise(libc::SIGBUS) };
    assert_eq!(HEARD.load(Ordering::SeqCst), 1);
    // One of ours does not reach the other.
    let segment = dir.path().join(&snapshot.manifest().segments[0].file);
    File::options().write(true).open(segment).unwrap().set_len(0).unwrap();
    let _ = ask(&snapshot, 1);
    assert!(snapshot.still_there().is_err());
    assert_eq!(HEARD.load(Ordering::SeqCst), 1);
}
