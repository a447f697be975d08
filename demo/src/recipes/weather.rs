//! Rain, wind and thunder.

use super::Recipe;
use crate::dsp::booth::Booth;
use crate::dsp::filter::{Biquad, MovingFilter};
use crate::dsp::grain::{self, Grain};
use crate::dsp::modal::{self, Body};
use crate::dsp::space::{self, Room};
use crate::dsp::{Track, noise, shape};

pub(super) const RECIPES: &[Recipe] = &[
    Recipe::new("rain_open", ["RAIN", "RAIN", "GENERAL"], "Rain Steady Open", 2, rain).peak(-9.0).fade(0.4),
    Recipe::new("rain_tin", ["RAINMetl", "RAIN", "METAL"], "Rain On Tin Roof", 2, tin_roof)
        .peak(-6.0)
        .fade(0.3),
    Recipe::new("wind_low", ["WIND", "WIND", "GENERAL"], "Wind Low Moan", 2, moan)
        .peak(-6.0)
        .fade(0.6)
        .rate(44_100),
    Recipe::new("wind_gust", ["WINDGust", "WIND", "GUST"], "Gust Howl Gap", 2, gust).peak(-5.0).fade(0.5),
    Recipe::new("thunder", ["THUN", "WEATHER", "THUNDER"], "Thunder Crack Roll", 2, thunder).fade(0.8),
];

/// So many drops that they are noise, and some near enough to be heard singly.
fn rain(booth: &mut Booth) -> Vec<Track> {
    let length_s = 4.0;
    let density = booth.rng.log_between(120.0, 260.0);
    let mut pair = space::both(|| {
        let samples = booth.samples(length_s);
        let mut bed = noise::white(&mut booth.rng, samples);
        Biquad::highpass(900.0, 0.6, booth.rate_hz).run(&mut bed);
        Biquad::lowpass(9000.0, 0.5, booth.rate_hz).run(&mut bed);
        bed.iter().map(|sample| 0.25 * sample).collect::<Track>()
    });
    for side in &mut pair {
        for at_s in booth.events_s(density, length_s) {
            let near = booth.rng.unit();
            let drop = Grain {
                t60_s: booth.rng.between(0.004, 0.012),
                freq_hz: booth.rng.log_between(2200.0, 7500.0),
                q: 2.5,
                gain: 0.5 * near * near * near,
            };
            grain::add(booth, side, at_s, drop);
        }
    }
    pair.into()
}

/// Drops on corrugated iron: each rings one of a few places of the roof.
fn tin_roof(booth: &mut Booth) -> Vec<Track> {
    let length_s = 4.0;
    let mut pair = [booth.silence(length_s), booth.silence(length_s)];
    let spots: Vec<_> = (0..6)
        .map(|_| {
            let body = Body {
                pitch_hz: booth.rng.log_between(450.0, 900.0),
                t60_s: 0.13,
                damping: 0.4,
                hardness_hz: 3800.0,
            };
            (modal::plate(booth, &body, 9, 6500.0), booth.rng.bipolar())
        })
        .collect();
    let density = booth.rng.between(70.0, 110.0);
    for at_s in booth.events_s(density, length_s) {
        let (modes, place) = &spots[booth.rng.below(spots.len())];
        let near = booth.rng.unit();
        for (side, level) in pair.iter_mut().zip(space::pan(*place)) {
            modal::strike(booth, side, at_s, modes, level * near * near);
        }
    }
    for side in &mut pair {
        let mut bed = noise::pink(&mut booth.rng, side.len());
        Biquad::bandpass(1800.0, 0.4, booth.rate_hz).run(&mut bed);
        space::mix(side, &bed, 0.3);
    }
    pair.into()
}

/// Air past an edge: noise in a band that wanders with the speed.
fn moan(booth: &mut Booth) -> Vec<Track> {
    let samples = booth.samples(4.5);
    let speed = shape::drift(booth, samples, 0.8);
    let (low_hz, high_hz) = (booth.rng.between(140.0, 190.0), booth.rng.between(420.0, 560.0));
    space::both(|| {
        let air = noise::pink(&mut booth.rng, samples);
        let flutter = shape::drift(booth, samples, 6.0);
        let mut band = MovingFilter::default();
        let voice = air.iter().zip(&speed).zip(&flutter).map(|((air, speed), flutter)| {
            let freq_hz = shape::blend_hz(low_hz, high_hz, *speed);
            let bands = band.tick(*air, freq_hz, 3.0, booth.rate_hz);
            (0.25 + speed) * (0.8 + 0.2 * flutter) * (bands.band + 0.35 * bands.low)
        });
        voice.collect()
    })
    .into()
}

/// One gust through a gap: two narrow whistling bands over the rush of air.
fn gust(booth: &mut Booth) -> Vec<Track> {
    let length_s = 4.0;
    let samples = booth.samples(length_s);
    let speed = shape::drift(booth, samples, 2.0);
    let centre_s = booth.rng.between(1.6, 2.3);
    let howl_hz = booth.rng.log_between(520.0, 700.0);
    space::both(|| {
        let air = noise::pink(&mut booth.rng, samples);
        let (mut howl, mut second, mut rush) =
            (MovingFilter::default(), MovingFilter::default(), MovingFilter::default());
        let voice = air.iter().enumerate().map(|(index, air)| {
            let force = shape::swell(booth.time_s(index), centre_s, 1.3) * (0.6 + 0.4 * speed[index]);
            let freq_hz = howl_hz * (0.6 + 0.7 * force + 0.1 * speed[index]);
            let tone = howl.tick(*air, freq_hz, 28.0, booth.rate_hz).band
                + 0.5 * second.tick(*air, 1.73 * freq_hz, 30.0, booth.rate_hz).band;
            let rush = rush.tick(*air, 300.0 + 2200.0 * force, 0.7, booth.rate_hz).low;
            force * (3.0 * tone + 0.4 * rush)
        });
        voice.collect()
    })
    .into()
}

/// A near stroke's crack, then the sound of ever farther parts of the channel, ever duller.
fn thunder(booth: &mut Booth) -> Vec<Track> {
    let samples = booth.samples(6.0);
    let mut level = vec![0.0; samples];
    let mut at_s = 0.15;
    let claps = 9 + booth.rng.below(5);
    for clap in 0..claps {
        let gain = booth.rng.between(0.35, 1.0) * shape::decay(at_s, 13.0);
        let t60_s = booth.rng.between(0.5, 1.5) * (0.4 + 0.1 * f64::from(clap as u32));
        let start = booth.samples(at_s);
        for (offset, value) in level.iter_mut().skip(start).enumerate() {
            let t = offset as f64 / booth.rate_hz;
            *value += gain * (t * 60.0).min(1.0) * shape::decay(t, t60_s);
        }
        at_s += booth.rng.waiting_s(0.45);
    }
    let crack_s = 0.15;
    let start_hz = booth.rng.log_between(2500.0, 5000.0);
    let air = noise::brown(&mut booth.rng, samples);
    let hiss = noise::white(&mut booth.rng, samples);
    let mut dulled = MovingFilter::default();
    let track: Track = (0..samples)
        .map(|index| {
            let t = booth.time_s(index);
            let cutoff_hz = 110.0 + start_hz * shape::decay((t - crack_s).max(0.0), 2.6);
            let near = if t > crack_s { 0.8 * shape::decay(t - crack_s, 0.5) } else { 0.0 };
            dulled.tick(air[index] * level[index] + near * hiss[index], cutoff_hz, 0.6, booth.rate_hz).low
        })
        .collect();
    space::stereo(booth, &track, Room { t60_s: 3.5, size: 3.0, wet: 0.35 }).into()
}
