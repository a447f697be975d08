//! Curves over time: decays, swells, and slow random drift.

use super::Track;
use super::booth::Booth;
use core::f64::consts::PI;

/// Amplitude of a level in decibels.
pub(crate) fn db(level: f64) -> f64 {
    libm::pow(10.0, level / 20.0)
}

/// Exponential decay that has lost 60 dB after `t60_s`.
pub(crate) fn decay(time_s: f64, t60_s: f64) -> f64 {
    libm::exp(-6.907_755 * time_s / t60_s)
}

/// Raised cosine from 0 to 1 over `place` in `[0, 1]`; constant outside.
pub(crate) fn rise(place: f64) -> f64 {
    0.5 - 0.5 * libm::cos(PI * place.clamp(0.0, 1.0))
}

/// Bell curve with its top of 1 at `centre_s`.
pub(crate) fn swell(time_s: f64, centre_s: f64, width_s: f64) -> f64 {
    let distance = (time_s - centre_s) / width_s;
    libm::exp(-distance * distance)
}

/// Geometric blend: `low` at 0, `high` at 1.
pub(crate) fn blend_hz(low_hz: f64, high_hz: f64, place: f64) -> f64 {
    low_hz * libm::pow(high_hz / low_hz, place)
}

/// Slow random movement in `[0, 1]`: random points, so many a second, joined by raised cosines.
pub(crate) fn drift(booth: &mut Booth, samples: usize, points_per_s: f64) -> Track {
    let span = (booth.rate_hz / points_per_s).max(1.0);
    let (mut from, mut to) = (booth.rng.unit(), booth.rng.unit());
    let mut place = booth.rng.unit();
    (0..samples)
        .map(|_| {
            place += 1.0 / span;
            if place >= 1.0 {
                place -= 1.0;
                from = to;
                to = booth.rng.unit();
            }
            from + (to - from) * rise(place)
        })
        .collect()
}
