//! `earmark convert`: a library gets another model and keeps everything else.

use std::fs;
use std::path::Path;

use crate::support::{Bench, minutes_of, names, snippet_of, tally};

/// A model of another name that computes what the one that ships does.
fn give_other_model(bench: &Bench) {
    let shipped = Path::new(env!("CARGO_MANIFEST_DIR")).join("../models/aisfx");
    let card = fs::read_to_string(shipped.join("card.toml")).unwrap();
    assert!(card.contains("name = \"aisfx\""));
    bench.write("models/other/card.toml", card.replace("name = \"aisfx\"", "name = \"other\"").as_bytes());
    bench.write("models/other/model.onnx", &fs::read(shipped.join("model.onnx")).unwrap());
}

fn model_of(bench: &Bench) -> String {
    bench.info()["model"].as_str().unwrap().to_owned()
}

/// Path and CatID of everything that is found, sorted.
fn found(bench: &Bench, model: &str) -> Vec<(String, String)> {
    let asked = bench.write("asked.wav", &snippet_of("handbell", 50));
    let answer = bench.find(&asked, &["--include-self", "--model", model]);
    let results = answer["results"].as_array().unwrap().iter();
    let labels = results.map(|result| result["cat_id"].as_str().unwrap_or("-").to_owned());
    let mut found: Vec<_> = names(&answer).into_iter().zip(labels).collect();
    found.sort();
    found
}

#[test]
fn a_converted_library_has_all_sounds_and_labels_and_another_model() {
    let bench = Bench::new();
    give_other_model(&bench);
    bench.snippet("DOORKnck_Knock_EMRK_DEMO.wav", "door_knock", 1);
    bench.snippet("here/same.wav", "handbell", 1);
    bench.snippet("there/here/same.wav", "applause", 1);
    let table = format!("FilePath,CatID\n{},BELLHand\n", bench.sounds().join("here/same.wav").display());
    bench.write("table.csv", table.as_bytes());
    bench.run(["index", "sounds", "--labels", "table.csv"]).ended(0);
    let before = found(&bench, "aisfx");
    let refused = bench.run(["index", "--model", "models/other"]).ended(2);
    assert!(refused.err.contains("`earmark convert MODEL`"), "{}", refused.err);

    let ran = bench.run(["convert", "models/other", "--json"]).ended(0).json();
    assert_eq!((&ran["replaced"], &ran["model"]), (&true.into(), &"other".into()), "{ran:#}");
    assert_eq!(tally(&ran["embedding"]), "3 new");
    assert_eq!(model_of(&bench), "other");
    assert_eq!(found(&bench, "models/other"), before);
    bench.run(["verify"]).ended(0);
    assert!(!bench.library().join(".converting").exists());
    assert_eq!(bench.segments().len(), 1, "what the old model made is gone");
    // There is nothing to look into: it is as if it had been indexed by this model.
    let again = bench.run(["index", "--model", "models/other", "--json"]).ended(0).json();
    assert_eq!(tally(&again), "3 unchanged");
    let nothing = bench.run(["convert", "models/other"]).ended(1);
    assert!(nothing.err.contains("already"), "{}", nothing.err);
}

#[test]
fn sounds_whose_drive_is_away_hold_a_conversion_up_until_they_are_back() {
    let bench = Bench::new();
    give_other_model(&bench);
    bench.snippet("stays.wav", "handbell", 1);
    bench.snippet("deleted.wav", "handbell", 2);
    bench.write("drive/away.wav", &snippet_of("applause", 1));
    bench.run(["index", "sounds", "drive"]).ended(0);
    fs::remove_file(bench.sounds().join("deleted.wav")).unwrap();
    fs::rename(bench.dir().join("drive"), bench.dir().join("elsewhere")).unwrap();

    // An unplugged drive may leave an empty folder behind, and it may not.
    for is_empty in [false, true] {
        if is_empty {
            fs::create_dir(bench.dir().join("drive")).unwrap();
        }
        let held = bench.run(["convert", "models/other", "--json"]).ended(2).json();
        assert_eq!(held["replaced"], false);
        let lacking = held["lacking"].as_array().unwrap();
        assert!(
            lacking.len() == 1 && lacking[0]["path"].as_str().unwrap().ends_with("away.wav"),
            "{lacking:?}"
        );
        assert_eq!(model_of(&bench), "aisfx");
        assert_eq!(found(&bench, "aisfx").len(), 3);
    }

    fs::remove_dir(bench.dir().join("drive")).unwrap();
    fs::rename(bench.dir().join("elsewhere"), bench.dir().join("drive")).unwrap();
    let done = bench.run(["convert", "models/other", "--json"]).ended(0).json();
    assert_eq!((&done["replaced"], model_of(&bench).as_str()), (&true.into(), "other"));
    assert_eq!(tally(&done["embedding"]), "1 new, 1 unchanged", "what was embedded before is not again");
    assert_eq!(bench.known(), ["drive/away.wav", "sounds/stays.wav"]);
}

#[test]
fn a_conversion_can_do_without_what_is_away_and_be_thought_better_of() {
    let bench = Bench::new();
    give_other_model(&bench);
    bench.snippet("stays.wav", "handbell", 1);
    let spoilt = bench.snippet("spoilt.wav", "applause", 1);
    bench.index();
    fs::write(&spoilt, b"no sound").unwrap();

    bench.run(["convert", "models/other"]).ended(2);
    assert!(bench.library().join(".converting").exists());
    bench.run(["convert", "--discard"]).ended(0);
    assert!(!bench.library().join(".converting").exists());
    bench.run(["convert", "--discard"]).ended(1);
    assert_eq!(model_of(&bench), "aisfx");

    let told = bench.run(["convert", "models/other"]).ended(2);
    assert!(told.out.contains("spoilt.wav") && told.out.contains("--leave-out"), "{}", told.out);
    let done = bench.run(["convert", "models/other", "--leave-out", "--json"]).ended(2).json();
    assert_eq!((&done["replaced"], model_of(&bench).as_str()), (&true.into(), "other"));
    assert_eq!(bench.known(), ["sounds/stays.wav"]);
}

#[test]
fn folders_that_are_left_out_stay_known() {
    let bench = Bench::new();
    give_other_model(&bench);
    bench.snippet("stays.wav", "handbell", 1);
    bench.write("drive/away.wav", &snippet_of("applause", 1));
    bench.run(["index", "sounds", "drive"]).ended(0);
    fs::rename(bench.dir().join("drive"), bench.dir().join("elsewhere")).unwrap();
    bench.run(["convert", "models/other", "--leave-out"]).ended(2);
    assert_eq!(bench.known(), ["sounds/stays.wav"]);
    fs::rename(bench.dir().join("elsewhere"), bench.dir().join("drive")).unwrap();
    bench.run(["index", "--model", "models/other"]).ended(0);
    assert_eq!(bench.known(), ["drive/away.wav", "sounds/stays.wav"]);
}

#[test]
fn what_was_forgotten_meanwhile_stays_forgotten() {
    let bench = Bench::new();
    give_other_model(&bench);
    bench.snippet("stays.wav", "handbell", 1);
    let spoilt = bench.snippet("spoilt.wav", "applause", 1);
    bench.write("private/secret.wav", &snippet_of("applause", 2));
    bench.run(["index", "sounds", "private"]).ended(0);
    fs::write(&spoilt, b"no sound").unwrap();
    // All but one sound is embedded, and waits for it.
    bench.run(["convert", "models/other"]).ended(2);
    bench.run(["forget", "private"]).ended(0);
    bench.run(["convert", "models/other", "--leave-out"]).ended(2);
    assert_eq!(model_of(&bench), "other");
    assert_eq!(bench.known(), ["sounds/stays.wav"]);
}

#[test]
fn labels_of_tables_follow_files_that_were_moved() {
    let bench = Bench::new();
    give_other_model(&bench);
    let first = bench.snippet("here/bell.wav", "handbell", 1);
    let table = format!("FilePath,CatID\n{},DOORKnck\n", first.display());
    bench.write("table.csv", table.as_bytes());
    bench.run(["index", "sounds", "--labels", "table.csv"]).ended(0);
    fs::rename(bench.sounds().join("here"), bench.sounds().join("there")).unwrap();
    bench.run(["convert", "models/other"]).ended(0);
    let found = found(&bench, "models/other");
    assert!(found.len() == 1 && found[0].1 == "DOORKnck", "{found:?}");
}

/// A library of two sounds of which a conversion to `models/other` has embedded one and waits for the other.
fn half_converted() -> Bench {
    let bench = Bench::new();
    give_other_model(&bench);
    bench.snippet("stays.wav", "handbell", 1);
    let spoilt = bench.snippet("spoilt.wav", "applause", 1);
    bench.index();
    let sound = fs::read(&spoilt).unwrap();
    fs::write(&spoilt, b"no sound").unwrap();
    bench.run(["convert", "models/other"]).ended(2);
    fs::write(&spoilt, sound).unwrap();
    bench
}

#[test]
fn what_was_damaged_meanwhile_is_made_anew() {
    for kind in ["manifest", "segment"] {
        let bench = half_converted();
        let files =
            fs::read_dir(bench.library().join(".converting")).unwrap().map(|entry| entry.unwrap().path());
        let damaged: Vec<_> = files.filter(|path| path.to_string_lossy().ends_with(kind)).collect();
        assert!(!damaged.is_empty(), "no {kind}");
        for path in &damaged {
            let mut bytes = fs::read(path).unwrap();
            let middle = bytes.len() / 2;
            bytes[middle..].iter_mut().for_each(|byte| *byte ^= 0xff);
            fs::write(path, bytes).unwrap();
        }
        let done = bench.run(["convert", "models/other", "--json"]).ended(0).json();
        assert_eq!(tally(&done["embedding"]), "2 new", "{kind}");
        assert_eq!(model_of(&bench), "other");
        assert_eq!(bench.known(), ["sounds/spoilt.wav", "sounds/stays.wav"]);
        bench.run(["verify"]).ended(0);
    }
}

#[test]
fn a_conversion_to_another_model_begins_anew() {
    let bench = half_converted();
    let card = fs::read_to_string(bench.dir().join("models/other/card.toml")).unwrap();
    bench.write("models/third/card.toml", card.replace("name = \"other\"", "name = \"third\"").as_bytes());
    bench.write("models/third/model.onnx", &fs::read(bench.dir().join("models/other/model.onnx")).unwrap());
    let done = bench.run(["convert", "models/third", "--json"]).ended(0).json();
    assert_eq!(tally(&done["embedding"]), "2 new");
    assert_eq!(model_of(&bench), "third");
}

#[test]
fn folders_that_were_relocated_meanwhile_are_known_where_they_are() {
    let bench = half_converted();
    fs::rename(bench.sounds(), bench.dir().join("moved")).unwrap();
    bench.run(["relocate", "sounds", "moved"]).ended(0);
    bench.run(["convert", "models/other"]).ended(0);
    assert_eq!(model_of(&bench), "other");
    assert_eq!(bench.known(), ["moved/spoilt.wav", "moved/stays.wav"]);
}

#[cfg(unix)]
#[test]
fn an_interrupted_conversion_leaves_the_library_in_use_and_goes_on() {
    use std::process::Stdio;

    use crate::support::{Running, wait_until};

    let bench = Bench::new();
    give_other_model(&bench);
    bench.snippet("short.wav", "handbell", 1);
    bench.index();
    bench.write("sounds/long.wav", &minutes_of("applause", 60));
    let mut command = bench.command();
    command.args(["convert", "models/other"]).stdout(Stdio::null()).stderr(Stdio::null());
    let converting = Running::start(&mut command);
    wait_until(|| bench.library().join(".converting/manifest").exists());
    assert_eq!(found(&bench, "aisfx").len(), 1, "the library is in use meanwhile");
    for second in [&["convert", "--discard"][..], &["convert", "models/other"]] {
        let refused = bench.run(second).ended(2);
        assert!(refused.err.contains("being converted by"), "{}", refused.err);
    }
    converting.interrupt();
    assert_eq!(converting.finish().status.code(), Some(130));
    assert_eq!(model_of(&bench), "aisfx");
    fs::remove_file(bench.sounds().join("long.wav")).unwrap();
    let done = bench.run(["convert", "models/other", "--json"]).ended(0).json();
    assert_eq!(tally(&done["embedding"]), "1 unchanged", "what was embedded before is not again");
    assert_eq!(model_of(&bench), "other");
}
