//! Shares against truth: how often what is shown at 80 % is right.

use earmark_engine::index::{SoundId, SoundRef};
use earmark_engine::search::{Neighbours, neighbours};
use earmark_engine::ucs::{CatIndex, Catalogue};
use earmark_labelling::judgement::{Candidates, Weights};
use earmark_labelling::tag::LEAST_SHARE;
use earmark_labelling::words::{Lexicon, Reading, sources_of};

use crate::sets::Set;

/// What is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Scenario {
    /// The library's own labels, the bank and words.
    Both,
    /// One recording in five is labelled.
    FewLabels,
    /// No labels of one's own: the bank and words.
    BankAndWords,
    /// The library's own labels and the bank.
    Audio,
    /// The bank alone.
    Bank,
    /// Words alone.
    Words,
}

pub(crate) const SCENARIOS: [(Scenario, &str); 6] = [
    (Scenario::Both, "own labels, bank and words"),
    (Scenario::FewLabels, "one recording in five labelled, bank and words"),
    (Scenario::BankAndWords, "no labels: bank and words"),
    (Scenario::Audio, "audio alone: own labels and bank"),
    (Scenario::Bank, "audio alone, no labels: bank"),
    (Scenario::Words, "words alone"),
];

/// The labelled sounds of a set with what is known of them.
pub(crate) struct Cases {
    pub set: String,
    pub cases: Vec<(Scenario, CatIndex, Candidates)>,
}

impl Cases {
    pub(crate) fn of(set: &Set) -> Self {
        let asked: Vec<SoundId> =
            set.snapshot.sounds().filter(|(_, sound)| sound.cat().is_some()).map(|(id, _)| id).collect();
        let group = |sound: &SoundRef<'_>| set.group(sound);
        let few = |_: SoundId, sound: &SoundRef<'_>| {
            set.group(sound).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 32 & 7 < 2
        };
        let mut cases = Vec::new();
        let near_of = |votes: &(dyn Fn(SoundId, &SoundRef<'_>) -> bool + Sync)| {
            let mut near = vec![Neighbours::default(); asked.len()];
            neighbours(&set.snapshot, &asked, &set.neighbourhood(votes, &group), &mut |at, found| {
                near[at] = found
            });
            near
        };
        let (all, few, none) = (near_of(&|_, _| true), near_of(&few), near_of(&|_, _| false));
        for (at, id) in asked.iter().enumerate() {
            let sound = set.snapshot.get(*id).unwrap();
            let truth = sound.cat().and_then(CatIndex::new).unwrap();
            let reading = Reading::new(Lexicon::builtin(), &sources_of(&set.snapshot, &sound));
            let (silent, blank) = (Neighbours::default(), Reading::default());
            for (scenario, _) in SCENARIOS {
                let (near, reading) = match scenario {
                    Scenario::Both => (&all[at], &reading),
                    Scenario::FewLabels => (&few[at], &reading),
                    Scenario::BankAndWords => (&none[at], &reading),
                    Scenario::Audio => (&all[at], &blank),
                    Scenario::Bank => (&none[at], &blank),
                    Scenario::Words => (&silent, &reading),
                };
                cases.push((scenario, truth, Candidates::new(near, reading)));
            }
        }
        Self { set: set.name.clone(), cases }
    }
}

#[derive(Clone, Copy, Default)]
struct Tally {
    count: usize,
    right: usize,
    share: f64,
}

/// Prints tables for the sets that are wanted.
pub(crate) fn report(all: &[Cases], weights: &Weights, wanted: impl Fn(&str) -> bool, title: &str) {
    println!("\n## Suggestions {title}\n");
    println!(
        "| what is asked | sounds | first right | its Category right | suggested | of these right | share shown → right (suggestions) |"
    );
    println!("|---|---|---|---|---|---|---|");
    for (scenario, name) in SCENARIOS {
        let (mut sounds, mut first, mut category, mut shown) = (0usize, 0usize, 0usize, Tally::default());
        let mut bins = [Tally::default(); 10];
        let mut per_set = Vec::new();
        for set in all.iter().filter(|set| wanted(&set.set)) {
            let mut own = Tally::default();
            for (_, truth, candidates) in set.cases.iter().filter(|case| case.0 == scenario) {
                let judgement = candidates.judge(weights);
                sounds += 1;
                own.count += 1;
                let best = judgement.shares.first();
                let right = best.is_some_and(|best| best.0 == *truth);
                first += usize::from(right);
                own.right += usize::from(right);
                let of = |cat: CatIndex| Catalogue::builtin().get(cat).category.clone();
                category += usize::from(best.is_some_and(|best| of(best.0) == of(*truth)));
                if best.is_some_and(|best| best.1 >= LEAST_SHARE) {
                    shown.count += 1;
                    shown.right += usize::from(right);
                }
                for (cat, share) in judgement.shares.iter().filter(|share| share.1 >= 0.1) {
                    let bin = &mut bins[((share * 10.0) as usize).min(9)];
                    bin.count += 1;
                    bin.right += usize::from(cat == truth);
                    bin.share += f64::from(*share);
                }
            }
            per_set.push(format!("{} {:.0} %", set.set, percent(own.right, own.count)));
        }
        let table: Vec<String> = bins
            .iter()
            .filter(|bin| bin.count >= 20)
            .map(|bin| {
                format!(
                    "{:.0} → {:.0} ({})",
                    bin.share / bin.count as f64 * 100.0,
                    percent(bin.right, bin.count),
                    bin.count
                )
            })
            .collect();
        println!(
            "| {name} | {sounds} | {:.0} % | {:.0} % | {:.0} % | {:.0} % | {} |",
            percent(first, sounds),
            percent(category, sounds),
            percent(shown.count, sounds),
            percent(shown.right, shown.count),
            table.join(", ")
        );
        eprintln!("{name}: {}", per_set.join(", "));
    }
}

fn percent(part: usize, whole: usize) -> f64 {
    part as f64 / whole.max(1) as f64 * 100.0
}
