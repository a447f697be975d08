//! Fields into one file: recipe, new file, proof, journal, replacement.

use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use earmark_engine::audio::{AudioReader, Metadata};
use earmark_engine::ucs::Catalogue;

use crate::error::ChangeError;
use crate::fields::Fields;
use crate::journal::{Journal, Line, WriteStep};
use crate::plan::FileState;
use crate::replacing::Replacement;
use crate::rewrite::{Format, Recipe, Targets, Values, digest};

/// How much is handed to the system at a time.
const BUFFER: usize = 1 << 20;

/// What writing came to.
#[derive(Debug)]
pub(crate) enum Written {
    /// The file is another now.
    New { before: FileState, after: FileState },
    /// The file said all of it already.
    Already(FileState),
}

/// How fields are written.
#[derive(Clone, Copy, Debug)]
pub(crate) struct How {
    pub targets: Targets,
    pub keep_times: bool,
}

/// Checks fields that a person may have edited.
pub(crate) fn check_fields(path: &Path, fields: &Fields) -> Result<(), ChangeError> {
    let Some(found) = fields.cat_id.as_deref().filter(|_| fields.cat().is_none()) else { return Ok(()) };
    let catalogue = Catalogue::builtin();
    let closest: Vec<&str> = catalogue.closest(found).iter().map(|cat| cat.cat_id()).collect();
    let hint =
        if closest.is_empty() { String::new() } else { format!("; is {} meant?", closest.join(" or ")) };
    let hint = format!(" v{}{hint}", catalogue.version());
    Err(ChangeError::UnknownCatId { path: path.into(), found: found.to_owned(), hint })
}

/// Writes the fields of an entry into its file.
pub(crate) fn write_fields(
    path: &Path,
    state: &FileState,
    fields: &Fields,
    how: How,
    journal: &mut Journal,
) -> Result<Written, ChangeError> {
    check_fields(path, fields)?;
    // A link stays a link; what it leads to is written.
    let path = &real_path(path)?;
    let read = |action| ChangeError::io(path, action);
    let mut source = File::open(path).map_err(read("open it"))?;
    let metadata = source.metadata().map_err(read("look at it"))?;
    let now = FileState::from_metadata(&metadata);
    if !metadata.is_file() {
        return Err(read("write it")(io::Error::other("it is not a file")));
    }
    let values = Values::new(fields, how.targets);
    // One read of the file decides, if its time is another than the plan has.
    let same = state.size == now.size && (state.modified_ns == now.modified_ns || state.hash.is_some());
    if !same {
        return already_or_changed(path, now, &values);
    }
    let format = Format::of(&mut source).map_err(ChangeError::fault(path))?;
    let audio = format.audio(&mut source).map_err(ChangeError::fault(path))?;
    let recipe = format.recipe(&mut source, &values).map_err(ChangeError::fault(path))?;
    if says_all(path, &mut source, &recipe, &values)? {
        return Ok(Written::Already(now));
    }
    if metadata.permissions().readonly() {
        return Err(ChangeError::ReadOnly { path: path.into() });
    }
    let (hash, audio_hash) = digest(&mut source, &audio).map_err(read("read it"))?;
    if state.hash.is_some_and(|known| known != hash) {
        return already_or_changed(path, now, &values);
    }
    let before = FileState { hash: Some(hash), ..now };

    journal.note(&Line::Temporary { path: crate::replacing::temporary_of(path).as_path().into() })?;
    let mut new = Replacement::begin(path).map_err(read("make a new file beside it"))?;
    let made = {
        let mut out = BufWriter::with_capacity(BUFFER, &mut new.out);
        let made = recipe.write(&mut source, &mut out).map_err(read("write the new file"))?;
        out.flush().map_err(read("write the new file"))?;
        made
    };
    let kept = how.keep_times.then_some(before.modified_ns);
    new.dress(&source, &metadata, kept).map_err(read("finish the new file"))?;
    let after = prove(path, new.temporary(), format, (made, audio_hash), &values)?;

    let (inverse, ranges) = recipe.inverse(before.size);
    let saved = journal.save(&mut source, &ranges)?;
    let step = journal.number();
    journal.note(&Line::Write(WriteStep {
        step,
        path: path.as_path().into(),
        temporary: new.temporary().into(),
        before: before.into(),
        after: after.into(),
        parts: inverse.parts.iter().map(|(new, range)| (u8::from(*new), range.start, range.end)).collect(),
        saved,
    }))?;
    journal.sync()?;
    // Somebody may have saved the file while the new one was made.
    let unchanged = FileState::of(path).is_ok_and(|state| FileState { hash: before.hash, ..state } == before);
    if !unchanged {
        journal.note(&Line::Failed { step })?;
        return Err(ChangeError::Changed { path: path.into(), since: "it was read" });
    }
    if let Err(error) = new.finish() {
        journal.note(&Line::Failed { step })?;
        return Err(read("put the new file in its place")(error));
    }
    journal.note(&Line::Done { step })?;
    Ok(Written::New { before, after })
}

/// Whether a file says everything already, in every place that is written to, so that there is nothing to do.
pub(crate) fn says_already(path: &Path, fields: &Fields, targets: Targets) -> Result<bool, ChangeError> {
    check_fields(path, fields)?;
    let path = &real_path(path)?;
    let mut source = File::open(path).map_err(ChangeError::io(path, "open it"))?;
    let values = Values::new(fields, targets);
    let format = Format::of(&mut source).map_err(ChangeError::fault(path))?;
    let recipe = format.recipe(&mut source, &values).map_err(ChangeError::fault(path))?;
    says_all(path, &mut source, &recipe, &values)
}

fn says_all(path: &Path, source: &mut File, recipe: &Recipe, values: &Values) -> Result<bool, ChangeError> {
    let same = recipe.changes_nothing(source).map_err(ChangeError::io(path, "read it"))?;
    // A place that is left out may say something else.
    Ok(same && AudioReader::open(path).is_ok_and(|reader| contradiction(reader.metadata(), values).is_none()))
}

/// The file that a path leads to.
pub(crate) fn real_path(path: &Path) -> Result<PathBuf, ChangeError> {
    let is_link = fs::symlink_metadata(path).map_err(ChangeError::io(path, "look at it"))?.is_symlink();
    if !is_link {
        return Ok(path.into());
    }
    fs::canonicalize(path).map_err(ChangeError::io(path, "follow the link"))
}

/// Reads the new file back: its bytes, its audio, and what the engine finds in it.
fn prove(
    path: &Path,
    temporary: &Path,
    format: Format,
    (made, audio_hash): (u128, u128),
    values: &Values,
) -> Result<FileState, ChangeError> {
    let failed = |what: &str| ChangeError::Proof { path: path.into(), what: what.to_owned() };
    let mut file = File::open(temporary).map_err(ChangeError::io(path, "read the new file"))?;
    let found = Format::of(&mut file).map_err(|_| failed("the new file is of no known format"))?;
    if !format.may_become(found) {
        return Err(failed("the new file is of another format"));
    }
    let audio = found.audio(&mut file).map_err(|_| failed("the audio of the new file is not found"))?;
    let (hash, sound) = digest(&mut file, &audio).map_err(ChangeError::io(path, "read the new file"))?;
    if hash != made {
        return Err(failed("the disk does not hold what was written to it"));
    }
    if sound != audio_hash {
        return Err(failed("the audio of the new file would not be the same"));
    }
    let reader = AudioReader::open(temporary)
        .map_err(|_| failed("the new file could not be read as a sound (can the old one?)"))?;
    if let Some(contradiction) = contradiction(reader.metadata(), values) {
        return Err(failed(&format!(
            "the new file would still say {contradiction} in a place that is left out"
        )));
    }
    let metadata = file.metadata().map_err(ChangeError::io(path, "look at the new file"))?;
    Ok(FileState { hash: Some(hash), ..FileState::from_metadata(&metadata) })
}

/// Whether a file that is not as the plan knows it says everything that the plan wants it to say: then the plan was
/// carried out already.
fn already_or_changed(path: &Path, now: FileState, values: &Values) -> Result<Written, ChangeError> {
    let says_all = AudioReader::open(path).is_ok_and(|reader| {
        let metadata = reader.metadata();
        contradiction(metadata, values).is_none() && !values.fields.is_empty()
    });
    match says_all {
        true => Ok(Written::Already(now)),
        false => Err(ChangeError::Changed { path: path.into(), since: "the plan was made" }),
    }
}

/// The first field of which a file says something else than it should.
fn contradiction(metadata: &Metadata, values: &Values) -> Option<String> {
    let fields = &values.fields;
    let cat_id = values.cat.map(|cat| cat.cat_id());
    let pairs = [
        ("CatID", cat_id, &metadata.cat_id),
        ("FXName", fields.fx_name.as_deref(), &metadata.fx_name),
        ("CreatorID", fields.creator_id.as_deref(), &metadata.creator_id),
        ("SourceID", fields.source_id.as_deref(), &metadata.source_id),
        ("UserCategory", fields.user_category.as_deref(), &metadata.user_category),
        ("VendorCategory", fields.vendor_category.as_deref(), &metadata.vendor_category),
        ("keywords", fields.keywords.as_deref(), &metadata.keywords),
    ];
    pairs.into_iter().find_map(|(name, wanted, found)| {
        let found = found.as_deref().unwrap_or_default();
        let wanted = wanted?;
        (plain(wanted) != plain(found)).then(|| match found {
            "" => format!("no {name}"),
            found => format!("{name} {found:?}"),
        })
    })
}

/// A text as it compares: containers have no control characters, cut long texts and trim blanks.
fn plain(text: &str) -> String {
    let words: Vec<&str> = text.split(|letter: char| letter.is_whitespace() || letter.is_control()).collect();
    let plain = words.into_iter().filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ");
    plain.chars().take(1000).collect()
}
