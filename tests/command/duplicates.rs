//! Sounds that a library holds more than once.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use earmark_demo::{Audio, Container, FileFormat, SampleFormat, flac};
use earmark_engine::audio::MonoResampler;
use serde_json::Value;

use crate::support::{Bench, program, take_of, wav_of};

/// The first seconds of a take, one channel.
fn mono(recipe: &str, take: u32, length_s: f64) -> Audio {
    cut(&of(take_of(recipe, take).sample_rate_hz, take_of(recipe, take).to_mono()), 0.0, length_s)
}

fn of(sample_rate_hz: u32, samples: Vec<f32>) -> Audio {
    Audio { sample_rate_hz, channels: vec![samples] }
}

fn cut(audio: &Audio, from_s: f64, to_s: f64) -> Audio {
    let sample = |time_s: f64| (time_s * f64::from(audio.sample_rate_hz)).round() as usize;
    let range = |channel: &Vec<f32>| channel[sample(from_s)..sample(to_s).min(channel.len())].to_vec();
    Audio { sample_rate_hz: audio.sample_rate_hz, channels: audio.channels.iter().map(range).collect() }
}

fn scaled(audio: &Audio, factor: f32) -> Audio {
    let scale = |channel: &Vec<f32>| channel.iter().map(|sample| sample * factor).collect();
    Audio { sample_rate_hz: audio.sample_rate_hz, channels: audio.channels.iter().map(scale).collect() }
}

fn delayed(audio: &Audio, silence_s: f64) -> Audio {
    let silence = (silence_s * f64::from(audio.sample_rate_hz)).round() as usize;
    let delay = |channel: &Vec<f32>| [vec![0.0; silence], channel.clone()].concat();
    Audio { sample_rate_hz: audio.sample_rate_hz, channels: audio.channels.iter().map(delay).collect() }
}

fn resampled(audio: &Audio, rate_hz: u32) -> Audio {
    let mut resampler = MonoResampler::new(audio.sample_rate_hz, rate_hz);
    let mut out = Vec::new();
    resampler.push(&audio.channels[0], &mut out);
    resampler.finish(&mut out);
    of(rate_hz, out)
}

fn flac_of(audio: &Audio) -> Vec<u8> {
    flac::encode(audio, SampleFormat::I24, &Default::default())
}

/// Seeded noise.
fn noise(seed: u32, length_s: f64, peak: f32) -> Audio {
    let mut state = u64::from(seed) << 8 | 1;
    let mut next = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        peak * ((state >> 40) as f32 / (1u64 << 23) as f32 - 1.0)
    };
    of(44_100, (0..(44_100.0 * length_s) as usize).map(|_| next()).collect())
}

fn hum(hz: f32, phase: f32, length_s: f64) -> Audio {
    let sample = |at: usize| {
        let turn = std::f32::consts::TAU * hz * at as f32 / 44_100.0 + phase;
        0.3 * turn.sin() + 0.1 * (2.0 * turn).sin() + 0.05 * (3.0 * turn).sin()
    };
    of(44_100, (0..(44_100.0 * length_s) as usize).map(sample).collect())
}

fn put(bench: &Bench, name: &str, bytes: &[u8]) -> PathBuf {
    bench.write(format!("sounds/{name}"), bytes)
}

fn duplicates(bench: &Bench, status: i32, args: &[&str]) -> Value {
    bench.run(["duplicates", "--json"].iter().chain(args)).ended(status).json()
}

fn base_name(member: &Value) -> String {
    Path::new(member["path"].as_str().unwrap()).file_name().unwrap().to_string_lossy().into_owned()
}

/// `kind: members`, sorted, of every group.
fn groups(report: &Value) -> Vec<String> {
    let list = |group: &Value| {
        let names: BTreeSet<String> = group["members"].as_array().unwrap().iter().map(base_name).collect();
        let names: Vec<String> = names.into_iter().collect();
        format!("{}: {}", group["kind"].as_str().unwrap(), names.join(" "))
    };
    report["groups"].as_array().unwrap().iter().map(list).collect()
}

fn member<'a>(report: &'a Value, name: &str) -> &'a Value {
    let members =
        report["groups"].as_array().unwrap().iter().flat_map(|group| group["members"].as_array().unwrap());
    let mut found = members.filter(|member| base_name(member) == name);
    let member = found.next().unwrap_or_else(|| panic!("no {name} in {report:#}"));
    assert!(found.next().is_none(), "{name} is listed twice: {report:#}");
    member
}

fn number(member: &Value, key: &str) -> f64 {
    member[key].as_f64().unwrap_or_else(|| panic!("no {key} in {member:#}"))
}

fn assert_near(member: &Value, key: &str, expected: f64, tolerance: f64) {
    let found = number(member, key);
    assert!((found - expected).abs() <= tolerance, "{key} is {found}, not {expected}: {member:#}");
}

#[test]
fn the_same_audio_is_one_group_in_whatever_form() {
    let bench = Bench::new();
    let creak = mono("door_creak", 1, 2.0);
    put(&bench, "creak.wav", &wav_of(&creak));
    put(&bench, "renamed copy.wav", &wav_of(&creak));
    put(&bench, "creak.flac", &flac_of(&creak));
    let other = FileFormat { container: Container::Aiff, sample_format: SampleFormat::I24 };
    put(&bench, "rate.aif", &other.encode(&resampled(&creak, 44_100), &Default::default()));
    put(&bench, "quiet.wav", &wav_of(&scaled(&creak, 0.251_19)));
    put(&bench, "late.wav", &wav_of(&delayed(&creak, 0.583)));
    put(&bench, "inverted.wav", &wav_of(&scaled(&creak, -1.0)));
    let both = Audio { channels: vec![creak.channels[0].clone(); 2], ..creak.clone() };
    put(&bench, "stereo.wav", &wav_of(&both));
    put(&bench, "other take.wav", &wav_of(&mono("door_creak", 2, 2.0)));
    bench.index();
    let report = duplicates(&bench, 0, &[]);
    assert_eq!(
        groups(&report),
        [
            "same-audio: creak.flac creak.wav inverted.wav late.wav quiet.wav rate.aif renamed copy.wav stereo.wav"
        ]
    );
    let reference = &report["groups"][0]["members"][0];
    assert_eq!((base_name(reference).as_str(), &reference["relation"]), ("stereo.wav", &"reference".into()));
    for (name, offset_s, gain_db, inverted) in [
        ("creak.flac", 0.0, 0.0, false),
        ("rate.aif", 0.0, 0.0, false),
        ("quiet.wav", 0.0, -12.0, false),
        ("late.wav", -0.583, 0.0, false),
        ("inverted.wav", 0.0, 0.0, true),
    ] {
        let member = member(&report, name);
        assert_near(member, "offset_s", offset_s, 0.000_1);
        assert_near(member, "gain_db", gain_db, 0.1);
        assert_eq!(member["inverted"], inverted, "{member:#}");
        assert_eq!((&member["relation"], &member["proof"]), (&"same-audio".into(), &"audio".into()));
        assert!(number(member, "residual_db") < -25.0, "{member:#}");
        assert!(number(member, "similarity") > 0.95, "{member:#}");
    }
}

#[test]
fn lossy_copies_are_the_same_audio() {
    let Some(ffmpeg) = program("ffmpeg") else { return };
    let bench = Bench::new();
    let originals = [("creak", mono("door_creak", 1, 2.0)), ("rain", mono("rain_tin", 1, 2.0))];
    for (name, audio) in &originals {
        let wav = put(&bench, &format!("{name}.wav"), &wav_of(audio));
        for (ending, arguments) in [("mp3", ["-b:a", "96k"]), ("ogg", ["-q:a", "3"])] {
            let copy = bench.sounds().join(format!("{name}.{ending}"));
            let made = Command::new(&ffmpeg)
                .args(["-v", "error", "-i"])
                .arg(&wav)
                .args(arguments)
                .arg(copy)
                .status();
            if !made.unwrap().success() {
                eprintln!("skipped: ffmpeg here writes no {ending}");
                return;
            }
        }
    }
    bench.index();
    let report = duplicates(&bench, 0, &[]);
    assert_eq!(
        groups(&report),
        ["same-audio: creak.mp3 creak.ogg creak.wav", "same-audio: rain.mp3 rain.ogg rain.wav"]
    );
    for group in report["groups"].as_array().unwrap() {
        assert!(base_name(&group["members"][0]).ends_with(".wav"), "the reference is lossless: {group:#}");
        for member in &group["members"].as_array().unwrap()[1..] {
            assert_near(member, "gain_db", 0.0, 1.0);
            assert!(number(member, "similarity") > 0.7, "{member:#}");
        }
    }
}

#[test]
fn excerpts_are_placed_in_the_longer_take() {
    let bench = Bench::new();
    let rain = mono("rain_open", 1, 4.5);
    put(&bench, "rain.wav", &wav_of(&rain));
    put(&bench, "early.flac", &flac_of(&scaled(&cut(&rain, 0.377, 1.5), 0.5)));
    put(&bench, "late.wav", &wav_of(&resampled(&cut(&rain, 2.113, 3.7), 44_100)));
    put(&bench, "late copy.wav", &wav_of(&resampled(&cut(&rain, 2.113, 3.7), 44_100)));
    put(&bench, "part of late.wav", &wav_of(&cut(&rain, 2.5, 3.0)));
    put(&bench, "other rain.wav", &wav_of(&mono("rain_open", 2, 2.0)));
    bench.index();
    let report = duplicates(&bench, 0, &[]);
    assert_eq!(groups(&report).len(), 2, "{report:#}");
    assert!(groups(&report)[0].starts_with("identical: late copy.wav late.wav"), "{report:#}");
    let takes = &report["groups"][1];
    assert_eq!((&takes["kind"], base_name(&takes["members"][0]).as_str()), (&"contained".into(), "rain.wav"));
    let excerpts = takes["members"].as_array().unwrap()[1..].to_vec();
    // By where they begin; a part of a part is listed once, with the longest take.
    let expected = [(0.377, -6.0, 0), (2.113, 0.0, 1), (2.5, 0.0, 0)];
    assert_eq!(excerpts.len(), expected.len(), "{report:#}");
    for (excerpt, (offset_s, gain_db, copies)) in excerpts.iter().zip(expected) {
        assert_near(excerpt, "offset_s", offset_s, 0.000_1);
        assert_near(excerpt, "gain_db", gain_db, 0.1);
        assert_eq!((&excerpt["relation"], &excerpt["copies"]), (&"contained".into(), &copies.into()));
    }
}

#[test]
fn what_is_merely_alike_is_not_reported() {
    let bench = Bench::new();
    let recipes = [
        "door_knock",
        "door_creak",
        "mains_hum",
        "rain_open",
        "wind_low",
        "engine_idle",
        "steps_concrete",
        "handbell",
        "laser_shot",
        "clock_tick",
        "siren_wail",
        "fire_crackle",
    ];
    for recipe in recipes {
        for take in 1..=2 {
            put(&bench, &format!("{recipe} {take}.wav"), &wav_of(&mono(recipe, take, 1.5)));
        }
    }
    for seed in 1..=3 {
        put(&bench, &format!("noise {seed}.wav"), &wav_of(&noise(seed, 1.5, 0.3)));
        put(&bench, &format!("faint noise {seed}.wav"), &wav_of(&noise(seed + 3, 1.5, 0.001)));
        put(&bench, &format!("hum {seed}.wav"), &wav_of(&hum(50.0, seed as f32, 1.5)));
        put(&bench, &format!("silence {seed}.wav"), &wav_of(&noise(1, 0.5 + f64::from(seed), 0.0)));
    }
    bench.index();
    let report = duplicates(&bench, 1, &[]);
    assert_eq!(groups(&report), Vec::<String>::new(), "{report:#}");
    assert_eq!(report["sounds"], 36);
    assert!(bench.run(["duplicates"]).ended(1).out.contains("0 groups of 36 sounds"));
}

#[test]
fn a_tone_is_known_again_but_not_placed() {
    let bench = Bench::new();
    let tone = hum(440.0, 0.4, 2.0);
    put(&bench, "tone.wav", &wav_of(&tone));
    put(&bench, "tone.flac", &flac_of(&tone));
    put(&bench, "part.wav", &wav_of(&cut(&tone, 0.5, 1.0)));
    bench.index();
    let report = duplicates(&bench, 0, &[]);
    assert_eq!(groups(&report), ["same-audio: tone.flac tone.wav"], "{report:#}");
}

#[test]
fn files_that_cannot_be_read_are_reported_with_what_the_index_knows() {
    let bench = Bench::new();
    let knock = mono("door_knock", 1, 1.5);
    put(&bench, "knock.wav", &wav_of(&knock));
    put(&bench, "knock.flac", &flac_of(&knock));
    put(&bench, "bell a.wav", &wav_of(&mono("handbell", 1, 1.0)));
    put(&bench, "bell b.wav", &wav_of(&mono("handbell", 1, 1.0)));
    put(&bench, "broken.wav", &wav_of(&mono("glass_tap", 1, 1.0)));
    put(&bench, "switch.wav", &wav_of(&mono("switch", 1, 1.0)));
    put(&bench, "switch.flac", &flac_of(&mono("switch", 1, 1.0)));
    bench.index();
    fs::remove_file(bench.sounds().join("knock.flac")).unwrap();
    fs::remove_file(bench.sounds().join("bell a.wav")).unwrap();
    fs::write(bench.sounds().join("broken.wav"), b"no longer a sound").unwrap();
    let ran = bench.run(["duplicates", "--json"]).ended(2);
    let report = ran.json();
    assert_eq!(
        groups(&report),
        [
            "identical: bell a.wav bell b.wav",
            "same-audio: knock.flac knock.wav",
            "same-audio: switch.flac switch.wav"
        ]
    );
    let unread = member(&report, "knock.flac");
    assert_eq!((&unread["proof"], &unread["offset_s"]), (&"index".into(), &Value::Null));
    assert!(number(unread, "similarity") > 0.99, "{unread:#}");
    assert_eq!(member(&report, "switch.wav")["relation"], "same-audio");
    let unreadable: BTreeSet<String> =
        report["unreadable"].as_array().unwrap().iter().map(base_name).collect();
    assert_eq!(unreadable, ["bell a.wav", "broken.wav", "knock.flac"].map(String::from).into());
    assert_eq!(ran.err.lines().filter(|line| line.starts_with("warning: ")).count(), 3, "{}", ran.err);
    let text = bench.run(["duplicates"]).ended(2).out;
    assert!(text.contains("by the index alone, not proven"), "{text}");
}

/// Three copies of a knock in two folders, one of them with other bytes, and a bell twice.
fn small_library() -> Bench {
    let bench = Bench::new();
    let knock = mono("door_knock", 1, 1.0);
    put(&bench, "DOORKnck_Knock_EMRK_DEMO.wav", &wav_of(&knock));
    put(&bench, "deeper/DOORKnck_Copy_EMRK_DEMO.wav", &wav_of(&knock));
    put(&bench, "deeper/knock.flac", &flac_of(&knock));
    put(&bench, "BELLHand_Ring_EMRK_DEMO.wav", &wav_of(&mono("handbell", 1, 1.0)));
    put(&bench, "deeper/BELLHand_Ring_EMRK_DEMO.wav", &wav_of(&mono("handbell", 1, 1.0)));
    bench.index();
    bench
}

#[test]
fn filters_and_folders_narrow_what_is_compared() {
    let bench = small_library();
    assert_eq!(groups(&duplicates(&bench, 0, &[])).len(), 2);
    let knocks = duplicates(&bench, 0, &["--filter", "knock"]);
    assert_eq!(knocks["sounds"], 3);
    assert_eq!(groups(&knocks).len(), 1);
    let deeper = duplicates(&bench, 0, &["--in", "sounds/deeper"]);
    assert_eq!(groups(&deeper), ["same-audio: DOORKnck_Copy_EMRK_DEMO.wav knock.flac"]);
    duplicates(&bench, 1, &["--filter", "nothing"]);
    put(&bench, "deeper/again.flac", &fs::read(bench.sounds().join("deeper/knock.flac")).unwrap());
    let deeper = duplicates(&bench, 0, &["--in", "sounds/deeper", "-q"]);
    assert_eq!(groups(&deeper), ["same-audio: DOORKnck_Copy_EMRK_DEMO.wav again.flac knock.flac"]);
    bench.run(["duplicates", "--filter", "dur<"]).refused(&["--filter"]);
}

#[test]
fn identical_files_are_known_without_reading_them() {
    let bench = small_library();
    fs::rename(bench.sounds(), bench.dir().join("away")).unwrap();
    let report = duplicates(&bench, 0, &["--identical-only"]);
    assert_eq!(
        groups(&report),
        [
            "identical: BELLHand_Ring_EMRK_DEMO.wav",
            "identical: DOORKnck_Copy_EMRK_DEMO.wav DOORKnck_Knock_EMRK_DEMO.wav"
        ]
    );
    assert_eq!(report["listened_s"], 0.0);
    // Without it, the index alone still knows as much and more, but nothing could be read.
    let report = duplicates(&bench, 2, &[]);
    assert_eq!(groups(&report).len(), 2);
    assert_eq!(report["unreadable"].as_array().unwrap().len(), 5);
}

#[test]
fn the_report_is_a_table_for_people_and_rows_for_programs_and_changes_nothing() {
    let bench = small_library();
    let all_files = || {
        let mut files: Vec<(PathBuf, Vec<u8>)> = Vec::new();
        let mut folders = vec![bench.sounds(), bench.library()];
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
                if entry.is_dir() {
                    folders.push(entry)
                } else {
                    files.push((entry.clone(), fs::read(entry).unwrap()))
                }
            }
        }
        files.sort();
        files
    };
    let before = all_files();
    let text = bench.run(["duplicates"]).ended(0).out;
    for words in [
        "identical bytes, 2 sounds",
        "the same audio, 3 sounds",
        "reference",
        "same bytes",
        "FLAC 48 kHz 1 ch",
        "2 groups of 5 sounds: 1 of identical bytes, 1 of the same audio, 0 with excerpts",
    ] {
        assert!(text.contains(words), "no {words:?} in {text}");
    }
    let csv = bench.run(["duplicates", "--csv", "--quiet"]).ended(0).out;
    let lines: Vec<&str> = csv.lines().collect();
    assert!(lines[0].starts_with("group,kind,relation,proof,path,offset_s,gain_db"), "{csv}");
    assert_eq!(lines.len(), 6, "{csv}");
    assert!(lines[1..].iter().all(|line| line.split(',').count() == lines[0].split(',').count()), "{csv}");
    assert!(
        lines[5].contains("same-audio,same-audio,audio,")
            || lines[4].contains("same-audio,same-audio,audio,"),
        "{csv}"
    );
    bench.run(["duplicates", "--csv", "--json"]).ended(2);
    assert!(before == all_files(), "nothing is changed");
    Bench::new().run(["duplicates"]).refused(&["no library here"]);
}

#[test]
fn the_number_of_jobs_does_not_change_the_report() {
    let bench = Bench::new();
    let rain = mono("rain_open", 1, 3.0);
    for at in 0..6 {
        let from_s = 0.1 + 0.3 * f64::from(at);
        put(&bench, &format!("part {at}.wav"), &wav_of(&cut(&rain, from_s, from_s + 0.9)));
        put(&bench, &format!("copy {at}.flac"), &flac_of(&cut(&rain, from_s, from_s + 0.9)));
    }
    put(&bench, "rain.wav", &wav_of(&rain));
    bench.index();
    let one = bench.run(["duplicates", "--json", "--jobs", "1"]).ended(0).out;
    assert_eq!(one, bench.run(["duplicates", "--json", "--jobs", "4"]).ended(0).out);
    let report: Value = serde_json::from_str(&one).unwrap();
    assert_eq!(groups(&report).len(), 7, "six pairs and the take with its excerpts: {report:#}");
    let takes = &report["groups"][6]["members"];
    assert_eq!((takes.as_array().unwrap().len(), base_name(&takes[0])), (7, "rain.wav".to_owned()));
}
