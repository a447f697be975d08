//! `earmark dataset` and `earmark evaluate`: sets looked at and models judged, bad data told by name.

use std::fs;

use serde_json::Value;

use crate::support::{Bench, snippet_of};

/// Three classes of snippets, a folder a class, each with so many takes, which are groups by themselves.
fn classes(bench: &Bench, takes: u32) {
    for (class, recipe) in [("bells", "handbell"), ("knocks", "door_knock"), ("rain", "rain_open")] {
        for take in 1..=takes {
            bench.snippet(&format!("{class}/{class} of day {take}, dry.wav"), recipe, take);
        }
    }
}

fn arg(path: &std::path::Path) -> &str {
    path.to_str().unwrap()
}

#[test]
fn a_network_is_judged_beside_the_floor_with_tables_and_pictures() {
    let bench = Bench::new();
    classes(&bench, 4);
    let out = bench.dir().join("results");
    let args = ["evaluate", "aisfx", "mfcc", "--data", "sounds", "--k", "1,auto", "--bootstrap", "100"];
    let more = ["--cache", "cache", "-o", arg(&out), "--json"];
    let answer = bench.run(args.into_iter().chain(more)).ended(0).json();
    let evaluations = answer["evaluations"].as_array().unwrap();
    assert_eq!(evaluations.len(), 2);
    for it in evaluations {
        assert_eq!(
            (it["clips"].as_u64(), it["frames"].as_u64(), it["groups"].as_u64()),
            (Some(12), Some(12), Some(12))
        );
        for knn in it["knn"].as_array().unwrap() {
            let score = |what: &str| knn[what]["value"].as_f64().unwrap();
            assert_eq!(score("frame_f1"), score("sound_f1"), "a frame a sound");
            assert!(knn["sound_f1"]["low"].as_f64() <= knn["sound_f1"]["high"].as_f64());
        }
    }
    let of_network = evaluations[0]["knn"][0]["sound_f1"]["value"].as_f64().unwrap();
    assert!(of_network > 0.9, "bells, knocks and rain are told apart: {of_network}");
    assert_eq!(answer["differences"].as_array().unwrap().len(), 5);
    for name in ["results.csv", "classes.csv", "differences.csv", "confusion_aisfx_sounds.csv"] {
        assert!(fs::read_to_string(out.join(name)).unwrap().lines().count() > 2, "{name}");
    }
    for name in ["f1_sound.svg", "f1_frame.svg", "davies_bouldin.svg", "confusion_mfcc_sounds.svg"] {
        assert!(fs::read_to_string(out.join(name)).unwrap().starts_with("<svg"), "{name}");
    }
    let kept: Value = serde_json::from_slice(&fs::read(out.join("results.json")).unwrap()).unwrap();
    assert_eq!(kept["evaluations"], answer["evaluations"]);
    // The second run takes spectrograms and embeddings from the cache and says the same.
    let cached = || {
        let mut files: Vec<_> = fs::read_dir(bench.dir().join("cache"))
            .unwrap()
            .map(|entry| entry.unwrap())
            .map(|entry| (entry.file_name(), entry.metadata().unwrap().modified().unwrap()))
            .collect();
        files.sort();
        files
    };
    let before = cached();
    assert_eq!(before.len(), 2, "spectrograms and embeddings: {before:?}");
    let again = bench.run(args.into_iter().chain(["--cache", "cache", "--json"])).ended(0).json();
    assert_eq!((again, cached()), (answer, before));
}

#[test]
fn statistics_of_a_set_are_printed_with_what_will_hurt() {
    let bench = Bench::new();
    classes(&bench, 2);
    let twin = bench.sounds().join("rain/twin.wav");
    fs::copy(bench.sounds().join("bells/bells of day 1, dry.wav"), twin).unwrap();
    let ran = bench.run(["dataset", "info", "sounds", "--cache", "cache"]).ended(0);
    for words in
        ["sounds", "7 sounds, 7 frames", "3 classes", "imbalance 1.5", "rain/twin.wav", "in several classes"]
    {
        assert!(ran.out.contains(words), "no {words:?} in {}", ran.out);
    }
    let answer = bench.run(["dataset", "info", "sounds", "--cache", "cache", "--json"]).ended(0).json();
    let kinds: Vec<&str> = answer["sets"][0]["warnings"]
        .as_array()
        .unwrap()
        .iter()
        .map(|warning| warning["kind"].as_str().unwrap())
        .collect();
    assert_eq!(kinds, ["tiny", "few_groups", "small_classes", "same_sound_in_classes"]);
}

#[test]
fn bad_sets_are_refused_in_one_line_that_says_why() {
    let bench = Bench::new();
    bench.snippet("only/a.wav", "handbell", 1);
    let evaluate = |set: &str| bench.run(["evaluate", "mfcc", "--cache", "cache", "--data", set]);
    evaluate("sounds").refused(&["sounds", "one class, 'only'"]);
    evaluate("nowhere").refused(&["nowhere", "cannot be read"]);
    bench.write("table/labels.csv", b"filename,kind\na.wav,x\n");
    evaluate("table").refused(&["labels.csv", "no column 'label'", "filename, kind"]);
    bench.write("empty/x/readme.txt", b"nothing");
    evaluate("empty").refused(&["empty", "no labelled sounds"]);
    for name in ["a", "b"] {
        bench.write(format!("parted/{name}.wav"), &snippet_of("handbell", 1));
    }
    let table = "file,label,split_group,split\na.wav,x,g,train\nb.wav,y,g,test\n";
    bench.write("parted/labels.csv", table.as_bytes());
    evaluate("parted").refused(&["labels.csv", "'g' is on two sides", "a.wav", "b.wav"]);
    bench.run(["evaluate", "no-such-model", "--data", "sounds"]).refused(&["no-such-model"]);
    bench.run(["evaluate", "mfcc", "mfcc", "--data", "sounds"]).refused(&["'mfcc'", "once"]);
    let ran = bench.run(["evaluate", "mfcc", "--data", "sounds", "--k", "many"]).ended(2);
    assert!(ran.err.contains("\"many\" is no number of neighbours"), "{}", ran.err);
}

#[test]
fn unreadable_sounds_and_empty_classes_are_listed_and_the_rest_is_judged() {
    let bench = Bench::new();
    classes(&bench, 2);
    bench.write("sounds/rain/noise.wav", b"no sound");
    bench.write("sounds/knocks/one.wav", &{
        let mut audio = crate::support::take_of("door_knock", 1);
        audio.channels.iter_mut().for_each(|channel| channel.truncate(1));
        crate::support::wav_of(&audio)
    });
    fs::create_dir(bench.sounds().join("silence")).unwrap();
    let args = ["evaluate", "mfcc", "--data", "sounds", "nowhere", "--cache", "cache", "--k", "1", "--json"];
    let ran = bench.run(args).ended(2);
    let answer = ran.json();
    assert_eq!(answer["evaluations"].as_array().unwrap().len(), 1);
    assert_eq!(answer["evaluations"][0]["clips"], 7, "a sound of one sample is a sound");
    assert_eq!(answer["problems"].as_array().unwrap().len(), 2);
    for words in ["noise.wav", "silence", "empty class", "nowhere"] {
        assert!(ran.err.contains(words), "no {words:?} in {}", ran.err);
    }
    let info = bench.run(["dataset", "info", "sounds", "--cache", "cache"]).ended(2);
    assert!(info.out.contains("knocks/one.wav") && info.out.contains("shorter than 50 ms"), "{}", info.out);
}
