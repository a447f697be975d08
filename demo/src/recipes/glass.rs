//! Glass: high, pure modes; a break is a burst of shards, each with its own.

use super::Recipe;
use crate::dsp::booth::Booth;
use crate::dsp::grain::{self, Grain};
use crate::dsp::modal::{self, Body, GLASS_SHELL, Mode};
use crate::dsp::osc::Phase;
use crate::dsp::{Track, shape, space};

pub(super) const RECIPES: &[Recipe] = &[
    Recipe::new("glass_tap", ["GLASImpt", "GLASS", "IMPACT"], "Tumbler Tap Bright", 2, tap).fade(0.1),
    Recipe::new("glass_break", ["GLASBrk", "GLASS", "BREAK"], "Pane Shatter Floor", 3, shatter).rate(96_000),
    Recipe::new("glass_rub", ["GLASTonl", "GLASS", "TONAL"], "Wine Glass Rim Rub", 2, rub)
        .rate(44_100)
        .peak(-6.0)
        .fade(0.3),
];

/// A drinking glass touched with a spoon.
fn tap(booth: &mut Booth) -> Vec<Track> {
    let mut track = booth.silence(1.3);
    let body = Body {
        pitch_hz: booth.rng.log_between(1500.0, 2300.0),
        t60_s: booth.rng.between(0.5, 0.9),
        damping: 0.6,
        hardness_hz: 12_000.0,
    };
    let modes = modal::modes(booth, &body, &GLASS_SHELL);
    modal::strike(booth, &mut track, 0.02, &modes, 1.0);
    grain::add(booth, &mut track, 0.02, Grain { t60_s: 0.006, freq_hz: 6000.0, q: 0.7, gain: 0.5 });
    vec![track]
}

/// A pane breaks, its pieces fall and scatter.
fn shatter(booth: &mut Booth) -> Vec<Track> {
    let length_s = 2.4;
    let mut pair = [booth.silence(length_s), booth.silence(length_s)];
    for side in &mut pair {
        grain::add(booth, side, 0.03, Grain { t60_s: 0.12, freq_hz: 4200.0, q: 0.4, gain: 2.5 });
        grain::add(booth, side, 0.03, Grain { t60_s: 0.08, freq_hz: 700.0, q: 0.6, gain: 1.0 });
    }
    let shards = 90 + booth.rng.below(60);
    let fall_s = booth.rng.between(0.35, 0.6);
    for index in 0..shards {
        // A third flies off at once; the rest hits the floor later.
        let at_s = if index % 3 == 0 {
            0.03 + booth.rng.waiting_s(0.04)
        } else {
            fall_s + booth.rng.waiting_s(0.28)
        };
        let size = booth.rng.unit();
        let pitch_hz = shape::blend_hz(9500.0, 2200.0, size);
        let t60_s = booth.rng.log_between(0.05, 0.3);
        let gain = (0.15 + 0.6 * size) * booth.rng.between(0.3, 1.0) * shape::decay(at_s, 3.2);
        let modes = [1.0, 1.61, 2.43].map(|ratio| Mode {
            freq_hz: pitch_hz * ratio * booth.rng.between(0.95, 1.05),
            t60_s: t60_s / ratio,
            gain: gain / ratio,
        });
        let side = space::pan(booth.rng.bipolar());
        for (track, level) in pair.iter_mut().zip(side) {
            modal::strike(booth, track, at_s, &modes, level);
        }
    }
    pair.into()
}

/// A wet finger on a rim: the lowest mode, held, with a slow beat and some friction noise.
fn rub(booth: &mut Booth) -> Vec<Track> {
    let mut track = booth.silence(3.2);
    let pitch_hz = booth.rng.log_between(620.0, 880.0);
    let beat_hz = booth.rng.between(2.0, 3.5);
    let wander = shape::drift(booth, track.len(), 3.0);
    let mut phases: [Phase; 3] = Default::default();
    for (index, sample) in track.iter_mut().enumerate() {
        let t = index as f64 / booth.rate_hz;
        let pitch_hz = pitch_hz * (1.0 + 0.002 * wander[index]);
        let beat = 0.75 + 0.25 * libm::sin(core::f64::consts::TAU * beat_hz * t);
        let tone = phases[0].advance(pitch_hz, booth.rate_hz).sine()
            + 0.12 * phases[1].advance(2.32 * pitch_hz, booth.rate_hz).sine()
            + 0.05 * phases[2].advance(2.0 * pitch_hz, booth.rate_hz).sine();
        let swell = shape::rise(t / 0.9) * (0.6 + 0.4 * wander[index]);
        *sample = swell * (beat * tone + 0.012 * booth.rng.bipolar());
    }
    vec![track]
}
