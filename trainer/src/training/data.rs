//! What is trained on: frames with labels, wherever their columns lie.

use std::sync::Arc;

use crate::sampling::Frames;

/// Mel columns of clips.
pub trait Columns: Send + Sync {
    /// Copies the columns of `clip` from `start` on to `out` `[columns, bands]`; zeros where there are none.
    fn copy(&self, clip: usize, start: i64, out: &mut [f32]);
}

/// A frame of a data set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Example {
    /// Clip, a position in the data set's list.
    pub clip: usize,
    /// First column.
    pub start: usize,
    /// Class, a position in the data set's taxonomy; 0 without labels.
    pub label: usize,
    /// 0 for the recording as it is, above for its changed copies.
    pub copy: usize,
}

/// A data set, ready to be trained on.
#[derive(Clone)]
pub struct TrainingSet {
    /// Name for people.
    pub name: String,
    /// Names of the clips, for messages.
    pub clips: Vec<String>,
    /// Group of each clip.
    pub groups: Vec<usize>,
    /// Number of classes; 0 without labels.
    pub classes: usize,
    /// Columns of the recordings, then of each of their changed copies.
    pub columns: Vec<Arc<dyn Columns>>,
    /// Trained on.
    pub train: Vec<Example>,
    /// Chosen by; without changed copies.
    pub validation: Vec<Example>,
}

impl TrainingSet {
    /// Whether it has labels.
    pub fn is_labelled(&self) -> bool {
        self.classes > 0
    }

    /// Copies a frame to `out` `[columns, bands]`.
    pub fn copy(&self, example: &Example, out: &mut [f32]) {
        match self.columns.get(example.copy) {
            Some(columns) => columns.copy(example.clip, example.start as i64, out),
            None => out.fill(0.0),
        }
    }

    /// Classes and recordings of the frames that are trained on.
    pub fn frames(&self) -> Frames {
        Frames {
            labels: self.train.iter().map(|example| example.label).collect(),
            recordings: self.train.iter().map(|example| self.groups[example.clip]).collect(),
        }
    }

    /// Frames of each class that are trained on, `[classes]`.
    pub fn frames_per_class(&self) -> Vec<usize> {
        let mut counts = vec![0; self.classes.max(1)];
        self.train.iter().for_each(|example| counts[example.label] += 1);
        counts
    }
}

impl std::fmt::Debug for TrainingSet {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mut debug = formatter.debug_struct("TrainingSet");
        debug.field("name", &self.name).field("classes", &self.classes);
        debug.field("train", &self.train.len()).field("validation", &self.validation.len());
        debug.finish_non_exhaustive()
    }
}

/// Columns in memory.
#[derive(Debug, Clone, Default)]
pub struct MemoryColumns {
    /// Values of a column.
    pub bands: usize,
    /// `[columns, bands]` of each clip.
    pub clips: Vec<Vec<f32>>,
}

impl Columns for MemoryColumns {
    fn copy(&self, clip: usize, start: i64, out: &mut [f32]) {
        out.fill(0.0);
        let Some(columns) = self.clips.get(clip) else { return };
        let bands = self.bands as i64;
        let (have, want) = (columns.len() as i64, out.len() as i64);
        let begin = (start * bands).clamp(0, have);
        let end = (start * bands + want).clamp(begin, have);
        let at = (begin - start * bands).clamp(0, want) as usize;
        let taken = &columns[begin as usize..end as usize];
        out[at..at + taken.len()].copy_from_slice(taken);
    }
}
