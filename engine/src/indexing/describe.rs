//! What the index says about a sound: label, details and the text that word filters look at.

use std::path::Path;

use crate::audio::Metadata;
use crate::index::{Details, composed_text};
use crate::ucs::{CatIndex, Label, LabelTable, label_from_file_name, label_from_metadata, labels};

use super::foreign;

/// Longest searchable text of one sound, bytes.
const MAX_TEXT: usize = 16 << 10;

/// Details of a sound from its metadata; what its name says is not among them, since names change.
pub fn describe(metadata: &Metadata, warnings: &[String]) -> Details {
    let cat = label_from_metadata(
        metadata.cat_id.as_deref(),
        metadata.category.as_deref(),
        metadata.subcategory.as_deref(),
    );
    let mut details = Details {
        title: metadata.title.clone(),
        description: metadata.description.clone(),
        keywords: metadata.keywords.clone(),
        fx_name: metadata.fx_name.clone(),
        creator_id: metadata.creator_id.clone(),
        source_id: metadata.source_id.clone(),
        metadata_cat: cat.map(CatIndex::to_u16),
        bits_per_sample: None,
        warnings: warnings.to_vec(),
    };
    foreign::note_metadata(&mut details, metadata);
    details
}

/// The label of a sound: a table outranks the file name, which outranks the metadata.
///
/// The second value tells of a table that contradicts itself about this sound.
pub fn label_of(
    path: &Path,
    details: &Details,
    table: Option<&LabelTable>,
) -> (Option<Label>, Option<String>) {
    let (from_table, problem) = match table.map(|table| table.lookup(path)) {
        Some(Ok(cat)) => (cat, None),
        Some(Err(ambiguous)) => (None, Some(ambiguous.to_string())),
        None => (None, None),
    };
    (resolve(from_table, path, details), problem)
}

/// The label of a sound of which a table says this.
pub(super) fn resolve(from_table: Option<CatIndex>, path: &Path, details: &Details) -> Option<Label> {
    let from_name = path.file_stem().and_then(|stem| label_from_file_name(&stem.to_string_lossy()));
    let from_metadata = details.metadata_cat.and_then(CatIndex::new);
    labels::resolve(from_table, from_name, from_metadata)
}

/// The text that word filters look at, lower-cased and in the normal form C: relative path, description and names;
/// category names are looked up by the filter itself.
pub fn searchable_text(relative: &Path, details: &Details) -> String {
    let mut text = composed_text(&relative.to_string_lossy()).to_lowercase();
    let parts = [&details.title, &details.fx_name, &details.description, &details.keywords];
    for part in parts.into_iter().flatten() {
        let part = composed_text(part).to_lowercase();
        if !text.contains(&part) {
            text.push('\n');
            text.push_str(&part);
        }
    }
    text.truncate(text.floor_char_boundary(MAX_TEXT));
    text
}
