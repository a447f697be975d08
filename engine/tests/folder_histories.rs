//! Folders change at random, drives come and go, names are spelled anew; after each run of indexing the library agrees
//! with a model in memory, and nothing that it has known is decoded again.
#![allow(clippy::unwrap_used)]

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::sync::LazyLock;
use std::sync::atomic::AtomicBool;
use std::time::{Duration, SystemTime};

use earmark_demo::{SampleFormat, render, wav};
use earmark_engine::index::{LibraryWriter, Manifest, Snapshot, verify};
use earmark_engine::indexing::{Observer, Request, Summary, content_hash, index, model_id, walk_known};
use earmark_engine::network::Network;
use proptest::prelude::*;

static NETWORK: LazyLock<Network> =
    LazyLock::new(|| Network::load(&Path::new(env!("CARGO_MANIFEST_DIR")).join("../models/aisfx")).unwrap());

/// Three short sounds of one size, so that sizes tell nothing.
static CONTENTS: LazyLock<Vec<Vec<u8>>> = LazyLock::new(|| {
    let one = |take| {
        let mut audio = render("glass_tap", 1, take).unwrap();
        let length = audio.sample_rate_hz as usize / 4;
        audio.channels.truncate(1);
        audio.channels[0].truncate(length);
        wav::encode(&audio, SampleFormat::I16, &Default::default())
    };
    (1..4).map(one).collect()
});

const DRIVES: [&str; 2] = ["a", "b"];
/// The last one in both ways to write an é.
const NAMES: [[&str; 2]; 4] = [
    ["x.wav", "x.wav"],
    ["sub/y.wav", "sub/y.wav"],
    ["sub/deep/z.wav", "sub/deep/z.wav"],
    ["sub/G\u{e9}n.wav", "sub/Ge\u{301}n.wav"],
];

#[derive(Clone, Debug)]
enum Deed {
    Put {
        drive: usize,
        name: usize,
        content: usize,
    },
    Remove {
        drive: usize,
        name: usize,
    },
    Move {
        from: (usize, usize),
        to: (usize, usize),
    },
    /// All names of a drive are spelled in the other way, as when another system has copied them.
    Respell(usize),
    /// A drive goes, leaving an empty mount point or nothing.
    Unplug {
        drive: usize,
        mount_point: bool,
    },
    Plug(usize),
    Index,
}

fn deed() -> impl Strategy<Value = Deed> {
    let (drive, name) = (0..DRIVES.len(), 0..NAMES.len());
    let place = (drive.clone(), name.clone());
    prop_oneof![
        6 => (drive.clone(), name.clone(), 0..3usize)
            .prop_map(|(drive, name, content)| Deed::Put { drive, name, content }),
        2 => (drive.clone(), name).prop_map(|(drive, name)| Deed::Remove { drive, name }),
        3 => (place.clone(), place).prop_map(|(from, to)| Deed::Move { from, to }),
        1 => drive.clone().prop_map(Deed::Respell),
        2 => (drive.clone(), any::<bool>())
            .prop_map(|(drive, mount_point)| Deed::Unplug { drive, mount_point }),
        2 => drive.prop_map(Deed::Plug),
        5 => Just(Deed::Index),
    ]
}

struct Silent;

impl Observer for Silent {
    fn planned(&mut self, _: usize, _: u64) {}
    fn tick(&mut self, _: f64) {}
    fn file_done(&mut self, _: &Path, _: u64, _: Option<&str>) {}
}

struct World {
    _owned: tempfile::TempDir,
    dir: PathBuf,
    /// Content of each file on a drive, plugged in or not.
    files: [BTreeMap<usize, usize>; 2],
    spelling: [usize; 2],
    plugged: [bool; 2],
    /// What the library should hold of each drive, by path below it.
    known: [BTreeMap<&'static str, usize>; 2],
    /// Each file written is a second younger than the one before.
    clock: u64,
}

impl World {
    fn new() -> Self {
        let owned = tempfile::tempdir().unwrap();
        let dir = owned.path().canonicalize().unwrap();
        DRIVES.iter().for_each(|drive| fs::create_dir(dir.join(drive)).unwrap());
        Self {
            _owned: owned,
            dir,
            files: Default::default(),
            spelling: [0; 2],
            plugged: [true; 2],
            known: Default::default(),
            clock: 0,
        }
    }

    /// Where a drive's files are, plugged in or not.
    fn drive(&self, drive: usize) -> PathBuf {
        let name = DRIVES[drive];
        self.dir.join(if self.plugged[drive] { name.to_owned() } else { format!("{name}.unplugged") })
    }

    fn path(&self, (drive, name): (usize, usize)) -> PathBuf {
        self.drive(drive).join(NAMES[name][self.spelling[drive]])
    }

    fn act(&mut self, deed: &Deed) {
        match *deed {
            Deed::Put { drive, name, content } => {
                let path = self.path((drive, name));
                fs::create_dir_all(path.parent().unwrap()).unwrap();
                fs::write(&path, &CONTENTS[content]).unwrap();
                self.clock += 1;
                let time = SystemTime::UNIX_EPOCH + Duration::from_secs(1_000_000_000 + self.clock);
                File::options().write(true).open(&path).unwrap().set_modified(time).unwrap();
                self.files[drive].insert(name, content);
            }
            Deed::Remove { drive, name } => {
                if self.files[drive].remove(&name).is_some() {
                    fs::remove_file(self.path((drive, name))).unwrap();
                }
            }
            Deed::Move { from, to } if from != to => {
                if let Some(content) = self.files[from.0].remove(&from.1) {
                    let (from, path) = (self.path(from), self.path(to));
                    fs::create_dir_all(path.parent().unwrap()).unwrap();
                    fs::rename(from, path).unwrap();
                    self.files[to.0].insert(to.1, content);
                }
            }
            Deed::Move { .. } => {}
            Deed::Respell(drive) => {
                let before: Vec<PathBuf> =
                    self.files[drive].keys().map(|name| self.path((drive, *name))).collect();
                self.spelling[drive] ^= 1;
                for (name, before) in self.files[drive].keys().zip(before) {
                    fs::rename(before, self.path((drive, *name))).unwrap();
                }
            }
            Deed::Unplug { drive, mount_point } if self.plugged[drive] => {
                let before = self.drive(drive);
                self.plugged[drive] = false;
                fs::rename(&before, self.drive(drive)).unwrap();
                if mount_point {
                    fs::create_dir(before).unwrap();
                }
            }
            Deed::Plug(drive) if !self.plugged[drive] => {
                let before = self.drive(drive);
                self.plugged[drive] = true;
                let _ = fs::remove_dir(self.drive(drive));
                fs::rename(before, self.drive(drive)).unwrap();
            }
            Deed::Unplug { .. } | Deed::Plug(_) => {}
            Deed::Index => self.index(),
        }
    }

    fn index(&mut self) {
        let library = self.dir.join("library");
        // The library knows of both drives from the beginning.
        if !library.exists() {
            let mut writer = LibraryWriter::open(&library, &model_id(&NETWORK)).unwrap();
            DRIVES.iter().for_each(|drive| drop(writer.add_folder(&self.dir.join(drive)).unwrap()));
            writer.commit(None, &BTreeSet::new()).unwrap();
        }
        let had: BTreeSet<usize> = self.known.iter().flat_map(|known| known.values().copied()).collect();
        let mut fresh = false;
        for drive in 0..DRIVES.len() {
            if self.plugged[drive] && !self.files[drive].is_empty() {
                let spelling = self.spelling[drive];
                self.known[drive] = self.files[drive]
                    .iter()
                    .map(|(name, content)| (NAMES[*name][spelling], *content))
                    .collect();
                fresh |= self.files[drive].values().any(|content| !had.contains(content));
            }
        }
        let summary = self.run(&library);
        assert_eq!(self.found(&library), self.known);
        assert_eq!(summary.audio_s > 0.0, fresh, "only what is new is decoded: {summary:?}");
        let manifest = Manifest::read(&library).unwrap();
        for (drive, name) in DRIVES.iter().enumerate() {
            let root = manifest.roots.iter().find(|root| root.path() == self.dir.join(name)).unwrap();
            let there =
                self.plugged[drive] && (!self.files[drive].is_empty() || self.known[drive].is_empty());
            let never_had = self.known[drive].is_empty();
            assert!(root.offline != there || never_had, "{name}: {root:?}");
        }
        let report = verify(&library).unwrap();
        assert!(report.problems.is_empty(), "{:?}", report.problems);
    }

    fn run(&self, library: &Path) -> Summary {
        let asked: Vec<PathBuf> = DRIVES.iter().map(|drive| self.dir.join(drive)).collect();
        let roots = Manifest::read(library).unwrap().roots;
        let walked = walk_known(&asked, &roots).unwrap();
        let cancel = AtomicBool::new(false);
        let request =
            Request { library, network: &NETWORK, labels: None, jobs: 1, cancel: &cancel, gives_way: false };
        index(&request, walked, &mut Silent).unwrap()
    }

    /// What the library holds of each drive.
    fn found(&self, library: &Path) -> [BTreeMap<&'static str, usize>; 2] {
        let mut found: [BTreeMap<&'static str, usize>; 2] = Default::default();
        let snapshot = Snapshot::open(library).unwrap();
        for (_, sound) in snapshot.sounds() {
            let path = snapshot.full_path(&sound).unwrap();
            let drive = DRIVES.iter().position(|drive| path.starts_with(self.dir.join(drive))).unwrap();
            let rest = path.strip_prefix(self.dir.join(DRIVES[drive])).unwrap();
            let name = NAMES.iter().flatten().find(|name| Path::new(name) == rest).unwrap();
            let content = hashes().iter().position(|hash| *hash == sound.row.hash()).unwrap();
            assert!(found[drive].insert(name, content).is_none(), "{} is there twice", path.display());
        }
        found
    }
}

fn hashes() -> &'static [u128] {
    static HASHES: LazyLock<Vec<u128>> = LazyLock::new(|| {
        let dir = tempfile::tempdir().unwrap();
        let hash = |bytes: &Vec<u8>| {
            let path = dir.path().join("content");
            fs::write(&path, bytes).unwrap();
            content_hash(&path, &|| false).unwrap().unwrap()
        };
        CONTENTS.iter().map(hash).collect()
    });
    &HASHES
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, max_shrink_iters: 200, ..ProptestConfig::default() })]

    #[test]
    fn the_library_follows_its_folders_and_forgets_no_drive(deeds in prop::collection::vec(deed(), 4..28)) {
        let mut world = World::new();
        for deed in &deeds {
            world.act(deed);
        }
        world.act(&Deed::Index);
        DRIVES.iter().enumerate().for_each(|(drive, _)| world.act(&Deed::Plug(drive)));
        world.act(&Deed::Index);
    }
}
