//! Tagging and auditing a library of 100,000 labelled sounds from its index alone.
//!
//! The library is that of the bench `large_library` (spread from real embeddings), every sound with a label and a name of
//! its own.
#![allow(clippy::unwrap_used, missing_docs)]

#[allow(dead_code, reason = "large_library uses the rest")]
#[path = "../engine/large_library/library.rs"]
mod library;
#[path = "../engine/large_library/spread.rs"]
mod spread;

use std::collections::BTreeSet;
use std::path::Path;
use std::time::Instant;

use earmark_engine::index::{LibraryWriter, QuantisedFrame, Segment, Snapshot};
use earmark_engine::ucs::{CatIndex, Catalogue};
use earmark_labelling::{AuditRequest, Quiet, Sources, TagRequest, audit, tag};

/// A segment is finished at so many frames.
const SEGMENT_FRAMES: usize = 1 << 14;

fn main() {
    if !std::env::args().any(|arg| arg == "--bench" || arg == "--here") {
        return;
    }
    let snapshot = labelled();
    let bank = Segment::open(&Path::new(library::MODEL_DIR).join("bank.segment")).unwrap();
    let sounds = snapshot.sounds().count();
    let labelled = snapshot.sounds().filter(|(_, sound)| sound.cat().is_some()).count();
    let frames: usize = snapshot.segments().map(|(_, segment)| segment.frame_rows().len()).sum();
    println!("{sounds} sounds, {labelled} labelled, {frames} frames");
    let time = |what: &str, work: &dyn Fn() -> usize| {
        let begun = Instant::now();
        let count = work();
        let s = begun.elapsed().as_secs_f64();
        println!("{what:<44} {s:8.2} s  {:8.0} sounds/s", count as f64 / s);
    };
    for jobs in [2, 1] {
        let request = |sources| TagRequest { bank: Some(&bank), sources, jobs, ..TagRequest::default() };
        time(&format!("tag, all, {jobs} jobs"), &|| {
            tag(&snapshot, &request(Sources::default()), &mut Quiet).taggings.len()
        });
    }
    time("tag, 2,000 of them, 2 jobs", &|| {
        let accepts = |sound: &earmark_engine::index::SoundRef<'_>| sound.row.file_size.is_multiple_of(50);
        let request = TagRequest { bank: Some(&bank), accepts: &accepts, jobs: 2, ..TagRequest::default() };
        tag(&snapshot, &request, &mut Quiet).taggings.len()
    });
    time("tag, all, words alone", &|| {
        let sources = Sources { audio: false, words: true };
        let request = TagRequest { sources, jobs: 2, ..TagRequest::default() };
        tag(&snapshot, &request, &mut Quiet).taggings.len()
    });
    time("audit, 2 jobs", &|| {
        let found = audit(&snapshot, &AuditRequest { jobs: 2, ..AuditRequest::default() }, &mut Quiet);
        eprintln!("{} findings", found.findings.len());
        found.sounds
    });
}

/// The large library, made once more with labels and names.
fn labelled() -> Snapshot {
    let large = library::Large::open_or_make();
    let dir = large.dir.with_extension("labelled");
    let source = Snapshot::open(&large.dir).unwrap();
    let wanted = source.sounds().count();
    if !Snapshot::open(&dir).is_ok_and(|snapshot| snapshot.sounds().count() == wanted) {
        let _ = std::fs::remove_dir_all(&dir);
        let mut writer = LibraryWriter::open(&dir, &source.manifest().model).unwrap();
        let root = writer.root(Path::new("/Volumes/Effects")).unwrap();
        let mut segment = writer.begin_segment().unwrap();
        for (number, (_, sound)) in source.sounds().enumerate() {
            let mut record = sound.record().unwrap();
            let cat = record.cat.unwrap_or((number * 31 % CatIndex::COUNT) as u16);
            let entry = Catalogue::builtin().get(CatIndex::new(cat).unwrap());
            let word = entry
                .keywords
                .get(number % entry.keywords.len().max(1))
                .map_or("Thing", |word| word.as_ref());
            record.path =
                format!("Collection {:02}/{}/{word} Slow {number:06}.wav", number % 40, entry.category)
                    .into();
            record.text = String::from_utf8_lossy(&record.path).to_lowercase();
            (record.root, record.cat) = (root, Some(cat));
            let frames: Vec<QuantisedFrame> = sound
                .frames()
                .unwrap()
                .map(|(row, vector)| QuantisedFrame {
                    start_ms: row.start_ms,
                    scale: row.scale,
                    norm: row.norm,
                    vector: vector.into(),
                })
                .collect();
            segment.add(&record, &frames).unwrap();
            if segment.frames() >= SEGMENT_FRAMES {
                writer.commit(Some(segment), &BTreeSet::new()).unwrap();
                segment = writer.begin_segment().unwrap();
            }
        }
        writer.commit(Some(segment), &BTreeSet::new()).unwrap();
        writer.tidy(&|| false).unwrap();
    }
    Snapshot::open(&dir).unwrap()
}
