//! Experiments: what each choice of training is worth, computed as a grid and told in words.
//!
//! An [`ExperimentPlan`] lists choices (loss, [`Scenario`], mixing, focal data-set regularisation, batch normalisation,
//! data set, seed); [`expand`] makes [`Cell`]s of them; [`Experiment`] trains and judges each of them once, whatever
//! interrupts it and however many processes share the work; [`Results`] keeps what came out. [`Comparisons`] takes
//! differences of cells that are alike in all but one choice, and [`answers`] says what they mean.
//!
//! The questions are those of Ma and Lerch, "Representation Learning for the Automatic Indexing of Sound Effects
//! Libraries", ISMIR 2022, arXiv:2208.09096.

mod answers;
mod cell;
mod comparison;
mod error;
mod grid;
pub mod pictures;
mod places;
mod plan;
mod questions;
mod record;
mod run;
mod sets;

pub use answers::{Answer, BestModel, Finding, Verdict, answers, best_model};
pub use cell::{Cell, Config, Recipe, Scenario, Several, loss_name};
pub use comparison::{Comparisons, Effect, Measure, Row};
pub use error::ExperimentError;
pub use grid::{Grid, LeftOut, SetName, expand, training_plan};
pub use plan::{ExperimentPlan, LossEntry, Part};
pub use record::{CellRecord, Claim, ExperimentRecord, Judged, Measured, Outcome, Results, SoundRecord};
pub use run::{CellEnding, Experiment, Means, PlannedCell};
pub use sets::{OpenSet, SetRecord, open_sets};
