//! Readers ask while a writer adds, deletes, moves and merges; every answer is checked against the snapshot that it
//! came from.
//!
//! Runs for some seconds, or for as many as `EARMARK_SOAK_S` says, on a small library, or one of about as many sounds as
//! `EARMARK_SOAK_SOUNDS` says: from 5,000 on, searches look into lists. The half hour before a release is
//! `EARMARK_SOAK_S=1800 cargo test --workspace --test soak -- --nocapture`.
#![allow(clippy::unwrap_used)]

mod library_support;

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use earmark_engine::index::{LibraryWriter, Snapshot, SoundId, SoundRef, verify};
use earmark_engine::search::Passing;
use library_support::{ask_among, commit, frame_count, model, number_of, record, scramble, similarity};

fn number_from(variable: &str, otherwise: u64) -> u64 {
    std::env::var(variable).ok().and_then(|text| text.parse().ok()).unwrap_or(otherwise)
}

#[test]
fn answers_agree_with_their_snapshots_while_a_writer_is_at_work() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    let mut writer = LibraryWriter::open(dir, &model()).unwrap();
    let sounds = number_from("EARMARK_SOAK_SOUNDS", 250);
    commit(&mut writer, 0..sounds, &BTreeSet::new()).unwrap();
    drop(writer);
    let end = Instant::now() + Duration::from_secs(number_from("EARMARK_SOAK_S", 6));
    let failed = AtomicBool::new(false);
    let (answers, commits, opened) = (AtomicU64::new(0), AtomicU64::new(0), AtomicU64::new(0));
    let (closer, left_out) = (AtomicU64::new(0), AtomicU64::new(0));
    let going_on = || Instant::now() < end && !failed.load(Ordering::Relaxed);
    thread::scope(|scope| {
        for reader in 0..2u64 {
            let (answers, opened, failed) = (&answers, &opened, &failed);
            let (closer, left_out) = (&closer, &left_out);
            scope.spawn(move || {
                let _alarm = Alarm(failed);
                let mut seed = reader;
                while going_on() {
                    opened.fetch_add(1, Ordering::Relaxed);
                    let snapshot = Snapshot::open(dir).unwrap();
                    let filter = Filter::new(&snapshot, FILTERS[(seed >> 32) as usize % FILTERS.len()]);
                    // Some readers keep what they opened for a long time.
                    for _ in 0..1 + scramble(seed) % 20 {
                        seed = scramble(seed);
                        let (some, lost) = check_answer(&snapshot, &filter, seed);
                        closer.fetch_add(some, Ordering::Relaxed);
                        left_out.fetch_add(lost, Ordering::Relaxed);
                        answers.fetch_add(1, Ordering::Relaxed);
                    }
                }
            });
        }
        let _alarm = Alarm(&failed);
        let mut history = History { sounds, next: sounds, seed: 77, live: (0..sounds).collect() };
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
    let [closer, left_out] = [closer, left_out].map(AtomicU64::into_inner);
    // A small library is compared whole. In lists each frame looks for the sounds that are closest to it, and frames have
    // nothing in common here: a sound may be close to all of them without being among the closest to any.
    let allowed = if sounds < 2000 { 0 } else { closer / 5 };
    assert!(
        closer > 0 && left_out <= allowed,
        "{left_out} of {closer} that are clearly closer were left out"
    );
    eprintln!("of {closer} sounds that had to be found, {left_out} were not");
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
    /// About as many sounds are there.
    sounds: u64,
    next: u64,
    seed: u64,
    live: BTreeSet<u64>,
}

impl History {
    fn go_on(&mut self, writer: &mut LibraryWriter) {
        self.seed = scramble(self.seed);
        let much = self.live.len() as u64 > 2 * self.sounds;
        // In the mean as many as are removed below.
        let share = if much { 0 } else { self.seed % (self.sounds * 16 / 100).max(1) };
        let new = self.next..self.next + share;
        self.next = new.end;
        let snapshot = writer.snapshot();
        let mut ended: BTreeSet<SoundId> = BTreeSet::new();
        let mut again = Vec::new();
        for (id, sound) in snapshot.sounds() {
            let number = number_of(&snapshot.full_path(&sound).unwrap()).unwrap();
            match scramble(self.seed ^ number) % 100 {
                _ if much && number.is_multiple_of(3) => drop(self.live.remove(&number)),
                0..8 => drop(self.live.remove(&number)),
                // Found again under the same name: its row moves to another segment.
                8..12 => again.push(number),
                _ => continue,
            }
            ended.insert(id);
        }
        self.live.extend(new.clone());
        commit(writer, new.chain(again), &ended).unwrap();
        if self.seed.is_multiple_of(3) {
            writer.tidy(&|| false).unwrap();
        }
    }
}

/// One in so many sounds passes.
const FILTERS: [u64; 6] = [1, 1, 2, 12, 30, 200];

/// What a reader asks for as long as it keeps a snapshot.
struct Filter {
    one_in: u64,
    passing: Option<Passing>,
}

impl Filter {
    fn new(snapshot: &Snapshot, one_in: u64) -> Self {
        let passes = |sound: &SoundRef<'_>| {
            let path = snapshot.full_path(sound).unwrap();
            number_of(&path).is_some_and(|number| number.is_multiple_of(one_in))
        };
        Self { one_in, passing: (one_in > 1).then(|| Passing::new(snapshot, &passes)) }
    }
}

/// Asks about a sound and compares the answer with what the snapshot holds; of some sounds that are clearly closer than
/// the last hit, how many there are and how many were left out.
fn check_answer(snapshot: &Snapshot, filter: &Filter, seed: u64) -> (u64, u64) {
    let live: Vec<(SoundId, u64)> = snapshot
        .sounds()
        .map(|(id, sound)| (id, number_of(&snapshot.full_path(&sound).unwrap()).unwrap()))
        .collect();
    let (_, asked) = live[(seed % live.len() as u64) as usize];
    let ranking = ask_among(snapshot, asked, filter.passing.as_ref());
    let passes = |number: u64| number.is_multiple_of(filter.one_in);
    let live: Vec<_> = live.into_iter().filter(|(_, number)| passes(*number)).collect();
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
        assert!(passes(number), "{number} does not pass");
        assert!(place > 0 || !passes(asked) || number == asked, "the sound itself is the closest");
        last = hit.similarity;
    }
    let hits: BTreeSet<SoundId> = ranking.hits.iter().map(|hit| hit.id).collect();
    let some = live.iter().filter(|(_, number)| scramble(seed ^ number).is_multiple_of(16));
    let closer: Vec<_> = some.filter(|(_, number)| similarity(asked, *number) > last + 0.02).collect();
    let left_out = closer.iter().filter(|(id, _)| !hits.contains(id)).count();
    (closer.len() as u64, left_out as u64)
}
