//! Files read for the window, on a thread of their own: small waveforms of results, and the file asked about.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use crossbeam_channel::{Receiver, Sender, unbounded};
use earmark_engine::audio::{AudioError, AudioReader, MonoStream};
use earmark_engine::indexing::content_hash;

use crate::exchange::{MAX_REGION_S, Peak, Peaks, Sound, SoundKey, SoundPeaks};
use crate::worker::{Worker, stopped};

/// Stretches of a small waveform.
const STRETCHES: usize = 96;
/// Longest part of a sound of which a small waveform is drawn, seconds; longer ones are drawn from their beginning.
const LONGEST_S: f64 = 1800.0;

/// Names an instance.
pub(crate) type InstanceId = u64;

/// What can be asked for.
enum Wish {
    /// Small waveforms; replaces the instance's earlier wish.
    Peaks(InstanceId, Vec<Sound>),
    /// A file as mono audio.
    Read(InstanceId, u64, PathBuf, u32),
}

/// What was done.
pub(crate) enum Done {
    /// A small waveform.
    Peaks(SoundKey, SoundPeaks),
    /// A file that an instance asked for, with the number of the wish.
    Read(InstanceId, u64, Result<ReadFile, String>),
}

/// A file as mono audio at the model's rate.
pub(crate) struct ReadFile {
    /// Its rate, Hz.
    pub(crate) rate_hz: u32,
    /// The samples.
    pub(crate) samples: Vec<f32>,
    /// Whether the file goes on.
    pub(crate) cut_short: bool,
    /// Its name by content, so that it is not found itself.
    pub(crate) key: Option<SoundKey>,
}

/// The thread that reads.
pub(crate) struct Files {
    wishes: Sender<Wish>,
    done: Receiver<Done>,
    /// Kept, so that what arrives can be waited for whatever becomes of the thread.
    report: Sender<Done>,
    waiting: Option<Receiver<Wish>>,
    worker: Option<Worker>,
}

impl Files {
    /// Starts no thread yet.
    pub(crate) fn new() -> Self {
        let (wishes, wished) = unbounded();
        let (report, done) = unbounded();
        Self { wishes, done, report, waiting: Some(wished), worker: None }
    }

    /// Wishes for small waveforms.
    pub(crate) fn want_peaks(&mut self, instance: InstanceId, sounds: Vec<Sound>) {
        self.wish(Wish::Peaks(instance, sounds));
    }

    /// Wishes for a file at a rate.
    pub(crate) fn read(&mut self, instance: InstanceId, number: u64, path: PathBuf, rate_hz: u32) {
        self.wish(Wish::Read(instance, number, path, rate_hz));
    }

    /// Where it arrives, to be waited for.
    pub(crate) fn receiver(&self) -> &Receiver<Done> {
        &self.done
    }

    /// What was done since.
    pub(crate) fn done(&self) -> impl Iterator<Item = Done> + '_ {
        self.done.try_iter()
    }

    fn wish(&mut self, wish: Wish) {
        if let Some(wished) = self.waiting.take() {
            let report = self.report.clone();
            self.worker = Worker::start("earmark-files", move |stop| serve(&wished, &report, stop)).ok();
        }
        let _ = self.wishes.send(wish);
    }
}

fn serve(wishes: &Receiver<Wish>, done: &Sender<Done>, stop: &AtomicBool) {
    let mut peaks: HashMap<InstanceId, Vec<Sound>> = HashMap::new();
    while !stopped(stop) {
        let patience = if peaks.is_empty() { Duration::from_millis(50) } else { Duration::ZERO };
        let first = wishes.recv_timeout(patience).ok();
        for wish in first.into_iter().chain(wishes.try_iter()) {
            match wish {
                Wish::Peaks(instance, sounds) => {
                    peaks.insert(instance, sounds);
                }
                Wish::Read(instance, number, path, rate_hz) => {
                    let read = read(&path, rate_hz, stop).map_err(|error| error.to_string());
                    let _ = done.send(Done::Read(instance, number, read));
                }
            }
        }
        // One at a time, so that what is asked for meanwhile comes first.
        let next = peaks.values_mut().find_map(|sounds| (!sounds.is_empty()).then(|| sounds.remove(0)));
        peaks.retain(|_, sounds| !sounds.is_empty());
        if let Some(sound) = next {
            let made = match small_waveform(&sound.path, stop) {
                Ok(peaks) => SoundPeaks::Ready(Arc::new(peaks)),
                Err(error) => SoundPeaks::Failed(error.to_string().into()),
            };
            let _ = done.send(Done::Peaks(sound.key, made));
        }
    }
}

fn read(path: &Path, rate_hz: u32, stop: &AtomicBool) -> Result<ReadFile, AudioError> {
    let limit = (MAX_REGION_S * f64::from(rate_hz)) as usize;
    let mut stream = MonoStream::open(path, rate_hz)?;
    let mut samples = Vec::new();
    while let Some(block) = stream.next_block()? {
        samples.extend_from_slice(&block[..block.len().min(limit - samples.len())]);
        if stopped(stop) || samples.len() >= limit {
            break;
        }
    }
    let cut_short = samples.len() >= limit;
    let key = content_hash(path, &|| stopped(stop)).ok().flatten().map(SoundKey);
    Ok(ReadFile { rate_hz, samples, cut_short, key })
}

/// Lowest and highest value of each stretch of a file, whatever its length says: stretches are merged as it goes on.
fn small_waveform(path: &Path, stop: &AtomicBool) -> Result<Peaks, AudioError> {
    let mut reader = AudioReader::open(path)?;
    let channels = usize::from(reader.format().channels);
    let limit = (LONGEST_S * f64::from(reader.format().sample_rate_hz)) as usize;
    let mut stretches: Vec<Peak> = Vec::with_capacity(4 * STRETCHES);
    let (mut per_stretch, mut filled, mut taken) = (64_usize, 0_usize, 0_usize);
    while taken < limit && !stopped(stop) {
        let Some(block) = reader.next_block()? else { break };
        for sample in block.chunks_exact(channels) {
            if filled == 0 {
                if stretches.len() == 4 * STRETCHES {
                    let merged = stretches.chunks_exact(2).map(|pair| Peak {
                        low: pair[0].low.min(pair[1].low),
                        high: pair[0].high.max(pair[1].high),
                    });
                    stretches = merged.collect();
                    per_stretch *= 2;
                }
                stretches.push(Peak::default());
            }
            if let Some(peak) = stretches.last_mut() {
                for value in sample {
                    peak.low = peak.low.min(*value);
                    peak.high = peak.high.max(*value);
                }
            }
            filled = (filled + 1) % per_stretch;
            taken += 1;
        }
    }
    Ok(Peaks { stretches: thinned(&stretches, STRETCHES) })
}

fn thinned(stretches: &[Peak], count: usize) -> Vec<Peak> {
    let count = count.min(stretches.len());
    let part = |at: usize| &stretches[at * stretches.len() / count..(at + 1) * stretches.len() / count];
    let joined = |part: &[Peak]| {
        part.iter().fold(Peak::default(), |joined, peak| Peak {
            low: joined.low.min(peak.low),
            high: joined.high.max(peak.high),
        })
    };
    (0..count).map(|at| joined(part(at))).collect()
}
