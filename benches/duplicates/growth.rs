//! How the cost of looking for duplicates grows with the library, and what it finds on the way.
//!
//! Synthesised sounds, each struck resonances and noise of its own seed, are written as files and entered into libraries of
//! doubling size, without a network: the search reads embeddings only of files that are not there. One sound in ten is
//! a copy of an earlier one at another level and offset, one in twenty an excerpt. What is printed: CPU seconds, the
//! exponent of growth from the smallest to each size, and how many of the copies and excerpts were found.
#![allow(clippy::unwrap_used, missing_docs)]

use std::collections::{BTreeMap, BTreeSet};
use std::f32::consts::TAU;
use std::path::Path;
use std::time::Instant;

use earmark_demo::{Audio, SampleFormat, wav};
use earmark_engine::duplicates::{Kind, Observer, Report, Request, find};
use earmark_engine::index::{Details, LibraryWriter, ModelId, Quantiser, Snapshot, SoundId, SoundRecord};
use earmark_engine::indexing::content_hash;

const SIZES: [u32; 4] = [5_000, 10_000, 20_000, 40_000];
const RATE_HZ: u32 = 32_000;
const EMBEDDING_SIZE: u32 = 8;

fn main() {
    if !std::env::args().any(|arg| arg == "--bench") {
        // `cargo test` runs benchmarks too; this one only measures.
        return;
    }
    let sizes: Vec<u32> = match std::env::var("EARMARK_BENCH_SIZES") {
        Ok(list) => list.split(',').map(|size| size.trim().parse().unwrap()).collect(),
        Err(_) => SIZES.to_vec(),
    };
    let work = tempfile::tempdir().unwrap();
    let sounds = work.path().join("sounds");
    std::fs::create_dir(&sounds).unwrap();
    let mut planned = Vec::new();
    let mut smallest: Option<(f64, f64)> = None;
    println!(
        "sounds  audio      time      growth  candidates  copies found  excerpts found  others reported"
    );
    for size in sizes {
        while (planned.len() as u32) < size {
            let number = planned.len() as u32;
            let sound = Planned::new(number);
            std::fs::write(sounds.join(name(number)), encode(&sound)).unwrap();
            planned.push(sound);
        }
        let snapshot = library(&work.path().join(size.to_string()), &sounds, &planned);
        let request = Request { accepts: &|_| true, identical_only: false, jobs: 1, stop: &|| false };
        let begun = Clock::now();
        let report = find(&snapshot, &request, &mut Quiet);
        let time_s = begun.elapsed_s();
        let (first_size, first_s) = *smallest.get_or_insert((f64::from(size), time_s));
        let growth = (time_s / first_s).ln() / (f64::from(size) / first_size).ln();
        let found = Found::new(&report, &snapshot, &planned);
        println!(
            "{size:>6}  {:>7.0} s  {time_s:>6.2} s  {}  {:>10}  {:>12}  {:>14}  {:>15}",
            report.listened_s,
            if growth.is_finite() { format!("{growth:>6.2}") } else { "     -".to_owned() },
            report.candidates,
            found.copies,
            found.excerpts,
            found.others,
        );
    }
}

struct Quiet;

impl Observer for Quiet {
    fn planned(&mut self, _: usize, _: f64) {}
    fn listened(&mut self, _: f64) {}
    fn comparing(&mut self, _: usize) {}
}

/// What a sound is made from.
struct Planned {
    /// The seed: copies and excerpts have that of their original.
    original: u32,
    kind: Option<Kind>,
    samples: Vec<f32>,
}

impl Planned {
    fn new(number: u32) -> Self {
        let mut chance = Chance(u64::from(number) << 20 | 77);
        let earlier = |chance: &mut Chance| {
            let mut original = (chance.next() * number as f32) as u32;
            // Only what is an original itself.
            while kind_of(original).is_some() {
                original -= 1;
            }
            original
        };
        match kind_of(number) {
            Some(Kind::SameAudio) => {
                let original = earlier(&mut chance);
                let gain = 10f32.powf(-(3.0 + 9.0 * chance.next()) / 20.0);
                let silence = (chance.next() * RATE_HZ as f32) as usize;
                let mut samples = vec![0.0; silence];
                samples.extend(synthesise(original).iter().map(|sample| sample * gain));
                Self { original, kind: Some(Kind::SameAudio), samples }
            }
            Some(kind) => {
                let original = earlier(&mut chance);
                let whole = synthesise(original);
                let from = (whole.len() as f32 * (0.1 + 0.2 * chance.next())) as usize;
                let samples = whole[from..from + whole.len() / 2].to_vec();
                Self { original, kind: Some(kind), samples }
            }
            None => Self { original: number, kind: None, samples: synthesise(number) },
        }
    }
}

fn kind_of(number: u32) -> Option<Kind> {
    match number % 20 {
        7 | 13 => Some(Kind::SameAudio),
        17 => Some(Kind::Contained),
        _ => None,
    }
}

/// Half a second to a second and a half of struck resonances over noise.
fn synthesise(seed: u32) -> Vec<f32> {
    let mut chance = Chance(u64::from(seed) + 1);
    let length = (RATE_HZ as f32 * (0.5 + chance.next())) as usize;
    let mut samples = vec![0.0f32; length];
    for _ in 0..3 + (chance.next() * 4.0) as usize {
        let hz = 150.0 * 40f32.powf(chance.next());
        let damping = (-TAU * hz / (20.0 + 80.0 * chance.next()) / RATE_HZ as f32 / 2.0).exp();
        let turn = 2.0 * damping * (TAU * hz / RATE_HZ as f32).cos();
        let strikes = 1.0 + 8.0 * chance.next();
        let (mut y1, mut y2) = (0.0, 0.0);
        for sample in &mut samples {
            let struck = chance.next() < strikes / RATE_HZ as f32 * 2.0;
            let drive = if struck { 0.3 } else { 0.004 * (chance.next() - 0.5) };
            let y = drive + turn * y1 - damping * damping * y2;
            (y1, y2) = (y, y1);
            *sample += y * (1.0 - damping) * 10.0;
        }
    }
    let peak = samples.iter().fold(1e-6f32, |peak, sample| peak.max(sample.abs()));
    samples.iter_mut().for_each(|sample| *sample = *sample / peak * 0.7 + 0.003 * (chance.next() - 0.5));
    samples
}

/// Processor time where the system tells it (Linux, to a hundredth), else time by the clock.
struct Clock(Instant, Option<f64>);

impl Clock {
    fn now() -> Self {
        Self(Instant::now(), Self::processor_s())
    }

    fn elapsed_s(&self) -> f64 {
        match (self.1, Self::processor_s()) {
            (Some(begun), Some(now)) => now - begun,
            _ => self.0.elapsed().as_secs_f64(),
        }
    }

    fn processor_s() -> Option<f64> {
        let stat = std::fs::read_to_string("/proc/self/stat").ok()?;
        // After the name in parentheses, which may hold blanks: utime and stime are the 12th and 13th, in hundredths.
        let mut fields = stat.rsplit_once(')')?.1.split_whitespace().skip(11);
        let ticks = |field: &str| field.parse::<f64>().ok();
        Some((ticks(fields.next()?)? + ticks(fields.next()?)?) / 100.0)
    }
}

/// SplitMix64.
struct Chance(u64);

impl Chance {
    /// 0 to 1.
    fn next(&mut self) -> f32 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut x = self.0;
        x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((x ^ (x >> 31)) >> 40) as f32 / (1u64 << 24) as f32
    }
}

fn name(number: u32) -> String {
    format!("{number:06}.wav")
}

fn encode(sound: &Planned) -> Vec<u8> {
    let audio = Audio { sample_rate_hz: RATE_HZ, channels: vec![sound.samples.clone()] };
    wav::encode(&audio, SampleFormat::I16, &Default::default())
}

fn library(dir: &Path, sounds: &Path, planned: &[Planned]) -> Snapshot {
    let model = ModelId {
        name: "none".into(),
        version: "1".into(),
        sha256: String::new(),
        embedding_size: EMBEDDING_SIZE,
    };
    let quantiser = Quantiser::new(&[0.0; EMBEDDING_SIZE as usize]);
    let frame = quantiser.quantise(0.0, &[1.0; EMBEDDING_SIZE as usize]);
    let mut writer = LibraryWriter::open(dir, &model).unwrap();
    let root = writer.root(sounds).unwrap();
    let mut segment = writer.begin_segment().unwrap();
    for (number, sound) in (0u32..).zip(planned) {
        let path = sounds.join(name(number));
        let record = SoundRecord {
            root,
            path: name(number).into_bytes(),
            text: name(number),
            file_size: path.metadata().unwrap().len(),
            modified_ns: 0,
            content_hash: content_hash(&path, &|| false).unwrap().unwrap(),
            duration_s: sound.samples.len() as f64 / f64::from(RATE_HZ),
            sample_rate_hz: RATE_HZ,
            channels: 1,
            container: 0,
            cat: None,
            cat_source: 0,
            details: Details::default(),
        };
        segment.add(&record, std::slice::from_ref(&frame)).unwrap();
    }
    writer.commit(Some(segment), &BTreeSet::new()).unwrap();
    writer.snapshot().clone()
}

/// What a report holds of what was planned.
struct Found {
    copies: String,
    excerpts: String,
    others: usize,
}

impl Found {
    fn new(report: &Report, snapshot: &Snapshot, planned: &[Planned]) -> Self {
        let number = |id: SoundId| -> usize {
            let sound = snapshot.get(id).unwrap();
            std::str::from_utf8(&sound.path_bytes().unwrap()[..6]).unwrap().parse().unwrap()
        };
        let mut grouped: BTreeMap<Kind, BTreeSet<usize>> = BTreeMap::new();
        let mut others = 0;
        for group in &report.groups {
            let numbers: Vec<usize> = group.members.iter().map(|member| number(member.id)).collect();
            let reference = planned[numbers[0]].original;
            others += numbers.iter().filter(|number| planned[**number].original != reference).count();
            grouped.entry(group.kind).or_default().extend(numbers);
        }
        let of = |kind: Kind| {
            let wanted: Vec<usize> =
                (0..planned.len()).filter(|at| planned[*at].kind == Some(kind)).collect();
            let in_groups = |at: &&usize| grouped.values().any(|numbers| numbers.contains(at));
            format!("{} of {}", wanted.iter().filter(in_groups).count(), wanted.len())
        };
        Self { copies: of(Kind::SameAudio), excerpts: of(Kind::Contained), others }
    }
}
