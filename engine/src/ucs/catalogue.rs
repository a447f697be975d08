//! The UCS list: every CatID with its Category, SubCategory, CatShort and keywords.
//!
//! The built-in list holds facts alone and is part of the program. The official list's explanatory sentences are
//! not; [`Catalogue::from_official_csv`] adds them from the file that a user has.

use std::borrow::Cow;
use std::collections::HashMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use super::{glob, table};

/// Written by `cargo xtask ucs-data`: a heading, then one unquoted row a CatID, keywords joined by `;`.
static LIST: &str = include_str!("ucs_v8.2.1.csv");

/// A CatID, as its position in the built-in list (which [`Catalogue::version`] names).
///
/// Two bytes, so that the index's fixed-width tables can hold it; "no CatID" is [`CatIndex::NONE`] there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CatIndex(u16);

impl CatIndex {
    /// CatIDs in the list: positions run from 0 to one less.
    pub const COUNT: usize = 753;

    /// What a fixed-width table holds where a sound has no CatID; [`CatIndex::new`] makes `None` of it.
    pub const NONE: u16 = u16::MAX;

    /// The CatID at `position`, or `None` beyond the list's end.
    pub fn new(position: u16) -> Option<Self> {
        (usize::from(position) < Self::COUNT).then_some(Self(position))
    }

    /// The position, for a fixed-width table.
    pub fn to_u16(self) -> u16 {
        self.0
    }

    /// The position, for indexing an array of [`CatIndex::COUNT`].
    pub fn to_usize(self) -> usize {
        usize::from(self.0)
    }

    /// The CatID as UCS spells it, such as `DOORWood`.
    pub fn cat_id(self) -> &'static str {
        LISTED.cat_ids[self.to_usize()]
    }
}

/// As UCS spells it.
impl serde::Serialize for CatIndex {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.cat_id())
    }
}

/// One row of the list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Category in capitals, such as `DOORS`.
    pub category: Cow<'static, str>,
    /// SubCategory in capitals, such as `WOOD`.
    pub subcategory: Cow<'static, str>,
    /// CatID, such as `DOORWood`; its case counts.
    pub cat_id: Cow<'static, str>,
    /// Abbreviation of the Category, such as `DOOR`.
    pub cat_short: Cow<'static, str>,
    /// Synonyms by which people look for the category.
    pub keywords: Vec<Cow<'static, str>>,
    /// The official list's explanation, where the user's copy of it was read.
    pub explanation: Option<String>,
}

/// Why a user's copy of the official list cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum UcsError {
    /// The file cannot be read.
    #[error("{}: cannot read the UCS list: {source}", .path.display())]
    Io {
        /// The list.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// No row among the first has the headings of the list.
    #[error(
        "{}: no row with the headings CatID and Explanations; \
         export the official UCS list as CSV with its heading row", .path.display()
    )]
    Headings {
        /// The list.
        path: PathBuf,
    },
    /// No row has a CatID of UCS.
    #[error("{}: holds no CatID of UCS v{}; is this the official list?", .path.display(), Catalogue::builtin().version())]
    NoCatId {
        /// The list.
        path: PathBuf,
    },
}

/// The UCS list, to be looked up by position, CatID or names.
#[derive(Clone, Debug)]
pub struct Catalogue {
    entries: Vec<Entry>,
    version: Cow<'static, str>,
    unknown_cat_ids: Vec<String>,
}

/// What is looked up in the built-in list, computed once.
struct Listed {
    catalogue: Catalogue,
    cat_ids: Vec<&'static str>,
    by_lower_cat_id: HashMap<String, CatIndex>,
    by_lower_names: HashMap<(String, String), CatIndex>,
}

static LISTED: LazyLock<Listed> = LazyLock::new(|| {
    let rows = || LIST.lines().skip(1).map(row);
    let indices = || (0..).map_while(CatIndex::new);
    Listed {
        catalogue: Catalogue {
            entries: rows().map(entry).collect(),
            version: Cow::Borrowed("8.2.1"),
            unknown_cat_ids: Vec::new(),
        },
        cat_ids: rows().map(|[_, _, cat_id, _, _]| cat_id).collect(),
        by_lower_cat_id: rows().map(|[_, _, cat_id, _, _]| cat_id.to_lowercase()).zip(indices()).collect(),
        by_lower_names: rows()
            .map(|[category, sub, ..]| (folded(category), folded(sub)))
            .zip(indices())
            .collect(),
    }
});

impl Catalogue {
    /// The list of UCS v8.2.1, without explanations.
    pub fn builtin() -> &'static Self {
        &LISTED.catalogue
    }

    /// The built-in list with the explanations and keywords of the official list at `path` (CSV; `--ucs FILE`).
    ///
    /// Positions stay those of the built-in list, since indexes on disk hold them; CatIDs that only the file has
    /// are told by [`Catalogue::unknown_cat_ids`].
    ///
    /// # Errors
    /// [`UcsError`] where the file cannot be read or is not the list.
    pub fn from_official_csv(path: &Path) -> Result<Self, UcsError> {
        let text = table::read_text(path).map_err(|source| UcsError::Io { path: path.to_owned(), source })?;
        // Exports of the official sheet may carry a title above the headings.
        let no_headings = || UcsError::Headings { path: path.to_owned() };
        let is_heading = |line: &&str| line.to_lowercase().contains("catid");
        let heading_line = text.lines().take(50).find(is_heading).ok_or_else(no_headings)?;
        let mut records = table::rows(&text, heading_line).into_records().filter_map(Result::ok);
        let headings = records.find(|record| column(record, &["catid"]).is_some()).ok_or_else(no_headings)?;
        let cat_ids = column(&headings, &["catid"]).ok_or_else(no_headings)?;
        let explanations = column(&headings, &["explanations", "explanation"]).ok_or_else(no_headings)?;
        let synonyms = column(&headings, &["synonyms", "keywords"]);

        let mut catalogue = Self::builtin().clone();
        let mut known = 0;
        for record in records {
            let field = |index: usize| record.get(index).map(str::trim).filter(|field| !field.is_empty());
            let Some(cat_id) = field(cat_ids) else { continue };
            let Some(index) = Self::builtin().by_cat_id_any_case(cat_id) else {
                catalogue.unknown_cat_ids.push(cat_id.to_owned());
                continue;
            };
            known += 1;
            let entry = &mut catalogue.entries[index.to_usize()];
            entry.explanation = field(explanations).map(str::to_owned);
            if let Some(words) = synonyms.and_then(field) {
                entry.keywords = keywords(words).map(|word| Cow::Owned(word.to_owned())).collect();
            }
        }
        if known == 0 {
            return Err(UcsError::NoCatId { path: path.to_owned() });
        }
        Ok(catalogue)
    }

    /// CatIDs of the file given to [`Catalogue::from_official_csv`] that the built-in list lacks.
    pub fn unknown_cat_ids(&self) -> &[String] {
        &self.unknown_cat_ids
    }

    /// The version of UCS that positions refer to, such as `8.2.1`.
    pub fn version(&self) -> &str {
        &self.version
    }

    /// How many CatIDs there are: [`CatIndex::COUNT`].
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Always false: the list is never empty.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// The row of a CatID.
    pub fn get(&self, index: CatIndex) -> &Entry {
        &self.entries[index.to_usize()]
    }

    /// Every CatID in the order of the list.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (CatIndex, &Entry)> {
        self.entries.iter().enumerate().map(|(position, entry)| (CatIndex(position as u16), entry))
    }

    /// The CatID spelt exactly so.
    pub fn by_cat_id(&self, cat_id: &str) -> Option<CatIndex> {
        self.by_cat_id_any_case(cat_id).filter(|index| index.cat_id() == cat_id)
    }

    /// The CatID spelt so but for case; no two CatIDs differ in case alone.
    pub fn by_cat_id_any_case(&self, cat_id: &str) -> Option<CatIndex> {
        LISTED.by_lower_cat_id.get(&cat_id.to_lowercase()).copied()
    }

    /// The CatID of a Category and SubCategory, whatever the case and the blanks around.
    pub fn by_names(&self, category: &str, subcategory: &str) -> Option<CatIndex> {
        LISTED.by_lower_names.get(&(folded(category), folded(subcategory))).copied()
    }

    /// Every CatID that `pattern` matches as a whole, with `*` and `?`, whatever the case.
    pub fn matching(&self, pattern: &str) -> Vec<CatIndex> {
        let pattern = pattern.to_lowercase();
        self.iter()
            .filter(|(_, entry)| glob::matches(&pattern, &entry.cat_id.to_lowercase()))
            .map(|(index, _)| index)
            .collect()
    }

    /// Up to three CatIDs that `text` may have been meant to be, the likeliest first.
    pub fn closest(&self, text: &str) -> Vec<CatIndex> {
        let typed: Vec<char> = text.trim().chars().flat_map(char::to_lowercase).take(32).collect();
        let most_edits = (typed.len() / 3).min(3);
        let mut candidates: Vec<(usize, CatIndex)> = self
            .iter()
            .filter_map(|(index, entry)| {
                let listed = || entry.cat_id.chars().flat_map(char::to_lowercase);
                let begun = typed.len() >= 2 && listed().take(typed.len()).eq(typed.iter().copied());
                if begun {
                    return Some((1, index));
                }
                if entry.cat_id.len().abs_diff(typed.len()) > most_edits {
                    return None;
                }
                let listed: Vec<char> = listed().collect();
                edits(&typed, &listed, most_edits).map(|edits| (edits, index))
            })
            .collect();
        candidates.sort();
        candidates.into_iter().take(3).map(|(_, index)| index).collect()
    }
}

/// The first column of a heading row that bears one of `names` (as [`table::heading`] spells them).
fn column(headings: &csv::StringRecord, names: &[&str]) -> Option<usize> {
    headings.iter().position(|text| names.contains(&table::heading(text).as_str()))
}

/// Lower case, with runs of blanks as one.
fn folded(name: &str) -> String {
    name.split_whitespace().collect::<Vec<_>>().join(" ").to_lowercase()
}

fn keywords(joined: &str) -> impl Iterator<Item = &str> {
    joined.split([',', ';']).map(str::trim).filter(|word| !word.is_empty())
}

/// The five fields of a line of [`LIST`].
fn row(line: &'static str) -> [&'static str; 5] {
    let mut fields = line.splitn(5, ',');
    std::array::from_fn(|_| fields.next().unwrap_or_default())
}

fn entry([category, subcategory, cat_id, cat_short, words]: [&'static str; 5]) -> Entry {
    Entry {
        category: Cow::Borrowed(category),
        subcategory: Cow::Borrowed(subcategory),
        cat_id: Cow::Borrowed(cat_id),
        cat_short: Cow::Borrowed(cat_short),
        keywords: keywords(words).map(Cow::Borrowed).collect(),
        explanation: None,
    }
}

/// How many letters have to be put in, taken out, replaced or swapped with a neighbour to make `b` of `a`
/// (optimal string alignment), where it is at most `limit`.
fn edits(a: &[char], b: &[char], limit: usize) -> Option<usize> {
    let mut before_last = vec![0; b.len() + 1];
    let mut last: Vec<usize> = (0..=b.len()).collect();
    let mut row = vec![0; b.len() + 1];
    for i in 1..=a.len() {
        row[0] = i;
        for j in 1..=b.len() {
            let replaced = last[j - 1] + usize::from(a[i - 1] != b[j - 1]);
            row[j] = replaced.min(last[j] + 1).min(row[j - 1] + 1);
            if i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] {
                row[j] = row[j].min(before_last[j - 2] + 1);
            }
        }
        // Numbers never fall from row to row, and a swap reaches back two rows only at the cost of one.
        if row.iter().all(|&edits| edits > limit) {
            return None;
        }
        std::mem::swap(&mut before_last, &mut last);
        std::mem::swap(&mut last, &mut row);
    }
    Some(last[b.len()]).filter(|&edits| edits <= limit)
}
