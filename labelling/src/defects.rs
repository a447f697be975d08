//! Files that are suspicious in themselves: silent, clipped, off centre, the same in all channels, cut short.
//!
//! Most of this is in the samples alone, so every file is decoded once (`listen`); what was odd when a file was
//! indexed the index remembers (`known`). Thresholds are on the side of silence: a finding is worth a look.

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use earmark_engine::audio::{AudioError, AudioReader, Container};
use earmark_engine::index::{Snapshot, SoundId};
use earmark_engine::indexing::file_warnings;

use crate::audit::{Finding, FindingKind};

/// Peak below which nothing is to be heard, dB of full scale.
const SILENT_DB: f64 = -80.0;
/// Runs of this many samples at the same extreme value are cut-off peaks.
const CLIPPED_RUN: u32 = 4;
/// Samples in such runs, a second, from which a file is clipped.
const CLIPPED_PER_S: f64 = 10.0;
/// Peaks below this are limited on purpose rather than cut off, full scale.
const CLIPPED_LEVEL: f32 = 0.5;
/// Levels of flat peaks kept for a channel.
const MAX_LEVELS: usize = 16;
/// Mean of the samples, full scale, and part of the root mean square, from which there is an offset.
const DC_LEVEL: f64 = 0.01;
const DC_PART: f64 = 0.2;
/// Differences below this are rounding, full scale.
const SAME: f32 = 1.5 / 32768.0;
/// Level of a channel beside the others below which it is empty, dB.
const EMPTY_DB: f64 = -60.0;
/// Part of the power above the corner from which a channel is no LFE.
const LFE_HIGH: f64 = 0.3;
/// The same of the channel that looks like an LFE in the wrong place.
const LFE_LOW: f64 = 0.1;
/// Corner of the filter (6 dB an octave) that tells an LFE, Hz.
const LFE_CORNER_HZ: f64 = 400.0;
/// Where the LFE of 5.1 and 7.1 stands (L R C LFE …, as WAVE_FORMAT_EXTENSIBLE and RFC 9639 §9.1.3 order them; in film
/// order, L C R Ls Rs LFE, it is the last).
const LFE: usize = 3;
const SURROUND: [usize; 2] = [6, 8];
/// Formats with that order. Vorbis, Opus and AAC have others, and decoders bring them into various.
const WITH_LFE_FOURTH: [Container; 4] = [Container::Wav, Container::Rf64, Container::Wave64, Container::Flac];

/// What is known of files without listening: what was odd when they were indexed.
pub(crate) fn known(snapshot: &Snapshot, sounds: &[SoundId]) -> Vec<Finding> {
    let mut findings = Vec::new();
    for id in sounds {
        let Some(details) = snapshot.get(*id).and_then(|sound| sound.details().ok()) else { continue };
        let warnings: Vec<&str> = file_warnings(&details).collect();
        if !warnings.is_empty() {
            findings.push(truncated(snapshot, *id, &warnings.join("; ")));
        }
    }
    findings
}

fn truncated(snapshot: &Snapshot, id: SoundId, warnings: &str) -> Finding {
    Finding::of(snapshot, id, FindingKind::Truncated, 0.7, warnings.to_owned())
}

/// Decodes files and tells what is suspicious; `None` when stopped early.
pub(crate) fn listen(
    snapshot: &Snapshot,
    sounds: &[SoundId],
    (jobs, stop): (usize, &(dyn Fn() -> bool + Sync)),
    heard: &mut dyn FnMut(usize),
) -> Option<Vec<Finding>> {
    let next = AtomicUsize::new(0);
    let done = AtomicUsize::new(0);
    let all = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        let work = || {
            while let Some(id) = sounds.get(next.fetch_add(1, Ordering::Relaxed)).filter(|_| !stop()) {
                let found = look_at(snapshot, *id, stop);
                if let Ok(mut all) = all.lock() {
                    all.extend(found);
                }
                done.fetch_add(1, Ordering::Relaxed);
            }
        };
        let workers: Vec<_> = (0..jobs.max(1)).map(|_| scope.spawn(work)).collect();
        while !workers.iter().all(std::thread::ScopedJoinHandle::is_finished) {
            heard(done.load(Ordering::Relaxed));
            std::thread::sleep(std::time::Duration::from_millis(50));
        }
    });
    let findings = all.into_inner().unwrap_or_default();
    (!stop()).then_some(findings)
}

fn look_at(snapshot: &Snapshot, id: SoundId, stop: &dyn Fn() -> bool) -> Vec<Finding> {
    let Some(sound) = snapshot.get(id) else { return Vec::new() };
    if snapshot.is_offline(&sound) {
        return Vec::new();
    }
    let Ok(path) = snapshot.full_path(&sound) else { return Vec::new() };
    let known = sound.details().is_ok_and(|details| file_warnings(&details).next().is_some());
    match Levels::of(&path, stop) {
        Ok(levels) => {
            let problems = levels.problems();
            let mut findings: Vec<Finding> = problems
                .into_iter()
                .map(|(kind, gain, message)| Finding::of(snapshot, id, kind, gain, message))
                .collect();
            if !levels.warnings.is_empty() && !known {
                findings.push(truncated(snapshot, id, &levels.warnings.join("; ")));
            }
            findings
        }
        Err(error) => vec![Finding::of(snapshot, id, FindingKind::Unreadable, 0.8, error.to_string())],
    }
}

/// One channel.
#[derive(Clone, Debug, Default)]
struct Channel {
    sum: f64,
    squares: f64,
    /// Power above [`LFE_CORNER_HZ`].
    high: f64,
    low_pass: f64,
    peak: f32,
    /// The extreme value of the run in progress, and its length.
    run: (f32, u32),
    /// Levels of flat peaks, and how many samples stand in them.
    runs: Vec<(f32, u64)>,
}

impl Channel {
    fn take(&mut self, sample: f32, smoothing: f64) {
        let value = f64::from(sample);
        self.sum += value;
        self.squares += value * value;
        self.low_pass += smoothing * (value - self.low_pass);
        self.high += (value - self.low_pass).powi(2);
        self.peak = self.peak.max(sample.abs());
        if sample == self.run.0 && sample.abs() >= CLIPPED_LEVEL {
            self.run.1 += 1;
            return;
        }
        self.end_run();
        self.run = (sample, 1);
    }

    fn end_run(&mut self) {
        let (value, length) = self.run;
        if length >= CLIPPED_RUN && value.abs() >= CLIPPED_LEVEL {
            match self.runs.iter().position(|run| run.0 == value) {
                Some(at) => self.runs[at].1 += u64::from(length),
                // Peaks are cut off at one level above and one below; more are kept for levels that change.
                None if self.runs.len() < MAX_LEVELS => self.runs.push((value, u64::from(length))),
                None => {}
            }
        }
    }

    /// Samples in runs at the highest level.
    fn clipped(&self) -> u64 {
        let at_peak = self.runs.iter().filter(|run| run.0.abs() > self.peak * 0.999);
        at_peak.map(|run| run.1).sum()
    }
}

/// What the samples of a file come to.
#[derive(Clone, Debug)]
struct Levels {
    channels: Vec<Channel>,
    samples: u64,
    rate_hz: u32,
    container: Container,
    /// Largest difference between the first channel and another.
    difference: f32,
    warnings: Vec<String>,
}

impl Levels {
    fn of(path: &std::path::Path, stop: &dyn Fn() -> bool) -> Result<Self, AudioError> {
        let mut reader = AudioReader::open(path)?;
        let format = *reader.format();
        let count = usize::from(format.channels);
        let mut levels = Self {
            channels: vec![Channel::default(); count],
            samples: 0,
            rate_hz: format.sample_rate_hz,
            container: format.container,
            difference: 0.0,
            warnings: Vec::new(),
        };
        let smoothing =
            1.0 - (-std::f64::consts::TAU * LFE_CORNER_HZ / f64::from(format.sample_rate_hz)).exp();
        while let Some(block) = reader.next_block()? {
            for samples in block.chunks_exact(count) {
                for (channel, sample) in levels.channels.iter_mut().zip(samples) {
                    channel.take(*sample, smoothing);
                    levels.difference = levels.difference.max((sample - samples[0]).abs());
                }
                levels.samples += 1;
            }
            if stop() {
                break;
            }
        }
        levels.channels.iter_mut().for_each(Channel::end_run);
        levels.warnings = reader.warnings().to_vec();
        Ok(levels)
    }

    fn problems(&self) -> Vec<(FindingKind, f32, String)> {
        let mut problems = Vec::new();
        let samples = self.samples.max(1) as f64;
        let peak = self.channels.iter().map(|channel| channel.peak).fold(0.0f32, f32::max);
        let db = |level: f64| 20.0 * level.max(1e-10).log10();
        let peak_db = db(f64::from(peak));
        if peak_db < SILENT_DB {
            let message = match peak {
                0.0 => "nothing but zeros".to_owned(),
                _ => format!("as good as silent: its peak is at {peak_db:.0} dB"),
            };
            return vec![(FindingKind::Silent, 0.9, message)];
        }
        let clipped: u64 = self.channels.iter().map(Channel::clipped).sum();
        let clipped_per_s = clipped as f64 / samples * f64::from(self.rate_hz);
        if clipped_per_s >= CLIPPED_PER_S {
            let message = format!("{clipped} samples stand in flat peaks at {peak_db:.1} dB");
            problems.push((FindingKind::Clipped, (0.3 + clipped_per_s / 5000.0).min(0.7) as f32, message));
        }
        let offsets = self.channels.iter().map(|channel| {
            let (mean, rms) = (channel.sum / samples, (channel.squares / samples).sqrt());
            (mean, mean.abs() >= DC_LEVEL && mean.abs() >= DC_PART * rms)
        });
        if let Some((mean, _)) =
            offsets.filter(|offset| offset.1).max_by(|a, b| a.0.abs().total_cmp(&b.0.abs()))
        {
            let message = format!("centred at {:+.1} % of full scale instead of 0", mean * 100.0);
            problems.push((FindingKind::DcOffset, 0.5, message));
        }
        problems.extend(self.channel_problem());
        problems
    }

    fn channel_problem(&self) -> Option<(FindingKind, f32, String)> {
        if self.channels.len() < 2 {
            return None;
        }
        if self.difference <= SAME {
            let message = format!("its {} channels are the same", self.channels.len());
            return Some((FindingKind::DualMono, 0.4, message));
        }
        let rms = |channel: &Channel| (channel.squares / self.samples.max(1) as f64).sqrt();
        let loudest = self.channels.iter().map(rms).fold(0.0, f64::max);
        let is_empty = |channel: &Channel| 20.0 * (rms(channel) / loudest).max(1e-10).log10() < EMPTY_DB;
        if self.channels.len() == 2 {
            let empty = self.channels.iter().position(is_empty)?;
            let side = if empty == 0 { "left" } else { "right" };
            return Some((FindingKind::ChannelOrder, 0.4, format!("its {side} channel is empty")));
        }
        if !SURROUND.contains(&self.channels.len()) || !WITH_LFE_FOURTH.contains(&self.container) {
            return None;
        }
        let high = |channel: &Channel| channel.high / channel.squares.max(1e-12);
        let sounding = || self.channels.iter().enumerate().filter(|(_, channel)| !is_empty(channel));
        // One channel of low frequencies alone, all others with high ones, and the LFE's own among these: where several
        // are low, or some between, the sound is so, not the order.
        let mut low = sounding().filter(|(_, channel)| high(channel) < LFE_LOW);
        let (Some((at, _)), None) = (low.next(), low.next()) else { return None };
        let others_are_high = sounding().all(|(other, channel)| other == at || high(channel) > LFE_HIGH);
        if at == LFE || is_empty(&self.channels[LFE]) || !others_are_high {
            return None;
        }
        let film = if at + 1 == self.channels.len() { " (film order has the LFE last)" } else { "" };
        let message = format!(
            "channel {} alone holds nothing but low frequencies, and channel 4, where the LFE belongs, does not: \
             the channels may be in another order{film}",
            at + 1
        );
        Some((FindingKind::ChannelOrder, 0.5, message))
    }
}
