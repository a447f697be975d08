//! What a library says about itself, how it is checked, and how folders leave it.

use std::fs;

use crate::support::{Bench, snippet_of, tally};

fn two_folders() -> Bench {
    let bench = Bench::new();
    bench.sound("DOORKnck_Knock 01_EMRK_DEMO.wav", "door_knock", 1);
    bench.snippet("DOORKnck_Knock 02_EMRK_DEMO.wav", "door_knock", 2);
    bench.snippet("untold.wav", "handbell", 1);
    bench.write("more/BELLHand_Ring_EMRK_DEMO.wav", &snippet_of("handbell", 2));
    bench.run(["index", "sounds", "more"]).ended(0);
    bench
}

#[test]
fn info_counts_what_the_library_holds() {
    let bench = two_folders();
    let info = bench.info();
    assert_eq!((&info["sounds"], &info["labelled"], &info["model"]), (&4.into(), &3.into(), &"aisfx".into()));
    assert_eq!(info["labelled_share"], 0.75);
    assert_eq!(info["frames"], 4);
    assert!((info["hours"].as_f64().unwrap() * 3600.0 - 3.4).abs() < 0.1, "{info:#}");
    let on_disk: u64 =
        fs::read_dir(bench.library()).unwrap().map(|file| file.unwrap().metadata().unwrap().len()).sum();
    assert_eq!(info["bytes_on_disk"], on_disk);
    let categories: Vec<_> = info["categories"]
        .as_array()
        .unwrap()
        .iter()
        .map(|entry| (entry["cat_id"].as_str().unwrap(), entry["sounds"].as_u64().unwrap()))
        .collect();
    assert_eq!(categories, [("DOORKnck", 2), ("BELLHand", 1)]);
    let folders: Vec<_> = info["folders"]
        .as_array()
        .unwrap()
        .iter()
        .map(|folder| (folder["path"].as_str().unwrap().to_owned(), folder["sounds"].as_u64().unwrap()))
        .collect();
    let path = |name: &str| bench.dir().join(name).to_str().unwrap().to_owned();
    let mut expected = vec![(path("sounds"), 3), (path("more"), 1)];
    expected.sort();
    assert_eq!(
        {
            let mut folders = folders;
            folders.sort();
            folders
        },
        expected
    );
}

#[test]
fn info_tells_the_same_in_words() {
    let bench = two_folders();
    let text = bench.run(["info"]).ended(0).out;
    for words in
        ["sounds    4", "frames    4", "labelled  3 (75.0 %)", "model     aisfx", "DOORKnck", "DOORS KNOCK"]
    {
        assert!(text.contains(words), "no {words:?} in {text}");
    }
    assert!(text.contains(&format!("{} (3 sounds)", bench.sounds().display())), "{text}");
}

#[test]
fn info_of_no_library_says_how_to_make_one() {
    Bench::new().run(["info"]).refused(&["library: no library here; make one with `earmark index FOLDER`"]);
}

#[test]
fn verify_counts_what_is_in_good_order() {
    let bench = two_folders();
    let report = bench.run(["verify", "--json"]).ended(0).json();
    assert_eq!(
        (&report["sound"], &report["sounds"], &report["frames"]),
        (&true.into(), &4.into(), &4.into())
    );
    assert_eq!(report["problems"].as_array().unwrap().len(), 0);
    assert!(bench.run(["verify"]).ended(0).out.contains("4 sounds, 4 frames"));
    assert_eq!(bench.run(["verify", "--quiet"]).ended(0).out, "");
    Bench::new().run(["verify"]).refused(&["no library here"]);
}

#[test]
fn verify_finds_a_single_flipped_bit_in_every_section_and_names_the_file() {
    let bench = two_folders();
    bench.snippet("later.wav", "switch", 1);
    bench.index();
    let segment = bench.segments()[0].clone();
    let whole = fs::read(&segment).unwrap();
    assert_eq!(bench.segments().len(), 2);
    // The section table says where the sections are (see the segment format): kind, offset and length.
    let word = |at: usize| u64::from_le_bytes(whole[at..at + 8].try_into().unwrap()) as usize;
    let sections = u32::from_le_bytes(whole[12..16].try_into().unwrap()) as usize;
    assert_eq!(sections, 7);
    let mut places: Vec<usize> = vec![9, 20];
    for section in 0..sections {
        let (offset, length) = (word(16 + 32 * section + 8), word(16 + 32 * section + 16));
        // Where no sound has a label, the list of them is empty.
        if length > 0 {
            places.extend([offset, offset + length / 2, offset + length - 1]);
        }
    }
    for place in places {
        let mut bytes = whole.clone();
        bytes[place] ^= 0x10;
        fs::write(&segment, bytes).unwrap();
        let ran = bench.run(["verify", "--json"]).ended(2);
        let report = ran.json();
        assert_eq!(report["sound"], false);
        assert_eq!(report["problems"][0]["path"], segment.to_str().unwrap(), "byte {place}: {report:#}");
        assert_eq!(report["sounds"], 1, "the other segment is in good order: {report:#}");
    }
    let text = bench.run(["verify"]).ended(2);
    assert!(text.err.contains(&format!("{}: damaged (checksum", segment.display())), "{}", text.err);
    fs::write(&segment, whole).unwrap();
    bench.run(["verify"]).ended(0);
}

#[test]
fn verify_misses_no_segment_that_is_gone() {
    let bench = two_folders();
    let segment = bench.segments()[0].clone();
    fs::remove_file(&segment).unwrap();
    let ran = bench.run(["verify"]).ended(2);
    assert!(ran.err.contains(segment.to_str().unwrap()), "{}", ran.err);
}

#[test]
fn forget_shows_first_what_it_would_drop() {
    let bench = two_folders();
    let ran = bench.run(["forget", "sounds", "--dry-run"]).ended(0);
    let lines: Vec<&str> = ran.out.lines().collect();
    assert_eq!(lines.len(), 4);
    assert!(lines[..3].iter().all(|line| line.starts_with(bench.sounds().to_str().unwrap())), "{}", ran.out);
    assert_eq!(lines[3], "3 sounds would be forgotten");
    assert_eq!(bench.info()["sounds"], 4, "nothing is dropped yet");
    bench.run(["forget", "elsewhere", "--dry-run"]).ended(1);
}

#[test]
fn forget_drops_a_folder_and_leaves_its_files_alone() {
    let bench = two_folders();
    let files = || fs::read_dir(bench.sounds()).unwrap().count();
    let before = files();
    let ran = bench.run(["forget", "sounds"]).ended(0);
    assert!(ran.out.contains("3 sounds forgotten; the files are untouched"), "{}", ran.out);
    assert_eq!(files(), before);
    assert_eq!(bench.known(), ["more/BELLHand_Ring_EMRK_DEMO.wav"]);
    let info = bench.info();
    assert_eq!(info["folders"].as_array().unwrap().len(), 1, "{info:#}");
    assert_eq!(tally(&bench.run(["index", "--json"]).ended(0).json()), "1 unchanged", "it stays forgotten");
    bench.run(["verify"]).ended(0);
    bench.run(["forget", "sounds"]).ended(1);
}

#[test]
fn forget_takes_parts_of_a_folder_and_folders_that_are_gone() {
    let bench = two_folders();
    bench.run(["forget", "sounds/untold.wav"]).ended(0);
    assert_eq!(bench.info()["sounds"], 3);
    assert_eq!(bench.info()["folders"].as_array().unwrap().len(), 2);
    fs::remove_dir_all(bench.dir().join("more")).unwrap();
    bench.run(["forget", "more"]).ended(0);
    assert_eq!(bench.info()["sounds"], 2);
    // A name that begins like a folder is not in it.
    bench.run(["forget", "soun"]).ended(1);
    assert_eq!(bench.info()["sounds"], 2);
    bench.run(["forget"]).ended(2);
}

#[test]
fn forgetting_everything_leaves_a_library_that_can_be_filled_again() {
    let bench = two_folders();
    bench.run(["forget", "sounds", "more"]).ended(0);
    assert_eq!(bench.run(["info", "--json"]).ended(1).json()["sounds"], 0);
    bench.run(["verify"]).ended(0);
    assert!(bench.segments().is_empty(), "what is forgotten takes no space");
    assert_eq!(tally(&bench.index()), "3 new");
}

#[test]
fn a_folder_of_other_files_does_not_become_a_library() {
    let bench = Bench::new();
    bench.snippet("a.wav", "glass_tap", 1);
    let foreign =
        ["thesis.tmp", "other.segment", "lock"].map(|name| bench.write(format!("home/{name}"), b"mine"));
    bench.run(["index", "sounds", "--library", "home"]).refused(&[
        "home",
        "holds other files",
        "new or empty",
    ]);
    bench.run(["index", "sounds", "--library", "sounds"]).refused(&["sounds", "holds other files"]);
    for file in foreign {
        assert_eq!(fs::read(&file).unwrap(), b"mine", "{}", file.display());
    }
}
