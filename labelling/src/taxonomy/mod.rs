//! Another taxonomy, told by folders or by a table, and what its labels are in UCS.
//!
//! [`learn`] proposes categories for each label from the sounds that bear it and from the words; people edit the table
//! ([`Taxonomy::write_csv`], [`Taxonomy::read_csv`]); [`tag`](crate::tag()) then trusts it.

mod learn;
mod table;

use std::collections::HashMap;

use earmark_engine::index::{Snapshot, SoundRef};
use earmark_engine::ucs::CatIndex;

pub use learn::{LearnRequest, Learnt, learn};
pub use table::{FileLabels, TaxonomyError};

/// What a label of the other taxonomy may be in UCS.
#[derive(Clone, Debug, PartialEq, serde::Serialize)]
pub struct MapRow {
    /// The label: a folder relative to the library's folder, with `/`, or the text of a table.
    pub label: String,
    /// Categories, most confident first; none where the table leaves it open.
    pub targets: Vec<Target>,
    /// Sounds that bear the label.
    pub sounds: usize,
}

/// A category that a label stands for.
#[derive(Clone, Debug, PartialEq, serde::Serialize)]
pub struct Target {
    /// The CatID.
    pub cat: CatIndex,
    /// Which part of the label's sounds is likely of that category, 0 to 1.
    pub confidence: f32,
    /// Why: words of the label, neighbours' votes, labels that sounds already have.
    pub reasons: String,
    /// File names of sounds for which it is likeliest.
    pub examples: Vec<String>,
}

impl MapRow {
    /// Its categories as a judgement takes them.
    pub fn shares(&self) -> Vec<(CatIndex, f32)> {
        self.targets.iter().map(|target| (target.cat, target.confidence)).collect()
    }

    /// Confidence in a category, if it is one of its own.
    pub fn confidence_in(&self, cat: CatIndex) -> Option<f32> {
        self.targets.iter().find(|target| target.cat == cat).map(|target| target.confidence)
    }
}

/// A map from another taxonomy to UCS.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Taxonomy {
    rows: Vec<MapRow>,
    by_label: HashMap<String, usize>,
    /// Labels of files, where they do not follow from folders.
    files: Option<FileLabels>,
}

impl Taxonomy {
    /// Of rows; of several for one label the last counts.
    pub fn new(rows: Vec<MapRow>) -> Self {
        let by_label = rows.iter().enumerate().map(|(at, row)| (key(&row.label), at)).collect();
        Self { rows, by_label, files: None }
    }

    /// With the labels of files.
    pub fn with_files(mut self, files: FileLabels) -> Self {
        self.files = Some(files);
        self
    }

    /// The rows.
    pub fn rows(&self) -> &[MapRow] {
        &self.rows
    }

    /// The row of a sound: that of its label in the table of files, else that of the deepest folder that has one.
    pub fn of(&self, snapshot: &Snapshot, sound: &SoundRef<'_>) -> Option<&MapRow> {
        let row = |label: &str| self.by_label.get(&key(label)).map(|at| &self.rows[*at]);
        let labelled = match &self.files {
            Some(files) => files.label_of(&snapshot.full_path(sound).ok()?).and_then(row),
            None => {
                let folder = folder_of(sound)?;
                let mut folder = folder.as_str();
                loop {
                    match (row(folder), folder.rsplit_once('/')) {
                        (Some(row), _) => break Some(row),
                        (None, Some((parent, _))) => folder = parent,
                        (None, None) => break None,
                    }
                }
            }
        };
        labelled.filter(|row| !row.targets.is_empty())
    }
}

/// The folder of a sound relative to its library folder, with `/`; `None` where it lies in that itself.
pub(crate) fn folder_of(sound: &SoundRef<'_>) -> Option<String> {
    let path = String::from_utf8_lossy(sound.path_bytes().ok()?).into_owned();
    path.rsplit_once('/').map(|(folder, _)| folder.to_owned())
}

/// A label as it is compared.
fn key(label: &str) -> String {
    earmark_engine::index::composed_text(label.trim().trim_matches('/')).to_lowercase()
}
