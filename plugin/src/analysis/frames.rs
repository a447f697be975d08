//! Embeddings of a region while it is being heard, in whatever order it comes.
//!
//! Mel columns depend on a few thousand samples each, frames on a hundred columns. So both can be computed as soon as
//! their samples are there, and again when these change, without starting over: an editor may begin playing in the
//! middle of the loop, and only what was missing is computed once the range is complete. Where the region was heard
//! whole, the outcome is what [`FrameEmbedder`](earmark_engine::network::FrameEmbedder) makes of the same samples, up to
//! the rounding of the resampler.

use std::collections::BTreeMap;
use std::ops::Range;

use earmark_engine::audio::MonoResampler;
use earmark_engine::network::{Card, ModelError, Network, Session};
use earmark_engine::spectrogram::{FrameRule, FrontEnd, MelExtractor, TailRule};

use super::audio::RegionAudio;

/// Columns computed at a time, at most: some milliseconds.
const COLUMNS_AT_ONCE: usize = 256;
/// While more is to come, this many are awaited, because every stretch costs a run-in.
const COLUMNS_AWAITED: usize = 16;
/// Samples that the resampler is given around a stretch, at least; its filters reach less far.
const MARGIN: usize = 1024;
/// Longest period after which the two rates fall together, samples of the host.
const MAX_PERIOD: usize = 4096;

/// What one thread needs to compute embeddings; shared by all regions.
pub(crate) struct Embedding {
    session: Session,
    mel: MelExtractor,
    frame: Vec<f32>,
    resampled: Vec<f32>,
}

impl Embedding {
    /// For a network.
    pub(crate) fn new(network: &Network) -> Result<Self, ModelError> {
        let card = network.card();
        Ok(Self {
            session: network.session()?,
            mel: MelExtractor::new(&card.front_end),
            frame: vec![0.0; card.frame_values()],
            resampled: Vec::new(),
        })
    }
}

/// A computed frame.
#[derive(Clone, Debug, PartialEq)]
enum Frame {
    Embedded(Vec<f32>),
    /// The audio held values that are not numbers.
    Refused,
}

/// The analysis of a stretch of a region.
#[derive(Clone, Debug)]
pub(crate) struct RegionFrames {
    /// The stretch, samples of the region.
    span: Range<usize>,
    /// Whether the stretch may still grow at its end.
    open: bool,
    rate_hz: u32,
    front_end: FrontEnd,
    rule: FrameRule,
    /// `[columns, bands]`.
    columns: Vec<f32>,
    /// Of each column, whether it was computed.
    known: Vec<bool>,
    /// By first column.
    frames: BTreeMap<usize, Frame>,
}

impl RegionFrames {
    /// An analysis of a stretch of a region at a rate; `open` when its end is not known yet.
    pub(crate) fn new(card: &Card, span: Range<usize>, rate_hz: u32, open: bool) -> Self {
        let mut frames = Self {
            span,
            open,
            rate_hz,
            front_end: card.front_end.clone(),
            rule: card.frames,
            columns: Vec::new(),
            known: Vec::new(),
            frames: BTreeMap::new(),
        };
        frames.fit();
        frames
    }

    /// The stretch that is analysed.
    pub(crate) fn span(&self) -> Range<usize> {
        self.span.clone()
    }

    /// Moves the end of the stretch on, and says whether it may grow further.
    pub(crate) fn set_end(&mut self, end: usize, open: bool) {
        if (end, open) == (self.span.end, self.open) {
            return;
        }
        if !self.open {
            // The last columns have looked at the silence behind the end; open, they are known to.
            self.open = true;
            self.invalidate(self.span.end..usize::MAX);
        }
        self.span.end = end.max(self.span.start);
        self.open = open;
        self.fit();
    }

    /// Says that samples of the region have changed.
    pub(crate) fn invalidate(&mut self, changed: Range<usize>) {
        let touched = |column: usize| {
            let needed = self.needed(column);
            needed.start < changed.end && changed.start < needed.end
        };
        let ratio = self.ratio();
        let reach = (self.front_end.window_samples as usize + self.lead()) as f64;
        let model_start =
            changed.start.saturating_sub(self.span.start + self.margin()) as f64 / ratio - reach;
        let first = (model_start / self.hop() as f64).floor().max(0.0) as usize;
        let touched: Vec<usize> = (first..self.known.len())
            .skip_while(|column| !touched(*column))
            .take_while(|column| touched(*column))
            .collect();
        let (Some(first), Some(last)) = (touched.first(), touched.last()) else { return };
        self.known[*first..=*last].fill(false);
        let length = self.rule.columns as usize;
        self.frames.retain(|start, _| start + length <= *first || start > last);
    }

    /// Computes some columns whose samples are there; returns whether there may be more to compute at once.
    pub(crate) fn advance_columns(&mut self, audio: &RegionAudio, embedding: &mut Embedding) -> bool {
        let complete = !self.open && audio.heard().contains(&self.span);
        let mut at = 0;
        while at < self.known.len() {
            let computable =
                |column: &usize| !self.known[*column] && audio.heard().contains(&self.needed(*column));
            let run = (at..self.known.len()).take_while(computable).take(COLUMNS_AT_ONCE).count();
            if run >= COLUMNS_AWAITED || (run > 0 && complete) {
                self.compute(at..at + run, audio, embedding);
                return true;
            }
            at += run.max(1);
        }
        false
    }

    /// Computes one frame whose columns are there; returns whether there was one.
    ///
    /// # Errors
    /// Failures of the network's runtime.
    pub(crate) fn advance_frame(&mut self, embedding: &mut Embedding) -> Result<bool, ModelError> {
        let length = self.rule.columns as usize;
        let total = self.known.len();
        let missing = self.starts().find(|start| {
            !self.frames.contains_key(start)
                && self.known[*start..total.min(start + length)].iter().all(|known| *known)
        });
        let Some(start) = missing else { return Ok(false) };
        let bands = self.bands();
        let there = &self.columns[start * bands..total.min(start + length) * bands];
        embedding.frame.fill(0.0);
        embedding.frame[..there.len()].copy_from_slice(there);
        let mut out = vec![0.0; embedding.session.card().embedding_size()];
        let frame = match embedding.session.embed(&embedding.frame, &mut out) {
            Ok(()) => Frame::Embedded(out),
            Err(ModelError::NonFiniteInput) => Frame::Refused,
            Err(error) => return Err(error),
        };
        self.frames.insert(start, frame);
        Ok(true)
    }

    /// Whether the stretch has an end and every frame of it is computed.
    pub(crate) fn is_complete(&self) -> bool {
        !self.open && self.starts().all(|start| self.frames.contains_key(&start))
    }

    /// Part of the frames that are computed, 0 to 1.
    pub(crate) fn progress(&self) -> f32 {
        let wanted = self.starts().count();
        let there = self.starts().filter(|start| self.frames.contains_key(start)).count();
        if wanted == 0 { 0.0 } else { there as f32 / wanted as f32 }
    }

    /// Whether audio with values that are not numbers was met.
    pub(crate) fn has_refused(&self) -> bool {
        self.frames.values().any(|frame| *frame == Frame::Refused)
    }

    /// The embeddings computed so far with their starts in seconds from the start of the stretch.
    pub(crate) fn embeddings(&self) -> Vec<(f64, Vec<f32>)> {
        let column_s = self.front_end.column_s();
        let embedded = |start: usize| match self.frames.get(&start) {
            Some(Frame::Embedded(embedding)) => Some((start as f64 * column_s, embedding.clone())),
            _ => None,
        };
        self.starts().filter_map(embedded).collect()
    }

    /// First columns of the frames of the stretch, as the card's rule says.
    fn starts(&self) -> impl Iterator<Item = usize> + use<> {
        let (length, hop) = (self.rule.columns as usize, self.rule.hop_columns.max(1) as usize);
        let total = self.known.len();
        let regular = if total >= length { (total - length) / hop + 1 } else { 0 };
        let short = (total < length && total > 0 && !self.open).then_some(0);
        let covered = regular.saturating_sub(1) * hop + length;
        let align = self.rule.tail == TailRule::AlignToEnd && !self.open && regular > 0 && total > covered;
        let tail = align.then(|| total - length);
        (0..regular).map(move |at| at * hop).chain(short).chain(tail)
    }

    /// Makes room for the columns that the stretch has now, and forgets frames that are not of its rule any more.
    fn fit(&mut self) {
        let total = self.total_columns();
        if total != self.known.len() {
            let length = self.rule.columns as usize;
            let kept = total.min(self.known.len());
            self.known.resize(total, false);
            self.columns.resize(total * self.bands(), 0.0);
            self.frames.retain(|start, _| start + length <= kept);
        }
    }

    /// Columns of the stretch; while it is open, those that do not depend on what is still to come.
    fn total_columns(&self) -> usize {
        let length = self.model_length();
        if length == 0 {
            return 0;
        }
        if !self.open {
            return (length + self.lead()).div_ceil(self.hop());
        }
        let sure = ((self.span.len().saturating_sub(self.margin())) as f64 / self.ratio()).floor() as usize;
        let window = self.front_end.window_samples as usize;
        (sure + self.lead()).checked_sub(window).map_or(0, |rest| rest / self.hop())
    }

    /// Samples of the region on which a column depends.
    fn needed(&self, column: usize) -> Range<usize> {
        let start = column * self.hop();
        let end = start + self.front_end.window_samples as usize;
        let host = |model: usize| model.saturating_sub(self.lead()) as f64 * self.ratio();
        let start = (host(start).floor() as usize).saturating_sub(self.margin());
        let end = host(end).ceil() as usize + self.margin();
        let inside = |sample: usize| self.span.start.saturating_add(sample).min(self.span.end);
        inside(start)..if self.open { self.span.start + end } else { inside(end) }
    }

    fn compute(&mut self, run: Range<usize>, audio: &RegionAudio, embedding: &mut Embedding) {
        // Fed from here, the extractor's first columns lack what lies before; they are left out.
        let skipped = run.start.min(self.lead().div_ceil(self.hop()));
        let from = (run.start - skipped) * self.hop();
        let window = self.front_end.window_samples as usize;
        let to = ((run.end - 1) * self.hop() + window).saturating_sub(self.lead()).min(self.model_length());
        self.resample(audio, from..to, &mut embedding.resampled);
        let bands = self.bands();
        let mut samples = embedding.resampled.as_slice();
        embedding.mel.reset();
        for at in 0..skipped + run.len() {
            let column = match embedding.mel.push(&mut samples) {
                Some(column) => column,
                // `push` has said that all is taken; the next columns reach behind the end of the sound.
                None => match embedding.mel.finish() {
                    Some(column) => column,
                    None => break,
                },
            };
            if at >= skipped {
                let column_at = run.start + at - skipped;
                self.columns[column_at * bands..(column_at + 1) * bands].copy_from_slice(column);
                self.known[column_at] = true;
            }
        }
        // Should the extractor count otherwise than this does, nothing may be waited for forever.
        self.known[run].fill(true);
    }

    /// The samples of a stretch at the model's rate; `wanted` counts those from the start of the analysed stretch.
    fn resample(&self, audio: &RegionAudio, wanted: Range<usize>, out: &mut Vec<f32>) {
        out.clear();
        let input = &audio.samples()[self.span.start.min(audio.len())..self.span.end.min(audio.len())];
        let model_hz = self.front_end.sample_rate_hz;
        if self.rate_hz == model_hz {
            out.extend_from_slice(&input[wanted.start.min(input.len())..wanted.end.min(input.len())]);
            return;
        }
        let period = (self.rate_hz / greatest_common_divisor(self.rate_hz, model_hz)) as usize;
        let period = if period <= MAX_PERIOD { period } else { 1 };
        let margin = self.margin();
        let start = ((wanted.start as f64 * self.ratio()) as usize).saturating_sub(margin) / period * period;
        let end = ((wanted.end as f64 * self.ratio()).ceil() as usize + margin).min(input.len());
        let mut resampler = MonoResampler::new(self.rate_hz, model_hz);
        resampler.push(&input[start.min(end)..end], out);
        resampler.finish(out);
        let lead = wanted.start.saturating_sub((start as f64 / self.ratio()).round() as usize);
        out.drain(..lead.min(out.len()));
        out.resize(wanted.len(), 0.0);
    }

    fn model_length(&self) -> usize {
        let (rate, model) = (u128::from(self.rate_hz), u128::from(self.front_end.sample_rate_hz));
        ((2 * self.span.len() as u128 * model + rate) / (2 * rate)) as usize
    }

    fn ratio(&self) -> f64 {
        f64::from(self.rate_hz) / f64::from(self.front_end.sample_rate_hz)
    }

    fn margin(&self) -> usize {
        if self.rate_hz == self.front_end.sample_rate_hz {
            0
        } else {
            MARGIN.max((256.0 * self.ratio()) as usize)
        }
    }

    fn lead(&self) -> usize {
        self.front_end.first_column_samples.unsigned_abs() as usize
    }

    fn hop(&self) -> usize {
        self.front_end.hop_samples.max(1) as usize
    }

    fn bands(&self) -> usize {
        self.front_end.mel_bands as usize
    }
}

fn greatest_common_divisor(a: u32, b: u32) -> u32 {
    if b == 0 { a.max(1) } else { greatest_common_divisor(b, a % b) }
}
