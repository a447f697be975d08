//! What the fuzz target of the writers does with its bytes: a file is written to as `earmark write` does it, and taken
//! back.
//!
//! Whatever the bytes are, the file is refused and left as it is, or all of its samples stay as the engine decodes them,
//! a second time there is nothing to do, and undo gives the very bytes back. Apart from the other targets, since it needs
//! a crate that builds on the engine.

use std::fs;
use std::io::Cursor;
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;

use earmark_engine::audio::AudioReader;
use earmark_relabel::{
    Applied, ApplyOptions, Entry, Fields, FileState, Outcome, Place, Plan, Targets, UndoOutcome, apply, undo,
};
use xxhash_rust::xxh3::Xxh3;

/// Samples of all channels that are compared of one input; longer ones repeat themselves.
const MAX_SAMPLES: usize = 1 << 18;

thread_local! {
    static DESK: Desk = Desk::new();
}

/// One input.
pub(crate) fn rewriting(bytes: &[u8]) {
    DESK.with(|desk| desk.write_and_take_back(bytes));
}

/// A folder with one file and its journals, in memory where the system has such a place.
struct Desk {
    folder: tempfile::TempDir,
}

impl Desk {
    fn new() -> Self {
        let folder = tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir());
        Self { folder: folder.expect("a temporary folder can be made") }
    }

    fn file(&self) -> PathBuf {
        self.folder.path().join("sound")
    }

    fn write_and_take_back(&self, bytes: &[u8]) {
        fs::write(self.file(), bytes).expect("a file can be written");
        // The first byte of many formats is fixed, the length is not.
        let targets = if bytes.len().is_multiple_of(2) { Targets::default() } else { everywhere() };
        let applied = self.apply(targets);
        let journal = match (&applied.outcomes[..], &applied.journal) {
            ([Outcome::Done { written: true, .. }], Some(journal)) => journal.clone(),
            ([Outcome::Failed(error)], _) => {
                let _ = error.to_string();
                return assert_eq!(self.now(), bytes, "a refused file is another");
            }
            ([Outcome::Already], None) => return assert_eq!(self.now(), bytes),
            (outcomes, journal) => panic!("{outcomes:?}, {journal:?}"),
        };
        let new = self.now();
        let (before, after) = (samples(bytes), samples(&new));
        // Headers that are written anew may be right where they were not.
        assert!(before == UNREADABLE || before == after, "the samples are others: {before:?}, {after:?}");
        let again = self.apply(targets);
        assert!(matches!(again.outcomes[..], [Outcome::Already]), "{:?}", again.outcomes);
        assert!(self.now() == new, "a second time changes something");
        let undone = undo(&journal, &AtomicBool::new(false)).expect("a journal can be read");
        assert!(matches!(undone.outcomes[..], [(_, UndoOutcome::Restored)]), "{:?}", undone.outcomes);
        assert!(self.now() == bytes, "undo does not give the bytes back");
        fs::remove_dir_all(journal).expect("a journal can be removed");
    }

    fn apply(&self, targets: Targets) -> Applied {
        let path = self.file();
        let state = FileState::of(&path).expect("the file is there");
        let (from, problem) = (String::new(), None);
        let entry = Entry { path, name: None, fields: fields(), state, from, problem };
        let options = ApplyOptions {
            journals: &self.folder.path().join("journals"),
            targets,
            keep_times: false,
            cancel: &AtomicBool::new(false),
        };
        apply(&Plan::new("fuzz", vec![entry]), &options, &mut |_, _| {}).expect("a journal can be begun")
    }

    fn now(&self) -> Vec<u8> {
        fs::read(self.file()).expect("the file is there")
    }
}

fn everywhere() -> Targets {
    let all = Place::Always;
    Targets { ixml: all, bext: all, info: all, id3: all }
}

fn fields() -> Fields {
    let text = |text: &str| Some(text.to_owned());
    Fields {
        cat_id: text("DOORWood"),
        fx_name: text("Knarz & <Ächz> 🚪"),
        creator_id: text("JOE"),
        source_id: text("SHOW"),
        user_category: text("EXT"),
        vendor_category: text("Barn"),
        user_data: text("MKH"),
        keywords: text("a, b; c"),
        description: text("Old door\nof a barn"),
    }
}

/// Sample rate, channels, fingerprint and number of the samples, and whether they end in an error.
type Samples = (u32, u16, u64, usize, bool);

const UNREADABLE: Samples = (0, 0, 0, 0, true);

/// The samples as the engine decodes them.
fn samples(bytes: &[u8]) -> Samples {
    let media = Box::new(Cursor::new(bytes.to_vec()));
    let Ok(mut reader) = AudioReader::from_media(media, Path::new("input")) else {
        return UNREADABLE;
    };
    let (rate_hz, channels) = (reader.format().sample_rate_hz, reader.format().channels);
    let (mut hash, mut count) = (Xxh3::new(), 0);
    let failed = loop {
        match reader.next_block() {
            Ok(Some(block)) => {
                block.iter().for_each(|sample| hash.update(&sample.to_bits().to_le_bytes()));
                count += block.len();
            }
            Ok(None) => break false,
            Err(_) => break true,
        }
        if count > MAX_SAMPLES {
            break false;
        }
    };
    (rate_hz, channels, hash.digest(), count, failed)
}
