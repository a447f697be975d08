//! The mel columns of a data set, computed once by the engine's front end and mapped into memory.

use std::borrow::Cow;
use std::path::{Path, PathBuf};

use earmark_engine::audio::{DECODING, MonoStream};
use earmark_engine::network::Card;
use earmark_engine::spectrogram::{FrameRule, FrontEnd, MelExtractor, TailRule};
use xxhash_rust::xxh3::xxh3_64;

use super::error::CacheError;
use super::problem::Problem;
use super::set::DataSet;
use super::store::{Compute, Failure, Request, Rows, Source};
use super::work::Work;

/// Changes the samples of a clip, whose number in the set is given.
pub type Change<'a> = dyn Fn(usize, &[f32]) -> Vec<f32> + Sync + 'a;

/// Longest sound whose samples are changed, which takes all of them in memory; what is beyond is left out.
const MAX_CHANGED_S: usize = 1_200;

/// The columns of all clips of a data set.
///
/// They are kept as they are before framing, so that training can shift its frames. The file is known by the front
/// end's constants and each sound's content: sounds that change are computed anew, the others never again.
#[derive(Debug)]
pub struct Spectrograms {
    rows: Rows,
    front_end: FrontEnd,
    rule: FrameRule,
}

impl Spectrograms {
    /// Opens the spectrograms of a set as a card's front end makes them, computing what the folder `cache` lacks.
    ///
    /// Clips that cannot be read leave the set, for its [`problems`](DataSet::problems): afterwards the clips of both
    /// are the same.
    ///
    /// # Errors
    /// When the cache's folder cannot be used, no clip can be read, or the stop flag is raised.
    pub fn open(set: &mut DataSet, card: &Card, cache: &Path, work: &Work<'_>) -> Result<Self, CacheError> {
        Self::open_with(set, &card.front_end, card.frames, cache, work)
    }

    /// As [`open`](Self::open), without a card; `front_end` and `rule` must [validate](FrontEnd::validate).
    ///
    /// # Errors
    /// As [`open`](Self::open).
    pub fn open_with(
        set: &mut DataSet,
        front_end: &FrontEnd,
        rule: FrameRule,
        cache: &Path,
        work: &Work<'_>,
    ) -> Result<Self, CacheError> {
        Self::open_as(set, front_end, rule, cache, work, None)
    }

    /// As [`open`](Self::open), of sounds whose samples were changed by `change` (given the clip's number and its samples
    /// at the front end's rate); `name` says how, and stands for it in the cache. The set must have been opened before.
    ///
    /// # Errors
    /// As [`open`](Self::open), and when a clip could be read before but cannot now.
    pub fn open_changed(
        set: &mut DataSet,
        card: &Card,
        cache: &Path,
        work: &Work<'_>,
        name: &str,
        change: &Change<'_>,
    ) -> Result<Self, CacheError> {
        let clips = set.clips.len();
        let opened = Self::open_as(set, &card.front_end, card.frames, cache, work, Some((name, change)))?;
        if set.clips.len() == clips {
            return Ok(opened);
        }
        let first = set.problems.last().map(|problem| problem.reason.clone()).unwrap_or_default();
        Err(CacheError::Nothing { set: set.name.clone(), first })
    }

    fn open_as(
        set: &mut DataSet,
        front_end: &FrontEnd,
        rule: FrameRule,
        cache: &Path,
        work: &Work<'_>,
        changed: Option<(&str, &Change<'_>)>,
    ) -> Result<Self, CacheError> {
        let how = changed.map_or_else(String::new, |(name, _)| format!(", {name}"));
        let key = format!("columns of {front_end:?}, decoding {DECODING}{how}");
        let sources: Vec<Source> = (0..set.clips.len())
            .map(|clip| Source { name: set.relative(clip), path: set.clips[clip].path.clone(), hash: None })
            .collect();
        let file = cache_file(set, &key, cache, "columns");
        let width = front_end.mel_bands as usize;
        let request = Request { file: &file, key, width, sources: &sources, what: "spectrograms", work };
        let rate_hz = front_end.sample_rate_hz;
        let worker = || {
            let mut mel = MelExtractor::new(front_end);
            let sources = &sources;
            let compute: Box<Compute<'_>> = Box::new(move |clip, out| match changed {
                None => columns_of(&sources[clip].path, rate_hz, &mut mel, work, out),
                Some((_, change)) => {
                    let samples = samples_of(&sources[clip].path, rate_hz, work)?;
                    columns_of_samples(&change(clip, &samples), &mut mel, out);
                    Ok(())
                }
            });
            Ok(compute)
        };
        let opened = Rows::open_or_make(&request, &worker)?;
        if opened.rows.len() == 0 {
            let first = opened.failed.into_iter().next().map(|(_, reason)| reason).unwrap_or_default();
            return Err(CacheError::Nothing { set: set.name.clone(), first });
        }
        for (clip, reason) in &opened.failed {
            set.problems.push(Problem { path: sources[*clip].path.clone(), reason: reason.clone() });
        }
        if !opened.failed.is_empty() {
            let mut failed = opened.failed.iter().map(|(clip, _)| *clip).peekable();
            set.retain(|clip, _| failed.next_if_eq(&clip).is_none());
        }
        Ok(Self { rows: opened.rows, front_end: front_end.clone(), rule })
    }

    /// Number of clips, those of the data set.
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Whether there are no clips, which [`open`](Self::open) prevents.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Values of a column.
    pub fn bands(&self) -> usize {
        self.front_end.mel_bands as usize
    }

    /// The front end that made the columns.
    pub fn front_end(&self) -> &FrontEnd {
        &self.front_end
    }

    /// How frames are cut.
    pub fn frame_rule(&self) -> FrameRule {
        self.rule
    }

    /// All columns of a clip, `[columns, bands]`; at least one.
    pub fn columns(&self, clip: usize) -> &[f32] {
        self.rows.of(clip)
    }

    /// Number of columns of a clip.
    pub fn column_count(&self, clip: usize) -> usize {
        self.rows.count(clip)
    }

    /// Number of frames of a clip; at least one.
    pub fn frame_count(&self, clip: usize) -> usize {
        self.rule.frame_count(self.column_count(clip) as u64) as usize
    }

    /// Number of frames of all clips.
    pub fn total_frames(&self) -> usize {
        (0..self.len()).map(|clip| self.frame_count(clip)).sum()
    }

    /// Length of a clip in seconds, to a column.
    pub fn duration_s(&self, clip: usize) -> f64 {
        let lead = f64::from(self.front_end.first_column_samples.unsigned_abs());
        let samples = self.column_count(clip) as f64 * f64::from(self.front_end.hop_samples) - lead;
        samples.max(0.0) / f64::from(self.front_end.sample_rate_hz)
    }

    /// xxh3-128 of the bytes of a clip's file.
    pub fn content_hash(&self, clip: usize) -> u128 {
        self.rows.hash(clip)
    }

    /// First columns of a clip's frames.
    pub fn frame_starts(&self, clip: usize) -> impl ExactSizeIterator<Item = usize> + use<> {
        let (length, hop) = (self.rule.columns as usize, self.rule.hop_columns as usize);
        let (count, columns) = (self.frame_count(clip), self.column_count(clip));
        let align = self.rule.tail == TailRule::AlignToEnd;
        (0..count).map(move |frame| {
            let last = columns.saturating_sub(length);
            if align { (frame * hop).min(last) } else { frame * hop }
        })
    }

    /// Frames of a clip, `[frame columns, bands]` each, zeros after the end of a short clip.
    pub fn frames(&self, clip: usize) -> impl ExactSizeIterator<Item = Cow<'_, [f32]>> {
        let (columns, values) = (self.columns(clip), self.rule.columns as usize * self.bands());
        let bands = self.bands();
        self.frame_starts(clip).map(move |start| {
            let begin = start * bands;
            match columns.get(begin..begin + values) {
                Some(frame) => Cow::Borrowed(frame),
                None => {
                    let mut frame = vec![0.0; values];
                    let there = &columns[begin.min(columns.len())..];
                    frame[..there.len()].copy_from_slice(there);
                    Cow::Owned(frame)
                }
            }
        })
    }

    /// Copies the columns from `start` on to `out`, `[columns, bands]`, zeros before the clip and after its end: a frame
    /// anywhere.
    pub fn copy_columns(&self, clip: usize, start: i64, out: &mut [f32]) {
        let (columns, bands) = (self.columns(clip), self.bands() as i64);
        out.fill(0.0);
        let (have, want) = (columns.len() as i64, out.len() as i64);
        let begin = (start * bands).clamp(0, have);
        let end = (start * bands + want).clamp(begin, have);
        let at = (begin - start * bands).clamp(0, want) as usize;
        let taken = &columns[begin as usize..end as usize];
        out[at..at + taken.len()].copy_from_slice(taken);
    }
}

/// Where a set's rows of a kind are kept.
pub(crate) fn cache_file(set: &DataSet, key: &str, cache: &Path, ending: &str) -> PathBuf {
    let place = format!("{}\n{key}", set.root.display());
    let name: String =
        set.name.chars().filter(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_')).take(40).collect();
    cache.join(format!("{name}-{:016x}.{ending}", xxh3_64(place.as_bytes())))
}

fn columns_of(
    path: &Path,
    rate_hz: u32,
    mel: &mut MelExtractor,
    work: &Work<'_>,
    out: &mut dyn FnMut(&[f32]),
) -> Result<(), Failure> {
    let clip = |error: earmark_engine::audio::AudioError| Failure::Clip(error.to_string());
    mel.reset();
    let mut stream = MonoStream::open(path, rate_hz).map_err(clip)?;
    while let Some(mut samples) = stream.next_block().map_err(clip)? {
        if work.stopped() {
            return Err(Failure::All(CacheError::Stopped));
        }
        while let Some(column) = mel.push(&mut samples) {
            out(column);
        }
    }
    while let Some(column) = mel.finish() {
        out(column);
    }
    Ok(())
}

fn samples_of(path: &Path, rate_hz: u32, work: &Work<'_>) -> Result<Vec<f32>, Failure> {
    let clip = |error: earmark_engine::audio::AudioError| Failure::Clip(error.to_string());
    let mut stream = MonoStream::open(path, rate_hz).map_err(clip)?;
    let mut samples = Vec::new();
    while let Some(block) = stream.next_block().map_err(clip)? {
        if work.stopped() {
            return Err(Failure::All(CacheError::Stopped));
        }
        samples.extend_from_slice(block);
        if samples.len() > MAX_CHANGED_S * rate_hz as usize {
            break;
        }
    }
    Ok(samples)
}

fn columns_of_samples(mut samples: &[f32], mel: &mut MelExtractor, out: &mut dyn FnMut(&[f32])) {
    mel.reset();
    while let Some(column) = mel.push(&mut samples) {
        out(column);
    }
    while let Some(column) = mel.finish() {
        out(column);
    }
}
