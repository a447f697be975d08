//! Folders get other paths, on this system or another one.
#![allow(clippy::unwrap_used)]

mod library_support;

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use earmark_engine::index::{IndexError, LibraryWriter, Snapshot, verify};
use library_support::{frames, model, record};

/// A library whose folder and names are as another system has written them.
fn foreign(dir: &Path, root: &str, names: &[&str]) -> LibraryWriter {
    let mut writer = LibraryWriter::open(dir, &model()).unwrap();
    writer.add_folder(Path::new(root)).unwrap();
    let mut segment = writer.begin_segment().unwrap();
    for (number, name) in (0..).zip(names) {
        let mut sound = record(number);
        sound.path = name.as_bytes().to_vec();
        segment.add(&sound, &frames(number)).unwrap();
    }
    writer.commit(Some(segment), &BTreeSet::new()).unwrap();
    writer
}

fn paths(snapshot: &Snapshot) -> Vec<PathBuf> {
    let mut paths: Vec<PathBuf> =
        snapshot.sounds().map(|(_, sound)| snapshot.full_path(&sound).unwrap()).collect();
    paths.sort();
    paths
}

#[test]
fn a_library_of_windows_is_at_home_on_another_system() {
    let dir = tempfile::tempdir().unwrap();
    let mut writer = foreign(dir.path(), "D:/SFX/Doors", &["Old/creak.wav", "slam.wav"]);
    let new = tempfile::tempdir().unwrap();
    fs::create_dir_all(new.path().join("Doors/Old")).unwrap();
    fs::write(new.path().join("Doors/Old/creak.wav"), b"").unwrap();
    let outlook = writer.snapshot().outlook(Path::new("d:\\sfx"), new.path()).unwrap();
    assert_eq!((outlook.folders, outlook.sounds, outlook.looked_for, outlook.found), (1, 2, 2, 1));
    let done = writer.relocate(Path::new("d:\\sfx"), new.path()).unwrap();
    assert_eq!(done.roots, [("D:/SFX/Doors".into(), new.path().join("Doors"))]);
    assert_eq!(done.sounds, 2);
    let there = new.path().join("Doors");
    let snapshot = Snapshot::open(dir.path()).unwrap();
    assert_eq!(paths(&snapshot), [there.join("Old/creak.wav"), there.join("slam.wav")]);
    assert!(!snapshot.manifest().roots[0].offline);
    assert!(verify(dir.path()).unwrap().problems.is_empty());
}

#[test]
fn a_folder_is_found_however_its_name_is_composed() {
    let dir = tempfile::tempdir().unwrap();
    let mut writer = foreign(dir.path(), "/Volumes/Ge\u{301}ra\u{308}usche", &["Tu\u{308}r.wav"]);
    let new = tempfile::tempdir().unwrap();
    fs::write(new.path().join("T\u{fc}r.wav"), b"").unwrap();
    let old = Path::new("/Volumes/G\u{e9}r\u{e4}usche");
    assert_eq!(writer.snapshot().outlook(old, new.path()).unwrap().found, 1);
    assert_eq!(writer.relocate(old, new.path()).unwrap().sounds, 1);
    assert_eq!(writer.snapshot().manifest().roots[0].path(), new.path());
}

#[test]
fn a_part_of_a_folder_gets_a_folder_of_its_own() {
    let dir = tempfile::tempdir().unwrap();
    let names = ["doors/a.wav", "doors/old/b.wav", "doors.wav", "rain/c.wav"];
    let mut writer = foreign(dir.path(), "/sfx", &names);
    let done = writer.relocate(Path::new("/sfx/doors"), Path::new("/new/doors")).unwrap();
    assert_eq!(done.sounds, 2);
    let expected = ["/new/doors/a.wav", "/new/doors/old/b.wav", "/sfx/doors.wav", "/sfx/rain/c.wav"];
    assert_eq!(paths(&Snapshot::open(dir.path()).unwrap()), expected.map(PathBuf::from));
    let roots = &writer.snapshot().manifest().roots;
    assert!(roots[1].whole && roots[1].offline, "nothing is there: {roots:?}");
    assert_eq!(verify(dir.path()).unwrap().sounds, 4);
}

#[test]
fn folders_inside_a_folder_move_with_it() {
    let dir = tempfile::tempdir().unwrap();
    let mut writer = foreign(dir.path(), "/sfx", &["a.wav"]);
    writer.add_folder(Path::new("/sfx/doors")).unwrap();
    writer.add_folder(Path::new("/sfxtra")).unwrap();
    writer.relocate(Path::new("/sfx"), Path::new("/new/place")).unwrap();
    let roots: Vec<PathBuf> = writer.snapshot().manifest().roots.iter().map(|root| root.path()).collect();
    assert_eq!(roots, ["/new/place", "/new/place/doors", "/sfxtra"].map(PathBuf::from));
}

#[test]
fn what_is_not_there_or_taken_is_refused_and_nothing_changes() {
    let dir = tempfile::tempdir().unwrap();
    let mut writer = foreign(dir.path(), "/sfx", &["a.wav"]);
    writer.add_folder(Path::new("/taken/part")).unwrap();
    let before = writer.snapshot().manifest().clone();
    for (old, new, words) in
        [("/nosuch", "/new", "nothing of the library"), ("/sfx", "/taken", "indexed already")]
    {
        let error = writer.relocate(Path::new(old), Path::new(new)).unwrap_err();
        assert!(matches!(&error, IndexError::Path { .. }) && error.to_string().contains(words), "{error}");
    }
    assert_eq!(*writer.snapshot().manifest(), before);
}
