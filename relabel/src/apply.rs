//! Carries out a plan: first what is written into files, then the names.

use std::collections::HashSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};

use xxhash_rust::xxh3::xxh3_128;

use crate::error::ChangeError;
use crate::journal::{Found, Journal, Line, Lock, RenameStep};
use crate::plan::{Entry, FileState, Plan};
use crate::recovery::clear_up_locked;
use crate::renaming::{Record, Wish, check_wish, on_every_system, rename_all};
use crate::replacing::aside_of;
use crate::rewrite::Targets;
use crate::writing::{How, Written, real_path, write_fields};

/// How a plan is carried out.
#[derive(Clone, Copy, Debug)]
pub struct ApplyOptions<'a> {
    /// The folder of journals; made when it is not there.
    pub journals: &'a Path,
    /// Which blocks of WAV and AIFF files are written to.
    pub targets: Targets,
    /// Whether files that are written to keep their modification times.
    pub keep_times: bool,
    /// Set to stop between two files.
    pub cancel: &'a AtomicBool,
}

/// What became of an entry.
#[derive(Debug)]
pub enum Outcome {
    /// It was done: whether the file was written to, and the path it has now where that is another.
    Done {
        /// Whether fields were written.
        written: bool,
        /// The new path.
        renamed: Option<PathBuf>,
    },
    /// Everything was as planned before.
    Already,
    /// The entry proposes nothing, or has a problem of its own.
    PassedOver,
    /// The file is as it was, unless it was written to and only the name could not be given.
    Failed(ChangeError),
    /// The run was stopped before.
    NotTried,
}

/// A file that is another now: what a library needs to know of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// Its path before.
    pub from: PathBuf,
    /// Its path now.
    pub to: PathBuf,
    /// The file before.
    pub before: FileState,
    /// The file now; a hash of `None` says that the bytes are the same.
    pub after: FileState,
}

/// What a run did.
#[derive(Debug)]
pub struct Applied {
    /// The journal by which it can be taken back; `None` when nothing was changed.
    pub journal: Option<PathBuf>,
    /// Of each entry of the plan, in order.
    pub outcomes: Vec<Outcome>,
    /// Files that are others now.
    pub changes: Vec<Change>,
    /// Why it stopped before the end: the journal can no longer be written.
    pub stopped: Option<ChangeError>,
}

/// Carries out a plan. `done` is told of each entry when it is settled.
///
/// # Errors
/// No journal can be begun, or another program is at work with the journals. What concerns one sound is its [`Outcome`].
pub fn apply(
    plan: &Plan,
    options: &ApplyOptions<'_>,
    done: &mut dyn FnMut(&Entry, &Outcome),
) -> Result<Applied, ChangeError> {
    let _lock = Lock::acquire(options.journals)?;
    clear_up_locked(options.journals);
    let mut run = Run::new(plan, options)?;
    let ended = run.write(done).and_then(|()| run.rename()).and_then(|()| run.journal.sync());
    let told = run.told;
    let outcomes: Vec<Outcome> =
        run.outcomes.into_iter().map(|outcome| outcome.unwrap_or(Outcome::NotTried)).collect();
    for ((entry, outcome), _) in plan.entries.iter().zip(&outcomes).zip(told).filter(|(_, told)| !told) {
        done(entry, outcome);
    }
    let mut journal = Some(run.journal.dir().to_owned());
    if run.changes.is_empty() && ended.is_ok() {
        // There is nothing to take back.
        let _ = fs::remove_dir_all(run.journal.dir());
        journal = None;
    }
    Ok(Applied { journal, outcomes, changes: run.changes, stopped: ended.err() })
}

struct Run<'a> {
    plan: &'a Plan,
    options: &'a ApplyOptions<'a>,
    journal: Journal,
    outcomes: Vec<Option<Outcome>>,
    /// Files as they are after writing, where they were looked at.
    states: Vec<Option<FileState>>,
    /// Of each entry that was written to, its change.
    written: Vec<Option<usize>>,
    told: Vec<bool>,
    changes: Vec<Change>,
    /// Names that this very plan has given before.
    given: HashSet<(PathBuf, PathBuf)>,
}

impl<'a> Run<'a> {
    fn new(plan: &'a Plan, options: &'a ApplyOptions<'a>) -> Result<Self, ChangeError> {
        let digest = xxh3_128(plan.to_toml().as_bytes());
        let given = given_before(options.journals, digest);
        let entries = plan.entries.len();
        let mut outcomes: Vec<Option<Outcome>> = plan.entries.iter().map(|_| None).collect();
        let mut paths = HashSet::new();
        for (entry, outcome) in plan.entries.iter().zip(&mut outcomes) {
            if entry.problem.is_some() || (entry.name.is_none() && entry.fields.is_empty()) {
                *outcome = Some(Outcome::PassedOver);
            } else if !paths.insert(&entry.path) {
                *outcome = Some(Outcome::Failed(ChangeError::Repeated { path: entry.path.clone() }));
            } else if let Some(Err(error)) = entry.name.as_ref().map(|name| check_wish(&entry.path, name)) {
                *outcome = Some(Outcome::Failed(error));
            }
        }
        Ok(Self {
            plan,
            options,
            journal: Journal::create(options.journals, &plan.about, digest)?,
            outcomes,
            states: vec![None; entries],
            written: vec![None; entries],
            told: vec![false; entries],
            changes: Vec::new(),
            given,
        })
    }

    fn cancelled(&self) -> bool {
        self.options.cancel.load(Ordering::Relaxed)
    }

    fn write(&mut self, done: &mut dyn FnMut(&Entry, &Outcome)) -> Result<(), ChangeError> {
        let how = How { targets: self.options.targets, keep_times: self.options.keep_times };
        for (at, entry) in self.plan.entries.iter().enumerate() {
            if self.cancelled() {
                break;
            }
            if self.outcomes[at].is_some() || entry.fields.is_empty() {
                continue;
            }
            // A run that was stopped may have come as far as the name.
            let renamed = entry.target().filter(|target| !entry.path.exists() && target.exists());
            let path = renamed.as_ref().unwrap_or(&entry.path);
            let outcome = match write_fields(path, &entry.state, &entry.fields, how, &mut self.journal) {
                Ok(Written::New { before, after }) => {
                    let path = real_path(path)?;
                    self.written[at] = Some(self.changes.len());
                    self.changes.push(Change { from: path.clone(), to: path, before, after });
                    self.states[at] = Some(after);
                    Outcome::Done { written: true, renamed: None }
                }
                Ok(Written::Already(state)) => {
                    self.states[at] = Some(state);
                    Outcome::Already
                }
                Err(error @ ChangeError::Journal { .. }) => return Err(error),
                Err(error) => Outcome::Failed(error),
            };
            if entry.name.is_none() {
                done(entry, &outcome);
                self.told[at] = true;
            }
            // With a name to give, the entry is not settled yet.
            if entry.name.is_none() || matches!(outcome, Outcome::Failed(_)) {
                self.outcomes[at] = Some(outcome);
            }
        }
        Ok(())
    }

    fn rename(&mut self) -> Result<(), ChangeError> {
        let mut wishes = Vec::new();
        let mut renames = Vec::new();
        for (at, entry) in self.plan.entries.iter().enumerate() {
            let (None, Some(target)) = (&self.outcomes[at], entry.target()) else { continue };
            if self.cancelled() {
                break;
            }
            let expected = self.states[at].unwrap_or(entry.state);
            let given = self.given.contains(&(entry.path.clone(), target.clone()));
            match where_it_is(&entry.path, &target, &expected, given) {
                Ok(Some(state)) => {
                    wishes.push(Wish { path: entry.path.clone(), target });
                    renames.push((at, state));
                }
                Ok(None) => {
                    self.outcomes[at] = Some(match self.written[at] {
                        Some(_) => Outcome::Done { written: true, renamed: Some(target) },
                        None => Outcome::Already,
                    });
                }
                Err(error) => self.outcomes[at] = Some(Outcome::Failed(error)),
            }
        }
        let cancel = self.options.cancel;
        let states = renames.iter().map(|(_, state)| *state).collect();
        let mut record = Names { journal: &mut self.journal, states, steps: vec![0; wishes.len()] };
        let answers = rename_all(&wishes, on_every_system, &mut record, &|| cancel.load(Ordering::Relaxed))?;
        for ((wish, (at, state)), answer) in wishes.into_iter().zip(renames).zip(answers) {
            match answer {
                Some(Ok(())) => {
                    let outcome = Outcome::Done {
                        written: self.written[at].is_some(),
                        renamed: Some(wish.target.clone()),
                    };
                    self.outcomes[at] = Some(outcome);
                    self.note_rename(at, wish, state);
                }
                Some(Err(error)) => self.outcomes[at] = Some(Outcome::Failed(error)),
                None => {}
            }
        }
        Ok(())
    }

    fn note_rename(&mut self, at: usize, wish: Wish, state: FileState) {
        let written = self.written[at].map(|change| &mut self.changes[change]);
        match written.filter(|change| change.from == wish.path) {
            Some(change) => change.to = wish.target,
            None => {
                let after = FileState { hash: None, ..state };
                self.changes.push(Change { from: wish.path, to: wish.target, before: state, after });
            }
        }
    }
}

/// The state of a file that is to be renamed; `None` when it has its name already.
fn where_it_is(
    path: &Path,
    target: &Path,
    expected: &FileState,
    given: bool,
) -> Result<Option<FileState>, ChangeError> {
    let holds = |path: &Path| expected.still_holds(path).unwrap_or(false);
    if given && path != target && holds(target) {
        return Ok(None);
    }
    match expected.still_holds(path) {
        Ok(true) => {
            let now = FileState::of(path).map_err(ChangeError::io(path, "look at it"))?;
            Ok(Some(FileState { hash: expected.hash, ..now }))
        }
        _ if holds(target) => Ok(None),
        Ok(false) => Err(ChangeError::Changed { path: path.into(), since: "the plan was made" }),
        Err(error) => Err(ChangeError::io(path, "look at it")(error)),
    }
}

/// Names that a plan has given in earlier runs and that were not taken back.
fn given_before(journals: &Path, digest: u128) -> HashSet<(PathBuf, PathBuf)> {
    let digest = format!("{digest:032x}");
    let mut given = HashSet::new();
    for journal in Found::all(journals).iter().filter(|journal| journal.plan == digest) {
        let done = journal.done();
        for line in journal.steps() {
            if let Line::Rename(step) = line
                && done.contains(&step.step)
            {
                given.insert((step.from.path(), step.to.path()));
            }
        }
    }
    given
}

/// Notes names in the journal.
struct Names<'a> {
    journal: &'a mut Journal,
    /// Of each wish, its file.
    states: Vec<FileState>,
    steps: Vec<u64>,
}

impl Record for Names<'_> {
    fn announce(&mut self, wishes: &[Wish], possible: &[usize]) -> Result<(), ChangeError> {
        for &at in possible {
            let wish = &wishes[at];
            self.steps[at] = self.journal.number();
            self.journal.note(&Line::Rename(RenameStep {
                step: self.steps[at],
                from: wish.path.as_path().into(),
                to: wish.target.as_path().into(),
                by: aside_of(&wish.path).as_path().into(),
                state: self.states[at].into(),
            }))?;
        }
        self.journal.sync()
    }

    fn settle(&mut self, wish: usize, done: bool) -> Result<(), ChangeError> {
        let step = self.steps[wish];
        self.journal.note(&if done { Line::Done { step } } else { Line::Failed { step } })
    }
}
