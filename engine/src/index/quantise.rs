//! Embeddings as stored: centred, normalised, eight bits a component.
//!
//! aiSFX embeddings are non-negative and share a large mean; around it, directions tell sounds apart. A stored
//! vector is `(x − mean) / |x − mean|` as `i8 × scale`; the length is kept beside it, so that the embedding can be
//! had back to within the rounding.

use std::sync::Arc;

/// Centres and quantises embeddings of one model.
#[derive(Clone, Debug)]
pub struct Quantiser {
    mean: Arc<[f32]>,
}

/// One frame ready to be stored.
#[derive(Clone, Debug, PartialEq)]
pub struct QuantisedFrame {
    /// Where the frame begins in the sound, milliseconds.
    pub start_ms: u32,
    /// Quantisation step.
    pub scale: f32,
    /// Length of the centred embedding.
    pub norm: f32,
    /// Components, `[embedding size]`.
    pub vector: Box<[i8]>,
}

impl Quantiser {
    /// For a model whose embeddings have this mean, `[embedding size]`.
    pub fn new(mean: &[f32]) -> Self {
        Self { mean: mean.into() }
    }

    /// Components of an embedding.
    pub fn embedding_size(&self) -> usize {
        self.mean.len()
    }

    /// The embedding centred and normalised to length 1, and the length it had.
    ///
    /// An embedding equal to the mean has no direction: zeros and length 0.
    ///
    /// # Panics
    /// When `embedding` does not have the model's size.
    pub fn direction(&self, embedding: &[f32]) -> (Vec<f32>, f32) {
        assert_eq!(embedding.len(), self.mean.len(), "embedding of another model");
        let mut centred: Vec<f32> = embedding.iter().zip(self.mean.iter()).map(|(x, m)| x - m).collect();
        let norm = centred.iter().map(|x| f64::from(*x) * f64::from(*x)).sum::<f64>().sqrt() as f32;
        let inverse = if norm > f32::MIN_POSITIVE { 1.0 / norm } else { 0.0 };
        centred.iter_mut().for_each(|x| *x *= inverse);
        (centred, norm)
    }

    /// Quantises one frame's embedding.
    pub fn quantise(&self, start_s: f64, embedding: &[f32]) -> QuantisedFrame {
        let (direction, norm) = self.direction(embedding);
        let (vector, step) = to_i8(&direction);
        let scale = true_to_length(&direction, &vector).unwrap_or(step);
        let start_ms = (start_s * 1000.0).round().clamp(0.0, f64::from(u32::MAX)) as u32;
        QuantisedFrame { start_ms, scale, norm, vector }
    }

    /// The embedding that was stored, to within the rounding.
    pub fn restore(&self, vector: &[i8], scale: f32, norm: f32) -> Vec<f32> {
        vector.iter().zip(self.mean.iter()).map(|(v, m)| f32::from(*v) * scale * norm + m).collect()
    }
}

/// The step with which the product of a rounded direction and the direction itself is 1, as it was before the rounding.
///
/// What is asked about resembles what it finds, so most of the rounding error that lies along the direction would be in
/// every similarity shown; this removes it (the unbiased estimate of RaBitQ, see [`codes`](crate::vectors::codes)).
fn true_to_length(direction: &[f32], vector: &[i8]) -> Option<f32> {
    let product: f64 = direction.iter().zip(vector).map(|(x, v)| f64::from(*x) * f64::from(*v)).sum();
    (product > 0.0).then(|| (1.0 / product) as f32)
}

/// Rounds to eight bits with the step that just fits the largest component.
pub(crate) fn to_i8(direction: &[f32]) -> (Box<[i8]>, f32) {
    let peak = direction.iter().fold(0.0f32, |peak, x| peak.max(x.abs()));
    let scale = peak / 127.0;
    let inverse = if scale > 0.0 { 1.0 / scale } else { 0.0 };
    let vector = direction.iter().map(|x| (x * inverse).round().clamp(-127.0, 127.0) as i8).collect();
    (vector, scale)
}
