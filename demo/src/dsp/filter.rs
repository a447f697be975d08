//! Filters: second-order sections from R. Bristow-Johnson's *Audio EQ Cookbook*, and a state-variable filter
//! (V. Zavalishin, *The Art of VA Filter Design*, ch. 4) where the cutoff moves at audio rate.

use core::f64::consts::{PI, TAU};

/// One second-order section, direct form 1.
#[derive(Clone)]
pub(crate) struct Biquad {
    b: [f64; 3],
    a: [f64; 2],
    x: [f64; 2],
    y: [f64; 2],
}

impl Biquad {
    pub(crate) fn lowpass(freq_hz: f64, q: f64, rate_hz: f64) -> Self {
        let (cos, alpha) = cookbook(freq_hz, q, rate_hz);
        Self::normalised([(1.0 - cos) / 2.0, 1.0 - cos, (1.0 - cos) / 2.0], cos, alpha)
    }

    pub(crate) fn highpass(freq_hz: f64, q: f64, rate_hz: f64) -> Self {
        let (cos, alpha) = cookbook(freq_hz, q, rate_hz);
        Self::normalised([(1.0 + cos) / 2.0, -1.0 - cos, (1.0 + cos) / 2.0], cos, alpha)
    }

    /// Unit gain at the centre.
    pub(crate) fn bandpass(freq_hz: f64, q: f64, rate_hz: f64) -> Self {
        let (cos, alpha) = cookbook(freq_hz, q, rate_hz);
        Self::normalised([alpha, 0.0, -alpha], cos, alpha)
    }

    fn normalised(b: [f64; 3], cos: f64, alpha: f64) -> Self {
        let a0 = 1.0 + alpha;
        Biquad {
            b: b.map(|value| value / a0),
            a: [-2.0 * cos / a0, (1.0 - alpha) / a0],
            x: [0.0; 2],
            y: [0.0; 2],
        }
    }

    pub(crate) fn tick(&mut self, input: f64) -> f64 {
        let output = self.b[0] * input + self.b[1] * self.x[0] + self.b[2] * self.x[1]
            - self.a[0] * self.y[0]
            - self.a[1] * self.y[1];
        self.x = [input, self.x[0]];
        self.y = [output, self.y[0]];
        output
    }

    /// Filters a whole track in place.
    pub(crate) fn run(mut self, track: &mut [f64]) {
        for sample in track {
            *sample = self.tick(*sample);
        }
    }
}

/// Cosine of the angular frequency and the cookbook's alpha; the frequency is kept below Nyquist.
fn cookbook(freq_hz: f64, q: f64, rate_hz: f64) -> (f64, f64) {
    let angle = TAU * freq_hz.min(0.45 * rate_hz) / rate_hz;
    (libm::cos(angle), libm::sin(angle) / (2.0 * q))
}

/// A two-pole filter whose frequency may change with every sample.
#[derive(Default)]
pub(crate) struct MovingFilter {
    state: [f64; 2],
}

/// The outputs of [`MovingFilter`] for one sample.
pub(crate) struct Bands {
    pub(crate) low: f64,
    /// Scaled to unit gain at the centre.
    pub(crate) band: f64,
}

impl MovingFilter {
    pub(crate) fn tick(&mut self, input: f64, freq_hz: f64, q: f64, rate_hz: f64) -> Bands {
        let g = libm::tan(PI * freq_hz.clamp(5.0, 0.45 * rate_hz) / rate_hz);
        let damping = 1.0 / q;
        let high = (input - (damping + g) * self.state[0] - self.state[1]) / (1.0 + g * (g + damping));
        let band = g * high + self.state[0];
        let low = g * band + self.state[1];
        self.state = [g * high + band, g * band + low];
        Bands { low, band: band * damping }
    }
}
