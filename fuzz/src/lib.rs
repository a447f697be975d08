//! What the fuzz targets do with their bytes: every reader of untrusted input, and what must hold of its answer.
//!
//! A target fails by panicking, by taking too long or by taking too much memory. The bodies stand here, apart from
//! libFuzzer, because the engine's tests compile this file too and run each target over its seeds and over seeded
//! mutations of them.

use std::io::Cursor;
use std::path::Path;

use earmark_engine::audio::{AudioReader, riff as chunk_layer};
use earmark_engine::index::{Manifest, Quantiser, SEGMENT_VERSION, Segment, Snapshot, SoundRef};
use earmark_engine::network::Card;
use earmark_engine::search::filter::{Facts, Filter};
use earmark_engine::search::{Passing, Query, Scope, search};
use earmark_engine::spectrogram::MelFilterbank;
use earmark_engine::ucs::{CatIndex, LabelTable, UcsName, file_name};
use xxhash_rust::xxh3::xxh3_64;

/// Stands for the path of the input in messages.
const INPUT: &str = "input";
/// Samples of all channels that are decoded of one input; longer ones repeat themselves.
const MAX_SAMPLES: usize = 1 << 20;
/// Sections of a segment start at multiples of this.
const PAGE: usize = 4096;
/// Kinds of sections that a segment may have.
const SECTIONS: usize = 10;
/// Searches are tried in embeddings of so many components: the cost of one is not what is looked for here.
const MAX_EMBEDDING_SIZE: usize = 64;

/// The chunk layer, and what is behind it: formats, metadata, samples.
pub fn riff(bytes: &[u8]) {
    let mut stream = Cursor::new(bytes);
    let Ok(Some(layout)) = chunk_layer::walk(&mut stream) else { return };
    for chunk in &layout.chunks {
        let end = chunk.start.checked_add(chunk.len);
        assert!(end.is_some_and(|end| end <= bytes.len() as u64), "{chunk:?} lies outside the stream");
        assert!(
            chunk.claimed.is_none_or(|claimed| chunk.len <= claimed),
            "{chunk:?} holds more than it claims"
        );
    }
    let Ok(mut reader) = AudioReader::from_media(Box::new(Cursor::new(bytes.to_vec())), Path::new(INPUT))
    else {
        return;
    };
    let channels = usize::from(reader.format().channels);
    assert!(channels > 0 && reader.format().sample_rate_hz > 0);
    let mut samples = 0;
    while let Ok(Some(block)) = reader.next_block() {
        assert_eq!(block.len() % channels, 0, "a block ends within a sample of all channels");
        samples += block.len();
        if samples > MAX_SAMPLES {
            break;
        }
    }
}

/// A segment: the bytes as they are but for the header's checksum, or, where the first byte is odd, the bytes as
/// contents of sections that are put where they belong.
pub fn segment(bytes: &[u8]) {
    let Ok(segment) = Segment::from_bytes(Path::new(INPUT), &segment_file(bytes)) else { return };
    let _ = (segment.model().to_string(), segment.len_bytes());
    assert_eq!(segment.vectors().len(), segment.frame_rows().len() * segment.embedding_size());
    let mut frames = 0;
    for sound in segment.sounds() {
        let _ = (sound.path(), sound.cat(), sound.row.hash());
        if let Ok(record) = sound.record() {
            assert_eq!(record.text, sound.text().expect("the record has it"));
        }
        let Ok(of_sound) = sound.frames() else { continue };
        for (_, vector) in of_sound {
            assert_eq!(vector.len(), segment.embedding_size());
            frames += 1;
        }
        // Rows may claim the same frames again and again.
        if frames > MAX_SAMPLES {
            break;
        }
    }
    if segment.verify().is_ok() {
        assert!(segment.sounds().all(|sound| sound.record().is_ok() && sound.frames().is_ok()));
    }
    if segment.embedding_size() <= MAX_EMBEDDING_SIZE {
        searched(segment);
    }
}

/// Searches a segment that nobody has verified, which is what happens to a library's.
fn searched(segment: Segment) {
    let size = segment.embedding_size();
    let embedding: Vec<f32> = (0..size).map(|at| 0.1 + (at % 3) as f32).collect();
    let query = Query::new(&Quantiser::new(&vec![0.5; size]), [(0.0, embedding.as_slice())].into_iter());
    let snapshot = Snapshot::of_segment(segment);
    let none = |_: &SoundRef<'_>| false;
    // Without a filter, what is near is looked into; few sounds are looked at one by one.
    let few = |sound: &SoundRef<'_>| sound.number() % 8 == 1;
    let passing = Passing::new(&snapshot, &few);
    for passing in [None, Some(&passing)] {
        let ranking = search(&snapshot, &query, &Scope { k: 3, passing, votes: true, is_query: &none });
        let fits = |sound: &SoundRef<'_>| passing.is_none() || few(sound);
        assert!(ranking.hits.iter().all(|hit| snapshot.get(hit.id).is_some_and(|sound| fits(&sound))));
        assert!(ranking.votes.iter().flatten().all(|vote| snapshot.get(vote.sound).is_some()));
    }
}

/// The segment file that [`segment`] makes of its bytes.
pub fn segment_file(bytes: &[u8]) -> Vec<u8> {
    match bytes.split_first() {
        None => Vec::new(),
        Some((first, rest)) if first % 2 == 0 => with_checksum(rest),
        Some((_, rest)) => laid_out(rest),
    }
}

/// A segment file whose magic and header checksum are right.
fn with_checksum(bytes: &[u8]) -> Vec<u8> {
    let mut file = bytes.to_vec();
    file.resize(file.len().max(PAGE), 0);
    file[..8].copy_from_slice(b"EARMSEG\0");
    let sections = usize::from(file[12] % 33);
    file[12..16].copy_from_slice(&(sections as u32).to_le_bytes());
    let table_end = 16 + 32 * sections;
    let checksum = xxh3_64(&file[..table_end]);
    file[table_end..table_end + 8].copy_from_slice(&checksum.to_le_bytes());
    file
}

/// A well-formed segment file of the sections whose lengths (u16 each) and contents the bytes give; those that a
/// segment can do without and that would be empty are left out.
fn laid_out(bytes: &[u8]) -> Vec<u8> {
    let (lengths, mut contents) = bytes.split_at(bytes.len().min(2 * SECTIONS));
    let mut file = vec![0; PAGE];
    let mut sections = 0;
    for (kind, length) in (1u64..).zip(lengths.chunks_exact(2)) {
        let wanted = usize::from(u16::from_le_bytes([length[0], length[1]]));
        let (section, rest) = contents.split_at(contents.len().min(wanted));
        contents = rest;
        if section.is_empty() && kind > 7 {
            continue;
        }
        let offset = file.len() as u64;
        let entry = [kind, offset, section.len() as u64, xxh3_64(section)];
        for (word, value) in entry.into_iter().enumerate() {
            let start = 16 + 32 * sections + 8 * word;
            file[start..start + 8].copy_from_slice(&value.to_le_bytes());
        }
        sections += 1;
        file.extend(section);
        file.resize(file.len().next_multiple_of(PAGE), 0);
    }
    file[8..12].copy_from_slice(&SEGMENT_VERSION.to_le_bytes());
    file[12] = sections as u8;
    with_checksum(&file)
}

/// A manifest: the bytes as they are, and as a body behind a valid head.
pub fn manifest(bytes: &[u8]) {
    let headed = |version: u64| {
        let mut file = b"EARMLIB\0".to_vec();
        file.extend(version.to_le_bytes());
        file.extend(xxh3_64(bytes).to_le_bytes());
        file.extend(bytes);
        file
    };
    for file in [bytes, &headed(1), &headed(2)] {
        let Ok(manifest) = Manifest::from_bytes(file, Path::new(INPUT)) else { continue };
        let _ = manifest.model.to_string();
        for root in &manifest.roots {
            assert_eq!(manifest.root(root.id), Some(root));
            let _ = root.path();
        }
        for segment in &manifest.segments {
            let file = Path::new(&segment.file);
            assert_eq!(file.file_name(), Some(file.as_os_str()), "a name that is a path");
        }
    }
}

/// A file name: what is written is read back as the same, and an exact name is written as it was.
pub fn ucs_file_name(bytes: &[u8]) {
    let stem = String::from_utf8_lossy(bytes);
    let exact = file_name::parse(&stem);
    match file_name::parse_tolerant(&stem) {
        Ok(read) => {
            for deviation in &read.deviations {
                let _ = deviation.to_string();
            }
            assert_eq!(exact.is_ok(), read.deviations.is_empty());
            reads_back(&read.name);
        }
        Err(error) => {
            let _ = error.to_string();
            assert!(exact.is_err());
        }
    }
    if let Ok(name) = exact {
        assert_eq!(name.write().as_deref(), Ok(&*stem));
    }
}

fn reads_back(name: &UcsName) {
    let _ = name.title();
    if let Ok(text) = name.write() {
        assert_eq!(file_name::parse(&text).as_ref(), Ok(name));
        assert!(name.file_name("wav").is_ok() || text.len() > 251);
    }
}

/// A card: a valid one can be written and read again, and its front end can be built.
pub fn card(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let Ok(card) = Card::parse(text, Path::new(INPUT)) else { return };
    let written = card.to_toml(Path::new(INPUT)).expect("a valid card can be written");
    assert_eq!(Card::parse(&written, Path::new(INPUT)).expect("what is written can be read"), card);
    for cosine in [-1.0, -0.5, 0.0, 0.3, 1.0, f32::NAN, f32::INFINITY] {
        assert!((0.0..=100.0).contains(&card.similarity_percent(cosine)));
    }
    assert!(card.frame_s() > 0.0 && card.frame_hop_s() > 0.0);
    let filterbank = MelFilterbank::new(&card.front_end);
    let mut energies = vec![0.0; filterbank.bands()];
    filterbank.apply(&vec![1.0; filterbank.bins()], &mut energies);
    assert!(energies.iter().all(|energy| energy.is_finite()));
}

/// A label table, and look-ups in it.
pub fn label_table(bytes: &[u8]) {
    let Ok(table) = LabelTable::from_bytes(Path::new(INPUT), bytes) else { return };
    for error in table.errors() {
        let _ = error.to_string();
    }
    let text = String::from_utf8_lossy(bytes);
    let named = text.split([',', ';', '\t', '\n', '"']).take(64);
    for path in named.chain(["a.wav", "/sounds/a.wav", ""]) {
        if let Err(error) = table.lookup(Path::new(path)) {
            assert!(error.lines.len() > 1, "{error}");
        }
    }
}

/// A filter, applied to sounds: what is decided without a text is what the whole filter says.
pub fn filter(bytes: &[u8]) {
    let expression = String::from_utf8_lossy(bytes);
    let filter = match Filter::parse(&expression) {
        Ok(filter) => filter,
        Err(error) => {
            assert!(error.position <= expression.len(), "{error}");
            return;
        }
    };
    for (text, cat, duration_s) in [
        ("doors/wood creak 01", CatIndex::new(0), 0.5),
        ("rain on tin roof, étude", CatIndex::new(400), 2.0),
        ("", None, 90.0),
    ] {
        let facts = Facts { text, cat, duration_s, channels: 2, sample_rate_hz: 48_000 };
        let matches = filter.matches(&facts);
        match filter.decide_without_text(&Facts { text: "", ..facts }) {
            Some(decided) => assert_eq!(decided, matches),
            None => assert!(filter.needs_text()),
        }
    }
}
