//! Bells: partials tuned by their founders, each a pair that beats.

use super::Recipe;
use crate::dsp::booth::Booth;
use crate::dsp::grain::{self, Grain};
use crate::dsp::modal::{self, Body, Mode};
use crate::dsp::osc::Phase;
use crate::dsp::space::{self, Room};
use crate::dsp::{Track, shape};

pub(super) const RECIPES: &[Recipe] = &[
    Recipe::new("church_bell", ["BELLLrg", "BELLS", "LARGE"], "Church Bell Strike", 3, church).fade(0.8),
    Recipe::new("handbell", ["BELLHand", "BELLS", "HANDBELL"], "Handbell Ring", 2, hand).peak(-5.0).fade(0.3),
    Recipe::new("gong", ["BELLGong", "BELLS", "GONG"], "Gong Soft Swell", 2, gong).fade(0.8).rate(44_100),
];

/// A minor-third bell: ratio to the strike note, decay relative to the hum, gain (Fletcher & Rossing §21.3:
/// hum, prime, tierce, quint, nominal and the upper octaves).
const PARTIALS: [(f64, f64, f64); 9] = [
    (0.5, 1.0, 0.7),
    (1.0, 0.55, 0.75),
    (1.183, 0.5, 1.0),
    (1.506, 0.28, 0.35),
    (2.0, 0.3, 1.0),
    (2.514, 0.15, 0.4),
    (2.662, 0.15, 0.35),
    (3.011, 0.13, 0.5),
    (4.166, 0.08, 0.35),
];

/// Strikes a church bell once; the ambience hangs one behind the trees.
pub(super) fn toll(booth: &mut Booth, track: &mut Track, at_s: f64, note_hz: f64) {
    let mut modes = Vec::with_capacity(2 * PARTIALS.len());
    for (ratio, decay, gain) in PARTIALS {
        // No casting is round: each partial is two, a fraction of a hertz apart.
        let split_hz = booth.rng.between(0.3, 1.1);
        for (side, share) in [(-0.5, 0.6), (0.5, 0.4)] {
            modes.push(Mode {
                freq_hz: note_hz * ratio + side * split_hz,
                t60_s: 9.0 * decay,
                gain: share * gain,
            });
        }
    }
    modal::strike(booth, track, at_s, &modes, 1.0);
    grain::add(booth, track, at_s, Grain { t60_s: 0.05, freq_hz: 6.0 * note_hz, q: 0.8, gain: 0.5 });
}

fn church(booth: &mut Booth) -> Vec<Track> {
    let mut track = booth.silence(5.0);
    let note_hz = booth.rng.log_between(330.0, 440.0);
    toll(booth, &mut track, 0.05, note_hz);
    space::stereo(booth, &track, Room { t60_s: 2.0, size: 2.0, wet: 0.2 }).into()
}

/// A small bell shaken: tuned twelfth, three to five strokes.
fn hand(booth: &mut Booth) -> Vec<Track> {
    let mut track = booth.silence(2.4);
    let body = Body {
        pitch_hz: booth.rng.log_between(1150.0, 1600.0),
        t60_s: 1.3,
        damping: 0.6,
        hardness_hz: 9000.0,
    };
    let modes = modal::modes(booth, &body, &[1.0, 2.99, 4.21, 5.4, 7.1]);
    let mut at_s = 0.03;
    for _ in 0..3 + booth.rng.below(3) {
        let gain = booth.rng.between(0.5, 1.0);
        modal::strike(booth, &mut track, at_s, &modes, gain);
        at_s += booth.rng.between(0.18, 0.3);
    }
    vec![track]
}

/// A large gong hit softly: the low modes speak first, the shimmer builds up behind them.
fn gong(booth: &mut Booth) -> Vec<Track> {
    let mut track = booth.silence(4.5);
    let pitch_hz = booth.rng.log_between(70.0, 105.0);
    let rate_hz = booth.rate_hz;
    for index in 0..48 {
        let ratio = 1.0 + 0.55 * f64::from(index) * booth.rng.between(0.93, 1.07);
        let gain = booth.rng.between(0.4, 1.0) / libm::sqrt(ratio);
        let attack_s = 0.01 + 0.022 * ratio;
        let decay = shape::decay(1.0 / rate_hz, 9.0 / libm::sqrt(ratio));
        let mut level = gain;
        let mut phase = Phase::default();
        for (offset, sample) in track.iter_mut().enumerate() {
            let t = offset as f64 / rate_hz;
            let attack = if t < attack_s { shape::rise(t / attack_s) } else { 1.0 };
            level *= decay;
            *sample += attack * level * phase.advance(pitch_hz * ratio, rate_hz).sine();
        }
    }
    grain::add(booth, &mut track, 0.0, Grain { t60_s: 0.2, freq_hz: 120.0, q: 1.0, gain: 3.0 });
    vec![track]
}
