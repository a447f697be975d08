//! t-SNE, by the crate `bhtsne`, of any vectors.
//!
//! Repulsion is interpolated on a grid (FIt-SNE: Linderman et al., Nature Methods 16, 2019). The crate sums in whatever
//! order its threads come, and t-SNE magnifies the last bit of a sum to another map; so the descent is given one thread,
//! and begins at the principal components, not at random. The neighbours, which are sought on all threads, are ours.

use std::panic::{self, AssertUnwindSafe};

use bhtsne::Neighbor;
use rayon::ThreadPoolBuilder;
use xxhash_rust::xxh3::xxh3_64_with_seed;

use crate::map::tell;
use crate::neighbours::{Near, nearest};
use crate::principal::reduce;
use crate::{AtlasError, Matrix, Options, Progress, Stage, Watch};

/// Principal components that distances are taken of.
const COMPONENTS: usize = 50;
/// Fewer points have too few neighbours for t-SNE: they lie as their principal components say.
const FEWEST: usize = 12;
/// Steps of the descent at which attraction is exaggerated, and by how much (van der Maaten, JMLR 15, 2014).
const EXAGGERATED_STEPS: usize = 250;
const EXAGGERATION: f32 = 12.0;
/// Learning rate of few points; of many it grows with their number (Belkina et al., Nature Communications 10, 2019).
const LEAST_RATE: f32 = 50.0;
/// Spread of the first component at the start.
const START_SPREAD: f32 = 1e-4;

/// Carries a stop out of the descent: the crate's callback cannot end it otherwise.
struct Stopped;

/// Positions of rows in the plane, −1 to 1, so that rows that are near lie near.
///
/// # Errors
/// `Stopped`.
pub fn lay_out(rows: &Matrix, options: &Options, watch: &mut Watch<'_>) -> Result<Vec<[f32; 2]>, AtlasError> {
    if rows.is_empty() {
        return Ok(Vec::new());
    }
    tell(watch, Progress { stage: Stage::Comparing, done: 0.0 })?;
    let reduced = reduce(rows, COMPONENTS, options.threads);
    let start = start(&reduced, options.seed);
    if rows.len() < FEWEST {
        return Ok(fit_square(&start));
    }
    let perplexity = options.perplexity.max(2.0).min((rows.len() - 1) as f32 / 3.0);
    let count = (3.0 * perplexity) as usize;
    let neighbours = nearest(&reduced, &reduced, count, true, options.threads, watch)?;
    let positions = descend(neighbours, perplexity, start, options, watch)?;
    Ok(fit_square(&positions))
}

/// The first two components, made small, and told apart where they are equal; `[rows × 2]`.
fn start(reduced: &Matrix, seed: u64) -> Vec<f32> {
    let square: f32 = reduced.rows().map(|row| row[0] * row[0]).sum();
    let spread = (square / reduced.len() as f32).sqrt();
    let scale = if spread > f32::MIN_POSITIVE { START_SPREAD / spread } else { 0.0 };
    let noise = |at: usize| {
        let bits = xxh3_64_with_seed(&(at as u64).to_le_bytes(), seed);
        0.05 * START_SPREAD * ((bits >> 40) as f32 / (1u32 << 24) as f32 - 0.5)
    };
    let coordinate = |row: &[f32], axis: usize| row.get(axis).map_or(0.0, |x| x * scale);
    let points = reduced.rows().enumerate();
    points.flat_map(|(at, row)| [0, 1].map(|axis| coordinate(row, axis) + noise(2 * at + axis))).collect()
}

/// The descent; `[rows × 2]`.
fn descend(
    neighbours: Vec<Vec<Near>>,
    perplexity: f32,
    start: Vec<f32>,
    options: &Options,
    watch: &mut Watch<'_>,
) -> Result<Vec<f32>, AtlasError> {
    let rows: Vec<Vec<Neighbor<f32>>> = neighbours
        .into_iter()
        .map(|row| {
            row.iter().map(|near| Neighbor { index: near.row as usize, distance: near.distance }).collect()
        })
        .collect();
    let pool = ThreadPoolBuilder::new().num_threads(1).build()?;
    let steps = options.steps.max(1);
    let fit = move || {
        // The samples themselves are never looked at, only counted.
        let samples = vec![(); rows.len()];
        let mut tsne: bhtsne::tSNE<'_, f32, (), 2> = bhtsne::tSNE::new(&samples);
        tsne.perplexity(perplexity)
            .epochs(steps)
            .stop_lying_epoch(EXAGGERATED_STEPS.min(steps / 3))
            .momentum_switch_epoch(EXAGGERATED_STEPS.min(steps / 3))
            .early_exaggeration(EXAGGERATION)
            .learning_rate((rows.len() as f32 / EXAGGERATION).max(LEAST_RATE))
            .initial_embedding(start)
            .epoch_callback(|step, _| {
                let done = (step + 1) as f32 / steps as f32;
                if watch(Progress { stage: Stage::Arranging, done }).is_break() {
                    // No panic hook runs: this is a return through code that is not ours.
                    panic::resume_unwind(Box::new(Stopped));
                }
            });
        tsne.fit_sne_with_neighbors(&rows);
        tsne.embedding()
    };
    match panic::catch_unwind(AssertUnwindSafe(|| pool.install(fit))) {
        Ok(positions) => Ok(positions),
        Err(payload) if payload.is::<Stopped>() => Err(AtlasError::Stopped),
        Err(payload) => panic::resume_unwind(payload),
    }
}

/// Moves and scales positions so that they just fit the square from −1 to 1.
fn fit_square(positions: &[f32]) -> Vec<[f32; 2]> {
    let (points, _) = positions.as_chunks::<2>();
    let bounds = |axis: usize| {
        points.iter().fold((f32::INFINITY, f32::NEG_INFINITY), |(low, high), point| {
            (low.min(point[axis]), high.max(point[axis]))
        })
    };
    let (x, y) = (bounds(0), bounds(1));
    let half = (0.5 * (x.1 - x.0).max(y.1 - y.0)).max(f32::MIN_POSITIVE);
    let middle = [0.5 * (x.0 + x.1), 0.5 * (y.0 + y.1)];
    points
        .iter()
        .map(|point| [0, 1].map(|axis| ((point[axis] - middle[axis]) / half).clamp(-1.0, 1.0)))
        .collect()
}
