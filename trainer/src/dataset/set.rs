//! A data set and how it is found in a folder.

use std::collections::{BTreeSet, HashMap};
use std::path::{Path, PathBuf};

use earmark_engine::indexing::absolute;
use earmark_engine::ucs::CatIndex;

use super::error::DataSetError;
use super::problem::Problem;
use super::split::{Side, Split};
use super::{folders, table, ucs};

/// Name of the table of labels in a data set's folder.
const TABLE_FILE: &str = "labels.csv";

/// Labelled sounds with a taxonomy of their own.
#[derive(Clone, Debug, PartialEq)]
pub struct DataSet {
    /// Name of the folder.
    pub name: String,
    /// The folder, absolute.
    pub root: PathBuf,
    /// Where the labels were found.
    pub layout: Layout,
    /// Names of the classes, sorted; each has a clip.
    pub classes: Vec<String>,
    /// Names of the groups, sorted; each has a clip.
    pub groups: Vec<String>,
    /// The sounds, in the order of the table or of their paths.
    pub clips: Vec<Clip>,
    /// The split that the table itself prescribes, if it has a column `split`.
    pub given_split: Option<Split>,
    /// Sounds of a UCS library that bear no CatID; they are no clips.
    pub unlabelled: usize,
    /// Files, rows and classes that were left out.
    pub problems: Vec<Problem>,
}

/// A sound of a data set.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Clip {
    /// The file.
    pub path: PathBuf,
    /// The class, a position in [`DataSet::classes`].
    pub class: usize,
    /// The group, a position in [`DataSet::groups`]: takes of one recording share it.
    pub group: usize,
    /// The CatID, where the set says one.
    pub cat_id: Option<CatIndex>,
}

/// Where a data set's labels are found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Layout {
    /// A `labels.csv` with the columns `file` and `label`.
    Table,
    /// A folder a class.
    Folders,
    /// CatIDs in file names or metadata.
    Ucs,
}

/// What makes a group where no table says it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Grouping {
    /// Files whose names differ in the take's number alone.
    #[default]
    Takes,
    /// Every file is a group.
    Files,
}

/// How to open a data set.
#[derive(Clone, Copy, Debug, Default)]
pub struct OpenOptions {
    /// Where its labels are; `None` finds out.
    pub layout: Option<Layout>,
    /// Its groups where no table says them.
    pub grouping: Grouping,
    /// Take it with a single class, too (to look at it, or to learn from its sounds without labels).
    pub allow_one_class: bool,
}

/// A clip as a layout finds it, before classes and groups have numbers.
pub(super) struct FoundClip {
    pub path: PathBuf,
    pub class: String,
    pub group: String,
    pub cat_id: Option<CatIndex>,
    pub side: Option<Side>,
}

/// What a layout finds.
#[derive(Default)]
pub(super) struct Found {
    pub clips: Vec<FoundClip>,
    pub unlabelled: usize,
    pub problems: Vec<Problem>,
}

impl DataSet {
    /// Opens the data set at `path`: a folder with a `labels.csv`, with a folder a class, or of a UCS library; or
    /// the table itself.
    ///
    /// No sound is decoded. What cannot be used is listed in [`problems`](Self::problems).
    ///
    /// # Errors
    /// When nothing of it can be used, when all is of one class, or when the table contradicts itself.
    pub fn open(path: &Path) -> Result<Self, DataSetError> {
        Self::open_with(path, &OpenOptions::default())
    }

    /// As [`open`](Self::open), in a particular way.
    ///
    /// # Errors
    /// As [`open`](Self::open).
    pub fn open_with(path: &Path, options: &OpenOptions) -> Result<Self, DataSetError> {
        let whole = absolute(path).map_err(|source| DataSetError::Io { path: path.into(), source })?;
        let (root, csv) = if whole.is_file() {
            (whole.parent().unwrap_or(&whole).to_owned(), whole)
        } else {
            (whole.clone(), whole.join(TABLE_FILE))
        };
        if options.layout.unwrap_or(Layout::Table) == Layout::Table && csv.is_file() {
            return Self::collect(root, Layout::Table, table::read(&csv)?, options);
        }
        if options.layout == Some(Layout::Table) {
            let message = format!("there is no {TABLE_FILE} in it, with the columns file and label");
            return Err(DataSetError::Layout { path: root, message });
        }
        let walked = earmark_engine::indexing::walk(std::slice::from_ref(&root))?;
        let layout = options.layout.unwrap_or_else(|| ucs::likely_layout(&walked));
        let found = match layout {
            Layout::Ucs => ucs::find(&root, &walked, options.grouping),
            Layout::Folders | Layout::Table => folders::find(&root, &walked, options.grouping),
        };
        Self::collect(root, layout, found, options)
    }

    /// All sounds below a folder as one class, `unlabelled`, for training that needs no labels; each file is a group.
    ///
    /// # Errors
    /// When there are no sounds.
    pub fn unlabelled(path: &Path) -> Result<Self, DataSetError> {
        let root = absolute(path).map_err(|source| DataSetError::Io { path: path.into(), source })?;
        let walked = earmark_engine::indexing::walk(std::slice::from_ref(&root))?;
        let found = folders::all_as_one(&root, &walked, "unlabelled");
        let options = OpenOptions { allow_one_class: true, ..OpenOptions::default() };
        Self::collect(root, Layout::Folders, found, &options)
    }

    /// Path of a clip relative to the set's folder, with `/` between its parts.
    pub fn relative(&self, clip: usize) -> String {
        let path = &self.clips[clip].path;
        let below = path.strip_prefix(&self.root).unwrap_or(path);
        below.to_string_lossy().replace(std::path::MAIN_SEPARATOR, "/")
    }

    /// Number of clips of each class, `[classes]`.
    pub fn clips_per_class(&self) -> Vec<usize> {
        let mut counts = vec![0; self.classes.len()];
        self.clips.iter().for_each(|clip| counts[clip.class] += 1);
        counts
    }

    /// Leaves out clips for which `keep` says no; classes and groups that lose their last clip go, too.
    pub fn retain(&mut self, mut keep: impl FnMut(usize, &Clip) -> bool) {
        let kept: Vec<bool> = self.clips.iter().enumerate().map(|(at, clip)| keep(at, clip)).collect();
        let mut places = kept.iter().scan(0, |next, &kept| {
            let place = kept.then_some(*next);
            *next += usize::from(kept);
            Some(place)
        });
        if let Some(split) = &mut self.given_split {
            let places: Vec<Option<usize>> = places.by_ref().collect();
            for side in [&mut split.train, &mut split.validation, &mut split.test] {
                *side = side.iter().filter_map(|&clip| places[clip]).collect();
            }
        }
        let mut at = 0;
        self.clips.retain(|_| {
            at += 1;
            kept[at - 1]
        });
        renumber(&mut self.classes, self.clips.iter_mut().map(|clip| &mut clip.class));
        renumber(&mut self.groups, self.clips.iter_mut().map(|clip| &mut clip.group));
    }

    fn collect(
        root: PathBuf,
        layout: Layout,
        found: Found,
        options: &OpenOptions,
    ) -> Result<Self, DataSetError> {
        let Found { clips: found, unlabelled, problems } = found;
        let Some(first) = found.first() else {
            let hint = match (layout, problems.first()) {
                (_, Some(problem)) => format!("the first problem: {}", problem.reason),
                (Layout::Table, None) => "its table has no rows".to_owned(),
                (Layout::Folders, None) => "a folder a class with sounds in it is expected".to_owned(),
                (Layout::Ucs, None) => {
                    "none bears a CatID in its name or metadata, and there is no folder a class".to_owned()
                }
            };
            return Err(DataSetError::NoSounds { path: root, hint });
        };
        if !options.allow_one_class && found.iter().all(|clip| clip.class == first.class) {
            let class = first.class.clone();
            return Err(DataSetError::OneClass { path: root, class, clips: found.len() });
        }
        let given_split = given_split(&root, &found)?;
        let (classes, class_numbers) = numbered(found.iter().map(|clip| &clip.class));
        let (groups, group_numbers) = numbered(found.iter().map(|clip| &clip.group));
        let clips = found
            .iter()
            .map(|clip| Clip {
                path: clip.path.clone(),
                class: class_numbers[&clip.class],
                group: group_numbers[&clip.group],
                cat_id: clip.cat_id,
            })
            .collect();
        let name = root.file_name().unwrap_or(root.as_os_str()).to_string_lossy().into_owned();
        Ok(Self { name, root, layout, classes, groups, clips, given_split, unlabelled, problems })
    }
}

impl Layout {
    /// As it is named on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Self::Table => "table",
            Self::Folders => "folders",
            Self::Ucs => "ucs",
        }
    }
}

/// Different names, sorted, and the place of each.
fn numbered<'a>(names: impl Iterator<Item = &'a String>) -> (Vec<String>, HashMap<String, usize>) {
    let names: Vec<String> = names.collect::<BTreeSet<_>>().into_iter().cloned().collect();
    let numbers = names.iter().cloned().enumerate().map(|(at, name)| (name, at)).collect();
    (names, numbers)
}

/// Takes names away to which no number refers, and lowers the numbers.
fn renumber<'a>(names: &mut Vec<String>, numbers: impl Iterator<Item = &'a mut usize>) {
    let numbers: Vec<&mut usize> = numbers.collect();
    let mut places: Vec<Option<usize>> = vec![None; names.len()];
    numbers.iter().for_each(|number| places[**number] = Some(0));
    places.iter_mut().flatten().enumerate().for_each(|(next, place)| *place = next);
    let mut at = 0;
    names.retain(|_| {
        at += 1;
        places[at - 1].is_some()
    });
    for number in numbers {
        *number = places[*number].unwrap_or_default();
    }
}

/// The split that a table prescribes, where any row names a side; rows that name none are trained on.
fn given_split(root: &Path, found: &[FoundClip]) -> Result<Option<Split>, DataSetError> {
    if found.iter().all(|clip| clip.side.is_none()) {
        return Ok(None);
    }
    let mut split = Split::default();
    let mut sides: HashMap<&str, (Side, &Path)> = HashMap::new();
    for (at, clip) in found.iter().enumerate() {
        let side = clip.side.unwrap_or(Side::Train);
        let (known, first) = *sides.entry(&clip.group).or_insert((side, &clip.path));
        if known != side {
            let file = |path: &Path| path.strip_prefix(root).unwrap_or(path).display().to_string();
            return Err(DataSetError::GroupAcrossSplit {
                path: root.join(TABLE_FILE),
                group: clip.group.clone(),
                first: file(first),
                second: file(&clip.path),
            });
        }
        split.side_mut(side).push(at);
    }
    Ok(Some(split))
}
