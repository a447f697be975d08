//! How good a list of similar sounds is.
//!
//! Sounds are ranked as the search does: for each frame of the sound asked about the best similarity among the other's
//! frames, averaged. Sounds of the same group are left out of the list.

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use super::embeddings::Embeddings;
use super::product::products;
use crate::dataset::{CacheError, Progress, Work};

/// Sounds of a list that are looked at.
const DEPTH: usize = 10;
/// Frames that are compared with at a time.
const BLOCK: usize = 512;

/// Average precision of the first ten of each clip's list, `[clips]`; `None` where no other group has the class.
///
/// AP@10 = 1/min(10, R) · Σ P(i)·rel(i) over the first ten places, with R the relevant sounds there are (Manning,
/// Raghavan and Schütze, Introduction to Information Retrieval, section 8.4); the mean over clips is mAP@10.
/// `class_of` and `group_of` are those of the clips; embeddings are compared as they are.
///
/// # Errors
/// [`CacheError::Stopped`] when the stop flag is raised.
pub fn mean_average_precision_at_10(
    embeddings: &Embeddings,
    class_of: &[usize],
    group_of: &[usize],
    work: &Work<'_>,
) -> Result<Vec<Option<f64>>, CacheError> {
    let clips = class_of.len();
    let mut firsts = vec![0; clips + 1];
    embeddings.clip_of.iter().for_each(|&clip| firsts[clip + 1] += 1);
    (0..clips).for_each(|clip| firsts[clip + 1] += firsts[clip]);
    let squares: Vec<f32> = embeddings
        .values
        .chunks_exact(embeddings.size.max(1))
        .map(|row| row.iter().map(|x| x * x).sum())
        .collect();
    let next = AtomicUsize::new(0);
    let found: Mutex<Vec<Option<f64>>> = Mutex::new(vec![None; clips]);
    let drain = || {
        loop {
            let clip = next.fetch_add(1, Ordering::Relaxed);
            if clip >= clips || work.stopped() {
                break;
            }
            let own = firsts[clip]..firsts[clip + 1];
            let distances = distances_to_all(embeddings, &squares, own, clips);
            let precision = average_precision(clip, &distances, class_of, group_of);
            found.lock().unwrap_or_else(|it| it.into_inner())[clip] = precision;
            if clip.is_multiple_of(64) {
                (work.progress)(Progress { what: "retrieval", done: clip, total: clips });
            }
        }
    };
    thread::scope(|scope| {
        (1..work.jobs.get()).for_each(|_| drop(scope.spawn(drain)));
        drain();
    });
    if work.stopped() {
        return Err(CacheError::Stopped);
    }
    Ok(found.into_inner().unwrap_or_else(|it| it.into_inner()))
}

/// Distance of a clip's frames to every clip: of each frame to the nearest frame, averaged, `[clips]`.
fn distances_to_all(
    embeddings: &Embeddings,
    squares: &[f32],
    own: std::ops::Range<usize>,
    clips: usize,
) -> Vec<f64> {
    let size = embeddings.size;
    let mut sums = vec![0.0_f64; clips];
    let count = own.len().max(1);
    let mut out = vec![0.0_f32; BLOCK];
    for frame in own {
        let mut best = vec![f32::INFINITY; clips];
        let query = embeddings.frame(frame);
        for start in (0..embeddings.frames()).step_by(BLOCK) {
            let end = (start + BLOCK).min(embeddings.frames());
            products(query, &embeddings.values[start * size..end * size], size, &mut out, BLOCK);
            for other in start..end {
                let square = (squares[frame] + squares[other] - 2.0 * out[other - start]).max(0.0);
                let best = &mut best[embeddings.clip_of[other]];
                *best = best.min(square);
            }
        }
        sums.iter_mut().zip(&best).for_each(|(sum, &best)| *sum += f64::from(best).sqrt());
    }
    sums.iter().map(|sum| sum / count as f64).collect()
}

fn average_precision(clip: usize, distances: &[f64], class_of: &[usize], group_of: &[usize]) -> Option<f64> {
    let mut others: Vec<usize> =
        (0..distances.len()).filter(|&other| group_of[other] != group_of[clip]).collect();
    let relevant = |other: usize| class_of[other] == class_of[clip];
    let total = others.iter().filter(|&&other| relevant(other)).count();
    if total == 0 {
        return None;
    }
    let nearer = |a: &usize, b: &usize| distances[*a].total_cmp(&distances[*b]).then(a.cmp(b));
    if others.len() > DEPTH {
        others.select_nth_unstable_by(DEPTH - 1, nearer);
        others.truncate(DEPTH);
    }
    others.sort_by(nearer);
    let (mut hits, mut sum) = (0, 0.0);
    for (place, &other) in others.iter().enumerate() {
        if relevant(other) {
            hits += 1;
            sum += f64::from(hits) / (place + 1) as f64;
        }
    }
    Some(sum / total.min(DEPTH) as f64)
}
