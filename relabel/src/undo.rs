//! Takes a journal back: names first, then bytes. What has been changed since is left as it is.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};

use earmark_engine::indexing::content_hash;

use crate::apply::Change;
use crate::error::ChangeError;
use crate::files::OutFile;
use crate::journal::{Found, Line, Lock, RenameStep, WriteStep, add_line};
use crate::plan::FileState;
use crate::recovery::recover_from;
use crate::renaming::{Record, Wish, on_this_system, rename_all};
use crate::replacing::Replacement;

/// How much is handed to the system at a time.
const BUFFER: usize = 1 << 20;

/// A journal in a list of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JournalSummary {
    /// Its folder.
    pub dir: PathBuf,
    /// When it was begun, UTC.
    pub made: String,
    /// What the plan said of itself.
    pub about: String,
    /// Steps that can be taken back.
    pub steps: usize,
}

/// What became of a step.
#[derive(Debug)]
pub enum UndoOutcome {
    /// The bytes are as they were.
    Restored,
    /// The name is as it was: this one.
    Renamed(PathBuf),
    /// It had not happened, or was taken back before.
    Nothing,
    /// It is left as it is.
    Failed(ChangeError),
    /// The run was stopped before.
    NotTried,
}

/// What an undo did.
#[derive(Debug)]
pub struct Undone {
    /// The journal.
    pub journal: PathBuf,
    /// Each step's file, as it was named after the plan, and what became of it.
    pub outcomes: Vec<(PathBuf, UndoOutcome)>,
    /// Files that are others now.
    pub changes: Vec<Change>,
    /// Why it stopped before the end: the journal can no longer be written.
    pub stopped: Option<ChangeError>,
}

/// The journals of a folder, oldest first.
pub fn journals(dir: &Path) -> Vec<JournalSummary> {
    let summary = |found: &Found| JournalSummary {
        dir: found.dir.clone(),
        made: found.made.clone(),
        about: found.about.clone(),
        steps: found.steps().len(),
    };
    Found::all(dir).iter().map(summary).collect()
}

/// Takes a journal back. Nothing is lost by doing it twice or by stopping it: what the files hold tells what is left to
/// do.
///
/// # Errors
/// The folder holds no journal, nothing can be noted in it, or another program is at work with the journals.
pub fn undo(journal: &Path, cancel: &AtomicBool) -> Result<Undone, ChangeError> {
    let found = Found::read(journal)?;
    let _lock = journal.parent().map(Lock::acquire).transpose()?;
    recover_from(&found);
    let mut notes = Notes { file: found.reopen()?, dir: journal, steps: Vec::new() };
    let mut undone =
        Undone { journal: journal.to_owned(), outcomes: Vec::new(), changes: Vec::new(), stopped: None };
    let ended = names_back(&found, &mut notes, cancel, &mut undone)
        .and_then(|()| bytes_back(&found, &mut notes, cancel, &mut undone));
    undone.stopped = ended.err();
    Ok(undone)
}

fn names_back(
    found: &Found,
    notes: &mut Notes<'_>,
    cancel: &AtomicBool,
    undone: &mut Undone,
) -> Result<(), ChangeError> {
    let (steps, done) = (found.steps(), found.done());
    let renames: Vec<&RenameStep> = steps
        .iter()
        .filter_map(|line| match line {
            Line::Rename(step) => Some(step),
            _ => None,
        })
        .collect();
    let mut wishes = Vec::new();
    let mut states = Vec::new();
    for step in renames {
        let (from, to) = (step.from.path(), step.to.path());
        let state = FileState::from(step.state);
        let holds = |path: &Path| state.still_holds(path).unwrap_or(false);
        // Files that are alike but for their bytes, which are not known, are told apart by what the journal says.
        if holds(&to) && (done.contains(&step.step) || !holds(&from)) {
            wishes.push(Wish { path: to, target: from });
            states.push(state);
            notes.steps.push(step.step);
            continue;
        }
        let outcome = if holds(&from) {
            notes.undone(step.step)?;
            UndoOutcome::Nothing
        } else if to.exists() {
            UndoOutcome::Failed(ChangeError::Changed { path: to.clone(), since: "it was renamed" })
        } else {
            UndoOutcome::Failed(ChangeError::Missing { path: to.clone() })
        };
        undone.outcomes.push((to, outcome));
    }
    let answers = rename_all(&wishes, on_this_system, notes, &|| cancel.load(Ordering::Relaxed))?;
    for ((wish, state), answer) in wishes.into_iter().zip(states).zip(answers) {
        let outcome = match answer {
            Some(Ok(())) => {
                let after = FileState { hash: None, ..state };
                let (from, to) = (wish.path.clone(), wish.target.clone());
                undone.changes.push(Change { from, to, before: state, after });
                UndoOutcome::Renamed(wish.target)
            }
            Some(Err(error)) => UndoOutcome::Failed(error),
            None => UndoOutcome::NotTried,
        };
        undone.outcomes.push((wish.path, outcome));
    }
    Ok(())
}

fn bytes_back(
    found: &Found,
    notes: &mut Notes<'_>,
    cancel: &AtomicBool,
    undone: &mut Undone,
) -> Result<(), ChangeError> {
    for line in found.steps().into_iter().rev() {
        let Line::Write(step) = line else { continue };
        let path = step.path.path();
        if cancel.load(Ordering::Relaxed) {
            undone.outcomes.push((path, UndoOutcome::NotTried));
            continue;
        }
        let outcome = match restore(found, step, &path) {
            Ok(None) => {
                notes.undone(step.step)?;
                UndoOutcome::Nothing
            }
            Ok(Some(state)) => {
                notes.undone(step.step)?;
                note_restored(undone, &path, FileState::from(step.after), state);
                UndoOutcome::Restored
            }
            Err(error) => UndoOutcome::Failed(error),
        };
        undone.outcomes.push((path, outcome));
    }
    Ok(())
}

/// A file that has its name back and then its bytes is one change.
fn note_restored(undone: &mut Undone, path: &Path, before: FileState, after: FileState) {
    match undone.changes.iter_mut().find(|change| change.to == path) {
        Some(change) => (change.before, change.after) = (before, after),
        None => undone.changes.push(Change { from: path.into(), to: path.into(), before, after }),
    }
}

/// Makes the original again; `None` when the file is it already.
fn restore(found: &Found, step: &WriteStep, path: &Path) -> Result<Option<FileState>, ChangeError> {
    let failed = |action| ChangeError::io(path, action);
    let now = content_hash(path, &|| false).map_err(failed("read it"))?;
    if now == step.before.hash {
        return Ok(None);
    }
    if now != step.after.hash {
        return Err(ChangeError::Changed { path: path.into(), since: "it was written to" });
    }
    let saved = found.saved(step)?;
    let mut source = File::open(path).map_err(failed("open it"))?;
    let metadata = source.metadata().map_err(failed("look at it"))?;
    let mut old = Replacement::begin(path).map_err(failed("make a new file beside it"))?;
    let hash = {
        let mut out = BufWriter::with_capacity(BUFFER, &mut old.out);
        let hash =
            step.inverse().write(&mut source, &saved, &mut out).map_err(failed("write the old bytes"))?;
        out.flush().map_err(failed("write the old bytes"))?;
        hash
    };
    old.dress(&source, &metadata, Some(step.before.modified_ns)).map_err(failed("finish the old file"))?;
    let read = content_hash(old.temporary(), &|| false).map_err(failed("read the old bytes"))?;
    if Some(hash) != step.before.hash || read != step.before.hash {
        let what = "its old bytes cannot be made again from the journal".to_owned();
        return Err(ChangeError::Proof { path: path.into(), what });
    }
    old.finish().map_err(failed("put the old file in its place"))?;
    let state = FileState::of(path).map_err(failed("look at it"))?;
    Ok(Some(FileState { hash: step.before.hash, ..state }))
}

/// Notes in a journal what was taken back.
struct Notes<'a> {
    file: OutFile,
    dir: &'a Path,
    /// The steps of the names that are given back.
    steps: Vec<u64>,
}

impl Notes<'_> {
    fn undone(&mut self, step: u64) -> Result<(), ChangeError> {
        add_line(&mut self.file, self.dir, &Line::Undone { step })
    }
}

impl Record for Notes<'_> {
    /// The journal knows the names already.
    fn announce(&mut self, _: &[Wish], _: &[usize]) -> Result<(), ChangeError> {
        Ok(())
    }

    fn settle(&mut self, wish: usize, done: bool) -> Result<(), ChangeError> {
        if done { self.undone(self.steps[wish]) } else { Ok(()) }
    }
}
