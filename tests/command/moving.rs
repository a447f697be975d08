//! Libraries that move: `earmark relocate`, names that another system spells in its own way, drives that come and go.

use std::fs::{self, File};
use std::time::{Duration, SystemTime};

use crate::support::{Bench, decoded_nothing, names, set_modified, snippet_of, tally};

#[test]
fn a_moved_folder_is_told_once_and_nothing_is_decoded() {
    let bench = Bench::new();
    bench.snippet("a.wav", "glass_tap", 1);
    bench.snippet("doors/b.wav", "handbell", 1);
    bench.index();
    fs::rename(bench.sounds(), bench.dir().join("moved")).unwrap();
    let ran = bench.run(["relocate", "sounds", "moved", "--json"]).ended(0);
    assert_eq!(ran.json()["sounds"], 2);
    assert_eq!(bench.known(), ["moved/a.wav", "moved/doors/b.wav"]);
    let asked = bench.dir().join("moved/a.wav");
    assert_eq!(names(&bench.find(&asked, &["--include-self", "-k", "1"])), ["a.wav"]);
    let summary = bench.run(["index", "--json"]).ended(0).json();
    assert_eq!(tally(&summary), "2 unchanged");
    decoded_nothing(&summary);
    bench.run(["verify"]).ended(0);
}

#[test]
fn a_wrong_place_is_refused_unless_its_drive_is_not_plugged_in() {
    let bench = Bench::new();
    bench.snippet("a.wav", "glass_tap", 1);
    bench.index();
    fs::create_dir(bench.dir().join("other")).unwrap();
    bench.run(["relocate", "sounds", "nosuch"]).refused(&["nosuch", "no such folder", "--offline"]);
    bench.run(["relocate", "sounds", "other"]).refused(&["other", "none of the sounds", "--offline"]);
    bench.run(["relocate", "elsewhere", "other"]).refused(&["elsewhere", "nothing of the library is there"]);
    assert_eq!(bench.known(), ["sounds/a.wav"]);
    bench.run(["relocate", "sounds", "later", "--offline"]).ended(0);
    assert_eq!(bench.known(), ["later/a.wav"]);
    assert_eq!(bench.info()["folders"][0]["offline"], true);
    assert!(bench.run(["info"]).out.contains("(1 sound, offline)"));
    fs::rename(bench.sounds(), bench.dir().join("later")).unwrap();
    assert_eq!(tally(&bench.run(["index", "--json"]).ended(0).json()), "1 unchanged");
    assert_eq!(bench.info()["folders"][0]["offline"], false);
}

#[test]
fn names_that_another_system_spells_in_its_way_are_the_same_sounds() {
    let bench = Bench::new();
    let (composed, apart) = ("T\u{fc}r 1.wav", "Tu\u{308}r 1.wav");
    let path = bench.snippet(composed, "glass_tap", 1);
    if fs::metadata(bench.sounds().join(apart)).is_ok() {
        eprintln!("skipped: this file system takes both spellings for one");
        return;
    }
    bench.index();
    let time = fs::metadata(&path).unwrap().modified().unwrap();
    fs::rename(&path, bench.sounds().join(apart)).unwrap();
    set_modified(&bench.sounds().join(apart), time);
    let summary = bench.index();
    assert_eq!(tally(&summary), "1 moved");
    decoded_nothing(&summary);
    assert_eq!(bench.known(), [format!("sounds/{apart}")]);
    assert_eq!(tally(&bench.index()), "1 unchanged");
    // Words are found however they are typed, and so are folders.
    let asked = bench.write("asked.wav", &snippet_of("glass_tap", 2));
    for typed in ["t\u{fc}r", "tu\u{308}r"] {
        assert_eq!(
            bench.find(&asked, &["--filter", typed])["results"].as_array().unwrap().len(),
            1,
            "{typed}"
        );
    }
    bench.run(["forget", &format!("sounds/{composed}")]).ended(0);
    assert_eq!(bench.known(), [String::new(); 0]);
}

#[test]
fn an_unplugged_drive_that_leaves_hidden_files_behind_is_not_forgotten() {
    let bench = Bench::new();
    bench.write("drive/a.wav", &snippet_of("glass_tap", 1));
    bench.snippet("b.wav", "wood_plank", 1);
    bench.run(["index", "drive", "sounds"]).ended(0);
    let (drive, away) = (bench.dir().join("drive"), bench.dir().join("away"));
    fs::rename(&drive, &away).unwrap();
    bench.write("drive/.DS_Store", b"");
    let ran = bench.run(["index", "--json"]).ended(2);
    assert_eq!(tally(&ran.json()), "1 unchanged, 1 unreadable");
    assert_eq!(bench.known(), ["drive/a.wav", "sounds/b.wav"]);
    fs::remove_dir_all(&drive).unwrap();
    fs::rename(&away, &drive).unwrap();
    let summary = bench.run(["index", "--json"]).ended(0).json();
    assert_eq!(tally(&summary), "2 unchanged");
    decoded_nothing(&summary);
}

#[test]
fn with_every_drive_unplugged_nothing_is_forgotten_and_find_still_answers() {
    let bench = Bench::new();
    bench.snippet("a.wav", "glass_tap", 1);
    bench.index();
    let asked = bench.write("asked.wav", &snippet_of("glass_tap", 2));
    let away = bench.dir().join("away");
    fs::rename(bench.sounds(), &away).unwrap();
    assert_eq!(tally(&bench.run(["index", "--json"]).ended(2).json()), "1 unreadable");
    assert_eq!(bench.info()["folders"][0]["offline"], true);
    let answer = bench.find(&asked, &[]);
    assert_eq!(names(&answer), ["a.wav"]);
    assert_eq!(answer["results"][0]["offline"], true);
    fs::rename(away, bench.sounds()).unwrap();
    assert_eq!(tally(&bench.index()), "1 unchanged");
    assert_eq!(bench.info()["folders"][0]["offline"], false);
}

#[test]
fn a_file_named_by_itself_is_kept_when_its_drive_is_unplugged() {
    let bench = Bench::new();
    bench.write("drive/a.wav", &snippet_of("glass_tap", 1));
    bench.run(["index", "drive/a.wav"]).ended(0);
    let (drive, away) = (bench.dir().join("drive"), bench.dir().join("away"));
    fs::rename(&drive, &away).unwrap();
    for mount_point in [false, true] {
        if mount_point {
            fs::create_dir(&drive).unwrap();
        }
        bench.run(["index"]).ended(2);
        assert_eq!(bench.known(), ["drive/a.wav"]);
    }
    fs::remove_dir(&drive).unwrap();
    fs::rename(&away, &drive).unwrap();
    assert_eq!(tally(&bench.run(["index", "--json"]).ended(0).json()), "1 unchanged");
}

#[test]
fn another_drive_in_the_same_place_makes_nothing_forgotten() {
    let bench = Bench::new();
    for take in 1..9 {
        bench.write(format!("drive/{take}.wav"), &snippet_of("glass_tap", take));
    }
    bench.run(["index", "drive"]).ended(0);
    let (drive, away) = (bench.dir().join("drive"), bench.dir().join("away"));
    fs::rename(&drive, &away).unwrap();
    let mut other = snippet_of("handbell", 1);
    other.extend([0; 64]);
    bench.write("drive/other.wav", &other);
    let ran = bench.run(["index", "drive", "--json"]).ended(2).json();
    assert_eq!(tally(&ran), "1 new, 1 unreadable");
    assert!(ran["unreadable"][0]["reason"].as_str().unwrap().contains("another drive"), "{ran:#}");
    assert_eq!(bench.info()["sounds"], 9);
    fs::remove_dir_all(&drive).unwrap();
    fs::rename(&away, &drive).unwrap();
    let back = bench.run(["index", "drive", "--json"]).ended(0).json();
    assert_eq!(tally(&back), "1 removed, 8 unchanged");
    decoded_nothing(&back);
}

#[test]
fn sounds_of_an_unplugged_drive_stay_when_copies_of_them_are_indexed() {
    let bench = Bench::new();
    bench.write("drive/a.wav", &snippet_of("glass_tap", 1));
    bench.run(["index", "drive"]).ended(0);
    let (drive, away) = (bench.dir().join("drive"), bench.dir().join("away"));
    fs::rename(&drive, &away).unwrap();
    bench.write("drive/.Trashes", b"");
    bench.snippet("copy.wav", "glass_tap", 1);
    bench.run(["index"]).ended(2);
    let summary = bench.index();
    assert_eq!(tally(&summary), "1 new, 1 copied");
    assert_eq!(bench.known(), ["drive/a.wav", "sounds/copy.wav"]);
}

#[test]
fn a_change_is_noticed_when_the_clock_has_jumped_back() {
    let bench = Bench::new();
    let now = SystemTime::now();
    let path = bench.snippet("a.wav", "glass_tap", 1);
    // Written by a clock that was a day ahead.
    set_modified(&path, now + Duration::from_secs(86_400));
    assert_eq!(tally(&bench.index()), "1 new");
    assert_eq!(tally(&bench.index()), "1 unchanged");
    // Now the clock is right again, and the new file older than the one it replaces.
    fs::write(&path, snippet_of("glass_tap", 2)).unwrap();
    set_modified(&path, now - Duration::from_secs(3600));
    assert_eq!(tally(&bench.index()), "1 changed");
    // So is a library whose files are from the future.
    for entry in fs::read_dir(bench.library()).unwrap() {
        let file = File::options().write(true).open(entry.unwrap().path()).unwrap();
        file.set_modified(now + Duration::from_secs(1_000_000)).unwrap();
    }
    bench.snippet("b.wav", "handbell", 1);
    assert_eq!(tally(&bench.index()), "1 new, 1 unchanged");
    bench.run(["verify"]).ended(0);
}

#[cfg(unix)]
#[test]
fn a_library_that_may_not_be_written_still_answers_and_says_why_it_cannot_grow() {
    use crate::support::{Ran, without_rights};
    use std::os::unix::fs::PermissionsExt;
    let bench = Bench::new();
    let asked = bench.snippet("a.wav", "glass_tap", 1);
    bench.index();
    bench.snippet("b.wav", "handbell", 1);
    let Some(mut command) = without_rights(&bench) else { return };
    let allow = |mode| fs::set_permissions(bench.library(), fs::Permissions::from_mode(mode)).unwrap();
    let files = || fs::read_dir(bench.library()).unwrap().map(|entry| entry.unwrap().path());
    let allow_files =
        |mode| files().for_each(|file| fs::set_permissions(file, fs::Permissions::from_mode(mode)).unwrap());
    allow_files(0o444);
    allow(0o555);
    let ran: Ran = command.args(["index", "sounds", "--quiet"]).output().unwrap().into();
    allow(0o755);
    allow_files(0o644);
    ran.refused(&["library", "Permission denied"]);
    assert_eq!(names(&bench.find(&asked, &["--include-self"])), ["a.wav"]);
    bench.run(["verify"]).ended(0);
    assert_eq!(tally(&bench.index()), "1 new, 1 unchanged");
}

#[cfg(unix)]
#[test]
fn a_writer_killed_while_it_holds_the_lock_leaves_none() {
    use crate::support::{Running, minutes_of};
    use std::process::Stdio;
    let bench = Bench::new();
    bench.snippet("a.wav", "glass_tap", 1);
    bench.index();
    bench.write("long/long.wav", &minutes_of("rain_open", 10));
    let mut command = bench.command();
    let mut writer =
        Running::start(command.args(["index", "long"]).stdout(Stdio::null()).stderr(Stdio::null()));
    bench.wait_for_writer(&mut writer);
    bench.run(["index", "sounds"]).refused(&["is being written by"]);
    writer.kill().unwrap();
    writer.wait().unwrap();
    bench.snippet("b.wav", "handbell", 1);
    assert_eq!(tally(&bench.index()), "1 new, 1 unchanged");
    bench.run(["verify"]).ended(0);
}
