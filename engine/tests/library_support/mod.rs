//! Libraries in which everything about a sound follows from its number, so that a wrong answer gives itself away.
#![allow(dead_code, reason = "each test uses a part of it")]

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use earmark_engine::index::{
    Details, IndexError, LibraryWriter, ModelId, QuantisedFrame, Quantiser, Snapshot, SoundId, SoundRecord,
};
use earmark_engine::search::{Passing, Query, Ranking, Scope, search};

/// Components of an embedding.
pub(crate) const SIZE: usize = 16;
/// The folder that sounds are in.
pub(crate) const ROOT: &str = "/sounds";

pub(crate) fn model() -> ModelId {
    ModelId { name: "test".into(), version: "1".into(), sha256: "ab".repeat(32), embedding_size: SIZE as u32 }
}

pub(crate) fn quantiser() -> Quantiser {
    Quantiser::new(&[0.5; SIZE])
}

/// SplitMix64 (Steele et al. 2014).
pub(crate) fn scramble(number: u64) -> u64 {
    let mut z = number.wrapping_add(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

/// The embedding of a frame of a sound.
pub(crate) fn embedding(sound: u64, frame: u64) -> Vec<f32> {
    (0..SIZE as u64)
        .map(|at| (scramble(sound << 20 | frame << 8 | at) >> 40) as f32 / (1u64 << 24) as f32)
        .collect()
}

pub(crate) fn frame_count(sound: u64) -> u64 {
    1 + sound % 3
}

pub(crate) fn frames(sound: u64) -> Vec<QuantisedFrame> {
    (0..frame_count(sound))
        .map(|frame| quantiser().quantise(frame as f64, &embedding(sound, frame)))
        .collect()
}

/// The path of a sound, below [`ROOT`].
pub(crate) fn name(sound: u64) -> String {
    format!("oops {}/Sound {sound}.wav", sound % 7)
}

pub(crate) fn record(sound: u64) -> SoundRecord {
    SoundRecord {
        root: 0,
        path: name(sound).into_bytes(),
        text: name(sound).to_lowercase(),
        file_size: 1000 + sound,
        modified_ns: 5,
        content_hash: u128::from(sound) << 64 | 9,
        duration_s: frame_count(sound) as f64,
        sample_rate_hz: 48_000,
        channels: 2,
        container: 1,
        cat: sound.is_multiple_of(2).then_some((sound % 100) as u16),
        cat_source: 1,
        details: Details { description: Some("créaking".into()), ..Details::default() },
    }
}

/// Commits sounds as one segment, and the end of others.
pub(crate) fn commit(
    writer: &mut LibraryWriter,
    sounds: impl IntoIterator<Item = u64>,
    gone: &BTreeSet<SoundId>,
) -> Result<(), IndexError> {
    writer.add_folder(Path::new(ROOT))?;
    let mut segment = writer.begin_segment()?;
    for sound in sounds {
        segment.add(&record(sound), &frames(sound))?;
    }
    writer.commit(Some(segment), gone)
}

/// The number of the sound that a path is of, if it is one that was written.
pub(crate) fn number_of(path: &Path) -> Option<u64> {
    let number = path.file_stem()?.to_str()?.strip_prefix("Sound ")?.parse().ok()?;
    (path == PathBuf::from(ROOT).join(name(number))).then_some(number)
}

/// The twenty sounds closest to all frames of a sound.
pub(crate) fn ask(snapshot: &Snapshot, sound: u64) -> Ranking {
    ask_among(snapshot, sound, None)
}

/// The same among those that pass a filter.
pub(crate) fn ask_among(snapshot: &Snapshot, sound: u64, passing: Option<&Passing>) -> Ranking {
    let embeddings: Vec<Vec<f32>> = (0..frame_count(sound)).map(|frame| embedding(sound, frame)).collect();
    let frames = embeddings.iter().enumerate().map(|(at, frame)| (at as f64, frame.as_slice()));
    let query = Query::new(&quantiser(), frames);
    search(snapshot, &query, &Scope { k: 20, passing, votes: true, is_query: &|_| false })
}

/// The similarity that a question about one sound should give to another, from their numbers alone.
pub(crate) fn similarity(asked: u64, answer: u64) -> f32 {
    let direction = |sound, frame| quantiser().direction(&embedding(sound, frame)).0;
    let best = |frame| {
        let asked = direction(asked, frame);
        (0..frame_count(answer))
            .map(|frame| asked.iter().zip(direction(answer, frame)).map(|(a, b)| a * b).sum::<f32>())
            .fold(f32::NEG_INFINITY, f32::max)
    };
    (0..frame_count(asked)).map(best).sum::<f32>() / frame_count(asked) as f32
}
