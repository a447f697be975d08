//! From suggestions to plans: UCS names and UCS fields.

use std::collections::{HashMap, HashSet};
use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};

use earmark_engine::ucs::file_name::{self, UcsName};
use earmark_engine::ucs::{CatIndex, label_from_file_name};

use crate::fields::Fields;
use crate::names::{MAX_NAME_BYTES, check_name, is_refused, is_unseen, same_name_key};
use crate::plan::{Entry, FileState, Plan};
use crate::rewrite::Targets;
use crate::writing::says_already;

/// What somebody or something says about a sound.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Suggestion {
    /// The file, absolute.
    pub path: PathBuf,
    /// What it is; a suggestion without a CatID leaves the sound alone.
    pub fields: Fields,
    /// How sure that is, from 0 to 1; `None` where a person has decided.
    pub share: Option<f32>,
    /// Where it comes from, for people.
    pub from: String,
    /// The file as it is in the library, when that is known: its hash then goes into the plan.
    pub known: Option<FileState>,
}

/// How names are made.
#[derive(Clone, Debug, Default)]
pub struct RenameOptions {
    /// CreatorID of sounds that have none.
    pub creator_id: Option<String>,
    /// SourceID of sounds that have none.
    pub source_id: Option<String>,
    /// UserData of sounds that have none.
    pub user_data: Option<String>,
    /// Suggestions with a smaller share are passed over.
    pub least_share: f32,
}

/// Which fields are written.
#[derive(Clone, Debug, Default)]
pub struct WriteOptions {
    /// CreatorID of sounds that have none.
    pub creator_id: Option<String>,
    /// SourceID of sounds that have none.
    pub source_id: Option<String>,
    /// Suggestions with a smaller share are passed over.
    pub least_share: f32,
    /// Which blocks of WAV and AIFF files are to say it.
    pub targets: Targets,
}

/// A plan, and what it leaves out.
#[derive(Clone, Debug)]
pub struct Proposed {
    /// The plan; sounds for which nothing could be proposed are entries with a problem.
    pub plan: Plan,
    /// Sounds that are already as they should be.
    pub right: usize,
    /// Sounds passed over since they have no CatID, or too small a share.
    pub undecided: usize,
}

impl Proposed {
    /// Joins names, proposed of the same suggestions, to what is written: one entry a sound. A problem with the one keeps
    /// the other from being done, too.
    pub fn join(&mut self, names: Self) {
        let places = self.plan.entries.iter().enumerate().map(|(at, entry)| (entry.path.clone(), at));
        let places: HashMap<PathBuf, usize> = places.collect();
        let alone = self.plan.entries.len();
        for named in names.plan.entries {
            match places.get(&named.path) {
                Some(&at) => {
                    let entry = &mut self.plan.entries[at];
                    entry.name = named.name;
                    entry.problem = entry.problem.take().or(named.problem);
                }
                None => self.plan.entries.push(named),
            }
        }
        self.right -= self.plan.entries.len() - alone;
        self.plan.entries.sort_by(|a, b| a.path.cmp(&b.path));
    }
}

/// Proposes UCS file names.
///
/// What the present name says in the form of UCS is kept but for the CatID; of other names the whole becomes the FXName.
/// Of two sounds that would get one name in a folder, the later gets a number behind its FXName.
pub fn plan_rename(
    suggestions: impl IntoIterator<Item = Suggestion>,
    options: &RenameOptions,
    about: &str,
) -> Proposed {
    let mut proposed = Proposed { plan: Plan::new(about, Vec::new()), right: 0, undecided: 0 };
    let mut wanted = Vec::new();
    for suggestion in suggestions {
        let Some(cat) = decided(&suggestion, options.least_share) else {
            proposed.undecided += 1;
            continue;
        };
        wanted.push((ucs_name(&suggestion, cat, options), suggestion));
    }
    let mut taken = Taken::new(wanted.iter().map(|(_, suggestion)| suggestion.path.as_path()));
    for (name, suggestion) in wanted {
        let extension = suggestion.path.extension().unwrap_or_default().to_owned();
        let folder = suggestion.path.parent().unwrap_or(Path::new("")).to_owned();
        let named = name.and_then(|name| taken.place(&folder, &suggestion.path, name, &extension));
        match named {
            Ok(name) if suggestion.path.file_name() == Some(OsStr::new(&name)) => proposed.right += 1,
            named => proposed.plan.entries.push(entry(suggestion, named.map(Some), Fields::default())),
        }
    }
    proposed
}

/// Proposes UCS fields to write into sounds.
///
/// Fields that the suggestion leaves open are taken from the file's name where it is a UCS name with the same CatID. The
/// metadata of every file are read: what says everything already is left out, and what cannot take the fields is named.
pub fn plan_write(
    suggestions: impl IntoIterator<Item = Suggestion>,
    options: &WriteOptions,
    about: &str,
) -> Proposed {
    let mut proposed = Proposed { plan: Plan::new(about, Vec::new()), right: 0, undecided: 0 };
    for suggestion in suggestions {
        let Some(cat) = decided(&suggestion, options.least_share) else {
            proposed.undecided += 1;
            continue;
        };
        let mut fields = suggestion.fields.clone();
        fields.cat_id = Some(cat.cat_id().to_owned());
        if let Some(name) = read_name(&suggestion.path).filter(|name| name.cat == cat) {
            fields.fill_from(&Fields::of_name(&name));
        }
        let more = Fields {
            creator_id: options.creator_id.clone(),
            source_id: options.source_id.clone(),
            ..Fields::default()
        };
        fields.fill_from(&more);
        match says_already(&suggestion.path, &fields, options.targets) {
            Ok(true) => proposed.right += 1,
            Ok(false) => proposed.plan.entries.push(entry(suggestion, Ok(None), fields)),
            Err(error) => proposed.plan.entries.push(entry(suggestion, Err(error.reason()), fields)),
        }
    }
    proposed
}

fn decided(suggestion: &Suggestion, least_share: f32) -> Option<CatIndex> {
    suggestion.fields.cat().filter(|_| suggestion.share.is_none_or(|share| share >= least_share))
}

fn entry(suggestion: Suggestion, name: Result<Option<String>, String>, fields: Fields) -> Entry {
    let state = FileState::of(&suggestion.path);
    let from = match suggestion.share {
        Some(share) => format!("{} ({:.0} %)", suggestion.from, share * 100.0),
        None => suggestion.from,
    };
    let mut entry = Entry {
        path: suggestion.path,
        name: None,
        fields,
        state: FileState { size: 0, modified_ns: 0, hash: None },
        from,
        problem: None,
    };
    match state {
        Ok(state) => {
            // The library's hash holds only for the file that it saw.
            let known = suggestion
                .known
                .filter(|known| known.size == state.size && known.modified_ns == state.modified_ns);
            entry.state = known.unwrap_or(state);
        }
        Err(error) => entry.problem = Some(format!("cannot be looked at: {error}")),
    }
    match name {
        Ok(name) => entry.name = name,
        Err(problem) => entry.problem = entry.problem.or(Some(problem)),
    }
    entry
}

/// The UCS name that a file has, where it begins with a CatID that is meant as one.
fn read_name(path: &Path) -> Option<UcsName> {
    let stem = path.file_stem()?.to_string_lossy();
    label_from_file_name(&stem)?;
    file_name::parse_tolerant(&stem).ok().map(|read| read.name)
}

/// The parts of the name that a sound should have.
fn ucs_name(suggestion: &Suggestion, cat: CatIndex, options: &RenameOptions) -> Result<UcsName, String> {
    let fields = &suggestion.fields;
    let given = read_name(&suggestion.path);
    let stem = suggestion.path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
    let of_name = |part: fn(&UcsName) -> &str| {
        given.as_ref().map(part).filter(|part| !part.is_empty()).map(str::to_owned)
    };
    let pick = |field: &Option<String>, named: Option<String>, option: &Option<String>| {
        field.clone().or(named).or_else(|| option.clone())
    };
    let fx_name = fields.fx_name.clone().or_else(|| of_name(|name| &name.fx_name));
    let fx_name = fx_name.unwrap_or_else(|| if given.is_none() { stem } else { String::new() });
    let creator_id = pick(&fields.creator_id, of_name(|name| &name.creator_id), &options.creator_id);
    let source_id = pick(&fields.source_id, of_name(|name| &name.source_id), &options.source_id);
    let part = |part: fn(&UcsName) -> &Option<String>| given.as_ref().and_then(|name| part(name).clone());
    let vendor_category = fields.vendor_category.clone().or_else(|| part(|name| &name.vendor_category));
    let user_data = pick(&fields.user_data, part(|name| &name.user_data), &options.user_data);
    // Without a VendorCategory before it, a hyphen would be read as the end of one.
    let hyphen = if vendor_category.is_some() { '-' } else { ' ' };
    let name = UcsName {
        cat,
        user_category: cleaned(
            fields.user_category.clone().or_else(|| part(|name| &name.user_category)),
            '-',
        ),
        vendor_category: cleaned(vendor_category, ' '),
        fx_name: cleaned(Some(fx_name), hyphen).ok_or("there is no FXName; give one")?,
        creator_id: cleaned(creator_id, '-').ok_or("there is no CreatorID; say which with --creator")?,
        source_id: cleaned(source_id, '-').ok_or("there is no SourceID; say which with --source")?,
        user_data: user_data
            .map(|text| {
                text.replace(|character| is_refused(character) || is_unseen(character), " ").trim().to_owned()
            })
            .filter(|text| !text.is_empty()),
    };
    Ok(name)
}

/// A block that can stand in a name: what separates blocks and what file systems refuse becomes a blank, blanks in a row
/// become one.
fn cleaned(text: Option<String>, hyphen: char) -> Option<String> {
    let replaced = text?
        .replace(|character: char| character == '_' || is_refused(character) || is_unseen(character), " ");
    let replaced = replaced.replace('-', &hyphen.to_string());
    let words: Vec<&str> = replaced.split_whitespace().collect();
    Some(words.join(" ")).filter(|text| !text.is_empty())
}

/// Names that files have or are to get, folder by folder.
struct Taken {
    /// Keys of the names of a folder, as far as files keep them.
    kept: HashMap<PathBuf, HashSet<String>>,
    /// Keys of the names of the sounds that are to be renamed.
    moving: HashMap<PathBuf, HashSet<String>>,
}

impl Taken {
    fn new<'a>(moving: impl Iterator<Item = &'a Path>) -> Self {
        let mut taken = Self { kept: HashMap::new(), moving: HashMap::new() };
        for path in moving {
            if let (Some(folder), Some(name)) = (path.parent(), path.file_name()) {
                taken.moving.entry(folder.into()).or_default().insert(same_name_key(name));
            }
        }
        taken
    }

    /// The name in the folder that is still free, with a number where it needs one.
    fn place(
        &mut self,
        folder: &Path,
        path: &Path,
        name: UcsName,
        extension: &OsStr,
    ) -> Result<String, String> {
        let moving = self.moving.get(folder);
        let kept = self.kept.entry(folder.into()).or_insert_with(|| {
            let names = std::fs::read_dir(folder).into_iter().flatten().flatten();
            let keys = names.map(|entry| same_name_key(&entry.file_name()));
            keys.filter(|key| moving.is_none_or(|moving| !moving.contains(key))).collect()
        });
        let extension = extension.to_str().ok_or("the extension is no text; rename it by hand")?;
        let plain = written(&name, extension)?;
        // A sound that is named right keeps its name whatever others want.
        if path.file_name() == Some(&OsString::from(&plain)) || kept.insert(same_name_key(plain.as_ref())) {
            kept.insert(same_name_key(plain.as_ref()));
            return Ok(plain);
        }
        for number in 2..100_000 {
            let numbered = UcsName { fx_name: format!("{} {number:02}", name.fx_name), ..name.clone() };
            let numbered = written(&numbered, extension)?;
            if kept.insert(same_name_key(numbered.as_ref())) {
                return Ok(numbered);
            }
        }
        Err("too many sounds would get this name; give FXNames that differ".into())
    }
}

/// The file name, shortened at the FXName where it would be too long.
fn written(name: &UcsName, extension: &str) -> Result<String, String> {
    let ending = if extension.is_empty() { String::new() } else { format!(".{extension}") };
    let mut name = name.clone();
    loop {
        let whole = name.write().map_err(|error| error.to_string())? + &ending;
        let over = whole.len().saturating_sub(MAX_NAME_BYTES);
        if over == 0 {
            check_name(&whole).map_err(|fault| fault.to_string())?;
            return Ok(whole);
        }
        // The number at the end tells sounds apart, so that it stays.
        let (words, number) = match name.fx_name.rsplit_once(' ') {
            Some((words, number)) if number.bytes().all(|byte| byte.is_ascii_digit()) => {
                (words.to_owned(), format!(" {number}"))
            }
            _ => (name.fx_name.clone(), String::new()),
        };
        let end = words.floor_char_boundary(words.len().saturating_sub(over));
        let words = words[..end].trim_end();
        if words.is_empty() {
            return Err(format!("the name would have {} bytes; shorten its UserData", whole.len()));
        }
        name.fx_name = format!("{words}{number}");
    }
}
