//! A UCS-labelled library: CatIDs in file names or, failing that, in metadata, as the index reads them.

use std::path::Path;

use earmark_engine::audio::AudioReader;
use earmark_engine::indexing::{Walked, describe, label_of};
use earmark_engine::ucs::label_from_file_name;

use super::folders::{below, problems_of};
use super::problem::Problem;
use super::set::{Found, FoundClip, Grouping, Layout};
use super::takes::group_of;

/// Whether the sounds of a folder are labelled by their names or by their folders: by names if half of them bear a
/// CatID, or if no sound lies below a folder.
pub(super) fn likely_layout(walked: &Walked) -> Layout {
    let stems = walked.files.iter().filter_map(|file| file.path.file_stem());
    let named = stems.filter(|stem| label_from_file_name(&stem.to_string_lossy()).is_some()).count();
    let in_folders = walked.files.iter().any(|file| file.path.parent() != Some(&file.root));
    if 2 * named >= walked.files.len().max(1) || !in_folders { Layout::Ucs } else { Layout::Folders }
}

/// Finds the sounds that bear a CatID.
pub(super) fn find(root: &Path, walked: &Walked, grouping: Grouping) -> Found {
    let mut found = Found { problems: problems_of(walked), ..Found::default() };
    for file in &walked.files {
        let stem = file.path.file_stem().unwrap_or_default().to_string_lossy();
        // Only where the name is silent is the file opened.
        let cat = match label_from_file_name(&stem) {
            Some(cat) => Some(cat),
            None => match AudioReader::open(&file.path) {
                Ok(reader) => {
                    let details = describe(reader.metadata(), &[]);
                    label_of(&file.path, &details, None).0.map(|label| label.cat)
                }
                Err(error) => {
                    found.problems.push(Problem { path: file.path.clone(), reason: error.to_string() });
                    continue;
                }
            },
        };
        let Some(cat) = cat else {
            found.unlabelled += 1;
            continue;
        };
        found.clips.push(FoundClip {
            class: cat.cat_id().to_owned(),
            group: group_of(below(root, &file.path), grouping),
            path: file.path.clone(),
            cat_id: Some(cat),
            side: None,
        });
    }
    found
}
