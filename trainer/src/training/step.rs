//! One batch: from frames to a loss.

use burn::tensor::{Device, Tensor};

use super::data::{Example, TrainingSet};
use super::error::TrainingError;
use super::model::Model;
use super::plan::Plan;
use super::teacher::Teacher;
use crate::augmentation::{ColumnAugmenter, mix};
use crate::loss::{Loss, Targets, cross_entropy, distillation, nt_xent, proxy_anchor};
use crate::network::{Use, tensor_from};
use crate::random::Random;
use crate::sampling::{Batch, Segment, class_weights};

/// Everything that a step needs and does not change.
pub(super) struct Stepper<'a> {
    pub plan: &'a Plan,
    pub sets: &'a [TrainingSet],
    pub teacher: Option<&'a Teacher>,
    pub augmenter: ColumnAugmenter,
    pub columns: usize,
    pub bands: usize,
    pub device: &'a Device,
    /// Weights of the classes of each data set.
    class_weights: Vec<Option<Vec<f32>>>,
}

/// Partners of rows in a mixup.
struct Mixture {
    labels: Vec<usize>,
    shares: Vec<f32>,
}

impl<'a> Stepper<'a> {
    pub(super) fn new(
        plan: &'a Plan,
        sets: &'a [TrainingSet],
        teacher: Option<&'a Teacher>,
        augmenter: ColumnAugmenter,
        [columns, bands]: [usize; 2],
        device: &'a Device,
    ) -> Self {
        let weights = |set: &TrainingSet| class_weights(&set.frames_per_class(), plan.class_weights);
        let class_weights = sets.iter().map(weights).collect();
        Self { plan, sets, teacher, augmenter, columns, bands, device, class_weights }
    }

    /// The example of a row.
    fn example(&self, batch: &Batch, segment: &Segment, row: usize) -> &'a Example {
        &self.sets[segment.data_set].train[batch.frames[row]]
    }

    /// Names of the data sets and of the first sounds of a batch.
    pub(super) fn names(&self, batch: &Batch) -> (String, String) {
        let sets: Vec<&str> =
            batch.segments.iter().map(|segment| self.sets[segment.data_set].name.as_str()).collect();
        let rows =
            batch.segments.iter().flat_map(|segment| segment.rows.clone().map(move |row| (segment, row)));
        let mut sounds: Vec<&str> = rows
            .map(|(segment, row)| {
                let clip = self.example(batch, segment, row).clip;
                self.sets[segment.data_set].clips.get(clip).map_or("?", String::as_str)
            })
            .collect();
        sounds.dedup();
        let more = if sounds.len() > 5 { format!(" and {} more", sounds.len() - 5) } else { String::new() };
        (sets.join(", "), sounds[..sounds.len().min(5)].join(", ") + &more)
    }

    /// Loss of a batch with labels, each data set's weighted by `set_weights`.
    pub(super) fn supervised(
        &self,
        model: &mut Model,
        batch: &Batch,
        set_weights: &[f64],
        random: &mut Random,
    ) -> Result<Tensor<1>, TrainingError> {
        let size = self.columns * self.bands;
        let mut values = vec![0.0; batch.frames.len() * size];
        for segment in &batch.segments {
            for row in segment.rows.clone() {
                let frame = &mut values[row * size..(row + 1) * size];
                self.take(self.example(batch, segment, row), segment, frame, random)?;
            }
        }
        let mixture = self.mixture(batch, &mut values, random);
        let frames = tensor_from(values, [batch.frames.len(), self.columns, self.bands], self.device);
        let embeddings = model.encoder.forward(frames, Use::Training(&batch.segments));
        let mut loss = embeddings.clone().sum() * 0.0;
        let labelled = batch.segments.iter().filter(|segment| self.sets[segment.data_set].is_labelled());
        let count = labelled.clone().count().max(1);
        for segment in labelled {
            let rows = embeddings.clone().narrow(0, segment.rows.start, segment.rows.len());
            let labels = &batch.labels[segment.rows.clone()];
            if let Some(part) = self.of_segment(model, segment, rows, labels, mixture.as_ref()) {
                loss = loss + part * (set_weights[segment.data_set] / count as f64);
            }
        }
        Ok(loss + self.of_teacher(batch, embeddings))
    }

    /// Loss of two views of each frame of a batch, without labels.
    pub(super) fn self_supervised(
        &self,
        model: &mut Model,
        batch: &Batch,
        temperature: f32,
        random: &mut Random,
    ) -> Result<Tensor<1>, TrainingError> {
        let size = self.columns * self.bands;
        let mut values = vec![0.0; 2 * batch.frames.len() * size];
        let mut segments = batch.segments.clone();
        for segment in &mut segments {
            for row in segment.rows.clone() {
                for view in [2 * row, 2 * row + 1] {
                    let frame = &mut values[view * size..(view + 1) * size];
                    self.take(self.example(batch, segment, row), segment, frame, random)?;
                }
            }
            segment.rows = 2 * segment.rows.start..2 * segment.rows.end;
        }
        let frames = tensor_from(values, [2 * batch.frames.len(), self.columns, self.bands], self.device);
        Ok(nt_xent(model.encoder.forward(frames, Use::Training(&segments)), temperature))
    }

    /// Copies an example, changed, to `frame`.
    fn take(
        &self,
        example: &Example,
        segment: &Segment,
        frame: &mut [f32],
        random: &mut Random,
    ) -> Result<(), TrainingError> {
        let set = &self.sets[segment.data_set];
        set.copy(example, frame);
        self.augmenter.apply(frame, random);
        // The network would swallow them: rectifiers make 0 of what is no number.
        if frame.iter().all(|value| value.is_finite()) {
            return Ok(());
        }
        let sound = set.clips.get(example.clip).cloned().unwrap_or_default();
        Err(TrainingError::Frame { data_set: set.name.clone(), sound })
    }

    fn of_segment(
        &self,
        model: &Model,
        segment: &Segment,
        rows: Tensor<2>,
        labels: &[usize],
        mixture: Option<&Mixture>,
    ) -> Option<Tensor<1>> {
        // Labelled sets come first, so that their positions are those of heads and proxies.
        match (&self.plan.loss, &model.heads, &model.proxies) {
            (Loss::CrossEntropy { label_smoothing }, Some(heads), _) => {
                let targets = Targets {
                    labels,
                    mixed: mixture.map(|mixture| {
                        (&mixture.labels[segment.rows.clone()], &mixture.shares[segment.rows.clone()])
                    }),
                    class_weights: self.class_weights[segment.data_set].as_deref(),
                    label_smoothing: *label_smoothing,
                };
                Some(cross_entropy(heads.forward(rows, segment.data_set), &targets))
            }
            (Loss::ProxyAnchor { alpha, margin }, _, Some(proxies)) => {
                Some(proxy_anchor(rows, labels, proxies.of(segment.data_set), *alpha, *margin))
            }
            (loss, _, _) => loss.of_pairs(rows, labels),
        }
    }

    fn mixture(&self, batch: &Batch, values: &mut [f32], random: &mut Random) -> Option<Mixture> {
        let alpha = self.plan.augmentation.mixup_alpha;
        if alpha <= 0.0 {
            return None;
        }
        let mut partners: Vec<usize> = (0..batch.frames.len()).collect();
        for segment in &batch.segments {
            random.shuffle(&mut partners[segment.rows.clone()]);
        }
        let shares: Vec<f32> = partners.iter().map(|_| random.beta(alpha)).collect();
        mix(values, &partners, &shares);
        let labels = partners.iter().map(|&partner| batch.labels[partner]).collect();
        Some(Mixture { labels, shares })
    }

    fn of_teacher(&self, batch: &Batch, embeddings: Tensor<2>) -> Tensor<1> {
        let (Some(teacher), Some(plan)) = (self.teacher, &self.plan.distillation) else {
            return embeddings.sum() * 0.0;
        };
        let mut values = Vec::with_capacity(batch.frames.len() * teacher.size());
        for segment in &batch.segments {
            for row in segment.rows.clone() {
                values.extend_from_slice(teacher.embedding(segment.data_set, batch.frames[row]));
            }
        }
        let target = tensor_from(values, [batch.frames.len(), teacher.size()], self.device);
        let mean = tensor_from(teacher.mean().to_vec(), [teacher.size()], self.device);
        distillation(embeddings, target, mean, &plan.weights)
    }
}
