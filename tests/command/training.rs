//! `earmark train`: a model that the other commands use at once, and plain words where it cannot be made.

use crate::support::{Bench, Ran, snippet_of, wait_until};

/// Two data sets of two classes, a folder each.
fn bench() -> Bench {
    let bench = Bench::new();
    for (set, classes) in [
        ("house", [("bells", "handbell"), ("hands", "applause")]),
        ("yard", [("birds", "songbird"), ("brooks", "brook")]),
    ] {
        for (class, recipe) in classes {
            for (name, take) in ["one", "two", "three", "four", "five", "six"].into_iter().zip(1..) {
                bench.write(format!("{set}/{class}/{name}.wav"), &snippet_of(recipe, take));
            }
        }
    }
    bench
}

fn train(bench: &Bench, args: &[&str]) -> Ran {
    let common = ["train", "--network", "tiny", "--epochs", "2", "--device", "cpu", "--cache", "cache"];
    bench.run(common.iter().chain(args))
}

#[test]
fn a_trained_model_indexes_and_finds_at_once() {
    let bench = bench();
    let ran = train(&bench, &["--data", "house", "--data", "yard", "-o", "models/mine"]).ended(0);
    assert!(ran.out.contains("mine") && ran.out.contains("--model models/mine"), "{}", ran.out);
    for file in ["card.toml", "model.onnx", "plan.toml", "metrics.jsonl", "checkpoint.bin", "splits.json"] {
        assert!(bench.dir().join("models/mine").join(file).exists(), "{file}");
    }
    bench.run(["index", "house", "--model", "models/mine", "--json"]).ended(0);
    let found =
        bench.run(["find", "house/bells/one.wav", "--model", "models/mine", "--json"]).ended(0).json();
    assert!(!found["results"].as_array().unwrap().is_empty(), "{found}");
    // The same command has nothing left to do; another plan does not go on from there.
    let again = train(&bench, &["--data", "house", "--data", "yard", "-o", "models/mine"]).ended(0);
    assert!(!again.err.contains("epoch"), "{}", again.err);
    let other = train(&bench, &["--data", "house", "-o", "models/mine"]).ended(2);
    assert!(other.err.contains("another plan"), "{}", other.err);
    // The recorded plan is a plan.
    bench
        .run(["train", "models/mine/plan.toml", "--device", "cpu", "--cache", "cache", "-o", "mine"])
        .ended(0);
    let models = ["models/mine/model.onnx", "mine/model.onnx"];
    let [first, second] = models.map(|model| std::fs::read(bench.dir().join(model)).unwrap());
    assert!(first == second, "the same plan gives the same model");
}

#[test]
fn a_student_learns_from_the_model_that_ships() {
    let bench = bench();
    train(&bench, &["--unlabelled", "house", "--teacher", "aisfx", "-o", "student"]).ended(0);
    bench.run(["index", "house", "--model", "student", "--json"]).ended(0);
}

#[test]
fn copies_with_another_pitch_are_trained_on_too() {
    let bench = bench();
    let plan = "data = [\"house\"]\n[augmentation]\ncopies = 1\n";
    bench.write("plan.toml", plan.as_bytes());
    train(&bench, &["plan.toml", "-o", "model"]).ended(0);
    let recorded = std::fs::read_to_string(bench.dir().join("model/plan.toml")).unwrap();
    assert!(recorded.contains("copies = 1") && recorded.contains("network = \"tiny\""), "{recorded}");
}

#[cfg(unix)]
#[test]
fn an_interrupted_training_goes_on_as_if_nothing_had_been() {
    use crate::support::Running;
    use std::fs::read;
    use std::process::Stdio;
    let bench = bench();
    let plan = "data = [\"house\", \"yard\"]\n[optimiser]\nepochs = 120\npatience = 0\n";
    bench.write("plan.toml", plan.as_bytes());
    let arguments = |output| {
        let common = ["train", "plan.toml", "--network", "tiny", "--device", "cpu", "--cache", "cache"];
        // Else the file holds the folder's name.
        common.into_iter().chain(["--name", "mine", "-o", output])
    };
    let mut command = bench.command();
    command.args(arguments("broken")).stdout(Stdio::piped()).stderr(Stdio::piped());
    let running = Running::start(&mut command);
    let metrics = bench.dir().join("broken/metrics.jsonl");
    wait_until(|| read(&metrics).is_ok_and(|text| text.iter().filter(|&&byte| byte == b'\n').count() >= 2));
    running.interrupt();
    let stopped = Ran::from(running.finish()).ended(130);
    assert!(stopped.err.contains("the same command goes on"), "{}", stopped.err);
    assert!(bench.dir().join("broken/checkpoint.bin").exists());
    assert!(!bench.dir().join("broken/model.onnx").exists(), "it was not stopped");
    bench.run(arguments("broken")).ended(0);
    bench.run(arguments("whole")).ended(0);
    let [broken, whole] =
        ["broken", "whole"].map(|folder| read(bench.dir().join(folder).join("model.onnx")).unwrap());
    assert!(broken == whole, "the model is the same to the byte");
}

#[test]
fn what_cannot_be_is_said_before_anything_is_computed() {
    let bench = bench();
    let refused = |args: &[&str], expected: &str| {
        let ran = train(&bench, args).ended(2);
        assert!(ran.err.contains(expected), "{}", ran.err);
    };
    refused(&["-o", "x", "--teacher", "aisfx"], "nothing to train on");
    refused(&["-o", "x"], "loss none");
    refused(&["-o", "x", "--data", "house", "--loss", "magic"], "magic");
    refused(&["-o", "x", "--data", "house", "--init", "aisfx"], "convolutions");
    refused(&["-o", "x", "--data", "nowhere"], "nowhere");
    bench.write("bad.toml", b"[loss]\nkind = \"contrastive\"\nmargn = 1\n");
    refused(&["bad.toml", "-o", "x", "--data", "house"], "bad.toml");
    refused(&["bad.toml"], "--output");
    let ran = bench.run(["train", "-o", "x", "--data", "house", "--device", "gpu:77"]).ended(2);
    assert!(ran.err.contains("gpu:77") && ran.err.contains("--list-devices"), "{}", ran.err);
}

#[test]
fn devices_are_listed_and_the_processor_is_one() {
    let listed = Bench::new().run(["train", "--list-devices"]).ended(0);
    assert!(listed.out.starts_with("cpu "), "{}", listed.out);
}
