//! Readers ask while a writer adds, deletes, moves and merges; every answer is checked against the snapshot that it
//! came from.
//!
//! Runs for some seconds, or for as many as `EARMARK_SOAK_S` says: the half hour before a release is
//! `EARMARK_SOAK_S=1800 cargo test --workspace --test soak -- --nocapture`.
#![allow(clippy::unwrap_used)]

mod library_support;

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use earmark_engine::index::{LibraryWriter, Snapshot, SoundId, verify};
use library_support::{ask, commit, frame_count, model, number_of, record, scramble, similarity};

/// Sounds that the library may grow to.
const SOUNDS: u64 = 4000;

fn soak_s() -> u64 {
    std::env::var("EARMARK_SOAK_S").ok().and_then(|text| text.parse().ok()).unwrap_or(6)
}

#[test]
fn answers_agree_with_their_snapshots_while_a_writer_is_at_work() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    let mut writer = LibraryWriter::open(dir, &model()).unwrap();
    commit(&mut writer, 0..200, &BTreeSet::new()).unwrap();
    drop(writer);
    let end = Instant::now() + Duration::from_secs(soak_s());
    let failed = AtomicBool::new(false);
    let (answers, commits, opened) = (AtomicU64::new(0), AtomicU64::new(0), AtomicU64::new(0));
    let going_on = || Instant::now() < end && !failed.load(Ordering::Relaxed);
    thread::scope(|scope| {
        for reader in 0..2u64 {
            let (answers, opened, failed) = (&answers, &opened, &failed);
            scope.spawn(move || {
                let _alarm = Alarm(failed);
                let mut seed = reader;
                while going_on() {
                    opened.fetch_add(1, Ordering::Relaxed);
                    let snapshot = Snapshot::open(dir).unwrap();
                    // Some readers keep what they opened for a long time.
                    for _ in 0..1 + scramble(seed) % 20 {
                        seed = scramble(seed);
                        check_answer(&snapshot, seed);
                        answers.fetch_add(1, Ordering::Relaxed);
                    }
                }
            });
        }
        let _alarm = Alarm(&failed);
        let mut history = History { next: 200, seed: 77, live: (0..200).collect() };
        while going_on() {
            // A writer comes and goes, as runs of `earmark index` do.
            let mut writer = LibraryWriter::open(dir, &model()).unwrap();
            for _ in 0..1 + scramble(history.seed) % 12 {
                history.go_on(&mut writer);
                commits.fetch_add(1, Ordering::Relaxed);
            }
            drop(writer);
            let snapshot = Snapshot::open(dir).unwrap();
            assert_eq!(numbers(&snapshot), history.live, "the library is not what was committed");
        }
    });
    let report = verify(dir).unwrap();
    assert!(report.problems.is_empty(), "{:?}", report.problems);
    let [answers, commits, opened] = [answers, commits, opened].map(AtomicU64::into_inner);
    eprintln!("{answers} answers from {opened} snapshots while {commits} changes were made: all right");
    assert!(answers > 20 && commits > 5, "{answers} answers, {commits} commits");
}

/// Stops the others when a thread has found something wrong.
struct Alarm<'a>(&'a AtomicBool);

impl Drop for Alarm<'_> {
    fn drop(&mut self) {
        if thread::panicking() {
            self.0.store(true, Ordering::Relaxed);
        }
    }
}

fn numbers(snapshot: &Snapshot) -> BTreeSet<u64> {
    let all: Vec<u64> = snapshot
        .sounds()
        .map(|(_, sound)| number_of(&snapshot.full_path(&sound).unwrap()).unwrap())
        .collect();
    let once: BTreeSet<u64> = all.iter().copied().collect();
    assert_eq!(once.len(), all.len(), "a sound is there twice");
    once
}

/// What the writer has done so far.
struct History {
    next: u64,
    seed: u64,
    live: BTreeSet<u64>,
}

impl History {
    fn go_on(&mut self, writer: &mut LibraryWriter) {
        self.seed = scramble(self.seed);
        let share = if self.live.len() as u64 > SOUNDS { 0 } else { self.seed % 40 };
        let new = self.next..self.next + share;
        self.next = new.end;
        let much = self.live.len() as u64 > SOUNDS;
        let snapshot = writer.snapshot();
        let mut ended: BTreeSet<SoundId> = BTreeSet::new();
        let mut again = Vec::new();
        for (id, sound) in snapshot.sounds() {
            let number = number_of(&snapshot.full_path(&sound).unwrap()).unwrap();
            match scramble(self.seed ^ number) % 100 {
                _ if much && number % 3 == 0 => drop(self.live.remove(&number)),
                0..8 => drop(self.live.remove(&number)),
                // Found again under the same name: its row moves to another segment.
                8..12 => again.push(number),
                _ => continue,
            }
            ended.insert(id);
        }
        self.live.extend(new.clone());
        commit(writer, new.chain(again), &ended).unwrap();
        if self.seed % 3 == 0 {
            writer.tidy(&|| false).unwrap();
        }
    }
}

/// Asks about a sound and compares the answer with what the snapshot holds.
fn check_answer(snapshot: &Snapshot, seed: u64) {
    let live: Vec<u64> = snapshot
        .sounds()
        .map(|(_, sound)| number_of(&snapshot.full_path(&sound).unwrap()).unwrap())
        .collect();
    let asked = live[(seed % live.len() as u64) as usize];
    let ranking = ask(snapshot, asked);
    assert_eq!(ranking.hits.len(), live.len().min(20));
    let mut last = f32::INFINITY;
    for (place, hit) in ranking.hits.iter().enumerate() {
        let sound = snapshot.get(hit.id).expect("a sound of this snapshot");
        let path = snapshot.full_path(&sound).unwrap();
        let number = number_of(&path).unwrap_or_else(|| panic!("{} was never written", Path::display(&path)));
        assert_eq!(sound.row.hash(), record(number).content_hash);
        assert_eq!(u64::from(sound.row.frame_count), frame_count(number));
        let truth = similarity(asked, number);
        assert!((hit.similarity - truth).abs() < 0.01, "{} for {truth}", hit.similarity);
        assert!(hit.similarity <= last, "not in order");
        assert!(place > 0 || number == asked, "the sound itself is the closest");
        last = hit.similarity;
    }
    // Nothing that is clearly closer was left out.
    for number in live.iter().filter(|number| scramble(seed ^ **number) % 16 == 0) {
        let found = ranking.hits.iter().any(|hit| {
            let sound = snapshot.get(hit.id).unwrap();
            number_of(&snapshot.full_path(&sound).unwrap()) == Some(*number)
        });
        assert!(found || similarity(asked, *number) < last + 0.02, "sound {number} was left out");
    }
}
