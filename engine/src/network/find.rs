//! From the name of a model to its folder.

use std::path::{Path, PathBuf};

use super::card::{CARD_FILE, is_plain_name};
use super::error::ModelError;

/// Finds the folder of a model.
///
/// `name_or_path` is either the name of a folder in one of `search_dirs`, the first of which wins, or the path of a
/// model's folder or card.
///
/// # Errors
/// [`ModelError::NotFound`], with the places looked in and the models that are there.
pub fn find_model(name_or_path: &Path, search_dirs: &[PathBuf]) -> Result<PathBuf, ModelError> {
    if let Some(name) = name_or_path.to_str()
        && is_plain_name(name)
    {
        let named = search_dirs.iter().map(|dir| dir.join(name)).find(|folder| has_card(folder));
        if let Some(folder) = named {
            return Ok(folder);
        }
    }
    if has_card(name_or_path) {
        return Ok(name_or_path.to_owned());
    }
    if let (true, Some(folder)) = (name_or_path.ends_with(CARD_FILE), name_or_path.parent())
        && name_or_path.is_file()
    {
        return Ok(if folder.as_os_str().is_empty() { PathBuf::from(".") } else { folder.to_owned() });
    }
    Err(ModelError::NotFound {
        name: name_or_path.display().to_string(),
        looked_in: search_dirs.to_vec(),
        available: available_models(search_dirs),
    })
}

/// Names of the models in `search_dirs`, sorted, each once. Folders that cannot be read hold none.
pub fn available_models(search_dirs: &[PathBuf]) -> Vec<String> {
    let entries = search_dirs.iter().filter_map(|dir| std::fs::read_dir(dir).ok()).flatten().flatten();
    let mut names: Vec<String> = entries
        .filter(|entry| has_card(&entry.path()))
        .filter_map(|entry| entry.file_name().into_string().ok())
        .filter(|name| is_plain_name(name))
        .collect();
    names.sort();
    names.dedup();
    names
}

fn has_card(folder: &Path) -> bool {
    folder.join(CARD_FILE).is_file()
}
