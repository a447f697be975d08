//! `earmark audit` ranks what is likely wrong with labels and files, and changes nothing.

use earmark_demo::Audio;
use serde_json::Value;

use crate::support::{Bench, snippet_of, take_of, wav_of};

/// Findings of a kind, by file name.
fn of_kind(answer: &Value, kind: &str) -> Vec<(String, Value)> {
    let findings = answer["findings"].as_array().unwrap().iter().filter(|finding| finding["kind"] == kind);
    findings
        .map(|finding| {
            let path = finding["path"].as_str().unwrap();
            (path.rsplit('/').next().unwrap().to_owned(), finding.clone())
        })
        .collect()
}

fn names(answer: &Value, kind: &str) -> Vec<String> {
    let mut names: Vec<String> = of_kind(answer, kind).into_iter().map(|(name, _)| name).collect();
    names.sort();
    names
}

#[test]
fn a_label_that_the_sound_contradicts_is_found_with_what_it_may_be() {
    let bench = Bench::new();
    for take in 1..=5 {
        bench.snippet(&format!("BELLHand_{take}_EMRK_DEMO.wav"), "handbell", take);
        bench.snippet(&format!("DOORKnck_{take}_EMRK_DEMO.wav"), "door_knock", take);
    }
    bench.snippet("DOORKnck_9_EMRK_DEMO.wav", "handbell", 9);
    bench.index();
    let answer = bench.run(["audit", "--json"]).ended(0).json();
    assert_eq!((answer["sounds"].as_u64(), answer["labelled"].as_u64()), (Some(11), Some(11)));
    let found = of_kind(&answer, "contradicted");
    let (name, finding) = &found[0];
    assert_eq!(name, "DOORKnck_9_EMRK_DEMO.wav");
    assert_eq!(
        (finding["current"].as_str(), finding["suggested"][0]["cat"].as_str()),
        (Some("DOORKnck"), Some("BELLHand"))
    );
    assert!(finding["gain"].as_f64().unwrap() > 0.5);
    assert_eq!(finding["evidence"][0]["kind"], "neighbour");
    let gains: Vec<f64> = answer["findings"]
        .as_array()
        .unwrap()
        .iter()
        .map(|finding| finding["gain"].as_f64().unwrap())
        .collect();
    assert!(gains.windows(2).all(|pair| pair[0] >= pair[1]), "most rewarding first: {gains:?}");
    let table = bench.run(["audit", "--csv", "--kind", "contradicted", "-n", "1"]).ended(0).out;
    assert!(table.lines().nth(1).unwrap().contains("DOORKnck_9_EMRK_DEMO.wav,contradicted,"), "{table}");
}

#[test]
fn cat_ids_of_no_or_an_older_version_are_told_apart() {
    let bench = Bench::new();
    for name in [
        "MACHOffi_Printer_EMRK_DEMO.wav",
        "WOODHandl_Plank_EMRK_DEMO.wav",
        "DOORWodo_Creak_EMRK_DEMO.wav",
        "DOORWood_Creak_EMRK_DEMO.wav",
        "ANMLWild_Wolf Howls_EMRK_DEMO.wav",
        "ANMLWild_Bear_EMRK_DEMO.wav",
        "old_wood_door_02.wav",
    ] {
        bench.snippet(name, "wood_plank", 1);
    }
    bench.index();
    let answer = bench.run(["audit", "--json"]).ended(0).json();
    let old = of_kind(&answer, "old_cat_id");
    let mut old: Vec<(String, String)> = old
        .into_iter()
        .map(|(name, finding)| (name, finding["suggested"][0]["cat"].as_str().unwrap().to_owned()))
        .collect();
    old.sort();
    let pair = |name: &str, cat: &str| (name.to_owned(), cat.to_owned());
    assert_eq!(
        old,
        [
            pair("ANMLWild_Wolf Howls_EMRK_DEMO.wav", "ANMLWdog"),
            pair("MACHOffi_Printer_EMRK_DEMO.wav", "MACHOffc"),
            pair("WOODHandl_Plank_EMRK_DEMO.wav", "WOODHndl"),
        ]
    );
    let unknown = of_kind(&answer, "unknown_cat_id");
    assert_eq!(unknown.len(), 1);
    assert!(unknown[0].1["message"].as_str().unwrap().contains("did it mean DOORWood"), "{unknown:?}");
    // All have the same bytes, and some of them different labels.
    assert!(!of_kind(&answer, "twins_disagree").is_empty());
}

#[test]
fn twins_with_different_labels_are_found_though_no_byte_is_the_same() {
    let bench = Bench::new();
    let take = take_of("door_knock", 1);
    bench.write("sounds/DOORKnck_A_EMRK_DEMO.wav", &wav_of(&take));
    let mut softer = take;
    softer.channels.iter_mut().flatten().for_each(|sample| *sample *= 0.99);
    bench.write("sounds/WOODImpt_B_EMRK_DEMO.wav", &wav_of(&softer));
    bench.sound("BELLHand_C_EMRK_DEMO.wav", "handbell", 1);
    bench.index();
    let answer = bench.run(["audit", "--json", "--kind", "twins_disagree"]).ended(0).json();
    let found = of_kind(&answer, "twins_disagree");
    assert_eq!(found.len(), 1, "{answer:#}");
    let related = found[0].1["related"][0]["path"].as_str().unwrap();
    let mut both = [found[0].0.as_str(), related.rsplit('/').next().unwrap()];
    both.sort_unstable();
    assert_eq!(both, ["DOORKnck_A_EMRK_DEMO.wav", "WOODImpt_B_EMRK_DEMO.wav"]);
}

#[test]
fn a_vendor_that_uses_a_category_otherwise_is_told() {
    let bench = Bench::new();
    for take in 1..=6 {
        bench.snippet(&format!("ours/BELLHand_{take}_EMRK_DEMO.wav"), "handbell", take);
        bench.snippet(&format!("theirs/GLASImpt_{take}_OTHR_LIB.wav"), "handbell", take + 20);
        bench.snippet(&format!("ours/DOORKnck_{take}_EMRK_DEMO.wav"), "door_knock", take);
        bench.snippet(&format!("theirs/DOORKnck_{take}_OTHR_LIB.wav"), "door_knock", take + 20);
    }
    bench.index();
    let answer = bench.run(["audit", "--json", "--kind", "inconsistent"]).ended(0).json();
    let messages: Vec<String> = of_kind(&answer, "inconsistent")
        .into_iter()
        .map(|(_, finding)| finding["message"].as_str().unwrap().to_owned())
        .collect();
    assert!(messages.iter().any(|message| message.starts_with("OTHR files as GLASImpt")), "{messages:?}");
    assert!(messages.iter().all(|message| !message.contains("DOORKnck")), "{messages:?}");
}

fn write(bench: &Bench, name: &str, channels: Vec<Vec<f32>>) {
    bench.write(format!("sounds/{name}"), &wav_of(&Audio { sample_rate_hz: 48_000, channels }));
}

#[test]
fn suspicious_files_are_found_by_listening_and_only_then() {
    let bench = Bench::new();
    let tone = |hz: f32, level: f32| -> Vec<f32> {
        (0..24_000).map(|at| level * (at as f32 * hz * std::f32::consts::TAU / 48_000.0).sin()).collect()
    };
    let noise: Vec<f32> = take_of("wood_plank", 1).channels[0].iter().copied().cycle().take(24_000).collect();
    write(&bench, "silent.wav", vec![vec![0.0; 24_000]]);
    write(&bench, "clipped.wav", vec![tone(200.0, 3.0).into_iter().map(|x| x.clamp(-0.9, 0.9)).collect()]);
    write(&bench, "offset.wav", vec![tone(200.0, 0.1).into_iter().map(|x| x + 0.2).collect()]);
    write(&bench, "dual.wav", vec![noise.clone(), noise.clone()]);
    write(&bench, "left_only.wav", vec![noise.clone(), vec![0.0; 24_000]]);
    let high = |level| tone(3000.0, level);
    let low = tone(40.0, 0.4);
    write(
        &bench,
        "film_order.wav",
        vec![high(0.3), high(0.2), high(0.25), high(0.1), high(0.12), low.clone()],
    );
    write(&bench, "wave_order.wav", vec![high(0.3), high(0.2), high(0.25), low, high(0.1), high(0.12)]);
    write(&bench, "well.wav", vec![tone(440.0, 0.5), tone(441.0, 0.5)]);
    let mut cut = snippet_of("handbell", 1);
    cut.truncate(cut.len() / 2);
    bench.write("sounds/cut.wav", &cut);
    bench.run(["index", "sounds"]);
    let answer = bench.run(["audit", "--json"]).json();
    assert_eq!(names(&answer, "truncated"), ["cut.wav"], "the index knows it");
    assert!(names(&answer, "silent").is_empty(), "nothing was listened to");
    let answer = bench.run(["audit", "--json", "--listen"]).ended(0).json();
    assert_eq!(names(&answer, "silent"), ["silent.wav"]);
    assert_eq!(names(&answer, "clipped"), ["clipped.wav"]);
    assert_eq!(names(&answer, "dc_offset"), ["offset.wav"]);
    assert_eq!(names(&answer, "dual_mono"), ["dual.wav"]);
    assert_eq!(names(&answer, "channel_order"), ["film_order.wav", "left_only.wav"]);
    assert_eq!(names(&answer, "truncated"), ["cut.wav"]);
    let told = answer["findings"].as_array().unwrap();
    assert!(
        told.iter().all(|finding| !finding["path"].as_str().unwrap().ends_with("well.wav")),
        "{answer:#}"
    );
    assert!(told.iter().all(|finding| !finding["path"].as_str().unwrap().ends_with("wave_order.wav")));
    std::fs::remove_file(bench.sounds().join("dual.wav")).unwrap();
    let answer = bench.run(["audit", "--json", "--listen"]).ended(0).json();
    assert_eq!(names(&answer, "unreadable"), ["dual.wav"], "the others are listened to all the same");
}

#[test]
fn an_lfe_in_the_wrong_place_is_told_and_ordinary_surround_is_not() {
    let bench = Bench::new();
    let tone = |hz: f32, level: f32| -> Vec<f32> {
        (0..24_000).map(|at| level * (at as f32 * hz * std::f32::consts::TAU / 48_000.0).sin()).collect()
    };
    // Rain on a roof: noise of all frequencies, others in each channel.
    let rain = take_of("rain_open", 1);
    let noise = |at: usize| -> Vec<f32> {
        rain.channels[0].iter().copied().cycle().skip(5000 * at).take(24_000).collect()
    };
    let (lfe, none) = (tone(40.0, 0.4), vec![0.0; 24_000]);
    let full: Vec<Vec<f32>> = (0..8).map(noise).collect();
    let with = |count: usize, at: usize, channel: &Vec<f32>| -> Vec<Vec<f32>> {
        let mut channels = full[..count].to_vec();
        channels[at] = channel.clone();
        channels
    };
    write(&bench, "film_51.wav", with(6, 5, &lfe));
    write(&bench, "film_71.wav", with(8, 7, &lfe));
    write(&bench, "lfe_first.wav", with(6, 0, &lfe));
    write(&bench, "wave_51.wav", with(6, 3, &lfe));
    write(&bench, "wave_71.wav", with(8, 3, &lfe));
    write(&bench, "empty_lfe.wav", with(6, 3, &none));
    write(&bench, "six_microphones.wav", full[..6].to_vec());
    // A rumble everywhere, an explosion with two low channels, an empty LFE beside a low surround channel.
    write(&bench, "rumble.wav", (0..6).map(|at| tone(35.0 + at as f32, 0.3)).collect());
    let mut two_low = with(6, 3, &lfe);
    two_low[2] = tone(60.0, 0.3);
    write(&bench, "two_low.wav", two_low);
    let mut low_surround = with(6, 3, &none);
    low_surround[4] = tone(50.0, 0.2);
    write(&bench, "low_surround.wav", low_surround);
    write(&bench, "five.wav", with(5, 4, &lfe));
    bench.index();
    let answer = bench.run(["audit", "--json", "--listen", "--kind", "channel_order"]).ended(0).json();
    assert_eq!(names(&answer, "channel_order"), ["film_51.wav", "film_71.wav", "lfe_first.wav"]);
    let message = |name: &str| {
        let found = of_kind(&answer, "channel_order").into_iter().find(|(found, _)| found == name);
        found.unwrap().1["message"].as_str().unwrap().to_owned()
    };
    assert!(message("film_51.wav").contains("channel 6") && message("film_51.wav").contains("film order"));
    assert!(message("lfe_first.wav").contains("channel 1") && !message("lfe_first.wav").contains("film"));
}

#[test]
fn cat_ids_that_are_not_in_the_list_are_found_in_metadata_and_tables() {
    let bench = Bench::new();
    let with_ixml = |name: &str, cat_id: &str| {
        let mut audio = take_of("wood_plank", 1);
        audio.channels.iter_mut().for_each(|channel| channel.truncate(20_000));
        let ixml = format!("<BWFXML><USER><CATID>{cat_id}</CATID></USER></BWFXML>");
        let chunks = earmark_demo::Chunks { ixml: Some(ixml), ..Default::default() };
        bench.write(
            format!("sounds/{name}"),
            &earmark_demo::wav::encode(&audio, earmark_demo::SampleFormat::I16, &chunks),
        );
    };
    with_ixml("right.wav", "DOORWood-EXT");
    with_ixml("old.wav", "MACHOffi");
    with_ixml("wrong.wav", "DOORWod");
    bench.snippet("by_table.wav", "handbell", 1);
    bench.snippet("well.wav", "handbell", 2);
    bench.write("table.csv", b"Filename,CatID\nby_table.wav,EQUISprt\nwell.wav,BELLHand\n");
    let ran = bench.run(["index", "sounds", "--labels", "table.csv"]).ended(0);
    assert!(ran.err.contains("line 2") && !ran.err.contains("wrong.wav"), "{}", ran.err);
    let of = |answer: &Value, kind: &str| -> Vec<(String, String, String)> {
        let found = of_kind(answer, kind).into_iter().map(|(name, finding)| {
            let text = |value: &Value| value.as_str().unwrap().to_owned();
            (name, text(&finding["suggested"][0]["cat"]), text(&finding["message"]))
        });
        let mut found: Vec<_> = found.collect();
        found.sort();
        found
    };
    let answer = bench.run(["audit", "--json"]).ended(0).json();
    let old = of(&answer, "old_cat_id");
    assert_eq!(old.len(), 2, "{old:?}");
    assert_eq!((&*old[0].0, &*old[0].1), ("by_table.wav", "EQUIPSprt"));
    assert!(old[0].2.starts_with("EQUISprt in a label table is EQUIPSprt"), "{old:?}");
    assert_eq!((&*old[1].0, &*old[1].1), ("old.wav", "MACHOffc"));
    assert!(old[1].2.starts_with("MACHOffi in its metadata is MACHOffc"), "{old:?}");
    let unknown = of(&answer, "unknown_cat_id");
    assert_eq!((unknown.len(), &*unknown[0].0, &*unknown[0].1), (1, "wrong.wav", "DOORWood"), "{unknown:?}");
    assert!(names(&answer, "truncated").is_empty(), "{answer:#}");
    // A table that says it right takes the note away, and decodes nothing for that.
    bench.write("table.csv", b"Filename,CatID\nby_table.wav,EQUIPSprt\n");
    let ran = bench.run(["index", "sounds", "--labels", "table.csv", "--json"]).ended(0);
    crate::support::decoded_nothing(&ran.json());
    let answer = bench.run(["audit", "--json"]).ended(0).json();
    assert_eq!(of(&answer, "old_cat_id").len(), 1, "{answer:#}");
}

#[test]
fn splits_are_brought_up_only_where_labels_are_of_before() {
    let bench = Bench::new();
    let split = |answer: &Value| -> Vec<String> {
        let old = of_kind(answer, "old_cat_id").into_iter();
        old.filter(|(name, _)| name.contains("Gong")).map(|(name, _)| name).collect()
    };
    bench.snippet("BELLGong_Temple Gong_ANEW_LIB.wav", "handbell", 1);
    bench.snippet("BELLGong_Temple Gong_ABEF_LIB.wav", "handbell", 2);
    bench.index();
    let answer = bench.run(["audit", "--json"]).json();
    assert_eq!(split(&answer), [""; 0], "nothing tells of which version these labels are");
    // The one vendor has a CatID that came with v8.2, the other one that it renamed.
    bench.snippet("GLASHndl_Cup_ANEW_LIB.wav", "glass_tap", 1);
    bench.snippet("MACHOffi_Printer_ABEF_LIB.wav", "glass_tap", 2);
    bench.index();
    let answer = bench.run(["audit", "--json"]).ended(0).json();
    assert_eq!(split(&answer), ["BELLGong_Temple Gong_ABEF_LIB.wav"]);
    let found = of_kind(&answer, "old_cat_id");
    let (_, gong) = found.iter().find(|(name, _)| name.contains("Gong")).unwrap();
    assert_eq!(gong["suggested"][0]["cat"], "MUSCBell");
    let message = gong["message"].as_str().unwrap();
    assert!(message.contains("since v8.2") && message.contains("(MACHOffi)"), "{message}");
}

#[test]
fn many_labels_without_a_new_one_are_of_before() {
    let bench = Bench::new();
    let old = "AIRBlow AIRHiss ALRMBell ALRMBuzr ALRMClok AMBFarm AMBInd AMBMrkt ANMLBat ANMLCat ANMLDog BELLHand \
        BELLLrg BOATShip CERMBrk CERMImpt CLOTHRip COMCell CREABeast DOORGate DOORKnck DOORMetl DOORWood ELECZap \
        FIREGas GLASBrk GLASImpt GUNPis METLImpt WATRDrip";
    for cat_id in old.split_whitespace() {
        bench.snippet(&format!("{cat_id}_Some_EMRK_DEMO.wav"), "glass_tap", 1);
    }
    bench.snippet("FIREBurn_Inferno_EMRK_DEMO.wav", "glass_tap", 1);
    bench.index();
    let told = |bench: &Bench| {
        let answer = bench.run(["audit", "--json", "--kind", "old_cat_id"]).json();
        names(&answer, "old_cat_id")
    };
    assert_eq!(told(&bench), ["FIREBurn_Inferno_EMRK_DEMO.wav"]);
    bench.snippet("WINDTurb_Mast_EMRK_DEMO.wav", "glass_tap", 1);
    bench.index();
    assert_eq!(told(&bench), [""; 0]);
}

#[test]
fn a_library_without_anything_wrong_says_so() {
    let bench = Bench::new();
    bench.snippet("BELLHand_1_EMRK_DEMO.wav", "handbell", 1);
    bench.index();
    let ran = bench.run(["audit"]).ended(1);
    assert!(ran.out.contains("0 findings in 1 sound"), "{}", ran.out);
    assert!(ran.out.contains("--listen"), "{}", ran.out);
}
