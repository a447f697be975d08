//! The real sounds alone, nothing spread: recall and similarities against the floats that the network gave.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use earmark_engine::audio::MonoStream;
use earmark_engine::index::{LibraryWriter, QuantisedFrame, Quantiser, Snapshot, SoundRef};
use earmark_engine::indexing::{self, model_id};
use earmark_engine::network::{Embedder, Network};
use earmark_engine::search::{Query, Scope, search};

use crate::library::record;
use crate::{QUERY_FRAMES, RESULTS};

/// Every so manieth sound is asked about.
const EVERY: usize = 8;

/// Embeds a folder of sounds and asks for the sounds nearest to some of them.
pub(crate) fn measure(folder: &Path, network: &Network) {
    let mean = &network.card().centring.mean;
    let sounds = embeddings(folder, network);
    let quantiser = Quantiser::new(mean);
    let dir = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    let mut writer = LibraryWriter::open(dir.path(), &model_id(network)).unwrap();
    let root = writer.root(Path::new("/Volumes/Effects")).unwrap();
    let mut segment = writer.begin_segment().unwrap();
    for (number, sound) in sounds.iter().enumerate() {
        let frames: Vec<QuantisedFrame> =
            sound.iter().enumerate().map(|(at, frame)| quantiser.quantise(at as f64, frame)).collect();
        segment.add(&record(root, number as u32, None, frames.len()), &frames).unwrap();
    }
    writer.commit(Some(segment), &BTreeSet::new()).unwrap();
    drop(writer);
    let snapshot = Snapshot::open(dir.path()).unwrap();
    let directions: Vec<Vec<Vec<f32>>> =
        sounds.iter().map(|sound| sound.iter().map(|frame| quantiser.direction(frame).0).collect()).collect();
    let (mut shared, mut asked, mut worst) = (0, 0, 0.0f32);
    for number in (0..sounds.len()).step_by(EVERY) {
        let asked_about = &sounds[number][..sounds[number].len().min(QUERY_FRAMES)];
        let query = Query::new(&quantiser, asked_about.iter().map(|frame| (0.0, frame.as_slice())));
        let itself = |sound: &SoundRef<'_>| sound.row.hash() >> 64 == number as u128;
        let ranking =
            search(&snapshot, &query, &Scope { k: RESULTS, passing: None, votes: true, is_query: &itself });
        let mut exact: Vec<(f32, usize)> = (0..sounds.len())
            .filter(|other| *other != number)
            .map(|other| (similarity(&directions[number][..asked_about.len()], &directions[other]), other))
            .collect();
        exact.sort_by(|a, b| b.0.total_cmp(&a.0));
        exact.truncate(RESULTS);
        for hit in &ranking.hits {
            let found = (snapshot.get(hit.id).unwrap().row.hash() >> 64) as usize;
            let truth = exact.iter().find(|(_, sound)| *sound == found);
            shared += usize::from(truth.is_some());
            worst = truth.map_or(worst, |(cosine, _)| worst.max((cosine - hit.similarity).abs()));
        }
        asked += 1;
    }
    println!(
        "{} real sounds alone, {} frames: recall@{RESULTS} {:.4} over {asked}, similarities within {worst:.4}",
        sounds.len(),
        sounds.iter().map(Vec::len).sum::<usize>(),
        f64::from(shared as u32) / (RESULTS * asked) as f64,
    );
}

/// Mean over the frames asked about of the best cosine among a sound's.
fn similarity(asked: &[Vec<f32>], sound: &[Vec<f32>]) -> f32 {
    let dot = |a: &[f32], b: &[f32]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f32>();
    let best =
        |frame: &Vec<f32>| sound.iter().map(|other| dot(frame, other)).fold(f32::NEG_INFINITY, f32::max);
    asked.iter().map(best).sum::<f32>() / asked.len() as f32
}

/// The embeddings of each sound of a folder.
fn embeddings(folder: &Path, network: &Network) -> Vec<Vec<Vec<f32>>> {
    let mut files: Vec<PathBuf> =
        indexing::walk(&[folder.to_path_buf()]).unwrap().files.into_iter().map(|file| file.path).collect();
    files.sort();
    let mut embedder = Embedder::new(network).unwrap();
    let rate_hz = network.card().front_end.sample_rate_hz;
    let embed = |file: &PathBuf| {
        let mut frames = Vec::new();
        let mut stream = MonoStream::open(file, rate_hz).ok()?;
        embedder.embed_stream(&mut stream, &mut |frame| frames.push(frame.embedding.to_vec())).ok()?;
        Some(frames).filter(|frames| !frames.is_empty())
    };
    files.iter().filter_map(embed).collect()
}
