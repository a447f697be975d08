//! Names for many files: checked as a whole, then given one by one, so that no file is ever lost under another.
//!
//! A name that another sound of the plan still has is waited for; where sounds wait for each other (a becomes b and b
//! becomes a), one of them steps aside under a temporary name.

use std::collections::{BTreeSet, HashMap};
use std::ffi::{OsStr, OsString};
use std::fs;
use std::path::{Path, PathBuf};

use crate::error::ChangeError;
use crate::files;
use crate::names::{check_name, same_name_key};
use crate::replacing::aside_of;

/// A file that is to get another name.
#[derive(Clone, Debug)]
pub(crate) struct Wish {
    pub path: PathBuf,
    /// In the same folder.
    pub target: PathBuf,
}

impl Wish {
    fn name(&self) -> &OsStr {
        self.target.file_name().unwrap_or_default()
    }

    fn taken(&self, found: &OsStr) -> ChangeError {
        ChangeError::Taken {
            path: self.path.clone(),
            name: self.name().to_string_lossy().into_owned(),
            found: found.to_string_lossy().into_owned(),
        }
    }
}

/// What became of a wish.
pub(crate) type Answer = Result<(), ChangeError>;

/// Who keeps a record of names that are given.
pub(crate) trait Record {
    /// The wishes of these numbers are about to be carried out; durable when this returns.
    fn announce(&mut self, wishes: &[Wish], possible: &[usize]) -> Result<(), ChangeError>;
    /// A wish was carried out, or not.
    fn settle(&mut self, wish: usize, done: bool) -> Result<(), ChangeError>;
}

/// Checks a name on its own.
pub(crate) fn check_wish(path: &Path, name: &str) -> Result<(), ChangeError> {
    check_name(name).map_err(|fault| ChangeError::Name { path: path.into(), fault })?;
    let ending =
        |name: &OsStr| Path::new(name).extension().map(|ending| ending.to_string_lossy().to_lowercase());
    let same = path.file_name().map(ending) == Some(ending(OsStr::new(name)));
    if same { Ok(()) } else { Err(ChangeError::Extension { path: path.into(), name: name.to_owned() }) }
}

/// By what names in a folder are told apart.
pub(crate) type NameKey = fn(&OsStr) -> OsString;

/// As every system tells them apart: for new names.
pub(crate) fn on_every_system(name: &OsStr) -> OsString {
    same_name_key(name).into()
}

/// As this system does: for names that were there before.
pub(crate) fn on_this_system(name: &OsStr) -> OsString {
    name.to_owned()
}

/// Gives all names that can be given; answers in the order of the wishes, none where it was cancelled before.
pub(crate) fn rename_all(
    wishes: &[Wish],
    key: NameKey,
    record: &mut dyn Record,
    cancelled: &dyn Fn() -> bool,
) -> Result<Vec<Option<Answer>>, ChangeError> {
    let mut round = Round::new(wishes);
    round.check(key);
    let possible: Vec<usize> = (0..wishes.len()).filter(|at| round.answers[*at].is_none()).collect();
    record.announce(wishes, &possible)?;
    for at in possible {
        if cancelled() {
            break;
        }
        round.go(at, record)?;
    }
    let folders: BTreeSet<&Path> = wishes.iter().map(|wish| folder_of(&wish.path)).collect();
    for folder in folders {
        // The names are given; only a power cut could still lose them.
        let _ = files::sync_folder(folder);
    }
    Ok(round.answers)
}

struct Round<'a> {
    wishes: &'a [Wish],
    answers: Vec<Option<Answer>>,
    /// Where each file is now, while it is on its way.
    at: Vec<PathBuf>,
    /// Of each wish, the one that must leave first.
    waits_for: Vec<Option<usize>>,
}

impl<'a> Round<'a> {
    fn new(wishes: &'a [Wish]) -> Self {
        Self {
            wishes,
            answers: wishes.iter().map(|_| None).collect(),
            at: wishes.iter().map(|wish| wish.path.clone()).collect(),
            waits_for: vec![None; wishes.len()],
        }
    }

    /// Refuses what cannot be, and finds out who waits for whom.
    fn check(&mut self, key: NameKey) {
        let mut sources: HashMap<PathBuf, usize> = HashMap::new();
        for (at, wish) in self.wishes.iter().enumerate() {
            if sources.insert(wish.path.clone(), at).is_some() {
                self.answers[at] = Some(Err(ChangeError::Repeated { path: wish.path.clone() }));
            }
        }
        let mut targets: HashMap<(PathBuf, OsString), Vec<usize>> = HashMap::new();
        for (at, wish) in self.wishes.iter().enumerate().filter(|(at, _)| self.answers[*at].is_none()) {
            let target = (folder_of(&wish.path).to_owned(), key(wish.name()));
            targets.entry(target).or_default().push(at);
        }
        for at in targets.values().filter(|same| same.len() > 1).flatten() {
            let wish = &self.wishes[*at];
            let name = wish.name().to_string_lossy().into_owned();
            let error = ChangeError::Twice { path: wish.path.clone(), name };
            self.answers[*at] = Some(Err(error));
        }
        let mut names: HashMap<PathBuf, HashMap<OsString, Vec<OsString>>> = HashMap::new();
        for at in 0..self.wishes.len() {
            if self.answers[at].is_some() {
                continue;
            }
            let wish = &self.wishes[at];
            let folder = folder_of(&wish.path).to_owned();
            let there = names.entry(folder.clone()).or_insert_with(|| names_in(&folder, key));
            for found in there.get(&key(wish.name())).into_iter().flatten() {
                let holder = sources.get(&folder.join(found)).copied();
                match holder {
                    // Only the case or the spelling of its own name changes.
                    Some(holder) if holder == at => {}
                    Some(holder) if self.answers[holder].is_none() => self.waits_for[at] = Some(holder),
                    _ => self.answers[at] = Some(Err(wish.taken(found))),
                }
            }
        }
    }

    /// Renames a file once those that have its name are out of the way.
    fn go(&mut self, first: usize, record: &mut dyn Record) -> Result<(), ChangeError> {
        let mut stack = vec![first];
        while let Some(&at) = stack.last() {
            if self.answers[at].is_some() {
                stack.pop();
                continue;
            }
            match self.waits_for[at].filter(|holder| self.is_in_the_way(*holder)) {
                None => {
                    self.take(at, record)?;
                    stack.pop();
                }
                Some(holder) if self.answers[holder].is_some() => {
                    let error = self.wishes[at].taken(self.at[holder].file_name().unwrap_or_default());
                    self.settle(at, Err(error), record)?;
                    stack.pop();
                }
                // Around in a circle: the one that was begun with steps aside.
                Some(holder) if stack.contains(&holder) => {
                    let by = aside_of(&self.wishes[holder].path);
                    match files::rename(&self.at[holder], &by) {
                        Ok(()) => self.at[holder] = by,
                        Err(source) => {
                            let error = ChangeError::io(&self.wishes[holder].path, "rename it")(source);
                            self.settle(holder, Err(error), record)?;
                        }
                    }
                }
                Some(holder) => stack.push(holder),
            }
        }
        Ok(())
    }

    fn is_in_the_way(&self, holder: usize) -> bool {
        self.at[holder] == self.wishes[holder].path
    }

    fn take(&mut self, at: usize, record: &mut dyn Record) -> Result<(), ChangeError> {
        let wish = &self.wishes[at];
        let own_name = same_name_key(wish.name()) == same_name_key(wish.path.file_name().unwrap_or_default());
        // A file system that takes both spellings for one finds the new name taken by the file itself.
        if own_name && self.at[at] == wish.path {
            let by = aside_of(&wish.path);
            if let Err(source) = files::rename(&wish.path, &by) {
                return self.settle(at, Err(ChangeError::io(&wish.path, "rename it")(source)), record);
            }
            self.at[at] = by;
        }
        match files::rename(&self.at[at], &wish.target) {
            Ok(()) => {
                self.at[at] = wish.target.clone();
                self.settle(at, Ok(()), record)
            }
            Err(source) => {
                let error = match source.kind() {
                    std::io::ErrorKind::AlreadyExists => wish.taken(wish.name()),
                    _ => ChangeError::io(&wish.path, "rename it")(source),
                };
                self.settle(at, Err(error), record)
            }
        }
    }

    /// Notes what became of a wish; a file that had stepped aside goes back.
    fn settle(&mut self, at: usize, answer: Answer, record: &mut dyn Record) -> Result<(), ChangeError> {
        let wish = &self.wishes[at];
        let done = answer.is_ok();
        self.answers[at] = Some(answer);
        if !done && self.at[at] != wish.path {
            if files::rename(&self.at[at], &wish.path).is_err() {
                // For the record it is still on its way.
                return Ok(());
            }
            self.at[at] = wish.path.clone();
        }
        record.settle(at, done)
    }
}

fn folder_of(path: &Path) -> &Path {
    path.parent().unwrap_or(Path::new(""))
}

/// The names in a folder by what they are told apart by.
fn names_in(folder: &Path, key: NameKey) -> HashMap<OsString, Vec<OsString>> {
    let mut names: HashMap<OsString, Vec<OsString>> = HashMap::new();
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        names.entry(key(&entry.file_name())).or_default().push(entry.file_name());
    }
    names
}
