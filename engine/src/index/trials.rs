//! The library on disks that fail: random histories against a model in memory, with a fault at every step.
//!
//! After each fault the library opens, verifies, and holds at least what was reported as committed before, and nothing
//! that was never written.
#![allow(clippy::unwrap_used)]

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use proptest::prelude::*;

use super::faults::{self, Fault};
use super::{Details, IndexError, LibraryWriter, ModelId, Quantiser, Snapshot, SoundId, SoundRecord, verify};

const SIZE: usize = 8;

/// What a library should hold: for each path the number of its content.
type Model = BTreeMap<u8, u16>;

/// Something that is done to a library.
#[derive(Clone, Debug)]
enum Deed {
    /// These sounds are added, or get another content, in one commit; these others go in the same one.
    Put(Vec<(u8, u16)>, Vec<u8>),
    /// A sound gets another path.
    Move(u8, u8),
    /// Small segments are merged on a thread of its own; the next tidying puts the result in their place.
    Merge,
    /// What is gone or small is merged.
    Tidy,
    /// A folder goes offline or comes back.
    Offline(bool),
    /// Another library, in which each sound has the content after its own, takes this one's place.
    Adopt,
    /// The process ends and another one begins.
    Reopen,
}

fn deed() -> impl Strategy<Value = Deed> {
    let path = 0..12u8;
    prop_oneof![
        6 => (prop::collection::vec((path.clone(), any::<u16>()), 1..4), prop::collection::vec(path.clone(), 0..3))
            .prop_map(|(put, gone)| Deed::Put(put, gone)),
        2 => (path.clone(), path).prop_map(|(from, to)| Deed::Move(from, to)),
        1 => Just(Deed::Merge),
        2 => Just(Deed::Tidy),
        1 => any::<bool>().prop_map(Deed::Offline),
        1 => Just(Deed::Adopt),
        1 => Just(Deed::Reopen),
    ]
}

fn history() -> impl Strategy<Value = Vec<Deed>> {
    prop::collection::vec(deed(), 1..24)
}

fn model_id() -> ModelId {
    ModelId {
        name: "trial".into(),
        version: "1".into(),
        sha256: "cd".repeat(32),
        embedding_size: SIZE as u32,
    }
}

fn open(dir: &Path) -> Result<LibraryWriter, IndexError> {
    LibraryWriter::open(dir, &model_id())
}

fn name(path: u8) -> String {
    format!("folder {}/Sound {path}.wav", path % 3)
}

/// A sound whose every part tells its path and content.
fn record(path: u8, content: u16) -> SoundRecord {
    SoundRecord {
        root: 0,
        path: name(path).into_bytes(),
        text: name(path).to_lowercase(),
        file_size: u64::from(content) + 1,
        modified_ns: i64::from(content),
        content_hash: u128::from(content) << 70 | u128::from(content),
        duration_s: f64::from(content),
        sample_rate_hz: 48_000,
        channels: 1,
        container: 1,
        cat: None,
        cat_source: 0,
        details: Details { title: Some(content.to_string()), ..Details::default() },
    }
}

fn embedding(content: u16, frame: usize) -> Vec<f32> {
    (0..SIZE).map(|at| ((usize::from(content) * 31 + frame * 7 + at * at) % 97) as f32 / 97.0).collect()
}

/// What is in a snapshot; fails where anything does not belong together.
fn contents(snapshot: &Snapshot) -> Model {
    let quantiser = Quantiser::new(&[0.5; SIZE]);
    let mut model = Model::new();
    for (_, sound) in snapshot.sounds() {
        let found = sound.record().unwrap();
        let content = found.modified_ns as u16;
        let path =
            (0..=u8::MAX).find(|path| name(*path).as_bytes() == found.path).expect("a path that was given");
        assert_eq!(found, record(path, content));
        assert_eq!(snapshot.full_path(&sound).unwrap(), Path::new("/trial").join(name(path)));
        let frames: Vec<_> = sound.frames().unwrap().collect();
        assert_eq!(frames.len(), usize::from(content % 3) + 1);
        for (number, (row, vector)) in frames.into_iter().enumerate() {
            let wanted = quantiser.quantise(number as f64, &embedding(content, number));
            assert_eq!((row.scale, vector), (wanted.scale, &*wanted.vector));
        }
        assert!(model.insert(path, content).is_none(), "{} is there twice", name(path));
    }
    model
}

fn by_path(snapshot: &Snapshot) -> BTreeMap<Vec<u8>, SoundId> {
    snapshot.sounds().map(|(id, sound)| (sound.path_bytes().unwrap().to_vec(), id)).collect()
}

/// Does a deed; the model follows once the library has said that it is done.
fn act(writer: &mut LibraryWriter, dir: &Path, deed: &Deed, model: &mut Model) -> Result<(), IndexError> {
    let mut after = model.clone();
    match deed {
        Deed::Put(put, gone) => {
            let known = by_path(writer.snapshot());
            gone.iter().for_each(|path| _ = after.remove(path));
            after.extend(put.iter().copied());
            writer.add_folder(Path::new("/trial"))?;
            let mut segment = writer.begin_segment()?;
            let quantiser = Quantiser::new(&[0.5; SIZE]);
            let put: BTreeMap<u8, u16> = put.iter().copied().collect();
            for (path, content) in &put {
                let frames: Vec<_> = (0..usize::from(content % 3) + 1)
                    .map(|frame| quantiser.quantise(frame as f64, &embedding(*content, frame)))
                    .collect();
                segment.add(&record(*path, *content), &frames)?;
            }
            let ended = put.keys().chain(gone).filter_map(|path| known.get(name(*path).as_bytes()));
            writer.commit(Some(segment), &ended.copied().collect())?;
        }
        Deed::Move(from, to) => {
            let before = writer.snapshot().clone();
            let known = by_path(&before);
            let Some(id) = known.get(name(*from).as_bytes()).filter(|_| from != to) else { return Ok(()) };
            let content = after.remove(from).unwrap();
            after.insert(*to, content);
            let mut segment = writer.begin_segment()?;
            segment.copy(&record(*to, content), &before.get(*id).unwrap())?;
            let ended: BTreeSet<SoundId> =
                [Some(id), known.get(name(*to).as_bytes())].into_iter().flatten().copied().collect();
            writer.commit(Some(segment), &ended)?;
        }
        Deed::Merge => {
            writer.merge_in_background();
            // Its steps are in no order with those of other deeds otherwise.
            writer.wait_for_merge();
        }
        Deed::Tidy => writer.tidy(&|| false)?,
        Deed::Offline(offline) => {
            if writer.snapshot().manifest().root(0).is_some() && writer.note_offline(0, *offline) {
                writer.commit(None, &BTreeSet::new())?;
            }
        }
        Deed::Adopt => {
            after.values_mut().for_each(|content| *content = content.wrapping_add(1));
            let other = dir.join(".other");
            faults::suspended(|| {
                let _ = std::fs::remove_dir_all(&other);
                let mut writer = open(&other).unwrap();
                // Two segments, and names that are those of segments here.
                for half in 0..2 {
                    let put = after.iter().filter(|(path, _)| **path % 2 == half);
                    let put = Deed::Put(put.map(|(path, content)| (*path, *content)).collect(), vec![]);
                    act(&mut writer, &other, &put, &mut Model::new()).unwrap();
                }
            });
            writer.adopt(&other)?;
        }
        Deed::Reopen => {
            // The lock is given back first.
            let empty = tempfile::tempdir().unwrap();
            faults::suspended(|| *writer = open(empty.path()).unwrap());
            *writer = open(dir)?;
        }
    }
    *model = after;
    Ok(())
}

/// Opens and verifies what is on the disk.
fn inspect(dir: &Path) -> Option<Model> {
    let snapshot = match Snapshot::open(dir) {
        Err(IndexError::NoLibrary { .. }) => return None,
        opened => opened.unwrap(),
    };
    assert!(snapshot.damage().is_empty(), "{:?}", snapshot.damage());
    let report = verify(dir).unwrap();
    assert!(report.problems.is_empty(), "{:?}", report.problems);
    Some(contents(&snapshot))
}

/// Does the deeds with a fault on the way; what is on the disk then is what was reported, or what was being done.
fn with_fault(deeds: &[Deed], at: usize, fault: Fault, plug: bool) -> (usize, bool) {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    faults::arm(at, fault);
    let mut model = Model::new();
    let mut unsure = model.clone();
    let mut failed = false;
    let mut writer = open(dir);
    for deed in deeds {
        let Ok(at_work) = &mut writer else { break };
        unsure.clone_from(&model);
        let mut wished = model.clone();
        apply(deed, &mut wished);
        if act(at_work, dir, deed, &mut model).is_err() {
            failed = true;
            unsure = wished;
            break;
        }
        unsure.clone_from(&model);
        assert_eq!(model, wished);
    }
    failed |= writer.is_err();
    drop(writer);
    let steps = faults::disarm();
    if plug {
        faults::pull_the_plug();
    }
    let found = inspect(dir).unwrap_or_default();
    assert!(
        found == model || found == unsure,
        "step {at}, {fault:?}: {found:?} is neither {model:?} nor {unsure:?}"
    );
    // Life goes on: the next writer sweeps up and goes on from there.
    let mut writer = open(dir).unwrap();
    let mut model = found;
    act(&mut writer, dir, &Deed::Put(vec![(200, 7)], vec![]), &mut model).unwrap();
    act(&mut writer, dir, &Deed::Tidy, &mut model).unwrap();
    drop(writer);
    assert_eq!(inspect(dir), Some(model));
    let mut left: Vec<_> = std::fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    left.retain(|name| name != ".other");
    let named = Snapshot::open(dir).unwrap().manifest().segments.len();
    assert_eq!(left.len(), named + 2, "only the manifest, the lock and segments are left: {left:?}");
    (steps, failed)
}

/// What a deed does to the model.
fn apply(deed: &Deed, model: &mut Model) {
    match deed {
        Deed::Put(put, gone) => {
            gone.iter().for_each(|path| _ = model.remove(path));
            model.extend(put.iter().copied());
        }
        Deed::Move(from, to) if from != to => {
            if let Some(content) = model.remove(from) {
                model.insert(*to, content);
            }
        }
        Deed::Adopt => model.values_mut().for_each(|content| *content = content.wrapping_add(1)),
        _ => {}
    }
}

/// A history in which everything happens, long enough that small segments are merged.
fn eventful() -> Vec<Deed> {
    let mut deeds: Vec<Deed> =
        (0..10).map(|number| Deed::Put(vec![(number, 100 + u16::from(number))], vec![])).collect();
    deeds.extend([
        Deed::Merge,
        Deed::Put(vec![(3, 500), (11, 501)], vec![4]),
        Deed::Tidy,
        Deed::Move(5, 12),
        Deed::Adopt,
        Deed::Offline(true),
        Deed::Reopen,
        Deed::Tidy,
        Deed::Offline(false),
        Deed::Put(vec![(1, 502)], vec![0, 2]),
        Deed::Tidy,
        Deed::Adopt,
    ]);
    deeds
}

#[test]
fn a_fault_at_any_step_leaves_a_library_that_verifies_and_loses_nothing() {
    let deeds = eventful();
    let (steps, failed) = with_fault(&deeds, usize::MAX, Fault::Once, false);
    assert!(!failed && steps > 150, "{steps} steps");
    for (fault, plug) in
        [(Fault::Once, false), (Fault::DiskFull, false), (Fault::Kill, false), (Fault::Kill, true)]
    {
        let failures = (0..steps).filter(|at| with_fault(&deeds, *at, fault, plug).1).count();
        // What fails to be removed is no failure.
        assert!(failures > steps / 2, "{fault:?}: only {failures} of {steps} steps made anything fail");
    }
}

#[test]
fn faults_reach_a_merge_in_the_background() {
    let mut deeds = eventful();
    deeds.truncate(10);
    let (without, _) = with_fault(&deeds, usize::MAX, Fault::Once, false);
    deeds.push(Deed::Merge);
    let (with, _) = with_fault(&deeds, usize::MAX, Fault::Once, false);
    assert!(with > without + 3, "{with} steps with a merge, {without} without");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, ..ProptestConfig::default() })]

    #[test]
    fn any_history_with_any_fault_agrees_with_the_model(
        deeds in history(),
        at in 0..400usize,
        fault in prop::sample::select(vec![Fault::Once, Fault::DiskFull, Fault::Kill]),
        plug in any::<bool>(),
    ) {
        with_fault(&deeds, at, fault, plug && fault == Fault::Kill);
    }

    #[test]
    fn any_history_without_a_fault_ends_as_the_model_does(deeds in history()) {
        let (_, failed) = with_fault(&deeds, usize::MAX, Fault::Once, false);
        prop_assert!(!failed);
    }
}
