//! Footsteps: a heel and a ball of the foot, on ground that answers by a thud, a board or a crunch.

use super::Recipe;
use crate::dsp::Track;
use crate::dsp::booth::Booth;
use crate::dsp::grain::{self, Grain};
use crate::dsp::modal::{self, Body};
use crate::dsp::shape;

const HUMAN: [&str; 3] = ["FEETHmn", "FOOTSTEPS", "HUMAN"];

pub(super) const RECIPES: &[Recipe] = &[
    Recipe::new("steps_concrete", HUMAN, "Steps Concrete Hard", 2, concrete).peak(-6.0),
    Recipe::new("steps_wood", HUMAN, "Steps Wood Floor", 2, boards).peak(-6.0),
    Recipe::new("steps_gravel", HUMAN, "Steps Gravel Loose", 2, gravel).peak(-6.0),
    Recipe::new("steps_snow", HUMAN, "Steps Snow Crunch", 2, snow).peak(-6.0).rate(44_100),
];

/// Five steps at an even pace; `contact` adds one contact of heel (`true`) or ball at a time.
fn walk(booth: &mut Booth, contact: &mut dyn FnMut(&mut Booth, &mut Track, f64, f64, bool)) -> Vec<Track> {
    let pace_s = booth.rng.between(0.52, 0.62);
    let mut track = booth.silence(5.0 * pace_s + 0.35);
    for step in 0..5 {
        let at_s = 0.05 + pace_s * f64::from(step) + booth.rng.between(0.0, 0.03);
        let force = booth.rng.between(0.75, 1.0);
        contact(booth, &mut track, at_s, force, true);
        let roll_s = booth.rng.between(0.09, 0.14);
        contact(booth, &mut track, at_s + roll_s, 0.45 * force, false);
    }
    vec![track]
}

fn concrete(booth: &mut Booth) -> Vec<Track> {
    let sole_hz = booth.rng.log_between(1700.0, 2600.0);
    walk(booth, &mut |booth, track, at_s, force, heel| {
        let gain = if heel { force } else { 0.5 * force };
        grain::add(booth, track, at_s, Grain { t60_s: 0.03, freq_hz: sole_hz, q: 0.9, gain });
        grain::add(booth, track, at_s, Grain { t60_s: 0.09, freq_hz: 150.0, q: 1.0, gain: 0.8 * gain });
        // The sole drags a little.
        let drag = Grain { t60_s: 0.16, freq_hz: 5200.0, q: 0.5, gain: 0.06 * force };
        grain::add(booth, track, at_s + 0.02, drag);
    })
}

fn boards(booth: &mut Booth) -> Vec<Track> {
    let body =
        Body { pitch_hz: booth.rng.log_between(78.0, 110.0), t60_s: 0.3, damping: 0.5, hardness_hz: 500.0 };
    let modes = modal::modes(booth, &body, &[1.0, 1.7, 2.9, 4.3, 6.1, 8.8]);
    walk(booth, &mut |booth, track, at_s, force, _heel| {
        modal::strike(booth, track, at_s, &modes, force);
        grain::add(booth, track, at_s, Grain { t60_s: 0.025, freq_hz: 1200.0, q: 0.7, gain: 0.3 * force });
    })
}

fn gravel(booth: &mut Booth) -> Vec<Track> {
    walk(booth, &mut |booth, track, at_s, force, heel| {
        crunch(
            booth,
            track,
            at_s,
            Crunch { stones: 55, length_s: 0.17, low_hz: 1400.0, high_hz: 6500.0 },
            force,
        );
        if heel {
            let thud = Grain { t60_s: 0.08, freq_hz: 180.0, q: 1.0, gain: 0.5 * force };
            grain::add(booth, track, at_s, thud);
        }
    })
}

fn snow(booth: &mut Booth) -> Vec<Track> {
    walk(booth, &mut |booth, track, at_s, force, heel| {
        if heel {
            crunch(
                booth,
                track,
                at_s,
                Crunch { stones: 150, length_s: 0.34, low_hz: 380.0, high_hz: 1900.0 },
                force,
            );
        }
    })
}

/// Many small contacts under the pressure of one foot.
struct Crunch {
    stones: usize,
    length_s: f64,
    low_hz: f64,
    high_hz: f64,
}

fn crunch(booth: &mut Booth, track: &mut Track, at_s: f64, ground: Crunch, force: f64) {
    for _ in 0..ground.stones {
        let place = booth.rng.unit();
        let press = shape::rise(4.0 * place) * shape::rise(1.4 * (1.0 - place));
        let stone = Grain {
            t60_s: booth.rng.between(0.006, 0.02),
            freq_hz: booth.rng.log_between(ground.low_hz, ground.high_hz),
            q: 2.0,
            gain: force * press * booth.rng.unit() * booth.rng.unit(),
        };
        grain::add(booth, track, at_s + place * ground.length_s, stone);
    }
}
