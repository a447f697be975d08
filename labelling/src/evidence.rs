//! What suggestions and findings rest on, as people and programs read it.

use std::path::{Path, PathBuf};

use earmark_engine::index::SoundId;
use earmark_engine::ucs::CatIndex;
use serde::ser::{Serialize, SerializeStruct, Serializer};

/// A category with its share, 0 to 1.
#[derive(Clone, Copy, Debug, PartialEq, serde::Serialize)]
pub struct CatShare {
    /// The CatID.
    pub cat: CatIndex,
    /// Its share.
    pub share: f32,
}

/// A path, in JSON as `path`, with `path_bytes` beside it where it is not UTF-8.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SoundPath(pub PathBuf);

impl SoundPath {
    /// The path itself.
    pub fn as_path(&self) -> &Path {
        &self.0
    }
}

impl Serialize for SoundPath {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut fields = serializer.serialize_struct("SoundPath", 2)?;
        fields.serialize_field("path", &self.0.to_string_lossy())?;
        if self.0.to_str().is_none() {
            fields.serialize_field("path_bytes", self.0.as_os_str().as_encoded_bytes())?;
        }
        fields.end()
    }
}

/// Another sound that a finding is about.
#[derive(Clone, Debug, PartialEq, serde::Serialize)]
pub struct Related {
    /// The sound.
    pub id: SoundId,
    /// Where it lies.
    #[serde(flatten)]
    pub path: SoundPath,
    /// Its label.
    pub cat: Option<CatIndex>,
}

/// Where a word stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Place {
    /// In the name of a folder.
    Folder,
    /// In the file's name.
    FileName,
    /// In the title of the metadata.
    Title,
    /// In the FXName of the metadata.
    FxName,
    /// In the description of the metadata.
    Description,
    /// In the keywords of the metadata.
    Keywords,
}

/// One reason for a category.
#[derive(Clone, Debug, PartialEq, serde::Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Evidence {
    /// A labelled sound sounds like it.
    Neighbour {
        /// The labelled sound in the library; `None` for one of the starter bank.
        id: Option<SoundId>,
        /// Where it lies; in the starter bank, its name there.
        #[serde(flatten)]
        path: SoundPath,
        /// Its label.
        cat: CatIndex,
        /// Cosine of the frames, −1 to 1.
        similarity: f32,
        /// Where it is alike in the sound, seconds.
        start_s: f64,
        /// Where it is alike in the labelled sound, seconds.
        neighbour_start_s: f64,
    },
    /// A word of its path or metadata belongs to the category.
    Word {
        /// The word as it stands there.
        word: String,
        /// The word of the UCS list that it is.
        term: String,
        /// Language of that word, as the UCS translations name it (`en`, `de`, `pt-br`).
        language: &'static str,
        /// Where it stands.
        place: Place,
    },
    /// A row of a taxonomy's map names the category.
    Taxonomy {
        /// The label or folder of the row.
        label: String,
        /// Confidence of the row, 0 to 1.
        confidence: f32,
    },
}
