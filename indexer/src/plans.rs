//! What `rename`, `write` and `undo` have in common: where proposals come from, and how plans are shown, saved and
//! carried out.

use std::io::Write;
use std::path::{Path, PathBuf};

use earmark_engine::index::{IndexError, LibraryWriter, Snapshot, SoundRef, is_below};
use earmark_engine::indexing::absolute_or_gone;
use earmark_engine::search::filter::Filter;
use earmark_relabel::{
    ApplyOptions, Change, Entry, Outcome, Plan, PlanError, Proposed, Suggestion, Targets, add_known_states,
    apply, default_journals_dir, suggestions_of_file, suggestions_of_library, tell_library,
};
use serde::Serialize;

use crate::Ending;
use crate::cli::{Global, JournalsArgs, LibraryArgs, PlanArgs, ProposalArgs};
use crate::error::Failure;
use crate::interrupt;
use crate::output::{self, JsonPath, counted};

impl JournalsArgs {
    /// The folder of journals.
    pub(crate) fn dir(&self) -> Result<PathBuf, Failure> {
        self.journals.clone().or_else(default_journals_dir).ok_or_else(|| {
            Failure::Usage("there is no home folder for the journals; say where with --journals DIR".into())
        })
    }
}

impl ProposalArgs {
    /// Suggestions, and where they come from.
    pub(crate) fn suggestions(&self) -> Result<(Vec<Suggestion>, String), Failure> {
        let folders: Vec<PathBuf> = self.folders.iter().map(|folder| absolute_or_gone(folder)).collect();
        let below = |path: &Path| folders.is_empty() || folders.iter().any(|folder| is_below(path, folder));
        if let Some(file) = &self.from {
            let mut suggestions = suggestions_of_file(file)?;
            suggestions.retain(|suggestion| below(&suggestion.path));
            // Without a library, plans carry no hashes, that is all.
            if let Some(snapshot) = self.library.dir().ok().and_then(|dir| Snapshot::open(&dir).ok()) {
                add_known_states(&mut suggestions, &snapshot)?;
            }
            return Ok((suggestions, format!("suggestions of {}", file.display())));
        }
        let filter = self.filter.as_deref().map(Filter::parse).transpose()?;
        let snapshot = self.library.open()?;
        let accepts = |sound: &SoundRef<'_>| {
            snapshot.full_path(sound).is_ok_and(|path| below(&path))
                && filter.as_ref().is_none_or(|filter| filter.passes(sound))
        };
        let suggestions = suggestions_of_library(&snapshot, &accepts)?;
        Ok((suggestions, format!("labels of the library {}", snapshot.dir().display())))
    }

    /// The least share that is taken.
    pub(crate) fn least_share(&self) -> f32 {
        f32::from(self.at_least.unwrap_or(0)) / 100.0
    }
}

/// Shows a plan, and saves it where that is wanted.
pub(crate) fn propose(
    global: &Global,
    args: &PlanArgs,
    verb: &str,
    proposed: &Proposed,
) -> Result<Ending, Failure> {
    let plan = &proposed.plan;
    if let Some(path) = &args.output {
        refuse_foreign(path)?;
        plan.save(path)?;
    }
    if args.json {
        output::print_json(&JsonPlan {
            plan: args.output.as_deref().map(Into::into),
            right: proposed.right,
            undecided: proposed.undecided,
            sounds: plan.entries.iter().map(JsonEntry::of).collect(),
        })?;
    } else if !global.quiet {
        let mut out = anstream::stdout().lock();
        for entry in &plan.entries {
            writeln!(out, "{}", output::one_line(&described(entry)))?;
        }
        let to_change = plan.entries.len() - plan.problems();
        let mut summary = format!("{} to {verb}", counted(to_change, "sound"));
        for (number, what) in [
            (proposed.right, "right already"),
            (proposed.undecided, "without a label that is sure enough"),
            (plan.problems(), "with a problem"),
        ] {
            if number > 0 {
                summary += &format!(", {} {what}", output::thousands(number as u64));
            }
        }
        let next = match &args.output {
            Some(path) => format!("`earmark {verb} --apply {}` carries the plan out", path.display()),
            None => "--output PLAN writes the plan to a file, to be applied".to_owned(),
        };
        writeln!(out, "{summary}. Nothing was changed; {}", output::one_line(&next))?;
    }
    Ok(if plan.entries.is_empty() { Ending::Nothing } else { Ending::Found })
}

/// A plan must not be written over something else.
fn refuse_foreign(path: &Path) -> Result<(), Failure> {
    match Plan::load(path) {
        Err(PlanError::NoPlan { .. }) if path.exists() => Err(Failure::Usage(format!(
            "{}: is there already and no plan; choose another name for --output",
            path.display()
        ))),
        _ => Ok(()),
    }
}

/// An entry in a line.
fn described(entry: &Entry) -> String {
    let path = entry.path.display();
    if let Some(problem) = &entry.problem {
        return format!("{path}: {problem}");
    }
    let mut line = path.to_string();
    if let Some(name) = &entry.name {
        line += &format!(" -> {name}");
    }
    let fields: Vec<String> = earmark_relabel::Field::ALL
        .iter()
        .filter_map(|field| Some(format!("{} {:?}", field.key(), entry.fields.get(*field)?)))
        .collect();
    if !fields.is_empty() {
        line += &format!(": {}", fields.join(", "));
    }
    if entry.from.is_empty() { line } else { format!("{line} [{}]", entry.from) }
}

/// How a plan is carried out.
pub(crate) struct Applying<'a> {
    pub plan: &'a Plan,
    pub args: &'a PlanArgs,
    pub library: &'a LibraryArgs,
    pub targets: Targets,
    pub keep_times: bool,
}

impl Applying<'_> {
    /// Carries it out, and tells the library.
    pub(crate) fn run(&self, global: &Global) -> Result<Ending, Failure> {
        let journals = self.args.journals.dir()?;
        let library = Listener::new(self.library);
        let options = ApplyOptions {
            journals: &journals,
            targets: self.targets,
            keep_times: self.keep_times,
            cancel: interrupt::flag(),
        };
        let mut tally = Tally::default();
        let applied = apply(self.plan, &options, &mut |entry, outcome| {
            tally.count(outcome);
            if let Outcome::Failed(error) = outcome {
                output::error(&error.to_string());
            } else if global.verbose > 0 {
                output::say(&output::one_line(&format!("{}: {outcome:?}", entry.path.display())));
            }
        })?;
        library.tell(&applied.changes);
        if let Some(error) = &applied.stopped {
            output::error(&error.to_string());
            tally.failed += 1;
        }
        if self.args.json {
            output::print_json(&JsonApplied {
                renamed: tally.renamed,
                written: tally.written,
                already: tally.already,
                failed: tally.failed,
                not_tried: tally.not_tried,
                journal: applied.journal.as_deref().map(Into::into),
            })?;
        } else if !global.quiet {
            let mut out = anstream::stdout().lock();
            writeln!(out, "{}", tally.summary())?;
            if let Some(name) = applied.journal.as_deref().and_then(Path::file_name) {
                let name = name.to_string_lossy();
                writeln!(out, "`earmark undo {name}` takes it back")?;
            }
        }
        Ok(match () {
            () if tally.failed > 0 => Ending::Partial,
            () if tally.not_tried > 0 => Ending::Interrupted,
            () if tally.renamed + tally.written + tally.already == 0 => Ending::Nothing,
            () => Ending::Found,
        })
    }
}

/// What became of entries, in numbers.
#[derive(Default)]
struct Tally {
    renamed: usize,
    written: usize,
    already: usize,
    failed: usize,
    not_tried: usize,
}

impl Tally {
    fn count(&mut self, outcome: &Outcome) {
        match outcome {
            Outcome::Done { written, renamed } => {
                self.written += usize::from(*written);
                self.renamed += usize::from(renamed.is_some());
            }
            Outcome::Already => self.already += 1,
            Outcome::PassedOver => {}
            Outcome::Failed(_) => self.failed += 1,
            Outcome::NotTried => self.not_tried += 1,
        }
    }

    fn summary(&self) -> String {
        let parts: Vec<String> = [
            (self.renamed, "renamed"),
            (self.written, "written to"),
            (self.already, "as planned before"),
            (self.failed, "left as they were because of errors"),
            (self.not_tried, "not tried any more"),
        ]
        .into_iter()
        .filter(|(number, _)| *number > 0)
        .map(|(number, what)| format!("{} {what}", counted(number, "sound")))
        .collect();
        if parts.is_empty() { "nothing to do".to_owned() } else { parts.join(", ") }
    }
}

/// A library that is told of changes, if there is one. It is locked from before the first change, so that nobody indexes
/// a file between its change and the news of it.
pub(crate) struct Listener(Option<LibraryWriter>);

impl Listener {
    pub(crate) fn new(library: &LibraryArgs) -> Self {
        let opened = library.dir().ok().map(|dir| LibraryWriter::open_existing(&dir));
        Self(match opened {
            Some(Ok(writer)) => Some(writer),
            None | Some(Err(IndexError::NoLibrary { .. })) => None,
            Some(Err(error)) => {
                output::warn(&format!("{error}; the next `earmark index` reads changed files again"));
                None
            }
        })
    }

    pub(crate) fn tell(self, changes: &[Change]) {
        let Some(mut writer) = self.0.filter(|_| !changes.is_empty()) else { return };
        if let Err(error) = tell_library(&mut writer, changes) {
            output::warn(&format!("{error}; the next `earmark index` reads changed files again"));
        }
    }
}

#[derive(Serialize)]
struct JsonPlan<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    plan: Option<JsonPath>,
    right: usize,
    undecided: usize,
    sounds: Vec<JsonEntry<'a>>,
}

#[derive(Serialize)]
struct JsonEntry<'a> {
    #[serde(flatten)]
    path: JsonPath,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<&'a str>,
    #[serde(skip_serializing_if = "serde_json::Map::is_empty")]
    fields: serde_json::Map<String, serde_json::Value>,
    from: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    problem: Option<&'a str>,
}

impl<'a> JsonEntry<'a> {
    fn of(entry: &'a Entry) -> Self {
        let fields = earmark_relabel::Field::ALL.iter();
        let fields =
            fields.filter_map(|field| Some((field.key().to_owned(), entry.fields.get(*field)?.into())));
        Self {
            path: entry.path.as_path().into(),
            name: entry.name.as_deref(),
            fields: fields.collect(),
            from: &entry.from,
            problem: entry.problem.as_deref(),
        }
    }
}

#[derive(Serialize)]
struct JsonApplied {
    renamed: usize,
    written: usize,
    already: usize,
    failed: usize,
    not_tried: usize,
    journal: Option<JsonPath>,
}
