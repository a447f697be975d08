//! One minute of forest in which a far church bell strikes once: a long sound that holds a short one, for
//! searches that have to find and to point.

use super::{Recipe, animals, bells};
use crate::dsp::booth::Booth;
use crate::dsp::filter::{Biquad, MovingFilter};
use crate::dsp::space::{self, Room};
use crate::dsp::{Track, noise, shape};

/// The recipe's name.
pub(crate) const NAME: &str = "forest_bell";
/// When the bell strikes.
pub(crate) const BELL_AT_S: f64 = 37.5;

const LENGTH_S: f64 = 60.0;

pub(super) const RECIPES: &[Recipe] =
    &[Recipe::new(NAME, ["AMBForst", "AMBIENCE", "FOREST"], "Forest With Far Bell", 1, forest)
        .peak(-6.0)
        .fade(1.5)];

fn forest(booth: &mut Booth) -> Vec<Track> {
    let samples = booth.samples(LENGTH_S);
    let breeze = shape::drift(booth, samples, 0.35);
    let leaves = space::both(|| {
        let mut air = noise::pink(&mut booth.rng, samples);
        Biquad::highpass(250.0, 0.6, booth.rate_hz).run(&mut air);
        let rustle = shape::drift(booth, samples, 5.0);
        let mut canopy = MovingFilter::default();
        let voice = air.iter().zip(&breeze).zip(&rustle).map(|((air, breeze), rustle)| {
            let freq_hz = 1300.0 + 1700.0 * breeze;
            let bands = canopy.tick(*air, freq_hz, 0.6, booth.rate_hz);
            (0.025 + 0.05 * breeze) * (0.7 + 0.3 * rustle) * (bands.band + 0.3 * bands.low)
        });
        voice.collect()
    });
    let mut near: Track = vec![0.0; samples];
    for start_s in [6.0, 15.5, 24.0, 52.0] {
        let end_s = start_s + booth.rng.between(1.0, 2.0);
        let mut phrase = vec![0.0; samples];
        animals::sing(booth, &mut phrase, start_s, end_s);
        space::mix(&mut near, &phrase, booth.rng.between(0.04, 0.09));
    }
    let mut bell = vec![0.0; samples];
    bells::toll(booth, &mut bell, BELL_AT_S, 370.0);
    space::mix(&mut near, &bell, 0.14);
    let heard = space::stereo(booth, &near, Room { t60_s: 2.0, size: 2.0, wet: 0.25 });
    leaves
        .into_iter()
        .zip(heard)
        .map(|(mut side, far)| {
            space::mix(&mut side, &far, 1.0);
            side
        })
        .collect()
}
