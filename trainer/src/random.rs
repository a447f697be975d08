//! Seeded chance: the same numbers on every platform, from a seed and the place where they are needed.
//!
//! Every draw of a training run comes from a generator made of the run's seed and of where the draw happens (epoch,
//! step), so that a resumed run draws what it would have drawn without the interruption and nothing has to be stored.

use std::f64::consts::TAU;

use crate::dataset::Shuffler;

/// Numbers for one purpose.
#[derive(Debug, Clone)]
pub struct Random(Shuffler);

impl Random {
    /// A generator for `seed` and a path of numbers that say what it is for; another path gives unrelated numbers.
    pub fn new(seed: u64, path: &[u64]) -> Self {
        let step = |mut shuffler: Shuffler, &part: &u64| {
            Shuffler::new(shuffler.bits() ^ part.wrapping_mul(0xd6e8_feb8_6659_fd93))
        };
        Self(path.iter().fold(Shuffler::new(seed), step))
    }

    /// The next 64 bits.
    pub fn bits(&mut self) -> u64 {
        self.0.bits()
    }

    /// A number below `bound`; 0 for a bound of 0.
    pub fn below(&mut self, bound: usize) -> usize {
        self.0.below(bound)
    }

    /// A number from 0 up to, but not including, 1.
    pub fn unit(&mut self) -> f32 {
        (self.bits() >> 40) as f32 / (1_u64 << 24) as f32
    }

    /// A number between `low` and `high`.
    pub fn between(&mut self, low: f32, high: f32) -> f32 {
        low + (high - low) * self.unit()
    }

    /// A number of the standard normal distribution (Box and Muller 1958).
    pub fn normal(&mut self) -> f32 {
        let radius = (-2.0 * (1.0 - f64::from(self.unit())).ln()).sqrt();
        (radius * (TAU * f64::from(self.unit())).cos()) as f32
    }

    /// A number of the beta distribution with both parameters `alpha`, as the share of one gamma variate in two
    /// (Jöhnk 1964 for `alpha` up to 1, where his rejection is quick; uniform above).
    pub fn beta(&mut self, alpha: f32) -> f32 {
        if alpha > 1.0 {
            return self.unit();
        }
        loop {
            let left = f64::from(self.unit()).powf(1.0 / f64::from(alpha));
            let right = f64::from(self.unit()).powf(1.0 / f64::from(alpha));
            if left + right > 0.0 && left + right <= 1.0 {
                return (left / (left + right)) as f32;
            }
        }
    }

    /// Brings items into a random order.
    pub fn shuffle<T>(&mut self, items: &mut [T]) {
        self.0.shuffle(items);
    }
}

#[cfg(test)]
mod tests {
    use super::Random;

    #[test]
    fn a_path_decides_what_is_drawn() {
        let draw = |path: &[u64]| Random::new(7, path).bits();
        assert_eq!(draw(&[1, 2]), draw(&[1, 2]));
        assert_ne!(draw(&[1, 2]), draw(&[2, 1]));
        assert_ne!(draw(&[1]), draw(&[1, 0]));
    }

    #[test]
    fn distributions_have_their_moments() {
        let mut random = Random::new(1, &[]);
        let normal: Vec<f32> = (0..20_000).map(|_| random.normal()).collect();
        let beta: Vec<f32> = (0..20_000).map(|_| random.beta(0.4)).collect();
        let moments = |values: &[f32]| {
            let mean = values.iter().sum::<f32>() / values.len() as f32;
            let variance = values.iter().map(|value| (value - mean).powi(2)).sum::<f32>();
            (mean, variance / values.len() as f32)
        };
        let (mean, variance) = moments(&normal);
        assert!(mean.abs() < 0.03 && (variance - 1.0).abs() < 0.05, "{mean} {variance}");
        // The variance of Beta(a, a) is 1 / (4 (2a + 1)).
        let (mean, variance) = moments(&beta);
        assert!((mean - 0.5).abs() < 0.01 && (variance - 1.0 / 7.2).abs() < 0.01, "{mean} {variance}");
    }
}
