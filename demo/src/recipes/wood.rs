//! Struck and broken wood: few modes, gone within a tenth of a second.

use super::Recipe;
use crate::dsp::Track;
use crate::dsp::booth::Booth;
use crate::dsp::grain::{self, Grain};
use crate::dsp::modal::{self, Body, FREE_BAR};

pub(super) const RECIPES: &[Recipe] = &[
    Recipe::new("wood_plank", ["WOODImpt", "WOOD", "IMPACT"], "Plank Knock Dull", 3, plank),
    Recipe::new("wood_break", ["WOODBrk", "WOOD", "BREAK"], "Branch Snap Dry", 2, branch).rate(44_100),
];

/// A plank lying on a floor, hit a few times with something blunt.
fn plank(booth: &mut Booth) -> Vec<Track> {
    let mut track = booth.silence(1.6);
    let body = Body {
        pitch_hz: booth.rng.log_between(190.0, 310.0),
        t60_s: booth.rng.between(0.14, 0.24),
        damping: 0.7,
        hardness_hz: booth.rng.log_between(1100.0, 1800.0),
    };
    let modes = modal::modes(booth, &body, &FREE_BAR);
    let hits = 2 + booth.rng.below(2);
    for hit in 0..hits {
        let at_s = 0.03 + 0.42 * hit as f64 + booth.rng.between(0.0, 0.06);
        let force = booth.rng.between(0.6, 1.0);
        modal::strike(booth, &mut track, at_s, &modes, force);
        grain::add(booth, &mut track, at_s, Grain { t60_s: 0.02, freq_hz: 900.0, q: 0.6, gain: 0.5 * force });
    }
    vec![track]
}

/// A dry branch: fibres tear with small cracks, then it goes.
fn branch(booth: &mut Booth) -> Vec<Track> {
    let mut track = booth.silence(1.2);
    let snap_s = booth.rng.between(0.25, 0.4);
    for at_s in booth.events_s(45.0, snap_s) {
        let gain = 0.25 * booth.rng.unit() * (0.2 + at_s / snap_s);
        let freq_hz = booth.rng.log_between(1500.0, 5000.0);
        grain::add(booth, &mut track, at_s, Grain { t60_s: 0.012, freq_hz, q: 1.5, gain });
    }
    let body = Body {
        pitch_hz: booth.rng.log_between(520.0, 800.0),
        t60_s: 0.09,
        damping: 0.5,
        hardness_hz: 6000.0,
    };
    let modes = modal::modes(booth, &body, &FREE_BAR);
    modal::strike(booth, &mut track, snap_s, &modes, 0.8);
    grain::add(booth, &mut track, snap_s, Grain { t60_s: 0.07, freq_hz: 2600.0, q: 0.5, gain: 1.6 });
    // The pieces fall.
    let mut at_s = snap_s;
    for _ in 0..2 + booth.rng.below(3) {
        at_s += booth.rng.between(0.1, 0.22);
        let gain = booth.rng.between(0.08, 0.2);
        modal::strike(booth, &mut track, at_s, &modes, gain);
    }
    vec![track]
}
