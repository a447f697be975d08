//! The labels that a user hands in as a table (`--labels file.csv`), as Soundminer, BaseHead, Soundly or a
//! spreadsheet export it.

use std::collections::HashMap;
use std::io;
use std::path::{Path, PathBuf};

use super::catalogue::{CatIndex, Catalogue};
use super::file_name::did_you_mean;
use super::labels::{by_cat_id_block, label_from_metadata};
use super::table;

/// Headings (as [`table::heading`] spells them) of columns with a path, the fullest first.
const PATH_HEADINGS: [&str; 6] = ["filepath", "fullpath", "pathname", "fullpathname", "path", "folder"];
/// Headings of columns with a file name, which may hold a path as well.
const FILE_HEADINGS: [&str; 4] = ["filename", "file", "soundfile", "name"];
const CAT_ID_HEADINGS: [&str; 3] = ["catid", "ucscatid", "ucs"];
const CATEGORY_HEADINGS: [&str; 3] = ["category", "ucscategory", "categoryfull"];
const SUBCATEGORY_HEADINGS: [&str; 2] = ["subcategory", "ucssubcategory"];

/// Labels by path, path suffix or file name.
#[derive(Clone, Debug)]
pub struct LabelTable {
    path: PathBuf,
    rows: Rows<CatIndex>,
    /// Rows whose CatID is not in the list.
    foreign: Rows<String>,
    errors: Vec<RowError>,
}

/// Rows that say something of files.
#[derive(Clone, Debug)]
struct Rows<T> {
    rows: Vec<Row<T>>,
    /// Rows by file name, and by folder and file name (`folder/file`) where they have a folder.
    by_end: HashMap<String, Vec<usize>>,
}

#[derive(Clone, Debug)]
struct Row<T> {
    line: u64,
    /// Lower-case folders and file name, as far as the table gives them.
    components: Vec<String>,
    said: T,
}

/// A row of a label table that cannot be used; the others are.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}: line {line}: {problem}", .path.display())]
pub struct RowError {
    /// The table.
    pub path: PathBuf,
    /// The line on which the row begins, from 1.
    pub line: u64,
    /// What is wrong with it.
    pub problem: RowProblem,
}

/// What is wrong with a row of a label table.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RowProblem {
    /// The row has a label, but names no file.
    #[error("names no file")]
    NoFile,
    /// The CatID is not in the list, and no Category and SubCategory of the row help.
    #[error("\"{found}\" is no CatID of UCS v{}{}", Catalogue::builtin().version(), did_you_mean(.suggestions))]
    UnknownCatId {
        /// What the row says.
        found: String,
        /// CatIDs that may have been meant.
        suggestions: Vec<CatIndex>,
    },
    /// Category and SubCategory are not in the list.
    #[error("Category \"{category}\" with SubCategory \"{subcategory}\" is not in UCS v{}", Catalogue::builtin().version())]
    UnknownNames {
        /// The Category that the row says.
        category: String,
        /// The SubCategory that the row says.
        subcategory: String,
    },
    /// A field runs over a line's end.
    #[error("a quotation mark is not closed in this row")]
    OpenQuote,
    /// The row cannot be parsed.
    #[error("{0}")]
    Csv(String),
}

/// Why a label table cannot be used at all.
#[derive(Debug, thiserror::Error)]
pub enum LabelTableError {
    /// The file cannot be read.
    #[error("{}: cannot read the label table: {source}", .path.display())]
    Io {
        /// The table.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The first row has no heading of a column with file names or paths.
    #[error("{}: the first row needs a heading \"Filename\" or \"FilePath\"", .path.display())]
    NoFileColumn {
        /// The table.
        path: PathBuf,
    },
    /// The first row has no heading of a column with labels.
    #[error("{}: the first row needs a heading \"CatID\", or \"Category\" and \"SubCategory\"", .path.display())]
    NoLabelColumn {
        /// The table.
        path: PathBuf,
    },
}

/// Rows of a label table fit a file equally well, but label it differently.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "{}: lines {} label \"{file}\" differently; give the folder of each, or delete all but one",
    .table.display(), listed(.lines)
)]
pub struct AmbiguousLabel {
    /// The table.
    pub table: PathBuf,
    /// The file as it was looked up.
    pub file: String,
    /// The lines in question, in order, from 1.
    pub lines: Vec<u64>,
}

fn listed(lines: &[u64]) -> String {
    lines.iter().map(u64::to_string).collect::<Vec<_>>().join(", ")
}

/// Which column holds what.
struct Columns {
    path: Option<usize>,
    file: Option<usize>,
    cat_id: Option<usize>,
    category: Option<usize>,
    subcategory: Option<usize>,
}

impl LabelTable {
    /// Reads the table at `path`: a row of headings, then a row a sound.
    ///
    /// Separated by comma, semicolon or tab; UTF-8, UTF-16 with byte order mark, or Latin-1. A column names the
    /// file (`Filename`, `File`, `FilePath`, `Pathname`, `Path` …), others the label: `CatID`, or `Category` and
    /// `SubCategory`, in any case and order. A row without a label is passed over; one with a wrong label is
    /// reported by [`LabelTable::errors`].
    ///
    /// # Errors
    /// [`LabelTableError`] where the file cannot be read or a needed column is missing.
    pub fn read_csv(path: &Path) -> Result<Self, LabelTableError> {
        let text =
            table::read_text(path).map_err(|source| LabelTableError::Io { path: path.to_owned(), source })?;
        Self::from_text(path, &text)
    }

    /// Reads a table from memory; `path` is named in messages.
    ///
    /// # Errors
    /// As [`LabelTable::read_csv`].
    pub fn from_bytes(path: &Path, bytes: &[u8]) -> Result<Self, LabelTableError> {
        Self::from_text(path, &table::decode(bytes))
    }

    fn from_text(path: &Path, text: &str) -> Result<Self, LabelTableError> {
        let heading_line = text.lines().find(|line| !line.trim().is_empty()).unwrap_or_default();
        let mut records = table::rows(text, heading_line).into_records();
        let headings = records.next().and_then(Result::ok).unwrap_or_default();
        let columns = Columns::find(path, &headings)?;
        let (rows, foreign) = (Rows::default(), Rows::default());
        let mut table = Self { path: path.to_owned(), rows, foreign, errors: Vec::new() };
        let mut lines = LineCounter::new(text);
        for record in records {
            let (line, row) = match &record {
                Ok(record) => (
                    record.position().map_or(0, |position| lines.line_at(position.byte())),
                    columns.row(record),
                ),
                Err(error) => (
                    error.position().map_or(0, |position| lines.line_at(position.byte())),
                    Err(RowProblem::Csv(error.to_string())),
                ),
            };
            match row {
                Ok(None) => {}
                Ok(Some((components, said))) => table.rows.push(Row { line, components, said }),
                Err(problem) => {
                    if let (RowProblem::UnknownCatId { found, .. }, Ok(record)) = (&problem, &record) {
                        let components = columns.components(record);
                        table.foreign.push(Row { line, components, said: found.clone() });
                    }
                    table.errors.push(RowError { path: path.to_owned(), line, problem });
                }
            }
        }
        Ok(table)
    }

    /// The rows that could not be used.
    pub fn errors(&self) -> &[RowError] {
        &self.errors
    }

    /// How many labels there are.
    pub fn len(&self) -> usize {
        self.rows.rows.len()
    }

    /// Whether there is no label.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The label of the file at `path`; letter case and the kind of path separator do not matter.
    ///
    /// A row fits when its path ends the file's path (a bare file name fits files in any folder), when the file's
    /// path ends the row's, or when both agree in the file name and at least the folder around it, so that a
    /// library labelled on another disk is recognised. The row that agrees in the most folders counts.
    ///
    /// # Errors
    /// [`AmbiguousLabel`] where the best rows disagree.
    pub fn lookup(&self, path: &Path) -> Result<Option<CatIndex>, AmbiguousLabel> {
        let best = self.rows.best(path);
        let Some(first) = best.first() else { return Ok(None) };
        if best.iter().any(|row| row.said != first.said) {
            return Err(AmbiguousLabel {
                table: self.path.clone(),
                file: path.display().to_string(),
                lines: best.iter().map(|row| row.line).collect(),
            });
        }
        Ok(Some(first.said))
    }

    /// A CatID that is not in the list and that the table gives the file at `path`, where it gives no right one.
    pub fn foreign(&self, path: &Path) -> Option<&str> {
        let row = *self.foreign.best(path).first()?;
        self.rows.best(path).is_empty().then_some(row.said.as_str())
    }
}

impl<T> Default for Rows<T> {
    fn default() -> Self {
        Self { rows: Vec::new(), by_end: HashMap::new() }
    }
}

impl<T> Rows<T> {
    fn push(&mut self, row: Row<T>) {
        for key in ends(&row.components) {
            self.by_end.entry(key).or_default().push(self.rows.len());
        }
        self.rows.push(row);
    }

    /// The rows that fit a file best.
    fn best(&self, path: &Path) -> Vec<&Row<T>> {
        let components = components(&path.to_string_lossy());
        let fit = |row: &Row<T>| {
            let agreeing = row.components.iter().rev().zip(components.iter().rev());
            let agreeing = agreeing.take_while(|(a, b)| a == b).count();
            let whole_row = agreeing == row.components.len();
            (whole_row || agreeing == components.len() || agreeing >= 2).then_some((agreeing, whole_row))
        };
        // Rows that share the folder come first; all of one file name are looked through only when none does.
        let mut fits: Vec<((usize, bool), usize)> = Vec::new();
        for key in ends(&components) {
            let rows = self.by_end.get(&key).into_iter().flatten();
            fits = rows.filter_map(|&at| fit(&self.rows[at]).map(|fit| (fit, at))).collect();
            if !fits.is_empty() {
                break;
            }
        }
        let best = fits.iter().map(|(fit, _)| *fit).max();
        fits.iter().filter(|(fit, _)| Some(*fit) == best).map(|&(_, at)| &self.rows[at]).collect()
    }
}

impl Columns {
    fn find(path: &Path, headings: &csv::StringRecord) -> Result<Self, LabelTableError> {
        let headings: Vec<String> = headings.iter().map(table::heading).collect();
        let column = |names: &[&str]| {
            names.iter().find_map(|name| headings.iter().position(|heading| heading == name))
        };
        let columns = Self {
            path: column(&PATH_HEADINGS),
            file: column(&FILE_HEADINGS),
            cat_id: column(&CAT_ID_HEADINGS),
            category: column(&CATEGORY_HEADINGS),
            subcategory: column(&SUBCATEGORY_HEADINGS),
        };
        if columns.path.is_none() && columns.file.is_none() {
            return Err(LabelTableError::NoFileColumn { path: path.to_owned() });
        }
        if columns.cat_id.is_none() && columns.category.is_none() {
            return Err(LabelTableError::NoLabelColumn { path: path.to_owned() });
        }
        Ok(columns)
    }

    /// The file and its CatID, or `None` for a row without a label.
    fn row(&self, record: &csv::StringRecord) -> Result<Option<(Vec<String>, CatIndex)>, RowProblem> {
        let field = |column: Option<usize>| {
            column.and_then(|index| record.get(index)).map(str::trim).filter(|field| !field.is_empty())
        };
        let used = [self.path, self.file, self.cat_id, self.category, self.subcategory];
        if used.into_iter().filter_map(field).any(|field| field.contains('\n')) {
            return Err(RowProblem::OpenQuote);
        }
        let (cat_id, category, subcategory) =
            (field(self.cat_id), field(self.category), field(self.subcategory));
        if cat_id.is_none() && category.is_none() {
            return Ok(None);
        }
        let cat =
            cat_id.and_then(by_cat_id_block).or_else(|| label_from_metadata(None, category, subcategory));
        let cat = cat.ok_or_else(|| match cat_id {
            Some(found) => RowProblem::UnknownCatId {
                found: found.to_owned(),
                suggestions: Catalogue::builtin().closest(found),
            },
            None => RowProblem::UnknownNames {
                category: category.unwrap_or_default().to_owned(),
                subcategory: subcategory.unwrap_or_default().to_owned(),
            },
        })?;
        let components = self.components(record);
        if components.is_empty() { Err(RowProblem::NoFile) } else { Ok(Some((components, cat))) }
    }
}

impl Columns {
    /// Folders and name of the file that a row is about.
    fn components(&self, record: &csv::StringRecord) -> Vec<String> {
        let field = |column: Option<usize>| column.and_then(|at| record.get(at)).map(str::trim);
        joined(field(self.path), field(self.file))
    }
}

/// The components of `path`, to which `file` is added where the path is that of the folder alone.
fn joined(path: Option<&str>, file: Option<&str>) -> Vec<String> {
    let mut all = path.map(components).unwrap_or_default();
    let file = file.map(components).unwrap_or_default();
    if !all.ends_with(&file) {
        all.extend(file);
    }
    all
}

/// Lower-case folders and file name; `/`, `\` and the `:` of old Mac paths separate alike.
fn components(path: &str) -> Vec<String> {
    path.split(['/', '\\', ':'])
        .filter(|component| !component.is_empty() && *component != ".")
        .map(str::to_lowercase)
        .collect()
}

/// The keys of [`LabelTable::by_end`] for a path: `folder/file` where it has a folder, then `file`.
fn ends(components: &[String]) -> impl Iterator<Item = String> {
    let file = components.last().cloned();
    let folder_and_file = components.len().checked_sub(2).map(|from| components[from..].join("/"));
    [folder_and_file, file].into_iter().flatten()
}

/// Turns ascending byte positions into line numbers. The CSV reader's own count is off after blank lines, which
/// it passes over only when it has already noted where the record begins.
struct LineCounter<'t> {
    text: &'t [u8],
    byte: usize,
    line: u64,
}

impl<'t> LineCounter<'t> {
    fn new(text: &'t str) -> Self {
        Self { text: text.as_bytes(), byte: 0, line: 1 }
    }

    /// The line of the first character at or after `byte` that is not a line's end.
    fn line_at(&mut self, byte: u64) -> u64 {
        let byte = usize::try_from(byte).unwrap_or(usize::MAX);
        while let Some(&found) = self.text.get(self.byte) {
            if self.byte >= byte && !matches!(found, b'\r' | b'\n') {
                break;
            }
            self.line += u64::from(found == b'\n');
            self.byte += 1;
        }
        self.line
    }
}
