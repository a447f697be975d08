//! `cargo xtask import-aisfx`: the published network of the aiSFX paper as a model folder.
//!
//! The weights come as a PyTorch checkpoint inside a Python wheel. No Python is needed to read them: the checkpoint is
//! unpickled here, batch normalisations are folded, and the trainer's exporter writes the ONNX file. The result does
//! not depend on the machine, so the committed model can be made again and compared.

mod checkpoint;
mod documents;
mod wheel;

use std::io;
use std::path::{Path, PathBuf};

use earmark_engine::network::{CARD_FILE, Card, ModelError, Network};
use earmark_trainer::cnn9;
use earmark_trainer::error::ExportError;
use sha2::{Digest, Sha256};
use thiserror::Error;

use crate::files::write_atomically;

/// Import the aiSFX network into a model folder
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// The aisfx 0.1.2 wheel; downloaded with pip when absent
    #[arg(long, value_name = "FILE")]
    wheel: Option<PathBuf>,
    /// Folder for the model; what an existing card says of centring, similarity and tails is kept
    #[arg(long, value_name = "DIR", default_value = "models/aisfx")]
    out: PathBuf,
}

/// Why the import failed.
#[derive(Debug, Error)]
pub(crate) enum ImportError {
    #[error("{}: {source}", path.display())]
    Io { path: PathBuf, source: io::Error },
    #[error("pip could not download the wheel: {0}; download it by hand and name it with --wheel")]
    Download(String),
    #[error("{}: not the aisfx 0.1.2 wheel: its SHA-256 is {found}, not {expected}", path.display())]
    Digest { path: PathBuf, found: String, expected: &'static str },
    #[error("{}: {message}", path.display())]
    Content { path: PathBuf, message: String },
    #[error(transparent)]
    Export(#[from] ExportError),
    #[error(transparent)]
    Model(#[from] ModelError),
}

impl ImportError {
    fn io(path: &Path, source: io::Error) -> Self {
        Self::Io { path: path.to_owned(), source }
    }

    fn content(path: &Path, message: impl ToString) -> Self {
        Self::Content { path: path.to_owned(), message: message.to_string() }
    }
}

/// Imports the model and prints what was written.
pub(crate) fn run(arguments: &Arguments) -> Result<(), ImportError> {
    let scratch = tempfile::tempdir().map_err(|source| ImportError::io(&std::env::temp_dir(), source))?;
    let wheel = match &arguments.wheel {
        Some(path) => path.clone(),
        None => wheel::download(scratch.path())?,
    };
    let wheel = wheel::open(&wheel)?;
    let weights = checkpoint::read(&wheel, scratch.path())?;
    let metadata = [("source", documents::SOURCE), ("licence", documents::LICENCE)];
    let (columns, bands) = (documents::FRAME_COLUMNS as usize, documents::MEL_BANDS as usize);
    let onnx = cnn9::export(&weights, "embedding_net.", columns, bands, &metadata)?;

    std::fs::create_dir_all(&arguments.out).map_err(|source| ImportError::io(&arguments.out, source))?;
    let card_path = arguments.out.join(CARD_FILE);
    let mut card = documents::card(hex_digest(&onnx));
    if card_path.exists() {
        let measured = Card::read(&card_path)?;
        card.frames.tail = measured.frames.tail;
        card.similarity = measured.similarity;
        card.centring = measured.centring;
    }
    let card_toml = card.to_toml(&card_path)?;
    // What cannot be loaded is not written.
    Network::from_parts(&card_toml, &onnx, &arguments.out)?;

    let license = wheel.entry(wheel::LICENSE_ENTRY)?;
    let files: [(&str, &[u8]); 4] = [
        (&card.network.file, &onnx),
        ("LICENSE", &license),
        ("ATTRIBUTION.md", documents::ATTRIBUTION_MD.as_bytes()),
        (CARD_FILE, card_toml.as_bytes()),
    ];
    for (name, bytes) in files {
        let path = arguments.out.join(name);
        write_atomically(&path, bytes).map_err(|source| ImportError::io(&path, source))?;
        println!("{}: {} bytes", path.display(), bytes.len());
    }
    Ok(())
}

fn hex_digest(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}
