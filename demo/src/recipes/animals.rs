//! Small animals: crickets that file, a songbird that whistles.

use super::Recipe;
use crate::dsp::booth::Booth;
use crate::dsp::osc::Phase;
use crate::dsp::space::{self, Room};
use crate::dsp::{Track, noise, shape};

pub(super) const RECIPES: &[Recipe] = &[
    Recipe::new("crickets", ["ANMLInsc", "ANIMALS", "INSECT"], "Crickets Night Field", 2, crickets)
        .peak(-9.0)
        .fade(0.3),
    Recipe::new("songbird", ["BIRDSong", "BIRDS", "SONGBIRD"], "Songbird Short Phrase", 2, songbird)
        .peak(-6.0),
];

/// Each cricket's wing gives a nearly pure tone, cut into pulses by the teeth of its file, and pulses into
/// chirps.
fn crickets(booth: &mut Booth) -> Vec<Track> {
    let length_s = 4.0;
    let mut pair = [booth.silence(length_s), booth.silence(length_s)];
    for _ in 0..4 {
        let tone_hz = booth.rng.log_between(3900.0, 5000.0);
        let pulses_hz = booth.rng.between(28.0, 38.0);
        let chirp_s = booth.rng.between(0.38, 0.62);
        let pulses = f64::from(3 + booth.rng.below(2) as u32);
        let offset_s = booth.rng.between(0.0, chirp_s);
        let gain = booth.rng.log_between(0.25, 1.0);
        let sides = space::pan(booth.rng.bipolar());
        let mut phase = Phase::default();
        for index in 0..pair[0].len() {
            let t = booth.time_s(index) + offset_s;
            let in_chirp_s = t - chirp_s * libm::floor(t / chirp_s);
            let tone = phase.advance(tone_hz, booth.rate_hz).sine();
            let pulse = in_chirp_s * pulses_hz;
            if pulse < pulses {
                let place = pulse - libm::floor(pulse);
                let level = gain * shape::rise(place / 0.25) * shape::rise((0.75 - place) / 0.3);
                for (side, share) in pair.iter_mut().zip(sides) {
                    side[index] += share * level * tone;
                }
            }
        }
    }
    for side in &mut pair {
        let air = noise::pink(&mut booth.rng, side.len());
        space::mix(side, &air, 0.012);
    }
    pair.into()
}

/// A phrase of syllables, each a short glide.
fn songbird(booth: &mut Booth) -> Vec<Track> {
    let mut track = booth.silence(2.4);
    sing(booth, &mut track, 0.15, 1.4);
    space::stereo(booth, &track, Room { t60_s: 0.8, size: 1.5, wet: 0.2 }).into()
}

/// Adds a phrase whose last syllables start before `end_s`; the ambience has such a bird too.
pub(super) fn sing(booth: &mut Booth, track: &mut Track, start_s: f64, end_s: f64) {
    let home_hz = booth.rng.log_between(3000.0, 4300.0);
    let mut at_s = start_s;
    while at_s < end_s {
        let repeats = 1 + booth.rng.below(4);
        let (from, to) = (booth.rng.between(0.75, 1.3), booth.rng.between(0.75, 1.3));
        let syllable_s = booth.rng.between(0.05, 0.16);
        for _ in 0..repeats {
            let start = booth.samples(at_s);
            let mut phase = Phase::default();
            for (offset, sample) in track.iter_mut().skip(start).take(booth.samples(syllable_s)).enumerate() {
                let place = booth.time_s(offset) / syllable_s;
                let pitch_hz = home_hz * (from + (to - from) * place);
                let level = shape::rise(place / 0.3) * shape::rise((1.0 - place) / 0.5);
                *sample += level * phase.advance(pitch_hz, booth.rate_hz).sine();
            }
            at_s += syllable_s + booth.rng.between(0.02, 0.05);
        }
        at_s += booth.rng.between(0.04, 0.16);
    }
}
