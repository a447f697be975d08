//! How many frames a second are trained on: augmentation, forward, cross-entropy, backward, AdamW, moving average.
//!
//! `RAYON_NUM_THREADS=2 cargo bench --workspace --bench step -- compact 32 40`: network, frames of a batch, batches.
//! `step.py` beside it measures PyTorch on the same network.
#![allow(clippy::unwrap_used)]

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use earmark_engine::network::Card;
use earmark_trainer::random::Random;
use earmark_trainer::sampling::Sampling;
use earmark_trainer::training::{
    DeviceChoice, EpochMetrics, Example, MemoryColumns, Observer, Plan, Trainer, TrainingSet, open_device,
};

const CLASSES: usize = 8;
/// Batches that are not counted.
const WARM_UP: usize = 3;

/// Stops after so many batches and tells how long each took.
struct Clock<'a> {
    stop: &'a AtomicBool,
    batches: usize,
    last: Instant,
    times_s: Vec<f64>,
}

impl Observer for Clock<'_> {
    fn batch(&mut self, _batch: [usize; 2], _epoch: [usize; 2], _loss: f64, _macro_f1: Option<f64>) {
        self.times_s.push(self.last.elapsed().as_secs_f64());
        self.last = Instant::now();
        self.stop.store(self.times_s.len() >= self.batches + WARM_UP, Ordering::Relaxed);
    }

    fn epoch(&mut self, _metrics: &EpochMetrics) {}
}

fn main() {
    let args: Vec<String> = std::env::args().skip(1).filter(|arg| !arg.starts_with('-')).collect();
    let network = args.first().map_or("compact", String::as_str);
    let number = |at: usize, default: usize| args.get(at).and_then(|arg| arg.parse().ok()).unwrap_or(default);
    let (rows, batches) = (number(1, 32), number(2, 40));
    let device: DeviceChoice = args.get(3).map_or("cpu", String::as_str).parse().unwrap();
    let card = Path::new(env!("CARGO_MANIFEST_DIR")).join("../models/aisfx/card.toml");
    let card = Card::read(&card).unwrap();
    let (columns, bands) = (card.frames.columns as usize, card.front_end.mel_bands as usize);
    let mut random = Random::new(1, &[]);
    // Enough that an epoch does not end.
    let frames = rows * (batches + WARM_UP + 1);
    let clip = |_| (0..columns * bands).map(|_| random.unit()).collect();
    let clips = (0..64).map(clip).collect();
    let train = (0..frames).map(|at| Example { clip: at % 64, start: 0, label: at % CLASSES, copy: 0 });
    let set = TrainingSet {
        name: "noise".into(),
        clips: Vec::new(),
        groups: Vec::new(),
        classes: CLASSES,
        columns: vec![Arc::new(MemoryColumns { bands, clips })],
        train: train.collect(),
        validation: Vec::new(),
    };
    let mut plan = Plan::default();
    plan.model.network = network.into();
    plan.sampling = Sampling {
        classes_per_batch: CLASSES,
        frames_per_class: rows.div_ceil(CLASSES),
        ..Sampling::default()
    };
    let macs = plan.architecture().unwrap().macs(columns, bands);
    let folder = tempfile::tempdir().unwrap();
    let device = open_device(device).unwrap();
    let mut trainer = Trainer::new(plan, vec![set], None, card, None, folder.path(), device).unwrap();
    let stop = AtomicBool::new(false);
    let mut clock = Clock { stop: &stop, batches, last: Instant::now(), times_s: Vec::new() };
    trainer.run(&mut clock, &stop).unwrap();
    let mut times_s = clock.times_s.split_off(WARM_UP);
    times_s.sort_by(f64::total_cmp);
    let median_s = times_s[times_s.len() / 2];
    println!(
        "{network} ({:.3} GMAC), batches of {rows}: {:.1} frames/s by the median of {} batches ({:.3} s to {:.3} s)",
        macs as f64 / 1e9,
        rows as f64 / median_s,
        times_s.len(),
        times_s[0],
        times_s[times_s.len() - 1]
    );
}
