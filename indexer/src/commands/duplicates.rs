//! `earmark duplicates`: sounds that a library holds more than once; a report, nothing is deleted.

use std::io::{self, Write};
use std::path::Path;
use std::sync::atomic::Ordering;

use earmark_engine::audio::Container;
use earmark_engine::duplicates::{self, Kind, Member, Proof, Relation, Report, Request};
use earmark_engine::index::{Snapshot, SoundRef};
use earmark_engine::indexing::{Observer, absolute};
use serde::Serialize;

use crate::Ending;
use crate::cli::{DuplicatesArgs, Global};
use crate::error::Failure;
use crate::output::{self, JsonPath, counted};
use crate::progress::Progress;
use crate::region::clock;
use crate::{commands, interrupt, library};

pub(crate) fn run(global: &Global, args: DuplicatesArgs) -> Result<Ending, Failure> {
    let filter = args.choice.filter()?;
    let dir = args.choice.library.dir()?;
    let mut partial = false;
    if let Some(folder) = &args.within {
        let (summary, _) = commands::index::update(global, &dir, std::slice::from_ref(folder), &args.work())?;
        if summary.cancelled {
            return Ok(Ending::Interrupted);
        }
        partial |= !summary.problems.is_empty();
    }
    let snapshot = Snapshot::open(&dir)?;
    if args.within.is_none() {
        library::report_damage(&snapshot);
    }
    partial |= !snapshot.damage().is_empty();
    let within = match &args.within {
        Some(folder) => Some(absolute(folder).map_err(Failure::file(folder, "find the folder"))?),
        None => None,
    };
    let accepts = |sound: &SoundRef<'_>| {
        let inside = within
            .as_ref()
            .is_none_or(|folder| snapshot.full_path(sound).is_ok_and(|path| path.starts_with(folder)));
        inside && filter.passes(sound)
    };
    let flag = interrupt::flag();
    let request = Request {
        accepts: &accepts,
        identical_only: args.identical_only,
        jobs: args.choice.jobs(),
        stop: &|| flag.load(Ordering::Relaxed),
    };
    let mut listening = Listening { shown: Progress::new(global.quiet), audio_s: 0.0 };
    let report = duplicates::find(&snapshot, &request, &mut listening);
    listening.shown.finish();
    if report.stopped {
        return Ok(Ending::Interrupted);
    }
    for problem in &report.problems {
        output::warn(&problem.message);
    }
    partial |= !report.problems.is_empty();
    let answer = Answer { snapshot: &snapshot, report: &report };
    match () {
        () if args.format.json => answer.print_json()?,
        () if args.format.csv => answer.print_csv()?,
        () => answer.print(global)?,
    }
    Ok(match () {
        () if partial => Ending::Partial,
        () if report.groups.is_empty() => Ending::Nothing,
        () => Ending::Found,
    })
}

/// Shows how listening goes, as for an indexing run; what remains is told by the sounds' lengths.
struct Listening {
    shown: Progress,
    audio_s: f64,
}

impl duplicates::Observer for Listening {
    fn planned(&mut self, files: usize, audio_s: f64) {
        self.shown.planned(files, (audio_s * 1000.0) as u64);
    }

    fn listened(&mut self, audio_s: f64) {
        self.audio_s += audio_s;
        self.shown.file_done(Path::new(""), (audio_s * 1000.0) as u64, None);
        self.shown.looked_into((self.audio_s * 1000.0) as u64);
        self.shown.tick(self.audio_s);
    }

    fn comparing(&mut self, candidates: usize) {
        tracing::info!(candidates, "comparing");
    }
}

struct Answer<'a> {
    snapshot: &'a Snapshot,
    report: &'a Report,
}

impl Answer<'_> {
    fn print(&self, global: &Global) -> Result<(), Failure> {
        let mut out = anstream::stdout().lock();
        let (strong, good, faint) = (output::STRONG, output::GOOD, output::FAINT);
        for group in &self.report.groups {
            writeln!(
                out,
                "{strong}{}{strong:#}, {}",
                title(group.kind),
                counted(group.members.len(), "sound")
            )?;
            for member in &group.members {
                let Some(sound) = self.snapshot.get(member.id) else { continue };
                write!(
                    out,
                    "  {:<10}  {good}{}{good:#}  {:>8}  {:<16}  ",
                    name(member.relation),
                    evidence(member),
                    clock(sound.row.duration_s),
                    format(&sound)
                )?;
                output::write_path(&self.snapshot.full_path(&sound)?)?;
                if member.copies > 0 {
                    write!(out, "  {faint}(and {} of the same){faint:#}", counted(member.copies, "sound"))?;
                }
                writeln!(out)?;
            }
            writeln!(out)?;
        }
        if !global.quiet {
            let total = |kind| self.report.groups.iter().filter(|group| group.kind == kind).count();
            writeln!(
                out,
                "{} of {}: {} of identical bytes, {} of the same audio, {} with excerpts",
                counted(self.report.groups.len(), "group"),
                counted(self.report.sounds, "sound"),
                total(Kind::Identical),
                total(Kind::SameAudio),
                total(Kind::Contained)
            )?;
        }
        Ok(())
    }

    fn rows(&self) -> Result<Vec<Vec<Row>>, Failure> {
        let mut groups = Vec::new();
        for group in &self.report.groups {
            let mut rows = Vec::new();
            for member in &group.members {
                let Some(sound) = self.snapshot.get(member.id) else { continue };
                rows.push(Row::new(self.snapshot, member, &sound)?);
            }
            groups.push(rows);
        }
        Ok(groups)
    }

    fn print_json(&self) -> Result<(), Failure> {
        let groups = self.report.groups.iter().zip(self.rows()?);
        output::print_json(&JsonAnswer {
            library: self.snapshot.dir().into(),
            sounds: self.report.sounds,
            listened_s: self.report.listened_s,
            candidates: self.report.candidates,
            groups: groups.map(|(group, members)| JsonGroup { kind: kind_id(group.kind), members }).collect(),
            unreadable: self
                .report
                .problems
                .iter()
                .map(|problem| JsonProblem {
                    path: problem.path.as_path().into(),
                    problem: output::one_line(&problem.message),
                })
                .collect(),
        })
    }

    fn print_csv(&self) -> Result<(), Failure> {
        let mut out = csv::Writer::from_writer(io::stdout().lock());
        let failed = |error: csv::Error| match error.into_kind() {
            csv::ErrorKind::Io(error) => Failure::from(error),
            kind => Failure::Output(io::Error::other(format!("{kind:?}"))),
        };
        out.write_record(COLUMNS).map_err(failed)?;
        for (number, (group, rows)) in self.report.groups.iter().zip(self.rows()?).enumerate() {
            for row in rows {
                out.write_record(row.fields(number + 1, kind_id(group.kind))).map_err(failed)?;
            }
        }
        out.flush()?;
        Ok(())
    }
}

const COLUMNS: [&str; 16] = [
    "group",
    "kind",
    "relation",
    "proof",
    "path",
    "offset_s",
    "gain_db",
    "inverted",
    "residual_db",
    "similarity",
    "duration_s",
    "format",
    "sample_rate_hz",
    "channels",
    "file_size",
    "copies",
];

#[derive(Serialize)]
struct JsonAnswer {
    library: JsonPath,
    sounds: usize,
    listened_s: f64,
    candidates: usize,
    groups: Vec<JsonGroup>,
    unreadable: Vec<JsonProblem>,
}

#[derive(Serialize)]
struct JsonGroup {
    kind: &'static str,
    members: Vec<Row>,
}

#[derive(Serialize)]
struct JsonProblem {
    #[serde(flatten)]
    path: JsonPath,
    problem: String,
}

/// A member as programs read it.
#[derive(Serialize)]
struct Row {
    #[serde(flatten)]
    path: JsonPath,
    relation: &'static str,
    proof: &'static str,
    offset_s: Option<f64>,
    gain_db: Option<f64>,
    inverted: Option<bool>,
    /// Not there where bytes are equal: nothing is left over.
    residual_db: Option<f64>,
    similarity: f64,
    duration_s: f64,
    format: &'static str,
    sample_rate_hz: u32,
    channels: u16,
    file_size: u64,
    copies: usize,
    #[serde(skip)]
    shown_path: String,
}

impl Row {
    fn new(snapshot: &Snapshot, member: &Member, sound: &SoundRef<'_>) -> Result<Self, Failure> {
        let path = snapshot.full_path(sound)?;
        let evidence = &member.evidence;
        let known = member.proof != Proof::Index;
        Ok(Self {
            shown_path: path.to_string_lossy().into_owned(),
            path: path.as_path().into(),
            relation: match member.relation {
                Relation::Reference => "reference",
                Relation::Identical => "identical",
                Relation::SameAudio => "same-audio",
                Relation::Contained => "contained",
            },
            proof: match member.proof {
                Proof::Bytes => "bytes",
                Proof::Audio => "audio",
                Proof::Index => "index",
            },
            offset_s: known.then_some(evidence.offset_s),
            gain_db: known.then_some(evidence.gain_db),
            inverted: known.then_some(evidence.inverted),
            residual_db: (member.proof == Proof::Audio).then_some(evidence.residual_db),
            similarity: evidence.similarity,
            duration_s: sound.row.duration_s,
            format: container(sound.row.container),
            sample_rate_hz: sound.row.sample_rate_hz,
            channels: sound.row.channels,
            file_size: sound.row.file_size,
            copies: member.copies,
        })
    }

    fn fields(&self, group: usize, kind: &str) -> [String; COLUMNS.len()] {
        let number = |value: Option<f64>, digits: usize| {
            value.map(|value| format!("{value:.digits$}")).unwrap_or_default()
        };
        [
            group.to_string(),
            kind.to_owned(),
            self.relation.to_owned(),
            self.proof.to_owned(),
            self.shown_path.clone(),
            number(self.offset_s, 5),
            number(self.gain_db, 2),
            self.inverted.map(|inverted| inverted.to_string()).unwrap_or_default(),
            number(self.residual_db, 1),
            format!("{:.4}", self.similarity),
            format!("{:.3}", self.duration_s),
            self.format.to_owned(),
            self.sample_rate_hz.to_string(),
            self.channels.to_string(),
            self.file_size.to_string(),
            self.copies.to_string(),
        ]
    }
}

fn title(kind: Kind) -> &'static str {
    match kind {
        Kind::Identical => "identical bytes",
        Kind::SameAudio => "the same audio",
        Kind::Contained => "excerpts of a longer take",
    }
}

fn kind_id(kind: Kind) -> &'static str {
    match kind {
        Kind::Identical => "identical",
        Kind::SameAudio => "same-audio",
        Kind::Contained => "contained",
    }
}

fn name(relation: Relation) -> &'static str {
    match relation {
        Relation::Reference => "reference",
        Relation::Identical => "same bytes",
        Relation::SameAudio => "same audio",
        Relation::Contained => "excerpt",
    }
}

/// Offset, gain, what is left over and similarity, in columns.
fn evidence(member: &Member) -> String {
    let found = &member.evidence;
    match member.proof {
        Proof::Bytes => " ".repeat(47),
        Proof::Index => format!("{:<40}{:5.1} %", "by the index alone, not proven", found.similarity * 100.0),
        Proof::Audio => {
            let inverted = if found.inverted { "inv" } else { "   " };
            // −0.0 is no number that people write.
            let tidy = |value: f64, step: f64| if value.abs() < step / 2.0 { 0.0 } else { value };
            format!(
                "{:>+9.3} s {:>+6.1} dB {inverted}  left {:>6.1} dB {:6.1} %",
                tidy(found.offset_s, 0.001),
                tidy(found.gain_db, 0.1),
                found.residual_db,
                found.similarity * 100.0
            )
        }
    }
}

fn format(sound: &SoundRef<'_>) -> String {
    let rate_khz = f64::from(sound.row.sample_rate_hz) / 1000.0;
    format!("{} {rate_khz} kHz {} ch", container(sound.row.container), sound.row.channels)
}

fn container(number: u8) -> &'static str {
    Container::from_u8(number).map_or("?", Container::name)
}
