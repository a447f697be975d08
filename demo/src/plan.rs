//! The plan of the library: which takes of which recipes, under which names, in which formats.

use crate::audio::Audio;
use crate::format::chunks::{Bext, Chunks};
use crate::format::samples::SampleFormat;
use crate::format::{Container, FileFormat};
use crate::recipes::{self, Recipe};
use std::path::PathBuf;

/// UCS CreatorID of every sound.
const CREATOR_ID: &str = "EMRK";
/// UCS SourceID of every sound.
const SOURCE_ID: &str = "DEMO";
/// What every file's metadata says.
pub(crate) const DISCLAIMER: &str = "synthesised by earmark demo, not a recording";

/// A sound of the library, not yet made.
#[derive(Clone, Debug)]
pub struct DemoSound {
    /// UCS file name with extension.
    pub file_name: String,
    /// UCS CatID.
    pub cat_id: &'static str,
    /// UCS Category, also the name of its folder.
    pub category: &'static str,
    /// UCS SubCategory.
    pub sub_category: &'static str,
    /// UCS FXName, ending in the number of the take.
    pub fx_name: String,
    /// Counted from 1.
    pub take: u32,
    /// Name of the [`Recipe`].
    pub recipe: &'static str,
    /// How the file stores it.
    pub format: FileFormat,
    /// Which metadata it carries.
    tagging: Tagging,
    seed: u64,
    source: &'static Recipe,
}

/// How thoroughly a file is tagged; real libraries mix all of these.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Tagging {
    /// INFO (or the container's own text fields).
    Info,
    /// INFO and `bext`.
    Bext,
    /// INFO, `bext` and iXML.
    Full,
}

impl DemoSound {
    /// Makes the samples.
    pub fn render(&self) -> Audio {
        self.source.render(self.seed, self.take)
    }

    /// Where the file stands below the library's folder: `CATEGORY/file name`.
    pub fn relative_path(&self) -> PathBuf {
        PathBuf::from(self.category).join(&self.file_name)
    }

    /// The metadata that goes into the file.
    pub fn chunks(&self) -> Chunks {
        let description = format!(
            "{}: {DISCLAIMER}. Recipe {}, take {}, seed {}.",
            self.fx_name, self.recipe, self.take, self.seed
        );
        let info = vec![
            (*b"INAM", self.fx_name.clone()),
            (*b"IART", "earmark demo".to_owned()),
            (*b"ICMT", description.clone()),
            (*b"IGNR", self.category.to_owned()),
            (*b"ISFT", "earmark demo".to_owned()),
        ];
        let bext = (self.tagging != Tagging::Info).then(|| Bext {
            description: description.clone(),
            originator: "earmark demo".to_owned(),
            originator_reference: format!("{CREATOR_ID}{SOURCE_ID}{:020}", self.seed),
            // Fixed, because the bytes depend on the seed alone.
            origination_date: "2026-01-01".to_owned(),
            origination_time: "00:00:00".to_owned(),
            time_reference_samples: 0,
            coding_history: String::new(),
        });
        let ixml = (self.tagging == Tagging::Full).then(|| self.ixml(&description));
        Chunks { bext, ixml, info }
    }

    /// The whole file.
    pub fn encode(&self) -> Vec<u8> {
        self.format.encode(&self.render(), &self.chunks())
    }

    /// iXML with the UCS fields twice: in `USER`, where sound librarians look, and in `ASWG`, the schema of
    /// the Audio Standards Working Group (G-R001).
    fn ixml(&self, description: &str) -> String {
        let escape = |text: &str| text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
        let fields = [
            ("CATEGORY", "category", escape(self.category)),
            ("SUBCATEGORY", "subCategory", escape(self.sub_category)),
            ("CATID", "catId", self.cat_id.to_owned()),
            ("FXNAME", "fxName", escape(&self.fx_name)),
            ("CREATORID", "creatorId", CREATOR_ID.to_owned()),
            ("SOURCEID", "sourceId", SOURCE_ID.to_owned()),
            ("DESCRIPTION", "notes", escape(description)),
        ];
        let mut user = String::new();
        let mut aswg = String::new();
        for (user_key, aswg_key, value) in fields {
            user += &format!("<{user_key}>{value}</{user_key}>");
            aswg += &format!("<{aswg_key}>{value}</{aswg_key}>");
        }
        format!(
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<BWFXML><IXML_VERSION>3.01</IXML_VERSION>\
             <PROJECT>earmark demo</PROJECT><NOTE>{}</NOTE><USER>{user}</USER>\
             <ASWG><contentType>sfx</contentType>{aswg}</ASWG></BWFXML>\n",
            escape(description)
        )
    }
}

/// Formats in turn, so that takes of one recipe differ in format. Thirteen entries have no common factor
/// with the usual numbers of takes.
const ROTA: [(Container, SampleFormat, Tagging); 13] = [
    (Container::Wav, SampleFormat::I24, Tagging::Full),
    (Container::Wav, SampleFormat::I16, Tagging::Info),
    (Container::Flac, SampleFormat::I24, Tagging::Bext),
    (Container::Wav, SampleFormat::F32, Tagging::Bext),
    (Container::Wav, SampleFormat::I24, Tagging::Full),
    (Container::Aiff, SampleFormat::I24, Tagging::Full),
    (Container::Wav, SampleFormat::I16, Tagging::Full),
    (Container::Rf64, SampleFormat::I24, Tagging::Full),
    (Container::Wav, SampleFormat::I24, Tagging::Info),
    (Container::Wave64, SampleFormat::I24, Tagging::Bext),
    (Container::Flac, SampleFormat::I16, Tagging::Info),
    (Container::Caf, SampleFormat::I24, Tagging::Info),
    (Container::Aiff, SampleFormat::F32, Tagging::Info),
];

/// The plan of the library for a seed, without any samples yet. Names, formats and lengths of the list do not
/// depend on the seed; the sounds do.
pub fn library(seed: u64) -> Vec<DemoSound> {
    recipes::all()
        .flat_map(|recipe| (1..=recipe.takes).map(move |take| (recipe, take)))
        .zip(ROTA.iter().cycle())
        .map(|((recipe, take), (container, sample_format, tagging))| {
            let format = FileFormat { container: *container, sample_format: *sample_format };
            let fx_name = format!("{} {take:02}", recipe.fx_name);
            DemoSound {
                file_name: format!(
                    "{}_{fx_name}_{CREATOR_ID}_{SOURCE_ID}.{}",
                    recipe.cat_id,
                    format.extension()
                ),
                cat_id: recipe.cat_id,
                category: recipe.category,
                sub_category: recipe.sub_category,
                fx_name,
                take,
                recipe: recipe.name,
                format,
                tagging: *tagging,
                seed,
                source: recipe,
            }
        })
        .collect()
}

/// A short sound inside a long one.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct HiddenBell {
    /// Recipe of the long sound, rendered as take 1.
    pub recipe: &'static str,
    /// When the bell strikes, from the start of the sound.
    pub at_s: f64,
    /// Recipe of bells alone, to search with.
    pub bell_recipe: &'static str,
}

/// In one minute of forest a church bell strikes once: a search for a bell has to find the ambience *and*
/// point at this time.
pub const HIDDEN_BELL: HiddenBell =
    HiddenBell { recipe: recipes::AMBIENCE, at_s: recipes::AMBIENCE_BELL_AT_S, bell_recipe: "church_bell" };

impl HiddenBell {
    /// Whether this sound is the one that holds the bell.
    pub fn is_in(&self, sound: &DemoSound) -> bool {
        sound.recipe == self.recipe
    }
}
