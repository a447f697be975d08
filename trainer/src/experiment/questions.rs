//! Which cells each research question compares.

use super::answers::{Finding, best_model, finding};
use super::cell::{Config, Recipe, Scenario, loss_name};
use super::comparison::{Comparisons, Measure};
use super::record::CellRecord;
use crate::loss::Loss;
use crate::network::Normalisation;
use crate::sampling::Mixing;

/// Name of the reference that needs no network.
const FLOOR: &str = "mfcc";

/// Whether two trained configurations are equal but for what `level` makes equal.
fn alike_but(level: impl Fn(&mut Recipe)) -> impl Fn(&Config, &Config) -> bool {
    move |one, other| match (one.recipe(), other.recipe()) {
        (Some(one), Some(other)) => {
            let (mut one, mut other) = (one.clone(), other.clone());
            level(&mut one);
            level(&mut other);
            one == other
        }
        _ => false,
    }
}

fn losses(all: &Comparisons<'_>) -> Vec<Loss> {
    let mut losses: Vec<Loss> = Vec::new();
    for recipe in all.configs().into_iter().filter_map(Config::recipe) {
        if !losses.contains(&recipe.loss) {
            losses.push(recipe.loss);
        }
    }
    losses
}

fn in_scenario(scenario: Scenario) -> impl Fn(&Config) -> bool {
    move |config| config.scenario() == Some(scenario)
}

pub(super) fn metric_learning(all: &Comparisons<'_>) -> Vec<Finding> {
    let classifies = |config: &Config| config.recipe().is_some_and(|recipe| recipe.loss.classifies());
    let alike = alike_but(|recipe| recipe.loss = Loss::None);
    let metric: Vec<Loss> = losses(all).into_iter().filter(|loss| !loss.classifies()).collect();
    let mut findings = Vec::new();
    let mut compare = |name: &str, place: &str, of: &dyn Fn(&Config) -> bool| {
        let effect = all.difference(Measure::FrameF1, of, &classifies, &alike, None);
        findings.extend(finding(name, "cross-entropy", place, effect));
    };
    if metric.len() > 1 {
        compare("metric learning of all kinds together", "", &|config| {
            config.recipe().is_some_and(|recipe| !recipe.loss.classifies())
        });
    }
    for scenario in Scenario::ALL {
        for loss in &metric {
            let of = |config: &Config| {
                config.recipe().is_some_and(|it| it.loss == *loss && it.scenario == scenario)
            };
            compare(&loss_name(loss), &format!(" in the scenario {scenario}"), &of);
        }
    }
    findings
}

pub(super) fn across(all: &Comparisons<'_>) -> Vec<Finding> {
    scenario_beside_within(all, Scenario::Cross, "training across data sets")
}

pub(super) fn transfer(all: &Comparisons<'_>) -> Vec<Finding> {
    let mut findings = scenario_beside_within(all, Scenario::UcsTransfer, "UCS transfer");
    let cross = alike_but(|recipe| recipe.scenario = Scenario::Cross);
    let (ucs, floor) = (in_scenario(Scenario::UcsTransfer), is_reference(FLOOR));
    let beside_cross = all.difference(Measure::FrameF1, &ucs, &in_scenario(Scenario::Cross), &cross, None);
    findings.extend(finding("UCS transfer", "training across data sets", "", beside_cross));
    let beside_floor = all.difference(Measure::FrameF1, &ucs, &floor, &|_, _| true, None);
    findings.extend(finding("UCS transfer", "MFCCs without a network", "", beside_floor));
    findings
}

/// The scenario beside training within each data set: altogether, then by loss.
fn scenario_beside_within(all: &Comparisons<'_>, scenario: Scenario, name: &str) -> Vec<Finding> {
    let alike = alike_but(|recipe| (recipe.scenario, recipe.several) = (Scenario::Within, None));
    let beside = |of: &dyn Fn(&Config) -> bool, place: &str| {
        let effect = all.difference(Measure::FrameF1, of, &in_scenario(Scenario::Within), &alike, None);
        finding(name, "training within each one", place, effect)
    };
    let mut findings: Vec<Finding> = beside(&in_scenario(scenario), "").into_iter().collect();
    let losses = losses(all);
    if losses.len() > 1 {
        for loss in losses {
            let of = |config: &Config| {
                config.recipe().is_some_and(|it| it.loss == loss && it.scenario == scenario)
            };
            findings.extend(beside(&of, &format!(" with {}", loss_name(&loss))));
        }
    }
    findings
}

pub(super) fn mixing(all: &Comparisons<'_>) -> Vec<Finding> {
    let alike = alike_but(|recipe| {
        recipe.several.iter_mut().for_each(|several| several.mixing = Mixing::Joint);
    });
    by_scenario(all, "sequential mixing", "joint mixing", &alike, &|config, first| {
        let wanted = if first { Mixing::Sequential } else { Mixing::Joint };
        config.recipe().and_then(|it| it.several).is_some_and(|it| it.mixing == wanted)
    })
}

pub(super) fn focal(all: &Comparisons<'_>) -> Vec<Finding> {
    let alike = alike_but(|recipe| {
        recipe.several.iter_mut().for_each(|several| several.focal_gamma = 0.0);
    });
    by_scenario(all, "training with FDR", "training without it", &alike, &|config, first| {
        config.recipe().and_then(|it| it.several).is_some_and(|it| (it.focal_gamma > 0.0) == first)
    })
}

pub(super) fn normalisation(all: &Comparisons<'_>) -> Vec<Finding> {
    let alike = alike_but(|recipe| {
        recipe.several.iter_mut().for_each(|several| several.normalisation = Normalisation::Shared);
    });
    by_scenario(all, "BN per data set, pooled afterwards,", "shared BN", &alike, &|config, first| {
        let wanted = if first { Normalisation::PerDataSet } else { Normalisation::Shared };
        config.recipe().and_then(|it| it.several).is_some_and(|it| it.normalisation == wanted)
    })
}

/// The same two choices compared altogether, and in each scenario that has several data sets.
fn by_scenario(
    all: &Comparisons<'_>,
    one: &str,
    other: &str,
    alike: &dyn Fn(&Config, &Config) -> bool,
    is: &dyn Fn(&Config, bool) -> bool,
) -> Vec<Finding> {
    let compare = |scenario: Option<Scenario>, place: &str| {
        let of = |first: bool| {
            move |config: &Config| is(config, first) && (scenario.is_none() || config.scenario() == scenario)
        };
        finding(one, other, place, all.difference(Measure::FrameF1, &of(true), &of(false), alike, None))
    };
    let scenarios = [Scenario::Cross, Scenario::UcsTransfer]
        .map(|scenario| compare(Some(scenario), &format!(" in the scenario {scenario}")));
    let apart: Vec<Finding> = scenarios.into_iter().flatten().collect();
    let together = compare(None, "").filter(|_| apart.len() > 1);
    together.into_iter().chain(apart).collect()
}

pub(super) fn state_of_the_art(all: &Comparisons<'_>, records: &[CellRecord]) -> Vec<Finding> {
    let Some(best) = best_model(records) else { return Vec::new() };
    let which =
        if best.validation_f1.is_some() { "best model by validation" } else { "one that was trained" };
    let name = format!("the {which} ({})", best.config);
    let references = all.configs().into_iter().filter(|config| config.recipe().is_none());
    let findings = references.filter_map(|reference| {
        let effect = all.difference(
            Measure::FrameF1,
            &|config| config == best.config,
            &|config| config == reference,
            &|_, _| true,
            None,
        );
        finding(&name, &reference.to_string(), "", effect)
    });
    findings.collect()
}

fn is_reference(name: &'static str) -> impl Fn(&Config) -> bool {
    move |config| matches!(config, Config::Reference { model } if model == name)
}
