//! Which frames make a batch, and how much each data set counts.
//!
//! Metric losses need several frames of several classes in every batch: [`plan_epoch`] deals them out P classes × K
//! frames at a time, data set by data set or mixed. [`class_weights`] and [`data_set_weights`] make up for classes that
//! are rare and for data sets that are hard.

mod dealer;
mod deck;
mod epoch;
mod weights;

pub use epoch::{Batch, Frames, Imbalance, Mixing, Recordings, Sampling, Segment, plan_epoch};
pub use weights::{ClassWeights, class_weights, data_set_weights};
