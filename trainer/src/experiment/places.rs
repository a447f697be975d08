//! Where held-out sounds lie on a map of them alone.

use std::num::NonZero;
use std::ops::ControlFlow;

use earmark_atlas::{AtlasError, Matrix, Options, Progress, lay_out};

use crate::dataset::{CacheError, Work};
use crate::evaluate::Embeddings;

/// Steps of the descent, and neighbours that it keeps close: the held-out sounds of a set are few.
const STEPS: usize = 500;
const PERPLEXITY: f32 = 15.0;

/// Positions of clips by the mean of their frames, −1 to 1.
///
/// # Errors
/// [`CacheError::Stopped`] when the stop flag is raised.
pub(super) fn places(
    embeddings: &Embeddings,
    clips: &[usize],
    work: &Work<'_>,
) -> Result<Vec<[f32; 2]>, CacheError> {
    let values: Vec<f32> = clips.iter().flat_map(|&clip| embeddings.mean_of(clip)).collect();
    if values.is_empty() {
        return Ok(vec![[0.0; 2]; clips.len()]);
    }
    let options = Options {
        perplexity: PERPLEXITY,
        steps: STEPS,
        threads: NonZero::<usize>::MIN,
        ..Options::default()
    };
    let mut watch =
        |_: Progress| if work.stopped() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) };
    match lay_out(&Matrix::new(values, embeddings.size), &options, &mut watch) {
        Ok(places) => Ok(places),
        Err(AtlasError::Stopped) => Err(CacheError::Stopped),
        // A map is no figure: without it, the points lie in the middle.
        Err(_) => Ok(vec![[0.0; 2]; clips.len()]),
    }
}
