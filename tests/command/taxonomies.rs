//! `earmark map-taxonomy` learns what folders or labels are in UCS; `tag` trusts the edited table.

use std::fs;

use serde_json::Value;

use crate::support::Bench;

/// The categories proposed for a label, most confident first.
fn targets(answer: &Value, label: &str) -> Vec<(String, f64)> {
    let rows = answer["labels"].as_array().unwrap();
    let row =
        rows.iter().find(|row| row["label"] == label).unwrap_or_else(|| panic!("no {label} in {answer:#}"));
    let target =
        |target: &Value| (target["cat"].as_str().unwrap().to_owned(), target["confidence"].as_f64().unwrap());
    row["targets"].as_array().unwrap().iter().map(target).collect()
}

/// Two folders of a vendor whose names tell little or much.
fn vendor() -> Bench {
    let bench = Bench::new();
    for take in 1..=4 {
        bench.snippet(&format!("own/BELLHand_{take}_EMRK_DEMO.wav"), "handbell", take);
        bench.snippet(&format!("vendor/Set B/b{take}.wav"), "handbell", take + 20);
        bench.snippet(&format!("vendor/Portes/p{take}.wav"), "wood_plank", take);
        bench.snippet(&format!("vendor/Creatures/c{take}.wav"), "glass_tap", take);
    }
    bench.index();
    bench
}

#[test]
fn folders_are_mapped_by_sounds_and_by_words_and_the_edited_map_is_trusted() {
    let bench = vendor();
    let answer = bench.run(["map-taxonomy", "--json", "--no-bank", "-q"]).ended(0).json();
    let own = targets(&answer, "own");
    assert_eq!(own[0].0, "BELLHand");
    assert!(own[0].1 > 0.9, "labelled sounds count for certain: {own:?}");
    assert_eq!(targets(&answer, "vendor/Set B")[0].0, "BELLHand", "by the sounds");
    assert!(targets(&answer, "vendor/Portes")[0].0.starts_with("DOOR"), "by the word");
    let creatures = targets(&answer, "vendor/Creatures");
    assert!(creatures.iter().any(|target| target.0 == "CREAMisc"), "which of them is open: {creatures:?}");

    bench.run(["map-taxonomy", "-q", "-o", "map.csv"]).ended(0);
    let table = fs::read_to_string(bench.dir().join("map.csv")).unwrap();
    assert!(
        table.starts_with("Label,CatID,Category,SubCategory,Confidence,Sounds,Reasons,Examples\n"),
        "{table}"
    );
    bench.run(["map-taxonomy", "-o", "map.csv"]).refused(&["map.csv", "not written over"]);
    assert_eq!(fs::read_to_string(bench.dir().join("map.csv")).unwrap(), table);

    // Edited in a spreadsheet of another country: semicolons, a comma in the number, saved as "Unicode text".
    let edited = "\u{feff}Label;CatID;Confidence\r\nvendor/Portes;CERMImpt;0,95\r\n";
    bench.write("edited.csv", &edited.encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<u8>>());
    let args = ["tag", "--json", "--unlabelled", "--filter", "portes", "--taxonomy", "edited.csv"];
    let answer = bench.run(args).ended(0).json();
    for tagging in answer["taggings"].as_array().unwrap() {
        let suggestion = &tagging["suggestions"][0];
        assert_eq!(suggestion["cat"], "CERMImpt");
        assert!(suggestion["share"].as_f64().unwrap() >= 0.9);
        assert_eq!(suggestion["evidence"][0]["kind"], "taxonomy");
        assert_eq!(suggestion["evidence"][0]["label"], "vendor/Portes");
    }
}

#[test]
fn labels_of_a_table_are_mapped_like_folders() {
    let bench = vendor();
    let mut table = String::from("Filename,Label\n");
    for take in 1..=4 {
        table += &format!("b{take}.wav,Glockenspiel-Kategorie 7\np{take}.wav,Türen\n");
    }
    bench.write("vendor.csv", table.as_bytes());
    let answer = bench.run(["map-taxonomy", "--files", "vendor.csv", "--json", "--no-bank"]).ended(0).json();
    assert_eq!(answer["sounds_without_label"], 8);
    assert_eq!(targets(&answer, "Glockenspiel-Kategorie 7")[0].0, "BELLHand");
    assert!(targets(&answer, "Türen")[0].0.starts_with("DOOR"));
    bench.write("map.csv", "Label,CatID,Confidence\nTüren,DOORWood,100 %\n".as_bytes());
    let args =
        ["tag", "--json", "--filter", "portes", "--taxonomy", "map.csv", "--taxonomy-files", "vendor.csv"];
    let answer = bench.run(args).ended(0).json();
    let cats: Vec<&Value> = answer["taggings"]
        .as_array()
        .unwrap()
        .iter()
        .map(|tagging| &tagging["suggestions"][0]["cat"])
        .collect();
    assert_eq!(cats, ["DOORWood"; 4]);
    bench.write("none.csv", b"a,b\n1,2\n");
    bench.run(["map-taxonomy", "--files", "none.csv"]).refused(&["none.csv", "no column"]);
}
