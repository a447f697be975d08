//! Small mechanisms: a clock, a keyboard, a switch.

use super::Recipe;
use crate::dsp::Track;
use crate::dsp::booth::Booth;
use crate::dsp::grain::{self, Grain};
use crate::dsp::modal::{self, Body};

pub(super) const RECIPES: &[Recipe] = &[
    Recipe::new("clock_tick", ["CLOCKTick", "CLOCKS", "TICK"], "Mantel Clock Tick", 2, clock).peak(-8.0),
    Recipe::new("typing", ["CMPTKey", "COMPUTERS", "KEYBOARD & MOUSE"], "Typing Burst", 2, typing)
        .peak(-8.0)
        .rate(44_100),
    Recipe::new("switch", ["MECHSwtch", "MECHANICAL", "SWITCH"], "Switch Flip Snap", 2, switch).peak(-6.0),
];

/// The escapement's teeth fall alternately on two pallets; the case answers.
fn clock(booth: &mut Booth) -> Vec<Track> {
    let mut track = booth.silence(3.2);
    let gap_s = booth.rng.between(0.42, 0.52);
    let pallets = [1.0, 1.16].map(|side| {
        let body = Body {
            pitch_hz: 2300.0 * side * booth.rng.between(0.93, 1.07),
            t60_s: 0.045,
            damping: 0.2,
            hardness_hz: 9000.0,
        };
        modal::modes(booth, &body, &[1.0, 1.62, 2.35, 3.1])
    });
    let body =
        Body { pitch_hz: booth.rng.between(300.0, 380.0), t60_s: 0.09, damping: 0.4, hardness_hz: 2000.0 };
    let case = modal::modes(booth, &body, &[1.0, 2.1, 3.4]);
    let mut at_s = 0.08;
    for pallet in pallets.iter().cycle() {
        if at_s > 3.1 {
            break;
        }
        let gain = booth.rng.between(0.85, 1.0);
        modal::strike(booth, &mut track, at_s, pallet, gain);
        modal::strike(booth, &mut track, at_s + 0.004, pallet, 0.5 * gain);
        modal::strike(booth, &mut track, at_s, &case, 0.35 * gain);
        at_s += gap_s;
    }
    vec![track]
}

/// Keys go down and come up; words have gaps between them.
fn typing(booth: &mut Booth) -> Vec<Track> {
    let mut track = booth.silence(2.8);
    let body =
        Body { pitch_hz: booth.rng.between(480.0, 640.0), t60_s: 0.04, damping: 0.4, hardness_hz: 3000.0 };
    let plate = modal::modes(booth, &body, &[1.0, 1.7, 2.6, 3.9]);
    let mut at_s = 0.08;
    while at_s < 2.6 {
        let freq_hz = booth.rng.log_between(2600.0, 4200.0);
        let force = booth.rng.between(0.6, 1.0);
        for (delay_s, gain) in [(0.0, force), (booth.rng.between(0.06, 0.09), 0.45 * force)] {
            grain::add(booth, &mut track, at_s + delay_s, Grain { t60_s: 0.012, freq_hz, q: 1.6, gain });
            modal::strike(booth, &mut track, at_s + delay_s, &plate, 0.4 * gain);
        }
        let word_ends = booth.rng.unit() < 0.16;
        at_s += if word_ends { booth.rng.between(0.3, 0.45) } else { booth.rng.between(0.09, 0.17) };
    }
    vec![track]
}

/// A toggle: the spring tips over, the lever hits its stop, twice.
fn switch(booth: &mut Booth) -> Vec<Track> {
    let mut track = booth.silence(0.4);
    let body = Body {
        pitch_hz: booth.rng.log_between(1300.0, 2100.0),
        t60_s: 0.03,
        damping: 0.3,
        hardness_hz: 7000.0,
    };
    let modes = modal::modes(booth, &body, &[1.0, 1.9, 2.7, 4.2]);
    let travel_s = booth.rng.between(0.018, 0.032);
    for (at_s, gain) in [(0.05, 0.4), (0.05 + travel_s, 1.0), (0.05 + 1.5 * travel_s, 0.3)] {
        modal::strike(booth, &mut track, at_s, &modes, gain);
        grain::add(
            booth,
            &mut track,
            at_s,
            Grain { t60_s: 0.006, freq_hz: 5200.0, q: 0.8, gain: 0.6 * gain },
        );
    }
    vec![track]
}
