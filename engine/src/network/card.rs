//! The model card: everything that the engine knows about a model, as a strict TOML file.

use std::path::Path;

use serde::{Deserialize, Serialize};

use super::error::ModelError;
use crate::spectrogram::{FrameRule, FrontEnd};

/// Name of the card in a model's folder.
pub const CARD_FILE: &str = "card.toml";
/// Version of the card format that this engine reads.
const FORMAT: u32 = 1;
/// Longest card that is parsed; a card with a mean of 65,536 values stays below.
const MAX_CARD_BYTES: usize = 2 << 20;
/// Longest text field.
const MAX_TEXT_BYTES: usize = 16 << 10;
/// Largest embedding.
const MAX_EMBEDDING: u32 = 65_536;

/// The description of one model.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Card {
    /// Version of the card format; 1.
    pub format: u32,
    /// Name by which the model is chosen: letters, digits, `.`, `_` and `-`; also the name of its folder.
    pub name: String,
    /// Version of the model; embeddings of different versions are not compared.
    pub version: String,
    /// Licence of the weights, as an SPDX expression.
    pub licence: String,
    /// Who made the model, in one or a few lines that are shown to people.
    pub attribution: String,
    /// How to cite it, as BibTeX; may be empty.
    pub citation: String,
    /// The ONNX file.
    pub network: CardNetwork,
    /// From samples to mel columns.
    pub front_end: FrontEnd,
    /// From mel columns to frames.
    pub frames: FrameRule,
    /// From cosines to percentages.
    pub similarity: SimilarityScale,
    /// What is subtracted before directions are compared.
    pub centring: Centring,
}

/// The ONNX file and its sizes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CardNetwork {
    /// Name of the file beside the card.
    pub file: String,
    /// SHA-256 of the file, 64 hexadecimal digits.
    pub sha256: String,
    /// Input sizes: batch 1 and otherwise one frame, for example `[1, 1, columns, bands]`.
    pub input_shape: Vec<u32>,
    /// Output sizes: `[1, embedding_size]`.
    pub output_shape: Vec<u32>,
    /// Number of values of an embedding.
    pub embedding_size: u32,
}

/// What is subtracted from embeddings before their directions are compared.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Centring {
    /// Mean embedding of many different sounds, `[embedding_size]`.
    pub mean: Vec<f32>,
}

/// How a cosine becomes a percentage that people can read.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SimilarityScale {
    /// `[cosine, percent]` pairs, both rising; straight lines between them, level outside.
    pub anchors: Vec<[f32; 2]>,
}

impl Card {
    /// Parses and validates a card; `path` is only named in errors.
    ///
    /// # Errors
    /// [`ModelError::Card`] for invalid TOML, missing or unknown fields, and values that cannot be.
    pub fn parse(text: &str, path: &Path) -> Result<Self, ModelError> {
        let invalid = |message: String| ModelError::Card { path: path.to_owned(), message };
        if text.len() > MAX_CARD_BYTES {
            return Err(invalid(format!("it is longer than {MAX_CARD_BYTES} bytes")));
        }
        let card: Self =
            toml::from_str(text).map_err(|error| invalid(error.to_string().trim().to_owned()))?;
        card.validate().map_err(invalid)?;
        Ok(card)
    }

    /// Reads and parses a card file.
    ///
    /// # Errors
    /// [`ModelError::Io`] when it cannot be read, [`ModelError::Card`] when it is not valid.
    pub fn read(path: &Path) -> Result<Self, ModelError> {
        let bytes = super::run::read_bounded(path, MAX_CARD_BYTES as u64)?;
        let text = String::from_utf8(bytes).map_err(|_| ModelError::Card {
            path: path.to_owned(),
            message: "it is not UTF-8 text".to_owned(),
        })?;
        Self::parse(&text, path)
    }

    /// The card as TOML, which [`Card::parse`] reads back to an equal card.
    ///
    /// # Errors
    /// [`ModelError::Card`] when a value cannot be; `path` is only named in errors.
    pub fn to_toml(&self, path: &Path) -> Result<String, ModelError> {
        let invalid = |message: String| ModelError::Card { path: path.to_owned(), message };
        self.validate().map_err(invalid)?;
        toml::to_string(self).map_err(|error| invalid(error.to_string()))
    }

    /// Percentage for people, 0 to 100, of a cosine between centred embeddings; rises with the cosine. NaN is 0.
    pub fn similarity_percent(&self, cosine: f32) -> f32 {
        self.similarity.percent(cosine)
    }

    /// Number of values of an embedding.
    pub fn embedding_size(&self) -> usize {
        self.network.embedding_size as usize
    }

    /// Number of mel values of a frame: columns × bands.
    pub fn frame_values(&self) -> usize {
        self.frames.columns as usize * self.front_end.mel_bands as usize
    }

    /// Length of a frame in seconds, from its first column to the end of its last.
    pub fn frame_s(&self) -> f64 {
        f64::from(self.frames.columns) * self.front_end.column_s()
    }

    /// Step from one frame to the next in seconds.
    pub fn frame_hop_s(&self) -> f64 {
        f64::from(self.frames.hop_columns) * self.front_end.column_s()
    }

    fn validate(&self) -> Result<(), String> {
        if self.format != FORMAT {
            return Err(format!(
                "format {} is not known; this version reads format {FORMAT}, a newer one may read it",
                self.format
            ));
        }
        if !is_plain_name(&self.name) {
            return Err(
                "name must be 1 to 64 letters, digits, '.', '_' or '-', and not start with '.'".into()
            );
        }
        if !is_plain_name(&self.version) {
            return Err("version must be 1 to 64 letters, digits, '.', '_' or '-'".into());
        }
        let texts = [&self.licence, &self.attribution, &self.citation];
        if texts.iter().any(|text| text.len() > MAX_TEXT_BYTES) {
            return Err(format!("licence, attribution and citation may have {MAX_TEXT_BYTES} bytes each"));
        }
        if self.licence.trim().is_empty() {
            return Err("licence is empty; use an SPDX expression or 'LicenseRef-…'".into());
        }
        self.front_end.validate()?;
        self.frames.validate()?;
        self.network.validate(self.frames.columns, self.front_end.mel_bands)?;
        self.similarity.validate()?;
        if self.centring.mean.len() != self.embedding_size() {
            let found = self.centring.mean.len();
            return Err(format!("centring.mean must hold embedding_size values, not {found}"));
        }
        if !self.centring.mean.iter().all(|value| value.is_finite()) {
            return Err("centring.mean holds a value that is not finite".into());
        }
        Ok(())
    }
}

impl CardNetwork {
    fn validate(&self, columns: u32, bands: u32) -> Result<(), String> {
        if !is_plain_name(&self.file) {
            return Err("network.file must be the plain name of a file beside the card".into());
        }
        if self.sha256.len() != 64 || !self.sha256.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return Err("network.sha256 must be 64 hexadecimal digits".into());
        }
        if !(1..=MAX_EMBEDDING).contains(&self.embedding_size) {
            return Err(format!("network.embedding_size must lie between 1 and {MAX_EMBEDDING}"));
        }
        let frame = [columns, bands];
        if self.input_shape.len() > 4
            || self
                .input_shape
                .strip_suffix(&frame)
                .is_none_or(|batch| batch.is_empty() || batch.iter().any(|&extent| extent != 1))
        {
            return Err(format!(
                "network.input_shape must be [1, {columns}, {bands}] or [1, 1, {columns}, {bands}], as frames.columns \
                 and front_end.mel_bands say"
            ));
        }
        if self.output_shape != [1, self.embedding_size] {
            return Err(format!("network.output_shape must be [1, {}]", self.embedding_size));
        }
        Ok(())
    }
}

impl SimilarityScale {
    /// Percentage, 0 to 100, of a cosine; NaN is 0.
    pub fn percent(&self, cosine: f32) -> f32 {
        let Some(&[_, lowest]) = self.anchors.first() else { return 0.0 };
        if cosine.is_nan() {
            return 0.0;
        }
        let mut percent = lowest;
        for pair in self.anchors.windows(2) {
            let [[from, low], [to, high]] = [pair[0], pair[1]];
            if cosine <= from {
                break;
            }
            let part = ((cosine - from) / (to - from)).min(1.0);
            percent = low + part * (high - low);
        }
        percent.clamp(0.0, 100.0)
    }

    fn validate(&self) -> Result<(), String> {
        if !(2..=32).contains(&self.anchors.len()) {
            return Err("similarity.anchors needs 2 to 32 pairs [cosine, percent]".into());
        }
        let possible = |&[cosine, percent]: &[f32; 2]| {
            (-1.0..=1.0).contains(&cosine) && (0.0..=100.0).contains(&percent)
        };
        if !self.anchors.iter().all(possible) {
            return Err(
                "similarity.anchors: cosines lie between -1 and 1, percentages between 0 and 100".into()
            );
        }
        let rising = |pair: &[[f32; 2]]| pair[0][0] < pair[1][0] && pair[0][1] <= pair[1][1];
        if !self.anchors.windows(2).all(rising) {
            return Err("similarity.anchors: cosines must rise, percentages must not fall".into());
        }
        Ok(())
    }
}

/// A name that is a single, ordinary path component everywhere.
pub(super) fn is_plain_name(name: &str) -> bool {
    let ordinary = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-' | b'+');
    (1..=64).contains(&name.len()) && !name.starts_with('.') && name.bytes().all(ordinary)
}
