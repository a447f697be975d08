//! Search against a brute-force reference on seeded embeddings.
#![allow(clippy::unwrap_used)]

use std::collections::BTreeSet;
use std::path::Path;

use earmark_engine::index::{
    Details, LibraryWriter, ModelId, Quantiser, Snapshot, SoundId, SoundRecord, SoundRef,
};
use earmark_engine::search::{MAX_QUERY_FRAMES, Passing, Query, Scope, categories, search};

const SIZE: usize = 64;

fn numbers(mut seed: u64) -> impl FnMut() -> f32 {
    move || {
        seed ^= seed << 13;
        seed ^= seed >> 7;
        seed ^= seed << 17;
        (seed >> 40) as f32 / (1u64 << 24) as f32
    }
}

struct Library {
    _dir: tempfile::TempDir,
    snapshot: Snapshot,
    quantiser: Quantiser,
    /// `[sounds][frames][SIZE]`
    embeddings: Vec<Vec<Vec<f32>>>,
}

/// 600 sounds of 1 to 4 frames in three segments; every third one is labelled.
fn library() -> Library {
    let dir = tempfile::tempdir().unwrap();
    let model =
        ModelId { name: "m".into(), version: "1".into(), sha256: String::new(), embedding_size: SIZE as u32 };
    let mut number = numbers(42);
    let mean: Vec<f32> = (0..SIZE).map(|_| number()).collect();
    let quantiser = Quantiser::new(&mean);
    let mut writer = LibraryWriter::open(dir.path(), &model).unwrap();
    writer.root(Path::new("/")).unwrap();
    let mut embeddings = Vec::new();
    for part in 0..3 {
        let mut segment = writer.begin_segment().unwrap();
        for sound in part * 200..(part + 1) * 200 {
            let frames: Vec<Vec<f32>> =
                (0..1 + sound % 4).map(|_| (0..SIZE).map(|_| number() * 2.0).collect()).collect();
            let quantised: Vec<_> =
                frames.iter().enumerate().map(|(at, frame)| quantiser.quantise(at as f64, frame)).collect();
            let record = SoundRecord {
                root: 0,
                path: format!("{sound}").into_bytes(),
                text: String::new(),
                file_size: 0,
                modified_ns: 0,
                content_hash: sound as u128,
                duration_s: f64::from(sound),
                sample_rate_hz: 44_100,
                channels: 1,
                container: 0,
                cat: (sound % 3 == 0).then_some((sound % 7) as u16),
                cat_source: 0,
                details: Details::default(),
            };
            segment.add(&record, &quantised).unwrap();
            embeddings.push(frames);
        }
        writer.commit(Some(segment), &BTreeSet::new()).unwrap();
    }
    let snapshot = Snapshot::open(dir.path()).unwrap();
    Library { _dir: dir, snapshot, quantiser, embeddings }
}

impl Library {
    fn query(&self, frames: &[Vec<f32>]) -> Query {
        Query::new(
            &self.quantiser,
            frames.iter().enumerate().map(|(at, frame)| (at as f64, frame.as_slice())),
        )
    }

    fn number(&self, id: SoundId) -> usize {
        self.snapshot.get(id).unwrap().row.duration_s as usize
    }

    fn exact(&self, query: &[Vec<f32>], sound: usize) -> f32 {
        let cosine = |a: &[f32], b: &[f32]| {
            let (a, b) = (self.quantiser.direction(a).0, self.quantiser.direction(b).0);
            a.iter().zip(&b).map(|(a, b)| a * b).sum::<f32>()
        };
        let best = |frame: &Vec<f32>| {
            self.embeddings[sound].iter().map(|other| cosine(frame, other)).fold(f32::NEG_INFINITY, f32::max)
        };
        query.iter().map(best).sum::<f32>() / query.len() as f32
    }
}

const NONE: &(dyn Fn(&SoundRef<'_>) -> bool + Sync) = &|_| false;

#[test]
fn the_ranking_is_that_of_brute_force() {
    let library = library();
    let frames: Vec<Vec<f32>> =
        [5, 17, 330].iter().map(|sound| library.embeddings[*sound][0].clone()).collect();
    let ranking = search(
        &library.snapshot,
        &library.query(&frames),
        &Scope { k: 25, passing: None, votes: true, is_query: NONE },
    );
    let mut exact: Vec<(f32, usize)> = (0..600).map(|sound| (library.exact(&frames, sound), sound)).collect();
    exact.sort_by(|a, b| b.0.total_cmp(&a.0));
    assert_eq!(ranking.hits.len(), 25);
    for (hit, (cosine, _)) in ranking.hits.iter().zip(&exact) {
        assert!((hit.similarity - cosine).abs() < 0.005, "{} for {cosine}", hit.similarity);
        let own = library.exact(&frames, library.number(hit.id));
        assert!((hit.similarity - own).abs() < 0.005, "{} for {own}", hit.similarity);
    }
}

#[test]
fn the_moment_that_matches_is_pointed_at() {
    let library = library();
    let sound = 203;
    let query = [library.embeddings[7][0].clone(), library.embeddings[sound][2].clone()];
    let ranking = search(
        &library.snapshot,
        &library.query(&query[1..]),
        &Scope { k: 1, passing: None, votes: true, is_query: NONE },
    );
    assert_eq!(library.number(ranking.hits[0].id), sound);
    assert_eq!(ranking.hits[0].start_s, 2.0);
    let only = Passing::new(&library.snapshot, &|found| found.row.duration_s as usize == sound);
    let ranking = search(
        &library.snapshot,
        &library.query(&query),
        &Scope { k: 5, passing: Some(&only), votes: true, is_query: NONE },
    );
    assert_eq!(ranking.hits.len(), 1);
    assert_eq!((ranking.hits[0].start_s, ranking.hits[0].query_start_s), (2.0, 1.0));
}

#[test]
fn a_narrow_filter_is_never_emptier_than_it_must_be() {
    let library = library();
    let query = library.query(&library.embeddings[0]);
    let rare = Passing::new(&library.snapshot, &|sound| sound.row.duration_s as usize % 100 == 99);
    assert_eq!(rare.len(), 6);
    let ranking = search(
        &library.snapshot,
        &query,
        &Scope { k: 10, passing: Some(&rare), votes: true, is_query: NONE },
    );
    assert_eq!(ranking.hits.len(), 6);
    assert!(ranking.hits.iter().all(|hit| library.number(hit.id) % 100 == 99));
}

#[test]
fn the_sound_asked_about_neither_answers_nor_votes() {
    let library = library();
    let sound = 300;
    let query = library.query(&library.embeddings[sound]);
    let own = |found: &SoundRef<'_>| found.row.hash() == sound as u128;
    let with = search(&library.snapshot, &query, &Scope { k: 3, passing: None, votes: true, is_query: NONE });
    assert_eq!(library.number(with.hits[0].id), sound);
    assert!(with.votes[0][0].cosine > 0.99);
    let without =
        search(&library.snapshot, &query, &Scope { k: 3, passing: None, votes: true, is_query: &own });
    assert!(without.hits.iter().all(|hit| library.number(hit.id) != sound));
    assert!(without.votes[0][0].cosine < 0.99);
    let shares = categories(&with.votes);
    assert_eq!(shares.categories[0].cat, (sound % 7) as u16);
    let total: f32 = shares.categories.iter().map(|category| category.share).sum::<f32>() + shares.unknown;
    assert!((total - 1.0).abs() < 1e-4);
    assert!(shares.unknown < 0.4, "{}", shares.unknown);
    // The opposite of every sound: nothing labelled is near, no idea.
    let opposite: Vec<f32> = library.embeddings[sound][0].iter().map(|value| -value).collect();
    let far = search(
        &library.snapshot,
        &library.query(&[opposite]),
        &Scope { k: 3, passing: None, votes: true, is_query: NONE },
    );
    let unknown = categories(&far.votes).unknown;
    assert!(unknown > 0.9, "{unknown}");
    assert_eq!(categories(&[]).unknown, 1.0);
}

#[test]
fn a_long_region_is_thinned_evenly() {
    let library = library();
    let frames: Vec<Vec<f32>> = library.embeddings.iter().flatten().take(100).cloned().collect();
    let query = library.query(&frames);
    assert_eq!(query.len(), MAX_QUERY_FRAMES);
    let starts: Vec<f64> = (0..query.len()).map(|frame| query.start_s(frame)).collect();
    assert!(starts.windows(2).all(|pair| (3.0..=4.0).contains(&(pair[1] - pair[0]))), "{starts:?}");
    assert!(
        search(
            &library.snapshot,
            &library.query(&[]),
            &Scope { k: 5, passing: None, votes: true, is_query: NONE }
        )
        .hits
        .is_empty()
    );
}
