//! Opening and searching a library of 100,000 sounds.
//!
//! The library is made once, from real embeddings spread to size (see [`spread`]), and kept below `target/tmp`. What
//! is timed as `find` is what the command does once the region is embedded: the search, the starter bank, the vote.
#![allow(clippy::unwrap_used, missing_docs)]

mod library;
mod spread;

use std::path::Path;
use std::sync::LazyLock;
use std::time::{Duration, Instant};

use divan::Bencher;
use earmark_engine::index::{Quantiser, Segment, Snapshot};
use earmark_engine::search::{Passing, Query, Ranking, Scope, Shares, categories, scan_bank, search};

/// Frames of the regions asked about: a short sound, five seconds, the most that a search takes.
const QUERY_FRAMES: [usize; 3] = [1, 3, 32];
/// Results wanted, as many as the command shows.
const RESULTS: usize = 20;
/// Rounds of the closing figures.
const ROUNDS: usize = 21;

static LARGE: LazyLock<library::Large> = LazyLock::new(library::Large::open_or_make);

fn main() {
    // Making it is not part of any measurement.
    LazyLock::force(&LARGE);
    divan::main();
    if std::env::args().any(|arg| arg == "--bench") {
        print_demands();
    }
}

/// Opening a library whose files are in the page cache.
#[divan::bench]
fn open(bencher: Bencher) {
    bencher.bench_local(|| Snapshot::open(&LARGE.dir).unwrap());
}

/// The closest sounds to a region and its categories.
#[divan::bench(args = QUERY_FRAMES)]
fn find(bencher: Bencher, frames: usize) {
    let asked = Asked::new(frames);
    bencher.bench_local(|| asked.find());
}

/// A filter that one sound in a hundred passes.
#[divan::bench(args = QUERY_FRAMES)]
fn find_one_in_hundred(bencher: Bencher, frames: usize) {
    let asked = Asked::new(frames);
    let passing = Passing::new(&asked.snapshot, &|sound| sound.number() % 100 == 0);
    bencher.bench_local(|| asked.search(Some(&passing)));
}

fn print_demands() {
    let snapshot = Snapshot::open(&LARGE.dir).unwrap();
    let frames: usize = snapshot.segments().map(|(_, segment)| segment.frame_rows().len()).sum();
    println!(
        "\n{} sounds, {frames} frames in {} segments, spread from {} real frames; median of {ROUNDS} rounds",
        snapshot.sounds().count(),
        snapshot.segments().count(),
        LARGE.real_frames,
    );
    let print = |what: &str, demand_ms: u64, work: &dyn Fn()| {
        let mut times: Vec<Duration> = (0..ROUNDS)
            .map(|_| {
                let begun = Instant::now();
                work();
                begun.elapsed()
            })
            .collect();
        times.sort();
        println!(
            "{what:<26} {:9.2?}  (slowest {:.2?}; demanded: {demand_ms} ms)",
            times[ROUNDS / 2],
            times[ROUNDS - 1]
        );
    };
    print("open", 50, &|| drop(Snapshot::open(&LARGE.dir).unwrap()));
    for frames in QUERY_FRAMES {
        let asked = Asked::new(frames);
        print(&format!("find, {frames} query frames"), 200, &|| {
            asked.find();
        });
    }
}

/// A region asked about, with what it is searched in.
struct Asked {
    snapshot: Snapshot,
    bank: Segment,
    query: Query,
}

impl Asked {
    fn new(frames: usize) -> Self {
        let snapshot = Snapshot::open(&LARGE.dir).unwrap();
        let embeddings = LARGE.query(frames);
        let starts_s = (0..frames).map(|frame| frame as f64);
        let quantiser = Quantiser::new(&LARGE.mean);
        let pairs: Vec<(f64, &[f32])> = starts_s.zip(embeddings.iter().map(Vec::as_slice)).collect();
        let query = Query::new(&quantiser, pairs.into_iter());
        let bank = Segment::open(&Path::new(library::MODEL_DIR).join("bank.segment")).unwrap();
        Self { snapshot, bank, query }
    }

    fn find(&self) -> (Ranking, Shares) {
        let mut ranking = self.search(None);
        let bank = scan_bank(&self.bank, &self.query, &|_| false);
        ranking.votes.iter_mut().zip(bank).for_each(|(votes, bank)| votes.extend(bank));
        let shares = categories(&ranking.votes);
        (ranking, shares)
    }

    fn search(&self, passing: Option<&Passing>) -> Ranking {
        search(&self.snapshot, &self.query, &Scope { k: RESULTS, passing, votes: true, is_query: &|_| false })
    }
}
