//! Engines: combustion pulses into an exhaust, and an electric motor's whine.

use super::Recipe;
use crate::dsp::booth::Booth;
use crate::dsp::filter::Biquad;
use crate::dsp::osc::Phase;
use crate::dsp::{Track, noise, shape, space};

pub(super) const RECIPES: &[Recipe] = &[
    Recipe::new("engine_idle", ["MOTRComb", "MOTORS", "COMBUSTION"], "Engine Idle Four", 2, idle)
        .peak(-4.0)
        .fade(0.2),
    Recipe::new("engine_rev", ["VEHCar", "VEHICLES", "CAR"], "Engine Rev Up Down", 2, rev)
        .peak(-4.0)
        .fade(0.3),
    Recipe::new("electric_motor", ["MOTRElec", "MOTORS", "ELECTRIC"], "Motor Whirr Start", 2, electric)
        .peak(-6.0)
        .rate(44_100),
];

/// A four-stroke engine with four cylinders: two firings a turn. Each cylinder fires a little differently,
/// which is what makes an idle lope.
fn combustion(
    booth: &mut Booth,
    length_s: f64,
    speed_rpm: &dyn Fn(f64) -> f64,
    load: &dyn Fn(f64) -> f64,
) -> Vec<Track> {
    let rate_hz = booth.rate_hz;
    let mut pulses = booth.silence(length_s);
    let mut air = noise::pink(&mut booth.rng, pulses.len());
    let cylinders: [f64; 4] = [0; 4].map(|_| booth.rng.between(0.7, 1.0));
    let mut phase = Phase::default();
    let (mut cylinder, mut pressure, mut pulse) = (0, 0.0, 0.0);
    for (index, sample) in pulses.iter_mut().enumerate() {
        let t = index as f64 / rate_hz;
        let firing_hz = speed_rpm(t) / 30.0 * (1.0 + 0.02 * booth.rng.bipolar());
        if phase.advance(firing_hz, rate_hz).wrapped() {
            cylinder = (cylinder + 1) % cylinders.len();
            pressure = cylinders[cylinder] * booth.rng.between(0.85, 1.0) * load(t);
        }
        // The valve opens over a millisecond; the gas leaves within a few.
        pressure *= shape::decay(1.0 / rate_hz, 0.022);
        pulse += 0.06 * (pressure - pulse);
        *sample = pulse;
        air[index] *= pulse;
    }
    let mut track: Track = pulses.iter().map(|pulse| 0.6 * pulse).collect();
    let length = booth.rng.between(0.9, 1.1);
    for (freq_hz, q, gain) in
        [(92.0, 4.0, 1.6), (185.0, 5.0, 1.4), (330.0, 5.0, 1.0), (610.0, 4.0, 0.7), (1150.0, 3.0, 0.5)]
    {
        let mut part = pulses.clone();
        Biquad::bandpass(freq_hz * length, q, rate_hz).run(&mut part);
        space::mix(&mut track, &part, 2.0 * gain);
    }
    Biquad::bandpass(1600.0, 0.4, rate_hz).run(&mut air);
    space::mix(&mut track, &air, 1.6);
    vec![track]
}

fn idle(booth: &mut Booth) -> Vec<Track> {
    let speed_rpm = booth.rng.between(680.0, 880.0);
    let hunt_hz = booth.rng.between(0.5, 0.9);
    combustion(
        booth,
        3.0,
        &|t| speed_rpm * (1.0 + 0.03 * libm::sin(core::f64::consts::TAU * hunt_hz * t)),
        &|_| 0.8,
    )
}

fn rev(booth: &mut Booth) -> Vec<Track> {
    let top_rpm = booth.rng.between(4200.0, 5400.0);
    let press_s = booth.rng.between(0.5, 0.8);
    let lift_s = booth.rng.between(1.7, 2.1);
    combustion(
        booth,
        4.0,
        &|t| {
            let up = shape::rise((t - press_s) / (lift_s - press_s));
            let down = 1.0 - shape::rise((t - lift_s) / 1.5);
            shape::blend_hz(850.0, top_rpm, if t < lift_s { up } else { down })
        },
        &|t| if t > press_s && t < lift_s { 1.0 } else { 0.55 },
    )
}

/// Runs up, holds, runs down: rotor hum, gear whine and the brushes' noise all follow the speed.
fn electric(booth: &mut Booth) -> Vec<Track> {
    let length_s = 2.8;
    let rate_hz = booth.rate_hz;
    let mut track = booth.silence(length_s);
    let brushes = noise::white(&mut booth.rng, track.len());
    let wobble = shape::drift(booth, track.len(), 12.0);
    let top_hz = booth.rng.between(95.0, 135.0);
    let teeth = f64::from(11 + booth.rng.below(4) as u32);
    let (mut rotor, mut second, mut gear, mut brush) =
        (Phase::default(), Phase::default(), Phase::default(), Biquad::bandpass(5200.0, 0.8, rate_hz));
    for (index, sample) in track.iter_mut().enumerate() {
        let t = index as f64 / rate_hz;
        let speed = shape::rise(t / 0.6) * shape::rise((length_s - t) / 0.8);
        let turns_hz = 12.0 + top_hz * speed * (0.985 + 0.03 * wobble[index]);
        let hum = 0.5 * rotor.advance(turns_hz, rate_hz).saw()
            + 0.3 * second.advance(2.0 * turns_hz, rate_hz).sine();
        let whine = 0.55 * gear.advance(teeth * turns_hz, rate_hz).sine() + 0.15 * gear.saw();
        let scrape = 0.5 * brush.tick(brushes[index]) * (0.7 + 0.3 * rotor.sine());
        *sample = (0.1 + 0.9 * speed) * (hum + whine + scrape);
    }
    vec![track]
}
