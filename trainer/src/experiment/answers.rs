//! What the figures of an experiment mean, in words.
//!
//! A sentence says *better* or *worse* where the whole 95 % interval of the paired difference lies on one side of 0, and
//! that no difference is shown where it does not. The questions are those that Ma and Lerch ask (ISMIR 2022,
//! arXiv:2208.09096): what metric learning, training across data sets, UCS labels and the ways to combine them are
//! worth beside cross-entropy within a data set.

use serde::Serialize;

use super::cell::Config;
use super::comparison::{Comparisons, Effect, Measure};
use super::questions::{across, focal, metric_learning, mixing, normalisation, state_of_the_art, transfer};
use super::record::{CellRecord, Outcome};

/// What an interval says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// All of it is better.
    Better,
    /// All of it is worse.
    Worse,
    /// 0 lies in it.
    NoDifference,
    /// There is none.
    Unknown,
}

/// A comparison in words.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Finding {
    /// One sentence with its numbers.
    pub sentence: String,
    /// What it says.
    pub verdict: Verdict,
    /// The numbers.
    pub effect: Effect,
}

/// A question and what the cells say to it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Answer {
    /// The question.
    pub question: &'static str,
    /// Findings, the most general ones first; none where the grid has no such pairs of cells.
    pub findings: Vec<Finding>,
}

/// The configuration that validation chose.
#[derive(Clone, Debug, PartialEq)]
pub struct BestModel<'a> {
    /// How it was trained.
    pub config: &'a Config,
    /// Mean macro F1 on the validation sides; none where there was no choice to make.
    pub validation_f1: Option<f64>,
    /// Data sets that it was judged by.
    pub sets: usize,
}

impl Verdict {
    /// Of a difference in a measure.
    pub fn of(measure: Measure, effect: &Effect) -> Self {
        let Some((low, high)) = effect.range else { return Self::Unknown };
        let smaller_is_better = measure == Measure::DaviesBouldin;
        match () {
            () if low > 0.0 && !smaller_is_better || high < 0.0 && smaller_is_better => Self::Better,
            () if high < 0.0 || low > 0.0 => Self::Worse,
            () => Self::NoDifference,
        }
    }
}

/// The research questions, answered from the cells that were computed.
pub fn answers(records: &[CellRecord]) -> Vec<Answer> {
    let all = Comparisons::new(records);
    let answer = |question, findings| Answer { question, findings };
    vec![
        answer("Does metric learning beat cross-entropy?", metric_learning(&all)),
        answer("Does training across data sets help?", across(&all)),
        answer("Does what is learnt from UCS labels transfer to other data sets?", transfer(&all)),
        answer("Is it better to mix data sets sequentially or jointly?", mixing(&all)),
        answer("Does focal data-set regularisation (FDR) help?", focal(&all)),
        answer("Does batch normalisation (BN) per data set help?", normalisation(&all)),
        answer("Is the best model better than the state of the art?", state_of_the_art(&all, records)),
    ]
}

/// The configuration of the best validation among those that were judged by most data sets; where there is one alone,
/// that one.
///
/// It is not chosen by the sounds that it is judged by, which would flatter it.
pub fn best_model(records: &[CellRecord]) -> Option<BestModel<'_>> {
    let all = Comparisons::new(records);
    let trained = all.configs().into_iter().filter(|config| config.recipe().is_some());
    let candidates: Vec<BestModel<'_>> = trained
        .filter_map(|config| {
            let of_config = records.iter().filter(|record| record.cell.config == *config);
            let validations: Vec<f64> = of_config
                .filter_map(|record| match &record.outcome {
                    Outcome::Done(measured) => measured.validation_f1,
                    Outcome::Failed { .. } => None,
                })
                .collect();
            let sets = all.figure(Measure::FrameF1, &|other| other == config, None)?.sets;
            let sum = validations.iter().sum::<f64>();
            let validation_f1 = (!validations.is_empty()).then(|| sum / validations.len() as f64);
            Some(BestModel { config, validation_f1, sets })
        })
        .collect();
    let most = candidates.iter().map(|it| it.sets).max()?;
    let mut widest: Vec<_> = candidates.into_iter().filter(|it| it.sets == most).collect();
    if widest.len() > 1 {
        widest.retain(|it| it.validation_f1.is_some());
    }
    let validation = |it: &BestModel<'_>| it.validation_f1.unwrap_or(0.0);
    widest.into_iter().max_by(|a, b| validation(a).total_cmp(&validation(b)))
}

/// A difference of macro F1 a frame as a sentence.
pub(super) fn finding(one: &str, other: &str, place: &str, effect: Option<Effect>) -> Option<Finding> {
    let effect = effect?;
    let verdict = Verdict::of(Measure::FrameF1, &effect);
    let claim = match verdict {
        Verdict::Better => format!("{one} is better than {other}{place}"),
        Verdict::Worse => format!("{one} is worse than {other}{place}"),
        Verdict::NoDifference => format!("No difference is shown between {one} and {other}{place}"),
        Verdict::Unknown => {
            format!("{one} beside {other}{place}, without an interval, so nothing is claimed")
        }
    };
    let range = effect.range.map(|(low, high)| format!(" [{low:+.3}, {high:+.3}]")).unwrap_or_default();
    let counted = |count: usize, noun: &str| format!("{count} {noun}{}", if count == 1 { "" } else { "s" });
    let sentence = format!(
        "{}: {} {:+.3}{range} ({}, {}, {}).",
        capital(&claim),
        Measure::FrameF1.name(),
        effect.value,
        counted(effect.sets, "data set"),
        counted(effect.seeds, "seed"),
        counted(effect.pairs, "pair")
    );
    Some(Finding { sentence, verdict, effect })
}

fn capital(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or(String::new(), |first| first.to_uppercase().chain(letters).collect())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::evaluate::Sampled;
    use crate::experiment::{Cell, Judged, Measured, Recipe, Scenario, Several};
    use crate::loss::Loss;
    use crate::network::Normalisation;
    use crate::sampling::Mixing;

    fn judged(data_set: &str, value: f64) -> Judged {
        // The samples of all cells move together, as those of the same sounds do.
        let sampled = Sampled::new(value, [-0.05, 0.0, 0.05].map(|step| value + step));
        Judged {
            data_set: data_set.into(),
            frames: 1,
            groups: 1,
            frame_f1: sampled.clone(),
            sound_f1: sampled.clone(),
            map_at_10: sampled,
            davies_bouldin: None,
            sounds: Vec::new(),
        }
    }

    fn record(config: Config, data_set: Option<&str>, values: &[(&str, f64)]) -> CellRecord {
        let judged = values.iter().map(|(set, value)| judged(set, *value)).collect();
        let measured = Measured { epochs: 1, frames: 1, validation_f1: Some(values[0].1), judged };
        CellRecord {
            id: String::new(),
            cell: Cell { config, data_set: data_set.map(Into::into), seed: 1 },
            seconds: 0.0,
            outcome: Outcome::Done(measured),
        }
    }

    fn trained(scenario: Scenario, loss: &str, mixing: Option<Mixing>) -> Config {
        let several =
            mixing.map(|mixing| Several { mixing, focal_gamma: 0.0, normalisation: Normalisation::Shared });
        Config::Trained(Recipe { scenario, loss: Loss::named(loss).unwrap(), several })
    }

    fn records() -> Vec<CellRecord> {
        use Scenario::{Cross, UcsTransfer, Within};
        let (joint, sequential) = (Some(Mixing::Joint), Some(Mixing::Sequential));
        vec![
            record(Config::Reference { model: "mfcc".into() }, None, &[("a", 0.3), ("b", 0.3)]),
            record(Config::Reference { model: "aisfx".into() }, None, &[("a", 0.8), ("b", 0.8)]),
            record(trained(Within, "cross-entropy", None), Some("a"), &[("a", 0.5)]),
            record(trained(Within, "cross-entropy", None), Some("b"), &[("b", 0.6)]),
            record(trained(Within, "contrastive", None), Some("a"), &[("a", 0.4)]),
            record(trained(Within, "contrastive", None), Some("b"), &[("b", 0.4)]),
            record(trained(Cross, "cross-entropy", joint), None, &[("a", 0.7), ("b", 0.7)]),
            record(trained(Cross, "cross-entropy", sequential), None, &[("a", 0.7), ("b", 0.7)]),
            record(trained(UcsTransfer, "cross-entropy", joint), None, &[("b", 0.35)]),
        ]
    }

    #[test]
    fn sentences_say_what_the_intervals_do() {
        let answers = answers(&records());
        let of = |at: usize| -> Vec<&str> {
            answers[at].findings.iter().map(|finding| finding.sentence.as_str()).collect()
        };
        assert_eq!(
            of(0),
            ["Contrastive is worse than cross-entropy in the scenario within: macro F1 a frame -0.150 \
              [-0.150, -0.150] (2 data sets, 1 seed, 2 pairs)."]
        );
        assert!(of(1)[0].starts_with(
            "Training across data sets is better than training within each one: macro F1 a frame +0.150"
        ));
        assert!(
            of(2)[0]
                .starts_with("UCS transfer is worse than training within each one: macro F1 a frame -0.250")
        );
        assert!(of(2).iter().any(|it| it.starts_with("UCS transfer is better than MFCCs")));
        assert!(of(3)[0].starts_with("No difference is shown between sequential mixing and joint mixing"));
        assert!(of(4).is_empty() && of(5).is_empty(), "no such cells");
        assert!(of(6).iter().any(|it| it.contains("is better than mfcc")));
        assert!(of(6).iter().any(|it| it.contains("is worse than aisfx") && it.contains("-0.100")));
    }

    #[test]
    fn the_best_model_is_chosen_by_validation_among_those_judged_by_all_sets() {
        let mut records = records();
        // Outstanding, but judged by one set of two.
        records.push(record(trained(Scenario::UcsTransfer, "contrastive", None), None, &[("b", 0.99)]));
        let best = best_model(&records).unwrap();
        assert_eq!((best.config.scenario(), best.sets), (Some(Scenario::Cross), 2));
        assert_eq!(best_model(&records[..2]), None, "nothing was trained");
        // Without validation nothing can be chosen, unless there is one alone.
        records.retain(|record| record.cell.config.scenario() != Some(Scenario::Within));
        for record in &mut records {
            let Outcome::Done(measured) = &mut record.outcome else { panic!("none has failed") };
            measured.validation_f1 = None;
        }
        assert_eq!(best_model(&records), None);
        let best = best_model(&records[..3]).unwrap();
        assert_eq!((best.config, best.validation_f1), (&records[2].cell.config, None));
        let sentence = &answers(&records[..3])[6].findings[1].sentence;
        assert!(sentence.starts_with("The one that was trained (") && sentence.contains("worse than aisfx"));
    }

    #[test]
    fn a_smaller_davies_bouldin_index_is_better() {
        let effect = Effect { value: -1.0, range: Some((-2.0, -0.5)), sets: 1, seeds: 1, pairs: 1 };
        assert_eq!(Verdict::of(Measure::DaviesBouldin, &effect), Verdict::Better);
        assert_eq!(Verdict::of(Measure::FrameF1, &effect), Verdict::Worse);
        let none = Effect { range: None, ..effect };
        assert_eq!(Verdict::of(Measure::FrameF1, &none), Verdict::Unknown);
    }
}
