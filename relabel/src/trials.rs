//! A run that is killed, whose disk fills up or fails once, at every single step: each file is old or new, never half,
//! and the journal lets an undo or another run finish.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;
use std::time::{Duration, SystemTime};

use earmark_demo::{Audio, SampleFormat, wav};
use earmark_engine::audio::AudioReader;

use crate::faults::{Fault, arm, disarm};
use crate::{
    ApplyOptions, Entry, Fields, FileState, Outcome, Plan, Targets, UndoOutcome, apply, journals, undo,
};

struct Stage {
    dir: tempfile::TempDir,
    plan: Plan,
    /// Bytes of each file before.
    before: BTreeMap<PathBuf, Vec<u8>>,
}

/// `a` is written to, `b` and `c` change names, `d` is written to and gets a name that another leaves.
fn stage() -> Stage {
    let dir = tempfile::tempdir().unwrap();
    let sounds = dir.path().join("sounds");
    fs::create_dir(&sounds).unwrap();
    let mut before = BTreeMap::new();
    let mut entries = Vec::new();
    let fields =
        || Fields { cat_id: Some("DOORWood".into()), fx_name: Some("Creak".into()), ..Fields::default() };
    let plan = [
        ("a.wav", None, fields()),
        ("b.wav", Some("c.wav"), Fields::default()),
        ("c.wav", Some("b.wav"), Fields::default()),
        ("d.wav", Some("e.wav"), fields()),
        ("e.wav", Some("f.wav"), Fields::default()),
    ];
    for (at, (file, name, fields)) in plan.into_iter().enumerate() {
        let path = sounds.join(file);
        let tone = (0..400 + 50 * at).map(|n| (n * (at + 1)) as f32 / 40_000.0).collect();
        let audio = Audio { sample_rate_hz: 44_100, channels: vec![tone] };
        let bytes = wav::encode(&audio, SampleFormat::I16, &Default::default());
        fs::write(&path, &bytes).unwrap();
        let time = SystemTime::now() - Duration::from_secs(3600 + at as u64);
        fs::File::options().write(true).open(&path).unwrap().set_modified(time).unwrap();
        let state = FileState::of(&path).unwrap();
        entries.push(Entry {
            path: path.clone(),
            name: name.map(str::to_owned),
            fields,
            state,
            from: String::new(),
            problem: None,
        });
        before.insert(path, bytes);
    }
    Stage { plan: Plan::new("trial", entries), dir, before }
}

impl Stage {
    fn journals(&self) -> PathBuf {
        self.dir.path().join("journals")
    }

    fn apply(&self) -> Result<crate::Applied, crate::ChangeError> {
        let cancel = AtomicBool::new(false);
        let targets = Targets::default();
        let options =
            ApplyOptions { journals: &self.journals(), targets, keep_times: false, cancel: &cancel };
        apply(&self.plan, &options, &mut |_, _| {})
    }

    /// All files of the sounds' folder.
    fn files(&self) -> BTreeMap<PathBuf, Vec<u8>> {
        let entries = fs::read_dir(self.dir.path().join("sounds")).unwrap();
        let paths = entries.map(|entry| entry.unwrap().path());
        paths.map(|path| (path.clone(), fs::read(path).unwrap())).collect()
    }

    /// Every sound is there once, whole, old or new.
    fn expect_whole(&self, when: &str) {
        let mut samples = Vec::new();
        for path in self.files().keys().filter(|path| path.extension().is_some_and(|ending| ending != "tmp"))
        {
            samples
                .push(samples_of(path).unwrap_or_else(|| panic!("{when}: {} is no sound", path.display())));
        }
        samples.sort_unstable();
        assert_eq!(samples, [400, 450, 500, 550, 600], "{when}");
    }

    fn undo_all(&self, when: &str) {
        for journal in journals(&self.journals()).iter().rev() {
            let undone = undo(&journal.dir, &AtomicBool::new(false)).unwrap();
            for (path, outcome) in &undone.outcomes {
                let good =
                    matches!(outcome, UndoOutcome::Restored | UndoOutcome::Renamed(_) | UndoOutcome::Nothing);
                assert!(good, "{when}: {}: {outcome:?}", path.display());
            }
        }
        assert_eq!(self.files(), self.before, "{when}: not as it was");
    }

    fn finish(&self, when: &str) {
        let applied = self.apply().unwrap();
        for outcome in &applied.outcomes {
            assert!(matches!(outcome, Outcome::Done { .. } | Outcome::Already), "{when}: {outcome:?}");
        }
        let files = self.files();
        let names: Vec<_> = files.keys().map(|path| path.file_name().unwrap().to_str().unwrap()).collect();
        assert_eq!(names, ["a.wav", "b.wav", "c.wav", "e.wav", "f.wav"], "{when}");
        for (name, samples, written) in
            [("a", 400, true), ("b", 500, false), ("c", 450, false), ("e", 550, true), ("f", 600, false)]
        {
            let path = self.dir.path().join("sounds").join(format!("{name}.wav"));
            assert_eq!(samples_of(&path), Some(samples), "{when}: {name}");
            let cat_id = AudioReader::open(&path).unwrap().metadata().cat_id.clone();
            assert_eq!(cat_id.is_some(), written, "{when}: {name}");
        }
    }
}

fn samples_of(path: &Path) -> Option<u64> {
    AudioReader::open(path).ok()?.format().samples_per_channel
}

/// Does something with the fault at every step in turn.
fn at_every_step(fault: Fault, mut after: impl FnMut(&Stage, &str)) -> usize {
    for step in 0.. {
        let stage = stage();
        arm(step, fault);
        let applied = stage.apply();
        let steps = disarm();
        if step >= steps {
            assert!(applied.is_ok());
            return steps;
        }
        let when = format!("{fault:?} at step {step}");
        stage.expect_whole(&when);
        if let Ok(applied) = &applied
            && fault != Fault::Kill
        {
            // What is said to have failed is as it was, but for a file that was written to and kept its name.
            for (entry, outcome) in stage.plan.entries.iter().zip(&applied.outcomes) {
                if matches!(outcome, Outcome::Failed(_)) && entry.name.is_none() {
                    assert_eq!(fs::read(&entry.path).unwrap(), stage.before[&entry.path], "{when}");
                }
            }
        }
        after(&stage, &when);
    }
    0
}

#[test]
fn a_run_that_is_killed_at_any_step_can_be_taken_back() {
    let steps = at_every_step(Fault::Kill, |stage, when| stage.undo_all(when));
    assert!(steps > 40, "only {steps} steps");
}

#[test]
fn a_run_that_is_killed_at_any_step_can_be_finished_and_then_taken_back() {
    at_every_step(Fault::Kill, |stage, when| {
        stage.finish(when);
        stage.undo_all(when);
    });
}

#[test]
fn a_disk_that_is_full_or_fails_once_harms_no_file() {
    for fault in [Fault::DiskFull, Fault::Once] {
        at_every_step(fault, |stage, when| {
            stage.finish(when);
            stage.undo_all(when);
        });
    }
}

#[test]
fn an_undo_that_is_killed_at_any_step_can_be_done_again() {
    for step in 0.. {
        let stage = stage();
        stage.finish("before");
        let journal = journals(&stage.journals()).pop().unwrap().dir;
        arm(step, Fault::Kill);
        let _ = undo(&journal, &AtomicBool::new(false));
        let steps = disarm();
        stage.expect_whole(&format!("undo killed at step {step}"));
        stage.undo_all(&format!("undo killed at step {step}"));
        if step >= steps {
            break;
        }
    }
}
