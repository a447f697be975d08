//! Search in segments large enough for a partition, against brute force: what is found, who votes, filters, merging,
//! older formats, damage.
#![allow(clippy::unwrap_used)]

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use earmark_engine::index::{
    Details, LibraryWriter, ModelId, Quantiser, Segment, Snapshot, SoundId, SoundRecord, SoundRef, verify,
};
use earmark_engine::search::{Passing, Query, Ranking, Scope, search};
use xxhash_rust::xxh3::xxh3_64;

const SIZE: usize = 64;
/// Sounds of the large library, of 1 to 5 frames.
const SOUNDS: u32 = 4000;
/// Around so many centres the frames lie.
const CENTRES: u64 = 60;

/// Seeded numbers in −1..1 (SplitMix64, Steele et al. 2014), roughly normal.
fn numbers(mut seed: u64) -> impl FnMut() -> f32 {
    let mut uniform = move || {
        seed = seed.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = seed;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((z ^ (z >> 31)) >> 40) as f32 / (1u64 << 24) as f32
    };
    move || (0..4).map(|_| uniform()).sum::<f32>() / 2.0 - 1.0
}

/// Embeddings of a sound: around a centre, each frame with something of its own.
fn frames(sound: u32) -> Vec<Vec<f32>> {
    let mut own = numbers(1000 + u64::from(sound));
    let mut centre = numbers(u64::from(sound) % CENTRES);
    let place: Vec<f32> = (0..SIZE).map(|_| 3.0 + centre() + 0.4 * own()).collect();
    (0..1 + sound % 5).map(|_| place.iter().map(|x| x + 0.25 * own()).collect()).collect()
}

/// Every seventh sound has a label, some around each centre.
fn cat(sound: u32) -> Option<u16> {
    sound.is_multiple_of(7).then_some((u64::from(sound) % CENTRES) as u16)
}

fn model() -> ModelId {
    ModelId { name: "m".into(), version: "1".into(), sha256: String::new(), embedding_size: SIZE as u32 }
}

fn quantiser() -> Quantiser {
    Quantiser::new(&[3.0; SIZE])
}

fn add(writer: &mut LibraryWriter, sounds: impl Iterator<Item = u32>) {
    writer.root(Path::new("/")).unwrap();
    let mut segment = writer.begin_segment().unwrap();
    for sound in sounds {
        let quantised: Vec<_> = frames(sound)
            .iter()
            .enumerate()
            .map(|(at, frame)| quantiser().quantise(at as f64, frame))
            .collect();
        let record = SoundRecord {
            root: 0,
            path: format!("{sound}").into_bytes(),
            text: String::new(),
            file_size: 0,
            modified_ns: 0,
            content_hash: u128::from(sound),
            duration_s: f64::from(sound),
            sample_rate_hz: 44_100,
            channels: 1,
            container: 0,
            cat: cat(sound),
            cat_source: 0,
            details: Details::default(),
        };
        segment.add(&record, &quantised).unwrap();
    }
    writer.commit(Some(segment), &BTreeSet::new()).unwrap();
}

/// A library of one segment with a partition.
fn large() -> &'static (tempfile::TempDir, Snapshot) {
    static LARGE: OnceLock<(tempfile::TempDir, Snapshot)> = OnceLock::new();
    LARGE.get_or_init(|| {
        let dir = tempfile::tempdir().unwrap();
        add(&mut LibraryWriter::open(dir.path(), &model()).unwrap(), 0..SOUNDS);
        let snapshot = Snapshot::open(dir.path()).unwrap();
        (dir, snapshot)
    })
}

fn query(frames: &[Vec<f32>]) -> Query {
    Query::new(&quantiser(), frames.iter().enumerate().map(|(at, frame)| (at as f64, frame.as_slice())))
}

/// A region of several frames, near to a few sounds and equal to none.
fn question(number: u32) -> Vec<Vec<f32>> {
    let mut own = numbers(77_000 + u64::from(number));
    let nudge = |frame: Vec<f32>| frame.iter().map(|x| x + 0.15 * own()).collect();
    (0..4).flat_map(|at| frames(number * 17 + at * CENTRES as u32)).take(4).map(nudge).collect()
}

fn exact(query: &[Vec<f32>], sound: u32) -> Vec<f32> {
    let directions: Vec<_> = frames(sound).iter().map(|frame| quantiser().direction(frame).0).collect();
    let best = |frame: &Vec<f32>| {
        let frame = quantiser().direction(frame).0;
        let cosine = |other: &Vec<f32>| frame.iter().zip(other).map(|(a, b)| a * b).sum::<f32>();
        directions.iter().map(cosine).fold(f32::NEG_INFINITY, f32::max)
    };
    query.iter().map(best).collect()
}

fn number(snapshot: &Snapshot, id: SoundId) -> u32 {
    snapshot.get(id).unwrap().row.hash() as u32
}

/// The best `k` of some sounds by brute force, by their mean cosine or by that of one query frame.
fn brute_force(
    query: &[Vec<f32>],
    k: usize,
    frame: Option<usize>,
    sounds: impl Iterator<Item = u32>,
) -> Vec<(f32, u32)> {
    let score = |cosines: Vec<f32>| match frame {
        Some(frame) => cosines[frame],
        None => cosines.iter().sum::<f32>() / cosines.len() as f32,
    };
    let mut all: Vec<(f32, u32)> = sounds.map(|sound| (score(exact(query, sound)), sound)).collect();
    all.sort_by(|a, b| b.0.total_cmp(&a.0));
    all.truncate(k);
    all
}

fn none(_: &SoundRef<'_>) -> bool {
    false
}

fn ask(snapshot: &Snapshot, frames: &[Vec<f32>], k: usize) -> Ranking {
    search(snapshot, &query(frames), &Scope { k, passing: None, votes: true, is_query: &none })
}

fn ask_among(
    snapshot: &Snapshot,
    frames: &[Vec<f32>],
    k: usize,
    passes: &(dyn Fn(&SoundRef<'_>) -> bool + Sync),
) -> Ranking {
    let passing = Passing::new(snapshot, passes);
    search(snapshot, &query(frames), &Scope { k, passing: Some(&passing), votes: true, is_query: &none })
}

/// Asserts that hits are those of brute force, but for some that are as good.
fn assert_hits(snapshot: &Snapshot, ranking: &Ranking, asked: &[Vec<f32>], truth: &[(f32, u32)]) {
    assert_eq!(ranking.hits.len(), truth.len());
    for (hit, (similarity, _)) in ranking.hits.iter().zip(truth) {
        let own = exact(asked, number(snapshot, hit.id));
        let own = own.iter().sum::<f32>() / own.len() as f32;
        assert!((hit.similarity - own).abs() < 0.005, "{} shown for {own}", hit.similarity);
        assert!(
            (hit.similarity - similarity).abs() < 0.005,
            "{} in the place of {similarity}",
            hit.similarity
        );
    }
}

#[test]
fn a_large_segment_gives_the_hits_and_votes_of_brute_force() {
    let (dir, snapshot) = large();
    assert!(verify(dir.path()).unwrap().problems.is_empty());
    for question_number in 0..12 {
        let asked = question(question_number);
        let ranking = ask(snapshot, &asked, 20);
        assert_hits(snapshot, &ranking, &asked, &brute_force(&asked, 20, None, 0..SOUNDS));
        for (frame, votes) in ranking.votes.iter().enumerate() {
            let labelled = (0..SOUNDS).filter(|sound| cat(*sound).is_some());
            let truth = brute_force(&asked, 10, Some(frame), labelled);
            for (vote, (cosine, _)) in votes.iter().zip(&truth) {
                assert!((vote.cosine - cosine).abs() < 0.006, "frame {frame}: {} for {cosine}", vote.cosine);
                assert_eq!(Some(vote.cat), cat(number(snapshot, vote.sound)));
            }
            assert!(votes.len() >= truth.len());
        }
    }
}

#[test]
fn filters_of_any_width_are_as_full_and_as_right_as_brute_force() {
    let (_, snapshot) = large();
    for one_in in [2, 7, 12, 30, 400, 1999] {
        // A region that nothing allowed lies near to makes it harder.
        for asked in [question(3), frames(one_in + 1)] {
            let allows = |sound: &SoundRef<'_>| (sound.row.hash() as u32).is_multiple_of(one_in);
            let ranking = ask_among(snapshot, &asked, 15, &allows);
            let allowed = (0..SOUNDS).filter(|sound| sound.is_multiple_of(one_in));
            assert_hits(snapshot, &ranking, &asked, &brute_force(&asked, 15, None, allowed));
            assert!(ranking.hits.iter().all(|hit| number(snapshot, hit.id).is_multiple_of(one_in)));
        }
    }
    assert!(ask_among(snapshot, &question(0), 10, &none).hits.is_empty());
}

#[test]
fn what_a_filter_keeps_between_questions_changes_no_answer() {
    let (_, snapshot) = large();
    // Lists are sieved for the first two; for the others so few pass that all are compared.
    for one_in in [9, 30, 80, 400] {
        let passes = |sound: &SoundRef<'_>| (sound.row.hash() as u32).is_multiple_of(one_in);
        let kept = Passing::new(snapshot, &passes);
        for number in [3, 4, 3, 5] {
            let asked = query(&question(number));
            let ask = |passing| {
                search(
                    snapshot,
                    &asked,
                    &Scope { k: 15, passing: Some(passing), votes: true, is_query: &none },
                )
            };
            let (again, fresh) = (ask(&kept), ask(&Passing::new(snapshot, &passes)));
            assert_eq!(again.hits, fresh.hits, "one in {one_in}, question {number}");
            assert_eq!(again.votes, fresh.votes, "one in {one_in}, question {number}");
        }
    }
}

#[test]
fn a_wide_filter_that_leaves_out_all_that_is_near_still_finds_the_rest() {
    let (_, snapshot) = large();
    let asked = frames(5);
    // All but the sounds around the query's own centre and some others: most of the library passes.
    let passes = |sound: u32| !(u64::from(sound) % CENTRES).is_multiple_of(5);
    let ranking = ask_among(snapshot, &asked, 20, &|sound| passes(sound.row.hash() as u32));
    let allowed = (0..SOUNDS).filter(|sound| passes(*sound));
    assert_hits(snapshot, &ranking, &asked, &brute_force(&asked, 20, None, allowed));
}

#[test]
fn the_sound_asked_about_and_gone_sounds_neither_answer_nor_vote() {
    let dir = tempfile::tempdir().unwrap();
    let mut writer = LibraryWriter::open(dir.path(), &model()).unwrap();
    add(&mut writer, 0..SOUNDS);
    let gone: BTreeSet<SoundId> =
        writer.snapshot().sounds().map(|(id, _)| id).filter(|id| id.sound.is_multiple_of(5)).collect();
    writer.commit(None, &gone).unwrap();
    let snapshot = writer.snapshot();
    let asked = frames(301);
    let own = |sound: &SoundRef<'_>| sound.row.hash() == 301;
    let ranking =
        search(snapshot, &query(&asked), &Scope { k: 20, passing: None, votes: true, is_query: &own });
    let left = (0..SOUNDS).filter(|sound| !sound.is_multiple_of(5) && *sound != 301);
    assert_hits(snapshot, &ranking, &asked, &brute_force(&asked, 20, None, left));
    let voters = ranking.votes.iter().flatten().map(|vote| vote.sound.sound);
    assert!(voters.into_iter().all(|sound| !sound.is_multiple_of(5) && sound != 301));
}

#[test]
fn however_many_sounds_are_the_one_asked_about_the_others_are_found() {
    let (_, snapshot) = large();
    let asked = frames(301);
    // More than are kept while lists are looked into, and most of what is near.
    let own = |sound: &SoundRef<'_>| !sound.row.hash().is_multiple_of(3);
    let passes: [fn(u32) -> bool; 3] =
        [|_| true, |sound| !sound.is_multiple_of(5), |sound| sound.is_multiple_of(13)];
    for passes in passes {
        let passing = Passing::new(snapshot, &|sound| passes(sound.row.hash() as u32));
        let passing = (passing.len() < SOUNDS as usize).then_some(&passing);
        let scope = Scope { k: 20, passing, votes: true, is_query: &own };
        let ranking = search(snapshot, &query(&asked), &scope);
        let left = (0..SOUNDS).filter(|sound| sound.is_multiple_of(3) && passes(*sound));
        assert_hits(snapshot, &ranking, &asked, &brute_force(&asked, 20, None, left));
        assert!(ranking.votes.iter().flatten().all(|vote| vote.sound.sound.is_multiple_of(3)));
    }
}

#[test]
fn a_library_of_many_small_runs_answers_like_one_made_at_once_and_gives_space_back() {
    let dir = tempfile::tempdir().unwrap();
    let mut writer = LibraryWriter::open(dir.path(), &model()).unwrap();
    for first in (0..SOUNDS).step_by(100) {
        writer.merge_in_background();
        add(&mut writer, first..first + 100);
        writer.tidy(&|| false).unwrap();
    }
    let snapshot = Snapshot::open(dir.path()).unwrap();
    assert!(snapshot.segments().count() <= 12, "{} segments", snapshot.segments().count());
    assert!(verify(dir.path()).unwrap().problems.is_empty());
    let asked = question(5);
    let ranking = ask(&snapshot, &asked, 20);
    assert_hits(&snapshot, &ranking, &asked, &brute_force(&asked, 20, None, 0..SOUNDS));

    let before = size_of_files(dir.path());
    let gone: BTreeSet<SoundId> =
        writer.snapshot().sounds().filter(|(_, sound)| sound.row.hash() % 2 == 0).map(|(id, _)| id).collect();
    writer.commit(None, &gone).unwrap();
    writer.tidy(&|| false).unwrap();
    let after = size_of_files(dir.path());
    assert!(after * 100 < before * 65, "{before} bytes before, {after} after");
    assert!(verify(dir.path()).unwrap().problems.is_empty());
    let left = brute_force(&asked, 20, None, (0..SOUNDS).filter(|sound| sound % 2 == 1));
    assert_hits(writer.snapshot(), &ask(writer.snapshot(), &asked, 20), &asked, &left);
}

#[test]
fn what_is_deleted_while_segments_are_merged_stays_deleted() {
    let dir = tempfile::tempdir().unwrap();
    let mut writer = LibraryWriter::open(dir.path(), &model()).unwrap();
    for part in 0..6 {
        add(&mut writer, part * 50..part * 50 + 50);
    }
    writer.merge_in_background();
    let gone: BTreeSet<SoundId> =
        writer.snapshot().sounds().filter(|(_, sound)| sound.row.hash() % 7 == 0).map(|(id, _)| id).collect();
    writer.commit(None, &gone).unwrap();
    add(&mut writer, 300..310);
    writer.tidy(&|| false).unwrap();
    let snapshot = Snapshot::open(dir.path()).unwrap();
    let mut found: Vec<u32> = snapshot.sounds().map(|(_, sound)| sound.row.hash() as u32).collect();
    found.sort_unstable();
    let expected: Vec<u32> = (0..310).filter(|sound| sound % 7 != 0 || *sound >= 300).collect();
    assert_eq!(found, expected);
    assert!(verify(dir.path()).unwrap().problems.is_empty());
    let files = fs::read_dir(dir.path()).unwrap().count();
    assert_eq!(files, snapshot.manifest().segments.len() + 2, "segments, manifest and lock, nothing else");
}

#[test]
fn a_merge_that_is_stopped_leaves_the_library_as_it_was() {
    let dir = tempfile::tempdir().unwrap();
    let mut writer = LibraryWriter::open(dir.path(), &model()).unwrap();
    for part in 0..6 {
        add(&mut writer, part * 50..part * 50 + 50);
    }
    writer.tidy(&|| true).unwrap();
    assert_eq!(writer.snapshot().segments().count(), 6);
    writer.merge_in_background();
    drop(writer);
    let mut writer = LibraryWriter::open(dir.path(), &model()).unwrap();
    assert_eq!(writer.snapshot().sounds().count(), 300);
    writer.tidy(&|| false).unwrap();
    assert_eq!(writer.snapshot().segments().count(), 1);
    assert_eq!(writer.snapshot().sounds().count(), 300);
}

#[test]
fn an_older_library_answers_and_is_upgraded_in_place() {
    let dir = tempfile::tempdir().unwrap();
    add(&mut LibraryWriter::open(dir.path(), &model()).unwrap(), 0..SOUNDS);
    let old = segment_file(dir.path());
    make_first_version(&old);
    let asked = question(7);
    let truth = brute_force(&asked, 20, None, 0..SOUNDS);
    let snapshot = Snapshot::open(dir.path()).unwrap();
    assert!(snapshot.damage().is_empty(), "{:?}", snapshot.damage());
    assert!(verify(dir.path()).unwrap().problems.is_empty());
    assert_hits(&snapshot, &ask(&snapshot, &asked, 20), &asked, &truth);

    let mut writer = LibraryWriter::open(dir.path(), &model()).unwrap();
    writer.tidy(&|| false).unwrap();
    let new = segment_file(dir.path());
    assert_ne!(new, old);
    assert_eq!(fs::read(&new).unwrap()[8], 2, "the present version");
    assert!(verify(dir.path()).unwrap().problems.is_empty());
    assert_hits(writer.snapshot(), &ask(writer.snapshot(), &asked, 20), &asked, &truth);
    // A reader of the old state goes on.
    assert_hits(&snapshot, &ask(&snapshot, &asked, 20), &asked, &truth);
}

#[test]
fn damage_to_the_partition_is_found_by_verify_and_harms_no_search() {
    let (dir, _) = large();
    let path = segment_file(dir.path());
    let whole = fs::read(&path).unwrap();
    let copy = tempfile::tempdir().unwrap();
    for file in ["manifest", path.file_name().unwrap().to_str().unwrap()] {
        fs::copy(dir.path().join(file), copy.path().join(file)).unwrap();
    }
    let copied = copy.path().join(path.file_name().unwrap());
    let asked = question(1);
    for (kind, offset, length) in section_table(&whole).into_iter().filter(|(kind, ..)| *kind >= 7) {
        for at in (0..length).step_by((length / 24).max(1)) {
            let mut bytes = whole.clone();
            // The highest bit, where it changes most: numbers of sounds, blocks and frames, exponents.
            bytes[offset + (at | 3).min(length - 1)] ^= 0x80;
            fs::remove_file(&copied).unwrap();
            fs::write(&copied, &bytes).unwrap();
            let snapshot = Snapshot::open(copy.path()).unwrap();
            let ranking = ask(&snapshot, &asked, 20);
            assert!(ranking.hits.iter().all(|hit| snapshot.get(hit.id).is_some()));
            let passes = |sound: &SoundRef<'_>| sound.row.hash().is_multiple_of(12);
            let ranking = ask_among(&snapshot, &asked, 20, &passes);
            assert!(ranking.hits.iter().all(|hit| snapshot.get(hit.id).is_some_and(|sound| passes(&sound))));
            assert_eq!(verify(copy.path()).unwrap().problems.len(), 1, "section {kind}, byte {at}");
        }
    }
}

fn segment_file(dir: &Path) -> PathBuf {
    let mut files = fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().path());
    files.find(|path| path.extension().is_some_and(|ending| ending == "segment")).unwrap()
}

fn size_of_files(dir: &Path) -> u64 {
    fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().metadata().unwrap().len()).sum()
}

/// Kind, offset and length of each section.
fn section_table(segment: &[u8]) -> Vec<(u32, usize, usize)> {
    let word = |at: usize| u64::from_le_bytes(segment[at..at + 8].try_into().unwrap());
    let count = word(8) >> 32;
    (0..count as usize)
        .map(|at| 16 + 32 * at)
        .map(|at| (word(at) as u32, word(at + 8) as usize, word(at + 16) as usize))
        .collect()
}

/// Makes a segment what the first version would have written: without labelled sounds and partition.
fn make_first_version(path: &Path) {
    let whole = fs::read(path).unwrap();
    let entries = section_table(&whole).into_iter().enumerate().filter(|(_, (kind, ..))| *kind <= 6);
    let kept: Vec<usize> = entries.map(|(at, _)| 16 + 32 * at).collect();
    let mut head = whole[..8].to_vec();
    head.extend(1u32.to_le_bytes());
    head.extend((kept.len() as u32).to_le_bytes());
    kept.iter().for_each(|at| head.extend(&whole[*at..*at + 32]));
    head.extend(xxh3_64(&head).to_le_bytes());
    head.resize(4096, 0);
    head.extend(&whole[4096..]);
    // Another file, as nobody changes one that may be mapped.
    fs::remove_file(path).unwrap();
    fs::write(path, head).unwrap();
    assert!(Segment::open(path).is_ok());
}
