//! Sirens, timers and warning tones.

use super::Recipe;
use crate::dsp::Track;
use crate::dsp::booth::Booth;
use crate::dsp::filter::Biquad;
use crate::dsp::osc::Phase;
use crate::dsp::shape;
use crate::dsp::space::{self, Room};

pub(super) const RECIPES: &[Recipe] = &[
    Recipe::new("siren_wail", ["ALRMSirn", "ALARMS", "SIREN"], "Siren Wail Slow", 2, wail)
        .peak(-4.0)
        .fade(0.4),
    Recipe::new("siren_yelp", ["VEHSirn", "VEHICLES", "SIREN"], "Siren Yelp Fast", 2, yelp)
        .peak(-4.0)
        .fade(0.2),
    Recipe::new("alarm_two_tone", ["ALRMElec", "ALARMS", "ELECTRONIC"], "Alarm Two Tone", 2, two_tone)
        .peak(-6.0)
        .rate(44_100),
    Recipe::new("timer_beep", ["BEEPTimer", "BEEPS", "TIMER"], "Timer Beeps Short", 2, timer)
        .peak(-9.0)
        .rate(44_100),
];

/// A siren in a street: the drive's harmonics through a horn, and the houses' echo.
fn siren(booth: &mut Booth, length_s: f64, pitch_hz: &dyn Fn(f64) -> f64) -> Vec<Track> {
    let mut track = booth.silence(length_s);
    let mut phase = Phase::default();
    for (index, sample) in track.iter_mut().enumerate() {
        phase.advance(pitch_hz(booth.time_s(index)), booth.rate_hz);
        *sample = libm::tanh(2.2 * phase.sine()) + 0.25 * phase.saw();
    }
    Biquad::highpass(500.0, 0.7, booth.rate_hz).run(&mut track);
    Biquad::lowpass(4200.0, 0.7, booth.rate_hz).run(&mut track);
    space::stereo(booth, &track, Room { t60_s: 1.4, size: 2.0, wet: 0.3 }).into()
}

/// A mechanical wail: charges quickly, runs down slowly.
fn wail(booth: &mut Booth) -> Vec<Track> {
    let period_s = booth.rng.between(3.2, 4.4);
    let (low_hz, high_hz) = (booth.rng.between(420.0, 520.0), booth.rng.between(1050.0, 1250.0));
    siren(booth, 5.0, &|t| {
        let place = t / period_s - libm::floor(t / period_s);
        let height = if place < 0.4 { shape::rise(place / 0.4) } else { shape::rise((1.0 - place) / 0.6) };
        shape::blend_hz(low_hz, high_hz, height)
    })
}

/// An electronic yelp: the same sweep three or four times a second.
fn yelp(booth: &mut Booth) -> Vec<Track> {
    let yelps_hz = booth.rng.between(2.9, 3.9);
    let (low_hz, high_hz) = (booth.rng.between(620.0, 720.0), booth.rng.between(1350.0, 1600.0));
    siren(booth, 3.2, &|t| {
        let place = t * yelps_hz - libm::floor(t * yelps_hz);
        shape::blend_hz(low_hz, high_hz, if place < 0.75 { place / 0.75 } else { (1.0 - place) / 0.25 })
    })
}

/// Two square tones of a piezo sounder in turn.
fn two_tone(booth: &mut Booth) -> Vec<Track> {
    let half_s = booth.rng.between(0.24, 0.4);
    let low_hz = booth.rng.between(760.0, 860.0);
    let high_hz = low_hz * booth.rng.between(1.2, 1.34);
    let mut track = booth.silence(3.0);
    let mut phase = Phase::default();
    for (index, sample) in track.iter_mut().enumerate() {
        let t = booth.time_s(index);
        let half = (t / half_s) as u64;
        phase.advance(if half.is_multiple_of(2) { low_hz } else { high_hz }, booth.rate_hz);
        *sample = 0.6 * phase.square();
    }
    Biquad::bandpass(2400.0, 0.6, booth.rate_hz).run(&mut track);
    vec![track]
}

/// A kitchen timer: groups of four short beeps at about 2 kHz.
fn timer(booth: &mut Booth) -> Vec<Track> {
    let pitch_hz = booth.rng.between(1900.0, 2250.0);
    let group_s = booth.rng.between(0.9, 1.1);
    let mut track = booth.silence(2.6);
    let mut phase = Phase::default();
    for (index, sample) in track.iter_mut().enumerate() {
        let t = booth.time_s(index);
        let in_group_s = t - group_s * libm::floor(t / group_s);
        let in_beep_s = in_group_s - 0.125 * libm::floor(in_group_s / 0.125);
        phase.advance(pitch_hz, booth.rate_hz);
        if in_group_s < 0.5 {
            let edge = shape::rise(in_beep_s / 0.004) * shape::rise((0.07 - in_beep_s) / 0.004);
            *sample = edge * (0.8 * phase.sine() + 0.2 * phase.square());
        }
    }
    vec![track]
}
