//! `earmark rename`, `earmark write` and `earmark undo`: plans, their execution, and the way back.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::thread;
use std::time::Duration;

use crate::support::{Bench, Chance, Running, age, decoded_nothing, names, snippet_of, tally};

/// The bytes of all sounds by their names.
fn sounds(bench: &Bench) -> Vec<(String, Vec<u8>)> {
    let entries = fs::read_dir(bench.sounds()).unwrap().map(|entry| entry.unwrap().path());
    let mut sounds: Vec<_> = entries
        .map(|path| (path.file_name().unwrap().to_string_lossy().into_owned(), fs::read(path).unwrap()))
        .collect();
    sounds.sort();
    sounds
}

fn sound_names(bench: &Bench) -> Vec<String> {
    sounds(bench).into_iter().map(|(name, _)| name).collect()
}

/// A bench with two sounds that a table labels.
fn labelled() -> Bench {
    let bench = Bench::new();
    bench.snippet("old door.wav", "wood_plank", 1);
    bench.snippet("bell.wav", "handbell", 1);
    bench.write("labels.csv", b"Filename,CatID\nold door.wav,DOORWood\nbell.wav,BELLHand\n");
    bench.run(["index", "sounds", "--labels", "labels.csv"]).ended(0);
    bench
}

#[test]
fn names_are_proposed_given_and_taken_back_and_nothing_is_decoded_again() {
    let bench = labelled();
    let before = sounds(&bench);
    let ran = bench.run(["rename", "--creator", "JOE", "--source", "SHOW"]).ended(0);
    assert!(ran.out.contains("old door.wav -> DOORWood_old door_JOE_SHOW.wav"), "{}", ran.out);
    assert!(ran.out.contains("Nothing was changed"), "{}", ran.out);
    bench.run(["rename", "--creator", "JOE", "--source", "SHOW", "-o", "plan.toml"]).ended(0);
    assert_eq!(sounds(&bench), before);
    let plan = fs::read_to_string(bench.dir().join("plan.toml")).unwrap();
    fs::write(bench.dir().join("plan.toml"), plan.replace("_bell_", "_Hand Bell_")).unwrap();
    let ran = bench.run(["rename", "--apply", "plan.toml"]).ended(0);
    assert!(ran.out.starts_with("2 sounds renamed\n`earmark undo 2"), "{}", ran.out);
    let given = ["BELLHand_Hand Bell_JOE_SHOW.wav", "DOORWood_old door_JOE_SHOW.wav"];
    assert_eq!(sound_names(&bench), given);
    assert_eq!(bench.known(), given.map(|name| format!("sounds/{name}")));
    let summary = bench.index();
    assert_eq!(tally(&summary), "2 unchanged");
    decoded_nothing(&summary);
    assert_eq!(bench.run(["rename", "--apply", "plan.toml", "--json"]).ended(0).json()["already"], 2);
    let list = bench.run(["undo", "--list"]).ended(0);
    assert!(list.out.contains("2 steps") && list.out.contains("labels of the library"), "{}", list.out);
    let ran = bench.run(["undo"]).ended(0);
    assert!(ran.out.contains("2 names given back"), "{}", ran.out);
    assert_eq!(sounds(&bench), before);
    let summary = bench.index();
    assert_eq!(tally(&summary), "2 unchanged");
    decoded_nothing(&summary);
    bench.run(["undo"]).ended(1);
    bench.run(["verify"]).ended(0);
}

#[test]
fn fields_are_written_found_and_taken_back_and_nothing_is_decoded_again() {
    let bench = labelled();
    let before = sounds(&bench);
    bench.run(["write", "--creator", "JOE", "-o", "plan.toml"]).ended(0);
    assert_eq!(sounds(&bench), before);
    let plan = fs::read_to_string(bench.dir().join("plan.toml")).unwrap();
    let plan = plan.replace("cat_id = \"BELLHand\"\n", "cat_id = \"BELLHand\"\nfx_name = \"Dinner Bell\"\n");
    fs::write(bench.dir().join("plan.toml"), plan).unwrap();
    let ran = bench.run(["write", "--apply", "plan.toml"]).ended(0);
    assert!(ran.out.starts_with("2 sounds written to"), "{}", ran.out);
    assert_ne!(sounds(&bench), before);
    // The door says all of it now; the bell's name was given by hand, and whoever asks anew has none to change.
    let again = bench.run(["write", "--creator", "JOE"]).ended(1);
    assert!(again.out.starts_with("0 sounds to write, 2 right already"), "{}", again.out);
    let other = bench.run(["write", "--creator", "ANN", "--into", "id3", "--json"]).ended(0).json();
    assert_eq!(
        (other["sounds"].as_array().unwrap().len(), other["right"].as_u64()),
        (2, Some(0)),
        "{other:#}"
    );
    let asked = bench.write("asked.wav", &snippet_of("handbell", 2));
    assert_eq!(names(&bench.find(&asked, &["--filter", "dinner"])), ["bell.wav"]);
    let summary = bench.index();
    assert_eq!(tally(&summary), "2 unchanged");
    decoded_nothing(&summary);
    // The label is in the file now: a library that begins anew finds it.
    let fresh = bench.run(["index", "sounds", "--library", "fresh", "--json"]).ended(0).json();
    assert_eq!(tally(&fresh), "2 new");
    let info = bench.run(["info", "--library", "fresh", "--json"]).ended(0).out;
    assert!(info.contains("DOORWood") && info.contains("BELLHand"), "{info}");
    bench.run(["undo"]).ended(0);
    assert_eq!(sounds(&bench), before);
    let summary = bench.index();
    assert_eq!(tally(&summary), "2 unchanged");
    decoded_nothing(&summary);
    bench.run(["verify"]).ended(0);
}

#[test]
fn a_plan_of_names_and_fields_is_carried_out_as_a_whole_and_keeps_times() {
    let bench = labelled();
    let before = sounds(&bench);
    let time = fs::metadata(bench.sounds().join("bell.wav")).unwrap().modified().unwrap();
    let args =
        ["write", "--rename", "--creator", "JOE", "--source", "SHOW", "-o", "plan.toml", "--filter", "BELL*"];
    bench.run(args).ended(0);
    bench.run(["rename", "--apply", "plan.toml"]).refused(&["plan.toml", "earmark write --apply"]);
    bench.run(["write", "--apply", "plan.toml", "--keep-times"]).ended(0);
    let renamed = bench.sounds().join("BELLHand_bell_JOE_SHOW.wav");
    assert_eq!(fs::metadata(&renamed).unwrap().modified().unwrap(), time);
    let summary = bench.index();
    assert_eq!(tally(&summary), "2 unchanged");
    decoded_nothing(&summary);
    assert_eq!(bench.run(["write", "--apply", "plan.toml", "--json"]).ended(0).json()["already"], 1);
    bench.run(["undo"]).ended(0);
    assert_eq!(sounds(&bench), before);
    assert_eq!(tally(&bench.index()), "2 unchanged");
}

#[test]
fn suggestions_come_from_tables_and_json_by_how_sure_they_are() {
    let bench = Bench::new();
    bench.snippet("a.wav", "wood_plank", 1);
    bench.snippet("b.wav", "handbell", 1);
    let table = "FilePath,CatID,FXName,CreatorID,SourceID,Share\nsounds/a.wav,DOORWood,Creak,JOE,SHOW,0.9\nsounds/b.wav,BELLHand,Bell,JOE,SHOW,0.5\n";
    bench.write("tags.csv", table.as_bytes());
    let ran = bench.run(["rename", "--from", "tags.csv", "--at-least", "80", "--json"]).ended(0).json();
    assert_eq!(ran["undecided"], 1);
    assert_eq!(ran["sounds"][0]["name"], "DOORWood_Creak_JOE_SHOW.wav");
    assert_eq!(ran["sounds"][0]["from"], "tags.csv (90 %)");
    let sound =
        r#"{"sounds": [{"path": "sounds/b.wav", "suggestions": [{"cat_id": "BELLHand", "share": 0.95}]}]}"#;
    bench.write("tags.json", sound.as_bytes());
    let ran = bench.run(["rename", "--from", "tags.json", "--json"]).ended(0).json();
    assert!(ran["sounds"][0]["problem"].as_str().unwrap().contains("--creator"), "{ran:#}");
    let ran = bench.run(["write", "--from", "tags.json", "--json"]).ended(0).json();
    assert_eq!(ran["sounds"][0]["fields"]["cat_id"], "BELLHand");
    bench.run(["rename", "--from", "nosuch.csv"]).refused(&["nosuch.csv", "cannot be read"]);
    bench.write("odd.csv", b"a,b\n1,2\n");
    bench.run(["rename", "--from", "odd.csv"]).refused(&["odd.csv", "FilePath"]);
}

#[test]
fn what_is_no_plan_is_refused_and_never_written_over() {
    let bench = labelled();
    bench.write("note.txt", b"my note");
    bench.run(["write", "-o", "note.txt"]).refused(&["note.txt", "no plan"]);
    assert_eq!(fs::read(bench.dir().join("note.txt")).unwrap(), b"my note");
    bench.run(["rename", "--apply", "note.txt"]).refused(&["note.txt", "no plan", "line 1"]);
    bench.run(["write", "--apply", "nosuch"]).refused(&["nosuch", "cannot read"]);
    bench.run(["undo", "nosuch"]).refused(&["nosuch", "no journal"]);
    bench.run(["write", "-o", "plan.toml"]).ended(0);
    bench.run(["write", "-o", "plan.toml"]).ended(0);
}

#[test]
fn a_file_that_cannot_be_changed_is_named_and_the_rest_is_done() {
    let bench = labelled();
    bench.write("sounds/broken.wav", b"RIFF\x10\0\0\0WAVEfmt \x10\0\0\0");
    let table = "FilePath,CatID\nsounds/broken.wav,DOORWood\nsounds/bell.wav,BELLHand\nsounds/gone.wav,DOORWood\nsounds/old door.wav,DOORWood\n";
    bench.write("tags.csv", table.as_bytes());
    let ran = bench.run(["write", "--from", "tags.csv", "-o", "plan.toml"]).ended(0);
    assert!(ran.out.contains("2 with a problem"), "{}", ran.out);
    assert!(ran.out.contains("broken.wav: is damaged"), "{}", ran.out);
    fs::write(bench.sounds().join("old door.wav"), snippet_of("wood_plank", 5)).unwrap();
    let ran = bench.run(["write", "--apply", "plan.toml"]).ended(2);
    assert!(ran.out.starts_with("1 sound written to, 1 sound left as they were"), "{}", ran.out);
    assert!(ran.err.contains("old door.wav: has changed"), "{}", ran.err);
}

#[cfg(unix)]
#[test]
fn read_only_files_and_folders_are_named_and_left_alone() {
    use std::os::unix::fs::PermissionsExt;
    let bench = labelled();
    bench.write("sounds/locked/c.wav", &snippet_of("glass_tap", 1));
    let table = "FilePath,CatID\nsounds/bell.wav,BELLHand\nsounds/old door.wav,DOORWood\nsounds/locked/c.wav,GLASMisc\n";
    bench.write("tags.csv", table.as_bytes());
    bench.run(["write", "--from", "tags.csv", "-o", "plan.toml"]).ended(0);
    let Some(mut command) = crate::support::without_rights(&bench) else { return };
    let allow = |name: &str, mode| {
        fs::set_permissions(bench.sounds().join(name), fs::Permissions::from_mode(mode)).unwrap();
    };
    allow("bell.wav", 0o444);
    allow("locked", 0o555);
    let ran: crate::support::Ran = command.args(["write", "--apply", "plan.toml"]).output().unwrap().into();
    allow("locked", 0o755);
    let ran = ran.ended(2);
    assert!(ran.err.contains("bell.wav: is read-only"), "{}", ran.err);
    assert!(ran.err.contains("c.wav: cannot make a new file beside it"), "{}", ran.err);
    assert!(ran.out.starts_with("1 sound written to, 2 sounds left"), "{}", ran.out);
    let mode = fs::metadata(bench.sounds().join("bell.wav")).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o444);
}

#[cfg(unix)]
#[test]
fn links_rights_and_marks_stay() {
    use std::os::unix::fs::{PermissionsExt, symlink};
    let bench = labelled();
    let bell = bench.sounds().join("bell.wav");
    fs::set_permissions(&bell, fs::Permissions::from_mode(0o640)).unwrap();
    let link = bench.dir().join("link.wav");
    symlink(&bell, &link).unwrap();
    bench.write("tags.csv", b"FilePath,CatID\nlink.wav,BELLHand\n");
    bench.run(["write", "--from", "tags.csv", "-o", "plan.toml"]).ended(0);
    bench.run(["write", "--apply", "plan.toml"]).ended(0);
    assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
    assert_eq!(fs::metadata(&bell).unwrap().permissions().mode() & 0o777, 0o640);
    assert!(fs::read(&bell).unwrap().windows(8).any(|part| part == b"BELLHand"));
}

#[test]
fn a_full_disk_is_told_and_no_file_is_harmed() {
    let Some(unshare) = crate::support::program("unshare") else { return };
    let bench = Bench::new();
    bench.write("sound.wav", &snippet_of("glass_tap", 1));
    // Room for the sound and less than another half of it; the disk is visible to this one process and goes with it.
    let text = "mount -t tmpfs -o size=64k small sounds || exit 99
        cp -p sound.wav sounds/a.wav
        printf 'FilePath,CatID\\nsounds/a.wav,GLASMisc\\n' > tags.csv
        \"$EARMARK\" write --from tags.csv -o plan.toml --quiet || exit 98
        \"$EARMARK\" write --apply plan.toml; echo write: $?
        cmp sound.wav sounds/a.wav && ls -A sounds";
    let mut shell = std::process::Command::new(unshare);
    bench.prepare(&mut shell);
    shell.env("EARMARK", env!("CARGO_BIN_EXE_earmark"));
    shell.args(["--user", "--map-root-user", "--mount", "sh", "-c", text]);
    let ran: crate::support::Ran = shell.output().unwrap().into();
    if ran.status == 99 || ran.err.starts_with("unshare") {
        eprintln!("skipped: no disk can be made here: {}", ran.err);
        return;
    }
    assert!(ran.err.contains("a.wav: the disk is full"), "{ran:?}");
    assert!(ran.out.ends_with("write: 2\na.wav\n"), "{ran:?}");
}

#[test]
fn a_kill_at_any_moment_leaves_every_file_old_or_new() {
    const SOUNDS: usize = 40;
    let bench = Bench::new();
    let bytes = snippet_of("glass_tap", 1);
    let mut table = String::from("FilePath,CatID,FXName,CreatorID,SourceID\n");
    for number in 0..SOUNDS {
        bench.write(format!("sounds/{number:02}.wav"), &[&bytes[..], &[0; 2].repeat(number)].concat());
        // Their names change places, too.
        table += &format!("sounds/{number:02}.wav,GLASMisc,Tap {number:02},JOE,SHOW\n");
    }
    bench.write("tags.csv", table.as_bytes());
    let before = sounds(&bench);
    let journals = bench.dir().join(".local/share/earmark/journals");
    let mut chance = Chance(11);
    let mut at_work = 0;
    for round in 0..8 {
        for (name, _) in &before {
            age(&bench.sounds().join(name));
        }
        fs::remove_file(bench.dir().join("plan.toml")).ok();
        bench.run(["write", "--rename", "--from", "tags.csv", "-o", "plan.toml", "--quiet"]).ended(0);
        let mut command = bench.command();
        command.args(["write", "--apply", "plan.toml"]).stdout(Stdio::null()).stderr(Stdio::null());
        let known = journal_dirs(&journals);
        let mut child = Running::start(&mut command);
        // Counted in what the journal says, so that a busy machine kills at the same moments.
        let lines = chance.below(4 * SOUNDS as u64) as usize;
        while child.try_wait().unwrap().is_none() && new_lines(&journals, &known) < lines {
            thread::yield_now();
        }
        thread::sleep(Duration::from_micros(chance.below(2000)));
        at_work += usize::from(child.try_wait().unwrap().is_none());
        child.kill().unwrap();
        child.wait().unwrap();
        let now = sounds(&bench);
        let whole = now.iter().filter(|(name, _)| name.ends_with(".wav")).count();
        let aside = now.iter().filter(|(name, _)| name.ends_with(".aside")).count();
        assert_eq!(whole + aside, SOUNDS, "round {round}: {:?}", sound_names(&bench));
        for (name, bytes) in now.iter().filter(|(name, _)| name.ends_with(".wav")) {
            let size = u32::from_le_bytes(bytes[4..8].try_into().unwrap()) as usize + 8;
            let old = before.iter().any(|(_, old)| old == bytes);
            assert!(old || bytes.windows(8).any(|part| part == b"GLASMisc"), "round {round}: {name}");
            assert!(size <= bytes.len(), "round {round}: {name} is cut short");
        }
        if round % 2 == 0 {
            bench.run(["write", "--apply", "plan.toml", "--quiet"]).ended(0);
            assert!(sound_names(&bench).iter().all(|name| name.starts_with("GLASMisc_Tap")), "round {round}");
        }
        while bench.run(["undo", "--quiet"]).status == 0 {}
        let after = sounds(&bench);
        assert!(after == before, "round {round}: {:?}", sound_names(&bench));
    }
    assert!(at_work >= 4, "only {at_work} runs were killed at work");
}

fn journal_dirs(journals: &Path) -> Vec<PathBuf> {
    fs::read_dir(journals).into_iter().flatten().map(|entry| entry.unwrap().path()).collect()
}

/// Lines of journals that were not there before.
fn new_lines(journals: &Path, known: &[PathBuf]) -> usize {
    let new = journal_dirs(journals).into_iter().filter(|dir| !known.contains(dir));
    new.map(|dir| fs::read_to_string(dir.join("journal.jsonl")).map_or(0, |text| text.lines().count())).sum()
}
