//! Confident learning: which labels the sounds contradict.
//!
//! Northcutt, Jiang & Chuang, "Confident Learning: Estimating Uncertainty in Dataset Labels", JAIR 70 (2021). For every
//! category the mean share that it gets from sounds that bear it is its threshold; a sound belongs confidently to the
//! category of the largest share that reaches its threshold, and where that is not its label, the label is in doubt.
//! Thresholds make up for categories that are harder to hear than others. Shares must be out of sample: a sound (and its
//! copies) never votes for itself.
//!
//! Doubts are ranked by the logarithm of the ratio of the two shares. Of swapped labels that finds more at the top than
//! the normalised margin of the paper, and much more than ranking what reaches its threshold first: thresholds of
//! categories that are easy to hear are so high that many a swapped sound misses them.

use earmark_engine::ucs::CatIndex;

use crate::hearing::Heard;

/// Thresholds of the categories.
#[derive(Clone, Debug)]
pub struct Confident {
    /// By place in the UCS list.
    thresholds: Vec<f32>,
}

/// How much a label is in doubt.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Doubt {
    /// What it may be instead.
    pub instead: Option<CatIndex>,
    /// Whether the other category reaches its threshold, and the label is not the likeliest that does.
    pub is_confident: bool,
    /// By which doubts are ranked: the logarithm of how many times the label's share the other category gets.
    pub odds: f32,
}

/// Added to shares before they are divided: what a vote of a few neighbours cannot tell from nothing.
const LEAST: f32 = 0.02;
/// Odds that are worth a look whatever the thresholds.
const NOTABLE_ODDS: f32 = 1.6;
/// From odds to a probability.
const ODDS_SLOPE: f32 = 1.3;
const ODDS_AT_EVEN: f32 = 4.0;

impl Doubt {
    /// Whether it is worth a look: confident learning finds it, or the other category gets several times the share.
    pub fn is_notable(&self) -> bool {
        self.instead.is_some() && (self.is_confident || self.odds >= NOTABLE_ODDS) && self.odds > 0.0
    }

    /// How likely the label is wrong, 0 to 1, where one label in twenty is: measured with labels swapped at random
    /// (`benches/RESULTS.md`).
    pub fn probability(&self) -> f32 {
        1.0 / (1.0 + (ODDS_AT_EVEN - ODDS_SLOPE * self.odds).exp())
    }
}

impl Confident {
    /// From the labels of sounds and the shares that their neighbours give.
    pub fn new<'h>(sounds: impl Iterator<Item = (CatIndex, &'h Heard)>) -> Self {
        let mut sums = vec![(0.0f32, 0usize); CatIndex::COUNT];
        for (label, heard) in sounds {
            let (sum, count) = &mut sums[label.to_usize()];
            *sum += heard.of(label);
            *count += 1;
        }
        // A category that nothing bears is never confident.
        let mean = |(sum, count): (f32, usize)| if count > 0 { sum / count as f32 } else { f32::INFINITY };
        Self { thresholds: sums.into_iter().map(mean).collect() }
    }

    /// How much the label of a sound is in doubt.
    pub fn doubt(&self, label: CatIndex, heard: &Heard) -> Doubt {
        let own = heard.of(label);
        let reaches =
            |cat: CatIndex, share: f32| share >= self.thresholds[cat.to_usize()].max(f32::MIN_POSITIVE);
        let mut other: Option<(CatIndex, f32)> = None;
        let mut confident: Option<(CatIndex, f32)> = reaches(label, own).then_some((label, own));
        for (cat, share) in &heard.shares {
            let Some(cat) = CatIndex::new(*cat) else { continue };
            if cat != label && other.is_none_or(|other| *share > other.1) {
                other = Some((cat, *share));
            }
            if reaches(cat, *share) && confident.is_none_or(|best| *share > best.1) {
                confident = Some((cat, *share));
            }
        }
        let instead = confident.filter(|best| best.0 != label);
        let (cat, share) = instead.or(other).unzip();
        let share = share.unwrap_or(0.0);
        let odds = ((share + LEAST) / (own + LEAST)).ln();
        Doubt { instead: cat, is_confident: instead.is_some(), odds }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn heard(shares: &[(u16, f32)]) -> Heard {
        Heard { shares: shares.to_vec(), unknown: 1.0 - shares.iter().map(|share| share.1).sum::<f32>() }
    }

    #[test]
    fn a_label_is_in_doubt_when_another_reaches_what_its_own_sounds_get() {
        let cat = |at| CatIndex::new(at).unwrap();
        let mut sounds = vec![(cat(1), heard(&[(1, 0.9)])); 5];
        // Category 2 is hard to hear: its own sounds give it 0.4.
        sounds.extend(vec![(cat(2), heard(&[(1, 0.3), (2, 0.4)])); 5]);
        let confident = Confident::new(sounds.iter().map(|(label, heard)| (*label, heard)));
        let doubt = confident.doubt(cat(1), &heard(&[(1, 0.5), (2, 0.45)]));
        assert_eq!((doubt.instead, doubt.is_confident), (Some(cat(2)), true));
        let doubt = confident.doubt(cat(2), &heard(&[(1, 0.5), (2, 0.35)]));
        assert!(!doubt.is_confident, "{doubt:?}");
        let doubt = confident.doubt(cat(2), &heard(&[(1, 0.95)]));
        assert!(doubt.is_confident && doubt.odds > 3.0 && doubt.is_notable());
        assert!(!confident.doubt(cat(1), &heard(&[(3, 1.0)])).is_confident, "nothing bears category 3");
    }
}
