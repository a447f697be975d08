//! Electricity: mains hum, sparks across a gap, and compressed air as their cousin in a plant.

use super::Recipe;
use crate::dsp::booth::Booth;
use crate::dsp::filter::Biquad;
use crate::dsp::grain::{self, Grain};
use crate::dsp::osc::Phase;
use crate::dsp::{Track, noise, shape};

pub(super) const RECIPES: &[Recipe] = &[
    Recipe::new("mains_hum", ["ELECBuzz", "ELECTRICITY", "BUZZ & HUM"], "Transformer Hum", 2, hum)
        .peak(-8.0)
        .fade(0.2)
        .rate(44_100),
    Recipe::new("spark", ["ELECSprk", "ELECTRICITY", "SPARKS"], "Spark Burst Harsh", 2, spark),
    Recipe::new("air_hiss", ["AIRHiss", "AIR", "HISS"], "Valve Hiss Leak", 2, hiss).peak(-6.0).fade(0.1),
];

/// A transformer: the core contracts twice a cycle, its harmonics rattle. Chance decides between 50 and
/// 60 Hz mains.
fn hum(booth: &mut Booth) -> Vec<Track> {
    let mains_hz = if booth.rng.unit() < 0.6 { 50.0 } else { 60.0 };
    let gains: Vec<f64> = (1..14).map(|n| booth.rng.between(0.4, 1.0) / f64::from(n)).collect();
    let mut track = booth.silence(2.8);
    let load = shape::drift(booth, track.len(), 1.2);
    let rate_hz = booth.rate_hz;
    for (gain, n) in gains.iter().zip(1_u32..) {
        let mut phase = Phase::default();
        for (index, sample) in track.iter_mut().enumerate() {
            let strength = if n > 4 { 0.4 + 0.6 * load[index] } else { 1.0 };
            *sample += gain * strength * phase.advance(2.0 * mains_hz * f64::from(n), rate_hz).sine();
        }
    }
    let mut buzz = Phase::default();
    for (index, sample) in track.iter_mut().enumerate() {
        *sample += 0.08 * load[index] * buzz.advance(mains_hz, rate_hz).saw();
    }
    vec![track]
}

/// Discharges at twice the mains frequency while the gap conducts, ragged in strength.
fn spark(booth: &mut Booth) -> Vec<Track> {
    let mut track = booth.silence(1.6);
    let mut at_s = 0.03;
    for _ in 0..3 + booth.rng.below(3) {
        let end_s = at_s + booth.rng.log_between(0.05, 0.3);
        while at_s < end_s.min(1.5) {
            let snap = Grain {
                t60_s: booth.rng.between(0.003, 0.009),
                freq_hz: booth.rng.log_between(2500.0, 8000.0),
                q: 0.6,
                gain: booth.rng.between(0.25, 1.0),
            };
            grain::add(booth, &mut track, at_s, snap);
            at_s += 0.01 * booth.rng.between(0.8, 1.2);
        }
        at_s = end_s + booth.rng.between(0.05, 0.25);
    }
    vec![track]
}

/// Air from a valve: turbulent noise, strongest high up, that dies with the pressure.
fn hiss(booth: &mut Booth) -> Vec<Track> {
    let samples = booth.samples(2.0);
    let mut track = noise::white(&mut booth.rng, samples);
    let open_s = booth.rng.between(0.7, 1.2);
    Biquad::highpass(booth.rng.log_between(2600.0, 4200.0), 0.8, booth.rate_hz).run(&mut track);
    for (index, sample) in track.iter_mut().enumerate() {
        let t = booth.time_s(index);
        *sample *= shape::rise(t / 0.02)
            * shape::decay(t, 3.5)
            * (if t > open_s { shape::decay(t - open_s, 0.9) } else { 1.0 });
    }
    vec![track]
}
