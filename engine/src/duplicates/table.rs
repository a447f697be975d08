//! Which sounds share moments: a table of all moments so far, and votes for pairs that share them at one offset.
//!
//! Every sound asks the table first and is then entered into it, so that a pair comes up once. What a question costs
//! is bounded: a moment that many sounds have in common is compared with the latest of them only, which still links
//! all copies of one sound in a chain.

use std::collections::HashMap;

use super::fingerprint::{Moment, WEAK_BITS};

/// Most moments kept in all, 16 bytes each: nine days of sound. Larger libraries keep one of two, of four ….
const MOST_MOMENTS: f64 = (1u64 << 25) as f64;
/// Moments a second of sound.
const MOMENTS_A_SECOND: f64 = super::fingerprint::RATE_HZ as f64 / super::fingerprint::HOP as f64;
/// Entries of one place of the table that a question looks at.
const MOST_LOOKED_AT: usize = 64;
/// Shared moments that make a candidate.
const LEAST_VOTES: u32 = 2;
/// Candidates of one sound, whatever its length, and one more for so many of its moments: a long take may have given
/// many excerpts.
const MOST_CANDIDATES: usize = 8;
const MOMENTS_A_CANDIDATE: usize = 4;
const NONE: u32 = u32::MAX;

/// Two sounds that may share audio.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Candidate {
    /// The sound that asked.
    pub a: u32,
    /// The sound that it found.
    pub b: u32,
    /// Hops to be added to a time in `a` to get to the same moment in `b`.
    pub lag: i32,
    /// A moment of `a` that both share, hops.
    pub at: u32,
    /// Moments that both share at this lag.
    pub votes: u32,
}

#[derive(Clone, Copy, Debug)]
struct Entry {
    bits: u32,
    sound: u32,
    time: u32,
    next: u32,
}

/// All moments so far.
pub(super) struct Table {
    heads: Vec<u32>,
    entries: Vec<Entry>,
    /// Of so many different moments one is kept, as a power of two.
    thinning: u32,
}

impl Table {
    /// For about so many seconds of sound.
    pub(super) fn new(audio_s: f64) -> Self {
        Self::with_limit(audio_s, MOST_MOMENTS)
    }

    fn with_limit(audio_s: f64, most: f64) -> Self {
        let moments = (audio_s * MOMENTS_A_SECOND).max(1.0);
        let thinning = (moments / most).log2().ceil().clamp(0.0, 16.0) as u32;
        let places = (moments.min(most) as usize).next_power_of_two().clamp(1 << 10, 1 << 26);
        Self { heads: vec![NONE; places], entries: Vec::new(), thinning }
    }

    /// The sounds that share moments with this one at one offset, best first; then the sound is in the table too.
    pub(super) fn ask_and_enter(&mut self, sound: u32, moments: &[Moment]) -> Vec<Candidate> {
        let votes = self.votes(moments);
        self.enter(sound, moments);
        best(sound, &votes, MOST_CANDIDATES + moments.len() / MOMENTS_A_CANDIDATE)
    }

    fn votes(&self, moments: &[Moment]) -> HashMap<(u32, i32), (u32, u32)> {
        let mut votes: HashMap<(u32, i32), (u32, u32)> = HashMap::new();
        let mut voted: Vec<(u32, i32)> = Vec::new();
        for moment in moments {
            voted.clear();
            for variant in variants(moment) {
                self.look_up(variant, &mut |entry| {
                    voted.push((entry.sound, entry.time as i32 - moment.time as i32));
                });
            }
            // A moment votes once for a pair and offset, whichever of its variants agree.
            voted.sort_unstable();
            voted.dedup();
            for pair in &voted {
                let (count, at) = votes.entry(*pair).or_insert((0, moment.time));
                *count += 1;
                // Halfway through the shared moments, away from the edges.
                if count.is_multiple_of(2) {
                    *at = at.midpoint(moment.time);
                }
            }
        }
        votes
    }

    fn look_up(&self, bits: u32, found: &mut impl FnMut(&Entry)) {
        let hash = hash(bits);
        if !self.keeps(hash) {
            return;
        }
        let mut at = self.heads[self.place(hash)];
        for _ in 0..MOST_LOOKED_AT {
            let Some(entry) = self.entries.get(at as usize) else { return };
            if entry.bits == bits {
                found(entry);
            }
            at = entry.next;
        }
    }

    fn enter(&mut self, sound: u32, moments: &[Moment]) {
        for moment in moments {
            let hash = hash(moment.bits);
            if !self.keeps(hash) || self.entries.len() >= NONE as usize {
                continue;
            }
            let place = self.place(hash);
            let head = self.heads[place];
            // A steady sound repeats itself; once is enough.
            let repeats = self
                .entries
                .get(head as usize)
                .is_some_and(|entry| entry.sound == sound && entry.bits == moment.bits);
            if repeats {
                continue;
            }
            self.heads[place] = self.entries.len() as u32;
            self.entries.push(Entry { bits: moment.bits, sound, time: moment.time, next: head });
        }
    }

    /// The choice depends on the moment alone, so that a sound and its excerpt keep the same ones.
    fn keeps(&self, hash: u64) -> bool {
        hash & ((1 << self.thinning) - 1) == 0
    }

    fn place(&self, hash: u64) -> usize {
        (hash >> 20) as usize & (self.heads.len() - 1)
    }
}

/// Spreads the bits of a moment (the finaliser of SplitMix64).
fn hash(bits: u32) -> u64 {
    let mut x = u64::from(bits).wrapping_add(0x9e37_79b9_7f4a_7c15);
    x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    x ^ (x >> 31)
}

/// A moment's bits with every choice of its uncertain ones.
fn variants(moment: &Moment) -> impl Iterator<Item = u32> {
    (0..1u32 << WEAK_BITS).map(move |choice| {
        let flipped = moment.weak.iter().enumerate().map(|(at, bit)| (choice >> at & 1) << bit);
        flipped.fold(moment.bits, |bits, flip| bits ^ flip)
    })
}

fn best(sound: u32, votes: &HashMap<(u32, i32), (u32, u32)>, most: usize) -> Vec<Candidate> {
    let mut of_sound: HashMap<u32, Candidate> = HashMap::new();
    for (&(other, lag), &(count, at)) in votes {
        // Offsets that are no whole number of hops share their votes between two.
        let beside = |lag: i32| votes.get(&(other, lag)).map_or(0, |(count, _)| *count);
        let found =
            Candidate { a: sound, b: other, lag, at, votes: count + beside(lag - 1) + beside(lag + 1) };
        let kept = of_sound.entry(other).or_insert(found);
        if (found.votes, count, -lag) > (kept.votes, beside(kept.lag), -kept.lag) {
            *kept = found;
        }
    }
    let mut found: Vec<Candidate> =
        of_sound.into_values().filter(|candidate| candidate.votes >= LEAST_VOTES).collect();
    found.sort_unstable_by_key(|candidate| (std::cmp::Reverse(candidate.votes), candidate.b));
    found.truncate(most);
    found
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn moments(seed: u32, times: std::ops::Range<u32>, shift: u32) -> Vec<Moment> {
        times
            .map(|time| Moment {
                time: time - shift,
                bits: hash(seed * 100_000 + time) as u32,
                weak: [0, 9, 17, 31, 5, 6],
            })
            .collect()
    }

    #[test]
    fn an_excerpt_finds_its_place_also_with_uncertain_bits_turned() {
        let mut table = Table::new(100.0);
        for sound in 0..20 {
            assert!(table.ask_and_enter(sound, &moments(sound + 1, 0..100, 0)).is_empty());
        }
        let mut excerpt = moments(8, 40..60, 40);
        excerpt.iter_mut().for_each(|moment| moment.bits ^= 1 << 9 | 1 << 31);
        let found = table.ask_and_enter(20, &excerpt);
        assert_eq!(found.len(), 1);
        assert_eq!((found[0].a, found[0].b, found[0].lag, found[0].votes), (20, 7, 40, 20));
    }

    #[test]
    fn a_table_that_keeps_few_moments_keeps_those_of_an_excerpt() {
        let mut table = Table::with_limit(1000.0, 1000.0);
        assert!(table.thinning > 4);
        table.ask_and_enter(0, &moments(1, 0..20_000, 0));
        assert!(table.entries.len() < 2000);
        let found = table.ask_and_enter(1, &moments(1, 5000..6000, 5000));
        assert_eq!((found[0].b, found[0].lag), (0, 5000));
    }

    #[test]
    fn of_many_copies_each_finds_some() {
        let mut table = Table::new(100.0);
        for sound in 0..1000 {
            let found = table.ask_and_enter(sound, &moments(1, 0..10, 0));
            assert!(sound == 0 || !found.is_empty() && found.len() <= MOST_CANDIDATES + 2);
        }
    }
}
