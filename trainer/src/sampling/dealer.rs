//! Dealing out the frames of one data set, class by class.

use std::collections::BTreeMap;

use super::deck::Deck;
use super::epoch::{Batch, Frames, Imbalance, Recordings, Sampling, Segment};
use crate::random::Random;

/// One data set's frames, ready to be dealt.
pub(super) struct Dealer {
    data_set: usize,
    /// How many there are.
    pub(super) frames: usize,
    frames_per_class: usize,
    classes: Vec<Class>,
    /// Places in `classes`, for when all are alike.
    turns: Deck,
    balanced: bool,
}

/// The frames of a class.
struct Class {
    label: usize,
    weight: f64,
    frames: ClassFrames,
}

/// How the frames of a class are drawn.
enum ClassFrames {
    Any(Deck),
    /// Places of recordings, and the frames of each.
    OfRecordings(Deck, Vec<Deck>),
}

impl ClassFrames {
    fn new(frames: Vec<(usize, usize)>, recordings: Recordings, random: &mut Random) -> Self {
        if recordings == Recordings::Any {
            return Self::Any(Deck::new(frames.into_iter().map(|(_, frame)| frame).collect(), random));
        }
        let mut by_recording: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
        for (recording, frame) in frames {
            by_recording.entry(recording).or_default().push(frame);
        }
        let decks: Vec<_> = by_recording.into_values().map(|frames| Deck::new(frames, random)).collect();
        Self::OfRecordings(Deck::new((0..decks.len()).collect(), random), decks)
    }

    fn draw(&mut self, count: usize, random: &mut Random) -> Vec<usize> {
        match self {
            Self::Any(deck) => (0..count).filter_map(|_| deck.draw(random)).collect(),
            Self::OfRecordings(turns, decks) => {
                let recordings = turns.draw_different(count, random);
                recordings.into_iter().filter_map(|recording| decks[recording].draw(random)).collect()
            }
        }
    }
}

impl Dealer {
    pub(super) fn new(data_set: usize, all: &Frames, sampling: &Sampling, random: &mut Random) -> Self {
        let mut by_class: BTreeMap<usize, Vec<(usize, usize)>> = BTreeMap::new();
        for (frame, (&label, &recording)) in all.labels.iter().zip(&all.recordings).enumerate() {
            by_class.entry(label).or_default().push((recording, frame));
        }
        let classes: Vec<_> = by_class
            .into_iter()
            .map(|(label, frames)| {
                let count = frames.len() as f64;
                let weight = match sampling.imbalance {
                    Imbalance::Balanced => 1.0,
                    Imbalance::SquareRoot => count.sqrt(),
                    Imbalance::Natural => count,
                };
                Class { label, weight, frames: ClassFrames::new(frames, sampling.recordings, random) }
            })
            .collect();
        let turns = Deck::new((0..classes.len()).collect(), random);
        Self {
            data_set,
            frames: all.labels.len(),
            frames_per_class: sampling.frames_per_class,
            classes,
            turns,
            balanced: sampling.imbalance == Imbalance::Balanced,
        }
    }

    /// Adds a segment of `classes` classes to a batch.
    pub(super) fn deal(&mut self, classes: usize, batch: &mut Batch, random: &mut Random) {
        let start = batch.frames.len();
        let wanted = classes.min(self.classes.len());
        // Fewer classes than wanted give more frames each, so that no batch is small.
        let each = self.frames_per_class * classes / wanted.max(1);
        for at in self.choose(wanted, random) {
            let class = &mut self.classes[at];
            let drawn = class.frames.draw(each, random);
            batch.labels.extend(std::iter::repeat_n(class.label, drawn.len()));
            batch.frames.extend(drawn);
        }
        batch.segments.push(Segment { data_set: self.data_set, rows: start..batch.frames.len() });
    }

    fn choose(&mut self, count: usize, random: &mut Random) -> Vec<usize> {
        if self.balanced {
            return self.turns.draw_different(count, random);
        }
        // Without replacement, by weight (Efraimidis and Spirakis 2006): the largest of u^(1/w).
        let key =
            |(at, class): (usize, &Class)| (f64::from(random.unit()).max(1e-12).ln() / class.weight, at);
        let mut keys: Vec<_> = self.classes.iter().enumerate().map(key).collect();
        keys.sort_by(|left, right| right.0.total_cmp(&left.0));
        keys.into_iter().take(count).map(|(_, at)| at).collect()
    }
}
