//! What was decided, kept beside the library: one line of JSON a decision, appended and synced before the page is told.
//!
//! A file that ends in the middle of a line (the computer lost power) loses that line alone. Undoing appends a line,
//! too, so nothing that was ever decided is overwritten.

use std::collections::HashMap;
use std::fs::{File, OpenOptions};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use earmark_engine::ucs::{CatIndex, Catalogue};
use serde::{Deserialize, Serialize};

use super::queue::Item;
use crate::error::ApiError;

/// Name of the file in the library's folder.
pub(crate) const FILE: &str = "review.jsonl";
/// More than this is not read: some millions of decisions.
const MAX_BYTES: u64 = 1 << 30;

/// How a suggestion was taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Verdict {
    Accepted,
    Corrected,
    Skipped,
}

/// What was decided about a sound.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Decision {
    pub path: PathBuf,
    pub verdict: Verdict,
    /// What it is; `None` when it was skipped.
    pub cat: Option<CatIndex>,
    /// How sure the suggestion was that was accepted.
    pub share: Option<f32>,
    /// What it was labelled before.
    pub was: Option<CatIndex>,
}

/// A line of the file.
#[derive(Serialize, Deserialize)]
#[serde(untagged)]
enum Line {
    Decided(Box<Decided>),
    Undone { undo: u64 },
}

#[derive(Serialize, Deserialize)]
struct Decided {
    /// Decisions of one batch were made, and are undone, together.
    batch: u64,
    path: String,
    /// The path's bytes, where it is no text.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    path_hex: Option<String>,
    verdict: Verdict,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    cat_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    share: Option<f32>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    was: Option<String>,
    unix_s: u64,
}

/// The decisions about a library.
pub(crate) struct Ledger {
    file: PathBuf,
    /// Oldest first.
    batches: Vec<(u64, Vec<Decision>)>,
    /// The decision that holds for each sound: batch and place in it.
    latest: HashMap<PathBuf, (u64, usize)>,
    next: u64,
    /// Whether the file ends in the middle of a line.
    torn: bool,
}

impl Decision {
    pub(crate) fn new(item: &Item, verdict: Verdict, cat: Option<CatIndex>, share: Option<f32>) -> Self {
        Self { path: item.path.clone(), verdict, cat, share, was: item.current }
    }
}

impl Ledger {
    /// Reads what was decided before.
    pub(crate) fn open(library: &Path) -> Result<Self, ApiError> {
        let file = library.join(FILE);
        let mut text = Vec::new();
        match File::open(&file).and_then(|file| file.take(MAX_BYTES).read_to_end(&mut text)) {
            Ok(_) => {}
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(failed(&file, "read", &error)),
        }
        let torn = text.last().is_some_and(|last| *last != b'\n');
        let mut ledger = Self { file, batches: Vec::new(), latest: HashMap::new(), next: 1, torn };
        for line in text.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()) {
            match serde_json::from_slice(line) {
                Ok(Line::Decided(decided)) => ledger.take(&decided),
                Ok(Line::Undone { undo }) => ledger.batches.retain(|(batch, _)| *batch != undo),
                Err(error) => tracing::warn!("{}: a line is passed over: {error}", ledger.file.display()),
            }
        }
        ledger.settle();
        Ok(ledger)
    }

    fn take(&mut self, decided: &Decided) {
        let cat = |cat_id: &Option<String>| Catalogue::builtin().by_cat_id(cat_id.as_deref()?);
        let decision = Decision {
            path: path_of(&decided.path, decided.path_hex.as_deref()),
            verdict: decided.verdict,
            cat: cat(&decided.cat_id),
            share: decided.share,
            was: cat(&decided.was),
        };
        self.next = self.next.max(decided.batch + 1);
        match self.batches.last_mut().filter(|(batch, _)| *batch == decided.batch) {
            Some((_, decisions)) => decisions.push(decision),
            None => self.batches.push((decided.batch, vec![decision])),
        }
    }

    /// Finds out again which decisions hold.
    fn settle(&mut self) {
        self.latest.clear();
        for (batch, decisions) in &self.batches {
            for (at, decision) in decisions.iter().enumerate() {
                self.latest.insert(decision.path.clone(), (*batch, at));
            }
        }
    }

    /// Those that hold, in the order in which they were made.
    pub(crate) fn decisions(&self) -> impl Iterator<Item = &Decision> {
        self.batches.iter().flat_map(|(batch, decisions)| {
            let holds =
                |(at, decision): (usize, &Decision)| self.latest.get(&decision.path) == Some(&(*batch, at));
            decisions.iter().enumerate().filter(move |each| holds(*each)).map(|(_, decision)| decision)
        })
    }

    /// What was decided about a sound.
    pub(crate) fn of(&self, path: &Path) -> Option<&Decision> {
        let (batch, at) = self.latest.get(path)?;
        let place = self.batches.binary_search_by_key(batch, |(batch, _)| *batch).ok()?;
        self.batches[place].1.get(*at)
    }

    /// What an undo would take back.
    pub(crate) fn last(&self) -> Option<String> {
        let (_, decisions) = self.batches.last()?;
        let name = |path: &Path| crate::names::shown(path.file_name().unwrap_or_default().as_ref());
        Some(match decisions.as_slice() {
            [one] => format!("{}: {}", one.verdict.word(), name(&one.path)),
            many => {
                format!("{} sounds: {}", many.len(), many.first().map_or("", |first| first.verdict.word()))
            }
        })
    }

    /// Keeps decisions that are made together; tells how many they are.
    pub(crate) fn add(&mut self, decisions: Vec<Decision>) -> Result<usize, ApiError> {
        if decisions.is_empty() {
            return Ok(0);
        }
        let batch = self.next;
        let unix_s = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
        let cat_id = |cat: Option<CatIndex>| cat.map(|cat| cat.cat_id().to_owned());
        let lines = decisions.iter().map(|decision| {
            let (path, path_hex) = text_of(&decision.path);
            Line::Decided(Box::new(Decided {
                batch,
                path,
                path_hex,
                verdict: decision.verdict,
                cat_id: cat_id(decision.cat),
                share: decision.share,
                was: cat_id(decision.was),
                unix_s,
            }))
        });
        self.append(lines)?;
        self.next += 1;
        let count = decisions.len();
        self.batches.push((batch, decisions));
        self.settle();
        Ok(count)
    }

    /// Takes the last batch back; tells which sounds it was about.
    pub(crate) fn undo(&mut self) -> Result<Vec<PathBuf>, ApiError> {
        let Some((batch, _)) = self.batches.last() else { return Ok(Vec::new()) };
        self.append(std::iter::once(Line::Undone { undo: *batch }))?;
        let undone = self.batches.pop().map_or_else(Vec::new, |(_, decisions)| decisions);
        self.settle();
        Ok(undone.into_iter().map(|decision| decision.path).collect())
    }

    fn append(&mut self, lines: impl Iterator<Item = Line>) -> Result<(), ApiError> {
        let mut text = Vec::new();
        if self.torn {
            text.push(b'\n');
        }
        for line in lines {
            serde_json::to_writer(&mut text, &line)
                .map_err(|error| failed(&self.file, "write", &error.into()))?;
            text.push(b'\n');
        }
        let write = || {
            let mut file = OpenOptions::new().create(true).append(true).open(&self.file)?;
            file.write_all(&text)?;
            file.sync_data()
        };
        // Half a line may have been written.
        self.torn = true;
        write().map_err(|error| failed(&self.file, "write", &error))?;
        self.torn = false;
        Ok(())
    }
}

impl Verdict {
    fn word(self) -> &'static str {
        match self {
            Self::Accepted => "accepted",
            Self::Corrected => "corrected",
            Self::Skipped => "skipped",
        }
    }
}

fn failed(file: &Path, action: &str, error: &io::Error) -> ApiError {
    let message = format!("{}: cannot {action} the decisions: {error}", file.display());
    ApiError::new(axum::http::StatusCode::INTERNAL_SERVER_ERROR, "decisions", message)
}

fn text_of(path: &Path) -> (String, Option<String>) {
    match path.to_str() {
        Some(text) => (text.to_owned(), None),
        None => {
            let bytes = path.as_os_str().as_encoded_bytes();
            (
                path.to_string_lossy().into_owned(),
                Some(bytes.iter().map(|byte| format!("{byte:02x}")).collect()),
            )
        }
    }
}

#[cfg(unix)]
fn path_of(text: &str, hex: Option<&str>) -> PathBuf {
    use std::os::unix::ffi::OsStringExt;
    let digits = hex.map(|hex| hex.as_bytes().chunks(2));
    let bytes = digits.map(|mut pairs| {
        pairs.try_fold(Vec::new(), |mut bytes, pair| {
            bytes.push(u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok()?);
            Some(bytes)
        })
    });
    match bytes.flatten() {
        Some(bytes) => std::ffi::OsString::from_vec(bytes).into(),
        None => text.into(),
    }
}

#[cfg(not(unix))]
fn path_of(text: &str, _: Option<&str>) -> PathBuf {
    text.into()
}
