//! `earmark audit`: what is likely wrong with labels and files; a report, nothing is changed.

use std::io::{self, Write};

use clap::ValueEnum;
use earmark_engine::index::SoundRef;
use earmark_labelling::{AuditRequest, Finding, audit};
use serde::Serialize;

use crate::Ending;
use crate::cli::{AuditArgs, AuditKind, Global};
use crate::commands::labelling::{self, Reading};
use crate::error::Failure;
use crate::output::{self, JsonPath, counted};

/// Findings in the table unless asked for more.
const SHOWN: usize = 50;

pub(crate) fn run(global: &Global, args: AuditArgs) -> Result<Ending, Failure> {
    let filter = args.choice.filter()?;
    let reading = Reading::open(&args.choice.library, true)?;
    let accepts = |sound: &SoundRef<'_>| filter.passes(sound);
    let stop = labelling::stop();
    let request = AuditRequest {
        accepts: &accepts,
        listen: args.listen,
        jobs: args.choice.jobs(),
        stop: &stop,
        ..AuditRequest::default()
    };
    let mut progress = labelling::SoundsDone::new(global.quiet);
    let mut audited = audit(&reading.snapshot, &request, &mut progress);
    progress.finish();
    if audited.stopped {
        return Ok(Ending::Interrupted);
    }
    let wanted = |finding: &Finding| {
        args.kind.is_empty() || args.kind.iter().any(|kind| name(*kind) == finding.kind.name())
    };
    audited.findings.retain(wanted);
    let all = audited.findings.len();
    let limit = args.limit.unwrap_or(if args.format.json || args.format.csv { usize::MAX } else { SHOWN });
    audited.findings.truncate(limit);
    match () {
        () if args.format.json => output::print_json(&JsonAnswer {
            library: reading.snapshot.dir().into(),
            sounds: audited.sounds,
            labelled: audited.labelled,
            listened: args.listen,
            findings: &audited.findings,
        })?,
        () if args.format.csv => print_csv(&audited.findings)?,
        () => {
            print(&audited.findings)?;
            if !global.quiet {
                let mut out = anstream::stdout().lock();
                let shown = if all > audited.findings.len() {
                    format!(", {} shown", audited.findings.len())
                } else {
                    String::new()
                };
                writeln!(
                    out,
                    "{} in {}, {} with a label{shown}",
                    counted(all, "finding"),
                    counted(audited.sounds, "sound"),
                    output::thousands(audited.labelled as u64)
                )?;
                if !args.listen {
                    writeln!(
                        out,
                        "Silence, clipping and the like are in the samples alone: earmark audit --listen"
                    )?;
                }
            }
        }
    }
    reading.ending(all > 0)
}

/// As findings name it.
fn name(kind: AuditKind) -> String {
    kind.to_possible_value().map(|value| value.get_name().to_owned()).unwrap_or_default()
}

#[derive(Serialize)]
struct JsonAnswer<'a> {
    library: JsonPath,
    sounds: usize,
    labelled: usize,
    listened: bool,
    findings: &'a [Finding],
}

fn print(findings: &[Finding]) -> Result<(), Failure> {
    let mut out = anstream::stdout().lock();
    let (strong, good, faint) = (output::STRONG, output::GOOD, output::FAINT);
    for finding in findings {
        write!(out, "{good}{:5.2}{good:#}  {strong}{:<14}{strong:#}  ", finding.gain, finding.kind.name())?;
        output::write_path(finding.path.as_path())?;
        writeln!(out, "\n       {}", output::one_line(&finding.message))?;
        for related in &finding.related {
            write!(out, "       {faint}")?;
            output::write_path(related.path.as_path())?;
            writeln!(out, "{faint:#}")?;
        }
    }
    Ok(())
}

const COLUMNS: [&str; 9] =
    ["FilePath", "Filename", "Kind", "Gain", "CurrentCatID", "CatID", "Share", "Message", "Related"];

fn print_csv(findings: &[Finding]) -> Result<(), Failure> {
    let mut out = csv::Writer::from_writer(io::stdout().lock());
    out.write_record(COLUMNS).map_err(labelling::csv_failure)?;
    for finding in findings {
        let path = finding.path.as_path();
        let related: Vec<String> = finding
            .related
            .iter()
            .map(|related| related.path.as_path().to_string_lossy().into_owned())
            .collect();
        let first = finding.suggested.first();
        out.write_record([
            path.to_string_lossy().as_ref(),
            path.file_name().unwrap_or_default().to_string_lossy().as_ref(),
            finding.kind.name(),
            &format!("{:.3}", finding.gain),
            finding.current.map_or("", |cat| cat.cat_id()),
            first.map_or("", |first| first.cat.cat_id()),
            &first.map(|first| format!("{:.3}", first.share)).unwrap_or_default(),
            &finding.message,
            &related.join("; "),
        ])
        .map_err(labelling::csv_failure)?;
    }
    out.flush()?;
    Ok(())
}
