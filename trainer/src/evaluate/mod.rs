//! How good a model is: its embeddings judged by their nearest neighbours, with intervals.
//!
//! [`Extractor`] gives embeddings (a network of any folder with a card, or the mean and deviation of MFCCs as a floor),
//! [`nearest`] the closest frames of other recordings, [`vote`] turns them into labels of frames and sounds,
//! [`metrics`] and [`bootstrap`] into figures. [`evaluate`] does all of it for a model and a data set.

pub mod bootstrap;
mod comparison;
mod embeddings;
mod held_out;
mod judge;
pub mod metrics;
mod mfcc;
mod neighbours;
pub mod plots;
mod product;
mod retrieval;
mod tables;
pub mod vote;

pub use comparison::{Difference, Mean, differences, means};
pub use embeddings::{Embeddings, Extractor};
pub use held_out::{HeldOut, JudgedSound, Judging, Sampled, evaluate_held_out};
pub use judge::{ClassScore, Evaluation, KChoice, Knn, Options, Score, evaluate};
pub use neighbours::{Metric, Near, Neighbours, nearest};
pub use retrieval::mean_average_precision_at_10;
pub use tables::{classes_csv, confusion_csv, differences_csv, results_csv};
