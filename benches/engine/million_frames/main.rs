//! Searching a library of millions of frames: time, recall against exact floats, memory, disk.
//!
//! The library is made once for each size, below `target/tmp`, from real embeddings spread to size (see [`spread`]), ten
//! frames a sound. `EARMARK_BENCH_FRAMES` says how many frames (one million), `EARMARK_BENCH_RUNS` in how many runs they
//! come into the library (one), `EARMARK_BENCH_FRAMES_OF_SOUND` how many a sound has (ten), `EARMARK_BENCH_EXPORT` names a
//! folder that the same vectors and questions are written to, for `benches/indexes/compare.py`. With `EARMARK_BENCH_REAL_ALONE` the real sounds of `EARMARK_BENCH_SOUNDS` are judged by
//! themselves first. With `EARMARK_BENCH_UNWARMED` nothing is prewarmed after a cold start.
#![allow(clippy::unwrap_used, missing_docs)]

#[allow(dead_code, reason = "shared with the bench beside it, which needs other parts")]
#[path = "../large_library/library.rs"]
mod library;
mod own_process;
mod real;
#[allow(dead_code, reason = "shared with the bench beside it, which needs other parts")]
#[path = "../large_library/spread.rs"]
mod spread;
mod truth;

use std::collections::BTreeSet;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use earmark_engine::index::{LibraryWriter, QuantisedFrame, Quantiser, Snapshot, SoundRef};
use earmark_engine::indexing::model_id;
use earmark_engine::network::Network;
use earmark_engine::search::{Passing, Query, Scope, categories, search};

use crate::library::{Real, record};
use crate::spread::{RealSound, Spread};
use crate::truth::Truth;

/// Frames of the region asked about.
const QUERY_FRAMES: usize = 5;
/// Results wanted.
const RESULTS: usize = 20;
/// Questions that are timed.
const QUESTIONS: u32 = 60;
/// Questions whose answers are compared with exact ones.
const CHECKED: usize = 60;
/// Times that two libraries are asked a question in turns.
const ROUNDS: usize = 15;
/// Tells a process of its own what to measure.
const TASK: &str = "EARMARK_BENCH_TASK";

fn main() {
    if let Some(task) = std::env::var_os(TASK) {
        let dir = PathBuf::from(std::env::var_os("EARMARK_BENCH_DIR").unwrap());
        match task.to_str().unwrap() {
            "open" => own_process::open(&dir),
            _ => own_process::cold(&dir),
        }
        return;
    }
    if !std::env::args().any(|arg| arg == "--bench") {
        return;
    }
    let frames = number("EARMARK_BENCH_FRAMES", 1_000_000);
    let runs = number("EARMARK_BENCH_RUNS", 1);
    let million = Million::open_or_make(frames, runs);
    if let Some(folder) = std::env::var_os("EARMARK_BENCH_EXPORT") {
        million.export(Path::new(&folder));
    }
    let alone = std::env::var_os("EARMARK_BENCH_REAL_ALONE").is_some();
    if let Some(folder) = std::env::var_os(library::SOUNDS_VARIABLE).filter(|_| alone) {
        real::measure(Path::new(&folder), &Network::load(Path::new(library::MODEL_DIR)).unwrap());
    }
    if runs > 1 {
        million.beside(&Million::open_or_make(frames, 1));
    }
    million.measure();
    // A library a hundredth as large beside it.
    adding(&[&Million::open_or_make((frames / 100).max(1000), 1), &million]);
}

fn number(variable: &str, otherwise: usize) -> usize {
    std::env::var(variable).ok().and_then(|text| text.replace('_', "").parse().ok()).unwrap_or(otherwise)
}

type Filter = Box<dyn Fn(&SoundRef<'_>) -> bool + Sync>;

struct Million {
    dir: PathBuf,
    /// Whether sounds have labels, and vote.
    labelled: bool,
    sounds: u32,
    frames_of_sound: usize,
    spread: Spread,
    mean: Vec<f32>,
    hop_s: f64,
}

impl Million {
    fn open_or_make(frames: usize, runs: usize) -> Self {
        let Real { network, suffix, sounds, mean } = Real::embed();
        let labelled = std::env::var_os("EARMARK_BENCH_UNLABELLED").is_none();
        let frames_of_sound = number("EARMARK_BENCH_FRAMES_OF_SOUND", 10);
        let kind = if labelled { "" } else { "-unlabelled" };
        let name = format!("frames-{frames}-by-{frames_of_sound}-in-{runs}-{suffix}{kind}");
        let dir = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
        let sounds_wanted = (frames / frames_of_sound) as u32;
        let million = Self {
            dir,
            labelled,
            sounds: sounds_wanted,
            frames_of_sound,
            spread: Spread::new(sounds),
            mean,
            hop_s: network.card().frame_hop_s(),
        };
        let complete = Snapshot::open(&million.dir).is_ok_and(|snapshot| {
            snapshot.segments().map(|(_, segment)| segment.sound_rows().len()).sum::<usize>()
                == sounds_wanted as usize
        });
        if complete {
            return million;
        }
        let _ = std::fs::remove_dir_all(&million.dir);
        let mut writer = LibraryWriter::open(&million.dir, &model_id(&network)).unwrap();
        let begun = Instant::now();
        let mut took = Duration::ZERO;
        let of_run = million.sounds.div_ceil(runs as u32);
        for first in (0..million.sounds).step_by(of_run as usize) {
            took += million.add(&mut writer, first..million.sounds.min(first + of_run));
            let begun = Instant::now();
            writer.tidy(&|| false).unwrap();
            took += begun.elapsed();
        }
        let [took, all] = [took, begun.elapsed()].map(|time| time.as_secs_f64());
        println!("rounded, written and partitioned in {took:.1} s; with spreading {all:.1} s");
        million
    }

    /// Adds sounds in one commit; returns how long the library took over them.
    fn add(&self, writer: &mut LibraryWriter, sounds: std::ops::Range<u32>) -> Duration {
        let root = writer.root(Path::new("/Volumes/Effects")).unwrap();
        let quantiser = Quantiser::new(&self.mean);
        let mut segment = writer.begin_segment().unwrap();
        let mut took = Duration::ZERO;
        for number in sounds {
            let sound = self.sound(number);
            let begun = Instant::now();
            let frames: Vec<QuantisedFrame> = (0u32..)
                .zip(&sound.frames)
                .map(|(at, frame)| quantiser.quantise(f64::from(at) * self.hop_s, frame))
                .collect();
            segment
                .add(&record(root, number, sound.cat.filter(|_| self.labelled), frames.len()), &frames)
                .unwrap();
            took += begun.elapsed();
        }
        let begun = Instant::now();
        writer.commit(Some(segment), &BTreeSet::new()).unwrap();
        took + begun.elapsed()
    }

    /// A sound of the library.
    fn sound(&self, number: u32) -> RealSound {
        self.spread.sound(number, Some(self.frames_of_sound))
    }

    /// Frames of a region that is not in the library.
    fn question(&self, number: u32) -> Vec<Vec<f32>> {
        self.spread.sound(self.sounds + number, Some(QUERY_FRAMES)).frames
    }

    fn query(&self, number: u32) -> Query {
        self.query_of(&self.question(number))
    }

    fn query_of(&self, frames: &[Vec<f32>]) -> Query {
        let starts_s = (0..frames.len()).map(|frame| frame as f64);
        let pairs: Vec<(f64, &[f32])> = starts_s.zip(frames.iter().map(Vec::as_slice)).collect();
        Query::new(&Quantiser::new(&self.mean), pairs.into_iter())
    }

    fn measure(&self) {
        let snapshot = Snapshot::open(&self.dir).unwrap();
        let frames: usize = snapshot.segments().map(|(_, segment)| segment.frame_rows().len()).sum();
        let bytes: u64 = snapshot.segments().map(|(_, segment)| segment.len_bytes()).sum();
        println!(
            "{frames} frames, {} sounds, {} segments, {:.1} bytes a frame in all",
            self.sounds,
            snapshot.segments().count(),
            bytes as f64 / frames as f64
        );
        self.in_own_process("open");
        for _ in 0..3 {
            self.in_own_process("cold");
        }
        // The drive has nothing to do with what follows.
        snapshot.prewarm();
        let queries: Vec<Query> = (0..QUESTIONS).map(|number| self.query(number)).collect();
        let none = |_: &SoundRef<'_>| false;
        let filters: [(&str, Option<Filter>); 5] = [
            ("no filter", None),
            ("one in 10 passes", Some(Box::new(|sound| sound.row.modified_ns % 10 == 0))),
            ("one in 40 passes", Some(Box::new(|sound| sound.row.modified_ns % 40 == 0))),
            ("one in 100 passes", Some(Box::new(|sound| sound.row.modified_ns % 100 == 0))),
            ("one in 1000 passes", Some(Box::new(|sound| sound.row.modified_ns % 1000 == 0))),
        ];
        for (name, filter) in &filters {
            let begun = Instant::now();
            let passing = filter.as_ref().map(|filter| Passing::new(&snapshot, filter));
            let prepared = begun.elapsed();
            let passing = passing.as_ref();
            // The second line: the same regions under a filter of their own, their votes known.
            for votes in [true, false] {
                let ask = |query: &Query| {
                    let begun = Instant::now();
                    let scope = Scope { k: RESULTS, passing, votes, is_query: &none };
                    let shares = categories(&search(&snapshot, query, &scope).votes);
                    (begun.elapsed(), shares)
                };
                // The first question makes what the filter keeps for the others.
                let (first, _) = ask(&queries[0]);
                queries.iter().for_each(|query| drop(ask(query)));
                let mut times: Vec<_> = queries.iter().map(|query| ask(query).0).collect();
                times.sort();
                println!(
                    "{name:<20} {:<8} median {:8.2?}  fastest {:8.2?}  slowest {:8.2?}  first {first:8.2?} after {prepared:8.2?}  resident {:.0} MB",
                    if votes { "votes" } else { "no votes" },
                    times[times.len() / 2],
                    times[0],
                    times[times.len() - 1],
                    resident_mb()
                );
            }
        }
        for one_in in [10, 40, 100] {
            println!(
                "one in {one_in} passes: recall@{RESULTS} {:.4}",
                recall_under(&snapshot, &queries, one_in)
            );
        }
        let questions: Vec<_> = (0..CHECKED as u32).map(|number| self.question(number)).collect();
        self.check(&snapshot, "regions", &questions);
        // What other indexes can be asked, too.
        let frames: Vec<_> = questions.into_iter().flatten().map(|frame| vec![frame]).collect();
        self.check(&snapshot, "frames", &frames);
    }

    /// Asks this and another library the same questions in turns; of each question the fastest of several answers counts.
    fn beside(&self, other: &Self) {
        let snapshots = [&self.dir, &other.dir].map(|dir| Snapshot::open(dir).unwrap());
        snapshots.iter().for_each(Snapshot::prewarm);
        let none = |_: &SoundRef<'_>| false;
        let fastest = |number| {
            let query = self.query(number);
            let mut fastest = [Duration::MAX; 2];
            for _ in 0..ROUNDS {
                for (snapshot, fastest) in snapshots.iter().zip(&mut fastest) {
                    let scope = Scope { k: RESULTS, passing: None, votes: true, is_query: &none };
                    let begun = Instant::now();
                    search(snapshot, &query, &scope);
                    *fastest = begun.elapsed().min(*fastest);
                }
            }
            fastest
        };
        let times: Vec<[Duration; 2]> = (0..QUESTIONS).map(fastest).collect();
        let median = |mut times: Vec<f64>| {
            times.sort_by(f64::total_cmp);
            times[times.len() / 2]
        };
        let ms = |at: usize| median(times.iter().map(|times| times[at].as_secs_f64() * 1e3).collect());
        let ratio =
            median(times.iter().map(|[own, other]| own.as_secs_f64() / other.as_secs_f64()).collect());
        println!(
            "{} segments beside {}, in turns: {:.2} and {:.2} ms, {ratio:.3} times as long",
            snapshots[0].segments().count(),
            snapshots[1].segments().count(),
            ms(0),
            ms(1)
        );
    }

    /// Prints how long questions take and how right the answers are.
    fn check(&self, snapshot: &Snapshot, name: &str, questions: &[Vec<Vec<f32>>]) {
        let truth = Truth::read_or_find(self, name, questions);
        let none = |_: &SoundRef<'_>| false;
        let (mut shared, mut worst) = (0, 0.0f32);
        // Of those that vote beside a search, and of those that do so alone.
        let (mut voters, mut all_voters) = ([0; 2], 0);
        let queries: Vec<Query> = questions.iter().map(|question| self.query_of(question)).collect();
        let ask =
            |query, k| search(snapshot, query, &Scope { k, passing: None, votes: true, is_query: &none });
        // One question after the other, so that none finds in the caches what it asked for itself.
        let mut times: Vec<Duration> = (0..3)
            .flat_map(|_| &queries)
            .map(|query| {
                let begun = Instant::now();
                ask(query, RESULTS);
                begun.elapsed()
            })
            .collect();
        for (query, truth) in queries.iter().zip(&truth.0) {
            let rankings = [ask(query, RESULTS), ask(query, 0)];
            let number = |id| snapshot.get(id).unwrap().row.hash() >> 64;
            for hit in &rankings[0].hits {
                let found = truth.sounds.iter().find(|(sound, _)| u128::from(*sound) == number(hit.id));
                shared += usize::from(found.is_some());
                worst = found.map_or(worst, |(_, cosine)| worst.max((cosine - hit.similarity).abs()));
            }
            for (frame, truth) in truth.voters.iter().enumerate() {
                let truth: BTreeSet<u128> = truth.iter().map(|(sound, _)| u128::from(*sound)).collect();
                all_voters += truth.len();
                for (ranking, voters) in rankings.iter().zip(&mut voters) {
                    let found = ranking.votes[frame].iter().take(10);
                    *voters += found.filter(|vote| truth.contains(&number(vote.sound))).count();
                }
            }
        }
        times.sort();
        println!(
            "{name:<20} median {:8.2?}, recall@{RESULTS} {:.4} over {}, similarities within {worst:.4}; voters {:.4}, alone {:.4}",
            times[times.len() / 2],
            shared as f64 / (RESULTS * questions.len()) as f64,
            questions.len(),
            voters[0] as f64 / all_voters.max(1) as f64,
            voters[1] as f64 / all_voters.max(1) as f64
        );
    }

    fn in_own_process(&self, task: &str) {
        let program = std::env::current_exe().unwrap();
        // The process of its own has the questions from a file: spreading them takes memory and time.
        let mut file = std::fs::File::create(self.dir.with_extension("questions")).unwrap();
        for frame in self.mean_and_questions() {
            file.write_all(bytemuck::cast_slice(&frame)).unwrap();
        }
        let done = Command::new(program).env(TASK, task).env("EARMARK_BENCH_DIR", &self.dir).status();
        assert!(done.unwrap().success());
    }

    fn mean_and_questions(&self) -> Vec<Vec<f32>> {
        std::iter::once(self.mean.clone()).chain(self.question(QUESTIONS)).collect()
    }

    /// Writes the vectors, centred and of length 1, and the questions' frames, `[_, 512]` f32.
    fn export(&self, folder: &Path) {
        std::fs::create_dir_all(folder).unwrap();
        let quantiser = Quantiser::new(&self.mean);
        let write = |name: &str, sounds: &mut dyn Iterator<Item = Vec<Vec<f32>>>| {
            let mut file = std::io::BufWriter::new(std::fs::File::create(folder.join(name)).unwrap());
            for frame in sounds.flatten() {
                file.write_all(bytemuck::cast_slice(&quantiser.direction(&frame).0)).unwrap();
            }
        };
        write("vectors.f32", &mut (0..self.sounds).map(|number| self.sound(number).frames));
        write("questions.f32", &mut (0..QUESTIONS).map(|number| self.question(number)));
    }
}

/// Recall under a filter that one sound in so many passes. The truth is put together from filters that let so few pass
/// that all of them are compared.
fn recall_under(snapshot: &Snapshot, queries: &[Query], one_in: i64) -> f64 {
    let none = |_: &SoundRef<'_>| false;
    let hits = |query: &Query, passing: &Passing| {
        let scope = Scope { k: RESULTS, passing: Some(passing), votes: false, is_query: &none };
        search(snapshot, query, &scope).hits
    };
    let passing = Passing::new(snapshot, &|sound| sound.row.modified_ns % one_in == 0);
    let mut truth = vec![Vec::new(); queries.len()];
    for rest in (0..1000).step_by(one_in as usize) {
        let part = Passing::new(snapshot, &|sound| sound.row.modified_ns % 1000 == rest);
        truth.iter_mut().zip(queries).for_each(|(truth, query)| truth.extend(hits(query, &part)));
    }
    let mut shared = 0;
    for (truth, query) in truth.iter_mut().zip(queries) {
        truth.sort_by(|a, b| b.similarity.total_cmp(&a.similarity));
        let truth: BTreeSet<_> = truth[..RESULTS].iter().map(|hit| hit.id).collect();
        shared += hits(query, &passing).iter().filter(|hit| truth.contains(&hit.id)).count();
    }
    shared as f64 / (RESULTS * queries.len()) as f64
}

/// Adds a hundred sounds to copies of libraries, in turns: opening for writing, the commit, looking for merges.
fn adding(libraries: &[&Million; 2]) {
    let mut times: [Vec<Duration>; 2] = Default::default();
    for _ in 0..15 {
        for (million, times) in libraries.iter().zip(&mut times) {
            let copy = million.dir.with_extension("copy");
            let _ = std::fs::remove_dir_all(&copy);
            std::fs::create_dir_all(&copy).unwrap();
            for file in std::fs::read_dir(&million.dir).unwrap().map(|entry| entry.unwrap().path()) {
                // Segments never change, so the copy may share them.
                std::fs::hard_link(&file, copy.join(file.file_name().unwrap())).unwrap();
            }
            let model = Snapshot::open(&copy).unwrap().manifest().model.clone();
            let begun = Instant::now();
            let mut writer = LibraryWriter::open(&copy, &model).unwrap();
            let opened = begun.elapsed();
            let added = million.add(&mut writer, million.sounds..million.sounds + 100);
            let begun = Instant::now();
            writer.tidy(&|| false).unwrap();
            times.push(opened + added + begun.elapsed());
            drop(writer);
            std::fs::remove_dir_all(&copy).unwrap();
        }
    }
    let [small, large] = times.map(|mut times| {
        times.sort();
        times[times.len() / 2]
    });
    println!(
        "100 sounds added to {}: {small:.2?}; to {}: {large:.2?}; {:.2} times as long",
        libraries[0].sounds,
        libraries[1].sounds,
        large.as_secs_f64() / small.as_secs_f64()
    );
}

/// Resident memory of this process, where the system tells.
fn resident_mb() -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    line.and_then(|line| line.trim().trim_end_matches(" kB").parse::<f64>().ok()).unwrap_or(f64::NAN) / 1024.0
}
