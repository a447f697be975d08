//! From the closest labelled sounds to a region's UCS categories.
//!
//! A distance-weighted nearest-neighbour vote: every query frame lets its closest labelled sounds vote with a weight
//! that falls off exponentially with their cosine. A fixed weight votes for "no idea", so that a region that nothing
//! labelled resembles gets no category rather than a wrong one. The constants were fitted on held-out labelled sets;
//! see `models/README.md`.

use std::collections::BTreeMap;

use crate::index::SoundId;

/// A labelled sound close to a query frame.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Vote {
    /// Cosine of its closest frame, −1 to 1.
    pub cosine: f32,
    /// Place of its CatID in the UCS list.
    pub cat: u16,
    /// The sound, in the library or in the bank.
    pub sound: SoundId,
    /// Whether it comes from a starter bank rather than from the library.
    pub from_bank: bool,
}

/// A category's part in the vote.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct CategoryShare {
    /// Place of the CatID in the UCS list.
    pub cat: u16,
    /// Its share, 0 to 1.
    pub share: f32,
}

/// Outcome of a vote; shares and `unknown` sum to 1.
#[derive(Clone, Debug, PartialEq)]
pub struct Shares {
    /// Largest share first.
    pub categories: Vec<CategoryShare>,
    /// The part that votes for "no idea".
    pub unknown: f32,
}

/// Voters of one query frame.
const VOTERS: usize = 10;
/// Fall-off of a vote's weight with the cosine.
const TEMPERATURE: f32 = 0.10;
/// A single voter at this cosine weighs as much as "no idea".
const UNKNOWN_COSINE: f32 = 0.75;
/// A voter of the starter bank counts this much of one of the library.
const BANK_WEIGHT: f32 = 0.25;

/// Lets labelled sounds vote; each element of `votes` holds the voters of one query frame, best first (several lists
/// of a frame, from library and bank, are chained by the caller).
pub fn categories(votes: &[Vec<Vote>]) -> Shares {
    let mut shares: BTreeMap<u16, f32> = BTreeMap::new();
    let mut unknown = 0.0;
    for voters in votes {
        let weight_of = |vote: &Vote| {
            let weight = ((vote.cosine - UNKNOWN_COSINE) / TEMPERATURE).exp();
            if vote.from_bank { weight * BANK_WEIGHT } else { weight }
        };
        let mut weights: Vec<(f32, u16)> = voters.iter().map(|vote| (weight_of(vote), vote.cat)).collect();
        weights.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
        weights.truncate(VOTERS);
        let total = 1.0 + weights.iter().map(|(weight, _)| weight).sum::<f32>();
        for (weight, cat) in weights {
            *shares.entry(cat).or_default() += weight / total / votes.len() as f32;
        }
        unknown += 1.0 / total / votes.len() as f32;
    }
    if votes.is_empty() {
        unknown = 1.0;
    }
    let mut categories: Vec<CategoryShare> =
        shares.into_iter().map(|(cat, share)| CategoryShare { cat, share }).collect();
    categories.sort_by(|a, b| b.share.total_cmp(&a.share).then(a.cat.cmp(&b.cat)));
    Shares { categories, unknown }
}
