//! Modal synthesis: a struck body as a sum of decaying sines (J.-M. Adrien, *The Missing Link: Modal
//! Synthesis*, 1991; mode ratios from Fletcher & Rossing, *The Physics of Musical Instruments*).

use super::Track;
use super::booth::Booth;
use core::f64::consts::TAU;

/// One way of vibrating.
#[derive(Clone, Copy)]
pub(crate) struct Mode {
    pub(crate) freq_hz: f64,
    /// Time until 60 dB below the start.
    pub(crate) t60_s: f64,
    pub(crate) gain: f64,
}

/// Mode ratios of a bar that is free at both ends (Fletcher & Rossing §2.15).
pub(crate) const FREE_BAR: [f64; 6] = [1.0, 2.756, 5.404, 8.933, 13.344, 18.64];
/// Mode ratios of a thin glass shell, close to (n² − 1) growth.
pub(crate) const GLASS_SHELL: [f64; 6] = [1.0, 2.32, 4.25, 6.63, 9.38, 12.5];

/// What a body is made of and how it is struck.
pub(crate) struct Body {
    pub(crate) pitch_hz: f64,
    /// Decay of the lowest mode.
    pub(crate) t60_s: f64,
    /// How much faster high modes decay: t60 ∝ (f₀/f)^damping.
    pub(crate) damping: f64,
    /// Frequency above which the striker excites little: soft is low, hard is high.
    pub(crate) hardness_hz: f64,
}

/// The modes of a body with the given ratios; each is shifted and weighted a little by chance, as no two
/// real bodies agree.
pub(crate) fn modes(booth: &mut Booth, body: &Body, ratios: &[f64]) -> Vec<Mode> {
    ratios
        .iter()
        .map(|ratio| {
            let freq_hz = body.pitch_hz * ratio * (1.0 + 0.015 * booth.rng.bipolar());
            Mode {
                freq_hz,
                t60_s: body.t60_s / libm::pow(ratio.max(1.0), body.damping),
                gain: booth.rng.between(0.5, 1.0) * libm::exp(-freq_hz / body.hardness_hz),
            }
        })
        .collect()
}

/// The modes of a plate: about equally dense over frequency up to `top_hz` (Fletcher & Rossing §3.4).
pub(crate) fn plate(booth: &mut Booth, body: &Body, count: usize, top_hz: f64) -> Vec<Mode> {
    let ratios: Vec<f64> = (0..count)
        .map(|index| {
            let place = (index as f64 + 0.8 * booth.rng.bipolar()).max(0.0) / count as f64;
            1.0 + place * (top_hz / body.pitch_hz - 1.0)
        })
        .collect();
    modes(booth, body, &ratios)
}

/// Strikes: adds every mode to the track from `at_s` on.
pub(crate) fn strike(booth: &Booth, track: &mut Track, at_s: f64, modes: &[Mode], gain: f64) {
    let start = booth.samples(at_s);
    for mode in modes.iter().filter(|mode| mode.freq_hz < 0.45 * booth.rate_hz) {
        ring(track, start, mode, gain, booth.rate_hz);
    }
}

/// One decaying sine by the two-pole recurrence y[n] = 2r·cosθ·y[n−1] − r²·y[n−2].
fn ring(track: &mut Track, start: usize, mode: &Mode, gain: f64, rate_hz: f64) {
    let angle = TAU * mode.freq_hz / rate_hz;
    // ln(1000) = 6.9078: 60 dB in amplitude.
    let radius = libm::exp(-6.907_755 / (mode.t60_s * rate_hz));
    let (feedback, loss) = (2.0 * radius * libm::cos(angle), radius * radius);
    let (mut last, mut previous) = (0.0, -libm::sin(angle) / radius);
    // After 1.5 × t60 the mode is 90 dB down.
    let length = (1.5 * mode.t60_s * rate_hz) as usize;
    for sample in track.iter_mut().skip(start).take(length) {
        *sample += gain * mode.gain * last;
        (last, previous) = (feedback * last - loss * previous, last);
    }
}
