//! Data sets: where labels are found, what is said about bad ones, how they are split and cached.
#![allow(clippy::unwrap_used)]

use std::fs;
use std::num::NonZero;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use earmark_demo::{Audio, SampleFormat, wav};
use earmark_engine::network::Card;
use earmark_trainer::dataset::{
    CacheError, Clip, DataSet, DataSetError, Grouping, Layout, OpenOptions, Progress, Shares, Spectrograms,
    Split, Statistics, Work, shared_content,
};
use proptest::prelude::*;

/// A tone of so many samples.
fn tone(samples: usize, hz: f64) -> Vec<u8> {
    let sample = |at: usize| 0.5 * (std::f64::consts::TAU * hz * at as f64 / 44_100.0).sin();
    let audio =
        Audio { sample_rate_hz: 44_100, channels: vec![(0..samples).map(|at| sample(at) as _).collect()] };
    wav::encode(&audio, SampleFormat::I16, &Default::default())
}

fn put(dir: &Path, name: &str, bytes: &[u8]) -> PathBuf {
    let path = dir.join(name);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(&path, bytes).unwrap();
    path
}

fn card() -> Card {
    Card::read(Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../models/aisfx/card.toml"))).unwrap()
}

/// Opens the spectrograms of a set and counts how many clips were looked at.
fn spectrograms(set: &mut DataSet, cache: &Path) -> Result<Spectrograms, CacheError> {
    let stop = AtomicBool::new(false);
    let work = Work { jobs: NonZero::new(2).unwrap(), stop: &stop, progress: &|_| () };
    Spectrograms::open(set, &card(), cache, &work)
}

/// Two classes of three sounds, a folder a class.
fn folders(dir: &Path) {
    for (class, hz) in [("bells", 440.0), ("doors", 110.0)] {
        for (at, name) in ["a 1", "a 2", "b"].iter().enumerate() {
            put(dir, &format!("{class}/{name}.wav"), &tone(30_000 + 60_000 * at, hz * (at + 1) as f64));
        }
    }
}

#[test]
fn a_folder_a_class_is_a_data_set_whose_takes_are_groups() {
    let dir = tempfile::tempdir().unwrap();
    folders(dir.path());
    put(dir.path(), "stray.wav", &tone(1000, 100.0));
    fs::create_dir(dir.path().join("nothing")).unwrap();
    let set = DataSet::open(dir.path()).unwrap();
    assert_eq!(
        (set.layout, set.classes.as_slice()),
        (Layout::Folders, &["bells".to_owned(), "doors".into()][..])
    );
    assert_eq!((set.clips.len(), set.groups.len()), (6, 4));
    assert_eq!(set.clips_per_class(), [3, 3]);
    let reasons: Vec<&str> = set.problems.iter().map(|problem| problem.reason.as_str()).collect();
    assert!(reasons[0].contains("stray.wav") && reasons[0].contains("no folder of a class"), "{reasons:?}");
    assert!(reasons[1].contains("nothing") && reasons[1].contains("empty class"), "{reasons:?}");
    let options = OpenOptions { grouping: Grouping::Files, ..OpenOptions::default() };
    assert_eq!(DataSet::open_with(dir.path(), &options).unwrap().groups.len(), 6);
}

#[test]
fn ucs_names_label_a_library() {
    let dir = tempfile::tempdir().unwrap();
    for name in ["DOORWood_Creak 1_A_B", "DOORWood_Creak 2_A_B", "BELLHand_Ring_A_B", "unnamed"] {
        put(dir.path(), &format!("all/{name}.wav"), &tone(2000, 200.0));
    }
    let set = DataSet::open(dir.path()).unwrap();
    assert_eq!(set.layout, Layout::Ucs);
    assert_eq!(set.classes, ["BELLHand", "DOORWood"]);
    assert_eq!((set.clips.len(), set.groups.len(), set.unlabelled), (3, 2, 1));
    assert!(set.clips.iter().all(|clip| clip.cat_id.unwrap().cat_id() == set.classes[clip.class]));
}

#[test]
fn a_table_may_prescribe_a_split_and_is_reported_row_by_row() {
    let dir = tempfile::tempdir().unwrap();
    for name in ["a.wav", "b.wav", "c.wav"] {
        put(dir.path(), name, &tone(2000, 200.0));
    }
    let table = "file,label,split_group,split\na.wav,x,g,train\nb.wav,y,h,test\nc.wav,,i,test\nd.wav,z,j,test\na.wav,x,g,train\nb.wav,y,h,west\n";
    put(dir.path(), "labels.csv", table.as_bytes());
    let set = DataSet::open(dir.path()).unwrap();
    assert_eq!(set.given_split, Some(Split { train: vec![0], validation: vec![], test: vec![1] }));
    let reasons: Vec<&str> = set.problems.iter().map(|problem| problem.reason.as_str()).collect();
    let expected = [
        "line 4: c.wav has no label",
        "d.wav: is not there",
        "names",
        "'west' is no side",
        "class 'z' is empty",
    ];
    assert_eq!(reasons.len(), expected.len(), "{reasons:?}");
    for (reason, expected) in reasons.iter().zip(expected) {
        assert!(reason.contains(expected), "no {expected:?} in {reason:?}");
    }
    put(dir.path(), "labels.csv", b"file,label,group,split\na.wav,x,g,train\nb.wav,y,g,test\n");
    let error = DataSet::open(dir.path()).unwrap_err();
    assert!(matches!(error, DataSetError::GroupAcrossSplit { .. }), "{error}");
    assert!(error.to_string().contains("'g'") && error.to_string().contains("b.wav"), "{error}");
}

#[test]
fn tables_without_columns_and_sets_of_one_class_are_refused_by_name() {
    let dir = tempfile::tempdir().unwrap();
    put(dir.path(), "a.wav", &tone(2000, 200.0));
    put(dir.path(), "labels.csv", b"sound;kind\na.wav;x\n");
    let error = DataSet::open(dir.path()).unwrap_err().to_string();
    assert!(error.contains("no column 'file' and 'label'") && error.contains("sound, kind"), "{error}");
    put(dir.path(), "labels.csv", b"file;label\na.wav;x\n");
    let error = DataSet::open(dir.path()).unwrap_err().to_string();
    assert!(error.contains("one class, 'x'"), "{error}");
    put(dir.path(), "labels.csv", b"file,label\n");
    let error = DataSet::open(dir.path()).unwrap_err();
    assert!(matches!(error, DataSetError::NoSounds { .. }), "{error}");
    assert!(matches!(DataSet::open(&dir.path().join("absent")), Err(DataSetError::Io { .. })));
}

#[test]
fn spectrograms_are_those_of_the_engine_and_cut_into_its_frames() {
    let dir = tempfile::tempdir().unwrap();
    folders(dir.path());
    put(dir.path(), "doors/long.wav", &tone(44_100 * 7, 330.0));
    put(dir.path(), "doors/one.wav", &tone(1, 330.0));
    let mut set = DataSet::open(dir.path()).unwrap();
    let cache = tempfile::tempdir().unwrap();
    let columns = spectrograms(&mut set, cache.path()).unwrap();
    assert_eq!((columns.len(), columns.bands()), (set.clips.len(), 96));
    for (clip, it) in set.clips.iter().enumerate() {
        let mut expected = Vec::new();
        let mut mel = earmark_engine::spectrogram::MelExtractor::new(columns.front_end());
        let mut stream = earmark_engine::audio::MonoStream::open(&it.path, 44_100).unwrap();
        let rule = columns.frame_rule();
        let mut frames = earmark_engine::spectrogram::FrameAssembler::new(rule, 96);
        let mut cut: Vec<(usize, Vec<f32>)> = Vec::new();
        let mut push = |column: &[f32], expected: &mut Vec<f32>| {
            expected.extend_from_slice(column);
            cut.extend(frames.push(column).map(|frame| (frame.start_column as usize, frame.mel.to_vec())));
        };
        while let Some(mut samples) = stream.next_block().unwrap() {
            while let Some(column) = mel.push(&mut samples) {
                push(column, &mut expected);
            }
        }
        while let Some(column) = mel.finish() {
            push(column, &mut expected);
        }
        cut.extend(frames.finish().map(|frame| (frame.start_column as usize, frame.mel.to_vec())));
        assert_eq!(columns.columns(clip), expected);
        let ours: Vec<(usize, Vec<f32>)> =
            columns.frame_starts(clip).zip(columns.frames(clip).map(std::borrow::Cow::into_owned)).collect();
        assert_eq!(ours, cut, "{}", it.path.display());
        assert_eq!(columns.frame_count(clip), cut.len());
    }
    // A frame that begins before the clip and one that ends after it hold zeros there.
    let clip = set.clips.iter().position(|clip| clip.path.ends_with("long.wav")).unwrap();
    let all = columns.columns(clip);
    let mut frame = vec![7.0; 100 * 96];
    columns.copy_columns(clip, -3, &mut frame);
    assert_eq!((&frame[..3 * 96], &frame[3 * 96..]), (&vec![0.0; 3 * 96][..], &all[..97 * 96]));
    columns.copy_columns(clip, columns.column_count(clip) as i64 - 1, &mut frame);
    assert_eq!(frame[..96], all[all.len() - 96..]);
    assert!(frame[96..].iter().all(|&value| value == 0.0));
    columns.copy_columns(clip, i64::from(i32::MAX), &mut frame);
    assert!(frame.iter().all(|&value| value == 0.0));
}

#[test]
fn a_cache_is_used_until_a_sound_changes_and_made_anew_when_damaged() {
    let dir = tempfile::tempdir().unwrap();
    folders(dir.path());
    let cache = tempfile::tempdir().unwrap();
    let open = || {
        let mut set = DataSet::open(dir.path()).unwrap();
        let columns = spectrograms(&mut set, cache.path()).unwrap();
        let all: Vec<Vec<f32>> = (0..columns.len()).map(|clip| columns.columns(clip).to_vec()).collect();
        all
    };
    let file = || {
        let mut entries = fs::read_dir(cache.path()).unwrap().map(|entry| entry.unwrap().path());
        let file = entries.next().unwrap();
        assert!(entries.next().is_none(), "nothing but the cache is left");
        file
    };
    let first = open();
    let written = fs::metadata(file()).unwrap().modified().unwrap();
    assert_eq!(open(), first);
    assert_eq!(fs::metadata(file()).unwrap().modified().unwrap(), written, "it was not written again");
    // The same length at the same time, another sound.
    let changed = dir.path().join("bells/b.wav");
    let old = fs::metadata(&changed).unwrap();
    fs::write(&changed, tone(30_000 + 60_000 * 2, 999.0)).unwrap();
    assert_eq!(fs::metadata(&changed).unwrap().len(), old.len());
    let second = open();
    assert_ne!(second[2], first[2]);
    assert_eq!((&second[..2], &second[3..]), (&first[..2], &first[3..]));
    // A flipped bit anywhere is found; a cut file, too.
    let bytes = fs::read(file()).unwrap();
    for at in [3, 12, 60, bytes.len() / 2, bytes.len() - 1] {
        let mut damaged = bytes.clone();
        damaged[at] ^= 4;
        fs::write(file(), damaged).unwrap();
        assert_eq!(open(), second, "byte {at}");
    }
    fs::write(file(), &bytes[..bytes.len() - 5]).unwrap();
    assert_eq!(open(), second);
    fs::remove_file(&changed).unwrap();
    assert_eq!(open().len(), 5);
}

#[test]
fn an_unreadable_file_leaves_the_set_and_the_rest_goes_on() {
    let dir = tempfile::tempdir().unwrap();
    folders(dir.path());
    put(dir.path(), "bells/noise.wav", b"this is no sound at all");
    put(dir.path(), "mute/empty.wav", b"");
    let mut set = DataSet::open(dir.path()).unwrap();
    assert_eq!(set.classes, ["bells", "doors", "mute"]);
    let cache = tempfile::tempdir().unwrap();
    let columns = spectrograms(&mut set, cache.path()).unwrap();
    assert_eq!((set.clips.len(), columns.len()), (6, 6));
    assert_eq!(set.classes, ["bells", "doors"], "a class without a sound goes, too");
    assert_eq!(set.problems.len(), 2);
    assert!(set.problems[0].reason.contains("noise.wav") && set.problems[1].reason.contains("empty.wav"));
}

#[test]
fn work_can_be_stopped_and_says_how_far_it_is() {
    let dir = tempfile::tempdir().unwrap();
    folders(dir.path());
    let mut set = DataSet::open(dir.path()).unwrap();
    let cache = tempfile::tempdir().unwrap();
    let (stop, most) = (AtomicBool::new(false), AtomicUsize::new(0));
    let progress = |progress: Progress| {
        assert_eq!(progress.total, 6);
        most.fetch_max(progress.done, Ordering::Relaxed);
    };
    let work = Work { jobs: NonZero::new(2).unwrap(), stop: &stop, progress: &progress };
    Spectrograms::open(&mut set, &card(), cache.path(), &work).unwrap();
    assert_eq!(most.load(Ordering::Relaxed), 6);
    stop.store(true, Ordering::Relaxed);
    let stopped = Spectrograms::open(&mut set, &card(), cache.path(), &work);
    assert!(matches!(stopped, Err(CacheError::Stopped)));
}

#[test]
fn statistics_count_and_warn() {
    let dir = tempfile::tempdir().unwrap();
    folders(dir.path());
    put(dir.path(), "doors/one.wav", &tone(1, 330.0));
    let same = tone(9000, 777.0);
    put(dir.path(), "bells/same.wav", &same);
    put(dir.path(), "doors/other.wav", &same);
    let mut set = DataSet::open(dir.path()).unwrap();
    let cache = tempfile::tempdir().unwrap();
    let columns = spectrograms(&mut set, cache.path()).unwrap();
    let statistics = Statistics::of(&set, &columns);
    assert_eq!((statistics.clips, statistics.classes[0].clips, statistics.classes[1].clips), (9, 5, 4));
    assert!((statistics.imbalance - 1.25).abs() < 1e-12);
    // −5/9·ln(5/9) − 4/9·ln(4/9)
    assert!((statistics.entropy_nats - 0.686_961_576).abs() < 1e-6, "{}", statistics.entropy_nats);
    assert!((statistics.effective_classes - statistics.entropy_nats.exp()).abs() < 1e-12);
    let samples = 2.0 * (30_000.0 + 90_000.0 + 150_000.0) + 1.0 + 2.0 * 9000.0;
    assert!((statistics.hours - samples / 44_100.0 / 3600.0).abs() < 9.0 * 1024.0 / 44_100.0 / 3600.0);
    let kinds: Vec<&str> = statistics.warnings.iter().map(|warning| warning.kind.as_str()).collect();
    assert_eq!(
        kinds,
        ["tiny", "small_classes", "very_short", "same_sound_in_classes"],
        "{:?}",
        statistics.warnings
    );
    assert!(statistics.warnings[2].message.contains("doors/one.wav"));
    let shared = shared_content(&[(&set, &columns), (&set, &columns)]);
    assert_eq!(shared.len(), 1);
    assert!(shared[0].message.contains("9 files"), "{shared:?}");
}

/// A set of clips of these classes and groups, without files.
fn imagined(clips: &[(usize, usize)]) -> DataSet {
    let most = |of: fn(&(usize, usize)) -> usize| clips.iter().map(of).max().map_or(0, |most| most + 1);
    let clip = |(at, &(class, group)): (usize, &(usize, usize))| Clip {
        path: PathBuf::from(format!("/set/{at}.wav")),
        class,
        group,
        cat_id: None,
    };
    let mut set = DataSet {
        name: "set".into(),
        root: "/set".into(),
        layout: Layout::Table,
        classes: (0..most(|clip| clip.0)).map(|class| format!("class {class}")).collect(),
        groups: (0..most(|clip| clip.1)).map(|group| format!("group {group}")).collect(),
        clips: clips.iter().enumerate().map(clip).collect(),
        given_split: None,
        unlabelled: 0,
        problems: Vec::new(),
    };
    set.retain(|_, _| true);
    set
}

/// Checks what every split promises; returns the side of each clip.
fn check(set: &DataSet, split: &Split) -> Vec<usize> {
    let mut side = vec![None; set.clips.len()];
    for (number, clips) in [&split.train, &split.validation, &split.test].into_iter().enumerate() {
        assert!(clips.is_sorted());
        clips.iter().for_each(|&clip| assert_eq!(side[clip].replace(number), None, "on two sides"));
    }
    let side: Vec<usize> = side.into_iter().map(|side| side.expect("on no side")).collect();
    let mut group_side = vec![None; set.groups.len()];
    for (clip, &side) in set.clips.iter().zip(&side) {
        assert_eq!(*group_side[clip.group].get_or_insert(side), side, "a group on two sides");
    }
    side
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn splits_keep_groups_together_and_give_every_side_its_classes(
        groups in proptest::collection::vec((0_usize..6, 1_usize..9), 3..60),
        mixed in proptest::collection::vec((0_usize..60, 0_usize..6), 0..4),
        seed in any::<u64>(),
    ) {
        // Groups of one class and so many clips; some get a clip of another class.
        let mut clips: Vec<(usize, usize)> =
            groups.iter().enumerate().flat_map(|(at, &(class, size))| std::iter::repeat_n((class, at), size)).collect();
        let pure = mixed.is_empty();
        clips.extend(mixed.iter().map(|&(group, class)| (class, group % groups.len())));
        let set = imagined(&clips);
        let shares = Shares { validation: 0.2, test: 0.2 };
        let split = Split::seeded(&set, shares, seed).unwrap();
        let sides = check(&set, &split);
        prop_assert_eq!(&split, &Split::seeded(&set, shares, seed).unwrap(), "the same seed, the same split");
        prop_assert!(!split.train.is_empty() && !split.validation.is_empty() && !split.test.is_empty());
        if pure {
            for class in 0..set.classes.len() {
                let mut groups: Vec<usize> =
                    set.clips.iter().filter(|clip| clip.class == class).map(|clip| clip.group).collect();
                groups.dedup();
                let mut on: Vec<usize> =
                    (0..sides.len()).filter(|&at| set.clips[at].class == class).map(|at| sides[at]).collect();
                on.sort_unstable();
                on.dedup();
                if groups.len() > 3 {
                    prop_assert_eq!(on.len(), 3, "class {} is on every side", class);
                }
            }
        }
        let record = split.record(&set);
        let text = serde_json::to_string(&record).unwrap();
        let back = Split::from_record(&serde_json::from_str(&text).unwrap(), &set).unwrap();
        prop_assert_eq!(back, split);

        let folds = Split::k_fold(&set, 3, seed).unwrap();
        let mut tested = vec![0; set.clips.len()];
        for fold in &folds {
            check(&set, fold);
            prop_assert!(!fold.train.is_empty() && !fold.validation.is_empty() && !fold.test.is_empty());
            fold.test.iter().for_each(|&clip| tested[clip] += 1);
        }
        prop_assert!(tested.iter().all(|&times| times == 1), "each clip is tested once");
    }
}

#[test]
fn shares_are_kept_where_groups_are_small() {
    let clips: Vec<(usize, usize)> = (0..1000).map(|at| (at % 4, at / 2 * 4 + at % 4)).collect();
    let set = imagined(&clips);
    let split = Split::seeded(&set, Shares { validation: 0.1, test: 0.25 }, 7).unwrap();
    for (side, share) in [(&split.train, 0.65), (&split.validation, 0.1), (&split.test, 0.25)] {
        for class in 0..4 {
            let have = side.iter().filter(|&&clip| set.clips[clip].class == class).count() as f64;
            assert!((have - share * 250.0).abs() <= 2.0, "{have} of class {class}, share {share}");
        }
    }
    assert_ne!(split, Split::seeded(&set, Shares { validation: 0.1, test: 0.25 }, 8).unwrap());
}

#[test]
fn records_that_do_not_fit_are_refused() {
    let set = imagined(&[(0, 0), (0, 0), (1, 1), (1, 2)]);
    let split = Split { train: vec![0, 1], validation: vec![2], test: vec![3] };
    let record = split.record(&set);
    let refused = |change: &dyn Fn(&mut earmark_trainer::dataset::SplitRecord)| {
        let mut record = record.clone();
        change(&mut record);
        Split::from_record(&record, &set).unwrap_err().to_string()
    };
    assert!(refused(&|it| it.train[0] = "9.wav".into()).contains("9.wav is not in the set"));
    assert!(refused(&|it| it.test.push("0.wav".into())).contains("0.wav twice"));
    let parted = refused(&|it| {
        let moved = it.train.remove(0);
        it.test.push(moved);
    });
    assert!(parted.contains("'group 0' is on two sides"), "{parted}");
    assert!(Split::seeded(&set, Shares { validation: 0.5, test: 0.5 }, 1).is_err());
    assert!(Split::k_fold(&set, 4, 1).unwrap_err().to_string().contains("at least as many groups"));
}
