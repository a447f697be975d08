//! Draining an instance's rings: what the host plays becomes the region of its mode.

use std::sync::Arc;
use std::time::Instant;

use super::audio::RegionAudio;
use super::capture::{LoopCapture, Rolling};
use super::focus::Focus;
use super::instance::{Instance, QUIET};
use super::question::Asked;
use super::work::next_query_id;
use crate::audio::{Block, Feed};
use crate::exchange::{Input, MAX_REGION_S, Mode, Origin};

/// Longest region whose audio is kept while nobody looks at it, seconds.
pub(super) const UNSEEN_S: f64 = 30.0;

impl Instance {
    /// The host has activated the plugin anew.
    pub(crate) fn activated(&mut self, feed: Feed) {
        self.feeds.push_back(feed);
        self.dirty = true;
    }

    /// Takes in what the audio thread has heard.
    pub(crate) fn listen(&mut self) {
        while let Some(mut feed) = self.feeds.pop_front() {
            self.drain(&mut feed);
            // The audio thread has let go of its end when the plugin was activated anew.
            let current = self.feeds.is_empty();
            if current {
                self.feeds.push_front(feed);
                break;
            }
            self.end_offline();
        }
        let dropped = self.signals.dropped();
        if dropped != self.input.dropped_samples {
            self.input.dropped_samples = dropped;
            self.dirty = true;
        }
        let active = self.last_audio.is_some_and(|at| at.elapsed() < QUIET);
        if active != self.input.active {
            self.input.active = active;
            if !active {
                self.input.playing = false;
                self.end_offline();
            }
            self.dirty = true;
        }
    }

    fn drain(&mut self, feed: &mut Feed) {
        let known = (self.input.sample_rate_hz, self.input.channels, self.input.offline);
        if known != (feed.sample_rate_hz, feed.channels, feed.offline) {
            self.input = Input {
                sample_rate_hz: feed.sample_rate_hz,
                channels: feed.channels,
                offline: feed.offline,
                ..self.input
            };
            self.offline_next = None;
            self.dirty = true;
        }
        let rate_hz = feed.sample_rate_hz.round().max(1.0) as u32;
        let mut mono = Vec::new();
        // No more than is there now: a host that renders refills the ring as fast as it is drained.
        for _ in 0..feed.blocks.slots() {
            let Ok(block) = feed.blocks.pop() else { break };
            let Ok(chunk) = feed.samples.read_chunk(block.samples as usize) else { break };
            let (first, second) = chunk.as_slices();
            mono.clear();
            mono.extend_from_slice(first);
            mono.extend_from_slice(second);
            chunk.commit_all();
            self.hear(&mono, &block, rate_hz, feed.offline);
        }
    }

    fn hear(&mut self, samples: &[f32], block: &Block, rate_hz: u32, offline: bool) {
        let seconds = |sample: i64| sample as f64 / f64::from(rate_hz);
        self.last_audio = Some(Instant::now());
        self.position = block.moment.position;
        self.input.peak = self.input.peak.max(block.peak);
        self.input.playing = block.moment.playing;
        self.input.position_s = block.moment.position.map(seconds);
        self.input.loop_range_s = block.moment.loop_range.map(|(start, end)| (seconds(start), seconds(end)));
        if offline {
            self.hear_offline(samples, block, rate_hz);
            return;
        }
        self.roll(samples, rate_hz);
        if self.mode == Mode::Selection {
            self.hear_loop(samples, block, rate_hz);
        }
    }

    fn roll(&mut self, samples: &[f32], rate_hz: u32) {
        if self.mode != Mode::LastSeconds && !self.exchange.is_window_open() {
            self.rolling = None;
            return;
        }
        if self.settings.hold && self.mode == Mode::LastSeconds && self.rolling.is_some() {
            return;
        }
        let rolling = match &mut self.rolling {
            Some(rolling) if rolling.rate_hz() == rate_hz => rolling,
            stale => stale.insert(Rolling::new(rate_hz)),
        };
        rolling.push(samples);
    }

    fn hear_loop(&mut self, samples: &[f32], block: &Block, rate_hz: u32) {
        let (Some(range), Some(position), true) =
            (block.moment.loop_range, block.moment.position, block.moment.playing)
        else {
            return;
        };
        let current = self.focus.as_ref().and_then(|focus| focus.capture.as_ref());
        if !current.is_some_and(|capture| capture.is(range, rate_hz)) {
            let Some(capture) = LoopCapture::new(range, rate_hz) else { return };
            // Nothing is begun before something of the range is heard.
            let end = position.saturating_add(samples.len() as i64);
            if end <= range.0 || position >= range.1 {
                return;
            }
            // Many hosts have a range around the whole song, and a session may hold many instances.
            let length_s = capture.len() as f64 / f64::from(rate_hz);
            if length_s > UNSEEN_S && !self.exchange.is_window_open() {
                return;
            }
            let mut audio = RegionAudio::of_length(rate_hz, capture.len());
            if let Some(old) = &self.focus
                && let Some(old_capture) = &old.capture
            {
                capture.take_over(&mut audio, old_capture, &old.audio);
            }
            let mut focus = Focus::new(Origin::Selection, audio, false, next_query_id());
            focus.cut_short = capture.is_cut_short();
            focus.capture = Some(capture);
            self.focus = Some(focus);
        }
        let Some(focus) = &mut self.focus else { return };
        let Some(capture) = &mut focus.capture else { return };
        for stretch in capture.feed(&mut focus.audio, position, samples) {
            focus.changed(stretch);
        }
        self.dirty = true;
    }

    fn hear_offline(&mut self, samples: &[f32], block: &Block, rate_hz: u32) {
        let position = block.moment.position.filter(|_| block.moment.playing);
        let goes_on = match (self.offline_next, position) {
            (Some((next, resets)), Some(position)) => resets == block.resets && next.abs_diff(position) <= 3,
            // Without a position, what comes after a pause is the next clip.
            (Some((_, resets)), None) => {
                resets == block.resets && self.focus.as_ref().is_some_and(|focus| focus.open)
            }
            (None, _) => false,
        };
        let resumes = goes_on
            && self
                .focus
                .as_ref()
                .is_some_and(|focus| focus.origin == Origin::Offline && focus.audio.rate_hz() == rate_hz);
        if !resumes {
            let audio = RegionAudio::growing(rate_hz);
            self.focus = Some(Focus::new(Origin::Offline, audio, true, next_query_id()));
        }
        self.offline_next = Some((position.unwrap_or(0) + samples.len() as i64, block.resets));
        if let Some(focus) = &mut self.focus {
            let longest = (MAX_REGION_S * f64::from(rate_hz)) as usize;
            let room = longest.saturating_sub(focus.audio.len());
            focus.cut_short |= samples.len() > room;
            focus.audio.append(&samples[..samples.len().min(room)]);
            focus.grown();
        }
        self.dirty = true;
    }

    /// An offline render has ended, or paused for so long that it may have.
    fn end_offline(&mut self) {
        if let Some(focus) = self.focus.as_mut().filter(|focus| focus.origin == Origin::Offline && focus.open)
        {
            focus.close();
            self.dirty = true;
        }
    }

    /// Freezes the last seconds and asks about them.
    pub(super) fn use_last(&mut self, seconds: f64) {
        let Some(rolling) = &self.rolling else { return };
        let audio = rolling.last(seconds);
        if audio.len() == 0 {
            return;
        }
        let length = audio.len();
        let mut focus = Focus::new(Origin::LastSeconds, audio, false, next_query_id());
        focus.trim(self.settings.trim_threshold_db);
        let first = rolling.frames_within(&focus.asked(), length);
        self.begin(focus);
        if !first.is_empty() {
            self.ask_preliminarily(first);
        }
    }

    /// Puts a region on display and asks about it.
    pub(super) fn begin(&mut self, focus: Focus) {
        if focus.asked().is_empty() {
            self.complain(
                "There is nothing but silence in this region. Play something, or lower the threshold of silence.",
            );
        } else {
            self.problem = None;
        }
        self.focus = Some(focus);
        self.dirty = true;
    }

    /// Asks about a part of the region on display; what rolls is frozen for it.
    pub(super) fn select(&mut self, part: Option<std::ops::Range<f64>>) {
        if self.focus.is_none() && self.mode == Mode::LastSeconds && part.is_some() {
            let Some(rolling) = &self.rolling else { return };
            let audio = rolling.last(f64::INFINITY);
            let mut focus = Focus::new(Origin::LastSeconds, audio, false, next_query_id());
            focus.trim(self.settings.trim_threshold_db);
            self.focus = Some(focus);
        }
        if let Some(focus) = &mut self.focus {
            focus.id = next_query_id();
            focus.select(part);
            self.dirty = true;
        }
    }

    fn ask_preliminarily(&mut self, frames: Vec<(f64, Vec<f32>)>) {
        let Some(focus) = &self.focus else { return };
        let model = self.model.as_ref().map(|model| model.id.sha256.clone()).unwrap_or_default();
        self.asked = Some(Arc::new(Asked {
            model,
            id: focus.id,
            origin: focus.origin.clone(),
            duration_s: focus.asked_s(),
            from_s: None,
            frames,
            itself: Vec::new(),
        }));
        self.answer_due = true;
        self.preliminary = true;
    }
}
