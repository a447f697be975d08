//! Carries out a plan: workers look into files, this thread writes what they found.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use crossbeam_channel::{RecvTimeoutError, bounded};

use crate::index::{
    IndexError, LibraryWriter, ModelId, Quantiser, SegmentWriter, Snapshot, SoundId, SoundRecord,
    bytes_of_path,
};
use crate::network::{FrameEmbedder, Network};
use crate::ucs::{Label, LabelSource, LabelTable};

use super::given::Giver;
use super::plan::{Plan, Task};
use super::walk::{FoundFile, Problem, Walked, has_entries};
use super::work::{Done, Outcome, Worker};
use super::{IndexingError, file_warnings, searchable_text};

/// A segment is finished when it holds so many frames …
const SEGMENT_FRAMES: usize = 1 << 14;
/// … or has been in work for so long: this is what a crash can cost.
const SEGMENT_TIME: Duration = Duration::from_secs(60);
/// How often the observer hears of progress inside long files.
const TICK: Duration = Duration::from_millis(100);

/// What to index and with what.
pub struct Request<'a> {
    /// The library's folder.
    pub library: &'a Path,
    /// The network.
    pub network: &'a Network,
    /// Labels that outrank those of file names and metadata.
    pub labels: Option<&'a LabelTable>,
    /// Number of workers, at least 1.
    pub jobs: usize,
    /// Set to stop: finished sounds are kept.
    pub cancel: &'a AtomicBool,
    /// Whether the caller sets `cancel` when another process wants to write, which then waits for it instead of being
    /// refused.
    pub gives_way: bool,
}

/// Is told how a run goes, always on the calling thread.
pub trait Observer {
    /// The plan is made: so many files are to be looked into, of so many bytes.
    fn planned(&mut self, files: usize, bytes: u64);
    /// Time has passed: audio embedded so far, seconds.
    fn tick(&mut self, audio_s: f64);
    /// So many bytes of the files are behind the workers, the part of those they are in included; comes before a tick.
    fn looked_into(&mut self, bytes: u64) {
        let _ = bytes;
    }
    /// A file is done, well or not.
    fn file_done(&mut self, path: &Path, bytes: u64, problem: Option<&str>);
}

/// What a run did.
#[derive(Clone, Debug, Default)]
pub struct Summary {
    /// Sounds as they were.
    pub unchanged: usize,
    /// Sounds that were not in the library before.
    pub new: usize,
    /// Of those, copies of sounds that the library has: not decoded again.
    pub copied: usize,
    /// Sounds whose content has changed.
    pub changed: usize,
    /// Sounds found under another path.
    pub moved: usize,
    /// Unchanged sounds with another label than before.
    pub relabelled: usize,
    /// Sounds whose files are gone.
    pub removed: usize,
    /// Files and folders that could not be used.
    pub problems: Vec<Problem>,
    /// Sounds that are used although something is odd about them.
    pub warnings: Vec<Problem>,
    /// Audio decoded and embedded, seconds.
    pub audio_s: f64,
    /// Time it took, seconds.
    pub elapsed_s: f64,
    /// The run was cancelled; the rest is done the next time.
    pub cancelled: bool,
}

/// How a library names a network.
pub fn model_id(network: &Network) -> ModelId {
    let card = network.card();
    ModelId {
        name: card.name.clone(),
        version: card.version.clone(),
        sha256: card.network.sha256.clone(),
        embedding_size: card.network.embedding_size,
    }
}

/// Brings a library up to date with what a walk found.
///
/// # Errors
/// What stops the run as a whole; the library is then as of the last commit. Files that cannot be used do not stop
/// it, they are in the summary.
pub fn index(
    request: &Request<'_>,
    walked: Walked,
    observer: &mut dyn Observer,
) -> Result<Summary, IndexingError> {
    index_with(request, request.labels.map(Giver::Table), walked, observer)
}

/// As [`index`], with labels of whatever kind.
pub(super) fn index_with(
    request: &Request<'_>,
    labels: Option<Giver<'_>>,
    mut walked: Walked,
    observer: &mut dyn Observer,
) -> Result<Summary, IndexingError> {
    let begun = Instant::now();
    let model = model_id(request.network);
    let mut writer = match request.gives_way {
        true => LibraryWriter::open_giving_way(request.library, &model)?,
        false => LibraryWriter::open(request.library, &model)?,
    };
    let mut problems = std::mem::take(&mut walked.problems);
    let warnings = std::mem::take(&mut walked.passed_over);
    let mut news = false;
    for folder in &walked.folders {
        news |= writer.add_folder(folder)?;
    }
    writer.merge_in_background();
    let before = Arc::new(writer.snapshot().clone());
    let mut plan = Plan::new(&before, walked)?;
    for (root, offline) in &plan.offline {
        news |= writer.note_offline(*root, *offline);
    }
    let missing = plan.missing.keys().copied().collect();
    problems.append(&mut plan.problems);
    let mut run = Run {
        labels,
        summary: Summary { problems, warnings, ..Summary::default() },
        segment: None,
        segment_begun: begun,
        gone: std::mem::take(&mut plan.displaced),
        missing,
        writer: &mut writer,
        before,
    };
    observer.planned(plan.tasks.len(), plan.tasks.iter().map(|task| task.file.size).sum());
    let done = Done::default();
    run.keep_unchanged(plan.unchanged)?;
    run.respell(plan.respelled)?;
    run.work(request, &plan.tasks, &done, observer)?;
    run.summary.cancelled = request.cancel.load(Ordering::Relaxed);
    if !run.summary.cancelled {
        run.summary.removed = run.missing.len();
        run.gone.append(&mut run.missing);
    }
    if news || run.segment.is_some() || !run.gone.is_empty() {
        run.commit()?;
    }
    let mut summary = run.summary;
    if !summary.cancelled {
        writer.tidy(&|| request.cancel.load(Ordering::Relaxed))?;
    }
    summary.audio_s = done.audio_s();
    summary.elapsed_s = begun.elapsed().as_secs_f64();
    Ok(summary)
}

/// The writing side of a run.
struct Run<'a> {
    labels: Option<Giver<'a>>,
    writer: &'a mut LibraryWriter,
    /// The library when the run began; sound numbers refer to it.
    before: Arc<Snapshot>,
    summary: Summary,
    segment: Option<SegmentWriter>,
    segment_begun: Instant,
    /// Sounds that the next commit ends.
    gone: BTreeSet<SoundId>,
    /// Sounds whose files were not found so far.
    missing: BTreeSet<SoundId>,
}

impl Run<'_> {
    /// Leaves unchanged files alone, unless a table gives them another label.
    fn keep_unchanged(&mut self, unchanged: Vec<(FoundFile, SoundId)>) -> Result<(), IndexingError> {
        for (file, id) in unchanged {
            self.summary.unchanged += 1;
            if self.labels.is_none() {
                continue;
            }
            let before = Arc::clone(&self.before);
            let Some(sound) = before.get(id) else { continue };
            let mut record = sound.record()?;
            if self.relabel(&file.path, &mut record) {
                self.segment()?.copy(&record, &sound)?;
                self.gone.insert(id);
                self.summary.relabelled += 1;
                self.commit_when_due()?;
            }
        }
        Ok(())
    }

    /// Gives sounds the spelling of their paths that the file system has now.
    fn respell(&mut self, respelled: Vec<(FoundFile, SoundId)>) -> Result<(), IndexingError> {
        for (file, id) in respelled {
            let before = Arc::clone(&self.before);
            let Some(sound) = before.get(id) else { continue };
            let mut record = sound.record()?;
            self.place(&file, &mut record)?;
            self.segment()?.copy(&record, &sound)?;
            self.gone.insert(id);
            self.summary.moved += 1;
            self.commit_when_due()?;
        }
        Ok(())
    }

    fn work(
        &mut self,
        request: &Request<'_>,
        tasks: &[Task],
        done: &Done,
        observer: &mut dyn Observer,
    ) -> Result<(), IndexingError> {
        let jobs = request.jobs.clamp(1, tasks.len().max(1));
        let quantiser = Quantiser::new(&request.network.card().centring.mean);
        let stop = AtomicBool::new(false);
        let (give, take) = bounded::<&Task>(2 * jobs);
        let (report, reports) = bounded::<(&Task, Outcome)>(2 * jobs);
        let mut workers = Vec::with_capacity(jobs);
        for _ in 0..if tasks.is_empty() { 0 } else { jobs } {
            workers.push(Worker {
                embedder: FrameEmbedder::new(request.network)?,
                quantiser: &quantiser,
                cancel: request.cancel,
                stop: &stop,
                done,
            });
        }
        thread::scope(|scope| {
            let stop = &stop;
            scope.spawn(move || {
                for task in tasks {
                    if stop.load(Ordering::Relaxed)
                        || request.cancel.load(Ordering::Relaxed)
                        || give.send(task).is_err()
                    {
                        break;
                    }
                }
            });
            for mut worker in workers {
                let (take, report) = (take.clone(), report.clone());
                scope.spawn(move || {
                    for task in take {
                        if stop.load(Ordering::Relaxed)
                            || report.send((task, worker.look_into(task))).is_err()
                        {
                            break;
                        }
                    }
                });
            }
            drop((take, report));
            let written = self.write_reports(&reports, done, observer);
            // Lets workers and the giver end when writing failed.
            stop.store(true, Ordering::Relaxed);
            reports.try_iter().for_each(drop);
            drop(reports);
            written
        })
    }

    fn write_reports(
        &mut self,
        reports: &crossbeam_channel::Receiver<(&Task, Outcome)>,
        done: &Done,
        observer: &mut dyn Observer,
    ) -> Result<(), IndexingError> {
        loop {
            match reports.recv_timeout(TICK) {
                Ok((task, outcome)) => {
                    let problem = match self.take(task, outcome) {
                        // A path that cannot be stored and a damaged row concern this file alone.
                        Err(IndexingError::Library(
                            error @ (IndexError::Path { .. } | IndexError::Corrupt { .. }),
                        )) => {
                            let reason = error.to_string();
                            self.summary
                                .problems
                                .push(Problem { path: task.file.path.clone(), reason: reason.clone() });
                            Some(reason)
                        }
                        taken => taken?,
                    };
                    observer.file_done(&task.file.path, task.file.size, problem.as_deref());
                    self.commit_when_due()?;
                }
                // Behind a long file, what is finished must not wait for it.
                Err(RecvTimeoutError::Timeout) => self.commit_when_due()?,
                Err(RecvTimeoutError::Disconnected) => return Ok(()),
            }
            observer.looked_into(done.bytes.load(Ordering::Relaxed));
            observer.tick(done.audio_s());
        }
    }

    /// Writes one outcome; returns what was wrong with the file.
    fn take(&mut self, task: &Task, outcome: Outcome) -> Result<Option<String>, IndexingError> {
        match outcome {
            Outcome::Cancelled => {}
            Outcome::Failed { reason, read } => {
                // What the library has under this path is stale when the content is another now; when the file
                // could not be read at all, it may still be right.
                if read {
                    self.gone.extend(task.replaces);
                }
                self.summary.problems.push(Problem { path: task.file.path.clone(), reason: reason.clone() });
                return Ok(Some(reason));
            }
            Outcome::Known { from, modified_ns } => {
                let before = Arc::clone(&self.before);
                let Some(sound) = before.get(from) else { return Ok(None) };
                let mut record = sound.record()?;
                let label = (record.cat, record.cat_source);
                record.modified_ns = modified_ns;
                self.place(&task.file, &mut record)?;
                self.segment()?.copy(&record, &sound)?;
                if task.replaces == Some(from) {
                    self.summary.unchanged += 1;
                    self.summary.relabelled += usize::from(label != (record.cat, record.cat_source));
                } else if self.missing.remove(&from) || self.has_vanished(from) {
                    self.gone.insert(from);
                    self.summary.moved += 1;
                } else if task.replaces.is_some() {
                    self.summary.changed += 1;
                } else {
                    self.summary.new += 1;
                    self.summary.copied += 1;
                }
                self.gone.extend(task.replaces);
            }
            Outcome::Embedded { mut record, frames } => {
                self.place(&task.file, &mut record)?;
                for warning in file_warnings(&record.details) {
                    self.summary
                        .warnings
                        .push(Problem { path: task.file.path.clone(), reason: warning.to_owned() });
                }
                self.segment()?.add(&record, &frames)?;
                match task.replaces {
                    Some(_) => self.summary.changed += 1,
                    None => self.summary.new += 1,
                }
                self.gone.extend(task.replaces);
            }
        }
        Ok(None)
    }

    /// Whether a sound outside the folders of this run has lost its file, though its folder is there, and nothing has
    /// claimed it yet.
    fn has_vanished(&self, id: SoundId) -> bool {
        let Some(sound) = self.before.get(id).filter(|_| !self.gone.contains(&id)) else { return false };
        let Ok(path) = self.before.full_path(&sound) else { return false };
        let mut roots =
            self.writer.snapshot().manifest().roots.iter().filter(|root| path.starts_with(root.path()));
        roots.all(|root| !root.offline && has_entries(&root.path())) && !path.exists()
    }

    /// Fills in what depends on where the file is: root, relative path, label, text.
    fn place(&mut self, file: &FoundFile, record: &mut SoundRecord) -> Result<(), IndexError> {
        let roots = self.writer.snapshot().manifest().roots.iter().map(|root| root.path());
        let root: PathBuf = roots
            .filter(|root| file.path.starts_with(root))
            .max_by_key(|root| root.as_os_str().len())
            .unwrap_or_else(|| file.root.clone());
        let relative = file.path.strip_prefix(&root).unwrap_or(&file.path);
        record.root = self.writer.root(&root)?;
        record.path = bytes_of_path(relative)?;
        record.text = searchable_text(relative, &record.details);
        self.relabel(&file.path, record);
        Ok(())
    }

    /// Gives a sound the label that is right now; tells whether it is another. A label from a table stays with its
    /// sound until a table says otherwise.
    fn relabel(&mut self, path: &Path, record: &mut SoundRecord) -> bool {
        let noted = self.labels.is_some_and(|giver| giver.note(path, record));
        let label = self.label(path, record);
        let from_table = label.is_some_and(|label| label.source == LabelSource::Csv);
        if record.cat_source == LabelSource::Csv.to_u8() && !from_table {
            return noted;
        }
        let before = (record.cat, record.cat_source);
        record.cat = label.map(|label| label.cat.to_u16());
        record.cat_source = label.map_or(0, |label| label.source.to_u8());
        noted || before != (record.cat, record.cat_source)
    }

    fn label(&mut self, path: &Path, record: &SoundRecord) -> Option<Label> {
        let (label, problem) = Giver::label(self.labels, path, record);
        if let Some(reason) = problem {
            self.summary.warnings.push(Problem { path: path.into(), reason });
        }
        label
    }

    fn segment(&mut self) -> Result<&mut SegmentWriter, IndexError> {
        match self.segment {
            Some(ref mut segment) => Ok(segment),
            None => {
                self.segment_begun = Instant::now();
                Ok(self.segment.insert(self.writer.begin_segment()?))
            }
        }
    }

    fn commit_when_due(&mut self) -> Result<(), IndexError> {
        let full = self.segment.as_ref().is_some_and(|segment| segment.frames() >= SEGMENT_FRAMES);
        let old = self.segment.is_some() && self.segment_begun.elapsed() >= SEGMENT_TIME;
        if full || old { self.commit() } else { Ok(()) }
    }

    fn commit(&mut self) -> Result<(), IndexError> {
        self.writer.commit(self.segment.take(), &std::mem::take(&mut self.gone))
    }
}
