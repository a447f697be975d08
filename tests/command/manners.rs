//! The manners of a command that people like.

use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};
#[cfg(unix)]
use std::time::{Duration, Instant};

use crate::support::{Bench, Ran, Running, minutes_of, program};

/// Names of the subcommands, as `--help` lists them.
fn subcommands(bench: &Bench) -> Vec<String> {
    let help = bench.run(["--help"]).ended(0).out;
    let listed = help.split_once("Commands:\n").unwrap().1.split_once("\n\n").unwrap().0;
    let names = listed.lines().filter(|line| line.starts_with("  ") && !line.starts_with("   "));
    let mut names: Vec<String> =
        names.filter_map(|line| Some(line.split_whitespace().next()?.to_owned())).collect();
    names.retain(|name| name != "help");
    assert_eq!(
        names,
        [
            "index",
            "find",
            "duplicates",
            "tag",
            "audit",
            "map-taxonomy",
            "embed",
            "info",
            "report",
            "verify",
            "forget",
            "watch",
            "relocate",
            "convert",
            "serve",
            "rename",
            "write",
            "undo",
            "dataset",
            "evaluate",
            "train",
            "experiment",
            "demo",
            "completions",
            "man"
        ]
    );
    names
}

#[test]
fn every_subcommand_has_help_with_examples_that_parse() {
    let bench = Bench::new();
    let help = bench.run(["--help"]).ended(0).out;
    assert!(help.contains("Examples:\n") && help.contains("Exit status:"), "{help}");
    for name in subcommands(&bench) {
        let ran = bench.run([name.as_str(), "--help"]).ended(0);
        assert_eq!(ran.err, "");
        let examples =
            ran.out.split_once("Examples:\n").unwrap_or_else(|| panic!("no examples in {}", ran.out)).1;
        assert!(examples.lines().filter(|line| line.contains("earmark ")).count() >= 2, "{name}: {examples}");
        assert!(examples.contains(&format!("earmark {name}")), "{name}: {examples}");
        assert!(ran.out.contains("--quiet"), "{name}: options for every subcommand");
        assert!(ran.out.lines().all(|line| line.chars().count() <= 120), "{name}: {}", ran.out);
    }
    let version = bench.run(["--version"]).ended(0).out;
    assert_eq!(version, format!("earmark {}\n", env!("CARGO_PKG_VERSION")));
}

#[test]
fn wrong_arguments_are_told_with_what_was_probably_meant() {
    let bench = Bench::new();
    for (args, words) in [
        (&["idnex"][..], "index"),
        (&["index", "--labells", "x"], "--labels"),
        (&["find"], "<AUDIO>"),
        (&["embed", "a.wav", "--format", "nyp"], "npy"),
        (&[], "Usage"),
    ] {
        let ran = bench.run(args).ended(2);
        assert!(ran.err.contains(words), "{args:?}: {}", ran.err);
        assert_eq!(ran.out, "");
    }
}

#[test]
fn completions_know_every_subcommand() {
    let bench = Bench::new();
    let names = subcommands(&bench);
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let script = bench.run(["completions", shell]).ended(0).out;
        for word in names.iter().map(String::as_str).chain(["files-from", "include-self"]) {
            assert!(script.contains(word), "{shell}: no {word}");
        }
    }
    bench.run(["completions", "abacus"]).ended(2);
}

#[test]
fn the_shells_take_the_completions() {
    let bench = Bench::new();
    for (shell, ending) in [("bash", "bash"), ("zsh", "zsh"), ("fish", "fish")] {
        let Some(found) = program(shell) else { continue };
        let script =
            bench.write(format!("completions.{ending}"), bench.run(["completions", shell]).out.as_bytes());
        let checked = Command::new(&found).arg("-n").arg(&script).output().unwrap();
        assert!(checked.status.success() && checked.stderr.is_empty(), "{shell}: {checked:?}");
    }
    let Some(bash) = program("bash") else { return };
    let text = "source completions.bash; COMP_WORDS=(earmark ver); COMP_CWORD=1; _earmark earmark ver earmark; \
        echo \"${COMPREPLY[*]}\"; complete -p earmark";
    let completed: Ran =
        Command::new(bash).args(["-c", text]).current_dir(bench.dir()).output().unwrap().into();
    assert!(completed.out.starts_with("verify\n"), "{completed:?}");
    assert!(completed.out.contains("earmark\n"), "{completed:?}");
}

#[test]
fn there_is_a_manual_page_for_every_subcommand() {
    let bench = Bench::new();
    bench.run(["man", "pages"]).ended(0);
    let pages = bench.dir().join("pages");
    let mut expected: Vec<String> =
        subcommands(&bench).iter().map(|name| format!("earmark-{name}.1")).collect();
    expected.push("earmark.1".into());
    expected.sort();
    let mut written: Vec<String> =
        pages.read_dir().unwrap().map(|page| page.unwrap().file_name().into_string().unwrap()).collect();
    written.sort();
    assert_eq!(written, expected);
    assert_eq!(
        bench.run(["man", "-"]).ended(0).out,
        std::fs::read_to_string(pages.join("earmark.1")).unwrap()
    );
    let Some(groff) = program("groff") else { return };
    for page in &written {
        let page = pages.join(page);
        let shown: Ran = Command::new(&groff)
            .args(["-man", "-Tascii", "-ww", "-P-bou"])
            .arg(&page)
            .output()
            .unwrap()
            .into();
        assert_eq!((shown.status, shown.err.as_str()), (0, ""), "{}", page.display());
        for heading in ["NAME", "SYNOPSIS", "OPTIONS"] {
            assert!(shown.out.contains(heading), "no {heading} in {}", page.display());
        }
    }
}

#[test]
fn what_goes_into_a_pipe_has_no_colours() {
    let bench = Bench::new();
    let asked = bench.snippet("a.wav", "glass_tap", 1);
    bench.snippet("DOORKnck_Knock_EMRK_DEMO.wav", "door_knock", 1);
    bench.write("sounds/bad.wav", b"");
    let asked = asked.to_str().unwrap();
    for args in [&["index", "sounds"][..], &["find", asked], &["info"], &["verify"], &["--help"], &["find"]] {
        let ran = bench.run(args);
        assert!(!ran.out.contains('\x1b') && !ran.err.contains('\x1b'), "{args:?}: {ran:?}");
        assert!(!ran.out.is_empty() || !ran.err.is_empty(), "{args:?}");
    }
}

#[test]
fn a_terminal_gets_colours_unless_no_color_is_set() {
    let Some(terminal) = program("script") else { return };
    let bench = Bench::new();
    let asked = bench.snippet("a.wav", "glass_tap", 1);
    bench.snippet("DOORKnck_Knock_EMRK_DEMO.wav", "door_knock", 1);
    bench.index();
    let shown = |no_color: bool| {
        let line = format!("'{}' find '{}'", env!("CARGO_BIN_EXE_earmark"), asked.display());
        let mut command = Command::new(&terminal);
        bench.prepare(&mut command);
        command.args(["-qec", &line, "/dev/null"]).env("TERM", "xterm-256color").stdin(Stdio::null());
        if no_color {
            command.env("NO_COLOR", "1");
        }
        Ran::from(command.output().unwrap())
    };
    let coloured = shown(false);
    if coloured.status != 0 || !coloured.out.contains("DOORKnck") {
        eprintln!("skipped: no terminal can be made here: {coloured:?}");
        return;
    }
    assert!(coloured.out.contains('\x1b'), "{}", coloured.out);
    let plain = shown(true).ended(0);
    assert!(plain.out.contains("DOORKnck") && !plain.out.contains('\x1b'), "{}", plain.out);
}

#[test]
fn quiet_leaves_results_and_errors_only() {
    let bench = Bench::new();
    let asked = bench.snippet("a.wav", "glass_tap", 1);
    bench.snippet("b.wav", "glass_tap", 2);
    let ran = bench.run(["index", "sounds", "--quiet"]).ended(0);
    assert_eq!((ran.out.as_str(), ran.err.as_str()), ("", ""));
    let ran = bench.run(["--quiet", "find", asked.to_str().unwrap()]).ended(0);
    assert_eq!((ran.out.lines().count(), ran.err.as_str()), (1, ""));
    let ran = bench.run(["verify", "-q"]).ended(0);
    assert_eq!((ran.out.as_str(), ran.err.as_str()), ("", ""));
    bench.write("sounds/bad.wav", b"");
    let ran = bench.run(["index", "sounds", "--quiet"]).ended(2);
    assert_eq!(ran.out, "");
    assert_eq!(ran.err.lines().count(), 1, "{}", ran.err);
    assert!(ran.err.contains("bad.wav"), "{}", ran.err);
}

#[test]
fn whoever_has_read_enough_may_close_the_pipe() {
    let bench = Bench::new();
    let asked = bench.snippet("a.wav", "glass_tap", 1);
    bench.snippet("b.wav", "glass_tap", 2);
    bench.index();
    let asked = asked.to_str().unwrap();
    for args in [
        &["find", asked][..],
        &["find", asked, "--json"],
        &["info"],
        &["info", "--json"],
        &["verify"],
        &["index"],
        &["forget", "/", "--dry-run"],
        &["completions", "bash"],
        &["man", "-"],
        &["embed", asked, "--format", "csv", "-o", "-"],
        &["--help"],
    ] {
        let mut command = bench.command();
        command.args(args).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = Running::start(&mut command);
        // The reader goes before the command has anything to say.
        drop(child.stdout.take());
        let ran: Ran = child.finish().into();
        assert_eq!((ran.status, ran.err.as_str()), (0, ""), "{args:?}");
    }
}

#[test]
fn messages_that_nobody_reads_do_no_harm() {
    let bench = Bench::new();
    bench.snippet("a.wav", "glass_tap", 1);
    bench.write("sounds/bad.wav", b"");
    for (args, status) in
        [(&["index", "sounds", "-vv"][..], 2), (&["find", "none.wav"], 2), (&["info", "-v"], 0)]
    {
        let mut command = bench.command();
        command.args(args).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = Running::start(&mut command);
        drop(child.stderr.take());
        assert_eq!(Ran::from(child.finish()).status, status, "{args:?}");
    }
    assert_eq!(bench.known(), ["sounds/a.wav"], "the run went on without its reader");
}

#[test]
fn traces_appear_on_request_and_never_in_the_results() {
    let bench = Bench::new();
    bench.snippet("a.wav", "glass_tap", 1);
    let silent = bench.run(["index", "sounds", "--json", "--quiet"]).ended(0);
    assert_eq!(silent.err, "");
    bench.snippet("b.wav", "glass_tap", 2);
    let verbose = bench.run(["index", "sounds", "--json", "-vv"]).ended(0);
    assert!(verbose.err.contains("DEBUG") && verbose.err.contains("b.wav"), "{}", verbose.err);
    verbose.json();
    bench.snippet("c.wav", "glass_tap", 3);
    let mut command = bench.command();
    command.args(["index", "sounds", "--json"]).env("EARMARK_LOG", "earmark=debug");
    let traced = Ran::from(command.output().unwrap()).ended(0);
    assert!(traced.err.contains("DEBUG") && traced.err.contains("c.wav"), "{}", traced.err);
    traced.json();
}

#[test]
fn the_library_is_where_the_platform_keeps_such_data_unless_told_otherwise() {
    let bench = Bench::new();
    bench.snippet("a.wav", "glass_tap", 1);
    let mut command = bench.command();
    let ran = command.args(["index", "sounds", "--json"]).env_remove("EARMARK_LIBRARY").output().unwrap();
    let library = Ran::from(ran).ended(0).json()["library"]["path"].as_str().unwrap().to_owned();
    assert!(library.starts_with(bench.dir().to_str().unwrap()), "below the home folder: {library}");
    assert!(library.to_lowercase().contains("earmark") && library.ends_with("library"), "{library}");
    if cfg!(target_os = "linux") {
        assert!(library.ends_with(".local/share/earmark/library"), "{library}");
    }
    let ran = bench.run(["info", "--json", "--library", &library]).ended(0);
    assert_eq!(ran.json()["sounds"], 1);
    bench.run(["info"]).refused(&["no library here"]);
}

#[test]
fn a_terminal_sees_how_far_an_indexing_run_is() {
    let Some(terminal) = program("script") else { return };
    let bench = Bench::new();
    // One long file: what is left must be told while it is worked on, not only behind it.
    bench.write("sounds/long.wav", &minutes_of("rain_open", 6));
    bench.snippet("short.wav", "glass_tap", 1);
    let line = format!("'{}' index sounds --jobs 1", env!("CARGO_BIN_EXE_earmark"));
    let mut command = Command::new(terminal);
    bench.prepare(&mut command);
    command.args(["-qec", &line, "/dev/null"]).env("TERM", "xterm-256color").env("COLUMNS", "120");
    let shown = Ran::from(command.stdin(Stdio::null()).output().unwrap());
    if shown.status != 0 || !shown.out.contains("2 new") {
        eprintln!("skipped: no terminal can be made here: {shown:?}");
        return;
    }
    let of_long = |line: &&str| line.contains("0 of 2 files, 0.0") && line.contains(" h of audio");
    let lines: Vec<&str> = shown.out.split(['\r', '\n']).filter(of_long).collect();
    assert!(lines.iter().any(|line| line.contains("× real time")), "{}", shown.out);
    let left: Vec<&&str> = lines.iter().filter(|line| line.contains(" left")).collect();
    assert!(!left.is_empty(), "{}", shown.out);
    let percent = |line: &str| -> u32 {
        line.split_once(" %")
            .unwrap()
            .0
            .rsplit(|letter: char| !letter.is_ascii_digit())
            .next()
            .unwrap()
            .parse()
            .unwrap()
    };
    assert!(percent(left[0]) < percent(left[left.len() - 1]), "{left:?}");
    assert!(percent(left[left.len() - 1]) > 50, "{left:?}");
}

#[cfg(unix)]
#[test]
fn without_a_terminal_progress_is_told_in_plain_lines_now_and_then() {
    let bench = Bench::new();
    let long = bench.write("sounds/long0.wav", &minutes_of("rain_open", 10));
    for copy in 1..6 {
        std::fs::hard_link(&long, bench.sounds().join(format!("long{copy}.wav"))).unwrap();
    }
    let mut command = bench.command();
    command.args(["index", "sounds", "--jobs", "1"]).stdout(Stdio::null()).stderr(Stdio::piped());
    let begun = Instant::now();
    let mut child = Running::start(&mut command);
    let mut lines = BufReader::new(child.stderr.take().unwrap()).lines().map_while(Result::ok);
    let Some(line) = lines.next() else {
        assert!(begun.elapsed() < Duration::from_secs(10), "no line in all that time");
        eprintln!("skipped: an hour of sound takes this machine less than the first line");
        return;
    };
    for words in [" of 6 files, 0.", " h of audio, ", "× real time, ", " left"] {
        assert!(line.contains(words), "no {words:?} in {line}");
    }
    assert!(!line.contains(['\r', '\x1b']), "{line:?}");
    child.interrupt();
    assert_eq!(child.finish().status.code(), Some(130));
}
