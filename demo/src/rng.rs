//! The one source of chance: SplitMix64 (Steele, Lea & Flood, *Fast Splittable Pseudorandom Number
//! Generators*, OOPSLA 2014). Integer arithmetic only, so the same seed gives the same numbers everywhere.

/// A seeded stream of numbers.
pub(crate) struct Rng {
    state: u64,
}

impl Rng {
    /// The stream of one take: seed, recipe and take number each change all of it.
    pub(crate) fn for_take(seed: u64, recipe: &str, take: u32) -> Self {
        let mut state = mix(seed ^ 0x6561_726d_6172_6b00);
        for byte in recipe.bytes() {
            state = mix(state ^ u64::from(byte));
        }
        Rng { state: mix(state ^ (u64::from(take) << 32)) }
    }

    fn next_u64(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        mix(self.state)
    }

    /// Uniform in `[0, 1)` with 53 bits.
    pub(crate) fn unit(&mut self) -> f64 {
        (self.next_u64() >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// Uniform in `[-1, 1)`.
    pub(crate) fn bipolar(&mut self) -> f64 {
        2.0 * self.unit() - 1.0
    }

    /// Uniform in `[low, high)`.
    pub(crate) fn between(&mut self, low: f64, high: f64) -> f64 {
        low + (high - low) * self.unit()
    }

    /// Uniform on a logarithmic scale in `[low, high)`: what frequencies and times want.
    pub(crate) fn log_between(&mut self, low: f64, high: f64) -> f64 {
        libm::exp(self.between(libm::log(low), libm::log(high)))
    }

    /// A whole number in `0..count`.
    pub(crate) fn below(&mut self, count: usize) -> usize {
        (((self.next_u64() >> 32) * count as u64) >> 32) as usize
    }

    /// A waiting time with the given mean: the gaps of a Poisson process.
    pub(crate) fn waiting_s(&mut self, mean_s: f64) -> f64 {
        -mean_s * libm::log(1.0 - self.unit())
    }
}

fn mix(mut z: u64) -> u64 {
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}
