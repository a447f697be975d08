//! Hundreds of odd WAV, RF64 and AIFF files are written to: every other chunk and every sample stays as it is, the
//! engine reads the new CatID, and undo gives the very bytes back.

#![allow(clippy::unwrap_used)]

#[path = "support/odd_files.rs"]
mod odd_files;
mod support;

use std::fs;
use std::io::Cursor;
use std::process::Command;

use earmark_engine::audio::{AudioReader, riff};
use earmark_relabel::{Outcome, Plan};
use odd_files::{Kind, Odd, odd_file};
use support::{Chance, Desk, all_done, all_undone, entry, fields, proposed_again};

/// Chunks of a file with their contents, as the engine finds them.
fn listed(bytes: &[u8]) -> Vec<([u8; 4], Vec<u8>)> {
    let layout = riff::walk(&mut Cursor::new(bytes)).unwrap().unwrap();
    let content =
        |chunk: &riff::Chunk| bytes[chunk.start as usize..(chunk.start + chunk.len) as usize].to_vec();
    layout.chunks.iter().map(|chunk| (chunk.id, content(chunk))).collect()
}

/// Which block of ours a chunk is.
fn ours(id: &[u8; 4], content: &[u8]) -> Option<&'static str> {
    match id {
        b"iXML" => Some("iXML"),
        b"bext" => Some("bext"),
        b"id3 " | b"ID3 " => Some("id3"),
        b"LIST" if content.starts_with(b"INFO") => Some("INFO"),
        _ => None,
    }
}

/// What must stay: all chunks but the first of each block of ours.
fn others(bytes: &[u8]) -> Vec<([u8; 4], Vec<u8>)> {
    let mut seen = Vec::new();
    let mut chunks = listed(bytes);
    chunks.retain(|(id, content)| match ours(id, content) {
        Some(block) if !seen.contains(&block) => {
            seen.push(block);
            false
        }
        _ => true,
    });
    chunks
}

/// Parses strictly: every size right, every chunk padded, nothing left over; returns the end of the form.
fn strict_end(kind: Kind, bytes: &[u8]) -> usize {
    let number = |at: usize| {
        let four = [bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]];
        (if kind.big_endian() { u32::from_be_bytes(four) } else { u32::from_le_bytes(four) }) as usize
    };
    let long = |at: usize| u64::from_le_bytes(bytes[at..at + 8].try_into().unwrap()) as usize;
    let wide = matches!(kind, Kind::Rf64 | Kind::Bw64);
    let end = 8 + if wide { long(20) } else { number(4) };
    let mut position = 12;
    while position < end {
        let mut size = number(position + 4);
        if wide && &bytes[position..position + 4] == b"data" {
            assert_eq!(size, u32::MAX as usize);
            size = long(28);
        }
        position += 8 + size + size % 2;
    }
    assert_eq!(position, end);
    end
}

/// What `ffprobe` says of the samples; `None` where it is not there.
fn probed(path: &std::path::Path) -> Option<String> {
    let mut command = Command::new("ffprobe");
    command.args(["-v", "error", "-show_entries", "stream=codec_name,sample_rate,channels,bits_per_sample"]);
    command
        .args(["-show_entries", "stream_tags=title,genre:format_tags=title,genre", "-of", "flat"])
        .arg(path);
    let output = command.output().ok()?;
    Some(String::from_utf8_lossy(&output.stdout).into_owned())
}

#[test]
fn every_other_chunk_and_every_sample_of_odd_files_stays() {
    let mut chance = Chance(6);
    let desk = Desk::new();
    let odd_files: Vec<Odd> = (0..300).map(|_| odd_file(&mut chance)).collect();
    let mut entries = Vec::new();
    let mut known = Vec::new();
    for (at, odd) in odd_files.iter().enumerate() {
        let path = desk.write(&format!("{at}.wav"), &odd.bytes);
        // A file that nobody can read as a sound proves nothing.
        if AudioReader::open(&path).is_err() {
            continue;
        }
        entries.push(entry(&path, None, fields("DOORWood", "Creak & Groan é")));
        known.push(at);
    }
    assert!(known.len() * 10 > odd_files.len() * 9, "only {} of the files are sounds", known.len());
    let mut counts = std::collections::BTreeMap::new();
    let times: Vec<_> = known
        .iter()
        .map(|at| fs::metadata(desk.path(&format!("{at}.wav"))).unwrap().modified().unwrap())
        .collect();
    let applied = desk.apply(&Plan::new("corpus", entries));
    all_done(&applied);
    let mut probes = 0;
    for &at in &known {
        let odd = &odd_files[at];
        *counts.entry(format!("{:?} {:?}", odd.kind, odd.sizes)).or_insert(0) += 1;
        let path = desk.path(&format!("{at}.wav"));
        let new = fs::read(&path).unwrap();
        let label = format!("file {at}: {:?} {:?}", odd.kind, odd.sizes);
        let (form, tail) = odd.bytes.split_at(odd.form_end);
        assert!(new.ends_with(tail) && new.ends_with(&odd.junk), "{label}: junk");
        assert_eq!(others(&new[..new.len() - tail.len()]), others(form), "{label}");
        if odd.clean {
            assert_eq!(strict_end(odd.kind, &new) + odd.junk.len(), new.len(), "{label}");
        }
        let reader = AudioReader::open(&path).unwrap();
        let metadata = reader.metadata();
        assert_eq!(metadata.cat_id.as_deref(), Some("DOORWood"), "{label}");
        assert_eq!(metadata.fx_name.as_deref(), Some("Creak & Groan é"), "{label}");
        assert_eq!(metadata.creator_id.as_deref(), Some("JOE"), "{label}");
        if let Some(seen) = (probes < 25).then(|| probed(&path)).flatten() {
            probes += 1;
            let before = desk.write("before.wav", &odd.bytes);
            let streams = |text: &str| -> Vec<String> {
                text.lines()
                    .filter(|line| line.contains("stream.0") && !line.contains("tags"))
                    .map(Into::into)
                    .collect()
            };
            assert_eq!(streams(&seen), streams(&probed(&before).unwrap()), "{label}");
        }
    }
    eprintln!("{counts:#?}, {probes} looked at by ffprobe");
    assert!(counts.len() >= 12, "{counts:?}");
    all_undone(&desk.undo(&applied));
    for (&at, time) in known.iter().zip(times) {
        let path = desk.path(&format!("{at}.wav"));
        assert!(fs::read(&path).unwrap() == odd_files[at].bytes, "file {at} is not as it was");
        assert_eq!(fs::metadata(&path).unwrap().modified().unwrap(), time);
    }
}

#[test]
fn writing_a_second_time_changes_nothing() {
    let mut chance = Chance(7);
    let desk = Desk::new();
    for at in 0..40 {
        let odd = odd_file(&mut chance);
        let path = desk.write("a.wav", &odd.bytes);
        if AudioReader::open(&path).is_err() {
            continue;
        }
        all_done(&desk.apply(&Plan::new("1", vec![entry(&path, None, fields("DOORWood", "Creak"))])));
        let once = fs::read(&path).unwrap();
        let again = desk.apply(&Plan::new("2", vec![entry(&path, None, fields("DOORWood", "Creak"))]));
        assert!(matches!(again.outcomes[..], [Outcome::Already]), "file {at}: {:?}", again.outcomes);
        assert!(again.journal.is_none() && again.changes.is_empty());
        assert!(fs::read(&path).unwrap() == once, "file {at}");
        assert_eq!(proposed_again(&path), (0, 1), "file {at}");
        // Another name is a change, and the history tells of it.
        let other = fields("DOORWood", "Slam");
        all_done(&desk.apply(&Plan::new("3", vec![entry(&path, None, other)])));
        let histories = |bytes: &[u8]| {
            let lines = bytes.windows(9).filter(|part| part == b"T=Earmark");
            (listed(bytes).iter().any(|(id, _)| id == b"bext"), lines.count())
        };
        let (has, before) = histories(&once);
        assert_eq!(
            histories(&fs::read(&path).unwrap()),
            (has, before + usize::from(before > 0)),
            "file {at}"
        );
    }
}
