//! Figures of many cells, and differences of cells that are alike in all but one choice.
//!
//! A figure is the mean over data sets of the mean over seeds. Its interval comes from samples in which groups of sounds
//! and seeds are drawn anew: groups within the cells (see [`Sampled`]), seeds here, the same draw for all data sets. The
//! data sets are not drawn: what is said is said of them.

use std::collections::BTreeMap;

use serde::Serialize;

use super::cell::Config;
use super::record::{CellRecord, Judged, Outcome};
use crate::dataset::Shuffler;
use crate::evaluate::{Sampled, bootstrap::interval};

/// Part of the samples outside an interval.
const OUTSIDE: f64 = 0.05;
/// Samples where only seeds are drawn.
const SEED_SAMPLES: usize = 1000;

/// What is measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Measure {
    /// Macro F1 of frames.
    FrameF1,
    /// Macro F1 of sounds.
    SoundF1,
    /// Mean average precision of the first ten.
    MapAt10,
    /// Davies-Bouldin index; the smaller, the better.
    DaviesBouldin,
}

/// A cell and one of the data sets that it was judged by.
#[derive(Clone, Copy, Debug)]
pub struct Row<'a> {
    /// The cell.
    pub record: &'a CellRecord,
    /// What it is worth on the data set.
    pub judged: &'a Judged,
}

/// A mean with its interval.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Effect {
    /// The mean over data sets.
    pub value: f64,
    /// The 95 % interval; `None` where neither sounds nor seeds were drawn.
    pub range: Option<(f64, f64)>,
    /// Data sets.
    pub sets: usize,
    /// Seeds.
    pub seeds: usize,
    /// Cells by data sets, or pairs of them.
    pub pairs: usize,
}

/// All figures of an experiment.
#[derive(Clone, Debug)]
pub struct Comparisons<'a> {
    rows: Vec<Row<'a>>,
}

/// A figure, or a difference of two, on a data set with a seed.
struct Entry<'a> {
    data_set: &'a str,
    seed: u64,
    first: &'a Sampled,
    less: Option<&'a Sampled>,
}

impl Measure {
    /// In words.
    pub fn name(self) -> &'static str {
        match self {
            Self::FrameF1 => "macro F1 a frame",
            Self::SoundF1 => "macro F1 a sound",
            Self::MapAt10 => "mAP@10",
            Self::DaviesBouldin => "Davies-Bouldin index",
        }
    }

    /// The figure.
    pub fn of(self, judged: &Judged) -> Option<&Sampled> {
        match self {
            Self::FrameF1 => Some(&judged.frame_f1),
            Self::SoundF1 => Some(&judged.sound_f1),
            Self::MapAt10 => Some(&judged.map_at_10),
            Self::DaviesBouldin => judged.davies_bouldin.as_ref(),
        }
    }
}

impl<'a> Comparisons<'a> {
    /// Of the cells that came out well.
    pub fn new(records: &'a [CellRecord]) -> Self {
        let rows = records.iter().flat_map(|record| {
            let judged = match &record.outcome {
                Outcome::Done(measured) => measured.judged.as_slice(),
                Outcome::Failed { .. } => &[],
            };
            judged.iter().map(move |judged| Row { record, judged })
        });
        Self { rows: rows.collect() }
    }

    /// All rows.
    pub fn rows(&self) -> &[Row<'a>] {
        &self.rows
    }

    /// The different configurations, in the order of the cells.
    pub fn configs(&self) -> Vec<&'a Config> {
        let mut all: Vec<&Config> = Vec::new();
        for row in &self.rows {
            if !all.contains(&&row.record.cell.config) {
                all.push(&row.record.cell.config);
            }
        }
        all
    }

    /// The mean figure of configurations, over all data sets or on one.
    pub fn figure(
        &self,
        measure: Measure,
        of: &dyn Fn(&Config) -> bool,
        data_set: Option<&str>,
    ) -> Option<Effect> {
        let rows = self.rows.iter().filter(|row| of(&row.record.cell.config));
        let entries = rows.filter_map(|row| entry(measure, row, None)).filter(|entry| on(entry, data_set));
        mean(&entries.collect::<Vec<_>>())
    }

    /// The mean difference of rows whose configuration is `one` from those whose configuration is `other` on the same
    /// data set with the same seed, as far as the two configurations are `alike`.
    pub fn difference(
        &self,
        measure: Measure,
        one: &dyn Fn(&Config) -> bool,
        other: &dyn Fn(&Config) -> bool,
        alike: &dyn Fn(&Config, &Config) -> bool,
        data_set: Option<&str>,
    ) -> Option<Effect> {
        let rows = |which: &dyn Fn(&Config) -> bool| -> Vec<&Row<'a>> {
            self.rows.iter().filter(|row| which(&row.record.cell.config)).collect()
        };
        let (ones, others) = (rows(one), rows(other));
        let mut entries = Vec::new();
        for first in ones {
            let (config, seed) = (&first.record.cell.config, first.record.cell.seed);
            let matching = others.iter().copied().filter(|second| {
                second.record.cell.seed == seed
                    && second.judged.data_set == first.judged.data_set
                    && alike(config, &second.record.cell.config)
            });
            entries.extend(matching.filter_map(|second| entry(measure, first, Some(second))));
        }
        entries.retain(|entry| on(entry, data_set));
        mean(&entries)
    }
}

fn entry<'a>(measure: Measure, row: &Row<'a>, less: Option<&Row<'a>>) -> Option<Entry<'a>> {
    Some(Entry {
        data_set: &row.judged.data_set,
        seed: row.record.cell.seed,
        first: measure.of(row.judged)?,
        less: match less {
            Some(less) => Some(measure.of(less.judged)?),
            None => None,
        },
    })
}

fn on(entry: &Entry<'_>, data_set: Option<&str>) -> bool {
    data_set.is_none_or(|data_set| entry.data_set == data_set)
}

impl Entry<'_> {
    fn value(&self) -> f64 {
        self.first.value - self.less.map_or(0.0, |less| less.value)
    }

    fn sample(&self, at: usize) -> f64 {
        self.first.sample(at) - self.less.map_or(0.0, |less| less.sample(at))
    }

    /// Samples that both figures have.
    fn samples(&self) -> usize {
        self.first.samples.len().min(self.less.map_or(usize::MAX, |less| less.samples.len()))
    }
}

fn mean(entries: &[Entry<'_>]) -> Option<Effect> {
    let mut sets: BTreeMap<&str, BTreeMap<u64, Vec<&Entry<'_>>>> = BTreeMap::new();
    for entry in entries {
        sets.entry(entry.data_set).or_default().entry(entry.seed).or_default().push(entry);
    }
    let sets: Vec<Vec<Vec<&Entry<'_>>>> =
        sets.into_values().map(|seeds| seeds.into_values().collect()).collect();
    let most_seeds = sets.iter().map(Vec::len).max()?;
    let average = |values: &mut dyn ExactSizeIterator<Item = f64>| {
        let count = values.len().max(1) as f64;
        values.sum::<f64>() / count
    };
    let of_seed = |entries: &[&Entry<'_>], figure: &dyn Fn(&Entry<'_>) -> f64| {
        average(&mut entries.iter().map(|entry| figure(entry)))
    };
    let value = average(
        &mut sets
            .iter()
            .map(|seeds| average(&mut seeds.iter().map(|entries| of_seed(entries, &|entry| entry.value())))),
    );
    let samples = entries.iter().map(Entry::samples).min().unwrap_or(0);
    let count = match samples {
        0 if most_seeds > 1 => SEED_SAMPLES,
        samples => samples,
    };
    let mut chance = Shuffler::new(1);
    let replicates: Vec<f64> = (0..count)
        .map(|at| {
            // One draw of seeds for all data sets: a training across them has one seed for all.
            let draw: Vec<f64> =
                (0..most_seeds).map(|_| chance.below(1 << 24) as f64 / f64::from(1 << 24)).collect();
            average(&mut sets.iter().map(|seeds| {
                let drawn = draw.iter().take(seeds.len());
                let drawn = drawn.map(|part| &seeds[(part * seeds.len() as f64) as usize]);
                average(&mut drawn.map(|entries| of_seed(entries, &|entry| entry.sample(at))))
            }))
        })
        .collect();
    Some(Effect {
        value,
        range: interval(&replicates, OUTSIDE),
        sets: sets.len(),
        seeds: most_seeds,
        pairs: entries.len(),
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::experiment::record::Measured;
    use crate::experiment::{Cell, Recipe, Scenario};
    use crate::loss::Loss;

    fn record(loss: &str, data_set: &str, seed: u64, value: f64, samples: &[f64]) -> CellRecord {
        let sampled = Sampled::new(value, samples.iter().copied().cycle().take(100 * samples.len()));
        let judged = Judged {
            data_set: data_set.into(),
            frames: 1,
            groups: 1,
            frame_f1: sampled.clone(),
            sound_f1: sampled.clone(),
            map_at_10: sampled,
            davies_bouldin: None,
            sounds: Vec::new(),
        };
        let recipe = Recipe { scenario: Scenario::Within, loss: Loss::named(loss).unwrap(), several: None };
        CellRecord {
            id: String::new(),
            cell: Cell { config: Config::Trained(recipe), data_set: Some(data_set.into()), seed },
            seconds: 0.0,
            outcome: Outcome::Done(Measured {
                epochs: 1,
                frames: 1,
                validation_f1: None,
                judged: vec![judged],
            }),
        }
    }

    fn is(loss: &'static str) -> impl Fn(&Config) -> bool {
        move |config| config.recipe().is_some_and(|it| it.loss == Loss::named(loss).unwrap())
    }

    #[test]
    fn differences_are_paired_by_set_and_seed_and_sets_count_alike() {
        let records = [
            record("contrastive", "a", 1, 0.6, &[0.5, 0.7]),
            record("contrastive", "a", 2, 0.8, &[0.7, 0.9]),
            record("contrastive", "b", 1, 0.5, &[0.5, 0.5]),
            record("cross-entropy", "a", 1, 0.5, &[0.4, 0.6]),
            record("cross-entropy", "a", 2, 0.5, &[0.4, 0.6]),
            record("cross-entropy", "b", 1, 0.9, &[0.9, 0.9]),
            // Without a partner.
            record("cross-entropy", "c", 1, 0.1, &[0.1, 0.1]),
        ];
        let all = Comparisons::new(&records);
        let any = |_: &Config, _: &Config| true;
        let (one, other) = (is("contrastive"), is("cross-entropy"));
        let effect = all.difference(Measure::FrameF1, &one, &other, &any, None).unwrap();
        // By hand: on a 0.1 and 0.3, mean 0.2; on b −0.4; mean −0.1.
        assert!((effect.value + 0.1).abs() < 1e-12, "{effect:?}");
        assert_eq!((effect.sets, effect.seeds, effect.pairs), (2, 2, 3));
        let on_a = all.difference(Measure::FrameF1, &one, &other, &any, Some("a")).unwrap();
        let (low, high) = on_a.range.unwrap();
        assert!((low - 0.1).abs() < 1e-6 && (high - 0.3).abs() < 1e-6, "seeds are drawn: {low} {high}");
        let on_b = all.difference(Measure::FrameF1, &one, &other, &any, Some("b")).unwrap();
        assert!((on_b.value + 0.4).abs() < 1e-12 && on_b.pairs == 1);
        assert_eq!(all.difference(Measure::DaviesBouldin, &one, &other, &any, None), None);
        assert_eq!(all.difference(Measure::FrameF1, &one, &other, &any, Some("c")), None);
        let mean = all.figure(Measure::FrameF1, &other, None).unwrap();
        assert!((mean.value - 0.5).abs() < 1e-12 && mean.sets == 3);
    }

    #[test]
    fn without_draws_of_sounds_or_seeds_there_is_no_interval() {
        let one_seed = [record("contrastive", "a", 1, 0.6, &[])];
        let all = Comparisons::new(&one_seed);
        assert_eq!(all.figure(Measure::FrameF1, &is("contrastive"), None).unwrap().range, None);
        let two = [record("contrastive", "a", 1, 0.6, &[]), record("contrastive", "a", 2, 0.8, &[])];
        let range = Comparisons::new(&two).figure(Measure::FrameF1, &is("contrastive"), None).unwrap().range;
        assert!(range.is_some_and(|(low, high)| (low - 0.6).abs() < 1e-9 && (high - 0.8).abs() < 1e-9));
    }
}
