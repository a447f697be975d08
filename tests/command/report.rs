//! The report of a library: one page that says the truth, asks nothing of the network and trusts no file name.

use std::fs::{self, File};
use std::io::BufReader;
use std::path::Path;

use serde_json::Value;

use crate::support::{Bench, snippet_of};

/// A library with labels, copies and a sound without a label.
fn mixed() -> Bench {
    let bench = Bench::new();
    bench.sound("DOORKnck_Knock 01_EMRK_DEMO.wav", "door_knock", 1);
    bench.snippet("DOORKnck_Knock 02_EMRK_DEMO.wav", "door_knock", 2);
    bench.snippet("BELLHand_Ring_EMRK_DEMO.wav", "handbell", 2);
    bench.snippet("untold.wav", "handbell", 1);
    bench.snippet("copies/the same again.wav", "handbell", 1);
    bench.index();
    bench
}

fn report(bench: &Bench) -> String {
    bench.run(["report", "--output", "report.html"]).ended(0);
    fs::read_to_string(bench.dir().join("report.html")).unwrap()
}

/// The JSON in the element with this id.
fn data(page: &str, id: &str) -> Value {
    let begin = format!("<script type=\"application/json\" id=\"{id}\">");
    let text = page.split_once(&begin).unwrap().1.split_once("</script>").unwrap().0;
    serde_json::from_str(text).unwrap()
}

/// The page without its data and script.
fn visible(page: &str) -> &str {
    page.split_once("<body>").unwrap().1.split_once("<script").unwrap().0
}

#[test]
fn the_page_says_what_info_says() {
    let bench = mixed();
    let page = report(&bench);
    let info = bench.info();
    assert_eq!(data(&page, "info"), info);
    let text = visible(&page);
    for words in [
        "<strong>5</strong><span>sounds",
        "<strong>60.0 %</strong><span>labelled: 3",
        "<strong>2</strong><span>of 753 CatIDs have sounds",
        "<strong>1</strong><span>groups of duplicates",
        "2 of 82 Categories and 2 of 753 CatIDs",
        "<td>DOORKnck</td><td>Knock</td><td class=\"n\">2</td>",
        "the same again.wav",
        "WAV",
        "48 kHz",
    ] {
        assert!(text.contains(words), "{words} is missing in {text}");
    }
    let map = data(&page, "map-data");
    assert_eq!(map["count"], 5);
    let mut names: Vec<&str> =
        map["names"].as_array().unwrap().iter().map(|name| name.as_str().unwrap()).collect();
    names.sort_unstable();
    assert_eq!(
        names,
        [
            "BELLHand_Ring_EMRK_DEMO.wav",
            "DOORKnck_Knock 01_EMRK_DEMO.wav",
            "DOORKnck_Knock 02_EMRK_DEMO.wav",
            "the same again.wav",
            "untold.wav"
        ]
    );
}

#[test]
fn the_page_asks_nothing_of_the_network() {
    let bench = mixed();
    let page = report(&bench);
    assert!(page.starts_with("<!doctype html>"));
    assert!(page.contains("default-src &#39;none&#39;"), "other requests are not forbidden");
    let bare: String = page.chars().filter(|character| !character.is_whitespace()).collect();
    for reach in [
        "http:",
        "https:",
        "src=",
        "url(",
        "@import",
        "fetch(",
        "XMLHttpRequest",
        "WebSocket",
        "EventSource",
        "sendBeacon",
        "importScripts",
        "import(",
        "<iframe",
        "<object",
        "<embed",
        "<form",
        "eval(",
        "innerHTML",
    ] {
        assert!(!bare.contains(reach), "the page has {reach}");
    }
    for (at, _) in page.match_indices("href=") {
        let target = &page[at + 6..];
        assert!(target.starts_with('#') || target.starts_with("data:,"), "{}", &target[..40]);
    }
    for (at, _) in page.match_indices("//") {
        assert!(!page[..at].ends_with(':'), "{}", &page[at.saturating_sub(40)..at + 40]);
    }
}

#[test]
fn hostile_names_are_text_and_nothing_else() {
    let bench = Bench::new();
    let long = format!("{}.wav", "x".repeat(251));
    let mut names = vec![
        "<script>alert(1)<script>.wav".to_owned(),
        "<img src=x onerror=alert(2)>.wav".to_owned(),
        "\" onmouseover='alert(3)' x=\".wav".to_owned(),
        "&lt;b&gt; ]]> <!-- .wav".to_owned(),
        "turned \u{202e}fdp.wav".to_owned(),
        "عاصفة.wav".to_owned(),
        long.clone(),
    ];
    if cfg!(windows) {
        names.retain(|name| !name.contains(['<', '>', '"']));
    } else {
        names.push("two\nlines\u{1b}[31m.wav".to_owned());
    }
    let sound = snippet_of("handbell", 1);
    names.iter().for_each(|name| drop(bench.write(format!("sounds/{name}"), &sound)));
    let mut count = names.len();
    if cfg!(target_os = "linux") {
        bench.write("sounds/<h1>folder/inside.wav", &sound);
        write_bytes(&bench.sounds(), b"not \xff\xfe text.wav", &sound);
        count += 2;
    }
    bench.index();
    let page = report(&bench);
    // One for each of the two sets of data, one for the script.
    assert_eq!(page.matches("<script").count(), 3);
    assert_eq!(page.matches("</script").count(), 3);
    for markup in ["<img", "<h1>folder", "]]>", "\u{202e}", "\u{1b}"] {
        assert!(!page.contains(markup), "{markup} got through");
    }
    // A quote would end an attribute; in the data it is a string's.
    assert!(!visible(&page).contains("onmouseover='"));
    let shown = data(&page, "map-data")["names"].clone();
    let shown: Vec<&str> = shown.as_array().unwrap().iter().map(|name| name.as_str().unwrap()).collect();
    assert_eq!(shown.len(), count);
    for name in [&long, "عاصفة.wav", "turned \\u{202e}fdp.wav"] {
        assert!(shown.contains(&name), "{name} is missing in {shown:?}");
    }
    if cfg!(unix) {
        assert!(shown.contains(&"<img src=x onerror=alert(2)>.wav"));
        assert!(visible(&page).contains("&lt;img src=x onerror=alert(2)&gt;.wav"), "duplicates name it");
    }
}

#[cfg(unix)]
fn write_bytes(folder: &Path, name: &[u8], bytes: &[u8]) {
    use std::os::unix::ffi::OsStrExt;
    let path = folder.join(std::ffi::OsStr::from_bytes(name));
    fs::write(&path, bytes).unwrap();
    crate::support::age(&path);
}

#[cfg(not(unix))]
fn write_bytes(_: &Path, _: &[u8], _: &[u8]) {}

#[test]
fn what_is_gone_and_what_is_offline_is_said() {
    let bench = Bench::new();
    bench.snippet("here.wav", "handbell", 1);
    bench.snippet("soon gone.wav", "handbell", 2);
    bench.write("drive/elsewhere.wav", &snippet_of("door_knock", 1));
    bench.run(["index", "sounds", "drive"]).ended(0);
    fs::remove_dir_all(bench.dir().join("drive")).unwrap();
    bench.run(["index", "--quiet"]);
    fs::remove_file(bench.sounds().join("soon gone.wav")).unwrap();
    let page = report(&bench);
    let text = visible(&page);
    for words in ["Files that are gone: 1", "soon gone.wav</bdi>", "drive is not plugged in: 1", "offline"] {
        assert!(text.contains(words), "{words} is missing in {text}");
    }
    assert!(!text.contains("here.wav"), "a file that is there needs no attention");
    assert_eq!(data(&page, "map-data")["count"], 3);
}

#[test]
fn a_report_takes_the_place_of_a_report_and_of_nothing_else() {
    let bench = mixed();
    let first = report(&bench);
    bench.snippet("another.wav", "door_knock", 3);
    bench.index();
    let second = report(&bench);
    assert_ne!(first, second);
    let precious = bench.sounds().join("untold.wav");
    let before = fs::read(&precious).unwrap();
    let ran = bench.run(["report", "--output", "sounds/untold.wav"]).ended(2);
    assert!(ran.err.contains("untold.wav") && ran.err.contains("left alone"), "{}", ran.err);
    assert_eq!(fs::read(&precious).unwrap(), before);
}

#[test]
fn without_a_library_or_a_place_to_write_there_is_an_error_and_no_file() {
    let bench = Bench::new();
    let ran = bench.run(["report"]).ended(2);
    assert!(ran.err.contains("no library here"), "{}", ran.err);
    bench.snippet("a.wav", "handbell", 1);
    bench.index();
    let ran = bench.run(["report", "--output", "nowhere/report.html"]).ended(2);
    assert!(ran.err.contains("nowhere") && ran.err.contains("cannot write the report"), "{}", ran.err);
    let manifest = bench.library().join("manifest");
    let mut bytes = fs::read(&manifest).unwrap();
    *bytes.last_mut().unwrap() ^= 1;
    fs::write(&manifest, bytes).unwrap();
    let ran = bench.run(["report"]).ended(2);
    assert!(ran.err.contains("manifest") && ran.err.contains("damaged"), "{}", ran.err);
    let left: Vec<String> = fs::read_dir(bench.dir())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned())
        .filter(|name| name != "sounds" && name != "library")
        .collect();
    assert!(left.is_empty(), "{left:?}");
}

#[test]
fn damaged_segments_are_named_and_the_rest_is_reported() {
    let bench = mixed();
    bench.snippet("later.wav", "door_knock", 4);
    bench.index();
    let segments = bench.segments();
    let mut bytes = fs::read(&segments[0]).unwrap();
    bytes[8] ^= 0xff;
    fs::write(&segments[0], bytes).unwrap();
    bench.run(["report", "--output", "report.html"]).ended(2);
    let page = fs::read_to_string(bench.dir().join("report.html")).unwrap();
    assert!(visible(&page).contains("Damaged parts of the index: 1"));
    assert_eq!(data(&page, "info"), bench.info());
}

#[test]
fn pictures_are_drawings_of_their_own() {
    let bench = mixed();
    bench.run(["report", "--plots", "pictures", "--map-sounds", "0"]).ended(0);
    assert!(!bench.dir().join("pictures/map.svg").exists(), "there is no map to draw");
    let page = fs::read_to_string(bench.dir().join("earmark-report.html")).unwrap();
    assert_eq!(data(&page, "map-data")["count"], 0);
    bench.run(["report", "--plots", "pictures"]).ended(0);
    for (name, words) in [("coverage.svg", "DOORS"), ("lengths.svg", "below 0.5 s"), ("map.svg", "others")] {
        let svg = fs::read_to_string(bench.dir().join("pictures").join(name)).unwrap();
        assert!(svg.starts_with("<svg") && svg.trim_end().ends_with("</svg>"), "{name}");
        assert!(svg.contains(words), "{name}: {words} is missing");
        assert!(!svg.contains("href") && !svg.contains("<script") && !svg.contains("<image"), "{name}");
        // The same in points: bars or points in colour, and text.
        let path = bench.dir().join("pictures").join(name).with_extension("png");
        let mut reader = png::Decoder::new(BufReader::new(File::open(path).unwrap())).read_info().unwrap();
        let mut pixels = vec![0; reader.output_buffer_size().unwrap()];
        let frame = reader.next_frame(&mut pixels).unwrap();
        assert_eq!(frame.color_type, png::ColorType::Rgba);
        let share = |is: &dyn Fn(&[u8; 4]) -> bool| {
            let pixels = pixels.as_chunks::<4>().0;
            pixels.iter().filter(|pixel| is(pixel)).count() as f64 / pixels.len() as f64
        };
        assert!(frame.width >= 1900 && share(&|p| *p == [255; 4]) > 0.3, "{name}");
        assert!(share(&|p| p[0].abs_diff(p[2]) > 60) > 1e-4, "{name} has no colour");
        assert!(share(&|p| p[..3].iter().all(|part| *part < 60)) > 1e-4, "{name} has no text");
    }
}

#[test]
fn an_empty_library_has_a_report_too() {
    let bench = Bench::new();
    bench.run(["index", "sounds"]);
    bench.run(["report", "--output", "report.html"]).ended(1);
    let page = fs::read_to_string(bench.dir().join("report.html")).unwrap();
    assert!(visible(&page).contains("Categories without sounds: 82"));
}
