//! Another model whose embeddings are learnt from.

use std::fs;
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;

use earmark_engine::network::{ModelError, Network};
use xxhash_rust::xxh3::{Xxh3, xxh3_64};

use super::data::TrainingSet;
use super::error::TrainingError;
use crate::whole_file::replace;

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
    /// Embeds all frames of `sets`, which must come from the front end of the teacher's card. What was embedded before
    /// is taken from the folder `cache`, if there is one.
    ///
    /// # Errors
    /// When a frame cannot be embedded, or the cache cannot be written. `None` when `stop` is raised.
    pub fn new(
        network: &Network,
        sets: &[TrainingSet],
        cache: Option<&Path>,
        stop: &AtomicBool,
    ) -> Result<Option<Self>, TrainingError> {
        let of = |set: &TrainingSet| -> Result<Vec<f32>, TrainingError> {
            let Some(cache) = cache else { return Ok(embed(network, set, stop)?) };
            let path = cache.join(format!("{:032x}.teacher", key(network, set)));
            if let Some(known) = read(&path, set.train.len() * network.card().embedding_size()) {
                return Ok(known);
            }
            let embeddings = embed(network, set, stop)?;
            if !stop.load(Ordering::Relaxed) {
                write(&path, cache, &embeddings).map_err(TrainingError::file(&path, "write"))?;
            }
            Ok(embeddings)
        };
        let embeddings = sets.iter().map(of).collect::<Result<_, _>>()?;
        let stopped = stop.load(Ordering::Relaxed);
        Ok((!stopped).then(|| Self { mean: network.card().centring.mean.clone(), embeddings }))
    }

    /// Number of values of an embedding.
    pub fn size(&self) -> usize {
        self.mean.len()
    }

    /// The embeddings of each data set, `[frames, size]`.
    pub(super) fn into_embeddings(self) -> Vec<Vec<f32>> {
        self.embeddings
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

/// Hash of the network and of all frames that it is to embed.
fn key(network: &Network, set: &TrainingSet) -> u128 {
    let mut hasher = Xxh3::new();
    hasher.update(network.card().network.sha256.to_ascii_lowercase().as_bytes());
    let mut frame = vec![0.0_f32; network.card().frame_values()];
    for example in &set.train {
        set.copy(example, &mut frame);
        hasher.update(bytemuck::cast_slice(&frame));
    }
    hasher.digest128()
}

/// The values of a file of the cache; none where it is not whole.
fn read(path: &Path, count: usize) -> Option<Vec<f32>> {
    let bytes = fs::read(path).ok()?;
    let (values, checksum) = bytes.split_last_chunk::<8>()?;
    let whole = values.len() == count * size_of::<f32>() && xxh3_64(values) == u64::from_le_bytes(*checksum);
    let words = values.chunks_exact(size_of::<f32>());
    whole.then(|| words.map(|word| f32::from_le_bytes([word[0], word[1], word[2], word[3]])).collect())
}

fn write(path: &Path, cache: &Path, values: &[f32]) -> std::io::Result<()> {
    fs::create_dir_all(cache)?;
    let mut bytes: Vec<u8> = values.iter().flat_map(|value| value.to_le_bytes()).collect();
    let checksum = xxh3_64(&bytes);
    bytes.extend(checksum.to_le_bytes());
    replace(path, &bytes)
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
