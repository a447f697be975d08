//! `earmark tag`: suggests UCS categories, with evidence; nothing is changed.

use std::io::{self, Write};

use earmark_engine::index::{Snapshot, SoundRef};
use earmark_engine::ucs::Catalogue;
use earmark_labelling::taxonomy::{FileLabels, Taxonomy};
use earmark_labelling::{Evidence, Sources, Suggestion, TagRequest, Tagging, tag};
use serde::Serialize;

use crate::Ending;
use crate::cli::{By, Global, Separator, TagArgs};
use crate::commands::labelling::{self, Reading};
use crate::error::Failure;
use crate::output::{self, JsonPath, counted};
use crate::region::clock;

pub(crate) fn run(global: &Global, args: TagArgs) -> Result<Ending, Failure> {
    let filter = args.choice.filter()?;
    let taxonomy = match (&args.taxonomy, &args.taxonomy_files) {
        (Some(map), Some(files)) => Some(Taxonomy::read_csv(map)?.with_files(FileLabels::read_csv(files)?)),
        (Some(map), None) => Some(Taxonomy::read_csv(map)?),
        (None, _) => None,
    };
    let reading = Reading::open(&args.choice.library, args.no_bank)?;
    let accepts = |sound: &SoundRef<'_>| !(args.unlabelled && sound.cat().is_some()) && filter.passes(sound);
    let stop = labelling::stop();
    let request = TagRequest {
        accepts: &accepts,
        sources: Sources { audio: args.by != By::Words, words: args.by != By::Audio },
        bank: reading.bank.as_ref(),
        taxonomy: taxonomy.as_ref(),
        least_share: args.least / 100.0,
        most: usize::from(args.most),
        jobs: args.choice.jobs(),
        stop: &stop,
        ..TagRequest::default()
    };
    let mut progress = labelling::SoundsDone::new(global.quiet);
    let tagged = tag(&reading.snapshot, &request, &mut progress);
    progress.finish();
    if tagged.stopped {
        return Ok(Ending::Interrupted);
    }
    let suggested = tagged.taggings.iter().filter(|tagging| !tagging.suggestions.is_empty()).count();
    match () {
        () if args.format.json => output::print_json(&JsonAnswer {
            library: reading.snapshot.dir().into(),
            sounds: tagged.taggings.len(),
            suggested,
            taggings: &tagged.taggings,
        })?,
        () if args.format.csv => print_csv(&tagged.taggings, args.separator)?,
        () => print(global, &reading.snapshot, &tagged.taggings, suggested)?,
    }
    reading.ending(suggested > 0)
}

#[derive(Serialize)]
struct JsonAnswer<'a> {
    library: JsonPath,
    sounds: usize,
    suggested: usize,
    taggings: &'a [Tagging],
}

fn print(
    global: &Global,
    snapshot: &Snapshot,
    taggings: &[Tagging],
    suggested: usize,
) -> Result<(), Failure> {
    let mut out = anstream::stdout().lock();
    let (strong, good, faint) = (output::STRONG, output::GOOD, output::FAINT);
    for tagging in taggings.iter().filter(|tagging| !tagging.suggestions.is_empty()) {
        output::write_path(tagging.path.as_path())?;
        match tagging.current {
            Some(cat) => writeln!(out, "  {faint}labelled {}{faint:#}", cat.cat_id())?,
            None => writeln!(out)?,
        }
        for Suggestion { cat, share, evidence } in &tagging.suggestions {
            let entry = Catalogue::builtin().get(*cat);
            writeln!(
                out,
                "  {good}{:3.0} %{good:#}  {strong}{:<12}{strong:#}  {} / {}  {faint}{}{faint:#}",
                share * 100.0,
                entry.cat_id,
                entry.category,
                entry.subcategory,
                output::one_line(&reasons(snapshot, evidence))
            )?;
        }
    }
    if !global.quiet {
        let abstained = taggings.len() - suggested;
        writeln!(
            out,
            "{} of {} with a suggestion; none for {abstained}",
            suggested,
            counted(taggings.len(), "sound")
        )?;
    }
    Ok(())
}

/// What a suggestion rests on, in a line.
fn reasons(snapshot: &Snapshot, evidence: &[Evidence]) -> String {
    let mut parts = Vec::new();
    let mut words: Vec<String> = Vec::new();
    for evidence in evidence {
        match evidence {
            Evidence::Taxonomy { label, confidence } => {
                parts.push(format!("map: {label} ({:.0} %)", confidence * 100.0));
            }
            Evidence::Neighbour { id, path, similarity, neighbour_start_s, .. } => {
                let name = path.as_path().file_name().unwrap_or_default().to_string_lossy().into_owned();
                let long = id.and_then(|id| snapshot.get(id)).is_some_and(|sound| sound.row.frame_count > 1);
                let at = if long { format!(" at {}", clock(*neighbour_start_s)) } else { String::new() };
                let bank = if id.is_none() { " of the starter bank" } else { "" };
                parts.push(format!("like {name}{bank}{at} ({similarity:.2})"));
            }
            Evidence::Word { word, term, language, .. } if *language == "en" => {
                let same = word.eq_ignore_ascii_case(term);
                words.push(if same { word.clone() } else { format!("{word} = {term}") });
            }
            Evidence::Word { word, term, language, .. } => {
                words.push(format!("{word} = {term} ({language})"))
            }
        }
    }
    if !words.is_empty() {
        parts.push(format!("words: {}", words.join(", ")));
    }
    parts.join("; ")
}

/// The first six are named as the UCS file name convention and Soundminer's fields have them (the elements of iXML's USER
/// block: CATID, CATEGORY, SUBCATEGORY, CATEGORYFULL; Filename and FilePath of its database, *Metadata Initiative*). Of
/// the imports of BaseHead and Soundly no public list of columns is known; a user of Soundly's shared databases describes
/// a tab-delimited text with the file name first (samia-rlmg/SFX-Library).
const COLUMNS: [&str; 10] = [
    "FilePath",
    "Filename",
    "CatID",
    "Category",
    "SubCategory",
    "CategoryFull",
    "Share",
    "CurrentCatID",
    "Alternatives",
    "Evidence",
];

fn print_csv(taggings: &[Tagging], separator: Separator) -> Result<(), Failure> {
    let delimiter = match separator {
        Separator::Comma => b',',
        Separator::Semicolon => b';',
        Separator::Tab => b'\t',
    };
    let mut out = csv::WriterBuilder::new().delimiter(delimiter).from_writer(io::stdout().lock());
    out.write_record(COLUMNS).map_err(labelling::csv_failure)?;
    for tagging in taggings {
        let Some(first) = tagging.suggestions.first() else { continue };
        let entry = Catalogue::builtin().get(first.cat);
        let path = tagging.path.as_path();
        let alternatives: Vec<String> = tagging.suggestions[1..]
            .iter()
            .map(|other| format!("{} {:.0} %", other.cat.cat_id(), other.share * 100.0))
            .collect();
        out.write_record([
            path.to_string_lossy().as_ref(),
            path.file_name().unwrap_or_default().to_string_lossy().as_ref(),
            &entry.cat_id,
            &entry.category,
            &entry.subcategory,
            &format!("{}-{}", entry.category, entry.subcategory),
            &format!("{:.3}", first.share),
            tagging.current.map_or("", |cat| cat.cat_id()),
            &alternatives.join("; "),
            &evidence_text(&first.evidence),
        ])
        .map_err(labelling::csv_failure)?;
    }
    out.flush()?;
    Ok(())
}

/// Evidence in a cell.
fn evidence_text(evidence: &[Evidence]) -> String {
    let text = |evidence: &Evidence| match evidence {
        Evidence::Taxonomy { label, confidence } => format!("map {label} {confidence:.2}"),
        Evidence::Neighbour { path, similarity, start_s, neighbour_start_s, .. } => format!(
            "like {} ({similarity:.2}, {start_s:.2} s / {neighbour_start_s:.2} s)",
            path.as_path().file_name().unwrap_or_default().to_string_lossy()
        ),
        Evidence::Word { word, term, language, .. } => format!("word {word} = {term} ({language})"),
    };
    evidence.iter().map(text).collect::<Vec<_>>().join("; ")
}
