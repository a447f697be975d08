//! Combines what a sound sounds like with what is written about it.
//!
//! A conditional logit (McFadden 1974): every candidate has a few features, "none of these" has its own, and the shares
//! are the softmax of their weighted sums. Fitted by maximum likelihood, such shares are calibrated on what they were
//! fitted on; how far they are elsewhere is in `benches/RESULTS.md`. The weights were fitted by
//! `benches/labelling/quality.rs` on some of the labelled sets and judged on the others.

use std::collections::BTreeSet;

use earmark_engine::search::{Neighbours, Vote};
use earmark_engine::ucs::{CatIndex, Catalogue};

use crate::hearing::Heard;
use crate::words::Reading;

/// Features of a candidate.
pub const FEATURES: usize = 11;
/// Features of "none of these".
pub const NONE_FEATURES: usize = 4;
/// Candidates taken from each vote, and from the words.
const FROM_VOTE: usize = 8;
const FROM_WORDS: usize = 12;

/// Weights of the features.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Weights {
    /// Of a candidate's features.
    pub candidate: [f32; FEATURES],
    /// Of those of "none of these".
    pub none: [f32; NONE_FEATURES],
}

/// Fitted on seven of the labelled sets; see the module.
pub const WEIGHTS: Weights = Weights {
    candidate: [1.159, 0.684, 1.947, -0.91, 0.448, 0.949, 1.547, 0.606, 0.554, -1.57, 0.474],
    none: [2.785, 1.345, 0.667, -0.679],
};

/// The candidates of a sound with their features.
#[derive(Clone, Debug, Default)]
pub struct Candidates {
    /// Each category once, ascending.
    pub cats: Vec<(CatIndex, [f32; FEATURES])>,
    /// Features of "none of these".
    pub none: [f32; NONE_FEATURES],
}

/// How likely each candidate is.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Judgement {
    /// Likeliest first; with `none`, they sum to 1.
    pub shares: Vec<(CatIndex, f32)>,
    /// How likely it is none of them.
    pub none: f32,
}

impl Candidates {
    /// From the closest neighbours and the words.
    pub fn new(near: &Neighbours, reading: &Reading) -> Self {
        let library = Heard::new(near, |vote: &Vote| !vote.from_bank);
        let bank = Heard::new(near, |vote: &Vote| vote.from_bank);
        let mut cats: BTreeSet<u16> = BTreeSet::new();
        for shares in [&library.shares, &bank.shares, &reading.scores] {
            let most = if std::ptr::eq(shares, &reading.scores) { FROM_WORDS } else { FROM_VOTE };
            let mut order: Vec<&(u16, f32)> = shares.iter().collect();
            order.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
            cats.extend(order.into_iter().take(most).map(|share| share.0));
        }
        let strongest = reading.best().map_or(0.0, |best| best.1);
        let relative = |score: f32| if strongest > 0.0 { score / strongest } else { 0.0 };
        let heard_best = library.best().map(|best| best.0);
        let unheard = library.unknown;
        let candidate = |cat: CatIndex| {
            let score = reading.of(cat);
            let is_best = |of: &Heard| of.best().is_some_and(|best| best.0 == cat);
            let agrees = score > 0.0 && relative(score) > 0.95 && (heard_best == Some(cat) || is_best(&bank));
            [
                (1.0 + library.of(cat) / 0.02).ln(),
                (1.0 + bank.of(cat) / 0.02).ln(),
                score.min(6.0),
                relative(score),
                (1.0 + of_category(&library.shares, cat, |sum, share| sum + share) / 0.05).ln(),
                relative(of_category(&reading.scores, cat, f32::max)),
                relative(score).powi(4),
                f32::from(u8::from(agrees)),
                // Where nothing was heard, words weigh differently.
                unheard * score.min(6.0),
                unheard * relative(score),
                unheard * relative(score).powi(4),
            ]
        };
        let cats = cats.into_iter().filter_map(CatIndex::new).map(|cat| (cat, candidate(cat))).collect();
        Self {
            cats,
            none: [1.0, unheard, f32::from(u8::from(strongest > 0.0)), unheard * strongest.min(6.0)],
        }
    }

    /// Whether nothing at all was heard or read.
    pub fn is_empty(&self) -> bool {
        self.cats.is_empty()
    }

    /// The shares that these weights give.
    pub fn judge(&self, weights: &Weights) -> Judgement {
        let sum = |features: &[f32], weights: &[f32]| -> f32 {
            features.iter().zip(weights).map(|(feature, weight)| feature * weight).sum()
        };
        let none = sum(&self.none, &weights.none);
        let scores: Vec<f32> =
            self.cats.iter().map(|(_, features)| sum(features, &weights.candidate)).collect();
        let peak = scores.iter().copied().fold(none, f32::max);
        let total = (none - peak).exp() + scores.iter().map(|score| (score - peak).exp()).sum::<f32>();
        let mut shares: Vec<(CatIndex, f32)> = self
            .cats
            .iter()
            .zip(&scores)
            .map(|((cat, _), score)| (*cat, (score - peak).exp() / total))
            .collect();
        shares.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
        Judgement { shares, none: (none - peak).exp() / total }
    }
}

impl Judgement {
    /// Share of a category.
    pub fn of(&self, cat: CatIndex) -> f32 {
        self.shares.iter().find(|share| share.0 == cat).map_or(0.0, |share| share.1)
    }

    /// Lets a trusted table decide the part of the shares that it is confident of: its categories divide that part by
    /// the table's confidence and their shares here, the rest stays in proportion.
    pub fn trust(&mut self, table: &[(CatIndex, f32)]) {
        let sum: f32 = table.iter().map(|row| row.1).sum();
        if sum <= 0.0 {
            return;
        }
        let trusted = sum.min(1.0);
        // A category that nothing else speaks for can still be right.
        let weight = |row: &(CatIndex, f32)| row.1 * (0.05 + self.of(row.0));
        let weights: Vec<f32> = table.iter().map(weight).collect();
        let total: f32 = weights.iter().sum();
        self.none *= 1.0 - trusted;
        self.shares.iter_mut().for_each(|share| share.1 *= 1.0 - trusted);
        for (row, weight) in table.iter().zip(weights) {
            let gained = trusted * weight / total;
            match self.shares.iter_mut().find(|share| share.0 == row.0) {
                Some(share) => share.1 += gained,
                None => self.shares.push((row.0, gained)),
            }
        }
        self.shares.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
    }
}

/// Combines the values of the categories that share a category's Category.
fn of_category(values: &[(u16, f32)], cat: CatIndex, combine: impl Fn(f32, f32) -> f32) -> f32 {
    let catalogue = Catalogue::builtin();
    let category = &catalogue.get(cat).category;
    let same = |cat: u16| CatIndex::new(cat).is_some_and(|cat| catalogue.get(cat).category == *category);
    values.iter().filter(|value| same(value.0)).fold(0.0, |all, value| combine(all, value.1))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn cat(name: &str) -> CatIndex {
        Catalogue::builtin().by_cat_id(name).unwrap()
    }

    #[test]
    fn a_table_decides_what_it_is_confident_of() {
        let (wood, metal, rain) = (cat("DOORWood"), cat("DOORMetl"), cat("RAIN"));
        let mut judgement = Judgement { shares: vec![(metal, 0.5), (rain, 0.3)], none: 0.2 };
        judgement.trust(&[(wood, 0.8)]);
        assert!((judgement.of(wood) - 0.8).abs() < 1e-5);
        assert!((judgement.of(metal) - 0.1).abs() < 1e-5);
        let sum: f32 = judgement.shares.iter().map(|share| share.1).sum::<f32>() + judgement.none;
        assert!((sum - 1.0).abs() < 1e-5);
        // Between its own categories, the sound decides.
        let mut judgement = Judgement { shares: vec![(metal, 0.5), (rain, 0.3)], none: 0.2 };
        judgement.trust(&[(wood, 0.5), (metal, 0.5)]);
        assert!(judgement.of(metal) > 0.85, "{judgement:?}");
    }

    #[test]
    fn shares_sum_to_one_and_nothing_is_none() {
        let candidates = Candidates::new(&Neighbours::default(), &Reading::default());
        assert!(candidates.is_empty());
        let judgement = candidates.judge(&WEIGHTS);
        assert_eq!((judgement.shares.len(), judgement.none), (0, 1.0));
    }
}
