//! `earmark find` gives the closest sounds, where in them, and what they are.

use std::fs;
use std::path::PathBuf;
use std::sync::OnceLock;

use earmark_demo::HIDDEN_BELL;
use serde_json::Value;

use crate::support::{Bench, names, shared, snippet_of, take_of, wav_of};

const BELL: &str = "BELLLrg_Church Bell Strike_EMRK_DEMO.wav";
const FOREST: &str = "AMBForst_Forest With Far Bell_EMRK_DEMO.wav";
const CREAK: &str = "DOORCreak_Hinge Creak Slow_EMRK_DEMO.wav";
const KNOCK: &str = "DOORKnck_Door Knock Hollow_EMRK_DEMO.wav";
const LASER: &str = "LASRGun_Laser Shot Falling_EMRK_DEMO.wav";
const RAIN: &str = "RAIN_Rain Steady Open_EMRK_DEMO.wav";
const SHEET: &str = "METLImpt_Steel Sheet Strike_EMRK_DEMO.wav";

/// A small library that these tests share: second takes, so that the first ones can be asked about.
fn library() -> &'static Bench {
    static LIBRARY: OnceLock<Bench> = OnceLock::new();
    LIBRARY.get_or_init(|| {
        let bench = Bench::lasting("finding");
        for (name, recipe) in [
            (BELL, "church_bell"),
            (CREAK, "door_creak"),
            (KNOCK, "door_knock"),
            (LASER, "laser_shot"),
            (RAIN, "rain_open"),
            (SHEET, "metal_sheet"),
        ] {
            bench.sound(name, recipe, 2);
        }
        bench.sound(FOREST, HIDDEN_BELL.recipe, 1);
        for (asked, recipe) in
            [("bell", "church_bell"), ("laser", "laser_shot"), ("knock", "door_knock"), ("rain", "rain_open")]
        {
            bench.write(format!("{asked}.wav"), &wav_of(&take_of(recipe, 1)));
        }
        bench.index();
        bench
    })
}

fn asked(name: &str) -> PathBuf {
    library().dir().join(name)
}

fn find(name: &str, args: &[&str]) -> Value {
    library().find(&asked(name), args)
}

#[test]
fn another_take_of_the_same_thing_comes_first() {
    for (asked, answer) in
        [("bell.wav", BELL), ("laser.wav", LASER), ("knock.wav", KNOCK), ("rain.wav", RAIN)]
    {
        let found = find(asked, &["--filter", "-AMB*"]);
        assert_eq!(names(&found)[0], answer, "{asked}: {found:#}");
        assert_eq!(names(&found).len(), 6);
    }
}

#[test]
fn a_bell_hidden_in_a_long_ambience_is_found_and_pointed_at() {
    let found = find("bell.wav", &["--filter", "forest"]);
    assert_eq!(names(&found), [FOREST]);
    let start_s = found["results"][0]["start_s"].as_f64().unwrap();
    // A frame lasts 2.3 s; the bell must ring in it.
    assert!((HIDDEN_BELL.at_s - 2.4..HIDDEN_BELL.at_s + 2.0).contains(&start_s), "{start_s}");
}

#[test]
fn a_region_of_a_sound_can_be_asked_about() {
    let forest = library().sounds().join(FOREST);
    let region = library().find(&forest, &["--from", "0:37.3", "--to", "39.9"]);
    assert_eq!(region["query"]["frames"], 1);
    assert_eq!(region["query"]["from_s"], 37.3);
    assert!((region["query"]["duration_s"].as_f64().unwrap() - 2.6).abs() < 0.01, "{}", region["query"]);
    let birds = library().find(&forest, &["--from", "6", "--to", "8.6"]);
    let cosine = |answer: &Value| {
        let results = answer["results"].as_array().unwrap();
        let bell = results.iter().find(|result| result["path"].as_str().unwrap().ends_with(BELL)).unwrap();
        bell["cosine"].as_f64().unwrap()
    };
    assert!(cosine(&region) > cosine(&birds) + 0.1, "the bell is in one of the regions only");
    let late = library().find(&asked("bell.wav"), &["--from", "2"]);
    assert_eq!(late["query"]["from_s"], 2.0);
    let first = late["results"][0]["query_start_s"].as_f64().unwrap();
    assert!((2.0..5.0).contains(&first), "times are those of the file: {first}");
}

#[test]
fn a_region_that_is_none_is_refused() {
    let bell = asked("bell.wav");
    let bell = bell.to_str().unwrap();
    library().run(["find", bell, "--from", "3", "--to", "2"]).refused(&["--to 2", "later than --from 3"]);
    library().run(["find", bell, "--from", "60"]).refused(&["bell.wav", "ends at 5.000 s", "earlier start"]);
    let ran = library().run(["find", bell, "--from", "soon"]).ended(2);
    assert!(ran.err.contains("'soon' is not a time"), "{}", ran.err);
}

#[test]
fn as_many_answers_as_asked_for_best_first() {
    let all = find("bell.wav", &[]);
    assert_eq!(names(&all).len(), 7);
    let percents: Vec<f64> = all["results"]
        .as_array()
        .unwrap()
        .iter()
        .map(|hit| hit["similarity_percent"].as_f64().unwrap())
        .collect();
    assert!(
        percents.is_sorted_by(|a, b| a >= b)
            && percents.iter().all(|percent| (0.0..=100.0).contains(percent))
    );
    assert_eq!(names(&find("bell.wav", &["-k", "2"])), names(&all)[..2]);
    library().run(["find", asked("bell.wav").to_str().unwrap(), "-k", "0"]).ended(2);
}

#[test]
fn filters_choose_what_may_be_found() {
    let all = [BELL, FOREST, CREAK, KNOCK, LASER, RAIN, SHEET];
    let expectations: [(&str, &[&str]); 15] = [
        ("", &all),
        ("steady", &[RAIN]),
        ("STEADY", &[RAIN]),
        ("\"steel sheet\"", &[SHEET]),
        ("doors", &[CREAK, KNOCK]),
        ("DOOR*", &[CREAK, KNOCK]),
        ("DOOR* -creak", &[KNOCK]),
        ("DOOR*|LASR* dur<1.5", &[LASER]),
        ("dur>=30", &[FOREST]),
        ("dur=4.5..6", &[BELL]),
        ("ch=1 METL*", &[]),
        ("rate=48k dur>50", &[FOREST]),
        ("-rate=48000", &[SHEET]),
        ("ch=1", &[CREAK, KNOCK]),
        ("rate>96000", &[]),
    ];
    for (filter, expected) in expectations {
        let ran = library().run(crate::support::find_args(&asked("bell.wav"), &["--filter", filter]));
        let ran = ran.ended(if expected.is_empty() { 1 } else { 0 });
        let mut found = names(&ran.json());
        found.sort();
        let mut expected = expected.to_vec();
        expected.sort_unstable();
        assert_eq!(found, expected, "{filter}");
    }
    let bell = asked("bell.wav");
    library()
        .run(["find", bell.to_str().unwrap(), "--filter", "dur<soon"])
        .refused(&["--filter: filter, character 5"]);
}

#[test]
fn the_answer_as_json_has_all_that_a_program_needs() {
    let answer = find("bell.wav", &["-k", "1", "--filter", "BELL*"]);
    assert_eq!(answer["query"]["path"], asked("bell.wav").to_str().unwrap());
    assert_eq!(answer["library"]["path"], library().library().to_str().unwrap());
    assert_eq!(answer["model"], "aisfx");
    let hit = &answer["results"][0];
    assert_eq!(hit["rank"], 1);
    assert_eq!(hit["path"], library().sounds().join(BELL).to_str().unwrap());
    assert_eq!(
        (&hit["cat_id"], &hit["category"], &hit["subcategory"]),
        (&"BELLLrg".into(), &"BELLS".into(), &"LARGE".into())
    );
    assert_eq!(hit["sample_rate_hz"], 48_000);
    assert_eq!(hit["channels"], 2);
    assert!((hit["duration_s"].as_f64().unwrap() - 5.0).abs() < 0.1, "{hit}");
    for number in ["similarity_percent", "cosine", "start_s", "query_start_s"] {
        assert!(hit[number].is_f64(), "{number}: {hit}");
    }
}

#[test]
fn shares_of_the_categories_and_the_unknown_make_a_whole() {
    for asked in ["bell.wav", "rain.wav"] {
        for args in [&[][..], &["--no-bank"], &["--filter", "LASR*"]] {
            let answer = find(asked, args);
            let sum = |list: &str| -> f64 {
                answer[list].as_array().unwrap().iter().map(|entry| entry["share"].as_f64().unwrap()).sum()
            };
            let unknown = answer["unknown_share"].as_f64().unwrap();
            assert!((0.0..=1.0).contains(&unknown), "{unknown}");
            assert!((sum("categories") + unknown - 1.0).abs() < 1e-4, "{asked} {args:?}: {answer:#}");
            assert!((sum("category_groups") + unknown - 1.0).abs() < 1e-4, "{asked} {args:?}: {answer:#}");
            let shares: Vec<f64> = answer["categories"]
                .as_array()
                .unwrap()
                .iter()
                .map(|category| category["share"].as_f64().unwrap())
                .collect();
            assert!(shares.is_sorted_by(|a, b| a >= b), "{shares:?}");
        }
    }
}

#[test]
fn the_library_own_labels_name_the_category() {
    let answer = find("bell.wav", &["--no-bank"]);
    assert_eq!(answer["categories"][0]["cat_id"], "BELLLrg", "{answer:#}");
    assert_eq!(answer["category_groups"][0]["category"], "BELLS", "{answer:#}");
}

#[test]
fn a_library_without_labels_still_gets_suggestions_from_the_starter_bank() {
    let bench = Bench::new();
    bench.sound("unlabelled.wav", "rain_open", 2);
    bench.index();
    let with_bank = bench.find(&asked("rain.wav"), &[]);
    assert!(!with_bank["categories"].as_array().unwrap().is_empty(), "{with_bank:#}");
    let without = bench.find(&asked("rain.wav"), &["--no-bank"]);
    assert_eq!(without["categories"].as_array().unwrap().len(), 0);
    assert_eq!(without["unknown_share"], 1.0);
    let text = bench.run(["find", asked("rain.wav").to_str().unwrap(), "--no-bank"]).ended(0);
    assert!(text.out.contains("UCS: no idea"), "{}", text.out);
}

#[test]
fn the_official_list_explains_the_categories() {
    let Some(list) = shared("ucs/ucs_v8.2.1.csv") else { return };
    let list = list.to_str().unwrap();
    let answer = find("bell.wav", &["--no-bank", "--ucs", list]);
    let explanation = answer["categories"][0]["explanation"].as_str().expect("an explanation");
    assert!(explanation.len() > 10, "{explanation}");
    let bell = asked("bell.wav");
    let text = library().run(["find", bell.to_str().unwrap(), "--no-bank", "--ucs", list]).ended(0);
    assert!(text.out.contains(explanation), "{}", text.out);
    let plain = library().run(["find", bell.to_str().unwrap(), "--no-bank"]).ended(0);
    assert!(!plain.out.contains(explanation), "it is the list's, not ours");
}

#[test]
fn a_list_that_is_none_is_refused() {
    let bell = asked("bell.wav");
    library().run(["find", bell.to_str().unwrap(), "--ucs", "none.csv"]).refused(&["--ucs: ", "none.csv"]);
    library().run(["find", bell.to_str().unwrap(), "--ucs", "bell.wav"]).refused(&["--ucs: ", "bell.wav"]);
}

#[test]
fn the_text_has_a_row_for_each_sound() {
    let ran = library().run(["find", asked("bell.wav").to_str().unwrap(), "-k", "3"]).ended(0);
    let lines: Vec<&str> = ran.out.lines().collect();
    assert!(lines[0].starts_with("UCS: "), "{}", ran.out);
    let heading = lines.iter().position(|line| line.contains("like")).unwrap();
    let columns: Vec<&str> = lines[heading].split_whitespace().collect();
    assert_eq!(columns, ["like", "at", "length", "CatID", "sound"]);
    let rows = &lines[heading + 1..];
    assert_eq!(rows.len(), 3);
    let best: Vec<&str> = rows[0].split_whitespace().collect();
    assert!(best[0].parse::<f64>().unwrap() > 50.0 && best[1] == "%", "{}", rows[0]);
    assert!(best[2].starts_with("0:0") && best[3] == "0:05.0", "{}", rows[0]);
    assert_eq!(best[4], "BELLLrg");
    assert!(rows[0].ends_with(&format!("  {}", library().sounds().join(BELL).display())), "{}", rows[0]);
    let quiet = library().run(["find", asked("bell.wav").to_str().unwrap(), "-k", "3", "--quiet"]).ended(0);
    assert_eq!(quiet.out.lines().collect::<Vec<_>>(), rows, "--quiet leaves the results");
}

#[test]
fn the_sound_asked_about_is_not_its_own_answer_whatever_its_name() {
    let bench = Bench::new();
    let original = bench.snippet("a.wav", "glass_tap", 1);
    bench.snippet("b.wav", "glass_tap", 2);
    bench.index();
    let copy = bench.write("copy under another name.wav", &fs::read(&original).unwrap());
    for asked in [&original, &copy] {
        assert_eq!(names(&bench.find(asked, &[])), ["b.wav"], "{}", asked.display());
        let with_self = bench.find(asked, &["--include-self"]);
        assert_eq!(names(&with_self), ["a.wav", "b.wav"]);
        assert!(with_self["results"][0]["similarity_percent"].as_f64().unwrap() > 99.0, "{with_self:#}");
    }
    fs::write(&original, snippet_of("glass_tap", 3)).unwrap();
    assert_eq!(
        names(&bench.find(&original, &[])),
        ["b.wav"],
        "changed since it was indexed, it is still itself"
    );
}

#[test]
fn a_folder_named_with_in_is_indexed_and_searched_alone() {
    let bench = Bench::new();
    let asked = bench.write("asked.wav", &snippet_of("glass_tap", 1));
    bench.snippet("tap.wav", "glass_tap", 2);
    bench.index();
    bench.write("other/knock.wav", &snippet_of("wood_plank", 1));
    assert_eq!(names(&bench.find(&asked, &["--in", "other"])), ["knock.wav"]);
    assert_eq!(names(&bench.find(&asked, &[])), ["tap.wav", "knock.wav"]);
    bench.write("other/later.wav", &snippet_of("glass_tap", 3));
    assert_eq!(names(&bench.find(&asked, &["--in", "other"])), ["later.wav", "knock.wav"]);
    bench.write("other/bad.wav", b"");
    let ran = bench.run(crate::support::find_args(&asked, &["--in", "other"])).ended(2);
    assert_eq!(names(&ran.json()), ["later.wav", "knock.wav"], "the answer is given all the same");
    assert!(ran.err.contains("bad.wav"), "{}", ran.err);
}

#[test]
fn a_question_that_cannot_be_heard_is_refused_before_a_folder_is_indexed() {
    let bench = Bench::new();
    bench.snippet("a.wav", "glass_tap", 1);
    bench.run(["find", "none.wav", "--in", "sounds"]).refused(&["none.wav", "check that it exists"]);
    bench.run(["find", "sounds", "--in", "sounds"]).refused(&["sounds: is a folder, not a file"]);
    assert!(!bench.library().exists());
}

#[test]
fn without_a_library_it_says_how_to_make_one() {
    let bench = Bench::new();
    let asked = bench.snippet("a.wav", "glass_tap", 1);
    bench
        .run(["find", asked.to_str().unwrap()])
        .refused(&["library: no library here", "earmark index FOLDER"]);
}

#[test]
fn when_nothing_passes_the_status_is_1() {
    let bell = asked("bell.wav");
    let ran = library().run(["find", bell.to_str().unwrap(), "--filter", "no-such-word"]).ended(1);
    assert!(ran.out.contains("no sound of the library passes"), "{}", ran.out);
    assert_eq!(ran.err, "");
}
