//! What the index says about a sound: label, details and the text that word filters look at.

use std::path::Path;

use crate::audio::Metadata;
use crate::index::Details;
use crate::ucs::{
    CatIndex, Label, LabelTable, file_name, label_from_file_name, label_from_metadata, labels,
};

/// Longest searchable text of one sound, bytes.
const MAX_TEXT: usize = 16 << 10;

/// Details of a sound from its metadata and its name.
pub fn describe(path: &Path, metadata: &Metadata, warnings: &[String]) -> Details {
    let name = path.file_stem().and_then(|stem| file_name::parse_tolerant(&stem.to_string_lossy()).ok());
    let name = name.map(|tolerant| tolerant.name);
    let cat = label_from_metadata(
        metadata.cat_id.as_deref(),
        metadata.category.as_deref(),
        metadata.subcategory.as_deref(),
    );
    let from_name = |of: fn(&file_name::UcsName) -> String| name.as_ref().map(of).filter(|text| !text.is_empty());
    Details {
        title: metadata.title.clone(),
        description: metadata.description.clone(),
        keywords: metadata.keywords.clone(),
        fx_name: from_name(|name| name.fx_name.clone()).or_else(|| metadata.fx_name.clone()),
        creator_id: from_name(|name| name.creator_id.clone()).or_else(|| metadata.creator_id.clone()),
        source_id: from_name(|name| name.source_id.clone()).or_else(|| metadata.source_id.clone()),
        metadata_cat: cat.map(CatIndex::to_u16),
        bits_per_sample: None,
        warnings: warnings.to_vec(),
    }
}

/// The label of a sound: a table outranks the file name, which outranks the metadata.
///
/// The second value tells of a table that contradicts itself about this sound.
pub fn label_of(path: &Path, details: &Details, table: Option<&LabelTable>) -> (Option<Label>, Option<String>) {
    let (from_table, problem) = match table.map(|table| table.lookup(path)) {
        Some(Ok(cat)) => (cat, None),
        Some(Err(ambiguous)) => (None, Some(ambiguous.to_string())),
        None => (None, None),
    };
    let from_name = path.file_stem().and_then(|stem| label_from_file_name(&stem.to_string_lossy()));
    let from_metadata = details.metadata_cat.and_then(CatIndex::new);
    (labels::resolve(from_table, from_name, from_metadata), problem)
}

/// The text that word filters look at, lower-cased: relative path, description and names; category names are looked
/// up by the filter itself.
pub fn searchable_text(relative: &Path, details: &Details) -> String {
    let mut text = relative.to_string_lossy().to_lowercase();
    let parts = [&details.title, &details.fx_name, &details.description, &details.keywords];
    for part in parts.into_iter().flatten() {
        let part = part.to_lowercase();
        if !text.contains(&part) {
            text.push('\n');
            text.push_str(&part);
        }
    }
    text.truncate(text.floor_char_boundary(MAX_TEXT));
    text
}
