//! Fire: gas jets from hot wood crack, the flame rumbles.

use super::Recipe;
use crate::dsp::booth::Booth;
use crate::dsp::filter::{Biquad, MovingFilter};
use crate::dsp::grain::{self, Grain};
use crate::dsp::{Track, noise, shape, space};

pub(super) const RECIPES: &[Recipe] = &[
    Recipe::new("fire_crackle", ["FIRECrkl", "FIRE", "CRACKLE"], "Campfire Crackle", 2, campfire).fade(0.3),
    Recipe::new("fire_roar", ["FIREBurn", "FIRE", "BURNING"], "Furnace Roar", 2, furnace)
        .peak(-6.0)
        .fade(0.4),
];

/// Cracks come in flurries and their strengths are spread over a wide range.
fn campfire(booth: &mut Booth) -> Vec<Track> {
    let length_s = 4.0;
    let mut pair = [booth.silence(length_s), booth.silence(length_s)];
    let liveliness = booth.rng.between(5.0, 9.0);
    for flurry_s in booth.events_s(liveliness, length_s) {
        let mut at_s = flurry_s;
        let place = 0.7 * booth.rng.bipolar();
        for _ in 0..1 + booth.rng.below(6) {
            let strength = booth.rng.unit();
            let crack = Grain {
                t60_s: booth.rng.log_between(0.003, 0.03),
                freq_hz: booth.rng.log_between(900.0, 6500.0),
                q: 1.2,
                gain: 0.05 + strength * strength * strength,
            };
            for (side, level) in pair.iter_mut().zip(space::pan(place)) {
                grain::add(booth, side, at_s, Grain { gain: level * crack.gain, ..crack });
            }
            at_s += booth.rng.waiting_s(0.02);
        }
    }
    for side in &mut pair {
        let mut rumble = noise::brown(&mut booth.rng, side.len());
        Biquad::lowpass(260.0, 0.6, booth.rate_hz).run(&mut rumble);
        let mut hiss = noise::white(&mut booth.rng, side.len());
        Biquad::bandpass(4800.0, 0.5, booth.rate_hz).run(&mut hiss);
        let flicker = shape::drift(booth, side.len(), 7.0);
        for (index, sample) in side.iter_mut().enumerate() {
            *sample += (0.4 + 0.6 * flicker[index]) * (0.09 * rumble[index] + 0.012 * hiss[index]);
        }
    }
    pair.into()
}

/// A blown flame: low turbulence with a flutter of about 12 a second.
fn furnace(booth: &mut Booth) -> Vec<Track> {
    let samples = booth.samples(3.5);
    let body_hz = booth.rng.log_between(260.0, 420.0);
    let air = noise::pink(&mut booth.rng, samples);
    let flutter = shape::drift(booth, samples, 24.0);
    let slow = shape::drift(booth, samples, 1.5);
    let mut band = MovingFilter::default();
    let track = (0..samples).map(|index| {
        let freq_hz = body_hz * (0.7 + 0.5 * slow[index] + 0.3 * flutter[index]);
        (0.45 + 0.55 * flutter[index]) * band.tick(air[index], freq_hz, 0.9, booth.rate_hz).low
    });
    vec![track.collect()]
}
