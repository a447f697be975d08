//! Before a run: whether its data fit its plan, and what tells it from others.

use sha2::{Digest, Sha256};

use super::data::TrainingSet;
use super::error::TrainingError;
use super::plan::Plan;
use crate::loss::Loss;

/// What plan and data have in common with an interrupted run.
pub(super) fn recipe(plan: &Plan, sets: &[TrainingSet]) -> Result<String, TrainingError> {
    let mut hasher = Sha256::new();
    hasher.update(plan.to_toml()?);
    for set in sets {
        hasher.update(format!("{}\n{}\n{:?}\n{:?}\n", set.name, set.classes, set.clips, set.groups));
        for example in set.train.iter().chain(&set.validation) {
            hasher.update(format!("{example:?}"));
        }
    }
    Ok(hasher.finalize().iter().map(|byte| format!("{byte:02x}")).collect())
}

/// Refuses data sets that the plan cannot be carried out on.
pub(super) fn check_sets(plan: &Plan, sets: &[TrainingSet]) -> Result<(), TrainingError> {
    let error = |message: String| Err(TrainingError::Data(message));
    if sets.iter().all(|set| set.train.is_empty()) {
        return error("there is nothing to train on: name data sets or folders of sounds".into());
    }
    if !sets.iter().is_sorted_by_key(|set| !set.is_labelled()) {
        return error("data sets with labels come before those without".into());
    }
    let learns_labels = plan.loss != Loss::None && plan.optimiser.epochs > 0;
    if learns_labels && !sets.iter().any(TrainingSet::is_labelled) {
        return error(
            "no data set has labels: choose the loss none with a teacher, or pretraining alone".into(),
        );
    }
    let one_class = |set: &&TrainingSet| {
        set.is_labelled() && set.frames_per_class().iter().filter(|&&frames| frames > 0).count() < 2
    };
    if let Some(set) = sets.iter().find(one_class).filter(|_| learns_labels) {
        return error(format!(
            "{}: fewer than two of its classes have sounds to train on; leave it out, or give it as unlabelled",
            set.name
        ));
    }
    let idle = sets.iter().any(|set| !set.is_labelled())
        && plan.distillation.is_none()
        && plan.pretraining_epochs() == 0;
    if idle {
        return error(
            "sounds without labels serve pretraining and teachers only, and the plan has neither".into(),
        );
    }
    Ok(())
}
