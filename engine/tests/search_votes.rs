//! How labelled sounds vote on the categories of a region.
#![allow(clippy::unwrap_used)]

use earmark_engine::index::SoundId;
use earmark_engine::search::{Shares, Vote, categories};

const DOOR: u16 = 1;
const RAIN: u16 = 2;

fn vote(cat: u16, cosine: f32, from_bank: bool) -> Vote {
    Vote { cosine, cat, sound: SoundId { segment: 0, sound: 0 }, from_bank }
}

fn share(shares: &Shares, cat: u16) -> f32 {
    shares.categories.iter().find(|category| category.cat == cat).map_or(0.0, |category| category.share)
}

#[test]
fn a_label_of_the_library_outweighs_one_of_the_bank_that_is_as_close() {
    let shares = categories(&[vec![vote(RAIN, 0.9, true), vote(DOOR, 0.9, false)]]);
    assert_eq!(shares.categories[0].cat, DOOR);
    let ratio = share(&shares, DOOR) / share(&shares, RAIN);
    assert!((ratio - 4.0).abs() < 1e-3, "a quarter of the weight: {ratio}");
    // Three of the bank do not outvote one of the library.
    let bank = [0.9; 3].map(|cosine| vote(RAIN, cosine, true));
    let shares = categories(&[[&bank[..], &[vote(DOOR, 0.9, false)]].concat()]);
    assert_eq!(shares.categories[0].cat, DOOR, "{shares:?}");
}

#[test]
fn without_a_label_of_its_own_the_library_gets_those_of_the_bank() {
    let shares = categories(&[vec![vote(RAIN, 0.95, true)]]);
    assert!(share(&shares, RAIN) > 0.5, "{shares:?}");
}

#[test]
fn what_is_far_from_everything_is_unknown() {
    let far = categories(&[vec![vote(RAIN, 0.2, false), vote(DOOR, 0.1, false)]]);
    assert!(far.unknown > 0.95, "{far:?}");
    let close = categories(&[vec![vote(RAIN, 0.99, false)]]);
    assert!(close.unknown < 0.1 && share(&close, RAIN) > 0.9, "{close:?}");
    assert_eq!(categories(&[Vec::new()]).unknown, 1.0);
}

#[test]
fn closer_voters_count_more_and_every_frame_counts_the_same() {
    let shares = categories(&[vec![vote(RAIN, 0.95, false), vote(DOOR, 0.7, false)]]);
    assert!(share(&shares, RAIN) > 5.0 * share(&shares, DOOR), "{shares:?}");
    // One frame says rain with many voices, the other says door with one.
    let many = vec![vote(RAIN, 0.99, false); 9];
    let shares = categories(&[many, vec![vote(DOOR, 0.99, false)]]);
    assert!((share(&shares, RAIN) - share(&shares, DOOR)).abs() < 0.1, "{shares:?}");
    let whole: f32 = shares.categories.iter().map(|category| category.share).sum();
    assert!((whole + shares.unknown - 1.0).abs() < 1e-5);
}
