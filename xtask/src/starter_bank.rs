//! `cargo xtask starter-bank`: embeds openly licensed, labelled sounds into the bank that ships with a model.
//!
//! A library with few labels of its own still gets categories from it. Only sounds whose licence asks for no more than
//! attribution are taken; who made them stands in `BANK_ATTRIBUTION.csv` beside the bank.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};

use earmark_engine::audio::MonoStream;
use earmark_engine::index::{Details, IndexError, QuantisedFrame, Quantiser, SegmentWriter, SoundRecord};
use earmark_engine::indexing::{content_hash, model_id};
use earmark_engine::network::{EmbedError, Embedder, ModelError, Network};
use earmark_engine::ucs::Catalogue;
use serde::Deserialize;
use thiserror::Error;

use crate::files::write_atomically;

/// Largest bank, bytes.
const MAX_BYTES: u64 = 10_000_000;
/// A longer sound gives so many frames, evenly spread: one ambience must not outvote a category.
const MAX_FRAMES: usize = 4;
/// What a licence must not hold: share-alike, copyleft, and terms that are no licence for everyone.
const REFUSED: [&str; 8] = ["-sa", " sa", "share", "gpl", "odbl", "sampling", "-nc", " nc"];
/// What it must hold one of.
const ACCEPTED: [&str; 8] = [
    "cc0",
    "cc 0",
    "creative commons zero",
    "cc-by",
    "cc by",
    "creative commons attribution",
    "bsd",
    "public domain",
];

/// Embed openly licensed, labelled sounds into the bank that ships with a model
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// Folder of the model
    #[arg(long, value_name = "DIR", default_value = "models/aisfx")]
    model: PathBuf,
    /// Folder of sets, each with its labels.csv
    #[arg(long, value_name = "DIR")]
    data: PathBuf,
}

/// Why the bank could not be made.
#[derive(Debug, Error)]
pub(crate) enum BankError {
    #[error("{}: {source}", path.display())]
    Io { path: PathBuf, source: io::Error },
    #[error("{}: {source}", path.display())]
    Table { path: PathBuf, source: csv::Error },
    #[error("{}: {bytes} bytes are more than the {MAX_BYTES} that a bank may have", path.display())]
    TooLarge { path: PathBuf, bytes: u64 },
    #[error(transparent)]
    Index(#[from] IndexError),
    #[error(transparent)]
    Model(#[from] ModelError),
}

#[derive(Debug, Deserialize)]
struct Row {
    file: String,
    #[serde(rename = "ucs_catid_if_obvious")]
    cat_id: String,
    source_path: String,
    licence: String,
}

/// Writes the bank and its attribution.
pub(crate) fn run(arguments: &Arguments) -> Result<(), BankError> {
    let network = Network::load(&arguments.model)?;
    let quantiser = Quantiser::new(&network.card().centring.mean);
    let mut embedder = Embedder::new(&network)?;
    let path = arguments.model.join("bank.segment");
    let mut bank = SegmentWriter::create(&path, model_id(&network))?;
    let mut attribution = csv::Writer::from_writer(Vec::new());
    let table_error = |source| BankError::Table { path: path.clone(), source };
    attribution.write_record(["file", "cat_id", "source", "licence"]).map_err(table_error)?;
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    for set in sets(&arguments.data)? {
        let name = set.file_name().unwrap_or_default().to_string_lossy().into_owned();
        for row in rows(&set.join("labels.csv"))?.into_iter().filter(|row| is_open(&row.licence)) {
            let Some(cat) = Catalogue::builtin().by_cat_id(&row.cat_id) else { continue };
            let file = set.join(&row.file);
            match embed(&mut embedder, &quantiser, &file) {
                Ok((mut record, frames)) => {
                    record.path = format!("{name}/{}", row.file).into_bytes();
                    record.cat = Some(cat.to_u16());
                    bank.add(&record, &frames)?;
                    *counts.entry(name.clone()).or_default() += 1;
                    let fields =
                        [&format!("{name}/{}", row.file), &row.cat_id, &row.source_path, &row.licence];
                    attribution.write_record(fields).map_err(table_error)?;
                }
                Err(error) => eprintln!("left out: {error}"),
            }
        }
    }
    let (sounds, frames) = (bank.sounds(), bank.frames());
    let bytes = bank.finish()?.len_bytes();
    if bytes > MAX_BYTES {
        return Err(BankError::TooLarge { path, bytes });
    }
    let attribution = attribution.into_inner().map_err(|error| table_error(error.into_error().into()))?;
    let table = arguments.model.join("BANK_ATTRIBUTION.csv");
    write_atomically(&table, &attribution).map_err(|source| BankError::Io { path: table, source })?;
    println!("{sounds} sounds, {frames} frames, {bytes} bytes: {counts:?}");
    Ok(())
}

/// Whether a licence asks for no more than attribution.
fn is_open(licence: &str) -> bool {
    let licence = licence.to_lowercase();
    ACCEPTED.iter().any(|word| licence.contains(word)) && !REFUSED.iter().any(|word| licence.contains(word))
}

fn sets(data: &Path) -> Result<Vec<PathBuf>, BankError> {
    let io = |source| BankError::Io { path: data.into(), source };
    let mut sets = Vec::new();
    for entry in std::fs::read_dir(data).map_err(io)? {
        let path = entry.map_err(io)?.path();
        if path.join("labels.csv").is_file() {
            sets.push(path);
        }
    }
    sets.sort();
    Ok(sets)
}

fn rows(path: &Path) -> Result<Vec<Row>, BankError> {
    let table_error = |source| BankError::Table { path: path.into(), source };
    let mut table = csv::Reader::from_path(path).map_err(table_error)?;
    table.deserialize().collect::<Result<_, _>>().map_err(table_error)
}

fn embed(
    embedder: &mut Embedder,
    quantiser: &Quantiser,
    file: &Path,
) -> Result<(SoundRecord, Vec<QuantisedFrame>), EmbedError> {
    let mut stream = MonoStream::open(file, embedder.card().front_end.sample_rate_hz)?;
    let mut frames = Vec::new();
    embedder.embed_stream(&mut stream, &mut |frame| {
        frames.push(quantiser.quantise(frame.start_s, frame.embedding))
    })?;
    if frames.len() > MAX_FRAMES {
        let last = frames.len() - 1;
        frames = (0..MAX_FRAMES).map(|at| frames[at * last / (MAX_FRAMES - 1)].clone()).collect();
    }
    let format = stream.reader().format();
    let record = SoundRecord {
        root: 0,
        path: Vec::new(),
        text: String::new(),
        file_size: 0,
        modified_ns: 0,
        // Lets a search leave out the sound itself when one of these is asked about.
        content_hash: content_hash(file, &|| false).ok().flatten().unwrap_or_default(),
        duration_s: stream.source_duration_s(),
        sample_rate_hz: format.sample_rate_hz,
        channels: format.channels,
        container: format.container.to_u8(),
        cat: None,
        cat_source: 0,
        details: Details::default(),
    };
    Ok((record, frames))
}

#[cfg(test)]
mod tests {
    use super::is_open;

    #[test]
    fn only_licences_that_ask_for_no_more_than_attribution_are_taken() {
        for open in [
            "CC0 (clip); dataset CC-BY-3.0",
            "CC-BY-4.0, by klankbeeld",
            "BSD-3-Clause",
            "public domain",
            "Creative Commons Attribution 3.0 Unported",
            "CC 0 (Bird-Man, Freesound.org(shot), Jesusalva)",
        ] {
            assert!(is_open(open), "{open}");
        }
        for closed in [
            "",
            "CC-BY-SA-3.0",
            "CC-BY-SA-3.0/CC0 (CREDITS)",
            "GPLv2, CC0 (Ledmitz)",
            "CC BY SA 3.0",
            "Creative Commons Attribution-ShareAlike 3.0 Unported",
            "GPL-3.0 (repository licence; no per-file list)",
            "ODbL-1.0 / DbCL-1.0",
            "CC BY-NC 4.0",
        ] {
            assert!(!is_open(closed), "{closed}");
        }
    }
}
