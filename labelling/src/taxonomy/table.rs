//! The map as a table that people edit, and tables that tell the labels of files.

use std::collections::HashMap;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use earmark_engine::ucs::{CatIndex, Catalogue, table};

use super::{MapRow, Target, Taxonomy};

const HEADINGS: [&str; 8] =
    ["Label", "CatID", "Category", "SubCategory", "Confidence", "Sounds", "Reasons", "Examples"];

/// Why a table cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum TaxonomyError {
    /// It cannot be read.
    #[error("{}: cannot read the table: {source}", path.display())]
    Io {
        /// The table.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A column is missing.
    #[error("{}: no column {wanted} in its first row", path.display())]
    Heading {
        /// The table.
        path: PathBuf,
        /// What was looked for.
        wanted: &'static str,
    },
    /// A row is wrong.
    #[error("{}, line {line}: {problem}", path.display())]
    Row {
        /// The table.
        path: PathBuf,
        /// Its line.
        line: u64,
        /// What is wrong.
        problem: String,
    },
}

impl Taxonomy {
    /// Writes the table: a row a label and category, to be edited and read again.
    ///
    /// # Errors
    /// Those of the output.
    pub fn write_csv(&self, out: impl Write) -> io::Result<()> {
        let mut out = csv::Writer::from_writer(out);
        let failed = |error: csv::Error| match error.into_kind() {
            csv::ErrorKind::Io(error) => error,
            kind => io::Error::other(format!("{kind:?}")),
        };
        out.write_record(HEADINGS).map_err(failed)?;
        for row in &self.rows {
            let sounds = row.sounds.to_string();
            if row.targets.is_empty() {
                out.write_record([&row.label, "", "", "", "", &sounds, "", ""]).map_err(failed)?;
            }
            for target in &row.targets {
                let entry = Catalogue::builtin().get(target.cat);
                let confidence = format!("{:.2}", target.confidence);
                out.write_record([
                    row.label.as_str(),
                    &entry.cat_id,
                    &entry.category,
                    &entry.subcategory,
                    &confidence,
                    &sounds,
                    &target.reasons,
                    &target.examples.join("; "),
                ])
                .map_err(failed)?;
            }
        }
        out.flush()
    }

    /// Reads a table that was edited: columns Label, CatID and Confidence count (an empty confidence is 1), rows without
    /// CatID are left open.
    ///
    /// # Errors
    /// [`TaxonomyError`] names the line that is wrong.
    pub fn read_csv(path: &Path) -> Result<Self, TaxonomyError> {
        let text = read(path)?;
        let mut rows: Vec<MapRow> = Vec::new();
        let mut places: HashMap<String, usize> = HashMap::new();
        let mut sheet = Table::new(path, &text)?;
        let label_at = sheet.column("Label", &["label", "folder"])?;
        let cat_at = sheet.column("CatID", &["catid"])?;
        let confidence_at = sheet.optional(&["confidence"]);
        while let Some((line, record)) = sheet.next()? {
            let field = |at: usize| record.get(at).unwrap_or_default().trim();
            let error = |problem: String| TaxonomyError::Row { path: path.to_owned(), line, problem };
            let label = field(label_at);
            if label.is_empty() {
                continue;
            }
            let at = *places.entry(super::key(label)).or_insert_with(|| {
                rows.push(MapRow { label: label.to_owned(), targets: Vec::new(), sounds: 0 });
                rows.len() - 1
            });
            if field(cat_at).is_empty() {
                continue;
            }
            let cat = cat_of(field(cat_at)).map_err(error)?;
            let written = confidence_at.map(field).filter(|text| !text.is_empty()).unwrap_or("1");
            let confidence = confidence_of(written).ok_or_else(|| {
                error(format!("\"{written}\" is no confidence; 0 to 1 or 0 % to 100 % is expected"))
            })?;
            let target = Target { cat, confidence, reasons: String::new(), examples: Vec::new() };
            rows[at].targets.push(target);
        }
        Ok(Self::new(rows))
    }
}

fn cat_of(text: &str) -> Result<CatIndex, String> {
    let catalogue = Catalogue::builtin();
    catalogue.by_cat_id_any_case(text).ok_or_else(|| {
        let close: Vec<&str> = catalogue.closest(text).into_iter().map(CatIndex::cat_id).collect();
        let hint =
            if close.is_empty() { String::new() } else { format!("; did you mean {}?", close.join(" or ")) };
        format!("\"{text}\" is no CatID of UCS v{}{hint}", catalogue.version())
    })
}

fn confidence_of(text: &str) -> Option<f32> {
    let text = text.replace(',', ".");
    let (number, factor) = match text.trim().strip_suffix('%') {
        Some(number) => (number.trim(), 0.01),
        None => (text.trim(), 1.0),
    };
    number.parse::<f32>().ok().map(|value| value * factor).filter(|value| (0.0..=1.0).contains(value))
}

/// The labels that a table gives to files.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FileLabels {
    /// By file name with its folder, and by file name alone; `None` where files of that name differ.
    labels: HashMap<String, Option<String>>,
}

impl FileLabels {
    /// Reads a table with a column File, Filename, FilePath or Path, and one Label, Category or Class.
    ///
    /// # Errors
    /// [`TaxonomyError`].
    pub fn read_csv(path: &Path) -> Result<Self, TaxonomyError> {
        let text = read(path)?;
        let mut sheet = Table::new(path, &text)?;
        let file_at = sheet.column("File", &["filepath", "path", "pathname", "file", "filename", "name"])?;
        let label_at = sheet.column("Label", &["label", "class", "category", "tag", "folder"])?;
        let mut labels = Self::default();
        while let Some((_, record)) = sheet.next()? {
            let field = |at: usize| record.get(at).unwrap_or_default().trim();
            if field(label_at).is_empty() {
                continue;
            }
            for key in ends(field(file_at)) {
                let known = labels.labels.entry(key).or_insert_with(|| Some(field(label_at).to_owned()));
                if known.as_deref() != Some(field(label_at)) {
                    *known = None;
                }
            }
        }
        Ok(labels)
    }

    /// The label of a file, by its name and folder, else by its name.
    pub fn label_of(&self, path: &Path) -> Option<&str> {
        ends(&path.to_string_lossy())
            .into_iter()
            .find_map(|key| self.labels.get(&key))
            .and_then(Option::as_deref)
    }
}

/// `folder/file` and `file`, as they are compared.
fn ends(path: &str) -> Vec<String> {
    let path = earmark_engine::index::composed_text(path).to_lowercase();
    let parts: Vec<&str> = path.split(['/', '\\', ':']).filter(|part| !part.is_empty()).collect();
    let last = |count: usize| (parts.len() >= count).then(|| parts[parts.len() - count..].join("/"));
    [last(2), last(1)].into_iter().flatten().collect()
}

/// A table with any of the usual separators.
struct Table<'a> {
    path: &'a Path,
    headings: Vec<String>,
    rows: csv::Reader<&'a [u8]>,
}

impl<'a> Table<'a> {
    fn new(path: &'a Path, text: &'a str) -> Result<Self, TaxonomyError> {
        let mut rows = table::rows(text, text.lines().next().unwrap_or_default());
        let mut first = csv::StringRecord::new();
        let wrong = |_| TaxonomyError::Heading { path: path.to_owned(), wanted: "headings" };
        rows.read_record(&mut first).map_err(wrong)?;
        let headings = first.iter().map(table::heading).collect();
        Ok(Self { path, headings, rows })
    }

    fn optional(&self, names: &[&str]) -> Option<usize> {
        names.iter().find_map(|name| self.headings.iter().position(|heading| heading == name))
    }

    fn column(&self, wanted: &'static str, names: &[&str]) -> Result<usize, TaxonomyError> {
        self.optional(names).ok_or_else(|| TaxonomyError::Heading { path: self.path.to_owned(), wanted })
    }

    fn next(&mut self) -> Result<Option<(u64, csv::StringRecord)>, TaxonomyError> {
        let mut record = csv::StringRecord::new();
        let more = self.rows.read_record(&mut record).map_err(|error| TaxonomyError::Row {
            path: self.path.to_owned(),
            line: error.position().map_or(0, csv::Position::line),
            problem: error.to_string(),
        })?;
        let line = record.position().map_or(0, csv::Position::line);
        Ok(more.then_some((line, record)))
    }
}

fn read(path: &Path) -> Result<String, TaxonomyError> {
    table::read_text(path).map_err(|source| TaxonomyError::Io { path: path.to_owned(), source })
}
