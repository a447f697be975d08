//! Oscillators. Edges are rounded by PolyBLEP (Välimäki & Huovilainen, *Antialiasing Oscillators in
//! Subtractive Synthesis*, IEEE SPM 2007), so that a sweep does not fold back.

use core::f64::consts::TAU;

/// A running phase in `[0, 1)`.
#[derive(Default)]
pub(crate) struct Phase {
    value: f64,
    step: f64,
}

impl Phase {
    /// Moves on by one sample at this frequency.
    pub(crate) fn advance(&mut self, freq_hz: f64, rate_hz: f64) -> &Self {
        self.step = (freq_hz / rate_hz).clamp(0.0, 0.45);
        self.value += self.step;
        self.value -= libm::floor(self.value);
        self
    }

    pub(crate) fn sine(&self) -> f64 {
        libm::sin(TAU * self.value)
    }

    pub(crate) fn saw(&self) -> f64 {
        2.0 * self.value - 1.0 - self.edge(self.value)
    }

    pub(crate) fn square(&self) -> f64 {
        let half = self.value + 0.5 - libm::floor(self.value + 0.5);
        let raw = if self.value < 0.5 { 1.0 } else { -1.0 };
        raw + self.edge(self.value) - self.edge(half)
    }

    /// Whether the last step passed the start of a cycle.
    pub(crate) fn wrapped(&self) -> bool {
        self.value < self.step
    }

    fn edge(&self, value: f64) -> f64 {
        if self.step <= 0.0 {
            return 0.0;
        }
        if value < self.step {
            let t = value / self.step;
            t + t - t * t - 1.0
        } else if value > 1.0 - self.step {
            let t = (value - 1.0) / self.step;
            t * t + t + t + 1.0
        } else {
            0.0
        }
    }
}
