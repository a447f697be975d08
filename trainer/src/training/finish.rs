//! The end of a run: the model as a folder that the engine can use.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use burn::tensor::{Device, Tensor};
use earmark_engine::network::{CARD_FILE, Card, CardNetwork, Centring, Network, SimilarityScale};
use sha2::{Digest, Sha256};

use super::data::{Example, TrainingSet};
use super::error::TrainingError;
use super::plan::Plan;
use super::validation::{embed, values};
use crate::network::{Encoder, Use, collect, export, tensor_from};
use crate::random::Random;
use crate::whole_file::replace;

const NETWORK_FILE: &str = "model.onnx";
/// Largest difference of a value between the network that was trained and the file, relative to the largest value of its
/// embedding where that is above 1.
const TOLERANCE: f32 = 1e-5;
/// Frames that are compared.
const COMPARED: usize = 16;
/// Frames whose embeddings give the mean and the scale of similarities.
const MEASURED: usize = 4_000;
/// Pairs of frames whose cosines give the scale.
const PAIRS: usize = 20_000;
/// Frames of a batch that statistics are re-estimated on, and of how many batches.
const ESTIMATED: [usize; 2] = [64, 50];

/// A model that is ready.
#[derive(Debug, Clone, PartialEq)]
pub struct Finished {
    /// The folder, for `--model`.
    pub folder: PathBuf,
    /// Its description.
    pub card: Card,
    /// Largest difference of a value between the network that was trained and the file.
    pub difference: f32,
}

/// Replaces the statistics of a pooled network by those of a library's frames.
pub(super) fn re_estimate(
    encoder: &mut Encoder,
    library: &TrainingSet,
    [columns, bands]: [usize; 2],
    seed: u64,
    device: &Device,
) {
    let mut examples = library.train.clone();
    Random::new(seed, &[5]).shuffle(&mut examples);
    let [rows, batches] = ESTIMATED;
    let batches = examples.chunks(rows).take(batches).map(|examples| {
        let mut frames = vec![0.0; examples.len() * columns * bands];
        for (example, frame) in examples.iter().zip(frames.chunks_exact_mut(columns * bands)) {
            library.copy(example, frame);
        }
        tensor_from(frames, [examples.len(), columns, bands], device)
    });
    encoder.re_estimate(batches);
}

/// Writes ONNX file and card, and compares the file with the network on frames of `sets`. What embeddings are like is
/// measured on sets and an extent that may be those of frozen convolutions.
pub(super) fn write(
    plan: &Plan,
    base: &Card,
    (measured, extent): (&[TrainingSet], [usize; 2]),
    sets: &[TrainingSet],
    encoder: &mut Encoder,
    folder: &Path,
    device: &Device,
) -> Result<Finished, TrainingError> {
    let shape = [base.frames.columns as usize, base.front_end.mel_bands as usize];
    let metadata = [("name", plan.model.name.as_str()), ("licence", plan.model.licence.as_str())];
    let mut whole = encoder.thawed();
    let weights = collect(&whole);
    let onnx = export::onnx(encoder.architecture(), &weights, shape[0], shape[1], &metadata)?;
    let measured = Measured::new(measured, encoder, extent, plan.seed, device);
    let size = encoder.architecture().embedding_size() as u32;
    let mut card = Card {
        name: plan.model.name.clone(),
        version: plan.model.version.clone(),
        licence: plan.model.licence.clone(),
        attribution: plan.model.attribution.clone(),
        citation: String::new(),
        network: described(base, &onnx, size),
        ..base.clone()
    };
    card.similarity = measured.scale().unwrap_or_else(|| base.similarity.clone());
    card.centring = Centring { mean: measured.mean };
    let path = folder.join(CARD_FILE);
    let text = card.to_toml(&path)?;
    let difference = compare(&Network::from_parts(&text, &onnx, folder)?, sets, &mut whole, shape, device)?;
    // The card comes last: a folder without one is no model.
    let file = folder.join(NETWORK_FILE);
    replace(&file, &onnx).map_err(TrainingError::file(&file, "write"))?;
    replace(&path, text.as_bytes()).map_err(TrainingError::file(&path, "write"))?;
    Ok(Finished { folder: folder.to_owned(), card, difference })
}

/// What the card says of a network of so many values.
pub(super) fn described(base: &Card, onnx: &[u8], size: u32) -> CardNetwork {
    CardNetwork {
        file: NETWORK_FILE.into(),
        sha256: Sha256::digest(onnx).iter().map(|byte| format!("{byte:02x}")).collect(),
        input_shape: vec![1, 1, base.frames.columns, base.front_end.mel_bands],
        output_shape: vec![1, size],
        embedding_size: size,
    }
}

fn compare(
    network: &Network,
    sets: &[TrainingSet],
    encoder: &mut Encoder,
    shape: [usize; 2],
    device: &Device,
) -> Result<f32, TrainingError> {
    let mut session = network.session()?;
    let size = encoder.architecture().embedding_size();
    let (mut frame, mut found) = (vec![0.0; shape[0] * shape[1]], vec![0.0; size]);
    let mut largest = 0.0_f32;
    for (set, examples) in spread(sets, COMPARED) {
        let expected = values(embed(encoder, set, &examples, Use::DataSet(0), shape, device));
        for (example, expected) in examples.iter().zip(expected.chunks_exact(size)) {
            set.copy(example, &mut frame);
            session.embed(&frame, &mut found)?;
            // Each value is a sum of many, whose rounding follows the largest ones.
            let scale = expected.iter().fold(1.0_f32, |scale, value| scale.max(value.abs()));
            for (found, expected) in found.iter().zip(expected) {
                largest = largest.max((found - expected).abs() / scale);
            }
        }
    }
    if largest > TOLERANCE { Err(TrainingError::Parity { difference: largest }) } else { Ok(largest) }
}

/// About `count` frames, evenly from all data sets.
fn spread(sets: &[TrainingSet], count: usize) -> Vec<(&TrainingSet, Vec<Example>)> {
    let each = count.div_ceil(sets.len().max(1));
    sets.iter()
        .map(|set| {
            let originals: Vec<Example> =
                set.train.iter().filter(|example| example.copy == 0).copied().collect();
            let step = originals.len().div_ceil(each).max(1);
            (set, originals.into_iter().step_by(step).collect::<Vec<_>>())
        })
        .filter(|(_, examples)| !examples.is_empty())
        .collect()
}

/// What embeddings are like.
struct Measured {
    mean: Vec<f32>,
    /// Cosines of centred embeddings of sounds that have nothing to do with each other, sorted.
    unrelated: Vec<f32>,
    /// The same of different takes of one recording.
    related: Vec<f32>,
}

impl Measured {
    fn new(
        sets: &[TrainingSet],
        encoder: &mut Encoder,
        shape: [usize; 2],
        seed: u64,
        device: &Device,
    ) -> Self {
        let size = encoder.architecture().embedding_size();
        let (mut rows, mut groups, mut clips) = (Vec::new(), Vec::new(), Vec::new());
        for (number, (set, examples)) in spread(sets, MEASURED).into_iter().enumerate() {
            let embedded: Tensor<2> = embed(encoder, set, &examples, Use::DataSet(0), shape, device);
            rows.extend(values(embedded));
            let group = |example: &Example| set.groups.get(example.clip).copied().unwrap_or(example.clip);
            groups.extend(examples.iter().map(|example| (number, group(example))));
            clips.extend(examples.iter().map(|example| (number, example.clip)));
        }
        let count = clips.len().max(1);
        let mut mean = vec![0.0_f64; size];
        for row in rows.chunks_exact(size) {
            mean.iter_mut().zip(row).for_each(|(mean, value)| *mean += f64::from(*value) / count as f64);
        }
        let mean: Vec<f32> = mean.into_iter().map(|value| value as f32).collect();
        let cosine = |left: usize, right: usize| {
            let row = |at: usize| {
                rows[at * size..(at + 1) * size].iter().zip(&mean).map(|(value, mean)| value - mean)
            };
            let dot = row(left).zip(row(right)).map(|(left, right)| left * right).sum::<f32>();
            let power = |at: usize| row(at).map(|value| value * value).sum::<f32>();
            dot / (power(left) * power(right)).sqrt().max(f32::MIN_POSITIVE)
        };
        let mut random = Random::new(seed, &[6]);
        let (mut unrelated, mut related) = (Vec::new(), Vec::new());
        for _ in 0..PAIRS {
            let (left, right) = (random.below(clips.len()), random.below(clips.len()));
            if clips.is_empty() || groups[left] == groups[right] {
                continue;
            }
            unrelated.push(cosine(left, right));
        }
        let mut takes: BTreeMap<_, Vec<usize>> = BTreeMap::new();
        groups.iter().enumerate().for_each(|(at, group)| takes.entry(*group).or_default().push(at));
        for members in takes.values() {
            for pair in members.windows(2).filter(|pair| clips[pair[0]] != clips[pair[1]]) {
                related.push(cosine(pair[0], pair[1]));
            }
        }
        unrelated.sort_by(f32::total_cmp);
        related.sort_by(f32::total_cmp);
        Self { mean, unrelated, related }
    }

    /// 15 % is the median of unrelated sounds, 45 % their 95th percentile, 80 % the median of two takes of one recording;
    /// without takes to measure by, a point half way to equality.
    fn scale(&self) -> Option<SimilarityScale> {
        let at = |sorted: &[f32], part: f64| sorted.get((sorted.len() as f64 * part) as usize).copied();
        let median = at(&self.unrelated, 0.5)?.clamp(-0.5, 0.9);
        let high = at(&self.unrelated, 0.95)?.clamp(median + 0.01, 0.95);
        let takes = at(&self.related, 0.5).unwrap_or((high + 1.0) / 2.0).clamp(high + 0.01, 0.99);
        let anchors = vec![[median - 0.4, 0.0], [median, 15.0], [high, 45.0], [takes, 80.0], [1.0, 100.0]];
        Some(SimilarityScale { anchors })
    }
}
