//! Explosions: a blast front, a fireball that dulls, falling debris.

use super::Recipe;
use crate::dsp::booth::Booth;
use crate::dsp::filter::MovingFilter;
use crate::dsp::grain::{self, Grain};
use crate::dsp::osc::Phase;
use crate::dsp::space::{self, Room};
use crate::dsp::{Track, noise, shape};

pub(super) const RECIPES: &[Recipe] =
    &[Recipe::new("explosion", ["EXPLDsgn", "EXPLOSIONS", "DESIGNED"], "Explosion Boom Near", 2, explosion)
        .peak(-1.5)
        .fade(0.5)];

fn explosion(booth: &mut Booth) -> Vec<Track> {
    let samples = booth.samples(3.5);
    let burn_s = booth.rng.between(1.3, 2.2);
    let weight_hz = booth.rng.between(30.0, 42.0);
    let (deep, sharp) = (noise::brown(&mut booth.rng, samples), noise::white(&mut booth.rng, samples));
    let mut dulled = MovingFilter::default();
    let mut sub = Phase::default();
    let rate_hz = booth.rate_hz;
    let mut track: Track = (0..samples)
        .map(|index| {
            let t = (index as f64 / rate_hz - 0.03).max(0.0);
            if t <= 0.0 {
                return 0.0;
            }
            let cutoff_hz = 90.0 + 7000.0 * shape::decay(t, 1.1);
            let fire =
                1.4 * deep[index] * shape::decay(t, burn_s) + 0.7 * sharp[index] * shape::decay(t, 0.7);
            let push = sub.advance(weight_hz + 70.0 * shape::decay(t, 0.6), rate_hz).sine();
            // The soft clip is what an overloaded microphone adds.
            libm::tanh(
                1.8 * dulled.tick(fire, cutoff_hz, 0.6, rate_hz).low + 0.9 * push * shape::decay(t, burn_s),
            )
        })
        .collect();
    for delay_s in booth.events_s(22.0, 2.4) {
        let bit = Grain {
            t60_s: booth.rng.between(0.01, 0.05),
            freq_hz: booth.rng.log_between(500.0, 3500.0),
            q: 1.5,
            gain: 0.22 * booth.rng.unit() * shape::decay(delay_s, 4.0),
        };
        grain::add(booth, &mut track, 0.4 + delay_s, bit);
    }
    space::stereo(booth, &track, Room { t60_s: 1.8, size: 2.2, wet: 0.25 }).into()
}
