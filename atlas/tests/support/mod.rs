//! Clusters of vectors, and libraries of them.
#![allow(dead_code, reason = "each test uses a part of it")]

use std::collections::BTreeSet;
use std::num::NonZero;
use std::ops::ControlFlow;
use std::path::Path;

use earmark_atlas::{Options, Progress};
use earmark_engine::index::{
    Details, LibraryWriter, ModelId, QuantisedFrame, Quantiser, Snapshot, SoundId, SoundRecord,
};

/// Components of an embedding.
pub(crate) const SIZE: usize = 64;
/// Clusters that sounds are in.
pub(crate) const CLUSTERS: u64 = 12;

/// SplitMix64 (Steele et al. 2014).
fn scramble(number: u64) -> u64 {
    let mut z = number.wrapping_add(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

/// Near to normal, of deviation 1.
fn normal(seed: u64) -> f32 {
    let uniform = |at: u64| (scramble(seed << 2 | at) >> 40) as f32 / (1u64 << 24) as f32 - 0.5;
    (0..4).map(uniform).sum::<f32>() * 3f32.sqrt()
}

/// The vector of a sound: its cluster's centre and noise of almost its size, so that two dimensions are not enough to
/// tell twelve clusters apart, and sixty-four are.
pub(crate) fn vector(sound: u64) -> Vec<f32> {
    let cluster = sound % CLUSTERS;
    (0..SIZE as u64).map(|at| normal(cluster << 8 | at) + 0.8 * normal((sound + 1000) << 8 | at)).collect()
}

pub(crate) fn cluster(sound: u64) -> u64 {
    sound % CLUSTERS
}

pub(crate) fn options() -> Options {
    Options { threads: NonZero::new(2).unwrap(), ..Options::default() }
}

/// Watches without a word.
pub(crate) fn go_on(_: Progress) -> ControlFlow<()> {
    ControlFlow::Continue(())
}

fn record(sound: u64) -> SoundRecord {
    SoundRecord {
        root: 0,
        path: format!("Sound {sound}.wav").into_bytes(),
        text: String::new(),
        file_size: 1000,
        modified_ns: 5,
        content_hash: u128::from(scramble(sound)) << 64 | 9,
        duration_s: 1.0,
        sample_rate_hz: 48_000,
        channels: 2,
        container: 1,
        cat: Some(cluster(sound) as u16),
        cat_source: 1,
        details: Details::default(),
    }
}

/// Adds sounds to a library, each segment by segment, and commits the end of others.
pub(crate) fn add(dir: &Path, segments: &[Vec<u64>], gone: &BTreeSet<SoundId>) -> Snapshot {
    let model = ModelId {
        name: "test".into(),
        version: "1".into(),
        sha256: "ab".repeat(32),
        embedding_size: SIZE as u32,
    };
    let mut writer = LibraryWriter::open(dir, &model).unwrap();
    writer.add_folder(Path::new("/sounds")).unwrap();
    let quantiser = Quantiser::new(&[0.0; SIZE]);
    for sounds in segments {
        let mut segment = writer.begin_segment().unwrap();
        for sound in sounds {
            let frames: Vec<QuantisedFrame> =
                (0..1 + sound % 3).map(|frame| quantiser.quantise(frame as f64, &vector(*sound))).collect();
            segment.add(&record(*sound), &frames).unwrap();
        }
        writer.commit(Some(segment), gone).unwrap();
    }
    if segments.is_empty() {
        writer.commit(None, gone).unwrap();
    }
    Snapshot::open(dir).unwrap()
}

/// The number of a sound of such a library.
pub(crate) fn number(snapshot: &Snapshot, id: SoundId) -> u64 {
    let path = snapshot.get(id).unwrap().path().unwrap();
    path.to_str().unwrap().strip_prefix("Sound ").unwrap().strip_suffix(".wav").unwrap().parse().unwrap()
}
