//! The closest labelled sounds of many sounds at once.
#![allow(clippy::unwrap_used)]

use std::collections::BTreeSet;
use std::path::Path;

use earmark_engine::index::{
    Details, LibraryWriter, ModelId, QuantisedFrame, Quantiser, Snapshot, SoundId, SoundRecord, SoundRef,
};
use earmark_engine::search::{MAX_ASKED_FRAMES, NEIGHBOURS, Neighbourhood, Neighbours, neighbours};

const SIZE: usize = 64;

/// SplitMix64 (Steele et al. 2014).
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// Roughly normal.
    fn normal(&mut self) -> f32 {
        (0..4).map(|_| (self.next() >> 40) as f32 / (1u64 << 24) as f32).sum::<f32>() - 2.0
    }
}

fn model() -> ModelId {
    ModelId { name: "test".into(), version: "1".into(), sha256: "0".into(), embedding_size: SIZE as u32 }
}

/// A sound's category, content and embeddings.
struct Sound {
    cat: Option<u16>,
    content: u64,
    frames: Vec<Vec<f32>>,
}

fn library(dir: &Path, sounds: &[Sound]) -> Snapshot {
    let quantiser = Quantiser::new(&[0.0; SIZE]);
    let mut writer = LibraryWriter::open(dir, &model()).unwrap();
    let root = writer.root(Path::new("/sounds")).unwrap();
    let mut segment = writer.begin_segment().unwrap();
    for (number, sound) in sounds.iter().enumerate() {
        let frames: Vec<QuantisedFrame> = sound
            .frames
            .iter()
            .zip(0u32..)
            .map(|(frame, at)| quantiser.quantise(f64::from(at), frame))
            .collect();
        let record = SoundRecord {
            root,
            path: format!("{number}.wav").into_bytes(),
            text: String::new(),
            file_size: 1,
            modified_ns: 0,
            content_hash: u128::from(sound.content),
            duration_s: 1.0,
            sample_rate_hz: 48_000,
            channels: 1,
            container: 0,
            cat: sound.cat,
            cat_source: 0,
            details: Details::default(),
        };
        segment.add(&record, &frames).unwrap();
    }
    writer.commit(Some(segment), &BTreeSet::new()).unwrap();
    drop(writer);
    Snapshot::open(dir).unwrap()
}

fn around<'a>() -> Neighbourhood<'a> {
    Neighbourhood { bank: None, votes: &|_, _| true, group: None, jobs: 2, stop: &|| false }
}

fn all(snapshot: &Snapshot, around: &Neighbourhood<'_>) -> Vec<Neighbours> {
    let asked: Vec<SoundId> = snapshot.sounds().map(|(id, _)| id).collect();
    let mut found = vec![Neighbours::default(); asked.len()];
    assert!(neighbours(snapshot, &asked, around, &mut |at, near| found[at] = near));
    found
}

fn direction(at: usize, towards: usize, how_far: f32) -> Vec<f32> {
    let mut frame = vec![0.0; SIZE];
    frame[at] = 1.0;
    frame[towards] += how_far;
    frame
}

#[test]
fn neither_a_sound_nor_its_copies_nor_its_group_vote_for_it() {
    let dir = tempfile::tempdir().unwrap();
    let sound = |cat, content, how_far| Sound { cat, content, frames: vec![direction(0, 1, how_far)] };
    let sounds = [
        sound(Some(1), 10, 0.0),
        sound(Some(2), 10, 0.0),
        sound(Some(3), 30, 0.1),
        sound(None, 40, 0.1),
        sound(Some(5), 31, 0.3),
    ];
    let snapshot = library(dir.path(), &sounds);
    let cats =
        |found: &Neighbours| -> Vec<u16> { found.frames[0].1.iter().map(|near| near.vote.cat).collect() };
    let found = all(&snapshot, &around());
    assert_eq!(cats(&found[0]), [3, 5], "its copy is left out");
    assert_eq!(cats(&found[2]), [1, 2, 5]);
    assert_eq!(cats(&found[3]), [3, 1, 2, 5], "who has no label does not vote, but is asked about");
    let tens = |sound: &SoundRef<'_>| sound.row.hash() as u64 / 30;
    let found = all(&snapshot, &Neighbourhood { group: Some(&tens), ..around() });
    assert_eq!(cats(&found[2]), [1, 2], "30 and 31 are of one group");
    let even = |id: SoundId, _: &SoundRef<'_>| id.sound.is_multiple_of(2);
    let found = all(&snapshot, &Neighbourhood { votes: &even, ..around() });
    assert_eq!(cats(&found[3]), [3, 1, 5]);
}

#[test]
fn long_sounds_are_thinned_evenly_and_times_are_told() {
    let dir = tempfile::tempdir().unwrap();
    let long: Vec<Vec<f32>> = (0..60).map(|at| direction(at, 63, 0.2)).collect();
    let short = vec![direction(59, 63, 0.2)];
    let sounds =
        [Sound { cat: Some(1), content: 1, frames: long }, Sound { cat: Some(2), content: 2, frames: short }];
    let snapshot = library(dir.path(), &sounds);
    let found = all(&snapshot, &around());
    assert_eq!(found[0].frames.len(), MAX_ASKED_FRAMES);
    let (first, last) = (found[0].frames[0].0, found[0].frames[MAX_ASKED_FRAMES - 1].0);
    assert_eq!((first, last), (0.0, 59.0), "both ends are among them");
    assert!(found[0].frames[MAX_ASKED_FRAMES - 1].1[0].vote.cosine > 0.99);
    assert_eq!(found[1].frames[0].1[0].start_s, 59.0, "where the long one is like the short one");
}

#[test]
fn many_sounds_looked_for_in_lists_have_the_neighbours_that_comparing_all_finds() {
    let dir = tempfile::tempdir().unwrap();
    let mut random = Random(7);
    let centres: Vec<Vec<f32>> = (0..300).map(|_| (0..SIZE).map(|_| random.normal()).collect()).collect();
    // So many that lists are made of them.
    let sounds: Vec<Sound> = (0..24_000)
        .map(|number| {
            let centre = &centres[(random.next() % 300) as usize];
            let frame = centre.iter().map(|x| x + 0.7 * random.normal()).collect();
            Sound { cat: Some((number % 700) as u16), content: number, frames: vec![frame] }
        })
        .collect();
    let snapshot = library(dir.path(), &sounds);
    let by_lists = all(&snapshot, &around());
    // A few at a time are compared with everything.
    let asked: Vec<SoundId> = (0..200).map(|at| SoundId { segment: 0, sound: at * 113 }).collect();
    let mut by_all = vec![Neighbours::default(); asked.len()];
    neighbours(&snapshot, &asked, &around(), &mut |at, near| by_all[at] = near);
    let (mut same, mut first) = (0, 0);
    for (id, truth) in asked.iter().zip(&by_all) {
        let sounds = |found: &Neighbours| -> Vec<SoundId> {
            found.frames[0].1.iter().map(|near| near.vote.sound).collect()
        };
        let (truth, found) = (sounds(truth), sounds(&by_lists[id.sound as usize]));
        assert_eq!(truth.len(), NEIGHBOURS);
        same += truth.iter().filter(|sound| found.contains(sound)).count();
        first += usize::from(truth[0] == found[0]);
    }
    assert!(
        same as f64 >= 0.97 * (asked.len() * NEIGHBOURS) as f64,
        "{same} of {}",
        asked.len() * NEIGHBOURS
    );
    assert!(first >= 195, "{first} of {}", asked.len());
}
