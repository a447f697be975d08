//! CatIDs that are not in the list, or that an older version of UCS had.
//!
//! `data/ucs_changes.csv` tells what was renamed and what was split since the 682 CatIDs of v8.1, each row with its
//! source: the lists of those versions as the public tools of their time shipped them, and the explanations of v8.2.1.
//! `data/ucs_since_v8.2.csv` are the 72 CatIDs that the list of v8.1 lacks.
//!
//! A CatID of which only a part went elsewhere is right in old and new labels alike, and a word alone (`gong`) does not
//! tell which they are. So splits are brought up only where a vendor's labels are likely of before v8.2: they bear a CatID
//! that v8.2 renamed, or many CatIDs of which none came with it.

use std::collections::{BTreeSet, HashMap};
use std::sync::LazyLock;

use earmark_engine::index::{Snapshot, SoundId, SoundRef};
use earmark_engine::indexing::foreign_cat_ids;
use earmark_engine::ucs::{CatIndex, Catalogue, LabelSource, label_from_file_name};

use super::vendors::vendor_of;
use super::{Finding, FindingKind};
use crate::evidence::CatShare;
use crate::words::tokens::tokens;
use crate::words::{folding, sources_of};

static CHANGES: &str = include_str!("../../data/ucs_changes.csv");
static SINCE: &str = include_str!("../../data/ucs_since_v8.2.csv");
/// The version that split CatIDs.
const SPLIT_VERSION: &str = "v8.2";
/// Different CatIDs of a vendor from which it tells that none of them came with v8.2: of 753 CatIDs 72 did, so that of
/// thirty taken by lot one would be among them with 95 % probability.
const MANY: usize = 30;
/// How likely a CatID of an older version is written anew because of it.
const RENAMED_GAIN: f32 = 0.95;
const SPLIT_GAIN: f32 = 0.4;
const UNKNOWN_GAIN: f32 = 0.8;
/// Longest CatID of any version, letters.
const LONGEST: usize = 14;

/// What became of a CatID.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// The CatID as it was.
    pub cat_id: String,
    /// What it is now, or what part of it went to.
    pub now: CatIndex,
    /// Words that tell the part that went; none where all of it did.
    pub words: Vec<String>,
    /// The version of the list that changed it.
    pub since: String,
    /// Where that is written.
    pub source: String,
}

static LISTED: LazyLock<Vec<Change>> = LazyLock::new(|| {
    let mut rows = csv::Reader::from_reader(CHANGES.as_bytes());
    let change = |row: csv::StringRecord| {
        let words = row.get(3)?.split(';').map(folding::fold).filter(|word| !word.is_empty()).collect();
        let now = Catalogue::builtin().by_cat_id(row.get(2)?)?;
        let text = |at: usize| row.get(at).map(str::to_owned);
        Some(Change { cat_id: text(1)?, now, words, since: text(4)?, source: text(5)? })
    };
    rows.records().filter_map(Result::ok).filter_map(change).collect()
});

/// What is known to have been renamed or split.
pub fn changes() -> &'static [Change] {
    &LISTED
}

/// CatIDs that v8.1 did not have.
static NEW: LazyLock<BTreeSet<CatIndex>> = LazyLock::new(|| {
    SINCE.lines().skip(1).filter_map(|line| Catalogue::builtin().by_cat_id(line.trim())).collect()
});

/// Findings about CatIDs.
pub(super) fn outdated(snapshot: &Snapshot, sounds: &[SoundId]) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut splits = Vec::new();
    for id in sounds {
        let Some(sound) = snapshot.get(*id) else { continue };
        match foreign_cat_id(&sound) {
            Some((found, whose)) => findings.push(foreign(snapshot, *id, &found, whose)),
            None => splits.extend(split(snapshot, *id, &sound)),
        }
    }
    let ages = Ages::of(snapshot, &splits);
    findings.extend(splits.iter().filter_map(|split| split.finding(snapshot, &ages)));
    findings
}

/// A CatID that is not in the list, and who gives it: the name, a table, the metadata.
fn foreign_cat_id(sound: &SoundRef<'_>) -> Option<(String, &'static str)> {
    let path = sound.path().ok()?;
    let stem = path.file_stem()?.to_string_lossy().into_owned();
    if label_from_file_name(&stem).is_none()
        && let Some(head) = head(&stem)
    {
        return Some((head.to_owned(), "its name"));
    }
    let details = sound.details().ok()?;
    let foreign = foreign_cat_ids(&details).max_by_key(|foreign| foreign.source == LabelSource::Csv)?;
    let whose = if foreign.source == LabelSource::Csv { "a label table" } else { "its metadata" };
    Some((foreign.found.to_owned(), whose))
}

/// A label of which a part went to another, with a word that tells that part.
struct Split {
    id: SoundId,
    change: &'static Change,
    word: String,
    vendor: String,
}

fn split(snapshot: &Snapshot, id: SoundId, sound: &SoundRef<'_>) -> Option<Split> {
    let label = CatIndex::new(sound.cat()?)?;
    let mut splits = changes()
        .iter()
        .filter(|change| change.cat_id == label.cat_id() && !change.words.is_empty())
        .peekable();
    splits.peek()?;
    let words: Vec<String> = sources_of(snapshot, sound)
        .iter()
        .flat_map(|source| tokens(&source.text))
        .map(|token| token.folded)
        .collect();
    let text = format!(" {} ", words.join(" "));
    let (change, word) = splits.find_map(|change| {
        let word = change.words.iter().find(|word| text.contains(&format!(" {word} ")));
        word.map(|word| (change, word.clone()))
    })?;
    Some(Split { id, change, word, vendor: vendor_of(sound).unwrap_or_default() })
}

impl Split {
    fn finding(&self, snapshot: &Snapshot, ages: &Ages) -> Option<Finding> {
        let Change { cat_id, now, since, source, .. } = self.change;
        let why = ages.of_before(&self.vendor)?;
        let message = format!(
            "{cat_id} with the word \"{}\": since {since} that may belong to {} ({source}), and {why}",
            self.word,
            now.cat_id(),
        );
        let mut finding = Finding::of(snapshot, self.id, FindingKind::OldCatId, SPLIT_GAIN, message);
        finding.suggested.push(CatShare { cat: *now, share: SPLIT_GAIN });
        Some(finding)
    }
}

/// What tells of which version the labels of vendors are.
#[derive(Default)]
struct Age {
    /// A CatID that v8.2 renamed.
    old: Option<String>,
    /// Whether a CatID came with v8.2.
    is_new: bool,
    cats: BTreeSet<CatIndex>,
}

struct Ages(HashMap<String, Age>);

impl Ages {
    /// Of the vendors that are asked about; all their sounds count.
    fn of(snapshot: &Snapshot, splits: &[Split]) -> Self {
        let mut ages: HashMap<String, Age> =
            splits.iter().map(|split| (split.vendor.clone(), Age::default())).collect();
        if ages.is_empty() {
            return Self(ages);
        }
        for (_, sound) in snapshot.sounds() {
            let Some(age) = ages.get_mut(&vendor_of(&sound).unwrap_or_default()) else { continue };
            match (foreign_cat_id(&sound), sound.cat().and_then(CatIndex::new)) {
                (Some((found, _)), _) => match renamed(&found) {
                    Some(change) if *change.since <= *SPLIT_VERSION => age.old = Some(found),
                    Some(_) => age.is_new = true,
                    None => {}
                },
                (None, Some(cat)) => {
                    age.is_new |= NEW.contains(&cat);
                    age.cats.insert(cat);
                }
                (None, None) => {}
            }
        }
        Self(ages)
    }

    /// Why a vendor's labels are likely of before v8.2; `None` where they are not.
    fn of_before(&self, vendor: &str) -> Option<String> {
        let age = self.0.get(vendor)?;
        let whose = if vendor.is_empty() { "other labels" } else { "other labels of its vendor" };
        match &age.old {
            Some(old) => Some(format!("{whose} are of before that ({old})")),
            None if !age.is_new && age.cats.len() >= MANY => {
                Some(format!("none of the {} CatIDs that {whose} bear came with it", age.cats.len()))
            }
            None => None,
        }
    }
}

/// What became of a CatID that was renamed.
fn renamed(cat_id: &str) -> Option<&'static Change> {
    changes().iter().find(|change| change.words.is_empty() && change.cat_id.eq_ignore_ascii_case(cat_id))
}

/// A finding about a CatID that is not in the list.
fn foreign(snapshot: &Snapshot, id: SoundId, found: &str, whose: &str) -> Finding {
    if let Some(change) = renamed(found) {
        let now = change.now.cat_id();
        let message = format!("{found} in {whose} is {now} in UCS v8.2.1 ({})", change.source);
        let mut finding = Finding::of(snapshot, id, FindingKind::OldCatId, RENAMED_GAIN, message);
        finding.suggested.push(CatShare { cat: change.now, share: 1.0 });
        return finding;
    }
    let catalogue = Catalogue::builtin();
    let close = catalogue.closest(found);
    let names: Vec<&str> = close.iter().map(|cat| cat.cat_id()).collect();
    let hint =
        if names.is_empty() { String::new() } else { format!("; did it mean {}?", names.join(" or ")) };
    let message = format!("{found} in {whose} is no CatID of UCS v{}{hint}", catalogue.version());
    let mut finding = Finding::of(snapshot, id, FindingKind::UnknownCatId, UNKNOWN_GAIN, message);
    let share = 1.0 / close.len().max(1) as f32;
    finding.suggested = close.into_iter().map(|cat| CatShare { cat, share }).collect();
    finding
}

/// What stands in the place of a CatID in a name that is otherwise one of UCS: four blocks, and a first one that begins
/// with the abbreviation of a Category in capitals and goes on in small letters, as CatIDs do.
pub(super) fn head(stem: &str) -> Option<&str> {
    if stem.matches('_').count() < 3 {
        return None;
    }
    let head = stem.split(['_', '-']).next()?;
    let capitals = head.bytes().take_while(u8::is_ascii_uppercase).count();
    let looks_like = head.len() <= LONGEST
        && head.len() > capitals + 1
        && head.bytes().all(|byte| byte.is_ascii_alphanumeric())
        && head.bytes().skip(capitals).all(|byte| byte.is_ascii_lowercase());
    // `BIGDoor`: the capital of the next word is not part of the abbreviation.
    let short = |count: usize| {
        let short = &head[..count];
        count >= 2 && Catalogue::builtin().iter().any(|(_, entry)| entry.cat_short == short)
    };
    (looks_like && (short(capitals) || (capitals > 2 && short(capitals - 1)))).then_some(head)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_change_names_cat_ids_that_are_or_were() {
        assert_eq!(
            changes().len(),
            CHANGES.lines().count() - 1,
            "a row names a CatID that is not in the list"
        );
        for change in changes() {
            let is_now = Catalogue::builtin().by_cat_id(&change.cat_id).is_some();
            assert_eq!(is_now, !change.words.is_empty(), "{change:?}");
            // What a split took away came with it, and what was renamed has its new name from then on.
            let is_new = NEW.contains(&change.now);
            assert_eq!(is_new, *change.since >= *SPLIT_VERSION, "{change:?}");
        }
        assert_eq!(NEW.len(), SINCE.lines().count() - 1, "a CatID is not in the list");
        assert_eq!(CatIndex::COUNT - NEW.len() + 1, 682, "v8.1 had MACHOffi besides");
    }

    #[test]
    fn only_what_is_meant_as_a_cat_id_is_taken_for_one() {
        assert_eq!(head("MACHOffi_Printer_ABC_LIB"), Some("MACHOffi"));
        assert_eq!(head("DOORWodo_Creak_ABC_LIB"), Some("DOORWodo"));
        for name in ["MACHOffi", "Old_Wood_Door_03", "MIX_FINAL_V2_B", "SFX_door_wood_02", "DOORWOOD_a_b_c"] {
            assert_eq!(head(name), None, "{name}");
        }
    }
}
