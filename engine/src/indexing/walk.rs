//! Finds the sound files below folders.

use std::collections::BTreeSet;
use std::fs::{self, Metadata};
use std::io;
use std::path::{Component, Path, PathBuf};
use std::time::UNIX_EPOCH;

use walkdir::{DirEntry, WalkDir};

use super::IndexingError;
use crate::index::Root;

/// File-name endings of the formats that [`audio`](crate::audio) reads; content decides later.
const ENDINGS: [&str; 21] = [
    "wav", "wave", "bwf", "bwav", "rf64", "bw64", "w64", "aif", "aiff", "aifc", "flac", "mp3", "mp2", "ogg",
    "oga", "opus", "m4a", "mp4", "aac", "alac", "caf",
];

/// A file that may be a sound.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FoundFile {
    /// Absolute path.
    pub path: PathBuf,
    /// The folder asked for that it was found in.
    pub root: PathBuf,
    /// Size, bytes.
    pub size: u64,
    /// Modification time, nanoseconds since 1970.
    pub modified_ns: i64,
}

/// A file or folder that could not be used, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// The file or folder.
    pub path: PathBuf,
    /// One line that says what to do.
    pub reason: String,
}

/// What a walk found.
#[derive(Clone, Debug, Default)]
pub struct Walked {
    /// Sound files, by folder asked for and then by name.
    pub files: Vec<FoundFile>,
    /// What could not be looked at.
    pub problems: Vec<Problem>,
    /// What was passed over, as it should be: links round in circles or to nothing.
    pub passed_over: Vec<Problem>,
    /// Folders walked, absolute, and the drives found below them: each is there or not by itself.
    pub folders: Vec<PathBuf>,
    /// What was asked for and is not there, absolute: its drive may not be plugged in.
    pub absent: Vec<PathBuf>,
    /// Folders walked and files looked for, absolute; sounds below them that were not found are gone.
    pub scope: Vec<PathBuf>,
    /// Files that were asked for by name and are not there, absolute: a problem unless the library knew them.
    pub vanished: Vec<Problem>,
    /// Paths below which nothing can be said: sounds there are kept (a link to a file that is gone is not below).
    pub unreadable: Vec<PathBuf>,
}

/// A path as the library knows it: absolute, symbolic links resolved where the system has them.
///
/// # Errors
/// When there is nothing at that path, or the way to it may not be read.
pub fn absolute(path: &Path) -> io::Result<PathBuf> {
    if cfg!(windows) {
        // Canonical paths on Windows have the form \\?\C:\…, which other programs do not take.
        fs::metadata(path)?;
        return std::path::absolute(path);
    }
    fs::canonicalize(path)
}

/// A path as [`absolute`] gives it, also when it is not there any more: then by what is left of the way to it.
pub fn absolute_or_gone(path: &Path) -> PathBuf {
    let whole = std::path::absolute(path).unwrap_or_else(|_| path.into());
    let found = whole.ancestors().find_map(|ancestor| Some((ancestor, absolute(ancestor).ok()?)));
    let Some((ancestor, found)) = found else { return whole };
    let mut path = found;
    for component in whole.strip_prefix(ancestor).unwrap_or(Path::new("")).components() {
        match component {
            Component::ParentDir => drop(path.pop()),
            component => path.push(component),
        }
    }
    path
}

/// Whether a name has the ending of a sound file and is not hidden.
pub fn is_sound_file(path: &Path) -> bool {
    let ending = path.extension().and_then(|ending| ending.to_str()).map(str::to_ascii_lowercase);
    !is_hidden_name(path) && ending.is_some_and(|ending| ENDINGS.contains(&ending.as_str()))
}

/// Modification time, nanoseconds since 1970; 0 where the system has none.
pub fn modified_ns(metadata: &Metadata) -> i64 {
    let Ok(time) = metadata.modified() else { return 0 };
    match time.duration_since(UNIX_EPOCH) {
        Ok(after) => i64::try_from(after.as_nanos()).unwrap_or(i64::MAX),
        Err(before) => i64::try_from(before.duration().as_nanos()).map_or(i64::MIN + 1, |ns| -ns),
    }
}

/// Walks folders (and takes single files), following symbolic links but not round in circles; hidden files and
/// folders and the resource forks `._*` that macOS leaves on other file systems are passed over.
///
/// A file that is gone while its folder is there counts as looked for, so that the library forgets it.
///
/// # Errors
/// When nothing of what was asked for can be walked, the first reason.
pub fn walk(asked: &[PathBuf]) -> Result<Walked, IndexingError> {
    walk_known(asked, &[])
}

/// As [`walk`], for a library that has these folders: that those are not there is news for it, and no error.
///
/// # Errors
/// As [`walk`], unless a folder of the library is not there.
pub fn walk_known(asked: &[PathBuf], roots: &[Root]) -> Result<Walked, IndexingError> {
    let mut walked = Walked::default();
    for path in asked {
        if let Err(source) = walked.take(path) {
            let reason = reason_of(&source);
            let gone = source.kind() == io::ErrorKind::NotFound && is_sound_file(path);
            if source.kind() != io::ErrorKind::PermissionDenied {
                walked.absent.push(absolute_or_gone(path));
            }
            let parent =
                path.parent().map(|parent| if parent == Path::new("") { Path::new(".") } else { parent });
            // An empty folder may be where its drive is not mounted.
            match parent.filter(|parent| gone && has_entries(parent)).map(absolute) {
                Some(Ok(parent)) => {
                    let path = parent.join(path.file_name().unwrap_or_default());
                    walked.scope.push(path.clone());
                    walked.vanished.push(Problem { path, reason });
                }
                _ => walked.problems.push(Problem { path: path.clone(), reason }),
            }
        }
    }
    let known = |root: &Root| walked.absent.iter().any(|path| overlap(&root.path(), path));
    if let (true, false, Some(first)) =
        (walked.scope.is_empty(), roots.iter().any(known), walked.problems.first())
    {
        return Err(IndexingError::Folder { path: first.path.clone(), reason: first.reason.clone() });
    }
    walked.put_in_order();
    Ok(walked)
}

/// Walks parts of folders that a library has, absolute: sounds, folders, and what was there before.
pub fn walk_parts(parts: &BTreeSet<PathBuf>) -> Walked {
    let mut walked = Walked::default();
    for part in parts {
        match fs::metadata(part) {
            Ok(metadata) if metadata.is_dir() => walked.walk_folder(part),
            Ok(metadata) if metadata.is_file() && is_sound_file(part) => {
                let parent = part.parent().unwrap_or(part).to_owned();
                walked.files.push(found(part.clone(), parent, &metadata));
            }
            Ok(_) => continue,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => {
                walked.problems.push(Problem { path: part.clone(), reason: reason_of(&error) });
                continue;
            }
        }
        walked.scope.push(part.clone());
    }
    walked.put_in_order();
    walked
}

/// Whether one of two paths is below the other, or they are the same.
pub(super) fn overlap(a: &Path, b: &Path) -> bool {
    a.starts_with(b) || b.starts_with(a)
}

/// Whether a path is a folder with anything in it.
pub(super) fn has_entries(path: &Path) -> bool {
    fs::read_dir(path).is_ok_and(|mut entries| entries.next().is_some())
}

impl Walked {
    fn take(&mut self, path: &Path) -> io::Result<()> {
        let root = absolute(path)?;
        let metadata = fs::metadata(&root)?;
        if metadata.is_dir() {
            fs::read_dir(&root)?;
            self.walk_folder(&root);
            self.folders.push(root.clone());
        } else if metadata.is_file() {
            let parent = root.parent().unwrap_or(&root).to_owned();
            self.files.push(found(root.clone(), parent, &metadata));
        } else {
            return Err(io::Error::other("it is neither a folder nor a file; name a folder of sounds"));
        }
        self.scope.push(root);
        Ok(())
    }

    fn put_in_order(&mut self) {
        // A folder inside another, or named twice, is walked once.
        self.files.sort_by(|a, b| {
            a.path.cmp(&b.path).then_with(|| a.root.as_os_str().len().cmp(&b.root.as_os_str().len()))
        });
        self.files.dedup_by(|later, first| later.path == first.path);
    }

    fn walk_folder(&mut self, root: &Path) {
        // The drive that each folder on the way down lies on.
        let mut drives: Vec<u64> = Vec::new();
        let visible = |entry: &DirEntry| entry.depth() == 0 || !is_hidden_name(entry.path());
        for entry in
            WalkDir::new(root).follow_links(true).sort_by_file_name().into_iter().filter_entry(visible)
        {
            match entry {
                Ok(entry) if entry.file_type().is_file() && is_sound_file(entry.path()) => {
                    match entry.metadata() {
                        Ok(metadata) => self.files.push(found(entry.into_path(), root.into(), &metadata)),
                        Err(error) => self.problem(&error),
                    }
                }
                Ok(entry) if entry.file_type().is_dir() => {
                    let Ok(metadata) = entry.metadata() else { continue };
                    drives.truncate(entry.depth());
                    drives.push(drive_of(&metadata));
                    if drives.len() > 1 && drives[drives.len() - 2] != drives[drives.len() - 1] {
                        self.folders.push(entry.into_path());
                    }
                }
                Ok(_) => {}
                Err(error) => self.problem(&error),
            }
        }
    }

    fn problem(&mut self, error: &walkdir::Error) {
        let path = error.path().unwrap_or(Path::new("")).to_owned();
        if let Some(ancestor) = error.loop_ancestor() {
            let reason = format!("a link back to {}; it is passed over", ancestor.display());
            self.passed_over.push(Problem { path, reason });
            return;
        }
        match error.io_error() {
            Some(source) if source.kind() == io::ErrorKind::NotFound => {
                let reason = "a link to something that is not there; it is passed over".to_owned();
                // It may be the way to a drive that is not plugged in.
                self.unreadable.push(path.clone());
                self.passed_over.push(Problem { path, reason });
            }
            source => {
                let reason = source.map_or_else(|| error.to_string(), reason_of);
                self.unreadable.push(path.clone());
                self.problems.push(Problem { path, reason });
            }
        }
    }
}

/// The number of the drive that a file or folder lies on; drives of Windows have letters and folders of their own.
fn drive_of(metadata: &Metadata) -> u64 {
    #[cfg(unix)]
    {
        std::os::unix::fs::MetadataExt::dev(metadata)
    }
    #[cfg(not(unix))]
    {
        let _ = metadata;
        0
    }
}

fn found(path: PathBuf, root: PathBuf, metadata: &Metadata) -> FoundFile {
    FoundFile { path, root, size: metadata.len(), modified_ns: modified_ns(metadata) }
}

fn is_hidden_name(path: &Path) -> bool {
    path.file_name().is_some_and(|name| name.as_encoded_bytes().starts_with(b"."))
}

fn reason_of(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::NotFound => "it does not exist; check the path".to_owned(),
        io::ErrorKind::PermissionDenied => "you may not read it; change its permissions".to_owned(),
        _ => error.to_string(),
    }
}
