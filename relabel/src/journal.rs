//! What a plan's execution notes before it changes anything, so that it can be taken back and gone on with.
//!
//! A journal is a folder of two files that only grow: `journal.jsonl`, a line a step, and `saved`, the bytes of original
//! files that the new ones do not hold. Together with the new file they give the original, so that a journal takes a few
//! kilobytes a sound, whatever the length of the sound. What a line announces may or may not have happened when the
//! program was killed: the files themselves tell.

use std::collections::BTreeSet;
use std::fs::{self, File, TryLockError};
use std::io::{self, BufRead, BufReader, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::error::ChangeError;
use crate::files::{self, OutFile};
use crate::paths::StoredPath;
use crate::plan::FileState;
use crate::rewrite::Inverse;
use crate::time;

/// Newest form of journals that is read, and the one that is written.
const VERSION: u32 = 1;
const STEPS_FILE: &str = "journal.jsonl";
const SAVED_FILE: &str = "saved";
/// A line longer than this is none of ours: the longest describe hours of Ogg page by page.
const MAX_LINE: u64 = 256 << 20;
/// The most saved bytes of one file that are read.
const MAX_SAVED: u64 = 2 << 30;

/// Where journals are kept when nobody says otherwise: `journals` in the platform's folder for local data, beside the
/// default library. `None` when there is no home folder.
pub fn default_journals_dir() -> Option<PathBuf> {
    directories::ProjectDirs::from("", "", "Earmark").map(|dirs| dirs.data_local_dir().join("journals"))
}

/// Held by the one who carries plans out or takes them back, so that nobody clears up under it. It goes with its
/// process, however that ends.
#[derive(Debug)]
pub(crate) struct Lock(#[allow(dead_code, reason = "it is held")] File);

impl Lock {
    pub(crate) fn acquire(journals: &Path) -> Result<Self, ChangeError> {
        let failed = ChangeError::journal;
        fs::create_dir_all(journals).map_err(failed(journals))?;
        let path = journals.join("lock");
        let file =
            File::options().write(true).create(true).truncate(false).open(&path).map_err(failed(&path))?;
        match file.try_lock() {
            Ok(()) => Ok(Self(file)),
            Err(TryLockError::WouldBlock) => Err(ChangeError::Busy { path: journals.into() }),
            Err(TryLockError::Error(source)) => Err(failed(&path)(source)),
        }
    }
}

/// A file as it was or will be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct StoredState {
    pub size: u64,
    pub modified_ns: i64,
    #[serde(skip_serializing_if = "Option::is_none", default, with = "hash_text")]
    pub hash: Option<u128>,
}

impl From<FileState> for StoredState {
    fn from(state: FileState) -> Self {
        Self { size: state.size, modified_ns: state.modified_ns, hash: state.hash }
    }
}

impl From<StoredState> for FileState {
    fn from(state: StoredState) -> Self {
        Self { size: state.size, modified_ns: state.modified_ns, hash: state.hash }
    }
}

/// 128 bits in JSON.
mod hash_text {
    use serde::{Deserialize, Deserializer, Serializer, de::Error};

    pub(super) fn serialize<S: Serializer>(hash: &Option<u128>, to: S) -> Result<S::Ok, S::Error> {
        match hash {
            Some(hash) => to.serialize_str(&format!("{hash:032x}")),
            None => to.serialize_none(),
        }
    }

    pub(super) fn deserialize<'d, D: Deserializer<'d>>(from: D) -> Result<Option<u128>, D::Error> {
        let text = Option::<String>::deserialize(from)?;
        text.map(|text| u128::from_str_radix(&text, 16).map_err(D::Error::custom)).transpose()
    }
}

/// A line of a journal.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "is", rename_all = "snake_case")]
pub(crate) enum Line {
    /// The first.
    Head { earmark_journal: u32, made: String, about: String, plan: String },
    /// A temporary file is about to be made.
    Temporary { path: StoredPath },
    /// A file is about to be replaced.
    Write(WriteStep),
    /// A file is about to get another name, perhaps by way of a third.
    Rename(RenameStep),
    /// The step of that number happened.
    Done { step: u64 },
    /// The step of that number did not happen.
    Failed { step: u64 },
    /// The step of that number was taken back.
    Undone { step: u64 },
}

/// A file is replaced by another.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct WriteStep {
    pub step: u64,
    pub path: StoredPath,
    pub temporary: StoredPath,
    pub before: StoredState,
    pub after: StoredState,
    /// How the original is made of the new file (1) and the saved bytes (0): which, start, end.
    pub parts: Vec<(u8, u64, u64)>,
    /// Where this step's bytes begin in `saved`, and how many they are.
    pub saved: (u64, u64),
}

/// A file gets another name.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct RenameStep {
    pub step: u64,
    pub from: StoredPath,
    pub to: StoredPath,
    /// The name that it may have on the way.
    pub by: StoredPath,
    pub state: StoredState,
}

impl WriteStep {
    pub(crate) fn inverse(&self) -> Inverse {
        Inverse { parts: self.parts.iter().map(|&(new, start, end)| (new == 1, start..end)).collect() }
    }
}

/// A journal being written.
#[derive(Debug)]
pub(crate) struct Journal {
    dir: PathBuf,
    steps: OutFile,
    saved: OutFile,
    saved_len: u64,
    next_step: u64,
}

impl Journal {
    /// Begins a journal in a folder of its own.
    pub(crate) fn create(journals: &Path, about: &str, plan: u128) -> Result<Self, ChangeError> {
        let failed = ChangeError::journal;
        let made = time::now_text();
        // Windows takes no colons in names.
        let stem = made.replace(':', "-");
        let mut dir = journals.join(&stem);
        for number in 2u32.. {
            match files::create_folder(&dir) {
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                    dir = journals.join(format!("{stem}-{number:04}"));
                }
                made => {
                    made.map_err(failed(&dir))?;
                    break;
                }
            }
        }
        let open = |name: &str| {
            let path = dir.join(name);
            OutFile::create(&path).map_err(failed(&path))
        };
        let mut journal =
            Self { steps: open(STEPS_FILE)?, saved: open(SAVED_FILE)?, saved_len: 0, next_step: 1, dir };
        let plan = format!("{plan:032x}");
        journal.note(&Line::Head { earmark_journal: VERSION, made, about: about.to_owned(), plan })?;
        journal.sync()?;
        files::sync_folder(&journal.dir)
            .and_then(|()| files::sync_folder(journals))
            .map_err(failed(&journal.dir))?;
        Ok(journal)
    }

    pub(crate) fn dir(&self) -> &Path {
        &self.dir
    }

    /// A number for a step to come.
    pub(crate) fn number(&mut self) -> u64 {
        self.next_step += 1;
        self.next_step - 1
    }

    /// Notes a line; it is durable after [`Journal::sync`].
    pub(crate) fn note(&mut self, line: &Line) -> Result<(), ChangeError> {
        let failed = ChangeError::journal;
        let mut bytes =
            serde_json::to_vec(line).map_err(|error| failed(&self.dir)(io::Error::other(error)))?;
        bytes.push(b'\n');
        self.steps.write_all(&bytes).map_err(failed(&self.dir))
    }

    /// Saves ranges of a file; returns where they are.
    pub(crate) fn save(
        &mut self,
        source: &mut File,
        ranges: &[std::ops::Range<u64>],
    ) -> Result<(u64, u64), ChangeError> {
        let failed = ChangeError::journal;
        let start = self.saved_len;
        for range in ranges {
            let length = range.end - range.start;
            source.seek(SeekFrom::Start(range.start)).map_err(failed(&self.dir))?;
            let copied = io::copy(&mut source.take(length), &mut self.saved).map_err(failed(&self.dir))?;
            self.saved_len += copied;
            if copied < length {
                return Err(failed(&self.dir)(io::ErrorKind::UnexpectedEof.into()));
            }
        }
        if self.saved_len > start {
            self.saved.sync().map_err(failed(&self.dir))?;
        }
        Ok((start, self.saved_len - start))
    }

    pub(crate) fn sync(&mut self) -> Result<(), ChangeError> {
        self.steps.sync().map_err(ChangeError::journal(&self.dir))
    }
}

/// A journal as it was found.
#[derive(Debug)]
pub(crate) struct Found {
    pub dir: PathBuf,
    pub made: String,
    pub about: String,
    pub plan: String,
    /// All lines but the first.
    pub lines: Vec<Line>,
}

impl Found {
    /// Reads a journal; a last line that was cut short never happened.
    pub(crate) fn read(dir: &Path) -> Result<Self, ChangeError> {
        let bad = |reason: String| ChangeError::NoJournal { path: dir.into(), reason };
        let file = File::open(dir.join(STEPS_FILE)).map_err(|error| bad(error.to_string()))?;
        let mut reader = BufReader::new(file);
        let mut lines = Vec::new();
        let mut bytes = Vec::new();
        for number in 1.. {
            bytes.clear();
            let got = reader.by_ref().take(MAX_LINE).read_until(b'\n', &mut bytes);
            if got.map_err(|error| bad(error.to_string()))? == 0 || bytes.last() != Some(&b'\n') {
                break;
            }
            match serde_json::from_slice::<Line>(&bytes) {
                Ok(line) => lines.push(line),
                Err(error) => return Err(bad(format!("line {number}: {error}"))),
            }
        }
        let mut lines = lines.into_iter();
        match lines.next() {
            Some(Line::Head { earmark_journal, made, about, plan }) if earmark_journal <= VERSION => {
                Ok(Self { dir: dir.into(), made, about, plan, lines: lines.collect() })
            }
            Some(Line::Head { .. }) => Err(bad("a newer program wrote it; update this one".into())),
            _ => Err(bad("its first line is missing".into())),
        }
    }

    /// All journals of a folder that can be read, oldest first.
    pub(crate) fn all(journals: &Path) -> Vec<Self> {
        let entries = fs::read_dir(journals).into_iter().flatten().flatten();
        let mut dirs: Vec<PathBuf> =
            entries.map(|entry| entry.path()).filter(|dir| dir.join(STEPS_FILE).is_file()).collect();
        dirs.sort();
        dirs.iter().filter_map(|dir| Self::read(dir).ok()).collect()
    }

    /// Numbers of steps that did not happen or were taken back.
    fn void(&self) -> BTreeSet<u64> {
        let numbers = self.lines.iter().filter_map(|line| match line {
            Line::Failed { step } | Line::Undone { step } => Some(*step),
            _ => None,
        });
        numbers.collect()
    }

    /// Numbers of steps that surely happened.
    pub(crate) fn done(&self) -> BTreeSet<u64> {
        let numbers = self.lines.iter().filter_map(|line| match line {
            Line::Done { step } => Some(*step),
            _ => None,
        });
        numbers.collect()
    }

    /// Steps that count, in order.
    pub(crate) fn steps(&self) -> Vec<&Line> {
        let void = self.void();
        let counts = |line: &&Line| match line {
            Line::Write(step) => !void.contains(&step.step),
            Line::Rename(step) => !void.contains(&step.step),
            _ => false,
        };
        self.lines.iter().filter(counts).collect()
    }

    /// The saved bytes of a step.
    pub(crate) fn saved(&self, step: &WriteStep) -> Result<Vec<u8>, ChangeError> {
        let path = self.dir.join(SAVED_FILE);
        let failed = |source| ChangeError::Io { path: path.clone(), action: "read the saved bytes", source };
        let (start, length) = step.saved;
        if length > MAX_SAVED {
            return Err(failed(io::Error::other("more than 2 GB of one file")));
        }
        let mut file = File::open(&path).map_err(failed)?;
        let mut bytes = Vec::new();
        file.seek(SeekFrom::Start(start)).map_err(failed)?;
        file.take(length).read_to_end(&mut bytes).map_err(failed)?;
        if (bytes.len() as u64) < length {
            return Err(failed(io::ErrorKind::UnexpectedEof.into()));
        }
        Ok(bytes)
    }

    /// Opens the journal again, to note what is taken back. What a torn line left behind is cut off.
    pub(crate) fn reopen(&self) -> Result<OutFile, ChangeError> {
        let path = self.dir.join(STEPS_FILE);
        let failed = ChangeError::journal;
        let bytes = fs::read(&path).map_err(failed(&path))?;
        let whole = bytes.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
        if whole < bytes.len() {
            let file = File::options().write(true).open(&path).map_err(failed(&path))?;
            file.set_len(whole as u64).map_err(failed(&path))?;
        }
        OutFile::append(&path).map_err(failed(&path))
    }
}

/// Adds a line to a journal that is open again.
pub(crate) fn add_line(file: &mut OutFile, dir: &Path, line: &Line) -> Result<(), ChangeError> {
    let failed = ChangeError::journal;
    let mut bytes = serde_json::to_vec(line).map_err(|error| failed(dir)(io::Error::other(error)))?;
    bytes.push(b'\n');
    file.write_all(&bytes).and_then(|()| file.sync()).map_err(failed(dir))
}
