//! Water: bubbles of all sizes, alone or by the thousand, and the foam of surf.

use super::Recipe;
use crate::dsp::booth::Booth;
use crate::dsp::filter::{Biquad, MovingFilter};
use crate::dsp::grain::{self, Grain};
use crate::dsp::space::{self, Room};
use crate::dsp::{Track, bubble, noise, shape};

pub(super) const RECIPES: &[Recipe] = &[
    Recipe::new("drips", ["WATRDrip", "WATER", "DRIP"], "Drips In Cave", 2, drips).peak(-6.0).fade(0.4),
    Recipe::new("brook", ["WATRFlow", "WATER", "FLOW"], "Brook Babble", 2, brook).peak(-6.0).fade(0.4),
    Recipe::new("bubbles", ["WATRBubl", "WATER", "BUBBLES"], "Bubbles Underwater", 2, bubbles)
        .peak(-6.0)
        .fade(0.3)
        .rate(44_100),
    Recipe::new("surf", ["WATRSurf", "WATER", "SURF"], "Surf Slow Wave", 2, surf).peak(-6.0).fade(0.8),
];

/// Single drops into a pool: a tick on the surface, then the bubble it dragged under.
fn drips(booth: &mut Booth) -> Vec<Track> {
    let mut track = booth.silence(3.8);
    let mut at_s = 0.1;
    let gap_s = booth.rng.between(0.45, 0.8);
    while at_s < 3.2 {
        let gain = booth.rng.between(0.5, 1.0);
        grain::add(
            booth,
            &mut track,
            at_s,
            Grain { t60_s: 0.004, freq_hz: 5000.0, q: 0.7, gain: 0.15 * gain },
        );
        let radius_m = booth.rng.log_between(0.0018, 0.0035);
        let under_s = at_s + booth.rng.between(0.015, 0.03);
        let rise = booth.rng.between(0.05, 0.1);
        bubble::add(booth, &mut track, under_s, radius_m, rise, gain);
        at_s += gap_s * booth.rng.between(0.5, 1.4);
    }
    space::stereo(booth, &track, Room { t60_s: 2.2, size: 1.4, wet: 0.45 }).into()
}

/// Hundreds of small bubbles a second over the hiss of broken water.
fn brook(booth: &mut Booth) -> Vec<Track> {
    let length_s = 4.0;
    let density = booth.rng.between(140.0, 220.0);
    let flow = shape::drift(booth, booth.samples(length_s), 1.5);
    let mut pair = [booth.silence(length_s), booth.silence(length_s)];
    for side in &mut pair {
        for at_s in booth.events_s(density, length_s) {
            let radius_m = booth.rng.log_between(0.0009, 0.006);
            let gain = booth.rng.unit() * booth.rng.unit() * radius_m / 0.006;
            let rise = booth.rng.between(0.0, 0.12);
            let swell = 0.4 + flow[booth.samples(at_s).min(flow.len() - 1)];
            bubble::add(booth, side, at_s, radius_m, rise, gain * swell);
        }
        let mut bed = noise::pink(&mut booth.rng, side.len());
        Biquad::bandpass(1500.0, 0.5, booth.rate_hz).run(&mut bed);
        space::mix(side, &bed, 0.2);
    }
    pair.into()
}

/// Air let out under water: large bubbles in streams, treble swallowed.
fn bubbles(booth: &mut Booth) -> Vec<Track> {
    let length_s = 3.5;
    let mut track = booth.silence(length_s);
    for stream_s in booth.events_s(2.6, length_s) {
        let mut at_s = stream_s;
        let mut radius_m = booth.rng.log_between(0.006, 0.013);
        for _ in 0..4 + booth.rng.below(9) {
            let (rise, gain) = (booth.rng.between(0.05, 0.25), booth.rng.between(0.3, 1.0));
            bubble::add(booth, &mut track, at_s, radius_m, rise, gain);
            at_s += booth.rng.between(0.03, 0.09);
            radius_m *= booth.rng.between(0.86, 1.02);
        }
    }
    let mut rumble = noise::brown(&mut booth.rng, track.len());
    Biquad::lowpass(180.0, 0.6, booth.rate_hz).run(&mut rumble);
    space::mix(&mut track, &rumble, 0.25);
    Biquad::lowpass(1500.0, 0.6, booth.rate_hz).run(&mut track);
    vec![track]
}

/// One wave comes in, breaks and drains away.
fn surf(booth: &mut Booth) -> Vec<Track> {
    let samples = booth.samples(6.0);
    let break_s = booth.rng.between(2.2, 3.0);
    let pebbles = shape::drift(booth, samples, 9.0);
    space::both(|| {
        let air = noise::white(&mut booth.rng, samples);
        let deep = noise::brown(&mut booth.rng, samples);
        let mut foam = MovingFilter::default();
        let voice = air.iter().enumerate().map(|(index, air)| {
            let t = booth.time_s(index);
            let crash = if t < break_s {
                shape::swell(t, break_s, 1.1)
            } else {
                0.85 * shape::swell(t, break_s, 0.8) + 0.15 + 0.25 * shape::swell(t, break_s + 1.9, 1.2)
            };
            let bands =
                foam.tick(*air, 500.0 + 4500.0 * crash * (0.8 + 0.2 * pebbles[index]), 0.6, booth.rate_hz);
            (0.08 + crash) * 0.5 * bands.low + 0.35 * crash * deep[index]
        });
        voice.collect()
    })
    .into()
}
