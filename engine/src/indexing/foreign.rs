//! CatIDs that metadata or a label table give and that are not in the list. They are noted among what is odd about a
//! sound, so that an audit of the library finds them later without reading a file or the table.

use std::path::Path;

use crate::audio::Metadata;
use crate::index::Details;
use crate::ucs::{LabelSource, LabelTable, label_from_metadata};

/// How notes begin, by who gives the CatID.
const NOTES: [(LabelSource, &str); 2] = [
    (LabelSource::Metadata, "its metadata give a CatID that is not in the UCS list: "),
    (LabelSource::Csv, "a label table gives it a CatID that is not in the UCS list: "),
];
/// Longest CatID that is noted, bytes; the longest of the list has 11.
const MAX_LEN: usize = 64;

/// A CatID that is not in the list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ForeignCatId<'d> {
    /// What stands there.
    pub found: &'d str,
    /// Where: in the metadata or a table.
    pub source: LabelSource,
}

/// The CatIDs of a sound's metadata and table that are not in the list.
pub fn foreign_cat_ids(details: &Details) -> impl Iterator<Item = ForeignCatId<'_>> {
    details.warnings.iter().filter_map(|warning| of_note(warning))
}

/// What is odd about a sound's file itself.
pub fn file_warnings(details: &Details) -> impl Iterator<Item = &str> {
    details.warnings.iter().map(String::as_str).filter(|warning| of_note(warning).is_none())
}

fn of_note(warning: &str) -> Option<ForeignCatId<'_>> {
    let of = |(source, head): &(LabelSource, &str)| {
        Some(ForeignCatId { found: warning.strip_prefix(head)?, source: *source })
    };
    NOTES.iter().find_map(of)
}

/// Notes the CatID of metadata, if it is not in the list.
pub(super) fn note_metadata(details: &mut Details, metadata: &Metadata) {
    let cat_id = metadata.cat_id.as_deref().map(str::trim).filter(|cat_id| !cat_id.is_empty());
    let foreign = cat_id.filter(|cat_id| label_from_metadata(Some(cat_id), None, None).is_none());
    note(details, LabelSource::Metadata, foreign);
}

/// Notes the CatID that a table gives the file at a path, if it is not in the list; returns whether that is news.
pub(super) fn note_table(details: &mut Details, table: &LabelTable, path: &Path) -> bool {
    note_given(details, table.foreign(path))
}

/// As [`note_table`], of a CatID that is known already.
pub(super) fn note_given(details: &mut Details, foreign: Option<&str>) -> bool {
    note(details, LabelSource::Csv, foreign)
}

fn note(details: &mut Details, source: LabelSource, foreign: Option<&str>) -> bool {
    let Some((_, head)) = NOTES.iter().find(|(of, _)| *of == source) else { return false };
    let new = foreign.map(|found| format!("{head}{}", &found[..found.floor_char_boundary(MAX_LEN)]));
    let old = details.warnings.iter().position(|warning| warning.starts_with(head));
    match (old, new) {
        (Some(at), Some(new)) if details.warnings[at] == new => return false,
        (Some(at), Some(new)) => details.warnings[at] = new,
        (Some(at), None) => drop(details.warnings.remove(at)),
        (None, Some(new)) => details.warnings.push(new),
        (None, None) => return false,
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn notes_come_and_go_and_leave_other_warnings_alone() {
        let mut details = Details { warnings: vec!["cut short".into()], ..Details::default() };
        let metadata = |cat_id: &str| Metadata { cat_id: Some(cat_id.to_owned()), ..Metadata::default() };
        note_metadata(&mut details, &metadata("MACHOffi"));
        let found: Vec<_> = foreign_cat_ids(&details).collect();
        assert_eq!(found, [ForeignCatId { found: "MACHOffi", source: LabelSource::Metadata }]);
        assert_eq!(file_warnings(&details).collect::<Vec<_>>(), ["cut short"]);
        note_metadata(&mut details, &metadata(&"é".repeat(100)));
        assert_eq!(foreign_cat_ids(&details).map(|foreign| foreign.found.len()).collect::<Vec<_>>(), [64]);
        for known in ["doorwood", " DOORWood-EXT ", " "] {
            note_metadata(&mut details, &metadata(known));
            assert_eq!(details.warnings, ["cut short"], "{known}");
        }
    }
}
