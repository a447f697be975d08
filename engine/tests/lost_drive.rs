//! A library's file goes away under its readers: they hear of it, and the process lives.
#![cfg(unix)]
#![allow(clippy::unwrap_used)]

mod library_support;

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread;

use earmark_engine::index::{IndexError, LibraryWriter, Snapshot, verify};
use library_support::{ask, commit, model};

/// Two segments, long enough that most pages of them have not been read yet.
fn library(dir: &Path) -> Vec<PathBuf> {
    let mut writer = LibraryWriter::open(dir, &model()).unwrap();
    commit(&mut writer, 0..3000, &BTreeSet::new()).unwrap();
    commit(&mut writer, 3000..6000, &BTreeSet::new()).unwrap();
    let entries = &writer.snapshot().manifest().segments;
    entries.iter().map(|entry| dir.join(&entry.file)).collect()
}

/// What a vanished server does to a mapping: its pages cannot be had any more.
fn take_away(path: &Path) -> Vec<u8> {
    let bytes = fs::read(path).unwrap();
    File::options().write(true).open(path).unwrap().set_len(0).unwrap();
    bytes
}

#[test]
fn readers_of_a_file_that_goes_away_are_told_and_live_on() {
    let dir = tempfile::tempdir().unwrap();
    let segments = library(dir.path());
    let snapshot = Arc::new(Snapshot::open(dir.path()).unwrap());
    assert_eq!(ask(&snapshot, 5).hits.len(), 20);
    snapshot.still_there().unwrap();
    let bytes = take_away(&segments[0]);
    // Several readers run into it at once.
    thread::scope(|scope| {
        for sound in 0..4 {
            let snapshot = Arc::clone(&snapshot);
            scope.spawn(move || {
                for hit in ask(&snapshot, sound).hits {
                    // Whatever is still shown is of the segment that is there.
                    let path = snapshot.get(hit.id).map(|sound| snapshot.full_path(&sound));
                    match path {
                        Some(Ok(path)) => assert!(library_support::number_of(&path).unwrap() >= 3000),
                        Some(Err(error)) => assert!(matches!(error, IndexError::Lost { .. }), "{error}"),
                        None => {}
                    }
                }
            });
        }
    });
    let error = snapshot.still_there().unwrap_err();
    assert!(error.to_string().contains("is its drive still connected"), "{error}");
    // With the drive back, whoever opens it anew finds it as it was.
    fs::write(&segments[0], bytes).unwrap();
    let report = verify(dir.path()).unwrap();
    assert!(report.problems.is_empty() && report.sounds == 6000, "{report:?}");
    assert_eq!(ask(&Snapshot::open(dir.path()).unwrap(), 5).hits.len(), 20);
    assert!(snapshot.still_there().is_err(), "the old mapping stays lost");
}

#[test]
fn a_writer_copies_nothing_from_a_file_that_went_away() {
    let dir = tempfile::tempdir().unwrap();
    let segments = library(dir.path());
    let mut writer = LibraryWriter::open(dir.path(), &model()).unwrap();
    for sound in 6000..6010 {
        commit(&mut writer, [sound], &BTreeSet::new()).unwrap();
    }
    let bytes = take_away(&segments[0]);
    // It leaves alone what it cannot read, or gives up; it must not write zeros in the place of sounds.
    match writer.tidy(&|| false) {
        Ok(()) | Err(IndexError::Lost { .. }) => {}
        Err(error) => panic!("{error}"),
    }
    assert!(writer.snapshot().still_there().is_err(), "it was not even looked at");
    drop(writer);
    fs::write(&segments[0], bytes).unwrap();
    let report = verify(dir.path()).unwrap();
    assert!(report.problems.is_empty() && report.sounds == 6010, "{report:?}");
}
