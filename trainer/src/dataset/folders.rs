//! A folder a class: the first folder below the set's own names the class, whatever lies below it.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use earmark_engine::indexing::Walked;

use super::problem::Problem;
use super::set::{Found, FoundClip, Grouping};
use super::takes::group_of;

/// Files named as not belonging to a class, at most; more would bury everything else.
const MAX_STRAYS: usize = 20;

/// Finds the classes below `root`.
pub(super) fn find(root: &Path, walked: &Walked, grouping: Grouping) -> Found {
    let mut found = Found { problems: problems_of(walked), ..Found::default() };
    let mut strays = 0;
    for file in &walked.files {
        let below = below(root, &file.path);
        let mut parts = below.components();
        let class = parts.next().filter(|_| parts.next().is_some());
        let Some(class) = class else {
            strays += 1;
            if strays <= MAX_STRAYS {
                let reason = "is in no folder of a class; it is left out";
                found.problems.push(Problem::new(&file.path, reason));
            }
            continue;
        };
        found.clips.push(FoundClip {
            class: class.as_os_str().to_string_lossy().into_owned(),
            group: group_of(below, grouping),
            path: file.path.clone(),
            cat_id: None,
            side: None,
        });
    }
    let with_sounds: BTreeSet<&str> = found.clips.iter().map(|clip| clip.class.as_str()).collect();
    let empty = folders_below(root).into_iter().filter(|folder| {
        let name = folder.file_name().unwrap_or_default().to_string_lossy();
        !name.starts_with('.') && !with_sounds.contains(&*name)
    });
    let empty: Vec<Problem> = empty
        .map(|folder| Problem::new(folder, "is an empty class: no sounds are in it; it is left out"))
        .collect();
    found.problems.extend(empty);
    found
}

/// All sounds as one class, each a group.
pub(super) fn all_as_one(root: &Path, walked: &Walked, class: &str) -> Found {
    let clip = |path: &PathBuf| FoundClip {
        group: group_of(below(root, path), Grouping::Files),
        path: path.clone(),
        class: class.to_owned(),
        cat_id: None,
        side: None,
    };
    Found {
        clips: walked.files.iter().map(|file| clip(&file.path)).collect(),
        problems: problems_of(walked),
        unlabelled: 0,
    }
}

/// What the walk could not look at.
pub(super) fn problems_of(walked: &Walked) -> Vec<Problem> {
    walked.problems.iter().map(|problem| Problem::new(&problem.path, &problem.reason)).collect()
}

/// A path without the set's folder before it.
pub(super) fn below<'a>(root: &Path, path: &'a Path) -> &'a Path {
    path.strip_prefix(root).unwrap_or(path)
}

fn folders_below(root: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(root).into_iter().flatten().flatten();
    let mut folders: Vec<PathBuf> = entries.map(|entry| entry.path()).filter(|path| path.is_dir()).collect();
    folders.sort();
    folders
}
