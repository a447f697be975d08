//! Suggestions from files: tables as `earmark tag` and other people's tools write them, and JSON.

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use earmark_engine::ucs::table;
use serde_json::Value;

use crate::fields::{Field, Fields};
use crate::paths::path_of_hex;
use crate::propose::Suggestion;

/// A file larger than this is refused.
const MAX_BYTES: u64 = 1 << 30;
/// Headings of columns and names in JSON, as [`table::heading`] spells them, of the paths of sounds.
const PATHS: [&str; 6] = ["path", "filepath", "fullpath", "pathname", "filename", "file"];
/// … and of how sure a suggestion is.
const SHARES: [&str; 3] = ["share", "confidence", "probability"];

/// Why suggestions could not be read.
#[derive(Debug, thiserror::Error)]
pub enum SuggestionsError {
    /// The file could not be read.
    #[error("{}: cannot be read: {source}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The file is no table and no JSON of suggestions.
    #[error("{}: holds no suggestions: {reason}", path.display())]
    NoSuggestions {
        /// The file.
        path: PathBuf,
        /// Why.
        reason: String,
    },
}

/// Reads suggestions: JSON where the file begins with `{` or `[`, else CSV with a row of headings.
///
/// A table needs a column with the path of the sound and one with the CatID; FXName, CreatorID, SourceID, UserCategory,
/// VendorCategory, UserData, Keywords, Description and Share are taken where they are. Of several suggestions for a sound
/// the first counts. Paths are relative to the file's folder.
///
/// # Errors
/// [`SuggestionsError`].
pub fn suggestions_of_file(path: &Path) -> Result<Vec<Suggestion>, SuggestionsError> {
    let failed = |source| SuggestionsError::Io { path: path.into(), source };
    let mut bytes = Vec::new();
    File::open(path).and_then(|file| file.take(MAX_BYTES + 1).read_to_end(&mut bytes)).map_err(failed)?;
    if bytes.len() as u64 > MAX_BYTES {
        return Err(failed(io::Error::other("it is larger than 1 GiB; split it")));
    }
    let text = table::decode(&bytes);
    let folder = std::path::absolute(path).ok().and_then(|path| path.parent().map(Path::to_owned));
    let folder = folder.unwrap_or_default();
    let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let read = match text.trim_start().chars().next() {
        Some('{' | '[') => of_json(&text, &folder, &name),
        _ => of_table(&text, &folder, &name),
    };
    let mut suggestions =
        read.map_err(|reason| SuggestionsError::NoSuggestions { path: path.into(), reason })?;
    let mut seen = std::collections::HashSet::new();
    suggestions.retain(|suggestion| seen.insert(suggestion.path.clone()));
    Ok(suggestions)
}

fn of_table(text: &str, folder: &Path, from: &str) -> Result<Vec<Suggestion>, String> {
    let mut rows = table::rows(text, text.lines().next().unwrap_or_default());
    let mut first = csv::StringRecord::new();
    rows.read_record(&mut first).map_err(|error| error.to_string())?;
    let headings: Vec<String> = first.iter().map(table::heading).collect();
    let find = |names: &[&str]| names.iter().find_map(|name| headings.iter().position(|found| found == name));
    let path_at = find(&PATHS).ok_or("its first row has no heading FilePath or Filename")?;
    find(&["catid"]).ok_or("its first row has no heading CatID")?;
    let share_at = find(&SHARES);
    let mut suggestions = Vec::new();
    for row in rows.records() {
        let row = row.map_err(|error| error.to_string())?;
        let Some(path) = row.get(path_at).filter(|path| !path.is_empty()) else { continue };
        let mut fields = Fields::default();
        for field in Field::ALL {
            let at = find(&[&table::heading(field.key())]);
            fields.set(field, at.and_then(|at| row.get(at)).map(str::to_owned));
        }
        let share = share_at.and_then(|at| share_of(row.get(at)?));
        suggestions.push(Suggestion {
            path: folder.join(path),
            fields,
            share,
            from: from.to_owned(),
            known: None,
        });
    }
    Ok(suggestions)
}

/// `0.83`, `83 %`, `83`.
fn share_of(text: &str) -> Option<f32> {
    let number: f32 = text.trim().trim_end_matches('%').trim_end().parse().ok()?;
    let percent = text.contains('%') || number > 1.0;
    Some(if percent { number / 100.0 } else { number }).filter(|share| (0.0..=1.0).contains(share))
}

fn of_json(text: &str, folder: &Path, from: &str) -> Result<Vec<Suggestion>, String> {
    let value: Value = serde_json::from_str(text).map_err(|error| error.to_string())?;
    let sounds = match &value {
        Value::Array(sounds) => sounds,
        // The first list of an object: its name differs between the commands.
        Value::Object(object) => {
            object.values().find_map(Value::as_array).ok_or("it has no list of sounds")?
        }
        _ => return Err("it has no list of sounds".to_owned()),
    };
    let mut suggestions = Vec::new();
    for sound in sounds {
        let Some(path) = path_of(sound) else { continue };
        // The sound may say it itself, or list suggestions, the likeliest first.
        let list = sound.get("suggestions").and_then(Value::as_array);
        let best = list.map_or(Some(sound), |list| list.first());
        let Some(best) = best else { continue };
        let mut fields = Fields::default();
        for field in Field::ALL {
            let value = value_of(best, field).or_else(|| value_of(sound, field));
            fields.set(field, value);
        }
        let share = SHARES.iter().find_map(|name| best.get(*name)?.as_f64()).map(|share| share as f32);
        suggestions.push(Suggestion {
            path: folder.join(path),
            fields,
            share,
            from: from.to_owned(),
            known: None,
        });
    }
    if suggestions.is_empty() && !sounds.is_empty() {
        return Err("none of its sounds has a path and a suggestion".to_owned());
    }
    Ok(suggestions)
}

fn value_of(object: &Value, field: Field) -> Option<String> {
    let text = object.get(field.key()).and_then(Value::as_str);
    let text = text.or_else(|| if field == Field::CatId { object.get("cat")?.as_str() } else { None });
    text.map(str::to_owned)
}

fn path_of(sound: &Value) -> Option<PathBuf> {
    let text = PATHS.iter().find_map(|name| sound.get(*name)?.as_str())?;
    let Some(bytes) = sound.get("path_bytes").and_then(Value::as_array) else { return Some(text.into()) };
    let hex: Option<String> =
        bytes.iter().map(|byte| Some(format!("{:02x}", u8::try_from(byte.as_u64()?).ok()?))).collect();
    path_of_hex(&hex?, text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Vec<Suggestion>, SuggestionsError> {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), text).unwrap();
        suggestions_of_file(file.path())
    }

    #[test]
    fn tables_of_several_tools_are_read() {
        let text = "\u{feff}FilePath;CatID;Cat Share;FX Name;Confidence\n/a/\"b\".wav;DOORWood;x;Creak;83 %\n/a/\"b\".wav;AIRBlow;;;1\n/c.wav;;;;\n";
        let read = read(text).unwrap();
        assert_eq!(read.len(), 2);
        assert_eq!(read[0].path, Path::new("/a/\"b\".wav"));
        assert_eq!(read[0].fields.cat_id.as_deref(), Some("DOORWood"));
        assert_eq!(read[0].fields.fx_name.as_deref(), Some("Creak"));
        assert_eq!(read[0].share, Some(0.83));
        assert_eq!(read[1].fields.cat_id, None);
    }

    #[test]
    fn json_is_read_with_its_first_suggestions() {
        let text = r#"{"library": "x", "sounds": 3, "taggings": [
            {"path": "/a.wav", "current": null, "suggestions": [{"cat": "DOORWood", "share": 0.5}, {"cat": "X"}]},
            {"path": "/b.wav", "suggestions": []},
            {"path": "/c\ufffd.wav", "path_bytes": [47, 99, 255], "cat_id": "AIRBlow", "fx_name": "Y"}]}"#;
        let read = read(text).unwrap();
        assert_eq!(read.len(), 2);
        assert_eq!((read[0].fields.cat_id.as_deref(), read[0].share), (Some("DOORWood"), Some(0.5)));
        assert_eq!(read[1].path.as_os_str().len(), 3);
        assert_eq!(read[1].fields.fx_name.as_deref(), Some("Y"));
    }

    #[test]
    fn what_holds_no_suggestions_is_told() {
        for text in ["a,b\n1,2\n", "FilePath\n/a.wav\n", "{\"a\": 1}", "[{\"x\": 1}]", "{"] {
            assert!(matches!(read(text), Err(SuggestionsError::NoSuggestions { .. })), "{text}");
        }
        assert!(read("[]").unwrap().is_empty());
    }
}
