//! CatIDs that are not in the list, or that an older version of UCS had.
//!
//! `data/ucs_changes.csv` tells what was renamed and what was split since the 682 CatIDs of v8.1, each row with its
//! source: the lists of those versions as the public tools of their time shipped them, and the explanations of v8.2.1.

use std::sync::LazyLock;

use earmark_engine::index::{Snapshot, SoundId};
use earmark_engine::ucs::{CatIndex, Catalogue, label_from_file_name};

use super::{Finding, FindingKind};
use crate::evidence::CatShare;
use crate::words::tokens::tokens;
use crate::words::{folding, sources_of};

static CHANGES: &str = include_str!("../../data/ucs_changes.csv");
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
    /// Where that is written.
    pub source: String,
}

static LISTED: LazyLock<Vec<Change>> = LazyLock::new(|| {
    let mut rows = csv::Reader::from_reader(CHANGES.as_bytes());
    let change = |row: csv::StringRecord| {
        let words = row.get(3)?.split(';').map(folding::fold).filter(|word| !word.is_empty()).collect();
        let now = Catalogue::builtin().by_cat_id(row.get(2)?)?;
        Some(Change { cat_id: row.get(1)?.to_owned(), now, words, source: row.get(4)?.to_owned() })
    };
    rows.records().filter_map(Result::ok).filter_map(change).collect()
});

/// What is known to have been renamed or split.
pub fn changes() -> &'static [Change] {
    &LISTED
}

/// Findings about CatIDs.
pub(super) fn outdated(snapshot: &Snapshot, sounds: &[SoundId]) -> Vec<Finding> {
    sounds.iter().filter_map(|id| look_at(snapshot, *id)).collect()
}

fn look_at(snapshot: &Snapshot, id: SoundId) -> Option<Finding> {
    let sound = snapshot.get(id)?;
    let path = sound.path().ok()?;
    let stem = path.file_stem()?.to_string_lossy().into_owned();
    let label = sound.cat().and_then(CatIndex::new);
    if label_from_file_name(&stem).is_none()
        && let Some(head) = head(&stem)
    {
        return Some(foreign(snapshot, id, head));
    }
    let label = label?;
    let split = |change: &&Change| change.cat_id == label.cat_id() && !change.words.is_empty();
    let mut splits = changes().iter().filter(split).peekable();
    splits.peek()?;
    let words: Vec<String> = sources_of(snapshot, &sound)
        .iter()
        .flat_map(|source| tokens(&source.text))
        .map(|token| token.folded)
        .collect();
    let (change, word) = splits.find_map(|change| {
        let word = change.words.iter().find(|word| words.iter().any(|own| own == *word));
        word.map(|word| (change, word))
    })?;
    let message = format!(
        "{} with the word \"{word}\": since v8.2 that may belong to {} ({})",
        label.cat_id(),
        change.now.cat_id(),
        change.source
    );
    let mut finding = Finding::of(snapshot, id, FindingKind::OldCatId, SPLIT_GAIN, message);
    finding.suggested.push(CatShare { cat: change.now, share: SPLIT_GAIN });
    Some(finding)
}

/// A finding about a name whose head looks like a CatID and is none.
fn foreign(snapshot: &Snapshot, id: SoundId, head: &str) -> Finding {
    let renamed =
        changes().iter().find(|change| change.words.is_empty() && change.cat_id.eq_ignore_ascii_case(head));
    if let Some(change) = renamed {
        let message = format!("{head} is {} in UCS v8.2.1 ({})", change.now.cat_id(), change.source);
        let mut finding = Finding::of(snapshot, id, FindingKind::OldCatId, RENAMED_GAIN, message);
        finding.suggested.push(CatShare { cat: change.now, share: 1.0 });
        return finding;
    }
    let catalogue = Catalogue::builtin();
    let close = catalogue.closest(head);
    let names: Vec<&str> = close.iter().map(|cat| cat.cat_id()).collect();
    let hint =
        if names.is_empty() { String::new() } else { format!("; did it mean {}?", names.join(" or ")) };
    let message = format!("{head} is no CatID of UCS v{}{hint}", catalogue.version());
    let mut finding = Finding::of(snapshot, id, FindingKind::UnknownCatId, UNKNOWN_GAIN, message);
    let share = 1.0 / close.len().max(1) as f32;
    finding.suggested = close.into_iter().map(|cat| CatShare { cat, share }).collect();
    finding
}

/// What stands in the place of a CatID in a name that is otherwise one of UCS: four blocks, and a first one that begins
/// with the abbreviation of a Category in capitals and goes on in small letters, as CatIDs do.
fn head(stem: &str) -> Option<&str> {
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
        }
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
