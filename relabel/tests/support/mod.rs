//! Folders, plans and chance for the tests of this crate.
#![allow(dead_code, reason = "each test file uses a part of it")]

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;
use std::time::{Duration, SystemTime};

use earmark_relabel::{
    Applied, ApplyOptions, Entry, Fields, FileState, Outcome, Plan, Suggestion, Targets, UndoOutcome, Undone,
    WriteOptions, apply, plan_write, undo,
};

/// SplitMix64: the same corpus in every run.
pub(crate) struct Chance(pub(crate) u64);

impl Chance {
    pub(crate) fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut value = self.0;
        value = (value ^ (value >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        value = (value ^ (value >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((value ^ (value >> 31)) % bound as u64) as usize
    }

    pub(crate) fn one_in(&mut self, bound: usize) -> bool {
        self.below(bound) == 0
    }

    pub(crate) fn bytes(&mut self, length: usize) -> Vec<u8> {
        (0..length).map(|_| self.below(256) as u8).collect()
    }
}

/// A folder of sounds with a folder of journals beside it.
pub(crate) struct Desk {
    pub(crate) dir: tempfile::TempDir,
}

impl Desk {
    pub(crate) fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        fs::create_dir(dir.path().join("sounds")).unwrap();
        Self { dir }
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join("sounds").join(name)
    }

    /// Writes a file that looks an hour old.
    pub(crate) fn write(&self, name: &str, bytes: &[u8]) -> PathBuf {
        let path = self.path(name);
        fs::write(&path, bytes).unwrap();
        let file = fs::File::options().write(true).open(&path).unwrap();
        file.set_modified(SystemTime::now() - Duration::from_secs(3600)).unwrap();
        path
    }

    pub(crate) fn journals(&self) -> PathBuf {
        self.dir.path().join("journals")
    }

    pub(crate) fn apply_into(&self, plan: &Plan, targets: Targets, keep_times: bool) -> Applied {
        let cancel = AtomicBool::new(false);
        let options = ApplyOptions { journals: &self.journals(), targets, keep_times, cancel: &cancel };
        apply(plan, &options, &mut |_, _| {}).unwrap()
    }

    pub(crate) fn apply(&self, plan: &Plan) -> Applied {
        self.apply_into(plan, Targets::default(), false)
    }

    pub(crate) fn undo(&self, applied: &Applied) -> Undone {
        undo(applied.journal.as_ref().unwrap(), &AtomicBool::new(false)).unwrap()
    }

    /// Names of the sounds, sorted.
    pub(crate) fn names(&self) -> Vec<String> {
        let entries = fs::read_dir(self.dir.path().join("sounds")).unwrap();
        let mut names: Vec<String> =
            entries.map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned()).collect();
        names.sort();
        names
    }
}

/// An entry for a file as it is now.
pub(crate) fn entry(path: &Path, name: Option<&str>, fields: Fields) -> Entry {
    Entry {
        path: path.to_owned(),
        name: name.map(str::to_owned),
        fields,
        state: FileState::of(path).unwrap(),
        from: "test".into(),
        problem: None,
    }
}

pub(crate) fn fields(cat_id: &str, fx_name: &str) -> Fields {
    Fields {
        cat_id: Some(cat_id.into()),
        fx_name: Some(fx_name.into()),
        creator_id: Some("JOE".into()),
        source_id: Some("SHOW".into()),
        ..Fields::default()
    }
}

/// How many changes, and how many sounds that are right, are proposed for a sound that is to say what [`fields`] of
/// `DOORWood` and `Creak` are.
pub(crate) fn proposed_again(path: &Path) -> (usize, usize) {
    let suggestion =
        Suggestion { path: path.to_owned(), fields: fields("DOORWood", "Creak"), ..Suggestion::default() };
    let proposed = plan_write([suggestion], &WriteOptions::default(), "again");
    (proposed.plan.entries.len(), proposed.right)
}

/// Asserts that everything was done.
pub(crate) fn all_done(applied: &Applied) {
    for outcome in &applied.outcomes {
        assert!(matches!(outcome, Outcome::Done { .. }), "{outcome:?}");
    }
    assert!(applied.stopped.is_none());
}

/// Asserts that everything was taken back.
pub(crate) fn all_undone(undone: &Undone) {
    for (path, outcome) in &undone.outcomes {
        let good = matches!(outcome, UndoOutcome::Restored | UndoOutcome::Renamed(_));
        assert!(good, "{}: {outcome:?}", path.display());
    }
}
