//! Many hands: applause as independent clappers in a hall (after Peltola et al., *Synthesis of Hand Clapping
//! Sounds*, IEEE TASLP 15(3), 2007: a clap is a short noise burst whose band depends on the hands' shape).

use super::Recipe;
use crate::dsp::Track;
use crate::dsp::booth::Booth;
use crate::dsp::grain::{self, Grain};
use crate::dsp::space::{self, Room};

pub(super) const RECIPES: &[Recipe] =
    &[Recipe::new("applause", ["CRWDApls", "CROWDS", "APPLAUSE"], "Applause Small Hall", 2, applause)
        .peak(-5.0)
        .fade(0.5)];

fn applause(booth: &mut Booth) -> Vec<Track> {
    let length_s = 4.0;
    let mut pair = [booth.silence(length_s), booth.silence(length_s)];
    let people = 45 + booth.rng.below(30);
    for _ in 0..people {
        let hands = Grain {
            t60_s: booth.rng.between(0.02, 0.045),
            freq_hz: booth.rng.log_between(700.0, 2400.0),
            q: booth.rng.between(0.8, 2.2),
            gain: booth.rng.log_between(0.15, 1.0),
        };
        let gap_s = 1.0 / booth.rng.between(3.2, 5.2);
        let sides = space::pan(booth.rng.bipolar());
        let mut at_s = booth.rng.between(0.0, 0.5);
        while at_s < length_s {
            for (side, level) in pair.iter_mut().zip(sides) {
                grain::add(booth, side, at_s, Grain { gain: level * hands.gain, ..hands });
            }
            at_s += gap_s * booth.rng.between(0.93, 1.07);
        }
    }
    let hall = Room { t60_s: 1.1, size: 1.3, wet: 0.35 };
    let [left, right] = pair;
    vec![space::reverberate(booth, &left, hall, 0.0), space::reverberate(booth, &right, hall, 0.0011)]
}
