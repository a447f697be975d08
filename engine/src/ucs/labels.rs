//! Which CatID a sound carries, and who says so.
//!
//! Three sources may label a sound; [`resolve`] takes the first that does:
//! 1. **the CSV** that the user handed in: a decision made on purpose, for this library, and the only means to
//!    correct the other two without touching the files;
//! 2. **the file name**: UCS rests on it, everyone sees it, and who re-files a sound renames it;
//! 3. **metadata** inside the file: tools copy it unseen from a recording into everything cut from it, so it often
//!    tells of an ancestor of the sound.

use super::catalogue::{CatIndex, Catalogue};

/// A sound's CatID with its source.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Label {
    /// The CatID.
    pub cat: CatIndex,
    /// Who says so.
    pub source: LabelSource,
}

/// Where a label comes from. The numbers are stored in indexes and never change; 0 stands for "no label".
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum LabelSource {
    /// The UCS file name.
    FileName = 1,
    /// iXML, ID3 or other metadata in the file.
    Metadata = 2,
    /// The user's CSV.
    Csv = 3,
}

impl LabelSource {
    /// The number stored in an index.
    pub fn to_u8(self) -> u8 {
        self as u8
    }

    /// The source that an index stores as `number`.
    pub fn from_u8(number: u8) -> Option<Self> {
        match number {
            1 => Some(Self::FileName),
            2 => Some(Self::Metadata),
            3 => Some(Self::Csv),
            _ => None,
        }
    }
}

/// The label of a sound, given what each source says: CSV before file name before metadata (why: see the module).
pub fn resolve(
    csv: Option<CatIndex>,
    file_name: Option<CatIndex>,
    metadata: Option<CatIndex>,
) -> Option<Label> {
    [(csv, LabelSource::Csv), (file_name, LabelSource::FileName), (metadata, LabelSource::Metadata)]
        .into_iter()
        .find_map(|(cat, source)| cat.map(|cat| Label { cat, source }))
}

/// The CatID at the head of a file name without extension, where it surely is meant as one.
///
/// A CatID followed by `_` or `-` and something more counts in any case: `DOORWood_Creak`, `doorwood_Creak_X_Y`,
/// `DOORWood-EXT_Creak`. A name that is a CatID and nothing else must have its exact case. Stricter is the rule for
/// the CatIDs that are plain words in capitals (`RAIN`, `WIND`, `TEST`, `MIX`, `RAW` …), since `wind_chimes` and
/// `MIX_FINAL_V2` are no UCS names: the case must be exact, and either all four blocks are there or the rest of
/// the name is not in capitals throughout. So `Door slam` and `test_03` carry no label, `RAIN_On Tin Roof` does.
pub fn label_from_file_name(stem: &str) -> Option<CatIndex> {
    let stem = stem.trim();
    let head_end = stem.find(['_', '-']).unwrap_or(stem.len());
    let head = stem[..head_end].trim();
    // Most files of most libraries end here, or at the look-up below.
    if !head.is_ascii() || head.contains(' ') {
        return None;
    }
    let cat = Catalogue::builtin().by_cat_id_any_case(head)?;
    let exact = cat.cat_id() == head;
    let tail = &stem[head_end..];
    if !tail.contains(|c: char| c.is_alphanumeric()) {
        return exact.then_some(cat);
    }
    let plain_word = cat.cat_id().bytes().all(|byte| byte.is_ascii_uppercase());
    let safe = if plain_word {
        exact && (tail.matches('_').count() >= 3 || tail.contains(char::is_lowercase))
    } else {
        // A `-` alone is too weak a sign unless the case is right: `birdsong-at dawn`.
        exact || tail.contains('_')
    };
    safe.then_some(cat)
}

/// The CatID that a file's metadata or a table's columns name: `cat_id` in any case, else Category and SubCategory.
///
/// Without a SubCategory, `category` may be both at once as some tools write it (`DOORS-WOOD`). What is not in the
/// list gives no label.
pub fn label_from_metadata(
    cat_id: Option<&str>,
    category: Option<&str>,
    subcategory: Option<&str>,
) -> Option<CatIndex> {
    let catalogue = Catalogue::builtin();
    let filled =
        |text: Option<&'_ str>| text.map(str::trim).filter(|text| !text.is_empty()).map(str::to_owned);
    if let Some(cat) = filled(cat_id).and_then(|cat_id| by_cat_id_block(&cat_id)) {
        return Some(cat);
    }
    let category = filled(category)?;
    match filled(subcategory) {
        Some(subcategory) => catalogue.by_names(&category, &subcategory),
        None => category.match_indices(['-', '/', ',']).find_map(|(at, separator)| {
            catalogue.by_names(&category[..at], &category[at + separator.len()..])
        }),
    }
}

/// The CatID of a field that holds one, perhaps with its UserCategory (`DOORWood-EXT`).
pub(super) fn by_cat_id_block(text: &str) -> Option<CatIndex> {
    let cat_id = text.split_once('-').map_or(text, |(cat_id, _)| cat_id);
    Catalogue::builtin().by_cat_id_any_case(cat_id.trim())
}
