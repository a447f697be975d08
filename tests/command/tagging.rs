//! `earmark tag` suggests categories with evidence, and changes nothing.

use std::fs;

use serde_json::Value;

use crate::support::{Bench, snippet_of, tally};

/// The tagging of the sound of that file name.
fn tagging<'a>(answer: &'a Value, name: &str) -> &'a Value {
    let all = answer["taggings"].as_array().unwrap();
    all.iter()
        .find(|tagging| tagging["path"].as_str().unwrap().ends_with(name))
        .unwrap_or_else(|| panic!("no {name}"))
}

fn first(tagging: &Value) -> &str {
    tagging["suggestions"][0]["cat"].as_str().unwrap_or("")
}

/// Kinds of evidence of the first suggestion.
fn kinds(tagging: &Value) -> Vec<&str> {
    let evidence = tagging["suggestions"][0]["evidence"].as_array().unwrap();
    evidence.iter().map(|evidence| evidence["kind"].as_str().unwrap()).collect()
}

#[test]
fn a_sound_without_a_name_is_told_by_its_labelled_neighbours() {
    let bench = Bench::new();
    for take in 1..=4 {
        bench.snippet(&format!("BELLHand_Ring_{take}_EMRK_DEMO.wav"), "handbell", take);
        bench.snippet(&format!("DOORKnck_Knock_{take}_EMRK_DEMO.wav"), "door_knock", take);
    }
    bench.snippet("0001.wav", "handbell", 9);
    bench.snippet("0002.wav", "door_knock", 9);
    bench.index();
    let before: Vec<Vec<u8>> = bench.segments().iter().map(|path| fs::read(path).unwrap()).collect();
    let answer = bench.run(["tag", "--unlabelled", "--json", "--no-bank", "--least", "10"]).ended(0).json();
    assert_eq!(answer["sounds"], 2, "only those without a label");
    assert_eq!(first(tagging(&answer, "0001.wav")), "BELLHand");
    assert_eq!(first(tagging(&answer, "0002.wav")), "DOORKnck");
    let neighbour = &tagging(&answer, "0001.wav")["suggestions"][0]["evidence"][0];
    assert_eq!(neighbour["kind"], "neighbour");
    assert!(neighbour["path"].as_str().unwrap().contains("BELLHand_Ring"));
    assert!(neighbour["similarity"].as_f64().unwrap() > 0.5);
    assert_eq!(tagging(&answer, "0001.wav")["current"], Value::Null);
    let after: Vec<Vec<u8>> = bench.segments().iter().map(|path| fs::read(path).unwrap()).collect();
    assert!(before == after, "the library is as it was");
    assert!(bench.sounds().join("0001.wav").exists());

    // With words alone there is nothing to go by, and that is said.
    let answer = bench.run(["tag", "--unlabelled", "--json", "--by", "words"]).ended(1).json();
    assert_eq!(tagging(&answer, "0001.wav")["abstained"], "no_evidence");
    assert_eq!(answer["suggested"], 0);
}

#[test]
fn a_sounds_own_label_and_its_copies_do_not_speak_for_it() {
    let bench = Bench::new();
    for take in 1..=3 {
        bench.snippet(&format!("BELLHand_{take}_EMRK_DEMO.wav"), "handbell", take);
    }
    // A bell labelled as a knock, twice with the same bytes.
    let bytes = snippet_of("handbell", 8);
    bench.write("sounds/DOORKnck_A_EMRK_DEMO.wav", &bytes);
    bench.write("sounds/DOORKnck_B_EMRK_DEMO.wav", &bytes);
    bench.index();
    let answer = bench.run(["tag", "--json", "--no-bank", "--by", "audio", "--least", "10"]).ended(0).json();
    let wrong = tagging(&answer, "DOORKnck_A_EMRK_DEMO.wav");
    assert_eq!(wrong["current"], "DOORKnck");
    assert_eq!(first(wrong), "BELLHand");
}

#[test]
fn words_of_paths_are_read_in_many_languages_and_only_whole() {
    let bench = Bench::new();
    for name in [
        "fire alarm 3.wav",
        "bathroom.wav",
        "Türen/knarrend 2.wav",
        "Holztür_zu.wav",
        "Glastueren.wav",
        "Schiffsglocke 1.wav",
        "puertas/01.wav",
        "FootstepsGravel/step07.wav",
        "木門.wav",
        "qwertz_0815.wav",
    ] {
        bench.snippet(name, "wood_plank", 1);
    }
    bench.index();
    let answer = bench.run(["tag", "--json", "--by", "words", "--least", "0"]).ended(0).json();
    let category = |name: &str| {
        let cat = first(tagging(&answer, name)).to_owned();
        cat.trim_end_matches(|c: char| c.is_lowercase()).to_owned()
    };
    assert!(category("fire alarm 3.wav").starts_with("ALRM"), "{}", category("fire alarm 3.wav"));
    assert_eq!(first(tagging(&answer, "bathroom.wav")), "AMBRoom");
    for name in ["knarrend 2.wav", "Holztür_zu.wav", "01.wav", "木門.wav"] {
        assert!(category(name).starts_with("DOOR"), "{name}: {}", category(name));
    }
    assert_eq!(first(tagging(&answer, "Glastueren.wav")), "DOORGlas");
    assert!(category("Schiffsglocke 1.wav").starts_with("BELL"), "{}", category("Schiffsglocke 1.wav"));
    assert!(category("step07.wav").starts_with("FEET"), "{}", category("step07.wav"));
    assert_eq!(tagging(&answer, "qwertz_0815.wav")["suggestions"], Value::Array(Vec::new()));
    let evidence = &tagging(&answer, "01.wav")["suggestions"][0]["evidence"][0];
    assert_eq!((evidence["place"].as_str(), evidence["language"].as_str()), (Some("folder"), Some("es")));
    assert_eq!(kinds(tagging(&answer, "bathroom.wav")), ["word"]);
}

#[test]
fn the_csv_can_be_edited_and_taken_as_labels() {
    let bench = Bench::new();
    for take in 1..=4 {
        bench.snippet(&format!("BELLHand_Ring_{take}_EMRK_DEMO.wav"), "handbell", take);
    }
    bench.snippet("hand bell, \"odd\".wav", "handbell", 9);
    bench.index();
    let table = bench.run(["tag", "--unlabelled", "--csv", "--least", "5%"]).ended(0).out;
    let headings = table.lines().next().unwrap();
    assert!(headings.starts_with("FilePath,Filename,CatID,Category,SubCategory,CategoryFull,"), "{headings}");
    assert_eq!(table.lines().count(), 2, "{table}");
    bench.write("tags.csv", table.as_bytes());
    for (separator, sign) in [("semicolon", ';'), ("tab", '\t')] {
        let args = ["tag", "--unlabelled", "--csv", "--least", "5%", "--separator", separator];
        let table = bench.run(args).ended(0).out;
        assert!(table.starts_with(&format!("FilePath{sign}Filename{sign}CatID{sign}")), "{table}");
        bench.write("other.txt", table.as_bytes());
        let planned = bench.run(["write", "--from", "other.txt", "--json"]).ended(0).json();
        assert_eq!(planned["sounds"][0]["fields"]["cat_id"], "BELLHand", "{planned:#}");
    }
    bench.run(["tag", "--separator", "tab"]).ended(2);
    let ran = bench.run(["index", "sounds", "--labels", "tags.csv", "--json"]).ended(0);
    assert_eq!(tally(&ran.json()), "1 relabelled, 5 unchanged");
    bench.run(["tag", "--unlabelled"]).ended(1);
}

#[test]
fn what_is_wrong_with_the_request_is_said() {
    let bench = Bench::new();
    bench.run(["tag"]).ended(2);
    bench.snippet("a.wav", "handbell", 1);
    bench.index();
    bench.run(["tag", "--filter", "dur<x"]).refused(&["--filter", "duration"]);
    bench.run(["tag", "--taxonomy", "none.csv"]).refused(&["none.csv", "cannot read"]);
    bench.write("bad.csv", b"Label,CatID,Confidence\ndoors,DOORWodo,1\n");
    bench.run(["tag", "--taxonomy", "bad.csv"]).refused(&["bad.csv", "line 2", "DOORWodo", "DOORWood"]);
    bench.write("bad.csv", b"Label,CatID,Confidence\ndoors,DOORWood,much\n");
    bench.run(["tag", "--taxonomy", "bad.csv"]).refused(&["line 2", "much"]);
    bench.write("bad.csv", b"What,CatID\na,DOORWood\n");
    bench.run(["tag", "--taxonomy", "bad.csv"]).refused(&["no column Label"]);
    assert_eq!(bench.run(["tag", "--least", "400"]).status, 2);
}
