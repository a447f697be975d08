//! Models compared: differences set by set, and means over sets.

use serde::{Deserialize, Serialize};

use super::judge::{Evaluation, Score};

/// One model less another on the same set, paired.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Difference {
    /// The data set, or `mean` of all.
    pub set: String,
    /// The model judged.
    pub model: String,
    /// The model it is compared with.
    pub beside: String,
    /// What is compared: `frame_f1 k=5` and the like.
    pub what: String,
    /// First less second.
    pub difference: Score,
}

/// The mean of a figure over sets.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Mean {
    /// The model.
    pub model: String,
    /// What it is of.
    pub what: String,
    /// The mean over sets, and its interval.
    pub mean: Score,
    /// Number of sets.
    pub sets: usize,
}

/// Differences of every model from the first, set by set and on the mean of sets.
///
/// Evaluations of one set must have been made with one seed: then their samples are the same groups.
pub fn differences(evaluations: &[Evaluation]) -> Vec<Difference> {
    let Some(first) = evaluations.first() else { return Vec::new() };
    let mut all: Vec<Difference> = Vec::new();
    for evaluation in evaluations.iter().filter(|it| it.model != first.model) {
        let Some(other) = evaluations.iter().find(|it| it.model == first.model && it.set == evaluation.set)
        else {
            continue;
        };
        for ((what, ours), (_, theirs)) in evaluation.scores().into_iter().zip(other.scores()) {
            all.push(Difference {
                set: evaluation.set.clone(),
                model: evaluation.model.clone(),
                beside: first.model.clone(),
                what,
                difference: ours.less(theirs),
            });
        }
    }
    let mut pooled: Vec<Difference> = Vec::new();
    for one in &all {
        if pooled.iter().any(|it| it.model == one.model && it.what == one.what) {
            continue;
        }
        let same = all.iter().filter(|it| it.model == one.model && it.what == one.what);
        let scores: Vec<&Score> = same.map(|it| &it.difference).collect();
        if scores.len() > 1 {
            pooled.push(Difference {
                set: "mean".into(),
                difference: mean_of_scores(&scores),
                ..one.clone()
            });
        }
    }
    all.extend(pooled);
    all
}

/// The mean of each figure of each model over the sets that it was judged by.
pub fn means(evaluations: &[Evaluation]) -> Vec<Mean> {
    let mut means: Vec<Mean> = Vec::new();
    for evaluation in evaluations {
        for (what, _) in evaluation.scores() {
            if means.iter().any(|it| it.model == evaluation.model && it.what == what) {
                continue;
            }
            let same = evaluations.iter().filter(|it| it.model == evaluation.model);
            let scores: Vec<&Score> = same
                .flat_map(|it| {
                    it.scores().into_iter().filter(|(name, _)| *name == what).map(|(_, score)| score)
                })
                .collect();
            let (mean, sets) = (mean_of_scores(&scores), scores.len());
            means.push(Mean { model: evaluation.model.clone(), what, mean, sets });
        }
    }
    means
}

/// Sets are drawn by themselves; sample number i of the mean is that of the sets' samples number i.
fn mean_of_scores(scores: &[&Score]) -> Score {
    let count = scores.len().max(1) as f64;
    let samples = scores.iter().map(|score| score.replicates.len()).min().unwrap_or(0);
    let sample = |at: usize| scores.iter().map(|score| score.replicates[at]).sum::<f64>() / count;
    Score::new(
        scores.iter().map(|score| score.value).sum::<f64>() / count,
        (0..samples).map(sample).collect(),
    )
}
