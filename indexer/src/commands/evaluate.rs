//! `earmark evaluate`: models judged by labelled data sets.

use std::fs;
use std::path::Path;

use earmark_trainer::dataset::{CacheError, DataSet, Problem};
use earmark_trainer::evaluate::plots::{self, PlotError};
use earmark_trainer::evaluate::vote::Ties;
use earmark_trainer::evaluate::{
    Difference, Embeddings, Evaluation, Extractor, KChoice, Mean, Metric, Options, Score, classes_csv,
    confusion_csv, differences, differences_csv, evaluate, means, results_csv,
};
use serde::Serialize;

use crate::cli::{EvaluateArgs, Global, K, MetricArg, TiesArg};
use crate::error::Failure;
use crate::judging::{Reading, tell_problems};
use crate::output::{self, FAINT, STRONG};
use crate::{Ending, model};

/// The name of the baseline.
const MFCC: &str = "mfcc";

#[derive(Serialize)]
struct Answer {
    evaluations: Vec<Evaluation>,
    means: Vec<Mean>,
    differences: Vec<Difference>,
    problems: Vec<Problem>,
}

pub(crate) fn run(global: &Global, args: EvaluateArgs) -> Result<Ending, Failure> {
    let reading = Reading::new(&args.reading, global.quiet, false)?;
    let options = options(&args);
    let extractors = args.models.iter().map(|name| extractor(name)).collect::<Result<Vec<_>, Failure>>()?;
    let mut names: Vec<&str> = extractors.iter().map(Extractor::name).collect();
    names.sort_unstable();
    if let Some(pair) = names.windows(2).find(|pair| pair[0] == pair[1]) {
        let message = format!("two of the models are called '{}'; name each once", pair[0]);
        return Err(Failure::Usage(message));
    }
    let (mut evaluations, mut problems, mut failed) = (Vec::new(), Vec::new(), false);
    for path in &args.data {
        match judge(&reading, path, &extractors, &options) {
            Ok((set, of_set)) => {
                if !args.json && !global.quiet {
                    of_set.iter().try_for_each(print)?;
                }
                evaluations.extend(of_set);
                problems.extend(set.problems);
            }
            Err(Failure::Cache(CacheError::Stopped)) => return Ok(Ending::Interrupted),
            // One of several: the others are judged all the same.
            Err(failure @ (Failure::DataSet(_) | Failure::Cache(CacheError::Nothing { .. })))
                if args.data.len() > 1 =>
            {
                failed = true;
                output::error(&failure.to_string());
            }
            Err(failure) => return Err(failure),
        }
    }
    // Every set is one and the same model's turn after turn; tables read better by model.
    evaluations.sort_by_key(|it| names_place(&extractors, &it.model));
    failed |= tell_problems(&problems);
    let answer =
        Answer { means: means(&evaluations), differences: differences(&evaluations), evaluations, problems };
    if let Some(folder) = &args.output {
        write(folder, &answer)?;
    }
    if args.json {
        output::print_json(&answer)?;
    } else {
        print_means(&answer)?;
    }
    Ok(match () {
        () if failed => Ending::Partial,
        () if answer.evaluations.is_empty() => Ending::Nothing,
        () => Ending::Found,
    })
}

fn options(args: &EvaluateArgs) -> Options {
    let choice = |k: &K| match *k {
        K::Fixed(k) => KChoice::Fixed(k),
        K::Auto => KChoice::Validated,
    };
    let mut ks: Vec<KChoice> = Vec::new();
    args.k.iter().map(choice).for_each(|k| {
        if !ks.contains(&k) {
            ks.push(k)
        }
    });
    Options {
        ks,
        metric: match args.metric {
            MetricArg::Euclidean => Metric::Euclidean,
            MetricArg::Cosine => Metric::Cosine,
        },
        ties: match args.ties {
            TiesArg::Nearest => Ties::Nearest,
            TiesArg::ClassOrder => Ties::ClassOrder,
        },
        replicates: args.bootstrap as usize,
        seed: args.seed,
    }
}

fn extractor(name: &Path) -> Result<Extractor, Failure> {
    if name == Path::new(MFCC) {
        return Ok(Extractor::Mfcc(Box::new(model::card(Path::new(model::DEFAULT))?)));
    }
    Ok(Extractor::Network(model::load(Some(name), None)?.network))
}

fn names_place(extractors: &[Extractor], name: &str) -> usize {
    extractors.iter().position(|it| it.name() == name).unwrap_or(extractors.len())
}

fn judge(
    reading: &Reading,
    path: &Path,
    extractors: &[Extractor],
    options: &Options,
) -> Result<(DataSet, Vec<Evaluation>), Failure> {
    let mut set = reading.open(path)?;
    let mut evaluations = Vec::new();
    for extractor in extractors {
        let columns = reading.spectrograms(&mut set, extractor.card())?;
        let name = set.name.clone();
        let evaluation = reading.work(&name, |work| {
            let embeddings = Embeddings::of(&set, &columns, extractor, &reading.cache, work)?;
            evaluate(extractor.name(), &set, &embeddings, options, work)
        })?;
        evaluations.push(evaluation);
    }
    Ok((set, evaluations))
}

fn print(it: &Evaluation) -> Result<(), Failure> {
    output::print_line(&format!(
        "{STRONG}{}{STRONG:#} on {STRONG}{}{STRONG:#}  {FAINT}{} sounds, {} frames, {} groups, {} classes{FAINT:#}",
        output::one_line(&it.model),
        output::one_line(&it.set),
        it.clips,
        it.frames,
        it.groups,
        it.classes.len()
    ))?;
    for knn in &it.knn {
        let used: Vec<String> = knn.used.iter().map(usize::to_string).collect();
        let chosen =
            if knn.k == KChoice::Validated { format!(" ({})", used.join(" ")) } else { String::new() };
        output::print_line(&format!(
            "  k = {:<6} macro F1 a frame {}  a sound {}{chosen}",
            knn.k.to_string(),
            shown(&knn.frame_f1),
            shown(&knn.sound_f1)
        ))?;
    }
    let separation = it.davies_bouldin.map_or("-".into(), |value| format!("{value:.2}"));
    output::print_line(&format!("  Davies-Bouldin {separation}  mAP@10 {}", shown(&it.map_at_10)))
}

fn print_means(answer: &Answer) -> Result<(), Failure> {
    if answer.means.iter().any(|mean| mean.sets > 1) {
        output::print_line("mean over data sets")?;
        for it in &answer.means {
            let model = output::one_line(&it.model);
            output::print_line(&format!("  {model:12} {:18} {}", it.what, shown(&it.mean)))?;
        }
    }
    let pooled = answer.differences.iter().any(|it| it.set == "mean");
    let rows: Vec<&Difference> = answer.differences.iter().filter(|it| !pooled || it.set == "mean").collect();
    if let Some(first) = rows.first() {
        output::print_line(&format!("beside {}, paired", output::one_line(&first.beside)))?;
    }
    for it in rows {
        let model = output::one_line(&it.model);
        output::print_line(&format!(
            "  {model:12} {:18} {}  {FAINT}{}{FAINT:#}",
            it.what,
            signed(&it.difference),
            output::one_line(&it.set)
        ))?;
    }
    Ok(())
}

fn shown(score: &Score) -> String {
    let range = score.low.zip(score.high).map(|(low, high)| format!(" [{low:.3}, {high:.3}]"));
    format!("{:.3}{}", score.value, range.unwrap_or_default())
}

fn signed(score: &Score) -> String {
    let range = score.low.zip(score.high).map(|(low, high)| format!(" [{low:+.3}, {high:+.3}]"));
    format!("{:+.3}{}", score.value, range.unwrap_or_default())
}

/// Writes results.json, the tables and the pictures.
fn write(folder: &Path, answer: &Answer) -> Result<(), Failure> {
    fs::create_dir_all(folder).map_err(Failure::file(folder, "make the folder"))?;
    let put = |name: &str, text: &str| {
        let path = folder.join(name);
        fs::write(&path, text).map_err(Failure::file(&path, "write"))
    };
    let drawn = |drawn: Result<String, PlotError>| {
        drawn.map_err(|error| Failure::Usage(format!("{}: {error}", folder.display())))
    };
    put("results.json", &(serde_json::to_string_pretty(answer)? + "\n"))?;
    put("results.csv", &results_csv(&answer.evaluations))?;
    put("classes.csv", &classes_csv(&answer.evaluations))?;
    put("differences.csv", &differences_csv(&answer.differences))?;
    let evaluations = &answer.evaluations;
    let Some(first) = evaluations.first() else { return Ok(()) };
    // Five neighbours if they were asked for, else the first.
    let k = first.knn.iter().position(|knn| knn.k == KChoice::Fixed(5)).unwrap_or(0);
    let Some(shown) = first.knn.get(k) else { return Ok(()) };
    for (name, what, by_frames) in [("f1_sound.svg", "sounds", false), ("f1_frame.svg", "frames", true)] {
        let title = format!("Macro F1 of {what}, k = {}", shown.k);
        put(name, &drawn(plots::bars(&title, "macro F1", &plots::f1_bars(evaluations, k, by_frames)))?)?;
    }
    let title = "Davies-Bouldin index (smaller is better)";
    put(
        "davies_bouldin.svg",
        &drawn(plots::bars(title, "index", &plots::davies_bouldin_bars(evaluations)))?,
    )?;
    for it in evaluations {
        let Some(knn) = it.knn.get(k) else { continue };
        let base = format!("confusion_{}_{}", plain(&it.model), plain(&it.set));
        put(&format!("{base}.csv"), &confusion_csv(&it.classes, knn))?;
        let title = format!("{} on {}: sounds, k = {}", it.model, it.set, knn.k);
        put(&format!("{base}.svg"), &drawn(plots::confusions(&title, &it.classes, knn))?)?;
    }
    Ok(())
}

/// A name as part of a file's name.
fn plain(name: &str) -> String {
    name.chars().map(|c| if c.is_alphanumeric() || matches!(c, '-' | '.') { c } else { '_' }).collect()
}
