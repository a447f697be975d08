//! Fits the weights of the conditional logit by maximum likelihood: gradient ascent with AdaGrad steps.

use earmark_labelling::judgement::{Candidates, FEATURES, NONE_FEATURES, Weights};

use crate::tagging::{Cases, Scenario};

const ROUNDS: usize = 400;
const STEP: f64 = 0.3;
/// Pulls weights to 0; a few thousand sounds say much more.
const RIDGE: f64 = 1e-3;
const ALL: usize = FEATURES + NONE_FEATURES;

/// The weights that make the truth of these cases likeliest; every set and scenario counts alike.
pub(crate) fn fit(sets: &[&Cases]) -> Weights {
    let mut cases: Vec<(f64, Option<usize>, &Candidates)> = Vec::new();
    for set in sets {
        let sounds = set.cases.len() as f64 / crate::tagging::SCENARIOS.len() as f64;
        for (scenario, truth, candidates) in &set.cases {
            let place = candidates.cats.iter().position(|cat| cat.0 == *truth);
            let weight = if *scenario == Scenario::Both { 2.0 } else { 1.0 };
            // Between all sounds alike and all sets alike.
            cases.push((weight / sounds.sqrt(), place, candidates));
        }
    }
    let total: f64 = cases.iter().map(|case| case.0).sum();
    let mut weights = [0.0f64; ALL];
    let mut squares = [1e-8f64; ALL];
    for round in 0..ROUNDS {
        let mut gradient = [0.0f64; ALL];
        let mut likelihood = 0.0;
        for (weight, truth, candidates) in &cases {
            likelihood += weight * climb(candidates, *truth, &weights, *weight, &mut gradient);
        }
        for at in 0..ALL {
            let slope = gradient[at] / total - RIDGE * weights[at];
            squares[at] += slope * slope;
            weights[at] += STEP * slope / squares[at].sqrt() / (1.0 + round as f64).powf(0.1);
        }
        if round % 100 == 99 {
            eprintln!("round {}: mean log-likelihood {:.4}", round + 1, likelihood / total);
        }
    }
    let mut fitted = Weights { candidate: [0.0; FEATURES], none: [0.0; NONE_FEATURES] };
    fitted
        .candidate
        .iter_mut()
        .zip(&weights)
        .for_each(|(to, from)| *to = (*from * 1000.0).round() as f32 / 1000.0);
    fitted
        .none
        .iter_mut()
        .zip(&weights[FEATURES..])
        .for_each(|(to, from)| *to = (*from * 1000.0).round() as f32 / 1000.0);
    fitted
}

/// Adds a case's part to the gradient and returns its log-likelihood.
fn climb(
    candidates: &Candidates,
    truth: Option<usize>,
    weights: &[f64; ALL],
    by: f64,
    gradient: &mut [f64; ALL],
) -> f64 {
    let sum = |features: &[f32], weights: &[f64]| -> f64 {
        features.iter().zip(weights).map(|(feature, weight)| f64::from(*feature) * weight).sum()
    };
    let mut scores: Vec<f64> = candidates.cats.iter().map(|cat| sum(&cat.1, weights)).collect();
    scores.push(sum(&candidates.none, &weights[FEATURES..]));
    let peak = scores.iter().copied().fold(f64::MIN, f64::max);
    let total: f64 = scores.iter().map(|score| (score - peak).exp()).sum();
    let truth = truth.unwrap_or(scores.len() - 1);
    for (at, score) in scores.iter().enumerate() {
        let slope = by * (f64::from(u8::from(at == truth)) - (score - peak).exp() / total);
        match candidates.cats.get(at) {
            Some(cat) => (0..FEATURES).for_each(|to| gradient[to] += slope * f64::from(cat.1[to])),
            None => (0..NONE_FEATURES)
                .for_each(|to| gradient[FEATURES + to] += slope * f64::from(candidates.none[to])),
        }
    }
    scores[truth] - peak - total.ln()
}
