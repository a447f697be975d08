//! What the convolutions of a network make of frames, computed once: to train a projection alone.

use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use earmark_engine::network::{Card, Centring, Network};

use super::data::{Columns, Example, TrainingSet};
use super::error::TrainingError;
use super::finish::described;
use super::teacher::Teacher;
use crate::network::{Encoder, collect, export};

/// Features of frames in the place of their columns.
struct Heard {
    /// Clip and first column of each frame.
    places: HashMap<(usize, i64), usize>,
    /// `[frames, size]`.
    values: Arc<Vec<f32>>,
    size: usize,
}

impl Columns for Heard {
    fn copy(&self, clip: usize, start: i64, out: &mut [f32]) {
        let found =
            self.places.get(&(clip, start)).map(|at| &self.values[at * self.size..(at + 1) * self.size]);
        match found {
            Some(values) if values.len() == out.len() => out.copy_from_slice(values),
            _ => out.fill(0.0),
        }
    }
}

/// The network up to its projection, as the engine runs it on frames like those of `base`.
pub(super) fn listener(encoder: &Encoder, base: &Card, folder: &Path) -> Result<Network, TrainingError> {
    let architecture = encoder.architecture().clone().unprojected();
    let (columns, bands) = (base.frames.columns as usize, base.front_end.mel_bands as usize);
    let weights = collect(&encoder.pooled(&[0]).thawed());
    let onnx = export::onnx(&architecture, &weights, columns, bands, &[])?;
    let size = architecture.features();
    let card = Card {
        network: described(base, &onnx, size as u32),
        centring: Centring { mean: vec![0.0; size] },
        ..base.clone()
    };
    Ok(Network::from_parts(&card.to_toml(folder)?, &onnx, folder)?)
}

/// The sets with the features by `network` in the place of all frames that are trained on and chosen by. What was
/// embedded before lies in the folder `cache`, if there is one. `None` when `stop` is raised.
pub(super) fn hear(
    network: &Network,
    sets: &[TrainingSet],
    cache: Option<&Path>,
    stop: &AtomicBool,
) -> Result<Option<Vec<TrainingSet>>, TrainingError> {
    let with_validation = |set: &TrainingSet| {
        let mut all = set.clone();
        all.train.extend_from_slice(&set.validation);
        all
    };
    let all: Vec<TrainingSet> = sets.iter().map(with_validation).collect();
    let Some(listener) = Teacher::new(network, &all, cache, stop)? else { return Ok(None) };
    let size = listener.size();
    let heard = all.into_iter().zip(listener.into_embeddings()).zip(sets).map(|((all, values), set)| {
        let values = Arc::new(values);
        let of_copy = |copy: usize| -> Arc<dyn Columns> {
            let examples = all.train.iter().enumerate().filter(|(_, example)| example.copy == copy);
            let place = |(at, example): (usize, &Example)| ((example.clip, example.start as i64), at);
            Arc::new(Heard { places: examples.map(place).collect(), values: Arc::clone(&values), size })
        };
        TrainingSet { columns: (0..set.columns.len()).map(of_copy).collect(), ..set.clone() }
    });
    Ok(Some(heard.collect()))
}
