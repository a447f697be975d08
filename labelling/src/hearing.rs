//! What a sound's nearest labelled neighbours say about its category.

use std::path::PathBuf;

use earmark_engine::index::{Segment, Snapshot};
use earmark_engine::search::{Neighbours, Vote, categories};
use earmark_engine::ucs::CatIndex;

use crate::evidence::{Evidence, SoundPath};

/// Neighbours named as evidence for a category.
const NAMED: usize = 3;

/// Shares of the categories by the vote of neighbours: `shares` and `unknown` sum to 1.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Heard {
    /// By place in the UCS list, ascending.
    pub shares: Vec<(u16, f32)>,
    /// The part that votes for "no idea".
    pub unknown: f32,
}

impl Heard {
    /// The vote of those neighbours that are wanted.
    pub fn new(near: &Neighbours, wanted: impl Fn(&Vote) -> bool) -> Self {
        let shares = categories(&near.votes(wanted));
        let mut heard = Self {
            shares: shares.categories.iter().map(|share| (share.cat, share.share)).collect(),
            unknown: shares.unknown,
        };
        heard.shares.sort_unstable_by_key(|share| share.0);
        heard
    }

    /// Share of a category.
    pub fn of(&self, cat: CatIndex) -> f32 {
        let at = self.shares.binary_search_by_key(&cat.to_u16(), |share| share.0);
        at.map_or(0.0, |at| self.shares[at].1)
    }

    /// The likeliest category.
    pub fn best(&self) -> Option<(CatIndex, f32)> {
        let best = self.shares.iter().max_by(|a, b| a.1.total_cmp(&b.1).then(b.0.cmp(&a.0)))?;
        Some((CatIndex::new(best.0)?, best.1))
    }
}

/// The closest neighbours with a label, each sound once.
pub fn evidence(
    snapshot: &Snapshot,
    bank: Option<&Segment>,
    near: &Neighbours,
    cat: CatIndex,
) -> Vec<Evidence> {
    let mut closest: Vec<(f64, &earmark_engine::search::Neighbour)> = near
        .frames
        .iter()
        .flat_map(|(start_s, near)| near.iter().map(move |near| (*start_s, near)))
        .filter(|(_, near)| near.vote.cat == cat.to_u16())
        .collect();
    closest.sort_by(|a, b| {
        b.1.vote.cosine.total_cmp(&a.1.vote.cosine).then(a.1.vote.sound.cmp(&b.1.vote.sound))
    });
    let mut named: Vec<(bool, earmark_engine::index::SoundId)> = Vec::new();
    let mut evidence = Vec::new();
    for (start_s, near) in closest {
        let Vote { cosine, sound, from_bank, .. } = near.vote;
        if named.contains(&(from_bank, sound)) {
            continue;
        }
        named.push((from_bank, sound));
        let path: Option<PathBuf> = if from_bank {
            bank.and_then(|bank| bank.sound(sound.sound)).and_then(|sound| sound.path().ok())
        } else {
            snapshot.get(sound).and_then(|sound| snapshot.full_path(&sound).ok())
        };
        let Some(path) = path else { continue };
        evidence.push(Evidence::Neighbour {
            id: (!from_bank).then_some(sound),
            path: SoundPath(path),
            cat,
            similarity: cosine,
            start_s,
            neighbour_start_s: near.start_s,
        });
        if evidence.len() == NAMED {
            break;
        }
    }
    evidence
}
