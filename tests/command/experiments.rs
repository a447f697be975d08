//! `earmark experiment`: each cell once, whatever happens; and a report that says what the numbers say.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use serde_json::Value;

use crate::support::{Bench, Ran, snippet_of, wait_until};

const NAMES: [&str; 6] = ["one", "two", "three", "four", "five", "six"];

/// Two data sets of two classes: `house`, a folder a class, and `studio`, a table with CatIDs.
fn bench() -> Bench {
    let bench = Bench::new();
    for (class, recipe) in [("brooks", "brook"), ("hands", "applause")] {
        for (name, take) in NAMES.into_iter().zip(1..) {
            bench.write(format!("house/{class}/{name}.wav"), &snippet_of(recipe, take));
        }
    }
    let mut table = String::from("file,label,cat_id\n");
    for (class, recipe, cat_id) in [("bell", "handbell", "BELLHand"), ("knock", "door_knock", "DOORKnck")] {
        for (name, take) in NAMES.into_iter().zip(1..) {
            bench.write(format!("studio/{class} {name}.wav"), &snippet_of(recipe, take));
            table += &format!("{class} {name}.wav,{class},{cat_id}\n");
        }
    }
    bench.write("studio/labels.csv", table.as_bytes());
    bench
}

/// The plan of a small grid, with these keys beside it.
fn plan(bench: &Bench, data: &str, grid: &str, epochs: usize) {
    let text = format!(
        "title = \"A small <grid>\"\ndata = [{data}]\nreferences = [\"mfcc\"]\n\n[[grid]]\n{grid}\n\n\
         [training.model]\nnetwork = \"tiny\"\n\n\
         [training.sampling]\nclasses_per_batch = 4\nframes_per_class = 2\n\n[training.optimiser]\nepochs = {epochs}\npatience = 0\n"
    );
    bench.write("grid.toml", text.as_bytes());
}

/// Eleven cells: a reference, four within, four across, two of UCS transfer.
const GRID: &str =
    "losses = [\"cross-entropy\", \"contrastive\"]\nmixings = [\"joint\", \"sequential\"]\nseeds = [1]";
const CELLS: usize = 11;
const BOTH: &str = "\"house\", \"studio\"";

fn experiment(bench: &Bench, args: &[&str]) -> Ran {
    bench.run(arguments(args))
}

fn arguments<'a>(args: &[&'a str]) -> Vec<&'a str> {
    [&["experiment", "grid.toml", "--device", "cpu", "--cache", "cache"], args].concat()
}

/// Results of all cells by id, without the time that they took.
fn results(folder: &Path) -> BTreeMap<String, Value> {
    let entries = fs::read_dir(folder.join("cells")).unwrap().map(|entry| entry.unwrap().path());
    entries
        .map(|path| {
            let mut value: Value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
            value.as_object_mut().unwrap().remove("seconds");
            (path.file_stem().unwrap().to_str().unwrap().to_owned(), value)
        })
        .collect()
}

/// Cells that a run says it computed.
fn computed(err: &str) -> usize {
    err.lines().filter(|line| line.starts_with("cell ") && line.contains(": macro F1 ")).count()
}

#[test]
fn every_cell_is_computed_once_and_the_plan_lists_them_before() {
    let bench = bench();
    plan(&bench, BOTH, GRID, 2);
    let listed = experiment(&bench, &["--dry-run"]).ended(0);
    assert!(
        listed.out.contains(&format!("{CELLS} cells: 0 done, 0 failed, {CELLS} to do")),
        "{}",
        listed.out
    );
    for words in [
        "left out: 4 cells: within: mixing, FDR and BN per data set need several data sets",
        "left out: 2 cells: ucs-transfer: mixing",
        "to do   ucs-transfer, contrastive, seed 1",
        "to do   cross, cross-entropy, sequential, shared BN, seed 1",
        "to do   within, cross-entropy, house, seed 1",
        "to do   mfcc, seed 1",
    ] {
        assert!(listed.out.contains(words), "no {words:?} in {}", listed.out);
    }
    assert!(!bench.dir().join("grid").exists(), "looking changes nothing");

    let ran = experiment(&bench, &[]).ended(0);
    assert_eq!(computed(&ran.err), CELLS, "{}", ran.err);
    assert!(ran.out.contains(&format!("{CELLS} cells computed")), "{}", ran.out);
    let first = results(&bench.dir().join("grid"));
    assert_eq!(first.len(), CELLS);
    let judged = |cell: &Value| -> Vec<String> {
        let judged = cell["outcome"]["done"]["judged"].as_array().unwrap();
        judged.iter().map(|it| it["data_set"].as_str().unwrap().to_owned()).collect()
    };
    for cell in first.values() {
        let recipe = &cell["cell"]["config"]["trained"];
        let expected: &[&str] = match recipe["scenario"].as_str() {
            Some("within") => &[cell["cell"]["data_set"].as_str().unwrap()],
            // `studio` has the UCS labels: the other one is judged.
            Some("ucs-transfer") => &["house"],
            _ => &["house", "studio"],
        };
        assert_eq!(judged(cell), expected, "{cell}");
    }
    assert_eq!(fs::read_dir(bench.dir().join("grid/work")).unwrap().count(), 0, "nothing is left behind");

    let again = experiment(&bench, &[]).ended(0);
    assert_eq!((computed(&again.err), results(&bench.dir().join("grid"))), (0, first));
    let listed = experiment(&bench, &["--dry-run"]).ended(0);
    assert!(listed.out.contains(&format!("{CELLS} done, 0 failed, 0 to do")), "{}", listed.out);
    // More seeds are more cells; those that are there stay.
    plan(&bench, BOTH, &GRID.replace("[1]", "[1, 2]"), 2);
    let listed = experiment(&bench, &["--dry-run"]).ended(0);
    assert!(listed.out.contains(&format!("{CELLS} done, 0 failed, {CELLS} to do")), "{}", listed.out);
    // A sound with another label makes other cells of all that hear it.
    let table = bench.dir().join("studio/labels.csv");
    let text = fs::read_to_string(&table).unwrap();
    fs::write(&table, text.replace("bell six.wav,bell,BELLHand", "bell six.wav,knock,DOORKnck")).unwrap();
    plan(&bench, BOTH, GRID, 2);
    let listed = experiment(&bench, &["--dry-run"]).ended(0);
    assert!(
        listed.out.contains("2 done, 0 failed, 9 to do"),
        "within house alone is as it was: {}",
        listed.out
    );
}

#[cfg(unix)]
#[test]
fn an_interrupted_experiment_goes_on_as_if_nothing_had_been() {
    use crate::support::Running;
    use std::process::Stdio;
    let bench = bench();
    plan(&bench, BOTH, GRID, 6);
    let mut command = bench.command();
    command.args(arguments(&["-o", "broken"])).stdout(Stdio::piped()).stderr(Stdio::piped());
    let running = Running::start(&mut command);
    let cells = bench.dir().join("broken/cells");
    // Two are done, the next one is in work.
    wait_until(|| fs::read_dir(&cells).is_ok_and(|entries| entries.count() >= 2));
    running.interrupt();
    let stopped: Ran = running.finish().into();
    let stopped = stopped.ended(130);
    assert!(stopped.err.contains("the same command goes on"), "{}", stopped.err);
    let before = computed(&stopped.err);
    assert!(before < CELLS, "it was not stopped");
    let ended = experiment(&bench, &["-o", "broken"]).ended(0);
    assert_eq!(before + computed(&ended.err), CELLS, "each cell once");
    experiment(&bench, &["-o", "whole"]).ended(0);
    assert!(results(&bench.dir().join("broken")) == results(&bench.dir().join("whole")));
}

#[test]
fn two_processes_share_the_cells() {
    let bench = bench();
    plan(&bench, BOTH, GRID, 2);
    // The spectrograms are there, so that both begin at once.
    experiment(&bench, &["-o", "first"]).ended(0);
    let start = || {
        let mut command = bench.command();
        command.args(arguments(&["-o", "shared"]));
        command.stdout(std::process::Stdio::piped()).stderr(std::process::Stdio::piped()).spawn().unwrap()
    };
    let both = [start(), start()].map(|child| Ran::from(child.wait_with_output().unwrap()).ended(0));
    let computed: Vec<usize> = both.iter().map(|ran| computed(&ran.err)).collect();
    assert_eq!(computed.iter().sum::<usize>(), CELLS, "{both:?}");
    assert!(results(&bench.dir().join("shared")) == results(&bench.dir().join("first")));
}

#[test]
fn a_cell_that_fails_is_recorded_and_the_others_go_on() {
    let bench = bench();
    // Two recordings cannot be on three sides of a split.
    bench.write("thin/a/bell.wav", &snippet_of("handbell", 1));
    bench.write("thin/b/brook.wav", &snippet_of("brook", 1));
    plan(&bench, "\"house\", \"thin\"", "scenarios = [\"within\", \"cross\"]", 2);
    let ran = experiment(&bench, &[]).ended(2);
    assert_eq!(computed(&ran.err), 1, "house alone: {}", ran.err);
    assert!(ran.out.contains("1 cell computed, 3 failed (--retry-failed"), "{}", ran.out);
    assert!(ran.err.contains("within, cross-entropy, thin, seed 1: failed: thin"), "{}", ran.err);
    let failed = results(&bench.dir().join("grid")).into_values().filter(|cell| {
        cell["outcome"]["failed"]["error"].as_str().is_some_and(|error| error.contains("thin"))
    });
    assert_eq!(failed.count(), 3);
    let again = experiment(&bench, &[]).ended(2);
    assert!(!again.err.contains("failed: thin"), "what failed is not tried again by itself: {}", again.err);
    let retried = experiment(&bench, &["--retry-failed"]).ended(2);
    assert_eq!(retried.err.matches("failed: thin").count(), 3, "{}", retried.err);
    bench.run(["experiment", "report", "grid"]).ended(0);
    let page = fs::read_to_string(bench.dir().join("grid/report.html")).unwrap();
    assert!(page.contains("<summary>Failed: 3</summary>"), "failures are listed");
}

#[test]
fn the_report_has_the_six_pictures_and_says_in_words_what_the_numbers_say() {
    let bench = bench();
    plan(&bench, BOTH, GRID, 2);
    bench.run(["experiment", "report", "grid"]).refused(&["grid", "experiment.json"]);
    experiment(&bench, &[]).ended(0);
    let brief = bench.run(["experiment", "report", "grid", "--plots", "plots", "--json"]).ended(0).json();
    assert_eq!(brief["answers"].as_array().unwrap().len(), 7);
    assert_eq!(brief["models"].as_array().unwrap().len(), 9, "each configuration: {brief}");
    let page = fs::read_to_string(bench.dir().join("grid/report.html")).unwrap();
    let pictures = ["data", "baselines", "metric_learning", "separation", "scenarios", "best"];
    for name in pictures {
        let figure = page.split_once(&format!("id=\"picture-{name}\"")).unwrap().1;
        let figure = figure.split_once("</figure>").unwrap().0;
        assert!(figure.contains("<svg") && figure.contains("</svg>"), "{name}: {figure}");
        assert!(
            fs::read_to_string(bench.dir().join(format!("plots/{name}.svg"))).unwrap().starts_with("<svg")
        );
    }
    assert!(page.contains("arXiv:2208.09096"), "the questions are cited");
    assert!(page.contains("<title>Earmark experiment: A small &lt;grid&gt;</title>"));
    assert!(
        page.contains("media-src &#39;self&#39; file: data:") && page.contains("default-src &#39;none&#39;")
    );

    // The sentence on training across data sets, worked out from the cells.
    let cells = results(&bench.dir().join("grid"));
    let figure = |scenario: &str, loss: &str, set: &str| -> Vec<f64> {
        let of = |cell: &&Value| {
            let recipe = &cell["cell"]["config"]["trained"];
            recipe["scenario"] == scenario && recipe["loss"]["kind"] == loss
        };
        let judged = |cell: &Value| cell["outcome"]["done"]["judged"].as_array().unwrap().clone();
        let rows = cells.values().filter(of).flat_map(judged).filter(|row| row["data_set"] == set);
        rows.map(|row| row["frame_f1"]["value"].as_f64().unwrap()).collect()
    };
    let mean = |values: &[f64]| values.iter().sum::<f64>() / values.len() as f64;
    let by_set = ["house", "studio"].map(|set| {
        let differences: Vec<f64> = ["cross-entropy", "contrastive"]
            .into_iter()
            .flat_map(|loss| {
                let within = figure("within", loss, set);
                assert_eq!(within.len(), 1);
                let across = figure("cross", loss, set);
                assert_eq!(across.len(), 2, "sequential and joint");
                across.into_iter().map(move |value| value - within[0]).collect::<Vec<_>>()
            })
            .collect();
        mean(&differences)
    });
    let answer = page.split_once("<h3>Does training across data sets help?</h3>").unwrap().1;
    let sentence = answer.split_once("</li>").unwrap().0.rsplit_once('>').unwrap().1;
    let (claim, numbers) = sentence.split_once(": macro F1 a frame ").unwrap();
    let numbers: Vec<f64> = numbers
        .split([' ', '[', ',', ']'])
        .filter(|part| part.starts_with(['+', '-']))
        .map(|part| part.parse().unwrap())
        .collect();
    let [value, low, high] = numbers[..] else { panic!("{sentence}") };
    assert!((value - mean(&by_set)).abs() < 6e-4, "{sentence} {by_set:?}");
    let expected = match () {
        () if low > 0.0 => "Training across data sets is better than training within each one",
        () if high < 0.0 => "Training across data sets is worse than training within each one",
        () => "No difference is shown between training across data sets and training within each one",
    };
    assert_eq!(claim, expected, "{low} {high}");
    assert!(sentence.ends_with("(2 data sets, 1 seed, 8 pairs)."), "{sentence}");

    // Every sound of the maps is found from where the page lies.
    let sounds = listed_sounds(&page);
    assert!(!sounds.is_empty());
    for sound in &sounds {
        let source = sound["source"].as_str().unwrap();
        let path = bench.dir().join("grid").join(source.replace("%20", " "));
        assert!(path.is_file(), "{source}");
    }
    bench.run(["experiment", "report", "grid", "-o", "grid.toml"]).refused(&["grid.toml", "left alone"]);
    bench.run(["experiment", "report", "grid", "--embed-sounds"]).ended(0);
    let page = fs::read_to_string(bench.dir().join("grid/report.html")).unwrap();
    for sound in listed_sounds(&page) {
        assert!(sound["source"].as_str().unwrap().starts_with("data:audio/wav;base64,UklGR"), "{sound}");
    }
}

fn listed_sounds(page: &str) -> Vec<Value> {
    let text = page.split_once("id=\"sounds\">").unwrap().1.split_once("</script>").unwrap().0;
    serde_json::from_str(text).unwrap()
}

#[cfg(unix)]
#[test]
fn hostile_names_are_text_in_the_report() {
    let bench = Bench::new();
    let set = "<b onclick=alert(1)>&set";
    for (class, recipe) in
        [("<img src=x onerror=alert(2)>", "handbell"), ("\"'><svg onload=alert(3)>", "brook")]
    {
        for (name, take) in NAMES.into_iter().zip(1..) {
            let file = format!("\"><script>alert({name})<script> #?%.wav");
            bench.write(format!("{set}/{class}/{file}"), &snippet_of(recipe, take));
        }
    }
    plan(&bench, &format!("'{set}'"), "scenarios = [\"within\"]", 1);
    experiment(&bench, &[]).ended(0);
    bench.run(["experiment", "report", "grid"]).ended(0);
    let page = fs::read_to_string(bench.dir().join("grid/report.html")).unwrap();
    for raw in ["<b onclick", "<img", "<svg onload", "<script>alert", "'><svg"] {
        assert!(!page.contains(raw), "{raw} stands in the page as it is");
    }
    assert_eq!(page.matches("<script").count(), 2, "the data and the page's own script");
    assert!(page.contains("&lt;img src=x onerror=alert(2)&gt;"), "the class is named");
    let sounds = listed_sounds(&page);
    assert!(sounds.iter().all(|it| it["name"].as_str().unwrap().contains("<script>alert(")));
    assert!(sounds.iter().all(|it| !it["source"].as_str().unwrap().contains(['<', '"', '#', '?', ' '])));
}

#[test]
fn plans_that_cannot_be_are_refused_in_one_line() {
    let bench = bench();
    let refused = |text: &str, words: &[&str]| {
        bench.write("grid.toml", text.as_bytes());
        experiment(&bench, &[]).refused(words);
        assert!(!bench.dir().join("grid").exists());
    };
    refused("data = []", &["data: name at least one"]);
    refused("data = [\"nowhere\"]", &["nowhere"]);
    refused("data = [\"house\", \"./house\"]", &["two data sets are called 'house'"]);
    refused("data = [\"house\"]\nucs = [\"attic\"]", &["ucs", "attic"]);
    refused("data = [\"house\"]\n[[grid]]\nlosses = [\"magic\"]", &["no loss 'magic'"]);
    refused("data = [\"house\"]\n[[grid]]\ndata_sets = [\"attic\"]", &["'attic'", "house"]);
    refused("data = [\"house\"]\nreferences = [\"no-such-model\"]", &["no-such-model"]);
    refused("data = [\"house\"]\n[training]\nseed = 3", &["training.seed", "grid"]);
    bench.write("grid.toml", b"daat = []");
    let ran = experiment(&bench, &[]).ended(2);
    assert!(ran.err.contains("grid.toml") && ran.err.contains("daat"), "{}", ran.err);
}
