//! How a run goes, and how it ended.

use super::finish::Finished;
use super::metrics::EpochMetrics;

/// Is told how a run goes.
pub trait Observer {
    /// A batch is done: of how many in which epoch of how many (counted from 1), with the mean loss of the epoch so far
    /// and the mean macro F1 of the last validation.
    fn batch(&mut self, batch: [usize; 2], epoch: [usize; 2], loss: f64, macro_f1: Option<f64>);
    /// An epoch is done.
    fn epoch(&mut self, metrics: &EpochMetrics);
}

/// Listens to nothing.
#[derive(Debug, Clone, Copy)]
pub struct Silent;

impl Observer for Silent {
    fn batch(&mut self, _batch: [usize; 2], _epoch: [usize; 2], _loss: f64, _macro_f1: Option<f64>) {}
    fn epoch(&mut self, _metrics: &EpochMetrics) {}
}

/// How a run ended.
#[derive(Debug)]
pub enum Ending {
    /// There is a model.
    Finished(Box<Finished>),
    /// It was stopped; the checkpoint says where to go on.
    Stopped,
}
