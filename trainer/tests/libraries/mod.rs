//! Three small libraries of made-up spectrograms, with taxonomies of their own.
//!
//! A class is how far two partials lie apart; where they lie, how loud they are, when they begin and what noise there is
//! under them says nothing about it. Libraries differ in level, tilt and noise.

use std::path::Path;
use std::sync::Arc;

use burn::tensor::Device;
use earmark_engine::network::Card;
use earmark_trainer::augmentation::Augmentation;
use earmark_trainer::random::Random;
use earmark_trainer::sampling::Sampling;
use earmark_trainer::training::{Columns, Example, MemoryColumns, Plan, TrainingSet};

pub(crate) const COLUMNS: usize = 20;
pub(crate) const BANDS: usize = 16;
const GAPS: [usize; 4] = [2, 4, 6, 9];
const CLIPS_PER_CLASS: usize = 32;

/// The card of aiSFX for small frames.
pub(crate) fn card() -> Card {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../models/aisfx/card.toml");
    let mut card = Card::read(&path).expect("the card that ships");
    (card.frames.columns, card.frames.hop_columns) = (COLUMNS as u32, COLUMNS as u32);
    card.front_end.mel_bands = BANDS as u32;
    card
}

pub(crate) fn cpu() -> Device {
    Device::flex()
}

/// A plan for the tiny network that takes a second.
pub(crate) fn plan() -> Plan {
    let mut plan = Plan::default();
    plan.model.name = "toy".into();
    plan.model.network = "tiny".into();
    plan.model.head = vec![];
    plan.sampling = Sampling { classes_per_batch: 8, frames_per_class: 4, ..Sampling::default() };
    plan.augmentation = Augmentation { shift_columns: 3, gain_db: 3.0, ..Augmentation::none() };
    plan.optimiser.epochs = 14;
    plan.optimiser.learning_rate = 0.01;
    plan.optimiser.warm_up_epochs = 1.0;
    plan.optimiser.average_decay = 0.9;
    plan.optimiser.patience = 0;
    plan
}

fn clip(class: usize, tilt: f32, noise: f32, random: &mut Random) -> Vec<f32> {
    let gap = GAPS[class];
    let low = random.below(BANDS - gap);
    let (begin, level) = (random.below(COLUMNS / 3), random.between(0.3, 0.6));
    let mut columns = vec![0.0; COLUMNS * BANDS];
    for (at, value) in columns.iter_mut().enumerate() {
        let (column, band) = (at / BANDS, at % BANDS);
        let sounds = column >= begin && (band == low || band == low + gap);
        *value = if sounds { level } else { 0.0 };
        *value += noise * random.unit() + tilt * band as f32 / BANDS as f32;
    }
    columns
}

fn library(name: &str, number: u64, seed: u64, labelled: bool) -> TrainingSet {
    let mut random = Random::new(seed, &[number]);
    let (tilt, noise) = ([0.0, 0.3, 0.1][number as usize % 3], [0.1, 0.15, 0.2][number as usize % 3]);
    let (mut clips, mut train, mut validation) = (Vec::new(), Vec::new(), Vec::new());
    for at in 0..GAPS.len() * CLIPS_PER_CLASS {
        // Every library numbers its classes in its own way.
        let class = at % GAPS.len();
        let label = if labelled { (class + number as usize) % GAPS.len() } else { 0 };
        clips.push(clip(class, tilt, noise, &mut random));
        let example = Example { clip: at, start: 0, label, copy: 0 };
        if labelled && at % 4 == (at / 16) % 4 { validation.push(example) } else { train.push(example) }
    }
    let columns: Arc<dyn Columns> = Arc::new(MemoryColumns { bands: BANDS, clips });
    TrainingSet {
        name: name.into(),
        clips: (0..GAPS.len() * CLIPS_PER_CLASS).map(|at| format!("{name}/{at}.wav")).collect(),
        groups: (0..GAPS.len() * CLIPS_PER_CLASS).collect(),
        classes: if labelled { GAPS.len() } else { 0 },
        columns: vec![columns],
        train,
        validation,
    }
}

pub(crate) fn libraries(seed: u64) -> Vec<TrainingSet> {
    ["films", "games", "field"].into_iter().zip(0..).map(|(name, at)| library(name, at, seed, true)).collect()
}

pub(crate) fn unlabelled(seed: u64) -> TrainingSet {
    library("attic", 3, seed, false)
}

/// Fills the columns of a clip that is trained on with `value`.
pub(crate) fn spoil(set: &mut TrainingSet, frame: usize, value: f32) {
    struct Spoilt(Arc<dyn Columns>, usize, f32);
    impl Columns for Spoilt {
        fn copy(&self, clip: usize, start: i64, out: &mut [f32]) {
            self.0.copy(clip, start, out);
            if clip == self.1 {
                out.fill(self.2);
            }
        }
    }
    let clip = set.train[frame].clip;
    set.columns[0] = Arc::new(Spoilt(Arc::clone(&set.columns[0]), clip, value));
}
