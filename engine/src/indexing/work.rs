//! What a worker does with one file: hash, and decode and embed when its content is not known yet.

use std::fs;
use std::io;
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

use crate::audio::MonoStream;
use crate::index::{QuantisedFrame, Quantiser, SoundId, SoundRecord};
use crate::network::FrameEmbedder;

use super::plan::Task;
use super::walk::modified_ns;
use super::{content_hash, describe};

/// A file changed this recently may change again within the same tick of its clock (2 s on FAT); its time is not
/// trusted next time, its content hash is.
const RACY_NS: i64 = 2_000_000_000;
/// Stands for a modification time that is not trusted.
const TIME_IN_DOUBT: i64 = i64::MIN;

/// What became of a file.
pub(super) enum Outcome {
    /// Its content is that of a sound in the library.
    Known { from: SoundId, modified_ns: i64 },
    /// It was decoded and embedded; root, relative path and text are still to be filled in.
    Embedded { record: Box<SoundRecord>, frames: Vec<QuantisedFrame> },
    /// It cannot be used; `read` tells that its content was seen and is not what the library has.
    Failed { reason: String, read: bool },
    /// The run ended meanwhile.
    Cancelled,
}

/// One worker.
pub(super) struct Worker<'a> {
    pub embedder: FrameEmbedder,
    pub quantiser: &'a Quantiser,
    /// Set by the user …
    pub cancel: &'a AtomicBool,
    /// … or because writing failed.
    pub stop: &'a AtomicBool,
    /// How far all workers are.
    pub done: &'a Done,
}

/// How far the workers are, files in work included.
#[derive(Debug, Default)]
pub(super) struct Done {
    /// Audio embedded, milliseconds.
    pub audio_ms: AtomicU64,
    /// Bytes of files looked into.
    pub bytes: AtomicU64,
}

impl Done {
    /// Audio embedded, seconds.
    pub(super) fn audio_s(&self) -> f64 {
        self.audio_ms.load(Ordering::Relaxed) as f64 / 1000.0
    }
}

impl Worker<'_> {
    pub(super) fn look_into(&mut self, task: &Task) -> Outcome {
        let mut counted_bytes = 0;
        let outcome = self.examine(task, &mut counted_bytes);
        self.done.bytes.fetch_add(task.file.size - counted_bytes, Ordering::Relaxed);
        outcome
    }

    fn examine(&mut self, task: &Task, counted_bytes: &mut u64) -> Outcome {
        let stop = || self.cancel.load(Ordering::Relaxed) || self.stop.load(Ordering::Relaxed);
        let hashed = check_unchanged(task).and_then(|()| {
            content_hash(&task.file.path, &stop).map_err(|error| unreadable(&task.file.path, &error))
        });
        let hash = match hashed {
            Ok(Some(hash)) => hash,
            Ok(None) => return Outcome::Cancelled,
            Err(reason) => return Outcome::Failed { reason, read: false },
        };
        let modified_ns = trusted(task.file.modified_ns);
        // The sound that had this path before comes first: then nothing but the time has changed.
        let same = |(_, known): &&(SoundId, u128)| *known == hash;
        let own = task.candidates.iter().filter(same).find(|(id, _)| Some(*id) == task.replaces);
        if let Some((from, _)) = own.or_else(|| task.candidates.iter().find(same)) {
            return Outcome::Known { from: *from, modified_ns };
        }
        self.embed(task, (modified_ns, hash), counted_bytes).unwrap_or_else(|reason| {
            self.embedder.reset();
            Outcome::Failed { reason, read: true }
        })
    }

    fn embed(
        &mut self,
        task: &Task,
        (modified_ns, hash): (i64, u128),
        counted_bytes: &mut u64,
    ) -> Result<Outcome, String> {
        let path = &task.file.path;
        let rate_hz = self.embedder.card().front_end.sample_rate_hz;
        let mut stream = MonoStream::open(path, rate_hz).map_err(|error| error.to_string())?;
        let mut frames = Vec::new();
        let mut counted_ms = 0;
        let quantiser = self.quantiser;
        let mut keep = |frame: crate::network::FrameEmbedding<'_>| {
            frames.push(quantiser.quantise(frame.start_s, frame.embedding));
        };
        while let Some(block) = stream.next_block().map_err(|error| error.to_string())? {
            self.embedder.push(block, &mut keep).map_err(|error| format!("{}: {error}", path.display()))?;
            if self.cancel.load(Ordering::Relaxed) || self.stop.load(Ordering::Relaxed) {
                self.embedder.reset();
                return Ok(Outcome::Cancelled);
            }
            let ms = (stream.source_duration_s() * 1000.0) as u64;
            self.done.audio_ms.fetch_add(ms - counted_ms, Ordering::Relaxed);
            counted_ms = ms;
            let share = stream.reader().format().duration_s().map_or(0.0, |all_s| ms as f64 / 1000.0 / all_s);
            // A header may promise less than there is.
            let bytes = (task.file.size as f64 * share.min(1.0)) as u64;
            self.done.bytes.fetch_add(bytes.saturating_sub(*counted_bytes), Ordering::Relaxed);
            *counted_bytes = bytes.clamp(*counted_bytes, task.file.size);
        }
        self.embedder.finish(&mut keep).map_err(|error| format!("{}: {error}", path.display()))?;
        check_unchanged(task)?;
        let format = *stream.reader().format();
        let mut details = describe(stream.reader().metadata(), stream.reader().warnings());
        details.bits_per_sample = format.bits_per_sample;
        let record = SoundRecord {
            root: 0,
            path: Vec::new(),
            text: String::new(),
            file_size: task.file.size,
            modified_ns,
            content_hash: hash,
            duration_s: stream.source_duration_s(),
            sample_rate_hz: format.sample_rate_hz,
            channels: format.channels,
            container: format.container.to_u8(),
            cat: None,
            cat_source: 0,
            details,
        };
        Ok(Outcome::Embedded { record: Box::new(record), frames })
    }
}

/// Fails when the file is no longer as it was when it was found.
fn check_unchanged(task: &Task) -> Result<(), String> {
    let path = &task.file.path;
    let metadata = fs::metadata(path).map_err(|error| unreadable(path, &error))?;
    if metadata.len() == task.file.size && modified_ns(&metadata) == task.file.modified_ns {
        return Ok(());
    }
    Err(format!("{}: changed while it was read; index again when it is finished", path.display()))
}

/// A modification time, or [`TIME_IN_DOUBT`] when it is too recent to be relied on.
pub(super) fn trusted(modified_ns: i64) -> i64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_nanos() as i64);
    // A file server's clock may be ahead of ours.
    let racy = (-RACY_NS..RACY_NS).contains(&now.saturating_sub(modified_ns));
    if racy { TIME_IN_DOUBT } else { modified_ns }
}

fn unreadable(path: &Path, error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::NotFound => format!("{}: vanished while it was read; index again", path.display()),
        io::ErrorKind::PermissionDenied => {
            format!("{}: you may not read it; change its permissions", path.display())
        }
        _ => format!("{}: cannot be read: {error}", path.display()),
    }
}
