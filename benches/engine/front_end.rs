//! What each stage of embedding a sound costs, and how much of the whole is not the network.
//!
//! The stages run on the same twenty seconds, stored in the formats that libraries are made of. After the table the
//! share of everything but the network is measured once more, the two sides alternating, so that it stands as a
//! ratio of one run.
#![allow(clippy::unwrap_used, missing_docs)]

use std::fmt;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use divan::counter::ItemsCount;
use divan::{Bencher, black_box};
use earmark_demo::{Audio, Container, FileFormat, SampleFormat, render};
use earmark_engine::audio::{AudioReader, MonoStream};
use earmark_engine::indexing::content_hash;
use earmark_engine::network::{Embedder, Network};
use earmark_engine::spectrogram::{FrameAssembler, MelExtractor};

/// Length of each sound; the throughput columns count seconds of sound.
const LENGTH_S: u32 = 20;
/// Rounds of the closing ratio.
const ROUNDS: usize = 7;

/// A sound stored in one of the usual formats.
#[derive(Clone, Copy)]
struct Input {
    container: Container,
    samples: SampleFormat,
    rate_hz: u32,
    channels: usize,
}

/// The format that the demand is about comes first.
const INPUTS: [Input; 5] = [
    Input { container: Container::Wav, samples: SampleFormat::I24, rate_hz: 48_000, channels: 2 },
    Input { container: Container::Wav, samples: SampleFormat::I16, rate_hz: 44_100, channels: 1 },
    Input { container: Container::Wav, samples: SampleFormat::F32, rate_hz: 96_000, channels: 2 },
    Input { container: Container::Wav, samples: SampleFormat::I24, rate_hz: 192_000, channels: 2 },
    Input { container: Container::Flac, samples: SampleFormat::I24, rate_hz: 48_000, channels: 2 },
];

fn main() {
    divan::main();
    // As the table, the ratio is for `cargo bench` alone: a test run only checks that everything still works.
    if std::env::args().any(|arg| arg == "--bench") {
        print_share();
    }
}

/// Reading the file and turning its samples into floats.
#[divan::bench(args = INPUTS)]
fn decode(bencher: Bencher, input: &Input) {
    let file = input.write();
    bencher.counter(ItemsCount::new(LENGTH_S)).bench_local(|| {
        let mut reader = AudioReader::open(file.path()).unwrap();
        while let Some(block) = reader.next_block().unwrap() {
            black_box(block);
        }
    });
}

/// Decoding, mixing to mono and resampling.
#[divan::bench(args = INPUTS)]
fn decode_resample(bencher: Bencher, input: &Input) {
    let (file, model) = (input.write(), network());
    let rate_hz = model.card().front_end.sample_rate_hz;
    bencher.counter(ItemsCount::new(LENGTH_S)).bench_local(|| {
        let mut stream = MonoStream::open(file.path(), rate_hz).unwrap();
        while let Some(block) = stream.next_block().unwrap() {
            black_box(block);
        }
    });
}

/// Everything but the network: content hash, decoding, mono, resampling, mel spectrogram, frames.
#[divan::bench(args = INPUTS)]
fn all_but_network(bencher: Bencher, input: &Input) {
    let (file, model) = (input.write(), network());
    bencher.counter(ItemsCount::new(LENGTH_S)).bench_local(|| {
        front_end(file.path(), &model, &mut |frame| {
            black_box(frame);
        })
    });
}

/// The network on all frames of the sound.
#[divan::bench(sample_count = 5, sample_size = 1)]
fn network_alone(bencher: Bencher) {
    let (file, model) = (INPUTS[0].write(), network());
    let frames = frames_of(file.path(), &model);
    let mut session = model.session().unwrap();
    let mut embedding = vec![0.0; model.card().embedding_size()];
    bencher.counter(ItemsCount::new(LENGTH_S)).bench_local(|| {
        frames.iter().for_each(|frame| session.embed(frame, &mut embedding).unwrap());
    });
}

/// A file from disk to its embeddings, as indexing does it.
#[divan::bench(args = [INPUTS[0]], sample_count = 5, sample_size = 1)]
fn whole(bencher: Bencher, input: &Input) {
    let (file, model) = (input.write(), network());
    let mut embedder = Embedder::new(&model).unwrap();
    let rate_hz = model.card().front_end.sample_rate_hz;
    bencher.counter(ItemsCount::new(LENGTH_S)).bench_local(|| {
        black_box(content_hash(file.path(), &|| false).unwrap());
        let mut stream = MonoStream::open(file.path(), rate_hz).unwrap();
        let embedded = embedder.embed_stream(&mut stream, &mut |frame| {
            black_box(frame);
        });
        embedded.unwrap();
    });
}

/// Alternates between everything but the network and the network, and prints the share of the former.
fn print_share() {
    let model = network();
    let mut session = model.session().unwrap();
    let mut embedding = vec![0.0; model.card().embedding_size()];
    println!(
        "\nshare of everything but the network (content hash, decode, resample, mel), median of {ROUNDS} rounds"
    );
    for input in INPUTS {
        let file = input.write();
        let frames = frames_of(file.path(), &model);
        let mut rounds: Vec<(f64, Duration, Duration)> = (0..ROUNDS)
            .map(|_| {
                let front = timed(|| {
                    front_end(file.path(), &model, &mut |frame| {
                        black_box(frame);
                    });
                });
                let network = timed(|| {
                    frames.iter().for_each(|frame| session.embed(frame, &mut embedding).unwrap());
                });
                (front.as_secs_f64() / (front + network).as_secs_f64(), front, network)
            })
            .collect();
        rounds.sort_by(|a, b| a.0.total_cmp(&b.0));
        let ((low, ..), (share, front, network), (high, ..)) =
            (rounds[0], rounds[ROUNDS / 2], rounds[ROUNDS - 1]);
        println!(
            "{input:<28} {:5.2} %  ({:.2} to {:.2} %)  {front:7.2?} beside {network:7.2?} for {} frames",
            100.0 * share,
            100.0 * low,
            100.0 * high,
            frames.len(),
        );
    }
}

fn timed(work: impl FnOnce()) -> Duration {
    let begun = Instant::now();
    work();
    begun.elapsed()
}

/// What indexing does with a file apart from the network; `on_frame` gets `[columns, bands]`.
fn front_end(path: &Path, model: &Network, on_frame: &mut dyn FnMut(&[f32])) {
    let card = model.card();
    black_box(content_hash(path, &|| false).unwrap());
    let mut stream = MonoStream::open(path, card.front_end.sample_rate_hz).unwrap();
    let mut mel = MelExtractor::new(&card.front_end);
    let mut frames = FrameAssembler::new(card.frames, mel.bands());
    while let Some(mut samples) = stream.next_block().unwrap() {
        while let Some(column) = mel.push(&mut samples) {
            if let Some(frame) = frames.push(column) {
                on_frame(frame.mel);
            }
        }
    }
    while let Some(column) = mel.finish() {
        if let Some(frame) = frames.push(column) {
            on_frame(frame.mel);
        }
    }
    if let Some(frame) = frames.finish() {
        on_frame(frame.mel);
    }
}

fn frames_of(path: &Path, model: &Network) -> Vec<Vec<f32>> {
    let mut frames = Vec::new();
    front_end(path, model, &mut |frame| frames.push(frame.to_vec()));
    frames
}

fn network() -> Network {
    Network::load(&PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../models/aisfx")).unwrap()
}

impl Input {
    /// Writes the sound to a file of its own.
    fn write(self) -> tempfile::NamedTempFile {
        let format = FileFormat { container: self.container, sample_format: self.samples };
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), format.encode(&self.audio(), &Default::default())).unwrap();
        file
    }

    /// A door, a fire and an engine in turn, taken at the format's rate as they are: pitch changes no cost.
    fn audio(self) -> Audio {
        let parts = ["door_creak", "fire_crackle", "engine_idle"].map(|recipe| render(recipe, 1, 1));
        let source: Vec<f32> = parts.into_iter().flatten().flat_map(|audio| audio.to_mono()).collect();
        let length = (LENGTH_S * self.rate_hz) as usize;
        let channel = |at: usize| source.iter().cycle().skip(at * 997).take(length).copied().collect();
        Audio { sample_rate_hz: self.rate_hz, channels: (0..self.channels).map(channel).collect() }
    }
}

impl fmt::Display for Input {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kilohertz = f64::from(self.rate_hz) / 1000.0;
        let float = if self.samples.is_float() { " float" } else { "" };
        let text = format!(
            "{:?} {kilohertz} kHz {} bit{float} {} ch",
            self.container,
            self.samples.bits(),
            self.channels
        );
        formatter.pad(&text)
    }
}
