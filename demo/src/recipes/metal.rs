//! Struck metal: many modes that ring.

use super::Recipe;
use crate::dsp::Track;
use crate::dsp::booth::Booth;
use crate::dsp::grain::{self, Grain};
use crate::dsp::modal::{self, Body, FREE_BAR};
use crate::dsp::space::{self, Room};

pub(super) const RECIPES: &[Recipe] = &[
    Recipe::new("metal_sheet", ["METLImpt", "METAL", "IMPACT"], "Steel Sheet Strike", 2, sheet)
        .rate(96_000)
        .fade(0.3),
    Recipe::new("metal_pipe", ["METLTonl", "METAL", "TONAL"], "Pipe Clank Ringing", 2, pipe).fade(0.2),
    Recipe::new("chain_rattle", ["CHAINMvmt", "CHAINS", "MOVEMENT"], "Chain Rattle", 2, chain).rate(44_100),
];

/// A hung steel sheet hit with a hammer.
fn sheet(booth: &mut Booth) -> Vec<Track> {
    let mut track = booth.silence(2.8);
    let body = Body {
        pitch_hz: booth.rng.log_between(85.0, 140.0),
        t60_s: booth.rng.between(2.0, 3.0),
        damping: 0.35,
        hardness_hz: booth.rng.log_between(3500.0, 6000.0),
    };
    let modes = modal::plate(booth, &body, 70, 11_000.0);
    modal::strike(booth, &mut track, 0.02, &modes, 1.0);
    grain::add(booth, &mut track, 0.02, Grain { t60_s: 0.03, freq_hz: 3200.0, q: 0.5, gain: 6.0 });
    space::stereo(booth, &track, Room { t60_s: 1.2, size: 0.8, wet: 0.2 }).into()
}

/// A length of steel pipe struck, then knocked once more while it still rings.
fn pipe(booth: &mut Booth) -> Vec<Track> {
    let mut track = booth.silence(2.2);
    let body = Body {
        pitch_hz: booth.rng.log_between(420.0, 640.0),
        t60_s: booth.rng.between(1.4, 2.2),
        damping: 0.45,
        hardness_hz: booth.rng.log_between(4000.0, 7000.0),
    };
    let modes = modal::modes(booth, &body, &FREE_BAR);
    let second_s = booth.rng.between(0.3, 0.7);
    for (at_s, force) in [(0.02, 1.0), (second_s, 0.4)] {
        modal::strike(booth, &mut track, at_s, &modes, force);
        grain::add(
            booth,
            &mut track,
            at_s,
            Grain { t60_s: 0.01, freq_hz: 4500.0, q: 0.7, gain: 0.7 * force },
        );
    }
    vec![track]
}

/// Links of a chain falling against each other as it is shaken.
fn chain(booth: &mut Booth) -> Vec<Track> {
    let mut track = booth.silence(2.4);
    let links: Vec<_> = (0..5)
        .map(|_| {
            let body = Body {
                pitch_hz: booth.rng.log_between(1900.0, 3400.0),
                t60_s: 0.09,
                damping: 0.3,
                hardness_hz: 9000.0,
            };
            modal::modes(booth, &body, &[1.0, 1.37, 1.92, 2.51, 3.3])
        })
        .collect();
    let shakes = 4 + booth.rng.below(2);
    for shake in 0..shakes {
        let start_s = 0.05 + 0.45 * shake as f64;
        for at_s in booth.events_s(70.0, 0.3) {
            let gain = booth.rng.between(0.1, 1.0) * (1.0 - at_s / 0.32);
            let link = booth.rng.below(links.len());
            modal::strike(booth, &mut track, start_s + at_s, &links[link], gain);
        }
    }
    vec![track]
}
