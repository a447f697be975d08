//! Bubbles in water: a rising sine that decays (K. van den Doel, *Physically based models for liquid
//! sounds*, ACM TAP 2(4), 2005). Drips, brooks and boiling differ only in sizes, numbers and rise.

use super::Track;
use super::booth::Booth;
use core::f64::consts::TAU;

/// Adds one bubble. `rise` is the model's ξ: how much the pitch climbs while the sound decays.
pub(crate) fn add(booth: &Booth, track: &mut Track, at_s: f64, radius_m: f64, rise: f64, gain: f64) {
    let pitch_hz = 3.0 / radius_m;
    // The paper's damping: radiation and viscous losses of a bubble of this radius.
    let damping = 0.13 / radius_m + 0.0072 / (radius_m * libm::sqrt(radius_m));
    let start = booth.samples(at_s);
    let (mut phase, mut level) = (0.0, 1.0);
    let decay = libm::exp(-damping / booth.rate_hz);
    for (offset, sample) in track.iter_mut().skip(start).enumerate() {
        let t = booth.time_s(offset);
        if level < 1e-4 {
            break;
        }
        let attack = (t * 2000.0).min(1.0);
        *sample += gain * attack * level * libm::sin(TAU * phase);
        phase += (pitch_hz * (1.0 + rise * damping * t)).min(0.45 * booth.rate_hz) / booth.rate_hz;
        level *= decay;
    }
}
