//! What a recipe is handed: its own stream of chance and the sample rate it is to render at.

use super::Track;
use crate::rng::Rng;

/// The place where one take is made.
pub(crate) struct Booth {
    /// The take's stream of chance.
    pub(crate) rng: Rng,
    /// Samples per second of everything rendered here.
    pub(crate) rate_hz: f64,
}

impl Booth {
    /// A silent track of the given length.
    pub(crate) fn silence(&self, length_s: f64) -> Track {
        vec![0.0; self.samples(length_s)]
    }

    /// Whole samples in a time.
    pub(crate) fn samples(&self, time_s: f64) -> usize {
        (time_s * self.rate_hz) as usize
    }

    /// The time of a sample.
    pub(crate) fn time_s(&self, sample: usize) -> f64 {
        sample as f64 / self.rate_hz
    }

    /// The event times of a Poisson process within a length.
    pub(crate) fn events_s(&mut self, per_second: f64, length_s: f64) -> Vec<f64> {
        let mut times = Vec::new();
        let mut now = self.rng.waiting_s(1.0 / per_second);
        while now < length_s {
            times.push(now);
            now += self.rng.waiting_s(1.0 / per_second);
        }
        times
    }
}
