//! What a report says, as numbers and names.

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use earmark_atlas::{AtlasError, Map, Options, Stage};
use earmark_engine::audio::Container;
use earmark_engine::duplicates::{self, Kind, Member};
use earmark_engine::index::{Segment, Snapshot, is_network_drive};
use earmark_engine::ucs::LabelSource;
use earmark_labelling::{Audit, AuditRequest, audit};

use super::Progress;
use crate::commands::info::Info;
use crate::error::Failure;

/// How a report is to be made.
pub(crate) struct Wanted<'a> {
    pub bank: Option<&'a Segment>,
    /// Whether to decode every file.
    pub listen: bool,
    pub map_sounds: usize,
    pub jobs: usize,
    pub stop: &'a (dyn Fn() -> bool + Sync),
}

/// Lengths below which a sound counts as one of these; the last takes the rest.
pub(crate) const LENGTHS: [(f64, &str); 10] = [
    (0.5, "below 0.5 s"),
    (1.0, "0.5–1 s"),
    (2.0, "1–2 s"),
    (5.0, "2–5 s"),
    (10.0, "5–10 s"),
    (30.0, "10–30 s"),
    (60.0, "30–60 s"),
    (300.0, "1–5 min"),
    (1800.0, "5–30 min"),
    (f64::INFINITY, "30 min and more"),
];

/// Names and how many sounds they have, most first.
pub(crate) type Counts = Vec<(String, usize)>;

/// What is known of a library.
pub(crate) struct Facts {
    pub info: Info,
    /// Of each of [`LENGTHS`].
    pub lengths: [usize; LENGTHS.len()],
    pub formats: Counts,
    pub sample_rates: Counts,
    pub channels: Counts,
    pub bits: Counts,
    pub label_sources: Counts,
    pub audit: Audit,
    pub duplicates: Duplicates,
    /// Of each folder, whether its drive is away: when it was last indexed, or now.
    pub away: Vec<bool>,
    /// Folders whose files were not looked for, because that takes a network drive too long.
    pub not_looked_for: Vec<PathBuf>,
    /// Files that are gone though their drive is there.
    pub missing: Vec<PathBuf>,
    /// Files with something odd about them, and what.
    pub odd: Vec<(PathBuf, String)>,
    /// Segments that cannot be read.
    pub damage: Vec<String>,
    pub map: Map,
    pub listened: bool,
}

/// Sounds that are there more than once.
#[derive(Default)]
pub(crate) struct Duplicates {
    /// Largest waste first.
    pub groups: Vec<Group>,
    /// Bytes of all copies but one of each group of identical files.
    pub wasted_bytes: u64,
}

pub(crate) struct Group {
    pub kind: Kind,
    /// The reference first.
    pub paths: Vec<PathBuf>,
    pub wasted_bytes: u64,
}

impl Facts {
    pub(crate) fn gather(
        snapshot: &Snapshot,
        wanted: &Wanted<'_>,
        progress: &mut Progress,
    ) -> Result<Self, Failure> {
        // First, because it is kept beside the library and counts to its size.
        let options = Options { max_sounds: wanted.map_sounds, ..Options::default() };
        let stop = wanted.stop;
        let map = if wanted.map_sounds == 0 {
            Map::default()
        } else {
            earmark_atlas::load_or_compute(snapshot, &options, &mut |at| {
                let (before, share) = match at.stage {
                    Stage::Reading => (0.0, 0.05),
                    Stage::Comparing => (0.05, 0.25),
                    Stage::Arranging => (0.3, 0.7),
                };
                progress.at("drawing the map", before + share * at.done);
                if stop() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
            })?
        };
        progress.at("counting", 0.0);
        let mut facts = Self { map, ..Self::counted(snapshot)? };
        let go_on = || if (wanted.stop)() { Err(AtlasError::Stopped) } else { Ok(()) };
        go_on()?;
        progress.at("looking for the files", 0.0);
        facts.look_for_files(snapshot, wanted)?;
        facts.duplicates = duplicates_of(snapshot, wanted, progress);
        go_on()?;
        let request = AuditRequest {
            bank: wanted.bank,
            listen: wanted.listen,
            jobs: wanted.jobs,
            stop: wanted.stop,
            ..AuditRequest::default()
        };
        facts.audit = audit(snapshot, &request, &mut Told { progress, what: "judging labels", total: 0 });
        facts.listened = wanted.listen;
        go_on()?;
        // What was read of a drive that went away on the way is not to be reported.
        snapshot.still_there()?;
        Ok(facts)
    }

    fn counted(snapshot: &Snapshot) -> Result<Self, Failure> {
        let mut lengths = [0; LENGTHS.len()];
        let [mut formats, mut rates, mut channels, mut bits, mut sources] =
            std::array::from_fn(|_| BTreeMap::<String, usize>::new());
        let mut odd = Vec::new();
        let count = |counts: &mut BTreeMap<String, usize>, name: String| {
            *counts.entry(name).or_default() += 1;
        };
        for (_, sound) in snapshot.sounds() {
            let row = sound.row;
            let length = LENGTHS.iter().position(|(below, _)| row.duration_s < *below);
            lengths[length.unwrap_or(LENGTHS.len() - 1)] += 1;
            let format = Container::from_u8(row.container).map_or("other", Container::name);
            count(&mut formats, format.to_owned());
            count(&mut rates, rate_name(row.sample_rate_hz));
            count(&mut channels, channels_name(row.channels));
            if sound.cat().is_some() {
                count(&mut sources, source_name(row.cat_source).to_owned());
            }
            let Ok(details) = sound.details() else { continue };
            count(
                &mut bits,
                details.bits_per_sample.map_or("compressed".into(), |bits| format!("{bits} bit")),
            );
            if !details.warnings.is_empty() {
                let path = snapshot.full_path(&sound)?;
                odd.push((path, details.warnings.join("; ")));
            }
        }
        odd.sort();
        let [formats, sample_rates, channels, bits, label_sources] =
            [formats, rates, channels, bits, sources].map(most_first);
        Ok(Self {
            info: Info::of(snapshot, None)?,
            lengths,
            formats,
            sample_rates,
            channels,
            bits,
            label_sources,
            audit: Audit::default(),
            duplicates: Duplicates::default(),
            away: snapshot
                .manifest()
                .roots
                .iter()
                .map(|root| root.offline || !root.path().exists())
                .collect(),
            not_looked_for: Vec::new(),
            missing: Vec::new(),
            odd,
            damage: snapshot.damage().iter().map(|damage| damage.error.to_string()).collect(),
            map: Map::default(),
            listened: false,
        })
    }

    /// Asks the system for every file of a local drive.
    fn look_for_files(&mut self, snapshot: &Snapshot, wanted: &Wanted<'_>) -> Result<(), Failure> {
        let roots = snapshot.manifest().roots.iter().zip(&self.away);
        let roots = roots.filter(|(_, away)| !**away).map(|(root, _)| root);
        let (distant, local): (Vec<_>, Vec<_>) = roots.partition(|root| is_network_drive(&root.path()));
        self.not_looked_for = distant.iter().map(|root| root.path()).collect();
        for (at, (_, sound)) in snapshot.sounds().enumerate() {
            if at % 1024 == 0 && (wanted.stop)() {
                return Err(AtlasError::Stopped.into());
            }
            if local.iter().any(|root| root.id == sound.row.root) {
                let path = snapshot.full_path(&sound)?;
                if !path.is_file() {
                    self.missing.push(path);
                }
            }
        }
        self.missing.sort();
        Ok(())
    }

    /// Folders whose drive is not there, with the sounds in them.
    pub(crate) fn offline(&self) -> impl Iterator<Item = (&str, usize)> {
        let folders = self.info.folders.iter().zip(&self.away).filter(|(_, away)| **away);
        folders.map(|(folder, _)| (folder.path.text(), folder.sounds))
    }
}

fn duplicates_of(snapshot: &Snapshot, wanted: &Wanted<'_>, progress: &mut Progress) -> Duplicates {
    let request = duplicates::Request {
        accepts: &|_| true,
        identical_only: !wanted.listen,
        jobs: wanted.jobs,
        stop: wanted.stop,
    };
    let mut told = Told { progress, what: "looking for duplicates", total: 0 };
    let report = duplicates::find(snapshot, &request, &mut Listening { told: &mut told, files: 0 });
    let size = |member: &Member| snapshot.get(member.id).map_or(0, |sound| sound.row.file_size);
    let path = |member: &Member| snapshot.get(member.id).and_then(|sound| snapshot.full_path(&sound).ok());
    let mut groups: Vec<Group> = report
        .groups
        .iter()
        .map(|group| Group {
            kind: group.kind,
            paths: group.members.iter().filter_map(path).collect(),
            wasted_bytes: group.members.iter().skip(1).map(size).sum(),
        })
        .collect();
    groups.sort_by(|a, b| b.wasted_bytes.cmp(&a.wasted_bytes).then_with(|| a.paths.cmp(&b.paths)));
    let wasted = groups.iter().filter(|group| group.kind == Kind::Identical).map(|group| group.wasted_bytes);
    Duplicates { wasted_bytes: wasted.sum(), groups }
}

/// Hands on what the labelling says of its work.
struct Told<'a> {
    progress: &'a mut Progress,
    what: &'static str,
    total: usize,
}

impl earmark_labelling::Observer for Told<'_> {
    fn planned(&mut self, sounds: usize) {
        self.total = sounds;
        self.progress.at(self.what, 0.0);
    }

    fn done(&mut self, sounds: usize) {
        self.progress.at(self.what, sounds as f32 / self.total.max(1) as f32);
    }
}

struct Listening<'a, 'b> {
    told: &'a mut Told<'b>,
    files: usize,
}

impl duplicates::Observer for Listening<'_, '_> {
    fn planned(&mut self, files: usize, _: f64) {
        earmark_labelling::Observer::planned(self.told, files);
    }

    fn listened(&mut self, _: f64) {
        self.files += 1;
        earmark_labelling::Observer::done(self.told, self.files);
    }

    fn comparing(&mut self, _: usize) {
        self.told.progress.at("comparing duplicates", 0.0);
    }
}

fn most_first(counts: BTreeMap<String, usize>) -> Counts {
    let mut counts: Counts = counts.into_iter().collect();
    counts.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
    counts
}

fn rate_name(rate_hz: u32) -> String {
    format!("{} kHz", f64::from(rate_hz) / 1000.0)
}

fn channels_name(channels: u16) -> String {
    match channels {
        1 => "mono".into(),
        2 => "stereo".into(),
        _ => format!("{channels} channels"),
    }
}

fn source_name(source: u8) -> &'static str {
    match LabelSource::from_u8(source) {
        Some(LabelSource::FileName) => "file name",
        Some(LabelSource::Metadata) => "metadata",
        Some(LabelSource::Csv) => "table (--labels)",
        None => "unknown",
    }
}

/// A path for people: control and direction characters of hostile names are spelled out.
pub(crate) fn readable(path: &Path) -> String {
    readable_text(&path.to_string_lossy())
}

/// As [`readable`], of any text.
pub(crate) fn readable_text(text: &str) -> String {
    let mut line = String::with_capacity(text.len());
    for character in text.chars() {
        // Characters that turn the direction of writing can make one name look like another.
        let turns =
            matches!(character, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
        if character.is_control() || turns {
            line.extend(character.escape_unicode());
        } else {
            line.push(character);
        }
    }
    line
}
