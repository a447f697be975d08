//! Whatever is wrong with a file: it is named, it is said what to do, and the others are indexed.

use std::fs;
use std::path::{Path, PathBuf};

use earmark_demo::{Audio, SampleFormat, aiff, caf, flac, wav};
use serde_json::Value;

use crate::support::{Bench, snippet_of, take_of, tally, wav_of};

/// A WAV header with these fields and this size of its data, and a little data.
fn header(channels: u16, rate_hz: u32, bits: u16, data_bytes: u32) -> Vec<u8> {
    let mut bytes = b"RIFF\xff\xff\xff\xffWAVEfmt \x10\0\0\0\x01\0".to_vec();
    let block = channels.wrapping_mul(bits / 8);
    bytes.extend(channels.to_le_bytes());
    bytes.extend(rate_hz.to_le_bytes());
    bytes.extend(rate_hz.wrapping_mul(u32::from(block)).to_le_bytes());
    bytes.extend(block.to_le_bytes());
    bytes.extend(bits.to_le_bytes());
    bytes.extend(b"data");
    bytes.extend(data_bytes.to_le_bytes());
    bytes.extend([0; 64]);
    bytes
}

/// What the summary says about a file that could not be used.
fn reason(summary: &Value, name: &str) -> String {
    let unreadable = summary["unreadable"].as_array().unwrap();
    let of_file =
        unreadable.iter().find(|problem| problem["path"].as_str().unwrap().ends_with(&format!("/{name}")));
    of_file.unwrap_or_else(|| panic!("{name} is not in {summary:#}"))["reason"].as_str().unwrap().to_owned()
}

#[test]
fn each_bad_file_is_named_with_what_to_do_and_the_batch_goes_on() {
    let bench = Bench::new();
    let good = snippet_of("glass_tap", 1);
    let mut nan = Audio { sample_rate_hz: 48_000, channels: vec![vec![0.25; 48_000]] };
    nan.channels[0][24_000] = f32::NAN;
    let mut infinite = nan.clone();
    infinite.channels[0][24_000] = f32::INFINITY;
    let float = |audio: &Audio| wav::encode(audio, SampleFormat::F32, &Default::default());
    let garbage: Vec<u8> =
        (0..50_000_u64).map(|at| (at.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 56) as u8).collect();
    let bad: [(&str, Vec<u8>, &str); 13] = [
        ("empty.wav", Vec::new(), "is empty (0 bytes); copy it again"),
        ("garbage.wav", garbage.clone(), "is not a sound file of a known format; convert it"),
        ("garbage.flac", garbage, "is not a sound file of a known format; convert it"),
        ("text.mp3", b"This is not music.".to_vec(), "is not a sound file of a known format; convert it"),
        ("only-riff.wav", b"RIFF".to_vec(), "is not a sound file of a known format; convert it"),
        ("no-data.wav", good[..36].to_vec(), "copy it again"),
        ("no-samples.wav", header(1, 48_000, 16, 0), "holds no audio (zero samples); re-export it"),
        ("nan.wav", float(&nan), "has a sample that is not a finite number at 0.500 s; re-export it"),
        (
            "infinite.wav",
            float(&infinite),
            "has a sample that is not a finite number at 0.500 s; re-export it",
        ),
        ("no-channels.wav", header(0, 48_000, 16, 64), "copy it again"),
        ("many-channels.wav", header(u16::MAX, 48_000, 16, 64), "convert"),
        ("no-rate.wav", header(1, 0, 16, 64), ";"),
        ("wild-rate.wav", header(1, u32::MAX, 16, 64), "convert"),
    ];
    for (name, bytes, _) in &bad {
        bench.write(format!("sounds/{name}"), bytes);
    }
    bench.write("sounds/a-good.wav", &good);
    bench.snippet("z-good.wav", "wood_plank", 1);
    let ran = bench.run(["index", "sounds", "--json"]).ended(2);
    let summary = ran.json();
    assert_eq!(tally(&summary), "2 new, 13 unreadable");
    for (name, _, what) in &bad {
        let reason = reason(&summary, name);
        assert!(reason.contains(what), "{name}: {reason}");
        let told = ran.err.lines().find(|line| line.contains(&format!("/{name}: ")));
        assert!(
            told.is_some_and(|line| line.starts_with("warning: ") && line.contains(what)),
            "{name}: {}",
            ran.err
        );
    }
    assert_eq!(bench.known(), ["sounds/a-good.wav", "sounds/z-good.wav"]);
    assert!(!ran.err.contains("panicked"), "{}", ran.err);
}

#[test]
fn a_sound_cut_short_is_used_as_far_as_it_goes_and_told() {
    let bench = Bench::new();
    let whole = wav_of(&take_of("wood_plank", 1));
    bench.write("sounds/cut.wav", &whole[..whole.len() / 2]);
    let ran = bench.run(["index", "sounds", "--json"]).ended(0);
    let summary = ran.json();
    assert_eq!(tally(&summary), "1 new");
    assert!((summary["audio_s"].as_f64().unwrap() - 0.8).abs() < 0.1, "{summary:#}");
    let warning = &summary["warnings"][0];
    assert!(warning["path"].as_str().unwrap().ends_with("cut.wav"), "{summary:#}");
    assert!(ran.err.contains("cut.wav: "), "{}", ran.err);
}

#[test]
fn the_content_tells_the_format_not_the_name() {
    let bench = Bench::new();
    let mut audio = take_of("wood_plank", 1);
    audio.channels.iter_mut().for_each(|channel| channel.truncate(20_000));
    let chunks = Default::default();
    bench.write("sounds/flac.wav", &flac::encode(&audio, SampleFormat::I16, &chunks));
    bench.write("sounds/aiff.wav", &aiff::encode(&audio, SampleFormat::I16, &chunks));
    bench.write("sounds/caf.mp3", &caf::encode(&audio, SampleFormat::I16, &chunks));
    bench.write("sounds/wav.flac", &wav::encode(&audio, SampleFormat::I16, &chunks));
    assert_eq!(tally(&bench.index()), "4 new");
    let asked = bench.write("asked.wav", &wav_of(&audio));
    let answer = bench.find(&asked, &["--include-self"]);
    for hit in answer["results"].as_array().unwrap() {
        assert!(hit["cosine"].as_f64().unwrap() > 0.999, "all four hold the same samples: {answer:#}");
    }
}

#[test]
fn a_file_that_turns_bad_leaves_the_library() {
    let bench = Bench::new();
    let path = bench.snippet("a.wav", "glass_tap", 1);
    bench.snippet("b.wav", "wood_plank", 1);
    bench.index();
    fs::write(&path, b"overwritten").unwrap();
    let summary = bench.run(["index", "sounds", "--json"]).ended(2).json();
    assert_eq!(tally(&summary), "1 unchanged, 1 unreadable");
    assert_eq!(bench.known(), ["sounds/b.wav"], "what was known about it is not true any more");
    fs::write(&path, snippet_of("glass_tap", 1)).unwrap();
    assert_eq!(tally(&bench.index()), "1 new, 1 unchanged");
}

#[test]
fn an_index_of_a_newer_format_is_refused_by_every_command() {
    let bench = Bench::new();
    let asked = bench.snippet("a.wav", "glass_tap", 1);
    bench.index();
    let manifest = bench.library().join("manifest");
    let mut bytes = fs::read(&manifest).unwrap();
    bytes[8..12].copy_from_slice(&99_u32.to_le_bytes());
    fs::write(&manifest, &bytes).unwrap();
    let asked = asked.to_str().unwrap();
    let commands: [&[&str]; 6] = [
        &["index", "sounds"],
        &["find", asked],
        &["find", asked, "--in", "sounds"],
        &["info"],
        &["verify"],
        &["forget", "sounds"],
    ];
    for args in commands {
        bench.run(args).refused(&["library/manifest: ", "format version 99 is newer", "update Earmark"]);
    }
    assert_eq!(fs::read(&manifest).unwrap(), bytes, "nothing was touched");
}

#[test]
fn a_segment_of_a_newer_format_does_not_hide_the_others() {
    let bench = Bench::new();
    let asked = bench.write("asked.wav", &snippet_of("glass_tap", 9));
    bench.snippet("a.wav", "glass_tap", 1);
    bench.index();
    bench.snippet("b.wav", "wood_plank", 1);
    bench.index();
    let segment = bench.segments()[0].clone();
    let mut bytes = fs::read(&segment).unwrap();
    bytes[8..12].copy_from_slice(&7_u32.to_le_bytes());
    fs::write(&segment, bytes).unwrap();
    let ran = bench.run(crate::support::find_args(&asked, &[]));
    assert_eq!(crate::support::names(&ran.json()), ["b.wav"]);
    for words in [
        segment.to_str().unwrap(),
        "format version 7 is newer",
        "update Earmark",
        "1 sounds are out of reach",
    ] {
        assert!(ran.err.contains(words), "no {words:?} in {}", ran.err);
    }
}

#[test]
fn a_damaged_manifest_is_refused_by_name() {
    let bench = Bench::new();
    bench.snippet("a.wav", "glass_tap", 1);
    bench.index();
    let manifest = bench.library().join("manifest");
    let whole = fs::read(&manifest).unwrap();
    let mut flipped = whole.clone();
    *flipped.last_mut().unwrap() ^= 1;
    for bytes in [flipped, whole[..whole.len() / 2].to_vec(), b"scribble".to_vec(), Vec::new()] {
        fs::write(&manifest, bytes).unwrap();
        for args in [&["index", "sounds"][..], &["info"], &["verify"]] {
            bench.run(args).refused(&["library/manifest: damaged", "delete the folder and index again"]);
        }
    }
}

#[test]
fn a_damaged_segment_is_named_and_the_rest_is_searched() {
    let bench = Bench::new();
    let asked = bench.write("asked.wav", &snippet_of("glass_tap", 9));
    bench.snippet("a.wav", "glass_tap", 1);
    bench.index();
    bench.snippet("b.wav", "wood_plank", 1);
    bench.index();
    let segment = bench.segments()[0].clone();
    let whole = fs::read(&segment).unwrap();
    fs::write(&segment, &whole[..whole.len() - 5000]).unwrap();
    let ran = bench.run(crate::support::find_args(&asked, &[]));
    assert_eq!(crate::support::names(&ran.json()), ["b.wav"]);
    assert!(ran.err.starts_with(&format!("warning: {}: damaged (", segment.display())), "{}", ran.err);
    assert!(
        ran.err.contains("drop it with `earmark verify --repair`, then run `earmark index`"),
        "{}",
        ran.err
    );
    // What the message advises must help.
    let repaired = bench.run(["verify", "--repair"]).ended(0);
    assert!(repaired.err.contains(segment.to_str().unwrap()), "{}", repaired.err);
    assert!(repaired.err.contains("1 damaged segment dropped"), "{}", repaired.err);
    bench.run(["verify"]).ended(0);
    assert_eq!(tally(&bench.run(["index", "--json"]).ended(0).json()), "1 new, 1 unchanged");
    assert_eq!(bench.known(), ["sounds/a.wav", "sounds/b.wav"]);
}

/// A model of another name; the network is the same.
fn other_model(bench: &Bench, name: &str) -> PathBuf {
    let aisfx = Path::new(env!("CARGO_MANIFEST_DIR")).join("../models/aisfx");
    let dir = bench.dir().join("models").join(name);
    fs::create_dir_all(&dir).unwrap();
    let card = fs::read_to_string(aisfx.join("card.toml")).unwrap();
    assert!(card.contains("name = \"aisfx\""));
    fs::write(dir.join("card.toml"), card.replace("name = \"aisfx\"", &format!("name = \"{name}\"")))
        .unwrap();
    fs::copy(aisfx.join("model.onnx"), dir.join("model.onnx")).unwrap();
    dir
}

#[test]
fn a_library_of_another_model_is_refused_with_both_names() {
    let bench = Bench::new();
    let asked = bench.snippet("a.wav", "glass_tap", 1);
    let other = other_model(&bench, "hearsay");
    let (asked, other) = (asked.to_str().unwrap(), other.to_str().unwrap());
    bench.index();
    for args in [&["index", "sounds", "--model", other][..], &["find", asked, "--model", other]] {
        bench.run(args).refused(&[
            "library: ",
            "made with model aisfx",
            "not hearsay",
            "--model aisfx",
            "--library",
        ]);
    }
}

#[test]
fn a_library_opens_with_its_own_model_where_that_is_found() {
    let bench = Bench::new();
    let asked = bench.snippet("a.wav", "glass_tap", 1);
    let other = other_model(&bench, "hearsay");
    bench.run(["index", "sounds", "--model", other.to_str().unwrap()]).ended(0);
    assert_eq!(bench.info()["model"], "hearsay");
    bench.run(["find", asked.to_str().unwrap()]).refused(&["hearsay", "--model"]);
    let args = crate::support::find_args(&asked, &["--include-self"]);
    let ran = bench.command().args(args).env("EARMARK_MODELS", bench.dir().join("models")).output().unwrap();
    let ran = crate::support::Ran::from(ran).ended(0);
    assert_eq!(crate::support::names(&ran.json()), ["a.wav"]);
    bench.run(["index", "sounds", "--model", "aisfx"]).refused(&["made with model hearsay", "not aisfx"]);
}

#[test]
fn a_model_that_is_not_what_its_card_says_is_refused() {
    let bench = Bench::new();
    bench.snippet("a.wav", "glass_tap", 1);
    bench.run(["index", "sounds", "--model", "nosuch"]).refused(&["nosuch", "--model"]);
    let dir = other_model(&bench, "hearsay");
    let network = dir.join("model.onnx");
    let mut bytes = fs::read(&network).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    fs::write(&network, bytes).unwrap();
    bench.run(["index", "sounds", "--model", dir.to_str().unwrap()]).refused(&["model.onnx"]);
    fs::write(dir.join("card.toml"), "name = 3").unwrap();
    bench.run(["index", "sounds", "--model", dir.to_str().unwrap()]).refused(&["card.toml"]);
    assert!(!bench.library().join("manifest").exists());
}

#[cfg(unix)]
mod on_unix {
    use std::fs;
    use std::process::{Command, Stdio};

    use crate::support::{
        Bench, Forbidden, Ran, Running, decoded_nothing, minutes_of, tally, without_rights,
    };

    #[test]
    fn a_file_that_may_not_be_read_is_named_and_what_is_known_of_it_is_kept() {
        let bench = Bench::new();
        let known = bench.snippet("known.wav", "glass_tap", 1);
        bench.index();
        let unknown = bench.snippet("unknown.wav", "handbell", 1);
        bench.snippet("open.wav", "wood_plank", 1);
        let Some(mut command) = without_rights(&bench) else { return };
        let locked = [Forbidden::new(&known), Forbidden::new(&unknown)];
        let ran: Ran = command.args(["index", "sounds", "--json"]).output().unwrap().into();
        let summary = ran.ended(2).json();
        assert_eq!(summary["new"], 1, "{summary:#}");
        let reason = super::reason(&summary, "unknown.wav");
        assert!(reason.contains("you may not read it; change its permissions"), "{reason}");
        assert_eq!(bench.known(), ["sounds/known.wav", "sounds/open.wav"]);
        drop(locked);
        let mut command = without_rights(&bench).unwrap();
        let ran: Ran = command.args(["index", "sounds", "--json"]).output().unwrap().into();
        assert_eq!(tally(&ran.ended(0).json()), "1 new, 2 unchanged");
    }

    #[test]
    fn a_library_that_may_not_be_written_is_named() {
        let bench = Bench::new();
        bench.snippet("a.wav", "glass_tap", 1);
        let Some(mut command) = without_rights(&bench) else { return };
        fs::create_dir(bench.library()).unwrap();
        let _locked = Forbidden::new(&bench.library());
        let ran: Ran = command.args(["index", "sounds"]).output().unwrap().into();
        ran.refused(&["library", "ermission denied"]);
    }

    #[test]
    fn files_that_vanish_while_they_are_read_or_before_are_named_and_the_batch_goes_on() {
        let bench = Bench::new();
        let in_work = bench.write("sounds/a-in-work.wav", &minutes_of("rain_open", 3));
        let waiting = bench.snippet("b-waiting.wav", "glass_tap", 1);
        bench.snippet("c.wav", "wood_plank", 1);
        let mut command = bench.command();
        command
            .args(["index", "sounds", "--jobs", "1", "--json"])
            .stdout(Stdio::piped())
            .stderr(Stdio::null());
        let mut child = Running::start(&mut command);
        bench.wait_for_writer(&mut child);
        fs::remove_file(waiting).unwrap();
        // Time enough to have opened it, and far from enough to be done with it.
        std::thread::sleep(std::time::Duration::from_millis(200));
        fs::remove_file(in_work).unwrap();
        let summary = Ran::from(child.finish()).ended(2).json();
        assert_eq!(tally(&summary), "1 new, 2 unreadable");
        for name in ["a-in-work.wav", "b-waiting.wav"] {
            let reason = super::reason(&summary, name);
            assert!(reason.contains("vanished while it was read; index again"), "{reason}");
        }
        let again = bench.index();
        assert_eq!(tally(&again), "1 unchanged");
        decoded_nothing(&again);
    }

    #[test]
    fn a_pipe_named_like_a_sound_is_not_waited_for() {
        let bench = Bench::new();
        bench.snippet("a.wav", "glass_tap", 1);
        let pipe = bench.sounds().join("pipe.wav");
        assert!(Command::new("mkfifo").arg(&pipe).status().unwrap().success());
        assert_eq!(tally(&bench.index()), "1 new");
        bench.run(["find", pipe.to_str().unwrap()]).refused(&["pipe.wav: is a pipe or device, not a file"]);
    }
}
