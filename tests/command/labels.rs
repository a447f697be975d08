//! Where the labels of sounds come from.

use std::fs;

use serde_json::Value;

use crate::support::{Bench, decoded_nothing, find_args, snippet_of, tally};

/// CatID of each sound of the library by file name, sorted.
fn labels(bench: &Bench) -> Vec<(String, String)> {
    let asked = bench.write("asked.wav", &snippet_of("glass_tap", 50));
    let answer = bench.find(&asked, &["--include-self"]);
    let mut labels: Vec<_> = crate::support::names(&answer)
        .into_iter()
        .zip(answer["results"].as_array().unwrap())
        .map(|(name, result)| (name, result["cat_id"].as_str().unwrap_or("-").to_owned()))
        .collect();
    labels.sort();
    labels
}

fn label(name: &str, cat_id: &str) -> (String, String) {
    (name.to_owned(), cat_id.to_owned())
}

#[test]
fn file_names_metadata_and_tables_label_sounds_and_tables_come_first() {
    let bench = Bench::new();
    bench.snippet("DOORKnck_Knock_EMRK_DEMO.wav", "door_knock", 1);
    let tagged = earmark_demo::library(1).into_iter().find(|sound| sound.chunks().ixml.is_some()).unwrap();
    bench.write("sounds/tagged.wav", &{
        let mut audio = crate::support::take_of("wood_plank", 1);
        audio.channels.iter_mut().for_each(|channel| channel.truncate(20_000));
        earmark_demo::wav::encode(&audio, earmark_demo::SampleFormat::I16, &tagged.chunks())
    });
    bench.snippet("untold.wav", "handbell", 1);
    assert_eq!(tally(&bench.index()), "3 new");
    let told = label("tagged.wav", tagged.cat_id);
    let name = "DOORKnck_Knock_EMRK_DEMO.wav";
    assert_eq!(labels(&bench), [label(name, "DOORKnck"), told.clone(), label("untold.wav", "-")]);

    let table = "Filename,CatID,Category,SubCategory\r\n\
        DOORKnck_Knock_EMRK_DEMO.wav,WOODImpt,,\r\n\
        sounds/untold.wav,,BELLS,HANDBELL\r\n";
    bench.write("table.csv", table.as_bytes());
    let ran = bench.run(["index", "sounds", "--labels", "table.csv", "--json"]).ended(0);
    assert_eq!(tally(&ran.json()), "2 relabelled, 3 unchanged");
    decoded_nothing(&ran.json());
    let from_table = [label(name, "WOODImpt"), told, label("untold.wav", "BELLHand")];
    assert_eq!(labels(&bench), from_table);

    assert_eq!(tally(&bench.index()), "3 unchanged");
    assert_eq!(labels(&bench), from_table, "a table need not be given twice");
    assert_eq!(bench.info()["labelled"], 3);
}

#[test]
fn a_label_from_a_table_goes_with_a_sound_that_is_renamed() {
    let bench = Bench::new();
    let path = bench.snippet("a.wav", "handbell", 1);
    bench.write("table.csv", b"FilePath,CatID\nsounds/a.wav,BELLHand\n");
    bench.run(["index", "sounds", "--labels", "table.csv"]).ended(0);
    fs::rename(path, bench.sounds().join("b.wav")).unwrap();
    assert_eq!(tally(&bench.index()), "1 moved");
    assert_eq!(labels(&bench), [label("b.wav", "BELLHand")]);
}

#[test]
fn another_table_leaves_labels_alone_that_it_does_not_mention() {
    let bench = Bench::new();
    bench.snippet("DOORKnck_Knock_EMRK_DEMO.wav", "door_knock", 1);
    bench.snippet("b.wav", "glass_tap", 1);
    bench.write("one.csv", b"Filename,CatID\nDOORKnck_Knock_EMRK_DEMO.wav,RAINConc\n");
    bench.write("two.csv", b"Filename,CatID\nb.wav,GLASImpt\n");
    bench.run(["index", "sounds", "--labels", "one.csv"]).ended(0);
    bench.run(["index", "sounds", "--labels", "two.csv"]).ended(0);
    assert_eq!(
        labels(&bench),
        [label("DOORKnck_Knock_EMRK_DEMO.wav", "RAINConc"), label("b.wav", "GLASImpt")]
    );
}

#[test]
fn a_renamed_sound_is_found_by_its_new_name_only() {
    let bench = Bench::new();
    let path = bench.snippet("AIRHiss_Valve_EMRK_DEMO.wav", "glass_tap", 1);
    bench.snippet("other.wav", "wood_plank", 1);
    bench.index();
    fs::rename(&path, bench.sounds().join("AIRHiss_Kettle_EMRK_DEMO.wav")).unwrap();
    bench.index();
    let asked = bench.write("asked.wav", &snippet_of("wood_plank", 2));
    assert_eq!(bench.find(&asked, &["--filter", "kettle"])["results"].as_array().unwrap().len(), 1);
    bench.run(find_args(&asked, &["--filter", "valve"])).ended(1);
}

#[test]
fn a_table_labels_sounds_that_were_written_a_moment_ago() {
    let bench = Bench::new();
    bench.snippet("a.wav", "handbell", 1);
    // The time of a file just written is not relied on: it is looked into again.
    fs::write(bench.sounds().join("b.wav"), snippet_of("glass_tap", 1)).unwrap();
    bench.index();
    bench.write("table.csv", b"FilePath,CatID\nsounds/a.wav,BELLHand\nsounds/b.wav,GLASImpt\n");
    let ran = bench.run(["index", "sounds", "--labels", "table.csv", "--json"]).ended(0);
    assert_eq!(tally(&ran.json()), "2 relabelled, 2 unchanged");
    assert_eq!(labels(&bench), [label("a.wav", "BELLHand"), label("b.wav", "GLASImpt")]);
}

#[test]
fn a_new_name_gives_a_new_label_without_decoding() {
    let bench = Bench::new();
    let path = bench.snippet("DOORKnck_A_EMRK_DEMO.wav", "door_knock", 1);
    bench.index();
    fs::rename(path, bench.sounds().join("WOODImpt_A_EMRK_DEMO.wav")).unwrap();
    let summary = bench.index();
    assert_eq!(tally(&summary), "1 moved");
    decoded_nothing(&summary);
    assert_eq!(labels(&bench), [label("WOODImpt_A_EMRK_DEMO.wav", "WOODImpt")]);
}

#[test]
fn bad_rows_of_a_table_are_told_with_their_lines_and_the_others_count() {
    let bench = Bench::new();
    bench.snippet("a.wav", "handbell", 1);
    bench.snippet("b.wav", "glass_tap", 1);
    bench.write("table.csv", b"Filename,CatID\na.wav,BELLHnad\nb.wav,GLASImpt\n");
    let ran = bench.run(["index", "sounds", "--labels", "table.csv", "--json"]).ended(0);
    assert_eq!(tally(&ran.json()), "2 new");
    assert!(ran.err.contains("table.csv: line 2: \"BELLHnad\" is no CatID"), "{}", ran.err);
    assert_eq!(labels(&bench), [label("a.wav", "-"), label("b.wav", "GLASImpt")]);
}

#[test]
fn a_table_that_contradicts_itself_is_told() {
    let bench = Bench::new();
    bench.snippet("a.wav", "handbell", 1);
    bench.write("table.csv", b"Filename,CatID\na.wav,BELLHand\na.wav,GLASImpt\n");
    let ran = bench.run(["index", "sounds", "--labels", "table.csv", "--json"]).ended(0);
    let warnings = ran.json()["warnings"].clone();
    let of_a = |warning: &Value| warning["reason"].as_str().unwrap().contains("lines 2, 3 label \"");
    assert!(warnings.as_array().unwrap().iter().any(of_a), "{warnings:#}");
    assert!(ran.err.contains("table.csv: lines 2, 3"), "{}", ran.err);
    assert_eq!(labels(&bench), [label("a.wav", "-")]);
}

#[test]
fn a_table_that_is_none_is_refused_before_anything_is_done() {
    let bench = Bench::new();
    bench.snippet("a.wav", "handbell", 1);
    bench.write("table.csv", b"Colour,Taste\nred,sweet\n");
    bench.run(["index", "sounds", "--labels", "table.csv"]).refused(&["--labels: ", "table.csv", "Filename"]);
    bench.run(["index", "sounds", "--labels", "none.csv"]).refused(&[
        "--labels: ",
        "none.csv",
        "cannot read",
    ]);
    assert!(!bench.library().exists());
}
