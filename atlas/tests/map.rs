//! The map of a library, and how it is kept.
#![allow(clippy::unwrap_used)]

mod support;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::ops::ControlFlow;
use std::path::Path;

use earmark_atlas::{
    AtlasError, CACHE_FILE, Map, Matrix, Options, Progress, Stage, compute, label_agreement, load_or_compute,
};
use earmark_engine::index::{LibraryWriter, Snapshot};
use support::{add, cluster, go_on, number, options};

const SOUNDS: u64 = 240;

fn all() -> Vec<u64> {
    (0..SOUNDS).collect()
}

fn quick() -> Options {
    Options { steps: 300, ..options() }
}

/// Positions by the sounds' numbers.
fn by_number(snapshot: &Snapshot, map: &Map) -> BTreeMap<u64, [f32; 2]> {
    map.points.iter().map(|point| (number(snapshot, point.sound), [point.x, point.y])).collect()
}

/// Counts how often the points were moved.
fn watched(snapshot: &Snapshot, options: &Options) -> (Map, usize) {
    let mut moved = 0;
    let mut watch = |progress: Progress| {
        moved += usize::from(progress.stage == Stage::Arranging);
        ControlFlow::Continue(())
    };
    let map = load_or_compute(snapshot, options, &mut watch).unwrap();
    (map, moved)
}

#[test]
fn a_map_does_not_depend_on_the_order_in_which_sounds_were_indexed() {
    let (first, second) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let straight = add(first.path(), &[all()], &BTreeSet::new());
    let mut shuffled = all();
    shuffled.sort_by_key(|sound| sound * 7919 % SOUNDS);
    let parts: Vec<Vec<u64>> = shuffled.chunks(50).map(<[u64]>::to_vec).collect();
    let parted = add(second.path(), &parts, &BTreeSet::new());
    let maps = [&straight, &parted].map(|snapshot| compute(snapshot, &quick(), &mut go_on).unwrap());
    assert_eq!(maps[0].points.len(), SOUNDS as usize);
    assert_eq!(by_number(&straight, &maps[0]), by_number(&parted, &maps[1]));
    let point = &maps[1].points[17];
    assert_eq!(point.cat, Some(cluster(number(&parted, point.sound)) as u16));
    assert!(!first.path().join(CACHE_FILE).exists(), "compute keeps nothing");
}

#[test]
fn sounds_of_a_cluster_lie_together() {
    let dir = tempfile::tempdir().unwrap();
    let snapshot = add(dir.path(), &[all()], &BTreeSet::new());
    let map = compute(&snapshot, &options(), &mut go_on).unwrap();
    let positions: Vec<[f32; 2]> = map.points.iter().map(|point| [point.x, point.y]).collect();
    let cats: Vec<Option<u16>> = map.points.iter().map(|point| point.cat).collect();
    assert!(label_agreement(&Matrix::from(&positions[..]), &cats, 5) > 0.97);
}

#[test]
fn a_kept_map_is_used_again_until_something_changes() {
    let dir = tempfile::tempdir().unwrap();
    let snapshot = add(dir.path(), &[all()], &BTreeSet::new());
    let (map, moved) = watched(&snapshot, &quick());
    assert!(moved > 0);
    assert_eq!(map, compute(&snapshot, &quick(), &mut go_on).unwrap());
    assert_eq!(watched(&snapshot, &quick()), (map.clone(), 0));
    // Merged segments: other ids, the same places.
    add(dir.path(), &[vec![500]], &BTreeSet::new());
    let mut writer = LibraryWriter::open_existing(dir.path()).unwrap();
    writer.tidy(&|| false).unwrap();
    drop(writer);
    // Other options, another map; it takes the place of the first.
    let other = Options { seed: 2, ..quick() };
    assert!(watched(&snapshot, &other).1 > 0);
    assert_eq!(watched(&snapshot, &other).1, 0);
    assert!(watched(&snapshot, &quick()).1 > 0);
    let names: BTreeSet<_> =
        fs::read_dir(dir.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert!(!names.iter().any(|name| name.to_string_lossy().ends_with(".tmp")), "{names:?}");
}

#[test]
fn a_few_new_sounds_are_put_beside_those_like_them() {
    let dir = tempfile::tempdir().unwrap();
    let snapshot = add(dir.path(), &[all()], &BTreeSet::new());
    let (map, _) = watched(&snapshot, &quick());
    let before = by_number(&snapshot, &map);
    let new: Vec<u64> = (SOUNDS..SOUNDS + 12).collect();
    let gone = snapshot.sounds().next().unwrap().0;
    let gone_number = number(&snapshot, gone);
    let snapshot = add(dir.path(), std::slice::from_ref(&new), &BTreeSet::from([gone]));
    let (map, moved) = watched(&snapshot, &quick());
    assert_eq!(moved, 0, "all points were moved for twelve new ones");
    assert_eq!((map.placed, map.omitted, map.points.len()), (12, 0, SOUNDS as usize + 11));
    let after = by_number(&snapshot, &map);
    assert!(before.iter().filter(|(sound, _)| **sound != gone_number).all(|(sound, at)| after[sound] == *at));
    for sound in new {
        let [x, y] = after[&sound];
        let nearest = before.iter().min_by(|(_, a), (_, b)| {
            let distance = |at: &[f32; 2]| (at[0] - x).hypot(at[1] - y);
            distance(a).total_cmp(&distance(b))
        });
        assert_eq!(cluster(*nearest.unwrap().0), cluster(sound), "sound {sound} lies among others");
    }
    // What was placed is kept, too.
    assert_eq!(watched(&snapshot, &quick()), (map, 0));
    // Many new ones are worth another map.
    let snapshot = add(dir.path(), &[(1000..1040).collect()], &BTreeSet::new());
    let (map, moved) = watched(&snapshot, &quick());
    assert!(moved > 0);
    assert_eq!(map.placed, 0);
}

#[test]
fn a_damaged_map_is_made_anew_and_never_trusted() {
    let dir = tempfile::tempdir().unwrap();
    let snapshot = add(dir.path(), &[(0..60).collect()], &BTreeSet::new());
    let (map, _) = watched(&snapshot, &quick());
    let path = dir.path().join(CACHE_FILE);
    let bytes = fs::read(&path).unwrap();
    let mut damaged: Vec<Vec<u8>> =
        [0, 9, 20, 30, 40, 61, bytes.len() - 1].map(|at| flipped(&bytes, at)).to_vec();
    damaged.extend([0, 7, 31, 33, bytes.len() - 1].map(|length| bytes[..length].to_vec()));
    damaged.push(b"something else altogether, long enough to have a head".to_vec());
    for bytes in damaged {
        fs::write(&path, &bytes).unwrap();
        let (again, moved) = watched(&snapshot, &quick());
        assert!(moved > 0);
        assert_eq!(again, map);
    }
    assert_eq!(fs::read(&path).unwrap(), bytes);
}

fn flipped(bytes: &[u8], at: usize) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    bytes[at] ^= 16;
    bytes
}

#[test]
fn a_map_that_cannot_be_kept_is_made_all_the_same() {
    let dir = tempfile::tempdir().unwrap();
    let snapshot = add(dir.path(), &[(0..40).collect()], &BTreeSet::new());
    // No file can take the place of a folder that is not empty.
    fs::create_dir_all(dir.path().join(CACHE_FILE).join("in the way")).unwrap();
    let (map, _) = watched(&snapshot, &quick());
    assert_eq!(map.points.len(), 40);
    assert!(no_leftovers(dir.path()));
}

fn no_leftovers(dir: &Path) -> bool {
    !fs::read_dir(dir).unwrap().any(|entry| entry.unwrap().path().extension().is_some_and(|ext| ext == "tmp"))
}

#[test]
fn a_stopped_map_leaves_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let snapshot = add(dir.path(), &[all()], &BTreeSet::new());
    for stage in [Stage::Reading, Stage::Comparing, Stage::Arranging] {
        let mut watch = |progress: Progress| match progress.stage == stage {
            true => ControlFlow::Break(()),
            false => ControlFlow::Continue(()),
        };
        assert!(matches!(load_or_compute(&snapshot, &quick(), &mut watch), Err(AtlasError::Stopped)));
    }
    assert!(no_leftovers(dir.path()) && !dir.path().join(CACHE_FILE).exists());
}

#[test]
fn of_a_large_library_as_many_are_drawn_as_there_may_be() {
    let dir = tempfile::tempdir().unwrap();
    let snapshot = add(dir.path(), &[all()], &BTreeSet::new());
    let drawn = |seed, max_sounds| {
        let map = compute(&snapshot, &Options { seed, max_sounds, ..quick() }, &mut go_on).unwrap();
        assert_eq!((map.points.len(), map.omitted), (max_sounds, SOUNDS as usize - max_sounds));
        let sounds: BTreeSet<u64> = by_number(&snapshot, &map).into_keys().collect();
        sounds
    };
    let some = drawn(1, 100);
    assert!(drawn(1, 150).is_superset(&some), "who is drawn first stays drawn");
    assert_ne!(drawn(2, 100), some);
    let clusters: BTreeSet<u64> = some.iter().map(|sound| cluster(*sound)).collect();
    assert_eq!(clusters.len() as u64, support::CLUSTERS, "the draw leaves out whole clusters");
}

#[test]
fn copies_of_a_file_lie_together_but_not_at_one_place() {
    let dir = tempfile::tempdir().unwrap();
    let mut sounds: Vec<u64> = (0..60).collect();
    sounds.extend([7; 5]);
    let snapshot = add(dir.path(), &[sounds], &BTreeSet::new());
    let map = compute(&snapshot, &quick(), &mut go_on).unwrap();
    let copies: Vec<_> = map.points.iter().filter(|point| number(&snapshot, point.sound) == 7).collect();
    assert_eq!(copies.len(), 6);
    for (at, a) in copies.iter().enumerate() {
        for b in &copies[at + 1..] {
            let apart = (a.x - b.x).hypot(a.y - b.y);
            assert!(apart > 0.0 && apart < 0.003, "{apart}");
        }
    }
}

#[test]
fn a_library_of_no_sound_or_one_has_a_map() {
    let dir = tempfile::tempdir().unwrap();
    let snapshot = add(dir.path(), &[], &BTreeSet::new());
    assert_eq!(watched(&snapshot, &quick()).0, Map::default());
    let snapshot = add(dir.path(), &[vec![3]], &BTreeSet::new());
    let map = watched(&snapshot, &quick()).0;
    assert_eq!(map.points.len(), 1);
}
