//! Doors: a knuckle on a hollow leaf, and a dry hinge.

use super::Recipe;
use crate::dsp::Track;
use crate::dsp::booth::Booth;
use crate::dsp::filter::Biquad;
use crate::dsp::grain::{self, Grain};
use crate::dsp::modal::{self, Body};
use crate::dsp::osc::Phase;
use crate::dsp::shape;
use crate::dsp::space::{self, Room};

pub(super) const RECIPES: &[Recipe] = &[
    Recipe::new("door_knock", ["DOORKnck", "DOORS", "KNOCK"], "Door Knock Hollow", 2, knock),
    Recipe::new("door_creak", ["DOORCreak", "DOORS", "CREAK"], "Hinge Creak Slow", 2, creak).peak(-5.0),
];

/// Three or four knocks: the panel's cavity gives the low boom, the knuckle the click.
fn knock(booth: &mut Booth) -> Vec<Track> {
    let mut track = booth.silence(1.9);
    let body = Body {
        pitch_hz: booth.rng.log_between(95.0, 135.0),
        t60_s: booth.rng.between(0.22, 0.32),
        damping: 0.45,
        hardness_hz: 900.0,
    };
    let modes = modal::modes(booth, &body, &[1.0, 1.58, 2.24, 2.92, 4.1, 5.6, 7.9]);
    let knocks = 3 + booth.rng.below(2);
    let gap_s = booth.rng.between(0.2, 0.27);
    for index in 0..knocks {
        let at_s = 0.04 + gap_s * index as f64 + booth.rng.between(0.0, 0.02);
        let force = booth.rng.between(0.75, 1.0);
        modal::strike(booth, &mut track, at_s, &modes, force);
        grain::add(
            booth,
            &mut track,
            at_s,
            Grain { t60_s: 0.012, freq_hz: 1800.0, q: 0.8, gain: 0.35 * force },
        );
    }
    vec![space::reverberate(booth, &track, Room { t60_s: 0.5, size: 0.4, wet: 0.25 }, 0.0)]
}

/// Stick and slip: each slip of the hinge kicks the leaf's resonances; the rate wanders with the hand.
fn creak(booth: &mut Booth) -> Vec<Track> {
    let length_s = booth.rng.between(2.2, 2.8);
    let mut kicks = booth.silence(length_s);
    let speed = shape::drift(booth, kicks.len(), 2.2);
    let (low_hz, high_hz) = (booth.rng.between(35.0, 50.0), booth.rng.between(170.0, 240.0));
    let rate_hz = booth.rate_hz;
    let mut phase = Phase::default();
    for (index, sample) in kicks.iter_mut().enumerate() {
        let jitter = 1.0 + 0.12 * booth.rng.bipolar();
        if phase.advance(shape::blend_hz(low_hz, high_hz, speed[index]) * jitter, rate_hz).wrapped() {
            *sample = booth.rng.between(0.5, 1.0) * (0.25 + speed[index]);
        }
    }
    let mut track = vec![0.0; kicks.len()];
    for (freq_hz, gain) in [(410.0, 1.0), (760.0, 1.3), (1280.0, 1.2), (2150.0, 0.8), (3300.0, 0.4)] {
        let mut part = kicks.clone();
        let freq_hz = freq_hz * booth.rng.between(0.92, 1.08);
        Biquad::bandpass(freq_hz, 14.0, rate_hz).run(&mut part);
        space::mix(&mut track, &part, gain);
    }
    for (index, sample) in track.iter_mut().enumerate() {
        let t = index as f64 / rate_hz;
        *sample *= shape::rise(t / 0.3) * shape::rise((length_s - t) / 0.5);
    }
    vec![space::reverberate(booth, &track, Room { t60_s: 0.6, size: 0.5, wet: 0.25 }, 0.0)]
}
