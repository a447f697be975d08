//! Short bursts of coloured noise: contacts, crackles, claps, drops.

use super::Track;
use super::booth::Booth;
use super::filter::Biquad;
use super::shape;

/// One burst: noise through a band-pass under a decaying envelope.
#[derive(Clone, Copy)]
pub(crate) struct Grain {
    /// Time from the onset until the level has fallen by 60 dB.
    pub(crate) t60_s: f64,
    /// Centre of the band.
    pub(crate) freq_hz: f64,
    /// Narrowness of the band; 0.5 is broad, 8 nearly a tone.
    pub(crate) q: f64,
    pub(crate) gain: f64,
}

/// Adds a burst at a time; what passes the end of the track is cut.
pub(crate) fn add(booth: &mut Booth, track: &mut Track, at_s: f64, grain: Grain) {
    let start = booth.samples(at_s);
    let length = booth.samples(grain.t60_s).max(16);
    let mut band = Biquad::bandpass(grain.freq_hz, grain.q, booth.rate_hz);
    // A narrow band passes less of the noise's power; the root of q makes up for it.
    let gain = grain.gain * libm::sqrt(grain.q + 0.5);
    for (offset, sample) in track.iter_mut().skip(start).take(length).enumerate() {
        let level = shape::decay(booth.time_s(offset), grain.t60_s);
        let attack = (booth.time_s(offset) * 4000.0).min(1.0);
        // A straight ramp brings the -60 dB tail to an exact zero.
        let tail = 1.0 - offset as f64 / length as f64;
        *sample += gain * level * attack * tail * band.tick(booth.rng.bipolar());
    }
}
