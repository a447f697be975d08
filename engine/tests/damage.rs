//! Every bit of every file of a small library, flipped one at a time: found or harmless, never a crash, and never a
//! path that was not written, or that of another sound.
#![allow(clippy::unwrap_used)]

mod library_support;

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::{Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use earmark_engine::index::{LibraryWriter, Snapshot, SoundRecord, verify};
use library_support::{ask, commit, model, number_of, record};

/// Two segments of three sounds, one of which is gone.
fn library(dir: &Path) {
    let mut writer = LibraryWriter::open(dir, &model()).unwrap();
    commit(&mut writer, [0, 1], &BTreeSet::new()).unwrap();
    let gone = writer.snapshot().sounds().take(1).map(|(id, _)| id).collect();
    commit(&mut writer, [2], &gone).unwrap();
}

type Sounds = Vec<(PathBuf, SoundRecord, Vec<(u32, Vec<i8>)>)>;

/// Everything that can be read, or nothing when a part of it is refused.
fn everything(snapshot: &Snapshot) -> Option<Sounds> {
    let one = |sound: earmark_engine::index::SoundRef<'_>| {
        let frames = sound.frames().ok()?.map(|(row, vector)| (row.start_ms, vector.to_vec())).collect();
        Some((snapshot.full_path(&sound).ok()?, sound.record().ok()?, frames))
    };
    snapshot.sounds().map(|(_, sound)| one(sound)).collect()
}

#[test]
fn a_flipped_bit_is_found_or_harmless_and_never_names_a_wrong_file() {
    let dir = tempfile::tempdir().unwrap();
    library(dir.path());
    let truth = everything(&Snapshot::open(dir.path()).unwrap()).unwrap();
    assert_eq!(truth.len(), 2);
    let mut files: Vec<PathBuf> =
        fs::read_dir(dir.path()).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    assert_eq!(files.len(), 4, "two segments, the manifest and the lock");
    let (mut found, mut harmless) = (0, 0);
    for path in files {
        let whole = fs::read(&path).unwrap();
        for bit in 0..whole.len() * 8 {
            // Between sections lie zeros that nobody reads: one bit of each such byte will do.
            let padding = whole[bit / 8..].iter().take(64).all(|byte| *byte == 0);
            if padding && bit % 8 != bit / 8 % 8 {
                continue;
            }
            put(&path, bit / 8, whole[bit / 8] ^ (1 << (bit % 8)));
            match Snapshot::open(dir.path()) {
                Err(_) => found += 1,
                Ok(snapshot) => match judge(&snapshot, &truth) {
                    true => harmless += 1,
                    false => found += 1,
                },
            }
            put(&path, bit / 8, whole[bit / 8]);
        }
    }
    assert!(found > 10_000 && harmless > 1_000, "{found} found, {harmless} harmless");
    assert_eq!(everything(&Snapshot::open(dir.path()).unwrap()), Some(truth));
}

fn put(path: &Path, at: usize, byte: u8) {
    let mut file = File::options().write(true).open(path).unwrap();
    file.seek(SeekFrom::Start(at as u64)).unwrap();
    file.write_all(&[byte]).unwrap();
}

/// True when nothing has changed; else it must be found by who looks for it.
fn judge(snapshot: &Snapshot, truth: &Sounds) -> bool {
    for (_, sound) in snapshot.sounds() {
        if let Ok(path) = snapshot.full_path(&sound) {
            let number = number_of(&path).unwrap_or_else(|| panic!("{} was never written", path.display()));
            assert_eq!(sound.row.hash(), record(number).content_hash, "the path of another sound");
        }
        // Whatever the rows say now, reading them must not panic.
        let _ = (sound.record(), sound.details(), sound.text().map(str::len));
    }
    let ranking = ask(snapshot, 1);
    for hit in ranking.hits {
        let path = snapshot.get(hit.id).and_then(|sound| snapshot.full_path(&sound).ok());
        assert!(path.is_none_or(|path| number_of(&path).is_some()));
    }
    if everything(snapshot).as_ref() == Some(truth) && snapshot.damage().is_empty() {
        return true;
    }
    let report = verify(snapshot.dir()).unwrap();
    assert!(!report.problems.is_empty(), "a change that verify does not see");
    false
}
