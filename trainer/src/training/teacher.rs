//! Another model whose embeddings are learnt from.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;

use earmark_engine::network::{ModelError, Network};

use super::data::TrainingSet;
use super::error::TrainingError;

/// The embeddings of all frames that are trained on, computed once by the engine.
///
/// They are of the frames as they are, while the student sees them changed: it learns to hear through the changes.
#[derive(Debug)]
pub struct Teacher {
    mean: Vec<f32>,
    /// `[frames, size]` of each data set.
    embeddings: Vec<Vec<f32>>,
}

impl Teacher {
    /// Embeds all frames of `sets`, which must come from the front end of the teacher's card.
    ///
    /// # Errors
    /// When a frame cannot be embedded. `None` when `stop` is raised.
    pub fn new(
        network: &Network,
        sets: &[TrainingSet],
        stop: &AtomicBool,
    ) -> Result<Option<Self>, TrainingError> {
        let embeddings = sets.iter().map(|set| embed(network, set, stop)).collect::<Result<_, _>>()?;
        let stopped = stop.load(Ordering::Relaxed);
        Ok((!stopped).then(|| Self { mean: network.card().centring.mean.clone(), embeddings }))
    }

    /// Number of values of an embedding.
    pub fn size(&self) -> usize {
        self.mean.len()
    }

    /// The teacher's mean embedding, from its card.
    pub fn mean(&self) -> &[f32] {
        &self.mean
    }

    /// The embedding of a frame that is trained on.
    pub fn embedding(&self, data_set: usize, frame: usize) -> &[f32] {
        &self.embeddings[data_set][frame * self.size()..(frame + 1) * self.size()]
    }
}

fn embed(network: &Network, set: &TrainingSet, stop: &AtomicBool) -> Result<Vec<f32>, ModelError> {
    let (values, size) = (network.card().frame_values(), network.card().embedding_size());
    let mut embeddings = vec![0.0; set.train.len() * size];
    let threads = thread::available_parallelism().map_or(1, usize::from);
    let piece = 32;
    let next = AtomicUsize::new(0);
    let pieces: Vec<_> = embeddings.chunks_mut(piece * size).map(std::sync::Mutex::new).collect();
    let work = || -> Result<(), ModelError> {
        let mut session = network.session()?;
        let mut frame = vec![0.0; values];
        loop {
            let at = next.fetch_add(1, Ordering::Relaxed);
            let Some(out) = pieces.get(at) else { return Ok(()) };
            let Ok(mut out) = out.lock() else { return Ok(()) };
            for (example, out) in set.train[at * piece..].iter().zip(out.chunks_exact_mut(size)) {
                if stop.load(Ordering::Relaxed) {
                    return Ok(());
                }
                set.copy(example, &mut frame);
                session.embed(&frame, out)?;
            }
        }
    };
    thread::scope(|scope| {
        let workers: Vec<_> = (0..threads).map(|_| scope.spawn(work)).collect();
        let ended = workers.into_iter().map(|worker| worker.join());
        ended
            .map(|result| {
                result.unwrap_or_else(|_| Err(ModelError::Inference { message: "a thread panicked".into() }))
            })
            .collect::<Result<Vec<()>, _>>()
    })?;
    drop(pieces);
    Ok(embeddings)
}
