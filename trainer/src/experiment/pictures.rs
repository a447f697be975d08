//! The six pictures of the paper's poster, drawn from the cells that were computed.

use super::answers::best_model;
use super::cell::{Config, Scenario, loss_name};
use super::comparison::{Comparisons, Effect, Measure};
use super::record::{CellRecord, ExperimentRecord};
use crate::evaluate::plots::{Bar, PlotError, bars, stacked_bars};
use crate::loss::Loss;

/// Place of the mean over data sets.
const MEAN: &str = "mean";

/// A picture with its words.
#[derive(Clone, Debug, PartialEq)]
pub struct Picture {
    /// For file names and links.
    pub name: &'static str,
    /// Heading.
    pub title: &'static str,
    /// What is seen.
    pub caption: String,
    /// The drawing, an SVG document; `None` where no cell says anything to it.
    pub svg: Option<String>,
}

/// The pictures, in the poster's order.
///
/// # Errors
/// When the drawing library fails.
pub fn pictures(experiment: &ExperimentRecord, records: &[CellRecord]) -> Result<Vec<Picture>, PlotError> {
    let all = Comparisons::new(records);
    let sets: Vec<&str> = experiment.sets.iter().map(|set| set.statistics.name.as_str()).collect();
    let mut pictures = vec![statistics(experiment)?];
    let mut add = |name, title, axis: &str, caption: String, drawn: Vec<Bar>| {
        let svg = if drawn.is_empty() { None } else { Some(bars(title, axis, &drawn)?) };
        pictures.push(Picture { name, title, caption, svg });
        Ok::<(), PlotError>(())
    };
    add(
        "baselines",
        "Cross-entropy within data sets",
        "macro F1",
        "Networks trained with cross-entropy on one part of each data set, judged by the rest of it.".into(),
        baselines(&all, &sets),
    )?;
    for (name, title, measure, more) in [
        ("metric_learning", "Metric learning beside cross-entropy", Measure::FrameF1, "above 0 is better"),
        (
            "separation",
            "Separation of classes beside cross-entropy",
            Measure::DaviesBouldin,
            "below 0 is better",
        ),
    ] {
        let caption = format!(
            "Change of the {} from cross-entropy to each other loss, all else alike; {more}.",
            measure.name()
        );
        add(name, title, "change", caption, losses_by_scenario(&all, measure))?;
    }
    add(
        "scenarios",
        "Scenarios beside training within each data set",
        "change of macro F1",
        "Change of the macro F1 a frame when a network is trained on other or all data sets, with the same loss.".into(),
        scenarios(&all, &sets),
    )?;
    let best = best_model(records);
    let caption = best.as_ref().map_or_else(String::new, |best| {
        format!(
            "Macro F1 a frame of the model that validation chose ({}) and of those that are there already.",
            best.config
        )
    });
    add(
        "best",
        "The best model and the state of the art",
        "macro F1",
        caption,
        best_beside(&all, &sets, best.map(|it| it.config)),
    )?;
    Ok(pictures)
}

fn statistics(experiment: &ExperimentRecord) -> Result<Picture, PlotError> {
    let of = |series: &str, value: &dyn Fn(&crate::dataset::Statistics) -> f64| -> Vec<Bar> {
        let sets = experiment.sets.iter().map(|set| &set.statistics);
        sets.map(|set| Bar {
            place: set.name.clone(),
            series: series.to_owned(),
            value: value(set),
            range: None,
        })
        .collect()
    };
    let mut sounds = of("sounds", &|set| set.clips as f64);
    sounds.extend(of("frames", &|set| set.frames as f64));
    let mut classes = of("classes", &|set| set.classes.len() as f64);
    classes.extend(of("effective classes", &|set| set.effective_classes));
    let svg = stacked_bars(&[
        ("Sounds and frames", sounds),
        ("Classes, and as many as if all were of one size", classes),
        ("Largest class by smallest", of("imbalance", &|set| set.imbalance)),
    ])?;
    let hours: f64 = experiment.sets.iter().map(|set| set.statistics.hours).sum();
    let ucs = experiment.sets.iter().filter(|set| set.ucs).map(|set| set.statistics.name.as_str());
    let ucs: Vec<&str> = ucs.collect();
    let ucs = if ucs.is_empty() { "none".to_owned() } else { ucs.join(", ") };
    Ok(Picture {
        name: "data",
        title: "Data sets",
        caption: format!("{} data sets of {hours:.2} hours. With UCS labels: {ucs}.", experiment.sets.len()),
        svg: Some(svg),
    })
}

fn bar(place: &str, series: &str, effect: Option<Effect>) -> Option<Bar> {
    let Effect { value, range, .. } = effect?;
    Some(Bar { place: place.to_owned(), series: series.to_owned(), value, range })
}

fn baselines(all: &Comparisons<'_>, sets: &[&str]) -> Vec<Bar> {
    let baseline = |config: &Config| {
        let recipe = config.recipe().filter(|recipe| recipe.scenario == Scenario::Within);
        recipe.is_some_and(|recipe| recipe.loss.classifies())
    };
    let series = [("frames", Measure::FrameF1), ("sounds", Measure::SoundF1)];
    let of = |set: &&str| {
        let set = *set;
        series.map(|(name, measure)| bar(set, name, all.figure(measure, &baseline, Some(set))))
    };
    sets.iter().flat_map(of).flatten().collect()
}

fn losses_by_scenario(all: &Comparisons<'_>, measure: Measure) -> Vec<Bar> {
    let mut losses: Vec<Loss> = Vec::new();
    for recipe in all.configs().into_iter().filter_map(Config::recipe) {
        if !recipe.loss.classifies() && !losses.contains(&recipe.loss) {
            losses.push(recipe.loss);
        }
    }
    let alike = |one: &Config, other: &Config| match (one.recipe(), other.recipe()) {
        (Some(one), Some(other)) => one.scenario == other.scenario && one.several == other.several,
        _ => false,
    };
    let mut drawn = Vec::new();
    for scenario in Scenario::ALL {
        for loss in &losses {
            let is = |config: &Config, fits: &dyn Fn(&Loss) -> bool| {
                config.recipe().is_some_and(|it| it.scenario == scenario && fits(&it.loss))
            };
            let effect = all.difference(
                measure,
                &|config| is(config, &|other| other == loss),
                &|config| is(config, &Loss::classifies),
                &alike,
                None,
            );
            drawn.extend(bar(scenario.name(), &loss_name(loss), effect));
        }
    }
    drawn
}

fn scenarios(all: &Comparisons<'_>, sets: &[&str]) -> Vec<Bar> {
    let is = |wanted: Scenario| move |config: &Config| config.scenario() == Some(wanted);
    let alike = |one: &Config, other: &Config| match (one.recipe(), other.recipe()) {
        (Some(one), Some(other)) => one.loss == other.loss,
        _ => false,
    };
    let mut drawn = Vec::new();
    for (place, set) in places(sets) {
        for scenario in [Scenario::Cross, Scenario::UcsTransfer] {
            let effect = all.difference(Measure::FrameF1, &is(scenario), &is(Scenario::Within), &alike, set);
            drawn.extend(bar(place, scenario.name(), effect));
        }
    }
    drawn
}

fn best_beside(all: &Comparisons<'_>, sets: &[&str], best: Option<&Config>) -> Vec<Bar> {
    let Some(best) = best else { return Vec::new() };
    let references = all.configs().into_iter().filter(|config| config.recipe().is_none());
    let mut models: Vec<(String, &Config)> = vec![("best".into(), best)];
    models.extend(references.map(|config| (config.to_string(), config)));
    let mut drawn = Vec::new();
    for (place, set) in places(sets) {
        for (name, config) in &models {
            let figure = all.figure(Measure::FrameF1, &|other| other == *config, set);
            drawn.extend(bar(place, name, figure));
        }
    }
    drawn
}

/// The data sets, and their mean where there are several.
fn places<'a>(sets: &[&'a str]) -> Vec<(&'a str, Option<&'a str>)> {
    let mut places: Vec<(&str, Option<&str>)> = sets.iter().map(|set| (*set, Some(*set))).collect();
    if sets.len() > 1 {
        places.push((MEAN, None));
    }
    places
}
