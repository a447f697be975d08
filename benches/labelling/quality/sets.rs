//! The labelled sets as libraries: each file under the name that it had at its source, since words are judged, too.

use std::collections::{BTreeMap, HashMap};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;

use earmark_engine::index::{Segment, SegmentWriter, Snapshot, SoundId, SoundRef};
use earmark_engine::indexing::{self, Observer, Request};
use earmark_engine::network::Network;
use earmark_engine::search::Neighbourhood;
use earmark_engine::ucs::LabelTable;

const MODEL_DIR: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../models/aisfx");

/// A set.
pub(crate) struct Set {
    pub name: String,
    pub snapshot: Snapshot,
    /// Group of each sound's recording, by content.
    pub groups: HashMap<u128, u64>,
    /// The set's own class of each sound.
    pub classes: BTreeMap<SoundId, String>,
    /// The starter bank without this set.
    pub bank: Segment,
}

struct Quiet;

impl Observer for Quiet {
    fn planned(&mut self, _: usize, _: u64) {}
    fn tick(&mut self, _: f64) {}
    fn file_done(&mut self, _: &Path, _: u64, _: Option<&str>) {}
}

/// All sets, or `None` where there are none.
pub(crate) fn all() -> Option<Vec<Set>> {
    let default = concat!(env!("CARGO_MANIFEST_DIR"), "/../../shared/data");
    let data = std::env::var_os("EARMARK_BENCH_SETS").map_or_else(|| default.into(), PathBuf::from);
    let mut names: Vec<PathBuf> = fs::read_dir(data).ok()?.map(|entry| entry.unwrap().path()).collect();
    names.retain(|path| path.join("labels.csv").is_file());
    names.sort();
    let network = Network::load(Path::new(MODEL_DIR)).unwrap();
    Some(names.iter().map(|dir| Set::open(dir, &network)).collect())
}

impl Set {
    fn open(source: &Path, network: &Network) -> Self {
        let name = source.file_name().unwrap().to_string_lossy().into_owned();
        let dir = Path::new(env!("CARGO_TARGET_TMPDIR")).join("labelled-sets").join(&name);
        let mut rows = csv::Reader::from_path(source.join("labels.csv")).unwrap();
        let rows: Vec<csv::StringRecord> = rows.records().map(Result::unwrap).collect();
        let place = |number: usize, row: &csv::StringRecord| {
            let original = row[4].split_once(':').map_or(&row[4], |(_, path)| path);
            let original = Path::new(original.split('#').next().unwrap_or_default()).with_extension("");
            dir.join("sounds").join(format!("{}__{number:04}.ogg", original.display()))
        };
        let complete = Snapshot::open(&dir.join("library")).is_ok_and(|it| it.sounds().count() == rows.len());
        if !complete {
            let mut table = String::from("FilePath,CatID\n");
            for (number, row) in rows.iter().enumerate() {
                let file = place(number, row);
                fs::create_dir_all(file.parent().unwrap()).unwrap();
                fs::copy(source.join(&row[0]), &file).unwrap();
                if !row[3].is_empty() {
                    table += &format!("\"{}\",{}\n", file.display(), &row[3]);
                }
            }
            fs::write(dir.join("labels.csv"), table).unwrap();
            let labels = LabelTable::read_csv(&dir.join("labels.csv")).unwrap();
            let cancel = AtomicBool::new(false);
            let jobs = std::thread::available_parallelism().map_or(1, usize::from);
            let library = dir.join("library");
            let request = Request {
                library: &library,
                network,
                labels: Some(&labels),
                jobs,
                cancel: &cancel,
                gives_way: false,
            };
            let walked = indexing::walk(&[dir.join("sounds")]).unwrap();
            indexing::index(&request, walked, &mut Quiet).unwrap();
        }
        let snapshot = Snapshot::open(&dir.join("library")).unwrap();
        let rows_by_path: HashMap<PathBuf, &csv::StringRecord> =
            rows.iter().enumerate().map(|(number, row)| (place(number, row), row)).collect();
        let mut numbers: HashMap<&str, u64> = HashMap::new();
        let (mut groups, mut classes) = (HashMap::new(), BTreeMap::new());
        for (id, sound) in snapshot.sounds() {
            let row = rows_by_path[&snapshot.full_path(&sound).unwrap()];
            let next = numbers.len() as u64;
            groups.insert(sound.row.hash(), *numbers.entry(&row[2]).or_insert(next));
            classes.insert(id, row[1].to_owned());
        }
        let bank = bank_without(&name, &dir);
        Self { name, snapshot, groups, classes, bank }
    }

    /// Group of a sound: its recording's; of a sound of the bank its own.
    pub(crate) fn group(&self, sound: &SoundRef<'_>) -> u64 {
        let hash = sound.row.hash();
        self.groups.get(&hash).copied().unwrap_or(hash as u64 | 1 << 63)
    }

    /// What is compared, with everything in it but takes of one recording.
    pub(crate) fn neighbourhood<'a>(
        &'a self,
        votes: &'a (dyn Fn(SoundId, &SoundRef<'_>) -> bool + Sync),
        group: &'a (dyn Fn(&SoundRef<'_>) -> u64 + Sync),
    ) -> Neighbourhood<'a> {
        Neighbourhood { bank: Some(&self.bank), votes, group: Some(group), jobs: 2, stop: &|| false }
    }
}

fn bank_without(set: &str, dir: &Path) -> Segment {
    let bank = Segment::open(&Path::new(MODEL_DIR).join("bank.segment")).unwrap();
    let path = dir.join("bank.segment");
    let _ = fs::remove_file(&path);
    let mut writer = SegmentWriter::create(&path, bank.model()).unwrap();
    for sound in bank.sounds() {
        let record = sound.record().unwrap();
        if !record.path.starts_with(format!("{set}/").as_bytes()) {
            writer.add(&record, &frames_of(&sound)).unwrap();
        }
    }
    writer.finish().unwrap()
}

/// The frames of a sound, to be written again.
pub(crate) fn frames_of(sound: &SoundRef<'_>) -> Vec<earmark_engine::index::QuantisedFrame> {
    let frames = sound.frames().unwrap();
    frames
        .map(|(row, vector)| earmark_engine::index::QuantisedFrame {
            start_ms: row.start_ms,
            scale: row.scale,
            norm: row.norm,
            vector: vector.into(),
        })
        .collect()
}
