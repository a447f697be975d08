//! The learning rate over a run.

use std::f64::consts::PI;

use super::optimiser::OptimiserPlan;

/// Learning rate after `epochs_done` (with the part of the epoch in work) of `epochs`: rises in a straight line during
/// the warm-up, then falls as half a cosine to a hundredth (Loshchilov and Hutter, "SGDR", ICLR 2017,
/// arXiv:1608.03983, without restarts).
pub fn learning_rate_at(plan: &OptimiserPlan, epochs_done: f64, epochs: usize) -> f64 {
    let (warm_up, epochs) = (plan.warm_up_epochs, epochs as f64);
    if epochs_done < warm_up {
        // The very first step has a rate above 0, too.
        return plan.learning_rate * ((epochs_done + 0.02) / warm_up).min(1.0);
    }
    let part = ((epochs_done - warm_up) / (epochs - warm_up).max(f64::MIN_POSITIVE)).clamp(0.0, 1.0);
    plan.learning_rate * (0.01 + 0.99 * 0.5 * (1.0 + (PI * part).cos()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rate_rises_and_falls() {
        let plan = OptimiserPlan { learning_rate: 0.1, warm_up_epochs: 2.0, ..OptimiserPlan::default() };
        let rate = |epochs_done| learning_rate_at(&plan, epochs_done, 12);
        assert!(rate(0.0) > 0.0 && rate(0.0) < 0.01);
        assert!((rate(1.0) - 0.051).abs() < 1e-9);
        assert!((rate(2.0) - 0.1).abs() < 1e-9);
        assert!((rate(7.0) - 0.0505).abs() < 1e-9, "half way: {}", rate(7.0));
        assert!((rate(12.0) - 0.001).abs() < 1e-9);
    }
}
