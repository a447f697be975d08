//! The frames asked about.

use crate::index::Quantiser;
use crate::vectors::{Comparand, Rotation};

/// Longer regions are thinned out evenly to so many frames: cost grows with every one, insight does not.
pub const MAX_QUERY_FRAMES: usize = 32;

/// A region's embeddings, ready to be compared.
#[derive(Clone, Debug)]
pub struct Query {
    embedding_size: usize,
    /// Where each frame begins in the region, seconds.
    starts_s: Vec<f64>,
    /// Quantised directions.
    quantised: Comparand,
    /// Directions before quantisation, `[frames × embedding size]`, for exact similarities.
    directions: Vec<f32>,
}

impl Query {
    /// From frames as `(start in seconds, embedding)`; at most [`MAX_QUERY_FRAMES`] of them are used, evenly spread.
    pub fn new<'a>(quantiser: &Quantiser, frames: impl ExactSizeIterator<Item = (f64, &'a [f32])>) -> Self {
        let count = frames.len();
        let kept = count.min(MAX_QUERY_FRAMES);
        let mut query = Self {
            embedding_size: quantiser.embedding_size(),
            starts_s: Vec::with_capacity(kept),
            quantised: Comparand::new(quantiser.embedding_size()),
            directions: Vec::new(),
        };
        for (at, (start_s, embedding)) in frames.enumerate() {
            let share = |at: usize| at * kept / count;
            if at > 0 && share(at) == share(at - 1) {
                continue;
            }
            let (direction, _) = quantiser.direction(embedding);
            let (vector, scale) = crate::index::to_i8(&direction);
            query.starts_s.push(start_s);
            query.quantised.push(&vector, scale);
            query.directions.extend_from_slice(&direction);
        }
        query
    }

    /// Number of frames.
    pub fn len(&self) -> usize {
        self.starts_s.len()
    }

    /// Whether there is nothing to ask.
    pub fn is_empty(&self) -> bool {
        self.starts_s.is_empty()
    }

    /// Components of a vector.
    pub fn embedding_size(&self) -> usize {
        self.embedding_size
    }

    /// Where a frame begins in the region, seconds.
    pub fn start_s(&self, frame: usize) -> f64 {
        self.starts_s[frame]
    }

    pub(crate) fn quantised(&self) -> &Comparand {
        &self.quantised
    }

    /// A frame's direction, `[embedding size]`.
    pub(crate) fn direction(&self, frame: usize) -> &[f32] {
        &self.directions[frame * self.embedding_size..][..self.embedding_size]
    }

    /// Each frame's direction, rotated as codes are: `[padded size]`.
    pub(super) fn rotated(&self) -> Vec<Vec<f32>> {
        let rotation = Rotation::new(self.embedding_size);
        let rotated = |frame| {
            let mut rotated = self.direction(frame).to_vec();
            rotated.resize(Rotation::padded(rotated.len()), 0.0);
            rotation.apply(&mut rotated);
            rotated
        };
        (0..self.len()).map(rotated).collect()
    }
}
