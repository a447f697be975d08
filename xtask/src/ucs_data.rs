//! `cargo xtask ucs-data`: writes `engine/src/ucs/ucs_v8.2.1.csv` from the official UCS list.
//!
//! Facts alone are taken over: Category, SubCategory, CatID, CatShort and keywords. The list's explanatory
//! sentences stay out. The order of the list is kept, because the index stores positions in it.

use std::collections::HashSet;
use std::path::{Path, PathBuf};

/// Fields are joined by `,` and keywords by `;`, with no quoting, so no field may hold one of these.
const SEPARATORS: [char; 5] = [',', ';', '"', '\n', '\r'];

/// UTF-8 that was read as Mac Roman (once or twice) before the list was published, and what was meant.
const REPAIRS: [(&str, &str); 3] = [("‚àö¬±", "ñ"), ("‚àö¬©", "é"), ("√©", "é")];

/// Arguments of `cargo xtask ucs-data`.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// The official list as CSV
    #[arg(long, value_name = "FILE")]
    from: Option<PathBuf>,
    /// Where to write
    #[arg(long, value_name = "FILE")]
    to: Option<PathBuf>,
}

/// Why the list could not be written.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    #[error("{}: {source}", .path.display())]
    Io { path: PathBuf, source: std::io::Error },
    #[error("{}: {source}", .path.display())]
    Csv { path: PathBuf, source: csv::Error },
    #[error("{}: no column \"{column}\"; pass the official list with --from FILE", .path.display())]
    Column { path: PathBuf, column: &'static str },
    #[error("{}: line {line}: {problem}", .path.display())]
    Row { path: PathBuf, line: u64, problem: String },
}

/// Reads the official list and writes the engine's.
pub(crate) fn run(args: &Args) -> Result<(), Error> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let from = args.from.clone().unwrap_or_else(|| root.join("../shared/ucs/ucs_v8.2.1.csv"));
    let to = args.to.clone().unwrap_or_else(|| root.join("engine/src/ucs/ucs_v8.2.1.csv"));
    let (text, count) = facts(&from)?;
    std::fs::write(&to, text).map_err(|source| Error::Io { path: to.clone(), source })?;
    println!("{count} CatIDs written to {}", to.display());
    Ok(())
}

/// The facts of the list at `path` as the engine's CSV, and how many CatIDs there are.
fn facts(path: &Path) -> Result<(String, usize), Error> {
    let broken = |source| Error::Csv { path: path.to_owned(), source };
    let mut reader = csv::Reader::from_path(path).map_err(broken)?;
    let headings = reader.headers().map_err(broken)?.clone();
    let column = |name: &'static str| {
        headings
            .iter()
            .position(|heading| heading.trim_start_matches('\u{feff}') == name)
            .ok_or(Error::Column { path: path.to_owned(), column: name })
    };
    let plain = [column("Category")?, column("SubCategory")?, column("CatID")?, column("CatShort")?];
    let synonyms = column("Synonyms")?;

    let mut text = String::from("Category,SubCategory,CatID,CatShort,Keywords\n");
    let mut seen = HashSet::new();
    for record in reader.records() {
        let record = record.map_err(broken)?;
        let row_error = |problem: String| Error::Row {
            path: path.to_owned(),
            line: record.position().map_or(0, csv::Position::line),
            problem,
        };
        for &index in &plain {
            let field = record[index].trim();
            if field.is_empty() || field.contains(SEPARATORS) {
                return Err(row_error(format!("\"{field}\" is empty or holds a separator")));
            }
            text.push_str(field);
            text.push(',');
        }
        if !seen.insert(record[plain[2]].trim().to_lowercase()) {
            return Err(row_error(format!("CatID {} occurs twice", &record[plain[2]])));
        }
        let keywords = keywords(&record[synonyms]);
        if let Some(odd) = keywords.iter().find(|keyword| keyword.contains(['√', '‚', '¬'])) {
            return Err(row_error(format!("keyword \"{odd}\" is garbled; add its repair")));
        }
        text.push_str(&keywords.join(";"));
        text.push('\n');
    }
    Ok((text, seen.len()))
}

/// The list's synonyms one by one: repaired, without stray full stops, each once.
fn keywords(synonyms: &str) -> Vec<String> {
    let mut seen = HashSet::new();
    synonyms
        .split([',', ';'])
        .map(|word| {
            let repaired =
                REPAIRS.iter().fold(word.to_owned(), |text, (wrong, right)| text.replace(wrong, right));
            repaired.trim().trim_end_matches('.').to_owned()
        })
        .filter(|word| word.chars().any(char::is_alphanumeric) && !word.contains(SEPARATORS))
        .filter(|word| seen.insert(word.to_lowercase()))
        .collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn keywords_are_repaired_and_each_kept_once() {
        assert_eq!(keywords("Saut√©ing, Storm., storm, &,, 5.1, M&E"), ["Sautéing", "Storm", "5.1", "M&E"]);
    }

    #[test]
    fn explanations_stay_out() {
        let folder = tempfile::tempdir().unwrap();
        let list = folder.path().join("list.csv");
        std::fs::write(
            &list,
            "Category,SubCategory,CatID,CatShort,Explanations,Synonyms\n\
             DOORS,WOOD,DOORWood,DOOR,\"A sentence, kept out.\",\"Creak, Slam\"\n",
        )
        .unwrap();
        let (text, count) = facts(&list).unwrap();
        assert_eq!(count, 1);
        assert_eq!(
            text,
            "Category,SubCategory,CatID,CatShort,Keywords\nDOORS,WOOD,DOORWood,DOOR,Creak;Slam\n"
        );
    }
}
