//! `earmark dataset`: what labelled data sets hold, and what about them will hurt.

use earmark_trainer::dataset::{
    CacheError, DataSet, Problem, Spectrograms, Statistics, Warning, shared_content,
};
use serde::Serialize;

use crate::Ending;
use crate::cli::{DatasetArgs, DatasetCommand, DatasetInfoArgs, Global};
use crate::error::Failure;
use crate::judging::{Reading, tell_problems};
use crate::model;
use crate::output::{self, STRONG, counted};

/// Classes of a set that the table lists.
const LISTED: usize = 30;

pub(crate) fn run(global: &Global, args: DatasetArgs) -> Result<Ending, Failure> {
    match args.command {
        DatasetCommand::Info(args) => info(global, &args),
    }
}

#[derive(Serialize)]
struct Answer {
    sets: Vec<SetAnswer>,
    between_sets: Vec<Warning>,
}

#[derive(Serialize)]
struct SetAnswer {
    root: output::JsonPath,
    #[serde(flatten)]
    statistics: Statistics,
    problems: Vec<Problem>,
}

fn info(global: &Global, args: &DatasetInfoArgs) -> Result<Ending, Failure> {
    let reading = Reading::new(&args.reading, global.quiet, true)?;
    let card = model::card(&args.model)?;
    let mut sets: Vec<(DataSet, Spectrograms)> = Vec::new();
    let mut failed = 0;
    for path in &args.sets {
        let opened = reading.open(path).and_then(|mut set| {
            let spectrograms = reading.spectrograms(&mut set, &card)?;
            Ok((set, spectrograms))
        });
        match opened {
            Ok(opened) => sets.push(opened),
            Err(Failure::Cache(CacheError::Stopped)) => return Ok(Ending::Interrupted),
            // One of several: the others are looked at all the same.
            Err(failure @ (Failure::DataSet(_) | Failure::Cache(CacheError::Nothing { .. })))
                if args.sets.len() > 1 =>
            {
                failed += 1;
                output::error(&failure.to_string());
            }
            Err(failure) => return Err(failure),
        }
    }
    let pairs: Vec<(&DataSet, &Spectrograms)> = sets.iter().map(|(set, columns)| (set, columns)).collect();
    let between_sets = shared_content(&pairs);
    let answers = sets.iter().map(|(set, columns)| SetAnswer {
        root: set.root.as_path().into(),
        statistics: Statistics::of(set, columns),
        problems: set.problems.clone(),
    });
    let answer = Answer { sets: answers.collect(), between_sets };
    let mut partial = failed > 0;
    for set in &answer.sets {
        partial |= tell_problems(&set.problems);
    }
    if args.json {
        output::print_json(&answer)?;
    } else {
        answer.sets.iter().try_for_each(print)?;
        for warning in &answer.between_sets {
            output::print_line(&format!("! {}", output::one_line(&warning.message)))?;
        }
    }
    Ok(if partial { Ending::Partial } else { Ending::Found })
}

fn print(set: &SetAnswer) -> Result<(), Failure> {
    let it = &set.statistics;
    output::print_line(&format!("{STRONG}{}{STRONG:#} ({})", output::one_line(&it.name), it.layout.name()))?;
    output::print_line(&format!(
        "  {}, {}, {:.2} h, {}, {} groups",
        counted(it.clips, "sound"),
        counted(it.frames, "frame"),
        it.hours,
        if it.classes.len() == 1 { "1 class".into() } else { format!("{} classes", it.classes.len()) },
        output::thousands(it.groups as u64)
    ))?;
    output::print_line(&format!(
        "  imbalance {:.1} (largest class by smallest), effective classes {:.1}, {} with a CatID",
        it.imbalance,
        it.effective_classes,
        output::thousands(it.with_cat_id as u64)
    ))?;
    let width = it.classes.iter().take(LISTED).map(|it| it.class.chars().count()).max().unwrap_or(0).max(5);
    output::print_line(&format!("  {:width$}  {:>7} {:>7} {:>7}", "class", "sounds", "frames", "groups"))?;
    for class in it.classes.iter().take(LISTED) {
        let name = output::one_line(&class.class);
        output::print_line(&format!(
            "  {name:width$}  {:>7} {:>7} {:>7}",
            class.clips, class.frames, class.groups
        ))?;
    }
    if it.classes.len() > LISTED {
        output::print_line(&format!("  … and {} more", it.classes.len() - LISTED))?;
    }
    for warning in &it.warnings {
        output::print_line(&format!("  ! {}", output::one_line(&warning.message)))?;
    }
    Ok(())
}
