//! `earmark map-taxonomy`: what another taxonomy is in UCS, as a table to be edited.

use std::fs::File;
use std::io::{self, Write};

use earmark_engine::index::SoundRef;
use earmark_labelling::taxonomy::{FileLabels, LearnRequest, MapRow, Taxonomy, learn};
use serde::Serialize;

use crate::Ending;
use crate::cli::{Global, MapTaxonomyArgs};
use crate::commands::labelling::{self, Reading};
use crate::error::Failure;
use crate::output::{self, JsonPath, counted};

pub(crate) fn run(global: &Global, args: MapTaxonomyArgs) -> Result<Ending, Failure> {
    let filter = args.choice.filter()?;
    let files = args.files.as_deref().map(FileLabels::read_csv).transpose()?;
    let reading = Reading::open(&args.choice.library, args.no_bank)?;
    // People edit such tables: none is written over. Opened before the work, so that what is wrong is said at once.
    let file = match &args.output {
        Some(path) => Some(
            File::create_new(path)
                .map_err(Failure::file(path, "make the table (an edited one is not written over)"))?,
        ),
        None => None,
    };
    let accepts = |sound: &SoundRef<'_>| filter.passes(sound);
    let stop = labelling::stop();
    let request = LearnRequest {
        accepts: &accepts,
        files: files.as_ref(),
        bank: reading.bank.as_ref(),
        jobs: args.choice.jobs(),
        stop: &stop,
    };
    let mut progress = labelling::SoundsDone::new(global.quiet);
    let learnt = learn(&reading.snapshot, &request, &mut progress);
    progress.finish();
    if learnt.stopped {
        if let Some(path) = &args.output {
            let _ = std::fs::remove_file(path);
        }
        return Ok(Ending::Interrupted);
    }
    let rows = learnt.taxonomy.rows();
    if let (Some(file), Some(path)) = (file, &args.output) {
        learnt
            .taxonomy
            .write_csv(io::BufWriter::new(file))
            .map_err(Failure::file(path, "write the table"))?;
    }
    match () {
        () if args.format.json => output::print_json(&JsonAnswer {
            library: reading.snapshot.dir().into(),
            labels: rows,
            sounds_without_label: learnt.unlabelled,
        })?,
        () if args.format.csv => write_csv(&learnt.taxonomy)?,
        () if args.output.is_none() || !global.quiet => print(rows)?,
        () => {}
    }
    if !global.quiet && !args.format.json && !args.format.csv {
        let open = rows.iter().filter(|row| row.targets.is_empty()).count();
        output::say(&format!("{}, {open} of them left open", counted(rows.len(), "label")));
    }
    reading.ending(rows.iter().any(|row| !row.targets.is_empty()))
}

fn write_csv(taxonomy: &Taxonomy) -> Result<(), Failure> {
    Ok(taxonomy.write_csv(io::stdout().lock())?)
}

#[derive(Serialize)]
struct JsonAnswer<'a> {
    library: JsonPath,
    labels: &'a [MapRow],
    sounds_without_label: usize,
}

fn print(rows: &[MapRow]) -> Result<(), Failure> {
    let mut out = anstream::stdout().lock();
    let (strong, good, faint) = (output::STRONG, output::GOOD, output::FAINT);
    for row in rows {
        let open = if row.targets.is_empty() { ": left open" } else { "" };
        writeln!(
            out,
            "{}  {faint}{}{open}{faint:#}",
            output::one_line(&row.label),
            counted(row.sounds, "sound")
        )?;
        for target in &row.targets {
            writeln!(
                out,
                "  {good}{:3.0} %{good:#}  {strong}{:<12}{strong:#}  {}  {faint}{}{faint:#}",
                target.confidence * 100.0,
                target.cat.cat_id(),
                output::one_line(&target.reasons),
                output::one_line(&target.examples.join(", "))
            )?;
        }
    }
    Ok(())
}
