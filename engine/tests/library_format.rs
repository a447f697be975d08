//! The library on disk: what is written is read back, damage is found, readers and writers stay out of each other's
//! way.
#![allow(clippy::unwrap_used)]

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use earmark_engine::index::{
    Details, IndexError, LibraryWriter, ModelId, Quantiser, Segment, Snapshot, SoundId, SoundRecord, verify,
};

const SIZE: usize = 32;

fn model() -> ModelId {
    ModelId { name: "test".into(), version: "1".into(), sha256: "ab".repeat(32), embedding_size: SIZE as u32 }
}

fn quantiser() -> Quantiser {
    Quantiser::new(&[0.5; SIZE])
}

/// Seeded numbers in 0..1 (SplitMix64, Steele et al. 2014).
fn numbers(mut seed: u64) -> impl FnMut() -> f32 {
    move || {
        seed = seed.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = seed;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((z ^ (z >> 31)) >> 40) as f32 / (1u64 << 24) as f32
    }
}

fn embedding(seed: u64) -> Vec<f32> {
    let mut number = numbers(seed);
    (0..SIZE).map(|_| number()).collect()
}

fn record(name: &str) -> SoundRecord {
    SoundRecord {
        root: 0,
        path: name.as_bytes().to_vec(),
        text: name.to_lowercase(),
        file_size: 1000,
        modified_ns: 5,
        content_hash: 7 << 64 | 9,
        duration_s: 2.5,
        sample_rate_hz: 48_000,
        channels: 2,
        container: 1,
        cat: Some(3),
        cat_source: 1,
        details: Details { description: Some("créaking".into()), ..Details::default() },
    }
}

/// Commits sounds named by numbers, each with two frames.
fn add(writer: &mut LibraryWriter, numbers: std::ops::Range<u64>) {
    writer.root(Path::new("/sounds")).unwrap();
    let mut segment = writer.begin_segment().unwrap();
    for number in numbers {
        let frames =
            [0, 1].map(|frame| quantiser().quantise(frame as f64 * 1.16, &embedding(number * 2 + frame)));
        segment.add(&record(&format!("Sound {number}.wav")), &frames).unwrap();
    }
    writer.commit(Some(segment), &BTreeSet::new()).unwrap();
}

fn names(snapshot: &Snapshot) -> Vec<String> {
    let mut names: Vec<String> =
        snapshot.sounds().map(|(_, sound)| sound.path().unwrap().to_string_lossy().into_owned()).collect();
    names.sort();
    names
}

fn segment_files(dir: &Path) -> Vec<PathBuf> {
    let mut files: Vec<PathBuf> = fs::read_dir(dir)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|ending| ending == "segment"))
        .collect();
    files.sort();
    files
}

#[test]
fn what_is_written_is_read_back() {
    let dir = tempfile::tempdir().unwrap();
    let mut writer = LibraryWriter::open(dir.path(), &model()).unwrap();
    add(&mut writer, 0..3);
    let snapshot = Snapshot::open(dir.path()).unwrap();
    assert_eq!(names(&snapshot), ["Sound 0.wav", "Sound 1.wav", "Sound 2.wav"]);
    let (_, sound) = snapshot.sounds().nth(1).unwrap();
    assert_eq!(sound.record().unwrap(), record("Sound 1.wav"));
    assert_eq!(snapshot.full_path(&sound).unwrap(), Path::new("/sounds/Sound 1.wav"));
    for (frame, (row, vector)) in sound.frames().unwrap().enumerate() {
        assert_eq!(row.start_ms, [0, 1160][frame]);
        let restored = quantiser().restore(vector, row.scale, row.norm);
        for (restored, original) in restored.iter().zip(embedding(2 + frame as u64)) {
            assert!((restored - original).abs() < 0.01, "{restored} for {original}");
        }
    }
    let report = verify(dir.path()).unwrap();
    assert_eq!((report.sounds, report.frames, report.problems.len()), (3, 6, 0));
}

#[test]
fn a_reader_keeps_its_snapshot_while_sounds_go_and_segments_are_merged() {
    let dir = tempfile::tempdir().unwrap();
    let mut writer = LibraryWriter::open(dir.path(), &model()).unwrap();
    for number in 0..12 {
        add(&mut writer, number..number + 1);
    }
    let before = Snapshot::open(dir.path()).unwrap();
    let gone: BTreeSet<SoundId> = before.sounds().take(3).map(|(id, _)| id).collect();
    writer.commit(None, &gone).unwrap();
    writer.tidy(&|| false).unwrap();
    assert_eq!(names(&before).len(), 12);
    assert_eq!(before.sounds().map(|(_, sound)| sound.frames().unwrap().len()).sum::<usize>(), 24);
    let after = Snapshot::open(dir.path()).unwrap();
    assert_eq!(names(&after).len(), 9);
    assert_eq!(after.manifest().segments.len(), 1, "small segments are merged");
    assert_eq!(segment_files(dir.path()).len(), 1, "and their files are gone");
    assert!(verify(dir.path()).unwrap().problems.is_empty());
}

#[test]
fn a_segment_of_which_everything_is_gone_gives_its_space_back() {
    let dir = tempfile::tempdir().unwrap();
    let mut writer = LibraryWriter::open(dir.path(), &model()).unwrap();
    add(&mut writer, 0..2);
    add(&mut writer, 2..3);
    let first: BTreeSet<SoundId> =
        writer.snapshot().sounds().filter(|(id, _)| id.segment == 0).map(|(id, _)| id).collect();
    writer.commit(None, &first).unwrap();
    writer.tidy(&|| false).unwrap();
    assert_eq!(names(&Snapshot::open(dir.path()).unwrap()), ["Sound 2.wav"]);
    assert_eq!(segment_files(dir.path()).len(), 1);
}

#[test]
fn an_abandoned_segment_leaves_nothing_and_a_crashed_one_is_swept_up() {
    let dir = tempfile::tempdir().unwrap();
    let mut writer = LibraryWriter::open(dir.path(), &model()).unwrap();
    add(&mut writer, 0..1);
    let mut segment = writer.begin_segment().unwrap();
    segment.add(&record("lost.wav"), &[]).unwrap();
    drop(segment);
    drop(writer);
    assert!(
        !fs::read_dir(dir.path()).unwrap().any(|entry| entry
            .unwrap()
            .path()
            .extension()
            .is_some_and(|e| e == "tmp"))
    );
    // As after a kill between the renames of segment and manifest, and in the middle of writing.
    fs::copy(&segment_files(dir.path())[0], dir.path().join("00000000000000ff.segment")).unwrap();
    fs::write(dir.path().join("0000000000000fff.tmp"), b"half").unwrap();
    assert_eq!(names(&Snapshot::open(dir.path()).unwrap()), ["Sound 0.wav"]);
    let writer = LibraryWriter::open(dir.path(), &model()).unwrap();
    assert_eq!(segment_files(dir.path()).len(), 1);
    assert_eq!(names(writer.snapshot()), ["Sound 0.wav"]);
}

#[test]
fn a_second_writer_is_told_who_holds_the_lock() {
    let dir = tempfile::tempdir().unwrap();
    let writer = LibraryWriter::open(dir.path(), &model()).unwrap();
    let error = LibraryWriter::open(dir.path(), &model()).unwrap_err();
    assert!(matches!(error, IndexError::Locked { .. }));
    assert!(error.to_string().contains(&format!("process {}", std::process::id())), "{error}");
    drop(writer);
    LibraryWriter::open(dir.path(), &model()).unwrap();
}

#[test]
fn a_library_of_another_model_or_a_newer_format_is_refused_by_name() {
    let dir = tempfile::tempdir().unwrap();
    let mut writer = LibraryWriter::open(dir.path(), &model()).unwrap();
    add(&mut writer, 0..1);
    drop(writer);
    let other = ModelId { name: "other".into(), ..model() };
    let error = LibraryWriter::open(dir.path(), &other).unwrap_err();
    assert!(
        matches!(error, IndexError::OtherModel { .. }) && error.to_string().contains("--model test"),
        "{error}"
    );

    let manifest = dir.path().join("manifest");
    let mut bytes = fs::read(&manifest).unwrap();
    bytes[8] = 99;
    fs::write(&manifest, &bytes).unwrap();
    let error = Snapshot::open(dir.path()).unwrap_err();
    assert!(matches!(error, IndexError::NewerVersion { found: 99, .. }));
    assert!(
        error.to_string().contains("manifest") && error.to_string().contains("update Earmark"),
        "{error}"
    );

    let segment = &segment_files(dir.path())[0];
    let mut bytes = fs::read(segment).unwrap();
    bytes[8] = 99;
    let error = Segment::from_bytes(segment, &bytes).unwrap_err();
    assert!(matches!(error, IndexError::NewerVersion { found: 99, .. }));
}

#[test]
fn a_truncated_segment_is_reported_and_the_rest_is_searchable() {
    let dir = tempfile::tempdir().unwrap();
    let mut writer = LibraryWriter::open(dir.path(), &model()).unwrap();
    add(&mut writer, 0..2);
    add(&mut writer, 2..4);
    drop(writer);
    let victim = &segment_files(dir.path())[0];
    let whole = fs::read(victim).unwrap();
    for length in [0, 1, 100, 4095, 4096, 5000, whole.len() / 2, whole.len() - 1] {
        fs::write(victim, &whole[..length]).unwrap();
        let snapshot = Snapshot::open(dir.path()).unwrap();
        assert_eq!(names(&snapshot), ["Sound 2.wav", "Sound 3.wav"], "cut to {length}");
        assert_eq!(snapshot.damage()[0].sounds, 2);
        assert_eq!(verify(dir.path()).unwrap().problems[0].path, *victim);
    }
    fs::remove_file(victim).unwrap();
    assert_eq!(names(&Snapshot::open(dir.path()).unwrap()).len(), 2);
}

#[test]
fn a_flipped_bit_in_a_segment_is_found_by_verify_or_changes_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let mut writer = LibraryWriter::open(dir.path(), &model()).unwrap();
    add(&mut writer, 0..3);
    drop(writer);
    let path = &segment_files(dir.path())[0];
    let whole = fs::read(path).unwrap();
    let dump = |segment: &Segment| -> Option<Vec<_>> {
        segment
            .sounds()
            .map(|sound| {
                let frames: Vec<_> =
                    sound.frames().ok()?.map(|(row, vector)| (row.start_ms, vector.to_vec())).collect();
                Some((sound.record().ok()?, frames))
            })
            .collect()
    };
    let truth = dump(&Segment::from_bytes(path, &whole).unwrap()).unwrap();
    let mut found = 0;
    for at in 0..whole.len() {
        let mut bytes = whole.clone();
        bytes[at] ^= 1 << (at % 8);
        let Ok(segment) = Segment::from_bytes(path, &bytes) else {
            found += 1;
            continue;
        };
        // Whatever the rows say now, reading them must not panic.
        let read = dump(&segment);
        match segment.verify() {
            Ok(()) => assert_eq!(read.as_ref(), Some(&truth), "byte {at}"),
            Err(_) => found += 1,
        }
    }
    assert!(found > 500, "only {found} flips were found");
}

#[test]
fn every_flipped_bit_in_a_manifest_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let mut writer = LibraryWriter::open(dir.path(), &model()).unwrap();
    add(&mut writer, 0..1);
    drop(writer);
    let path = dir.path().join("manifest");
    let whole = fs::read(&path).unwrap();
    for bit in 0..whole.len() * 8 {
        let mut bytes = whole.clone();
        bytes[bit / 8] ^= 1 << (bit % 8);
        fs::write(&path, &bytes).unwrap();
        assert!(Snapshot::open(dir.path()).is_err(), "bit {bit}");
    }
    for length in 0..whole.len() {
        fs::write(&path, &whole[..length]).unwrap();
        assert!(Snapshot::open(dir.path()).is_err(), "cut to {length}");
    }
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_leaves_the_library_as_it_was() {
    let dir = tempfile::tempdir().unwrap();
    let mut writer = LibraryWriter::open(dir.path(), &model()).unwrap();
    add(&mut writer, 0..1);
    // The next segment's temporary name leads to a device that is always full.
    let next = dir.path().join(format!("{:016x}.tmp", writer.snapshot().manifest().generation + 1));
    std::os::unix::fs::symlink("/dev/full", &next).unwrap();
    let failed = (|| {
        let mut segment = writer.begin_segment()?;
        segment.add(&record("new.wav"), &[])?;
        writer.commit(Some(segment), &BTreeSet::new())
    })();
    let error = failed.unwrap_err();
    assert!(matches!(error, IndexError::DiskFull { .. }), "{error:?}");
    assert!(error.to_string().contains("free some space"), "{error}");
    drop(writer);
    assert_eq!(names(&Snapshot::open(dir.path()).unwrap()), ["Sound 0.wav"]);
    assert!(verify(dir.path()).unwrap().problems.is_empty());
    let mut writer = LibraryWriter::open(dir.path(), &model()).unwrap();
    add(&mut writer, 1..2);
    assert_eq!(names(writer.snapshot()).len(), 2);
}
