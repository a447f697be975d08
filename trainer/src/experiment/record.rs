//! What is known of a cell once it was computed, and how it lies in the folder of results.
//!
//! ```text
//! experiment.json   the plan, the data sets, all cells with their ids, what was left out
//! cells/ID.json     the result of a cell, or its error
//! work/ID/          a cell in work: checkpoints, so that it goes on where it was interrupted
//! work/ID.lock      held by the process that computes the cell
//! models/ID/        the model of a cell, where the plan keeps them
//! ```
//! Every file is written beside its place and renamed: after a crash there is the old one or the new one.

use std::fs::{self, File, TryLockError};
use std::path::{Path, PathBuf};

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::cell::Cell;
use super::error::ExperimentError;
use super::grid::LeftOut;
use super::plan::ExperimentPlan;
use super::sets::SetRecord;
use crate::evaluate::Sampled;
use crate::whole_file::replace;

/// Largest file of results that is read.
const MAX_BYTES: u64 = 256 << 20;

/// An experiment as a report needs it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ExperimentRecord {
    /// The plan.
    pub plan: ExperimentPlan,
    /// Its data sets.
    pub sets: Vec<SetRecord>,
    /// Its cells with their ids.
    pub cells: Vec<(String, Cell)>,
    /// What was left out of the grid.
    pub left_out: Vec<LeftOut>,
}

/// A cell that was computed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CellRecord {
    /// Name of its file: SHA-256 of all that decides the result, cut short.
    pub id: String,
    /// What it is.
    pub cell: Cell,
    /// How long it took, seconds, without interruptions.
    pub seconds: f64,
    /// What came out.
    pub outcome: Outcome,
}

/// How a cell ended.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// With figures.
    Done(Measured),
    /// With an error.
    Failed {
        /// In words.
        error: String,
    },
}

/// Figures of a cell.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Measured {
    /// Epochs that were trained; 0 for models that were there already.
    pub epochs: usize,
    /// Frames of an epoch.
    pub frames: usize,
    /// Best mean macro F1 of frames on the validation side of what was trained on.
    pub validation_f1: Option<f64>,
    /// Each data set that it was judged by.
    pub judged: Vec<Judged>,
}

/// A model judged by the held-out sounds of a data set.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Judged {
    /// The data set.
    pub data_set: String,
    /// Frames that asked.
    pub frames: usize,
    /// Groups that asked.
    pub groups: usize,
    /// Macro F1 of frames.
    pub frame_f1: Sampled,
    /// Macro F1 of sounds.
    pub sound_f1: Sampled,
    /// Mean average precision of the first ten of each sound's list.
    pub map_at_10: Sampled,
    /// Davies-Bouldin index; the smaller, the better.
    pub davies_bouldin: Option<Sampled>,
    /// The sounds that asked.
    pub sounds: Vec<SoundRecord>,
}

/// A held-out sound.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SoundRecord {
    /// Path below the data set's folder, with `/` between its parts.
    pub file: String,
    /// Its class, a position among the data set's.
    pub class: usize,
    /// The class that its neighbours say.
    pub found: Option<usize>,
    /// Its place on the map, −1 to 1.
    pub place: [f32; 2],
}

/// The folder of results.
#[derive(Clone, Debug)]
pub struct Results {
    folder: PathBuf,
}

/// The right to compute a cell; it ends with the value, and with the process.
#[derive(Debug)]
pub struct Claim {
    path: PathBuf,
    /// Locked as long as it is open.
    _file: File,
}

impl Results {
    /// Makes the folder, if it is not there.
    ///
    /// # Errors
    /// When it cannot be made.
    pub fn create(folder: &Path) -> Result<Self, ExperimentError> {
        for name in ["cells", "work"] {
            let path = folder.join(name);
            fs::create_dir_all(&path).map_err(ExperimentError::file(&path, "make the folder"))?;
        }
        Ok(Self::at(folder))
    }

    /// A folder that need not be there, to look at.
    pub fn at(folder: &Path) -> Self {
        Self { folder: folder.to_owned() }
    }

    /// A folder that is there.
    ///
    /// # Errors
    /// When it holds no experiment.
    pub fn open(folder: &Path) -> Result<Self, ExperimentError> {
        let results = Self::at(folder);
        if results.summary().is_file() {
            return Ok(results);
        }
        let message = "there is no experiment.json in it; `earmark experiment PLAN` makes such a folder";
        Err(ExperimentError::Damaged { path: folder.to_owned(), message: message.into() })
    }

    /// The experiment's record.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn experiment(&self) -> Result<ExperimentRecord, ExperimentError> {
        read(&self.summary())
    }

    /// Replaces the experiment's record.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn put_experiment(&self, record: &ExperimentRecord) -> Result<(), ExperimentError> {
        put(&self.summary(), record)
    }

    /// The record of a cell, if it was computed.
    ///
    /// # Errors
    /// When it is there and cannot be read.
    pub fn cell(&self, id: &str) -> Result<Option<CellRecord>, ExperimentError> {
        let path = self.cell_path(id);
        if path.exists() { read(&path).map(Some) } else { Ok(None) }
    }

    /// Writes the record of a cell, and clears away what its computation needed.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn put_cell(&self, record: &CellRecord) -> Result<(), ExperimentError> {
        put(&self.cell_path(&record.id), record)?;
        self.clear(&record.id)
    }

    /// Claims a cell; `None` while another process computes it.
    ///
    /// # Errors
    /// When the claim's file cannot be made.
    pub fn claim(&self, id: &str) -> Result<Option<Claim>, ExperimentError> {
        let path = self.folder.join("work").join(format!("{id}.lock"));
        let file = File::options().create(true).truncate(false).write(true).open(&path);
        let file = file.map_err(ExperimentError::file(&path, "write"))?;
        match file.try_lock() {
            Ok(()) => Ok(Some(Claim { path, _file: file })),
            Err(TryLockError::WouldBlock) => Ok(None),
            Err(TryLockError::Error(error)) => Err(ExperimentError::file(&path, "lock")(error)),
        }
    }

    /// The folder in which a cell is computed.
    pub fn work(&self, id: &str) -> PathBuf {
        self.folder.join("work").join(id)
    }

    /// The folder that keeps a cell's model.
    pub fn model(&self, id: &str) -> PathBuf {
        self.folder.join("models").join(id)
    }

    /// Removes the folder in which a cell was computed.
    ///
    /// # Errors
    /// When it is there and cannot be removed.
    pub fn clear(&self, id: &str) -> Result<(), ExperimentError> {
        let path = self.work(id);
        match fs::remove_dir_all(&path) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                Err(ExperimentError::file(&path, "remove")(error))
            }
            _ => Ok(()),
        }
    }

    fn summary(&self) -> PathBuf {
        self.folder.join("experiment.json")
    }

    fn cell_path(&self, id: &str) -> PathBuf {
        self.folder.join("cells").join(format!("{id}.json"))
    }
}

impl Claim {
    /// Gives the claim up for a cell that was computed: nobody needs its file any more. Whoever opened it in between
    /// finds the result before it begins.
    pub fn done(self) {
        let _ = fs::remove_file(&self.path);
    }
}

fn read<T: DeserializeOwned>(path: &Path) -> Result<T, ExperimentError> {
    let failed = |error| ExperimentError::file(path, "read")(error);
    let damaged = |message: String| ExperimentError::Damaged { path: path.to_owned(), message };
    if fs::metadata(path).map_err(failed)?.len() > MAX_BYTES {
        return Err(damaged("it is too long for a result; remove it, and run the experiment again".into()));
    }
    let bytes = fs::read(path).map_err(failed)?;
    serde_json::from_slice(&bytes)
        .map_err(|error| damaged(format!("not a result ({error}); remove it, and run the experiment again")))
}

fn put(path: &Path, value: &impl Serialize) -> Result<(), ExperimentError> {
    let write = || {
        let mut bytes = serde_json::to_vec(value)?;
        bytes.push(b'\n');
        replace(path, &bytes)
    };
    write().map_err(ExperimentError::file(path, "write"))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::experiment::Config;

    fn failed(id: &str) -> CellRecord {
        let cell = Cell { config: Config::Reference { model: "mfcc".into() }, data_set: None, seed: 1 };
        let outcome = Outcome::Failed { error: "no".into() };
        CellRecord { id: id.into(), cell, seconds: 1.0, outcome }
    }

    #[test]
    fn a_claimed_cell_is_nobody_else_s_until_it_is_given_up() {
        let folder = tempfile::tempdir().unwrap();
        let results = Results::create(folder.path()).unwrap();
        let claim = results.claim("a").unwrap().unwrap();
        assert!(results.claim("a").unwrap().is_none());
        let other = results.claim("b").unwrap();
        assert!(other.is_some());
        results.put_cell(&failed("a")).unwrap();
        claim.done();
        assert!(results.claim("a").unwrap().is_some());
        assert_eq!(results.cell("a").unwrap(), Some(failed("a")));
        assert_eq!(results.cell("b").unwrap(), None);
    }

    #[test]
    fn damaged_results_are_told_by_name() {
        let folder = tempfile::tempdir().unwrap();
        let results = Results::create(folder.path()).unwrap();
        fs::write(folder.path().join("cells/a.json"), b"{\"id\": 1").unwrap();
        let error = results.cell("a").unwrap_err().to_string();
        assert!(error.contains("a.json") && error.contains("remove it"), "{error}");
        let error = Results::open(folder.path()).unwrap_err().to_string();
        assert!(error.contains("experiment.json"), "{error}");
    }
}
