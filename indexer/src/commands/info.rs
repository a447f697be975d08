//! `earmark info`: what a library holds.

use std::collections::BTreeMap;
use std::fs;
use std::io::Write;

use earmark_engine::index::Snapshot;
use earmark_engine::ucs::{CatIndex, Catalogue};
use serde::Serialize;

use crate::Ending;
use crate::cli::{Global, InfoArgs};
use crate::error::Failure;
use crate::output::{self, JsonPath, counted};

pub(crate) fn run(_: &Global, args: InfoArgs) -> Result<Ending, Failure> {
    let official = args.ucs.as_deref().map(Catalogue::from_official_csv).transpose()?;
    let snapshot = args.library.open()?;
    let info = Info::of(&snapshot, official.as_ref())?;
    if args.json {
        output::print_json(&info)?;
    } else {
        info.print(&snapshot)?;
    }
    Ok(match () {
        () if !snapshot.damage().is_empty() => Ending::Partial,
        () if info.sounds == 0 => Ending::Nothing,
        () => Ending::Found,
    })
}

/// What a library holds, in numbers.
#[derive(Serialize)]
pub(crate) struct Info {
    pub library: JsonPath,
    pub model: String,
    pub model_version: String,
    pub sounds: usize,
    pub hours: f64,
    pub frames: u64,
    pub bytes_on_disk: u64,
    pub segments: usize,
    pub labelled: usize,
    pub labelled_share: f64,
    pub folders: Vec<Folder>,
    pub categories: Vec<Category>,
}

#[derive(Serialize)]
pub(crate) struct Folder {
    #[serde(flatten)]
    pub path: JsonPath,
    pub sounds: usize,
    /// Its drive was not plugged in when it was last looked for.
    pub offline: bool,
}

#[derive(Serialize)]
pub(crate) struct Category {
    pub cat_id: &'static str,
    pub category: &'static str,
    pub subcategory: &'static str,
    pub sounds: usize,
    pub hours: f64,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub explanation: Option<String>,
}

impl Info {
    pub(crate) fn of(snapshot: &Snapshot, official: Option<&Catalogue>) -> Result<Self, Failure> {
        let manifest = snapshot.manifest();
        let (mut sounds, mut seconds, mut frames, mut labelled) = (0, 0.0, 0, 0);
        let mut categories: BTreeMap<CatIndex, (usize, f64)> = BTreeMap::new();
        let mut folders: BTreeMap<u16, usize> = BTreeMap::new();
        for (_, sound) in snapshot.sounds() {
            sounds += 1;
            seconds += sound.row.duration_s;
            frames += u64::from(sound.row.frame_count);
            *folders.entry(sound.row.root).or_default() += 1;
            if let Some(cat) = sound.cat().and_then(CatIndex::new) {
                labelled += 1;
                let (count, length_s) = categories.entry(cat).or_default();
                *count += 1;
                *length_s += sound.row.duration_s;
            }
        }
        let files = fs::read_dir(snapshot.dir()).map_err(Failure::file(snapshot.dir(), "read the folder"))?;
        let bytes = files.flatten().filter_map(|file| Some(file.metadata().ok()?.len())).sum();
        let mut categories: Vec<Category> = categories
            .into_iter()
            .map(|(cat, (sounds, length_s))| {
                let entry = Catalogue::builtin().get(cat);
                Category {
                    cat_id: &entry.cat_id,
                    category: &entry.category,
                    subcategory: &entry.subcategory,
                    sounds,
                    hours: length_s / 3600.0,
                    explanation: official.and_then(|list| list.get(cat).explanation.clone()),
                }
            })
            .collect();
        categories.sort_by_key(|category| std::cmp::Reverse(category.sounds));
        let folder = |root: &earmark_engine::index::Root| Folder {
            path: root.path().as_path().into(),
            sounds: folders.get(&root.id).copied().unwrap_or_default(),
            offline: root.offline,
        };
        Ok(Self {
            library: snapshot.dir().into(),
            model: manifest.model.name.clone(),
            model_version: manifest.model.version.clone(),
            sounds,
            hours: seconds / 3600.0,
            frames,
            bytes_on_disk: bytes,
            segments: manifest.segments.len(),
            labelled,
            labelled_share: if sounds == 0 { 0.0 } else { labelled as f64 / sounds as f64 },
            folders: manifest.roots.iter().map(folder).collect(),
            categories,
        })
    }

    fn print(&self, snapshot: &Snapshot) -> Result<(), Failure> {
        let mut out = anstream::stdout().lock();
        let (strong, faint) = (output::STRONG, output::FAINT);
        writeln!(out, "{strong}{}{strong:#}", snapshot.dir().display())?;
        writeln!(out, "  sounds    {} ({:.2} h)", output::thousands(self.sounds as u64), self.hours)?;
        writeln!(out, "  frames    {}", output::thousands(self.frames))?;
        let segments = counted(self.segments, "segment");
        writeln!(out, "  on disk   {} in {segments}", output::size(self.bytes_on_disk))?;
        let share = self.labelled_share * 100.0;
        writeln!(out, "  labelled  {} ({share:.1} %)", output::thousands(self.labelled as u64))?;
        writeln!(out, "  model     {} {}", self.model, self.model_version)?;
        for (root, folder) in snapshot.manifest().roots.iter().zip(&self.folders) {
            write!(out, "  folder    ")?;
            output::write_path(&root.path())?;
            let state = if folder.offline { ", offline" } else { "" };
            writeln!(out, " ({}{state})", counted(folder.sounds, "sound"))?;
        }
        if !self.categories.is_empty() {
            writeln!(out, "\n{faint}  sounds     hours  CatID       category{faint:#}")?;
        }
        for category in &self.categories {
            writeln!(
                out,
                "{:>8} {:>9.2}  {:<10}  {} {}",
                output::thousands(category.sounds as u64),
                category.hours,
                category.cat_id,
                category.category,
                category.subcategory
            )?;
            if let Some(text) = &category.explanation {
                writeln!(out, "{faint}{:30}{text}{faint:#}", "")?;
            }
        }
        Ok(())
    }
}
