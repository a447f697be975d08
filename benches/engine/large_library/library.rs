//! The library that is opened and searched: made once, kept for the next run.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;

use earmark_engine::index::{Details, LibraryWriter, QuantisedFrame, Quantiser, Snapshot, SoundRecord};
use earmark_engine::indexing::{self, Observer, Request, model_id};
use earmark_engine::network::Network;

use crate::spread::{RealSound, Spread};

/// Sounds of the library.
const SOUNDS: u32 = 100_000;
/// A segment is finished at so many frames, as when indexing.
const SEGMENT_FRAMES: usize = 1 << 14;
/// Names a folder of sounds to spread instead of the synthesised demo library.
pub(crate) const SOUNDS_VARIABLE: &str = "EARMARK_BENCH_SOUNDS";

/// The model that the sounds are embedded with.
pub(crate) const MODEL_DIR: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../models/aisfx");

/// A library of [`SOUNDS`] sounds.
pub(crate) struct Large {
    /// Its folder.
    pub dir: PathBuf,
    /// How many real frames it was spread from.
    pub real_frames: usize,
    /// The model's mean embedding.
    pub mean: Vec<f32>,
    spread: Spread,
}

impl Large {
    /// The library of an earlier run, or a new one.
    pub(crate) fn open_or_make() -> Self {
        let Real { network, suffix, sounds, mean } = Real::embed();
        let real_frames = sounds.iter().map(|sound| sound.frames.len()).sum();
        let dir = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("large-{suffix}"));
        let large = Self { dir, real_frames, spread: Spread::new(sounds), mean };
        let complete =
            Snapshot::open(&large.dir).is_ok_and(|snapshot| snapshot.sounds().count() == SOUNDS as usize);
        if !complete {
            large.make(&network);
        }
        eprintln!("library: {}", large.dir.display());
        large
    }

    /// Embeddings of a region of so many frames, which no sound of the library has.
    pub(crate) fn query(&self, frames: usize) -> Vec<Vec<f32>> {
        (0u32..).flat_map(|number| self.spread.sound(SOUNDS + number, None).frames).take(frames).collect()
    }

    fn make(&self, network: &Network) {
        // One that is not complete was interrupted.
        let _ = std::fs::remove_dir_all(&self.dir);
        let quantiser = Quantiser::new(&self.mean);
        let mut writer = LibraryWriter::open(&self.dir, &model_id(network)).unwrap();
        let root = writer.root(Path::new("/Volumes/Effects")).unwrap();
        let mut segment = writer.begin_segment().unwrap();
        for number in 0..SOUNDS {
            let sound = self.spread.sound(number, None);
            let frames: Vec<QuantisedFrame> = (0u32..)
                .zip(&sound.frames)
                .map(|(at, frame)| quantiser.quantise(f64::from(at) * network.card().frame_hop_s(), frame))
                .collect();
            segment.add(&record(root, number, sound.cat, frames.len()), &frames).unwrap();
            if segment.frames() >= SEGMENT_FRAMES {
                writer.commit(Some(segment), &BTreeSet::new()).unwrap();
                segment = writer.begin_segment().unwrap();
            }
        }
        writer.commit(Some(segment), &BTreeSet::new()).unwrap();
        writer.tidy(&|| false).unwrap();
    }
}

/// Real sounds, embedded, and the network that did it.
pub(crate) struct Real {
    pub network: Network,
    /// Tells libraries made of these sounds from others.
    pub suffix: &'static str,
    pub sounds: Vec<RealSound>,
    /// The model's mean embedding.
    pub mean: Vec<f32>,
}

impl Real {
    /// Embeds the demo library or the folder that [`SOUNDS_VARIABLE`] names, once.
    pub(crate) fn embed() -> Self {
        let kept = Path::new(env!("CARGO_TARGET_TMPDIR"));
        let own = std::env::var_os(SOUNDS_VARIABLE).map(PathBuf::from);
        let suffix = if own.is_some() { "own" } else { "demo" };
        let network = Network::load(Path::new(MODEL_DIR)).unwrap();
        let sounds = own.unwrap_or_else(|| {
            let demo = kept.join("demo-sounds");
            earmark_demo::write_library(&demo, 1, &mut |_| ()).unwrap();
            demo
        });
        let real = kept.join(format!("real-{suffix}"));
        embed(&sounds, &real, &network);
        let mean = network.card().centring.mean.clone();
        let sounds = RealSound::all(&Snapshot::open(&real).unwrap(), &mean);
        Self { network, suffix, sounds, mean }
    }
}

/// Embeds a folder of sounds, unless an earlier run has.
fn embed(sounds: &Path, library: &Path, network: &Network) {
    struct Quiet;
    impl Observer for Quiet {
        fn planned(&mut self, files: usize, _: u64) {
            if files > 0 {
                eprintln!("looking into {files} sounds, embedded once");
            }
        }
        fn tick(&mut self, _: f64) {}
        fn file_done(&mut self, _: &Path, _: u64, _: Option<&str>) {}
    }
    let cancel = AtomicBool::new(false);
    let jobs = std::thread::available_parallelism().map_or(1, usize::from);
    let request = Request { library, network, labels: None, jobs, cancel: &cancel, gives_way: false };
    let walked = indexing::walk(&[sounds.to_path_buf()]).unwrap();
    indexing::index(&request, walked, &mut Quiet).unwrap();
}

/// A record as long as those of real libraries.
pub(crate) fn record(root: u16, number: u32, cat: Option<u16>, frames: usize) -> SoundRecord {
    let path = format!(
        "Collection {:02}/Reel {:03}/DOORCreak_Old Wooden Barn Door Slow {number:06}_EMRK_BENCH.wav",
        number % 40,
        number % 977
    );
    let description =
        format!("Old wooden barn door, slow creak with rattle of the latch, take {number}, close and dry");
    SoundRecord {
        root,
        text: format!("{}\n{}", path.to_lowercase(), description.to_lowercase()),
        path: path.into_bytes(),
        file_size: 400_000 + u64::from(number),
        modified_ns: 1_700_000_000_000_000_000 + i64::from(number),
        content_hash: u128::from(number) << 64 | 1,
        duration_s: (frames + 1) as f64 * 1.16,
        sample_rate_hz: 48_000,
        channels: 2,
        container: 0,
        cat,
        cat_source: 0,
        details: Details { description: Some(description), bits_per_sample: Some(24), ..Details::default() },
    }
}
