//! A table of labels, `labels.csv`: a row a sound, in the set's own taxonomy.

use std::collections::{BTreeMap, HashSet};
use std::fs;
use std::path::Path;

use earmark_engine::ucs::Catalogue;

use super::error::DataSetError;
use super::problem::Problem;
use super::set::{Found, FoundClip, Grouping};
use super::split::Side;
use super::takes::group_of;

/// Largest table, bytes.
const MAX_BYTES: u64 = 256 << 20;
const FILE: [&str; 4] = ["file", "filename", "filepath", "path"];
const LABEL: [&str; 2] = ["label", "class"];
const GROUP: [&str; 2] = ["splitgroup", "group"];
const CAT_ID: [&str; 4] = ["ucscatidifobvious", "catid", "ucscatid", "ucs"];
const SPLIT: [&str; 2] = ["split", "subset"];

/// Where each column stands.
struct Columns {
    file: usize,
    label: usize,
    group: Option<usize>,
    cat_id: Option<usize>,
    split: Option<usize>,
}

/// Reads the table at `path`; its files lie relative to its folder.
pub(super) fn read(path: &Path) -> Result<Found, DataSetError> {
    let failed = |source: std::io::Error| DataSetError::Io { path: path.to_owned(), source };
    if fs::metadata(path).map_err(failed)?.len() > MAX_BYTES {
        return Err(failed(std::io::Error::other("it is larger than 256 MiB; divide it")));
    }
    let bytes = fs::read(path).map_err(failed)?;
    let text = String::from_utf8_lossy(bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&bytes)).into_owned();
    let first_line = text.lines().next().unwrap_or_default();
    let count = |separator: u8| first_line.bytes().filter(|&byte| byte == separator).count();
    let separator = [b',', b';', b'\t'].into_iter().rev().max_by_key(|&byte| count(byte)).unwrap_or(b',');
    let mut reader =
        csv::ReaderBuilder::new().delimiter(separator).flexible(true).from_reader(text.as_bytes());
    let headings = reader.headers().cloned().unwrap_or_default();
    let columns = Columns::find(path, &headings)?;
    let mut found = Found::default();
    let mut seen = HashSet::new();
    // Classes that rows name, and how many of their sounds are there.
    let mut classes: BTreeMap<String, usize> = BTreeMap::new();
    let folder = path.parent().unwrap_or(Path::new(""));
    for record in reader.records() {
        let record = match record {
            Ok(record) => record,
            Err(error) => {
                found.problems.push(Problem::new(path, &format!("a row cannot be read: {error}")));
                continue;
            }
        };
        let line = record.position().map_or(0, csv::Position::line);
        match columns.row(&record, folder) {
            Ok(clip) => {
                let there = classes.entry(clip.class.clone()).or_default();
                if !seen.insert(clip.path.clone()) {
                    let reason = format!("line {line} names {} again; it is left out", clip.path.display());
                    found.problems.push(Problem::new(path, &reason));
                } else if !clip.path.is_file() {
                    let reason = format!("is not there, though line {line} of the table names it");
                    found.problems.push(Problem::new(&clip.path, &reason));
                } else {
                    *there += 1;
                    found.clips.push(clip);
                }
            }
            Err(reason) => {
                found.problems.push(Problem::new(path, &format!("line {line}: {reason}; it is left out")));
            }
        }
    }
    for (class, _) in classes.iter().filter(|(_, there)| **there == 0) {
        let reason = format!("the class '{class}' is empty: none of its sounds is there; it is left out");
        found.problems.push(Problem::new(path, &reason));
    }
    Ok(found)
}

impl Columns {
    fn find(path: &Path, headings: &csv::StringRecord) -> Result<Self, DataSetError> {
        let spelt: Vec<String> = headings.iter().map(spelling).collect();
        let column =
            |names: &[&str]| names.iter().find_map(|name| spelt.iter().position(|heading| heading == name));
        match (column(&FILE), column(&LABEL)) {
            (Some(file), Some(label)) => Ok(Self {
                file,
                label,
                group: column(&GROUP),
                cat_id: column(&CAT_ID),
                split: column(&SPLIT),
            }),
            (file, label) => {
                let missing: Vec<&str> = [(file, "'file'"), (label, "'label'")]
                    .into_iter()
                    .filter_map(|(column, name)| column.is_none().then_some(name))
                    .collect();
                let found: Vec<&str> = headings.iter().take(12).collect();
                let found = if found.is_empty() { "nothing".to_owned() } else { found.join(", ") };
                Err(DataSetError::MissingColumns { path: path.into(), missing: missing.join(" and "), found })
            }
        }
    }

    fn row(&self, record: &csv::StringRecord, folder: &Path) -> Result<FoundClip, String> {
        let field = |column: usize| record.get(column).map(str::trim).filter(|text| !text.is_empty());
        let file = field(self.file).ok_or("names no file")?;
        let class = field(self.label).ok_or_else(|| format!("{file} has no label"))?;
        let side =
            match self.split.and_then(field) {
                None => None,
                Some(name) => Some(Side::from_name(name).ok_or_else(|| {
                    format!("'{name}' is no side of a split; train, validation and test are")
                })?),
            };
        let group = match self.group.and_then(field) {
            Some(group) => group.to_owned(),
            // A file without a group may still be a take of another.
            None => group_of(Path::new(file), Grouping::Takes),
        };
        let cat_id = self.cat_id.and_then(field);
        Ok(FoundClip {
            path: folder.join(file),
            class: class.to_owned(),
            group,
            cat_id: cat_id.and_then(|cat_id| Catalogue::builtin().by_cat_id_any_case(cat_id)),
            side,
        })
    }
}

/// A heading as it is compared: lower case, letters and digits alone.
fn spelling(heading: &str) -> String {
    heading.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}
