//! `cargo xtask model-mean`: measures a model's mean embedding and writes it into its card.
//!
//! Directions of embeddings tell sounds apart only once their common part is taken away. That part is measured here on
//! labelled sets of very different sounds; every set counts the same, however many sounds it has.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};

use earmark_engine::audio::MonoStream;
use earmark_engine::network::{CARD_FILE, Card, Embedder, ModelError, Network};
use thiserror::Error;

use crate::files::write_atomically;

/// Measure a model's mean embedding and write it into its card
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// Folder of the model
    #[arg(long, value_name = "DIR", default_value = "models/aisfx")]
    model: PathBuf,
    /// Folder of sets, each with its sounds in a folder `audio`
    #[arg(long, value_name = "DIR")]
    data: PathBuf,
    /// At most so many sounds of each set, evenly spread
    #[arg(long, value_name = "N", default_value_t = 100)]
    per_set: usize,
}

/// Why the mean could not be measured.
#[derive(Debug, Error)]
pub(crate) enum MeanError {
    #[error("{}: {source}", path.display())]
    Io { path: PathBuf, source: io::Error },
    #[error("{}: no sound of any set could be embedded", .0.display())]
    NoSounds(PathBuf),
    #[error(transparent)]
    Model(#[from] ModelError),
}

/// Measures the mean and writes the card.
pub(crate) fn run(arguments: &Arguments) -> Result<(), MeanError> {
    let network = Network::load(&arguments.model)?;
    let mut means = Vec::new();
    for set in sorted_entries(&arguments.data)? {
        let audio = set.join("audio");
        if !audio.is_dir() {
            continue;
        }
        let sounds = evenly_spread(sorted_entries(&audio)?, arguments.per_set);
        if let Some((mean, frames)) = mean_of_set(&network, &sounds)? {
            println!("{}: {} sounds, {frames} frames", set.display(), sounds.len());
            means.push(mean);
        }
    }
    if means.is_empty() {
        return Err(MeanError::NoSounds(arguments.data.clone()));
    }
    let mut mean = vec![0.0_f64; network.card().embedding_size()];
    for set in &means {
        mean.iter_mut().zip(set).for_each(|(sum, value)| *sum += value / means.len() as f64);
    }
    let mut card = Card::clone(network.card());
    card.centring.mean = mean.into_iter().map(|value| value as f32).collect();
    let path = arguments.model.join(CARD_FILE);
    let text = card.to_toml(&path)?;
    write_atomically(&path, text.as_bytes()).map_err(|source| MeanError::Io { path, source })
}

/// Sum of a sound's embeddings, and how many there are.
type SoundSum = (Vec<f64>, u32);

/// The mean over the frames of a set, and how many there are; sounds that cannot be read are named and left out.
fn mean_of_set(network: &Network, sounds: &[PathBuf]) -> Result<Option<(Vec<f64>, u32)>, ModelError> {
    let next = AtomicUsize::new(0);
    let jobs = std::thread::available_parallelism().map_or(1, usize::from);
    let mut sums: Vec<(usize, SoundSum)> = Vec::new();
    std::thread::scope(|scope| {
        let work = || -> Result<Vec<(usize, SoundSum)>, ModelError> {
            let mut embedder = Embedder::new(network)?;
            let mut sums = Vec::new();
            loop {
                let index = next.fetch_add(1, Ordering::Relaxed);
                let Some(sound) = sounds.get(index) else { return Ok(sums) };
                sums.extend(sum_of_sound(&mut embedder, sound).map(|sum| (index, sum)));
            }
        };
        let threads: Vec<_> = (0..jobs).map(|_| scope.spawn(work)).collect();
        for thread in threads {
            match thread.join() {
                Ok(found) => sums.extend(found?),
                Err(panic) => std::panic::resume_unwind(panic),
            }
        }
        Ok::<(), ModelError>(())
    })?;
    // Sums of floats depend on their order; threads must not.
    sums.sort_by_key(|&(index, _)| index);
    let frames: u32 = sums.iter().map(|(_, (_, frames))| frames).sum();
    if frames == 0 {
        return Ok(None);
    }
    let mut mean = vec![0.0; network.card().embedding_size()];
    for (_, (sum, _)) in &sums {
        mean.iter_mut().zip(sum).for_each(|(mean, value)| *mean += value / f64::from(frames));
    }
    Ok(Some((mean, frames)))
}

fn sum_of_sound(embedder: &mut Embedder, sound: &Path) -> Option<SoundSum> {
    let mut sum = vec![0.0; embedder.card().embedding_size()];
    let rate_hz = embedder.card().front_end.sample_rate_hz;
    let embedded = MonoStream::open(sound, rate_hz).map_err(Into::into).and_then(|mut stream| {
        embedder.embed_stream(&mut stream, &mut |frame| {
            sum.iter_mut().zip(frame.embedding).for_each(|(sum, &value)| *sum += f64::from(value));
        })
    });
    match embedded {
        Ok(summary) => Some((sum, summary.frames)),
        Err(error) => {
            eprintln!("left out: {error}");
            None
        }
    }
}

fn sorted_entries(folder: &Path) -> Result<Vec<PathBuf>, MeanError> {
    let failed = |source| MeanError::Io { path: folder.to_owned(), source };
    let entries = std::fs::read_dir(folder).map_err(failed)?;
    let mut paths: Vec<PathBuf> =
        entries.map(|entry| entry.map(|entry| entry.path())).collect::<Result<_, _>>().map_err(failed)?;
    paths.sort();
    Ok(paths)
}

fn evenly_spread(paths: Vec<PathBuf>, limit: usize) -> Vec<PathBuf> {
    let step = paths.len().div_ceil(limit.max(1)).max(1);
    paths.into_iter().step_by(step).collect()
}
