//! A small library and audio to ask about, made once for all tests of this program.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use std::sync::atomic::AtomicBool;

use earmark_demo::{Audio, SampleFormat, render, wav};
use earmark_engine::audio::MonoStream;
use earmark_engine::index::{Quantiser, Snapshot};
use earmark_engine::indexing::{self, Observer, Request, Walked, walk};
use earmark_engine::network::{Embedder, Network};
use earmark_engine::search::{Query, Scope, search};

/// Names of the sounds, as UCS has them; what they sound like does not matter, as long as they differ.
const SOUNDS: [&str; 8] = [
    "DOORWood_Door slam_DEMO_TEST.wav",
    "WATRDrip_Drip_DEMO_TEST.wav",
    "BELLLrg_Church bell_DEMO_TEST.wav",
    "GLASBrk_Glass break_DEMO_TEST.wav",
    "METLImpt_Clang_DEMO_TEST.wav",
    "FIREBurn_Fire_DEMO_TEST.wav",
    "WINDGust_Wind_DEMO_TEST.wav",
    "RAINVege_Rain_DEMO_TEST.wav",
];

/// The library, its sounds and the network.
pub(crate) struct Fixture {
    _dir: tempfile::TempDir,
    pub(crate) library: PathBuf,
    pub(crate) sounds: PathBuf,
    pub(crate) network: Network,
}

/// Made by the first test that wants it.
pub(crate) fn fixture() -> &'static Fixture {
    static FIXTURE: OnceLock<Fixture> = OnceLock::new();
    FIXTURE.get_or_init(|| {
        let dir = tempfile::tempdir().unwrap();
        let root = dir.path().canonicalize().unwrap();
        let (library, sounds) = (root.join("library"), root.join("sounds"));
        fs::create_dir(&sounds).unwrap();
        let recipes: Vec<&str> = earmark_demo::recipes::all().map(|recipe| recipe.name).collect();
        for (at, name) in SOUNDS.iter().enumerate() {
            let recipe = recipes[at * recipes.len() / SOUNDS.len()];
            write(&sounds.join(name), &shortened(render(recipe, 1, 1).unwrap(), 3.0));
        }
        let network = Network::load(&Path::new(env!("CARGO_MANIFEST_DIR")).join("../models/aisfx")).unwrap();
        make_library(&library, &sounds, &network);
        Fixture { _dir: dir, library, sounds, network }
    })
}

impl Fixture {
    /// The path of a sound of the library, by its place.
    pub(crate) fn sound(&self, at: usize) -> PathBuf {
        self.sounds.join(SOUNDS[at])
    }

    /// What `earmark find` answers to a file: names with similarities in percent, best first.
    pub(crate) fn find(&self, file: &Path, from_s: f64, to_s: Option<f64>) -> Vec<(String, f32)> {
        let mut embedder = Embedder::new(&self.network).unwrap();
        let card = self.network.card();
        let reader = earmark_engine::audio::AudioReader::open(file).unwrap();
        let mut stream =
            MonoStream::from_reader(reader, card.front_end.sample_rate_hz, from_s, to_s).unwrap();
        let mut frames: Vec<(f64, Vec<f32>)> = Vec::new();
        embedder
            .embed_stream(&mut stream, &mut |frame| frames.push((frame.start_s, frame.embedding.to_vec())))
            .unwrap();
        let quantiser = Quantiser::new(&card.centring.mean);
        let query =
            Query::new(&quantiser, frames.iter().map(|(start_s, frame)| (*start_s, frame.as_slice())));
        let snapshot = Snapshot::open(&self.library).unwrap();
        let scope = Scope { k: 100, passing: None, votes: true, is_query: &|_| false };
        let hits = search(&snapshot, &query, &scope).hits;
        let named = |hit: &earmark_engine::search::Hit| {
            let path = snapshot.full_path(&snapshot.get(hit.id).unwrap()).unwrap();
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            (name, card.similarity_percent(hit.similarity))
        };
        hits.iter().map(named).collect()
    }
}

/// Indexes a folder into a library.
pub(crate) fn make_library(library: &Path, sounds: &Path, network: &Network) {
    let cancel = AtomicBool::new(false);
    let walked: Walked = walk(&[sounds.to_owned()]).unwrap();
    indexing::index(&request(library, network, &cancel), walked, &mut Demanding).unwrap();
}

/// Gives a library another model.
pub(crate) fn convert_library(library: &Path, network: &Network) {
    let cancel = AtomicBool::new(false);
    let done = indexing::convert(&request(library, network, &cancel), false, &mut Demanding).unwrap();
    assert!(done.replaced);
}

fn request<'a>(library: &'a Path, network: &'a Network, cancel: &'a AtomicBool) -> Request<'a> {
    Request { library, network, labels: None, jobs: 2, cancel, gives_way: false }
}

/// Stands no file that cannot be used.
struct Demanding;

impl Observer for Demanding {
    fn planned(&mut self, _files: usize, _bytes: u64) {}
    fn tick(&mut self, _audio_s: f64) {}
    fn file_done(&mut self, path: &Path, _bytes: u64, problem: Option<&str>) {
        assert_eq!(problem, None, "{}", path.display());
    }
}

/// A take of a recipe in stereo at a rate, whatever the recipe's own: its pitch does not matter.
pub(crate) fn stereo(recipe_at: usize, take: u32, rate_hz: u32, seconds: f64) -> Vec<Vec<f32>> {
    let recipes: Vec<&str> = earmark_demo::recipes::all().map(|recipe| recipe.name).collect();
    let audio = render(recipes[recipe_at % recipes.len()], 1, take).unwrap();
    let length = (seconds * f64::from(rate_hz)) as usize;
    let channel = |at: usize| {
        let samples = &audio.channels[at.min(audio.channels.len() - 1)];
        samples.iter().copied().cycle().take(length).collect()
    };
    vec![channel(0), channel(1)]
}

/// Writes audio as a 32-bit float WAV, so that not a bit is lost.
pub(crate) fn write(path: &Path, audio: &Audio) {
    fs::write(path, wav::encode(audio, SampleFormat::F32, &Default::default())).unwrap();
}

fn shortened(mut audio: Audio, seconds: f64) -> Audio {
    let length = (seconds * f64::from(audio.sample_rate_hz)) as usize;
    audio.channels.iter_mut().for_each(|channel| channel.truncate(length));
    audio
}
