//! Whatever ends an indexing run, the library stays whole and the next run goes on.
#![cfg(unix)]

use std::collections::BTreeSet;
use std::fs;
use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};
use std::thread;
use std::time::Duration;

use crate::support::{Bench, Chance, Ran, Running, minutes_of, program, snippet_of, tally};

/// When a run is killed. Times are counted from what happens, not from the start, so that a busy machine kills at
/// the same moments.
#[derive(Clone, Copy, Debug)]
enum Moment {
    /// So many milliseconds after the start.
    Start(u64),
    /// When so many files are done.
    Files(usize),
    /// So many microseconds after the library folder has changed for the nth time while files are written to it.
    Writing { change: usize, wait_us: u64 },
}

/// Starts an indexing run and kills it; true when it was still alive.
fn kill_while_indexing(bench: &Bench, moment: Moment) -> bool {
    let mut command = bench.command();
    command.args(["index", "sounds", "--jobs", "1", "-vv"]).stdout(Stdio::null()).stderr(Stdio::piped());
    let mut child = Running::start(&mut command);
    let stderr = BufReader::new(child.stderr.take().unwrap());
    let mut drained = None;
    match moment {
        Moment::Start(ms) => thread::sleep(Duration::from_millis(ms)),
        Moment::Files(files) => {
            let mut lines = stderr.lines();
            lines.by_ref().map_while(Result::ok).filter(|line| line.contains(" done ")).nth(files - 1);
            drained = Some(lines);
        }
        Moment::Writing { change, wait_us } => {
            // Reading its messages keeps the child from waiting for us.
            thread::spawn(move || stderr.lines().map_while(Result::ok).for_each(drop));
            let names = || -> BTreeSet<(std::ffi::OsString, Option<std::time::SystemTime>)> {
                let entries = fs::read_dir(bench.library()).into_iter().flatten().flatten();
                entries
                    .map(|entry| {
                        (entry.file_name(), entry.metadata().ok().and_then(|data| data.modified().ok()))
                    })
                    .collect()
            };
            let (mut seen, mut changes) = (names(), 0);
            while changes < change && child.try_wait().unwrap().is_none() {
                let now = names();
                changes += usize::from(now != seen);
                seen = now;
            }
            thread::sleep(Duration::from_micros(wait_us));
        }
    }
    let alive = child.try_wait().unwrap().is_none();
    child.kill().unwrap();
    child.wait().unwrap();
    drop(drained);
    alive
}

#[test]
fn a_kill_at_any_moment_leaves_a_library_that_verifies_and_the_next_run_completes() {
    let bench = Bench::new();
    // Many small segments, so that a run has some to merge, too.
    for take in 1..=9 {
        bench.snippet(&format!("old{take}.wav"), "glass_tap", take);
        bench.run(["index", &format!("sounds/old{take}.wav")]).ended(0);
    }
    let mut chance = Chance(2);
    let mut killed = 0;
    for round in 0..18 {
        // Every round has something to add, to change, to move and to remove.
        bench.snippet(&format!("new{round}.wav"), "handbell", 100 + round);
        bench.snippet("changing.wav", "wood_plank", 100 + round);
        let (from, to) = (format!("old{}.wav", round % 9 + 1), format!("moved{round}.wav"));
        if bench.sounds().join(&from).exists() {
            fs::rename(bench.sounds().join(from), bench.sounds().join(to)).unwrap();
        }
        if round > 5 {
            fs::remove_file(bench.sounds().join(format!("new{}.wav", round - 6))).unwrap();
        }
        let moment = match round % 7 {
            0 => Moment::Start(chance.below(300)),
            1 => Moment::Files(1 + chance.below(2) as usize),
            _ => Moment::Writing {
                change: 1 + chance.below(6) as usize,
                wait_us: chance.below(4) * chance.below(300),
            },
        };
        let alive = kill_while_indexing(&bench, moment);
        eprintln!("round {round}: {moment:?}: {}", if alive { "killed" } else { "it had ended" });
        killed += usize::from(alive);
        let report = bench.run(["verify", "--json"]).ended(0).json();
        assert_eq!(report["sound"], true, "{report:#}");
        if round % 5 == 4 {
            expect_all_sounds(&bench);
        }
    }
    assert!(killed >= 8, "only {killed} runs were killed at work");
    expect_all_sounds(&bench);
    let left: Vec<_> =
        fs::read_dir(bench.library()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert!(left.iter().all(|name| !name.to_string_lossy().ends_with(".tmp")), "{left:?}");
}

#[test]
fn a_kill_while_the_library_is_made_is_got_over() {
    let mut chance = Chance(3);
    for _ in 0..3 {
        let bench = Bench::new();
        bench.snippet("a.wav", "glass_tap", 1);
        let moment = Moment::Writing { change: 1 + chance.below(3) as usize, wait_us: chance.below(300) };
        kill_while_indexing(&bench, moment);
        let ran = bench.run(["verify"]);
        assert!(ran.status == 0 || ran.err.contains("no library here"), "{moment:?}: {ran:?}");
        expect_all_sounds(&bench);
    }
}

/// The next run completes, and the library then knows each sound once.
fn expect_all_sounds(bench: &Bench) {
    bench.index();
    let entries = fs::read_dir(bench.sounds()).unwrap();
    let mut there: Vec<String> =
        entries.map(|entry| format!("sounds/{}", entry.unwrap().file_name().to_string_lossy())).collect();
    there.sort();
    assert_eq!(bench.known(), there);
    let report = bench.run(["verify", "--json"]).ended(0).json();
    assert_eq!(
        (report["sounds"].as_u64(), report["sound"].as_bool()),
        (Some(there.len() as u64), Some(true))
    );
}

#[test]
fn ctrl_c_ends_in_order_and_the_next_run_goes_on() {
    let bench = Bench::new();
    bench.snippet("a1.wav", "glass_tap", 1);
    bench.snippet("a2.wav", "handbell", 1);
    let long = bench.write("sounds/b-long.wav", &minutes_of("rain_open", 10));
    bench.snippet("c.wav", "wood_plank", 1);
    let mut command = bench.command();
    command.args(["index", "sounds", "--jobs", "1", "-vv", "--json"]);
    let mut child = Running::start(command.stdout(Stdio::piped()).stderr(Stdio::piped()));
    let mut lines = BufReader::new(child.stderr.take().unwrap()).lines().map_while(Result::ok);
    lines.by_ref().filter(|line| line.contains(" done ")).nth(1).expect("two files done");
    let rest = thread::spawn(move || lines.collect::<Vec<_>>());
    child.interrupt();
    let ran: Ran = child.finish().into();
    let ran = ran.ended(130);
    assert_eq!(ran.json()["interrupted"], true);
    assert_eq!(tally(&ran.json()), "2 new");
    assert!(rest.join().unwrap().iter().all(|line| !line.contains("panicked")));
    bench.run(["verify"]).ended(0);
    assert_eq!(bench.known(), ["sounds/a1.wav", "sounds/a2.wav"], "what is finished is kept");
    fs::remove_file(long).unwrap();
    assert_eq!(tally(&bench.index()), "1 new, 2 unchanged");
}

#[test]
fn an_interrupted_run_does_not_take_what_it_has_not_seen_for_removed() {
    let bench = Bench::new();
    let moving = bench.snippet("z.wav", "glass_tap", 1);
    bench.index();
    fs::rename(moving, bench.sounds().join("z-moved.wav")).unwrap();
    let long = bench.write("sounds/a-long0.wav", &minutes_of("rain_open", 10));
    // More than are handed out ahead, so that the moved one is not looked into.
    for copy in 1..8 {
        fs::hard_link(&long, bench.sounds().join(format!("a-long{copy}.wav"))).unwrap();
    }
    let mut command = bench.command();
    command.args(["index", "sounds", "--jobs", "1", "--json"]).stdout(Stdio::piped()).stderr(Stdio::null());
    let mut child = Running::start(&mut command);
    bench.wait_for_writer(&mut child);
    child.interrupt();
    let ran: Ran = child.finish().into();
    assert_eq!(tally(&ran.ended(130).json()), "");
    for copy in 0..8 {
        fs::remove_file(bench.sounds().join(format!("a-long{copy}.wav"))).unwrap();
    }
    let summary = bench.index();
    assert_eq!(tally(&summary), "1 moved");
    crate::support::decoded_nothing(&summary);
}

/// Runs a shell script with `$EARMARK` for the command.
fn script(bench: &Bench, shell: &mut Command, text: &str) -> Ran {
    bench.prepare(shell);
    shell.env("EARMARK", env!("CARGO_BIN_EXE_earmark")).args(["-c", text]).output().unwrap().into()
}

#[test]
fn a_file_size_limit_is_told_like_a_full_disk_and_the_library_is_unharmed() {
    let bench = Bench::new();
    bench.snippet("a.wav", "glass_tap", 1);
    bench.index();
    bench.snippet("b.wav", "handbell", 1);
    // The limit's signal would end the program before it can say a word; shells pass on that it is ignored.
    let limited = "trap '' XFSZ; ulimit -f 8; exec \"$EARMARK\" index sounds --json --quiet";
    let ran = script(&bench, &mut Command::new("sh"), limited);
    let words =
        ["library/", "disk is full", "the library is unharmed", "free some space and run the command again"];
    ran.refused(&words);
    bench.run(["verify"]).ended(0);
    assert_eq!(bench.known(), ["sounds/a.wav"]);
    assert_eq!(tally(&bench.index()), "1 new, 1 unchanged");
}

#[test]
fn a_full_disk_is_told_and_the_library_is_unharmed() {
    let Some(unshare) = program("unshare") else { return };
    let bench = Bench::new();
    fs::create_dir(bench.library()).unwrap();
    bench.snippet("a.wav", "glass_tap", 1);
    bench.write("more/b.wav", &snippet_of("handbell", 1));
    // The small disk is visible to this one process and goes with it.
    let text = "mount -t tmpfs -o size=48k small library || exit 99
        \"$EARMARK\" index sounds --quiet || exit 98
        \"$EARMARK\" index more --quiet; echo index: $?
        \"$EARMARK\" verify --quiet; echo verify: $?
        \"$EARMARK\" forget / --dry-run; ls library";
    let mut shell = Command::new(unshare);
    shell.args(["--user", "--map-root-user", "--mount", "sh"]);
    let ran = script(&bench, &mut shell, text);
    if ran.status == 99 || ran.err.starts_with("unshare") {
        eprintln!("skipped: no disk can be made here: {}", ran.err);
        return;
    }
    assert_eq!(ran.err.lines().count(), 1, "{}", ran.err);
    let words = ["earmark: ", "library/", "disk is full", "the library is unharmed", "free some space"];
    assert!(words.iter().all(|word| ran.err.contains(word)), "{}", ran.err);
    assert!(ran.out.starts_with("index: 2\nverify: 0\n"), "{}", ran.out);
    assert!(ran.out.contains("sounds/a.wav\n1 sound would be forgotten"), "{}", ran.out);
    assert!(
        ran.out.lines().all(|line| !line.ends_with(".tmp")),
        "what was half written is cleared away: {}",
        ran.out
    );
}

#[test]
fn embeddings_that_find_no_room_are_told_and_nothing_half_written_is_left() {
    let Some(unshare) = program("unshare") else { return };
    let bench = Bench::new();
    fs::create_dir(bench.dir().join("small")).unwrap();
    bench.snippet("a.wav", "glass_tap", 1);
    // Room for the embeddings, and none for their times.
    let text = "mount -t tmpfs -o size=4k small small || exit 99
        \"$EARMARK\" embed sounds/a.wav -o small; echo embed: $?; ls small";
    let mut shell = Command::new(unshare);
    shell.args(["--user", "--map-root-user", "--mount", "sh"]);
    let ran = script(&bench, &mut shell, text);
    if ran.status == 99 || ran.err.starts_with("unshare") {
        eprintln!("skipped: no disk can be made here: {}", ran.err);
        return;
    }
    assert_eq!(ran.err.lines().count(), 1, "{}", ran.err);
    let words = ["earmark: small/a.times.csv: cannot write", "free some space and run the command again"];
    assert!(words.iter().all(|word| ran.err.contains(word)), "{}", ran.err);
    assert_eq!(ran.out, "embed: 2\na.npy\n");
}

#[test]
fn results_that_cannot_be_written_are_an_error() {
    if !std::path::Path::new("/dev/full").exists() {
        eprintln!("skipped: there is no /dev/full here");
        return;
    }
    let bench = Bench::new();
    bench.snippet("a.wav", "glass_tap", 1);
    bench.index();
    for args in ["info", "info --json", "verify", "completions bash", "man -", "forget / --dry-run"] {
        let ran = script(&bench, &mut Command::new("sh"), &format!("\"$EARMARK\" {args} >/dev/full"));
        ran.refused(&["cannot write the output", "free some space"]);
    }
}
