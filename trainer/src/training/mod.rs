//! Training: from data sets and a plan to a model folder.
//!
//! A [`Plan`] says everything; [`Trainer`] carries it out, one epoch after another, and leaves a folder that is a
//! model (ONNX file and card) with its recipe: the plan, the metrics of every epoch and the checkpoint from which it
//! can be resumed. On a CPU the same plan gives the same bytes, also when it was interrupted.

mod average;
mod beginning;
mod checkpoint;
mod data;
mod device;
mod error;
mod finish;
mod fit;
mod heard;
mod metrics;
mod model;
mod observer;
mod optimiser;
mod plan;
mod prepare;
mod run;
mod schedule;
mod step;
mod teacher;
mod validation;

pub use beginning::Beginning;
pub use checkpoint::{Checkpoint, Progress};
pub use data::{Columns, Example, MemoryColumns, TrainingSet};
pub use device::{DeviceChoice, DeviceInfo, list_devices, open_device};
pub use error::TrainingError;
pub use finish::Finished;
pub use metrics::{EpochMetrics, SetMetrics};
pub use model::Model;
pub use observer::{Ending, Observer, Silent};
pub use optimiser::{AdamW, Keep, OptimiserPlan};
pub use plan::{Distillation, Learnt, ModelPlan, Plan, Pretraining};
pub use prepare::{Prepared, prepare, prepare_set};
pub use run::Trainer;
pub use schedule::learning_rate_at;
pub use teacher::Teacher;
pub use validation::macro_f1_of_neighbours;
