//! `earmark demo` gives a newcomer sounds to try everything with.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use std::time::SystemTime;

use crate::support::{Bench, names, tally};

/// The demo library, written once.
fn written() -> &'static Bench {
    static WRITTEN: OnceLock<Bench> = OnceLock::new();
    WRITTEN.get_or_init(|| {
        let bench = Bench::lasting("demo");
        let ran = bench.run(["demo", "sfx"]).ended(0);
        assert!(ran.out.contains("Try: earmark find "), "{}", ran.out);
        bench
    })
}

fn sounds() -> Vec<PathBuf> {
    let mut sounds = Vec::new();
    for folder in fs::read_dir(written().dir().join("sfx")).unwrap().map(|entry| entry.unwrap().path()) {
        if folder.is_dir() {
            sounds.extend(fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()));
        }
    }
    sounds.sort();
    sounds
}

fn name(path: &Path) -> &str {
    path.file_name().unwrap().to_str().unwrap()
}

#[test]
fn it_writes_at_least_60_sounds_in_12_categories_and_several_formats() {
    let sounds = sounds();
    assert!(sounds.len() >= 60, "{}", sounds.len());
    let cat_ids: BTreeSet<&str> = sounds.iter().map(|path| name(path).split('_').next().unwrap()).collect();
    let folders: BTreeSet<&Path> = sounds.iter().map(|path| path.parent().unwrap()).collect();
    let formats: BTreeSet<_> = sounds.iter().map(|path| path.extension().unwrap()).collect();
    assert!(cat_ids.len() >= 12 && folders.len() >= 12, "{cat_ids:?}");
    assert!(formats.len() >= 4, "{formats:?}");
}

#[test]
fn it_says_honestly_that_nothing_is_a_recording() {
    let readme = fs::read_to_string(written().dir().join("sfx/README.txt")).unwrap();
    assert!(readme.contains("synthesised") && readme.contains("not a recording"), "{readme}");
    for path in sounds().iter().filter(|path| path.extension().is_some_and(|ending| ending == "wav")) {
        let bytes = fs::read(path).unwrap();
        let told = b"synthesised by earmark demo, not a recording";
        assert!(bytes.windows(told.len()).any(|part| part == told), "{}", path.display());
    }
}

#[test]
fn a_second_time_changes_nothing_and_puts_back_what_is_missing() {
    let bench = Bench::new();
    let folder = bench.dir().join("sfx");
    bench.run(["demo", "sfx", "--quiet"]).ended(0);
    let kept: Vec<PathBuf> = sounds()
        .iter()
        .map(|path| folder.join(path.strip_prefix(written().dir().join("sfx")).unwrap()))
        .collect();
    let times = || -> Vec<SystemTime> {
        kept[1..].iter().map(|path| fs::metadata(path).unwrap().modified().unwrap()).collect()
    };
    let before = times();
    fs::remove_file(&kept[0]).unwrap();
    let ran = bench.run(["demo", "sfx", "--quiet"]).ended(0);
    assert_eq!(ran.out, "");
    assert_eq!(times(), before);
    assert_eq!(
        fs::read(&kept[0]).unwrap(),
        fs::read(&sounds()[0]).unwrap(),
        "the same seed gives the same bytes"
    );
}

#[test]
fn a_file_of_someone_else_is_not_overwritten() {
    let bench = Bench::new();
    let theirs = bench.write("sfx/README.txt", b"my own notes");
    bench.run(["demo", "sfx"]).refused(&[
        "sfx/README.txt",
        "exists with other contents",
        "choose an empty folder",
    ]);
    assert_eq!(fs::read(theirs).unwrap(), b"my own notes");
    let name = sounds()[0].strip_prefix(written().dir()).unwrap().to_owned();
    let bench = Bench::new();
    let theirs = bench.write(&name, b"my own take");
    bench.run(["demo", "sfx"]).refused(&[name.to_str().unwrap(), "exists with other contents"]);
    assert_eq!(fs::read(theirs).unwrap(), b"my own take");
    bench.write("file", b"");
    bench.run(["demo", "file"]).refused(&["file", "cannot create this folder"]);
}

#[test]
fn the_commands_it_advises_work_on_it() {
    let bench = Bench::new();
    let of = |category: &str| -> Vec<PathBuf> {
        sounds().into_iter().filter(|path| path.parent().unwrap().ends_with(category)).collect()
    };
    for path in of("DOORS").iter().chain(&of("GLASS")) {
        let below = path.strip_prefix(written().dir().join("sfx")).unwrap();
        bench.write(Path::new("sounds").join(below), &fs::read(path).unwrap());
    }
    let all = of("DOORS").len() + of("GLASS").len();
    assert_eq!(tally(&bench.index()), format!("{all} new"));
    let asked = bench.sounds().join("DOORS").join(name(&of("DOORS")[0]));
    let answer = bench.find(&asked, &["--in", "sounds", "-k", "1"]);
    assert!(names(&answer)[0].starts_with("DOOR"), "{answer:#}");
    assert_eq!(bench.info()["labelled_share"], 1.0, "every sound carries its CatID");
}
