//! Things that never were: lasers and beams; and air cut by something fast.

use super::Recipe;
use crate::dsp::booth::Booth;
use crate::dsp::filter::MovingFilter;
use crate::dsp::osc::Phase;
use crate::dsp::space::{self, Room};
use crate::dsp::{Track, noise, shape};
use core::f64::consts::TAU;

pub(super) const RECIPES: &[Recipe] = &[
    Recipe::new("laser_shot", ["LASRGun", "LASERS", "GUN"], "Laser Shot Falling", 3, shot).fade(0.15),
    Recipe::new("laser_beam", ["LASRBeam", "LASERS", "BEAM"], "Beam Sustained", 2, beam).peak(-6.0).fade(0.2),
    Recipe::new("whoosh", ["WHSH", "SWOOSHES", "WHOOSH"], "Whoosh Pass Heavy", 2, whoosh).peak(-4.0),
    Recipe::new("swish", ["SWSH", "SWOOSHES", "SWISH"], "Swish Thin Fast", 2, swish).peak(-6.0),
];

/// A sweep that falls by four octaves within a third of a second.
fn shot(booth: &mut Booth) -> Vec<Track> {
    let start_hz = booth.rng.log_between(2600.0, 4600.0);
    let fall_s = booth.rng.between(0.45, 0.75);
    let ratio = booth.rng.between(1.4, 2.1);
    let mut track = booth.silence(0.9);
    let (mut carrier, mut modulator) = (Phase::default(), Phase::default());
    let rate_hz = booth.rate_hz;
    for (index, sample) in track.iter_mut().enumerate() {
        let t = index as f64 / rate_hz;
        let pitch_hz = 110.0 + start_hz * shape::decay(t, fall_s);
        let bend = 1.0 + 0.5 * modulator.advance(ratio * pitch_hz, rate_hz).sine();
        let level = shape::decay(t, 1.3 * fall_s) * (t * 800.0).min(1.0);
        *sample = level * carrier.advance(pitch_hz * bend, rate_hz).saw();
    }
    space::stereo(booth, &track, Room { t60_s: 0.9, size: 1.2, wet: 0.2 }).into()
}

/// A held beam: beating saws, a tremolo and a crackling edge.
fn beam(booth: &mut Booth) -> Vec<Track> {
    let pitch_hz = booth.rng.log_between(150.0, 230.0);
    let tremolo_hz = booth.rng.between(16.0, 24.0);
    let length_s = 2.8;
    let mut track = booth.silence(length_s);
    let edge = noise::white(&mut booth.rng, track.len());
    let drift = shape::drift(booth, track.len(), 3.0);
    let mut saws: [Phase; 3] = Default::default();
    let mut band = MovingFilter::default();
    for (index, sample) in track.iter_mut().enumerate() {
        let t = booth.time_s(index);
        let start = 1.0 + 1.5 * shape::decay(t, 0.5);
        let tone: f64 = saws
            .iter_mut()
            .zip([1.0, 1.007, 2.012])
            .map(|(saw, ratio)| saw.advance(start * pitch_hz * ratio, booth.rate_hz).saw())
            .sum();
        let tremolo = 0.75 + 0.25 * libm::sin(TAU * tremolo_hz * t);
        let input = tremolo * tone + 0.5 * edge[index] * drift[index];
        let bands = band.tick(input, 900.0 + 1800.0 * drift[index], 2.5, booth.rate_hz);
        *sample = shape::rise(t / 0.05) * shape::rise((length_s - t) / 0.35) * (bands.band + 0.3 * bands.low);
    }
    vec![track]
}

/// How something passes: when and how long, and where its noise lies.
struct Passing {
    length_s: f64,
    width_s: f64,
    far_hz: f64,
    near_hz: f64,
    q: f64,
}

/// Noise in a band that rises with the approach and falls after; it moves across.
fn pass(booth: &mut Booth, passing: &Passing) -> Vec<Track> {
    let samples = booth.samples(passing.length_s);
    let air = noise::pink(&mut booth.rng, samples);
    let centre_s = passing.length_s * booth.rng.between(0.42, 0.52);
    let direction = if booth.rng.unit() < 0.5 { -1.0 } else { 1.0 };
    let mut band = MovingFilter::default();
    let mut pair = [vec![0.0; samples], vec![0.0; samples]];
    for (index, air) in air.iter().enumerate() {
        let t = booth.time_s(index);
        let near = shape::swell(t, centre_s, passing.width_s);
        let freq_hz = shape::blend_hz(passing.far_hz, passing.near_hz, near);
        let bands = band.tick(*air, freq_hz, passing.q, booth.rate_hz);
        let place = direction * ((t - centre_s) / passing.width_s).clamp(-1.0, 1.0);
        for (side, gain) in pair.iter_mut().zip(space::pan(0.8 * place)) {
            side[index] = gain * near * (bands.band + 0.3 * bands.low);
        }
    }
    pair.into()
}

fn whoosh(booth: &mut Booth) -> Vec<Track> {
    let passing = Passing {
        length_s: booth.rng.between(1.4, 1.9),
        width_s: booth.rng.between(0.25, 0.38),
        far_hz: 140.0,
        near_hz: booth.rng.log_between(700.0, 1200.0),
        q: 1.4,
    };
    pass(booth, &passing)
}

fn swish(booth: &mut Booth) -> Vec<Track> {
    let passing = Passing {
        length_s: booth.rng.between(0.42, 0.55),
        width_s: booth.rng.between(0.06, 0.09),
        far_hz: 1200.0,
        near_hz: booth.rng.log_between(3800.0, 6500.0),
        q: 2.6,
    };
    pass(booth, &passing)
}
