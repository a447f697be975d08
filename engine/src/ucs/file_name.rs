//! UCS file names, read and written:
//! `CatID[-UserCategory]_[VendorCategory-]FXName_CreatorID_SourceID[_UserData]`.
//!
//! The rules are those of the "Universal Category System Filenaming Convention" (2021-07-30):
//! * `_` separates blocks and occurs in none, but for UserData, the last, where it is "discouraged, not
//!   prohibited".
//! * The case of a CatID counts.
//! * UserCategory is what follows the first `-` of the CatID block. No CatID holds a `-`, so a UserCategory may.
//! * VendorCategory is "the first block of text immediately after the first `_`, and up to the very next `-`". So
//!   the first `-` of the block always divides it, even where the author only meant a hyphen: `Wide-Open Gate` is
//!   read as VendorCategory `Wide`, FXName `Open Gate`. The convention counts the whole block as the FX name at
//!   the same time; [`UcsName::title`] gives it whole, and this is what people should see. It follows that an
//!   FXName may hold a `-` only after a VendorCategory; the writer refuses it otherwise, since it would be read
//!   back as another name.
//! * CreatorID, SourceID and UserData may hold a `-`.

use std::fmt;

use super::catalogue::{CatIndex, Catalogue};

/// A UCS file name in its parts, without the extension.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct UcsName {
    /// The CatID.
    pub cat: CatIndex,
    /// A third level of category of the user's own, such as `EXT`.
    pub user_category: Option<String>,
    /// A category of the vendor's own, such as the name of a gun.
    pub vendor_category: Option<String>,
    /// Brief description; empty where the tolerant reader found none.
    pub fx_name: String,
    /// Who made the sound; empty where the tolerant reader found none.
    pub creator_id: String,
    /// Project or library; empty where the tolerant reader found none.
    pub source_id: String,
    /// Anything else; may hold `_`.
    pub user_data: Option<String>,
}

/// A part of a UCS file name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Block {
    /// The CatID.
    CatId,
    /// What follows the CatID after a `-`.
    UserCategory,
    /// What precedes the FXName before a `-`.
    VendorCategory,
    /// The brief description.
    FxName,
    /// Who made the sound.
    CreatorId,
    /// Project or library.
    SourceId,
    /// What follows the SourceID.
    UserData,
}

impl fmt::Display for Block {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::CatId => "CatID",
            Self::UserCategory => "UserCategory",
            Self::VendorCategory => "VendorCategory",
            Self::FxName => "FXName",
            Self::CreatorId => "CreatorID",
            Self::SourceId => "SourceID",
            Self::UserData => "UserData",
        })
    }
}

/// In what a name departs from the convention though its CatID is understood.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Deviation {
    /// The CatID is in the list, but spelt in another case.
    #[error("CatID \"{found}\" is spelt {}", .right.cat_id())]
    CatIdCase {
        /// As it stands in the name.
        found: String,
        /// As it should be.
        right: CatIndex,
    },
    /// A block that every name needs is not there.
    #[error("no {0}; a UCS name is CatID_FXName_CreatorID_SourceID")]
    Missing(Block),
    /// A separator is there, but nothing behind or before it.
    #[error("{0} is empty")]
    Empty(Block),
    /// A block begins or ends with a blank.
    #[error("{0} begins or ends with a blank")]
    BlanksAround(Block),
    /// A character that not every file system takes.
    #[error("{block} holds {character:?}, which not every file system takes")]
    Character {
        /// Where it is.
        block: Block,
        /// The first such character.
        character: char,
    },
}

/// Why a text is not a UCS name, or parts do not make one.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum UcsNameError {
    /// The name does not begin with a CatID of the list.
    #[error("\"{found}\" is no CatID of UCS v{}{}", Catalogue::builtin().version(), did_you_mean(.suggestions))]
    UnknownCatId {
        /// What stands in place of the CatID.
        found: String,
        /// CatIDs that may have been meant, the likeliest first.
        suggestions: Vec<CatIndex>,
    },
    /// The name is readable, but not exact.
    #[error(transparent)]
    NotExact(#[from] Deviation),
    /// A block holds the separator by which it would be read as two.
    #[error("{block} holds '{separator}', which would begin another block")]
    Separator {
        /// The block.
        block: Block,
        /// `_` or `-`.
        separator: char,
    },
    /// The extension is empty or holds characters other than ASCII letters and digits.
    #[error("\"{0}\" is no file extension")]
    Extension(String),
    /// The name has more than the 255 bytes that file systems take.
    #[error("the name is {0} bytes long; file systems take 255, so shorten FXName or UserData")]
    TooLong(usize),
}

/// A name read with tolerance.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TolerantName {
    /// What was understood: blocks without blanks around, those missing or empty as empty strings or `None`.
    pub name: UcsName,
    /// In what the text departs from the convention, from left to right; none for an exact name.
    pub deviations: Vec<Deviation>,
}

/// Reads the name of a file without its extension, exact in every point.
///
/// # Errors
/// [`UcsNameError::UnknownCatId`], or the first deviation as [`UcsNameError::NotExact`].
pub fn parse(stem: &str) -> Result<UcsName, UcsNameError> {
    let read = parse_tolerant(stem)?;
    read.deviations.into_iter().next().map_or(Ok(read.name), |deviation| Err(deviation.into()))
}

/// Reads the name of a file without its extension, telling in what it departs from the convention.
///
/// # Errors
/// [`UcsNameError::UnknownCatId`] where the name does not begin with a CatID, whatever its case.
pub fn parse_tolerant(stem: &str) -> Result<TolerantName, UcsNameError> {
    let mut deviations = Vec::new();
    let mut blocks = stem.splitn(5, '_');

    let (cat_id, user_category) = split_hyphen(blocks.next().unwrap_or_default());
    let cat = read_cat_id(cat_id, &mut deviations)?;
    let user_category = user_category.and_then(|text| clean(text, Block::UserCategory, &mut deviations));

    let (vendor_category, fx_name) = match blocks.next() {
        None => {
            deviations.push(Deviation::Missing(Block::FxName));
            (None, String::new())
        }
        Some(block) => read_title(block, &mut deviations),
    };
    let mut required = |block: Block| match blocks.next() {
        None => {
            deviations.push(Deviation::Missing(block));
            String::new()
        }
        Some(text) => clean(text, block, &mut deviations).unwrap_or_default(),
    };
    let creator_id = required(Block::CreatorId);
    let source_id = required(Block::SourceId);
    let user_data = blocks.next().and_then(|text| clean(text, Block::UserData, &mut deviations));

    let name = UcsName { cat, user_category, vendor_category, fx_name, creator_id, source_id, user_data };
    Ok(TolerantName { name, deviations })
}

impl UcsName {
    /// The name without extension, such as `GUNAuto-EXT_UZI 9mm-Rapid Fire_TN_DORY`; [`parse`] reads it back as
    /// the same parts.
    ///
    /// # Errors
    /// [`UcsNameError::NotExact`] or [`UcsNameError::Separator`] for a block that cannot stand in a name.
    pub fn write(&self) -> Result<String, UcsNameError> {
        let mut name = self.cat.cat_id().to_owned();
        if let Some(user_category) = &self.user_category {
            name.push('-');
            name.push_str(writable(user_category, Block::UserCategory, &['_'])?);
        }
        name.push('_');
        match &self.vendor_category {
            Some(vendor_category) => {
                name.push_str(writable(vendor_category, Block::VendorCategory, &['_', '-'])?);
                name.push('-');
                name.push_str(writable(&self.fx_name, Block::FxName, &['_'])?);
            }
            None => name.push_str(writable(&self.fx_name, Block::FxName, &['_', '-'])?),
        }
        for (text, block) in [(&self.creator_id, Block::CreatorId), (&self.source_id, Block::SourceId)] {
            name.push('_');
            name.push_str(writable(text, block, &['_'])?);
        }
        if let Some(user_data) = &self.user_data {
            name.push('_');
            name.push_str(writable(user_data, Block::UserData, &[])?);
        }
        Ok(name)
    }

    /// The name with `extension` (`wav` or `.wav`).
    ///
    /// # Errors
    /// Those of [`UcsName::write`], [`UcsNameError::Extension`] and [`UcsNameError::TooLong`].
    pub fn file_name(&self, extension: &str) -> Result<String, UcsNameError> {
        let bare = extension.strip_prefix('.').unwrap_or(extension);
        if bare.is_empty() || !bare.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
            return Err(UcsNameError::Extension(extension.to_owned()));
        }
        let name = format!("{}.{bare}", self.write()?);
        if name.len() > 255 { Err(UcsNameError::TooLong(name.len())) } else { Ok(name) }
    }

    /// The whole block between the first and the second `_`, which the convention also counts as the FX name:
    /// `VendorCategory-FXName`, or the FXName alone.
    pub fn title(&self) -> String {
        match &self.vendor_category {
            Some(vendor_category) => format!("{vendor_category}-{}", self.fx_name),
            None => self.fx_name.clone(),
        }
    }
}

/// The block before and, where there is one, after its first `-`.
fn split_hyphen(block: &str) -> (&str, Option<&str>) {
    match block.split_once('-') {
        Some((before, after)) => (before, Some(after)),
        None => (block, None),
    }
}

fn read_cat_id(text: &str, deviations: &mut Vec<Deviation>) -> Result<CatIndex, UcsNameError> {
    let trimmed = text.trim();
    if trimmed.len() != text.len() {
        deviations.push(Deviation::BlanksAround(Block::CatId));
    }
    let catalogue = Catalogue::builtin();
    let Some(cat) = catalogue.by_cat_id_any_case(trimmed) else {
        let suggestions = catalogue.closest(trimmed);
        return Err(UcsNameError::UnknownCatId { found: trimmed.to_owned(), suggestions });
    };
    if cat.cat_id() != trimmed {
        deviations.push(Deviation::CatIdCase { found: trimmed.to_owned(), right: cat });
    }
    Ok(cat)
}

/// VendorCategory and FXName of the second block.
fn read_title(block: &str, deviations: &mut Vec<Deviation>) -> (Option<String>, String) {
    let (before, Some(after)) = split_hyphen(block) else {
        return (None, clean(block, Block::FxName, deviations).unwrap_or_default());
    };
    match (clean(before, Block::VendorCategory, deviations), clean(after, Block::FxName, deviations)) {
        (vendor_category, Some(fx_name)) => (vendor_category, fx_name),
        // `Creak-`: the hyphen divides nothing.
        (only, None) => (None, only.unwrap_or_default()),
    }
}

/// The block without blanks around, or `None` where nothing is left; what is wrong with it is noted.
fn clean(text: &str, block: Block, deviations: &mut Vec<Deviation>) -> Option<String> {
    deviations.extend(flaws(text, block));
    let trimmed = text.trim();
    (!trimmed.is_empty()).then(|| trimmed.to_owned())
}

fn flaws(text: &str, block: Block) -> impl Iterator<Item = Deviation> {
    let trimmed = text.trim();
    let empty = trimmed.is_empty().then_some(Deviation::Empty(block));
    let blanks =
        (!trimmed.is_empty() && trimmed.len() != text.len()).then_some(Deviation::BlanksAround(block));
    let character = text
        .chars()
        .find(|&c| c.is_control() || matches!(c, '/' | '\\' | ':' | '*' | '?' | '"' | '<' | '>' | '|'))
        .map(|character| Deviation::Character { block, character });
    [empty, blanks, character].into_iter().flatten()
}

/// `text` if it can be block `block` and none of `separators` would divide it.
fn writable<'t>(text: &'t str, block: Block, separators: &[char]) -> Result<&'t str, UcsNameError> {
    if let Some(flaw) = flaws(text, block).next() {
        return Err(flaw.into());
    }
    match text.chars().find(|c| separators.contains(c)) {
        Some(separator) => Err(UcsNameError::Separator { block, separator }),
        None => Ok(text),
    }
}

/// "; did you mean A, B or C?", or nothing.
pub(super) fn did_you_mean(suggestions: &[CatIndex]) -> String {
    let names: Vec<&str> = suggestions.iter().map(|cat| cat.cat_id()).collect();
    match names.split_last() {
        None => String::new(),
        Some((only, [])) => format!("; did you mean {only}?"),
        Some((last, others)) => format!("; did you mean {} or {last}?", others.join(", ")),
    }
}
