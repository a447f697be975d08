//! `earmark index` keeps a library true to its folders without doing anything twice.

use std::fs;
use std::time::{Duration, Instant, SystemTime};

use crate::support::{Bench, age, decoded_nothing, set_modified, snippet_of, tally};

#[test]
fn a_second_run_decodes_nothing() {
    let bench = Bench::new();
    bench.snippet("a.wav", "glass_tap", 1);
    bench.snippet("deep/down/b.wav", "wood_plank", 1);
    let first = bench.index();
    assert_eq!(tally(&first), "2 new");
    assert!((first["audio_s"].as_f64().unwrap() - 1.0).abs() < 0.01, "{first:#}");
    let second = bench.index();
    assert_eq!(tally(&second), "2 unchanged");
    decoded_nothing(&second);
}

#[test]
fn a_file_of_known_size_and_time_is_not_even_opened() {
    let bench = Bench::new();
    let path = bench.snippet("a.wav", "glass_tap", 1);
    age(&path);
    bench.index();
    let (length, time) =
        (fs::metadata(&path).unwrap().len(), fs::metadata(&path).unwrap().modified().unwrap());
    fs::write(&path, vec![7; length as usize]).unwrap();
    set_modified(&path, time);
    assert_eq!(tally(&bench.index()), "1 unchanged");
}

#[test]
fn a_change_within_one_tick_of_the_clock_is_noticed() {
    for _ in 0..20 {
        let bench = Bench::new();
        let path = bench.snippet("a.wav", "glass_tap", 1);
        let (time, begun) = (SystemTime::now(), Instant::now());
        set_modified(&path, time);
        bench.index();
        // Only a file that was indexed right after it was written has a time in doubt.
        if begun.elapsed() < Duration::from_secs(2) {
            let other = snippet_of("glass_tap", 2);
            assert_eq!(other.len() as u64, fs::metadata(&path).unwrap().len());
            fs::write(&path, other).unwrap();
            set_modified(&path, time);
            assert_eq!(tally(&bench.index()), "1 changed");
            return;
        }
    }
    eprintln!("skipped: this machine is too busy to index a file within 2 s of its writing");
}

#[test]
fn a_changed_file_is_listened_to_again() {
    let bench = Bench::new();
    let changing = bench.snippet("changing.wav", "glass_tap", 1);
    bench.snippet("staying.wav", "wood_plank", 1);
    bench.index();
    fs::write(&changing, snippet_of("handbell", 1)).unwrap();
    let summary = bench.index();
    assert_eq!(tally(&summary), "1 changed, 1 unchanged");
    assert!((summary["audio_s"].as_f64().unwrap() - 0.5).abs() < 0.01, "only the changed one: {summary:#}");
    let asked = bench.write("asked.wav", &snippet_of("handbell", 1));
    let best = bench.find(&asked, &["--include-self", "-k", "1"]);
    assert!(best["results"][0]["path"].as_str().unwrap().ends_with("changing.wav"), "{best:#}");
    assert!(best["results"][0]["cosine"].as_f64().unwrap() > 0.999, "{best:#}");
}

#[test]
fn a_touched_file_is_not_decoded_again() {
    let bench = Bench::new();
    let path = bench.snippet("a.wav", "glass_tap", 1);
    age(&path);
    bench.index();
    set_modified(&path, SystemTime::now() - Duration::from_secs(60));
    let summary = bench.index();
    assert_eq!(tally(&summary), "1 unchanged");
    decoded_nothing(&summary);
}

#[test]
fn moved_and_renamed_files_keep_their_embeddings() {
    let bench = Bench::new();
    let renamed = bench.snippet("before.wav", "glass_tap", 1);
    let moved = bench.snippet("here/m.wav", "wood_plank", 1);
    bench.snippet("folder/f.wav", "handbell", 1);
    bench.index();
    let sounds = bench.sounds();
    fs::rename(renamed, sounds.join("after.wav")).unwrap();
    fs::create_dir(sounds.join("there")).unwrap();
    fs::rename(moved, sounds.join("there/m.wav")).unwrap();
    fs::rename(sounds.join("folder"), sounds.join("renamed")).unwrap();
    let summary = bench.index();
    assert_eq!(tally(&summary), "3 moved");
    decoded_nothing(&summary);
    assert_eq!(bench.known(), ["sounds/after.wav", "sounds/renamed/f.wav", "sounds/there/m.wav"]);
    bench.run(["verify"]).ended(0);
}

#[test]
fn a_sound_that_moves_to_another_indexed_folder_keeps_its_embedding() {
    let bench = Bench::new();
    let path = bench.snippet("a.wav", "glass_tap", 1);
    bench.snippet("staying.wav", "wood_plank", 1);
    bench.index();
    fs::create_dir(bench.dir().join("archive")).unwrap();
    fs::rename(path, bench.dir().join("archive/a.wav")).unwrap();
    let summary = bench.run(["index", "archive", "--json"]).ended(0).json();
    assert_eq!(tally(&summary), "1 moved");
    decoded_nothing(&summary);
    assert_eq!(bench.known(), ["archive/a.wav", "sounds/staying.wav"]);
}

#[test]
fn a_copy_is_a_sound_of_its_own_and_is_not_decoded() {
    let bench = Bench::new();
    let path = bench.snippet("a.wav", "glass_tap", 1);
    bench.index();
    fs::copy(&path, bench.sounds().join("copy.wav")).unwrap();
    let summary = bench.index();
    assert_eq!(tally(&summary), "1 new, 1 copied, 1 unchanged");
    decoded_nothing(&summary);
    assert_eq!(bench.known(), ["sounds/a.wav", "sounds/copy.wav"]);
}

#[test]
fn deleted_sounds_disappear() {
    let bench = Bench::new();
    let gone = bench.snippet("gone.wav", "glass_tap", 1);
    bench.snippet("staying.wav", "wood_plank", 1);
    bench.index();
    fs::remove_file(&gone).unwrap();
    let summary = bench.index();
    assert_eq!(tally(&summary), "1 removed, 1 unchanged");
    decoded_nothing(&summary);
    assert_eq!(bench.known(), ["sounds/staying.wav"]);
    let answer = bench.find(&bench.write("asked.wav", &snippet_of("glass_tap", 1)), &["--include-self"]);
    assert_eq!(answer["results"].as_array().unwrap().len(), 1, "{answer:#}");
}

#[test]
fn an_empty_mount_point_does_not_make_the_library_forget() {
    let bench = Bench::new();
    bench.snippet("a.wav", "glass_tap", 1);
    bench.index();
    fs::rename(bench.sounds(), bench.dir().join("unplugged")).unwrap();
    fs::create_dir(bench.sounds()).unwrap();
    let told = bench.run(["index", "sounds", "--json"]).ended(2);
    assert_eq!(tally(&told.json()), "1 unreadable");
    let reason = told.json()["unreadable"][0]["reason"].as_str().unwrap().to_owned();
    assert!(reason.contains("1 known sounds are kept") && reason.contains("earmark forget"), "{reason}");
    assert_eq!(bench.known(), ["sounds/a.wav"]);
    fs::remove_dir(bench.sounds()).unwrap();
    fs::rename(bench.dir().join("unplugged"), bench.sounds()).unwrap();
    let summary = bench.index();
    assert_eq!(tally(&summary), "1 unchanged");
    decoded_nothing(&summary);
}

#[test]
fn an_unplugged_drive_is_reported_and_the_others_are_indexed() {
    let bench = Bench::new();
    bench.write("drive/a.wav", &snippet_of("glass_tap", 1));
    bench.snippet("b.wav", "wood_plank", 1);
    bench.run(["index", "drive", "sounds"]).ended(0);
    fs::rename(bench.dir().join("drive"), bench.dir().join("unplugged")).unwrap();
    bench.snippet("c.wav", "handbell", 1);
    let ran = bench.run(["index", "--json"]).ended(2);
    assert!(ran.err.contains("/drive: "), "{}", ran.err);
    assert_eq!(tally(&ran.json()), "1 new, 1 unchanged, 1 unreadable");
    assert_eq!(bench.known(), ["drive/a.wav", "sounds/b.wav", "sounds/c.wav"]);
}

#[test]
fn a_folder_that_is_not_there_is_refused() {
    let bench = Bench::new();
    bench.run(["index", "Sonuds"]).refused(&["Sonuds", "does not exist", "check the path"]);
    assert!(!bench.library().exists(), "nothing was made");
}

#[test]
fn without_a_folder_all_known_ones_are_indexed_again() {
    let bench = Bench::new();
    bench.snippet("a.wav", "glass_tap", 1);
    bench.write("more/b.wav", &snippet_of("wood_plank", 1));
    bench.run(["index", "sounds", "more"]).ended(0);
    bench.snippet("c.wav", "handbell", 1);
    bench.write("more/d.wav", &snippet_of("switch", 1));
    assert_eq!(tally(&bench.run(["index", "--json"]).ended(0).json()), "2 new, 2 unchanged");
}

#[test]
fn without_a_folder_and_without_a_library_it_says_what_to_do() {
    let bench = Bench::new();
    bench.run(["index"]).refused(&["library", "earmark index"]);
}

#[test]
fn indexing_one_folder_leaves_the_others_alone() {
    let bench = Bench::new();
    bench.snippet("a.wav", "glass_tap", 1);
    bench.index();
    bench.write("more/b.wav", &snippet_of("wood_plank", 1));
    assert_eq!(tally(&bench.run(["index", "more", "--json"]).ended(0).json()), "1 new");
    assert_eq!(bench.known(), ["more/b.wav", "sounds/a.wav"]);
}

#[test]
fn folders_inside_each_other_give_each_sound_once() {
    let bench = Bench::new();
    bench.snippet("a.wav", "glass_tap", 1);
    bench.snippet("inner/b.wav", "wood_plank", 1);
    let inner = bench.run(["index", "sounds/inner", "--json"]).ended(0).json();
    assert_eq!(tally(&inner), "1 new");
    let outer = bench.run(["index", "sounds", "sounds/inner", "sounds", "--json"]).ended(0).json();
    assert_eq!(tally(&outer), "1 new, 1 unchanged");
    assert_eq!(bench.known(), ["sounds/a.wav", "sounds/inner/b.wav"]);
    fs::remove_file(bench.sounds().join("inner/b.wav")).unwrap();
    bench.snippet("inner/c.wav", "handbell", 1);
    assert_eq!(tally(&bench.index()), "1 new, 1 removed, 1 unchanged");
}

#[test]
fn single_files_can_be_indexed() {
    let bench = Bench::new();
    bench.snippet("a.wav", "glass_tap", 1);
    bench.snippet("b.wav", "wood_plank", 1);
    let summary = bench.run(["index", "sounds/a.wav", "--json"]).ended(0).json();
    assert_eq!(tally(&summary), "1 new");
    assert_eq!(bench.known(), ["sounds/a.wav"]);
    assert_eq!(tally(&bench.index()), "1 new, 1 unchanged");
}

#[test]
fn paths_are_read_from_standard_input_or_a_file() {
    let bench = Bench::new();
    bench.snippet("a.wav", "glass_tap", 1);
    bench.snippet("b.wav", "wood_plank", 1);
    bench.snippet("c.wav", "handbell", 1);
    let args = ["index", "--files-from", "-", "--json"];
    let ran = bench.run_with_input(args, b"sounds/a.wav\r\n\nsounds/b.wav");
    assert_eq!(tally(&ran.ended(0).json()), "2 new");
    bench.write("list.txt", b"sounds/c.wav\n");
    let listed = bench.run(["index", "--files-from", "list.txt", "--json"]).ended(0).json();
    assert_eq!(tally(&listed), "1 new");
    bench.run(["index", "--files-from", "no-list.txt"]).refused(&["no-list.txt", "cannot read the list"]);
    bench.run_with_input(["index", "--files-from", "-"], b"").ended(1);
}

#[test]
fn a_listed_file_that_has_vanished_does_not_stop_the_others() {
    let bench = Bench::new();
    bench.snippet("a.wav", "glass_tap", 1);
    let args = ["index", "--files-from", "-", "--json"];
    let ran = bench.run_with_input(args, b"sounds/a.wav\nsounds/vanished.wav\n").ended(2);
    let summary = ran.json();
    assert_eq!(tally(&summary), "1 new, 1 unreadable");
    assert!(summary["unreadable"][0]["path"].as_str().unwrap().ends_with("vanished.wav"), "{summary:#}");
}

#[test]
fn hidden_files_resource_forks_and_other_files_are_passed_over() {
    let bench = Bench::new();
    bench.snippet("seen.WAV", "glass_tap", 1);
    bench.snippet(".hidden.wav", "glass_tap", 2);
    bench.snippet(".Trash/old.wav", "glass_tap", 3);
    bench.write("sounds/._seen.WAV", b"resource fork");
    bench.write("sounds/notes.txt", b"buy milk");
    let ran = bench.run(["index", "sounds", "--json"]).ended(0);
    assert_eq!(tally(&ran.json()), "1 new");
    assert_eq!(bench.known(), ["sounds/seen.WAV"]);
}

#[test]
fn a_library_may_lie_inside_an_indexed_folder() {
    let bench = Bench::new();
    bench.snippet("a.wav", "glass_tap", 1);
    let args = ["index", "sounds", "--library", "sounds/index", "--json"];
    assert_eq!(tally(&bench.run(args).ended(0).json()), "1 new");
    assert_eq!(tally(&bench.run(args).ended(0).json()), "1 unchanged");
}

#[test]
fn a_file_that_was_named_by_itself_and_is_gone_is_forgotten() {
    let bench = Bench::new();
    let gone = bench.snippet("gone.wav", "glass_tap", 1);
    bench.snippet("staying.wav", "wood_plank", 1);
    bench.snippet("never_asked_for.wav", "wood_plank", 2);
    bench.run(["index", "sounds/gone.wav", "sounds/staying.wav"]).ended(0);
    fs::remove_file(gone).unwrap();
    assert_eq!(tally(&bench.run(["index", "--json"]).ended(0).json()), "1 removed, 1 unchanged");
    assert_eq!(bench.known(), ["sounds/staying.wav"]);
    let unknown = bench.run(["index", "sounds/nosuch.wav", "--json"]).ended(2).json();
    assert_eq!(tally(&unknown), "1 unreadable");
}

#[test]
fn an_empty_folder_gives_status_1() {
    let bench = Bench::new();
    assert_eq!(tally(&bench.run(["index", "sounds", "--json"]).ended(1).json()), "");
}

#[test]
fn the_number_of_jobs_does_not_change_the_outcome() {
    let bench = Bench::new();
    let asked = bench.write("asked.wav", &snippet_of("glass_tap", 9));
    for take in 1..=3 {
        bench.snippet(&format!("tap{take}.wav"), "glass_tap", take);
        bench.snippet(&format!("bell{take}.wav"), "handbell", take);
    }
    let answer = |jobs: &str| {
        let library = format!("library-{jobs}");
        bench.run(["index", "sounds", "--library", &library, "--jobs", jobs]).ended(0);
        bench.find(&asked, &["--library", &library, "--no-bank"])["results"].clone()
    };
    let one = answer("1");
    assert_eq!(one.as_array().unwrap().len(), 6);
    assert_eq!(one, answer("3"));
    bench.run(["index", "sounds", "--jobs", "0"]).ended(2);
}

#[test]
fn the_summary_is_told_in_words_too() {
    let bench = Bench::new();
    bench.snippet("a.wav", "glass_tap", 1);
    bench.write("sounds/bad.wav", b"");
    let ran = bench.run(["index", "sounds"]).ended(2);
    for words in ["1 new, 1 unreadable", "× real time", "library: ", "bad.wav: is empty (0 bytes)"] {
        assert!(ran.out.contains(words), "no {words:?} in {}", ran.out);
    }
}

#[cfg(unix)]
mod on_unix {
    use std::ffi::OsStr;
    use std::fs;
    use std::os::unix::ffi::OsStrExt;
    use std::os::unix::fs::symlink;
    use std::process::Stdio;

    use crate::support::{Bench, Forbidden, Ran, Running, minutes_of, snippet_of, tally, without_rights};

    #[test]
    fn a_link_back_up_is_not_followed_in_circles() {
        let bench = Bench::new();
        bench.snippet("folder/a.wav", "glass_tap", 1);
        symlink(bench.sounds(), bench.sounds().join("folder/loop")).unwrap();
        let ran = bench.run(["index", "sounds", "--json"]);
        let summary = ran.json();
        assert_eq!(summary["new"], 1, "{summary:#}");
        assert!(ran.err.contains("folder/loop: a link back to"), "{}", ran.err);
        assert_eq!(bench.known(), ["sounds/folder/a.wav"]);
    }

    #[test]
    fn a_linked_folder_is_indexed() {
        let bench = Bench::new();
        bench.write("elsewhere/a.wav", &snippet_of("glass_tap", 1));
        symlink("../elsewhere", bench.sounds().join("linked")).unwrap();
        assert_eq!(tally(&bench.index()), "1 new");
        assert_eq!(bench.known(), ["sounds/linked/a.wav"]);
    }

    #[test]
    fn sounds_of_a_folder_that_cannot_be_read_any_more_are_kept() {
        let bench = Bench::new();
        bench.snippet("locked/a.wav", "glass_tap", 1);
        bench.snippet("open/b.wav", "wood_plank", 1);
        bench.index();
        let Some(mut command) = without_rights(&bench) else { return };
        let _locked = Forbidden::new(&bench.sounds().join("locked"));
        let ran: Ran = command.args(["index", "sounds", "--json"]).output().unwrap().into();
        let ran = ran.ended(2);
        assert_eq!(tally(&ran.json()), "1 unchanged, 1 unreadable");
        assert!(ran.err.contains("locked: you may not read it; change its permissions"), "{}", ran.err);
        assert_eq!(bench.known(), ["sounds/locked/a.wav", "sounds/open/b.wav"]);
    }

    #[test]
    fn names_may_be_any_bytes() {
        let bench = Bench::new();
        let asked = bench.write("asked.wav", &snippet_of("glass_tap", 1));
        let odd: [&[u8]; 3] = [b"not\xff\xfeutf8.wav", b"two\nlines.wav", b"\x1b[31mred\x07.wav"];
        for (name, take) in odd.iter().zip(2..) {
            fs::write(bench.sounds().join(OsStr::from_bytes(name)), snippet_of("glass_tap", take)).unwrap();
        }
        assert_eq!(tally(&bench.index()), "3 new");
        assert_eq!(tally(&bench.index()), "3 unchanged");
        let answer = bench.find(&asked, &[]);
        let results = answer["results"].as_array().unwrap();
        assert_eq!(results.len(), 3);
        let bytes: Vec<u8> = results
            .iter()
            .find_map(|result| serde_json::from_value(result["path_bytes"].clone()).ok())
            .expect("bytes where a path is not UTF-8");
        assert!(bytes.ends_with(odd[0]));
        let text = bench.run([OsStr::new("find"), asked.as_os_str(), OsStr::new("--quiet")]).ended(0);
        for name in odd {
            assert!(text.out_bytes.windows(name.len()).any(|part| part == name), "{}", text.out);
        }
    }

    #[test]
    fn escape_sequences_in_names_do_not_reach_the_terminal() {
        let bench = Bench::new();
        fs::write(bench.sounds().join("\x1b[31mred\nalert.wav"), b"").unwrap();
        let ran = bench.run(["index", "sounds"]).ended(2);
        assert!(ran.err.contains("red"), "{}", ran.err);
        for text in [&ran.out, &ran.err] {
            assert!(!text.contains('\x1b'), "{text:?}");
            assert!(text.lines().all(|line| !line.starts_with("alert.wav")), "{text}");
        }
    }

    #[test]
    fn a_second_writer_is_told_who_is_at_work_and_readers_are_not_disturbed() {
        let bench = Bench::new();
        let asked = bench.snippet("a.wav", "glass_tap", 1);
        bench.index();
        bench.write("long/long.wav", &minutes_of("rain_open", 10));
        let mut first = bench.command();
        first.args(["index", "long"]).stdout(Stdio::null()).stderr(Stdio::null());
        let mut first = Running::start(&mut first);
        bench.wait_for_writer(&mut first);
        let process = format!("process {}", first.id());
        let words = ["library", "is being written by", &process, "wait until it has finished"];
        bench.run(["index", "sounds"]).refused(&words);
        bench.run(["forget", "sounds"]).refused(&words);
        assert_eq!(bench.info()["sounds"], 1);
        bench.run(["verify"]).ended(0);
        assert_eq!(bench.find(&asked, &["--include-self"])["results"].as_array().unwrap().len(), 1);
        assert!(
            first.try_wait().unwrap().is_none(),
            "the first writer has ended too early to prove anything"
        );
        first.interrupt();
        assert_eq!(first.finish().status.code(), Some(130));
        assert_eq!(tally(&bench.index()), "1 unchanged", "the lock is free again");
    }
}
