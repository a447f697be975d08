//! FLAC, Ogg, MP3 and MP4 files as FFmpeg writes them. Without FFmpeg these tests skip themselves.

#![allow(clippy::unwrap_used)]

mod support;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use earmark_demo::{SampleFormat, flac, render};
use earmark_engine::audio::AudioReader;
use earmark_relabel::{Fields, Outcome, Plan, Suggestion, WriteOptions, plan_write};
use support::{Desk, all_done, all_undone, entry, fields};

/// Encodes two seconds of noise; false where FFmpeg or the encoder is not there.
fn encode(path: &Path, args: &[&str]) -> bool {
    let source = ["-v", "error", "-y", "-f", "lavfi", "-i", "anoisesrc=d=2:r=44100:seed=3"];
    let tags = ["-metadata", "title=Old", "-metadata", "artist=Somebody"];
    let mut command = Command::new("ffmpeg");
    let encoded = command.args(source).args(tags).args(args).arg(path).status();
    let there = encoded.is_ok_and(|status| status.success());
    if !there {
        eprintln!("skipped: ffmpeg does not write {}", path.display());
    }
    there
}

/// What FFmpeg makes of the samples.
fn decoded(path: &Path) -> Vec<u8> {
    let mut command = Command::new("ffmpeg");
    let output = command
        .args(["-v", "error", "-i"])
        .arg(path)
        .args(["-map", "0:a", "-f", "md5", "-"])
        .output()
        .unwrap();
    assert!(output.status.success(), "{}: {}", path.display(), String::from_utf8_lossy(&output.stderr));
    output.stdout
}

/// What `ffprobe` says of a tag.
fn tag(path: &Path, name: &str) -> String {
    let mut command = Command::new("ffprobe");
    let wanted = format!("format_tags={name}:stream_tags={name}");
    let output = command
        .args(["-v", "error", "-show_entries", &wanted, "-of", "default=nw=1:nk=1"])
        .arg(path)
        .output()
        .unwrap();
    String::from_utf8_lossy(&output.stdout).trim().to_owned()
}

#[test]
fn tags_are_written_and_nothing_else() {
    let cases: [(&str, &[&str]); 12] = [
        ("a.flac", &["-c:a", "flac"]),
        ("b.ogg", &["-c:a", "libvorbis"]),
        ("c.opus", &["-c:a", "libopus"]),
        ("d.mp3", &["-c:a", "libmp3lame"]),
        ("e.mp3", &["-c:a", "libmp3lame", "-id3v2_version", "3", "-write_id3v1", "1"]),
        ("f.mp3", &["-c:a", "libmp3lame", "-id3v2_version", "0"]),
        ("g.m4a", &["-c:a", "aac"]),
        ("h.m4a", &["-c:a", "aac", "-movflags", "+faststart"]),
        ("i.m4a", &["-c:a", "alac"]),
        ("j.oga", &["-c:a", "flac", "-f", "ogg"]),
        ("k.wav", &["-c:a", "adpcm_ms"]),
        ("l.aiff", &["-c:a", "pcm_s24be", "-write_id3v2", "1"]),
    ];
    let desk = Desk::new();
    let long = "Long ".repeat(30_000);
    let mut entries = Vec::new();
    for (name, args) in cases {
        let path = desk.path(name);
        if encode(&path, args) {
            // One that needs more pages, boxes and frames than there were.
            let keywords = matches!(name, "b.ogg" | "c.opus" | "h.m4a" | "d.mp3").then(|| long.clone());
            let description = Some("An old door".to_owned());
            let fields = Fields { keywords, description, ..fields("DOORWood", "Knarz ü") };
            entries.push((path.clone(), fs::read(&path).unwrap(), decoded(&path), fields));
        }
    }
    if entries.is_empty() {
        return;
    }
    let plan = entries.iter().map(|(path, _, _, fields)| entry(path, None, fields.clone())).collect();
    let applied = desk.apply(&Plan::new("coded", plan));
    all_done(&applied);
    for (path, old, samples, _) in &entries {
        assert_ne!(&fs::read(path).unwrap(), old);
        assert_eq!(&decoded(path), samples, "{}", path.display());
        let reader = AudioReader::open(path).unwrap();
        let metadata = reader.metadata();
        assert_eq!(metadata.cat_id.as_deref(), Some("DOORWood"), "{}", path.display());
        assert_eq!(metadata.subcategory.as_deref(), Some("WOOD"), "{}", path.display());
        assert_eq!(tag(path, "title"), "Knarz ü", "{}", path.display());
        // FFmpeg does not read iXML.
        if path.extension().unwrap() != "wav" {
            assert_eq!(tag(path, "CATID"), "DOORWood", "{}", path.display());
        }
        // One was written without any tags.
        if !matches!(path.file_name().unwrap().to_str(), Some("f.mp3" | "k.wav")) {
            assert_eq!(tag(path, "artist"), "Somebody", "{}", path.display());
        }
    }
    // A second time there is nothing to do, whoever asks: a plan is empty, and one made all the same changes nothing.
    let written: Vec<Vec<u8>> = entries.iter().map(|(path, ..)| fs::read(path).unwrap()).collect();
    let suggestion = |(path, _, _, fields): &(PathBuf, Vec<u8>, Vec<u8>, Fields)| Suggestion {
        path: path.clone(),
        fields: fields.clone(),
        ..Suggestion::default()
    };
    let proposed = plan_write(entries.iter().map(suggestion), &WriteOptions::default(), "again");
    assert_eq!((proposed.plan.entries.len(), proposed.right), (0, entries.len()), "{:?}", proposed.plan);
    let again = entries.iter().map(|(path, _, _, fields)| entry(path, None, fields.clone())).collect();
    let again = desk.apply(&Plan::new("again", again));
    for ((path, ..), outcome) in entries.iter().zip(&again.outcomes) {
        assert!(matches!(outcome, Outcome::Already), "{}: {outcome:?}", path.display());
    }
    assert!(again.journal.is_none());
    for ((path, ..), written) in entries.iter().zip(&written) {
        assert!(&fs::read(path).unwrap() == written, "{} was written to again", path.display());
    }
    all_undone(&desk.undo(&applied));
    for (path, old, ..) in &entries {
        assert!(&fs::read(path).unwrap() == old, "{} is not as it was", path.display());
    }
}

#[test]
fn flac_blocks_of_every_kind_stay_in_their_order() {
    let desk = Desk::new();
    let plain = flac::encode(&render("glass_tap", 1, 1).unwrap(), SampleFormat::I16, &Default::default());
    // What follows the stream information, which is the first block.
    let first_end = 4 + 4 + 34;
    let last = plain[4] & 0x80 != 0;
    let mut odd = plain[..first_end].to_vec();
    odd[4] &= 0x7f;
    odd.extend(b"\x02\0\0\x07testxyz");
    odd.extend(b"\x01\0\0\x03\0\0\0");
    if last {
        odd.extend(b"\x81\0\0\x00");
    }
    odd.extend(&plain[first_end..]);
    odd.extend(b"junk");
    let path = desk.write("a.flac", &odd);
    let applied = desk.apply(&Plan::new("flac", vec![entry(&path, None, fields("DOORWood", "Creak"))]));
    all_done(&applied);
    let new = fs::read(&path).unwrap();
    assert_eq!(AudioReader::open(&path).unwrap().metadata().cat_id.as_deref(), Some("DOORWood"));
    assert!(new.windows(14).any(|part| part == b"\x02\0\0\x07testxyz\x01\0\0"));
    assert!(new.ends_with(b"junk"));
    all_undone(&desk.undo(&applied));
    assert!(fs::read(&path).unwrap() == odd);
}

#[test]
fn what_cannot_be_written_is_told_and_left_alone() {
    let desk = Desk::new();
    let audio = render("glass_tap", 1, 1).unwrap();
    let caf = desk.write("a.caf", &earmark_demo::caf::encode(&audio, SampleFormat::I16, &Default::default()));
    let w64 = desk.write("b.w64", &earmark_demo::w64::encode(&audio, SampleFormat::I16, &Default::default()));
    let text = desk.write("c.wav", b"no sound at all");
    let torn = desk.write("d.wav", b"RIFF\x10\0\0\0WAVEfmt \x10\0\0\0");
    let fragmented = desk.path("e.m4a");
    let has_mp4 = encode(&fragmented, &["-c:a", "aac", "-movflags", "frag_keyframe+empty_moov"]);
    let mut paths = vec![(caf, "CAF"), (w64, "Wave64"), (text, "not written to"), (torn, "samples")];
    if has_mp4 {
        paths.push((fragmented, "fragmented"));
    }
    let before: Vec<Vec<u8>> = paths.iter().map(|(path, _)| fs::read(path).unwrap()).collect();
    let good = desk.write("z.flac", &flac::encode(&audio, SampleFormat::I16, &Default::default()));
    let mut entries: Vec<_> =
        paths.iter().map(|(path, _)| entry(path, None, fields("DOORWood", "Creak"))).collect();
    entries.push(entry(&good, None, fields("DOORWod", "Creak")));
    entries.push(entry(&desk.write("y.flac", &fs::read(&good).unwrap()), None, fields("DOORWood", "Creak")));
    let applied = desk.apply(&Plan::new("bad", entries));
    for ((path, word), outcome) in paths.iter().zip(&applied.outcomes) {
        let Outcome::Failed(error) = outcome else { panic!("{outcome:?}") };
        let said = error.to_string();
        assert!(said.contains(word) && said.starts_with(&path.display().to_string()), "{said}");
    }
    let Outcome::Failed(error) = &applied.outcomes[paths.len()] else { panic!() };
    assert!(error.to_string().contains("DOORWood"), "{error}");
    assert!(matches!(applied.outcomes.last(), Some(Outcome::Done { .. })), "the batch goes on");
    for ((path, _), before) in paths.iter().zip(before) {
        assert_eq!(fs::read(path).unwrap(), before);
    }
    assert!(desk.names().iter().all(|name| !name.starts_with(".earmark")), "{:?}", desk.names());
}
