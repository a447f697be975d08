//! Intervals by the bootstrap over groups (Efron 1979; for clusters Davison and Hinkley 1997, section 3.8).
//!
//! Takes of one recording are not independent, so recordings are drawn, not frames. Everything that is computed from the
//! same groups with the same seed is drawn alike, so that differences between models are paired.

use crate::dataset::Shuffler;

/// How often each group is drawn in each of `replicates` samples, `[replicates][groups]`.
#[derive(Clone, Debug)]
pub struct Draws(Vec<Vec<u32>>);

impl Draws {
    /// Draws as many groups as there are, with replacement.
    pub fn new(groups: usize, replicates: usize, seed: u64) -> Self {
        let mut chance = Shuffler::new(seed);
        let draw = |_| {
            let mut counts = vec![0; groups];
            (0..groups).for_each(|_| counts[chance.below(groups)] += 1);
            counts
        };
        Self((0..replicates).map(draw).collect())
    }

    /// A statistic of each sample, given how often each group was drawn.
    pub fn replicates(&self, statistic: impl Fn(&[u32]) -> f64) -> Vec<f64> {
        self.0.iter().map(|counts| statistic(counts)).collect()
    }
}

/// The percentile interval that leaves out `outside` (such as 0.05), half at each end; `None` without replicates.
pub fn interval(replicates: &[f64], outside: f64) -> Option<(f64, f64)> {
    let mut sorted: Vec<f64> = replicates.to_vec();
    sorted.sort_by(f64::total_cmp);
    let last = sorted.len().checked_sub(1)?;
    let at = |part: f64| {
        let place = part.clamp(0.0, 1.0) * last as f64;
        let (low, high) = (sorted[place.floor() as usize], sorted[place.ceil() as usize]);
        low + (high - low) * place.fract()
    };
    Some((at(outside / 2.0), at(1.0 - outside / 2.0)))
}
