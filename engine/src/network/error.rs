//! What can be wrong with a model.

use std::io;
use std::path::PathBuf;

use thiserror::Error;

/// Why a model could not be found, read or run.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ModelError {
    /// A file of the model could not be read.
    #[error("{}: cannot read this file of the model: {source}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The card is not valid TOML, lacks a field, has one too many, or holds a value that cannot be.
    #[error("{}: not a valid model card: {message}", path.display())]
    Card {
        /// The card.
        path: PathBuf,
        /// What is wrong and where.
        message: String,
    },
    /// The ONNX file is not the one that the card describes.
    #[error(
        "{}: the file's SHA-256 is {found}, the card says {expected}; restore the model's folder from its source",
        path.display()
    )]
    Checksum {
        /// The ONNX file.
        path: PathBuf,
        /// From the card, in hexadecimal.
        expected: String,
        /// Computed, in hexadecimal.
        found: String,
    },
    /// The ONNX file cannot be read or holds something that cannot be run.
    #[error("{}: cannot run this network: {message}", path.display())]
    Network {
        /// The ONNX file.
        path: PathBuf,
        /// What the runtime said.
        message: String,
    },
    /// The network's input or output has other sizes than the card says.
    #[error("{}: the network's {what} is {found}, the card says {expected}", path.display())]
    Shape {
        /// The ONNX file.
        path: PathBuf,
        /// `input` or `output`.
        what: &'static str,
        /// From the card.
        expected: String,
        /// From the network.
        found: String,
    },
    /// No model of that name.
    #[error("there is no model '{name}'{}", places(looked_in, available))]
    NotFound {
        /// What was asked for.
        name: String,
        /// The folders that were searched.
        looked_in: Vec<PathBuf>,
        /// The models that are there, by name.
        available: Vec<String>,
    },
    /// A frame has another size than the network takes.
    #[error("a frame of {expected} mel values was expected, not {found}")]
    FrameSize {
        /// Columns × bands.
        expected: usize,
        /// What was given.
        found: usize,
    },
    /// The room for an embedding has another size than the network fills.
    #[error("room for an embedding of {expected} values was expected, not {found}")]
    EmbeddingSize {
        /// From the card.
        expected: usize,
        /// What was given.
        found: usize,
    },
    /// A frame holds NaN or an infinity: the sound has broken samples.
    #[error("the sound holds samples that are not numbers (NaN or infinite); repair or re-export it")]
    NonFiniteInput,
    /// The network answered a proper frame with NaN or an infinity.
    #[error("the network gave a result that is not a number; its weights may be damaged")]
    NonFiniteOutput,
    /// The runtime failed while running the network.
    #[error("the network failed: {message}")]
    Inference {
        /// What the runtime said.
        message: String,
    },
}

fn places(looked_in: &[PathBuf], available: &[String]) -> String {
    let mut text = String::new();
    if available.is_empty() {
        text.push_str("; none was found");
    } else {
        text.push_str(&format!("; available: {}", available.join(", ")));
    }
    if !looked_in.is_empty() {
        let folders: Vec<String> = looked_in.iter().map(|folder| folder.display().to_string()).collect();
        text.push_str(&format!(" (looked in {})", folders.join(", ")));
    }
    text
}
