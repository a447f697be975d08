//! The region on display: its audio, the part asked about, and the frames of that part.

use std::ops::Range;
use std::sync::Arc;
use std::time::{Duration, Instant};

use earmark_engine::network::{Card, ModelError};

use super::audio::RegionAudio;
use super::capture::LoopCapture;
use super::frames::{Embedding, RegionFrames};
use crate::exchange::{Origin, Peaks, QueryId, Region, SoundKey};

/// How often the waveform of a region that changes is drawn anew.
const PEAKS_INTERVAL: Duration = Duration::from_millis(100);

/// A region and its analysis.
pub(crate) struct Focus {
    /// Where it comes from.
    pub(crate) origin: Origin,
    /// Its audio.
    pub(crate) audio: RegionAudio,
    /// The loop range it captures, if it does.
    pub(crate) capture: Option<LoopCapture>,
    /// Whether more may come.
    pub(crate) open: bool,
    /// Whether the sound went on behind its end.
    pub(crate) cut_short: bool,
    /// The question's number; refined answers share it.
    pub(crate) id: QueryId,
    /// The sound itself, when the region is a file.
    pub(crate) itself: Option<SoundKey>,
    /// Whether an answer was given to what was heard so far.
    pub(crate) answered: bool,
    /// Whether any answer was given.
    pub(crate) answered_once: bool,
    /// Whether the user asks about something else meanwhile, so that changes here must not replace that answer.
    pub(crate) pinned: bool,
    selected: Option<Range<f64>>,
    trimmed: Range<usize>,
    frames: Option<RegionFrames>,
    peaks: Arc<Peaks>,
    peaks_made: Option<Instant>,
    peaks_stale: bool,
}

impl Focus {
    /// A region whose question has a number.
    pub(crate) fn new(origin: Origin, audio: RegionAudio, open: bool, id: QueryId) -> Self {
        let trimmed = 0..audio.len();
        Self {
            origin,
            audio,
            capture: None,
            open,
            cut_short: false,
            id,
            itself: None,
            answered: false,
            answered_once: false,
            pinned: false,
            selected: None,
            trimmed,
            frames: None,
            peaks: Arc::default(),
            peaks_made: None,
            peaks_stale: true,
        }
    }

    /// Trims silence at the ends.
    pub(crate) fn trim(&mut self, threshold_db: f32) {
        self.trimmed = self.audio.trimmed(threshold_db);
        if self.selected.is_none() {
            self.ask_anew();
        }
    }

    /// Asks about a part; `None` or a part without length: all.
    pub(crate) fn select(&mut self, part: Option<Range<f64>>) {
        let part = part.filter(|part| part.start.is_finite() && part.end.is_finite());
        let part = part.map(|part| part.start.max(0.0)..part.end.min(self.audio.duration_s()));
        self.selected = part.filter(|part| part.start < part.end);
        self.ask_anew();
    }

    /// Forgets frames and answer, for instance when another network takes over.
    pub(crate) fn ask_anew(&mut self) {
        self.frames = None;
        self.answered = false;
        self.answered_once = false;
        self.pinned = false;
    }

    /// Samples were appended at the end.
    pub(crate) fn grown(&mut self) {
        self.trimmed = 0..self.audio.len();
        self.peaks_stale = true;
        self.open = true;
        // An answer from before was about less.
        self.answered = false;
        self.answered_once = false;
        self.fit_frames();
    }

    /// What was captured is complete until the region is opened again.
    pub(crate) fn close(&mut self) {
        self.open = false;
        self.fit_frames();
    }

    /// A stretch has other samples now.
    pub(crate) fn changed(&mut self, stretch: Range<usize>) {
        self.peaks_stale = true;
        let asked = self.asked();
        if stretch.start < asked.end && asked.start < stretch.end {
            self.answered = false;
        }
        if let Some(frames) = &mut self.frames {
            frames.invalidate(stretch);
        }
    }

    /// The samples asked about.
    pub(crate) fn asked(&self) -> Range<usize> {
        match &self.selected {
            Some(part) => self.audio.sample_at(part.start)..self.audio.sample_at(part.end),
            None => self.trimmed.clone(),
        }
    }

    /// Length of what is asked about, seconds.
    pub(crate) fn asked_s(&self) -> f64 {
        self.audio.seconds(self.asked().len())
    }

    /// Where on the host's timeline that begins, seconds, if the host's range is captured.
    pub(crate) fn asked_from_s(&self) -> Option<f64> {
        let capture = self.capture.as_ref()?;
        Some(capture.start_s() + self.audio.seconds(self.asked().start))
    }

    /// Does a piece of the analysis; returns whether there was any.
    ///
    /// # Errors
    /// Failures of the network's runtime.
    pub(crate) fn advance(&mut self, card: &Card, embedding: &mut Embedding) -> Result<bool, ModelError> {
        let asked = self.asked();
        let open = self.open && self.selected.is_none();
        let rate_hz = self.audio.rate_hz();
        let frames = self.frames.get_or_insert_with(|| RegionFrames::new(card, asked, rate_hz, open));
        if frames.advance_columns(&self.audio, embedding) {
            return Ok(true);
        }
        frames.advance_frame(embedding)
    }

    /// Whether all of the question is analysed.
    pub(crate) fn is_analysed(&self) -> bool {
        self.audio.heard().contains(&self.asked())
            && self.frames.as_ref().is_some_and(RegionFrames::is_complete)
    }

    /// Embeddings of what is asked about, with their starts in seconds.
    pub(crate) fn embeddings(&self) -> Vec<(f64, Vec<f32>)> {
        self.frames.as_ref().map(RegionFrames::embeddings).unwrap_or_default()
    }

    /// Part of the analysis that is done, 0 to 1.
    pub(crate) fn progress(&self) -> f32 {
        self.frames.as_ref().map_or(0.0, RegionFrames::progress)
    }

    /// Whether audio with values that are not numbers was met.
    pub(crate) fn has_refused(&self) -> bool {
        self.frames.as_ref().is_some_and(RegionFrames::has_refused)
    }

    /// As the window shows it.
    pub(crate) fn shown(&mut self, position: Option<i64>) -> Region {
        let due = self.peaks_made.is_none_or(|made| made.elapsed() >= PEAKS_INTERVAL);
        if self.peaks_stale && due {
            self.peaks = Arc::new(self.audio.peaks());
            self.peaks_made = Some(Instant::now());
            self.peaks_stale = false;
        }
        let playhead = self.capture.as_ref().zip(position);
        Region {
            origin: self.origin.clone(),
            duration_s: self.audio.duration_s(),
            peaks: Arc::clone(&self.peaks),
            heard_s: self.audio.heard_s(),
            trimmed_s: self.audio.seconds(self.trimmed.start)..self.audio.seconds(self.trimmed.end),
            selected_s: self.selected.clone(),
            playhead_s: playhead.and_then(|(capture, position)| capture.playhead_s(position)),
            complete: !self.open && self.audio.is_complete(),
            cut_short: self.cut_short,
        }
    }

    /// Whether the waveform on display is older than the audio.
    pub(crate) fn is_stale(&self) -> bool {
        self.peaks_stale
    }

    fn fit_frames(&mut self) {
        if let (Some(frames), None) = (&mut self.frames, &self.selected) {
            if frames.span().start == self.trimmed.start {
                frames.set_end(self.trimmed.end, self.open);
            } else {
                self.frames = None;
            }
        }
    }
}
