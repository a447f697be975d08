//! Where the held-out sounds of each data set lie for a few models, drawn as SVG: what a model hears as alike lies
//! together. Each point is a sound that can be heard.

use std::fmt::Write;

use earmark_trainer::evaluate::plots::COLOURS;
use earmark_trainer::experiment::{CellRecord, Comparisons, Config, Row, Scenario, SetRecord, best_model};

use super::Findings;
use super::sections::shown_name;
use super::sounds::Sounds;

/// Side of a map in its own units.
const SIDE: f32 = 420.0;
/// Room around the points.
const MARGIN: f32 = 14.0;

/// The maps of all data sets, as HTML.
pub(super) struct Maps(pub Vec<SetMaps>);

/// The maps of a data set.
pub(super) struct SetMaps {
    /// Name of the data set.
    pub data_set: String,
    /// A figure a model.
    pub html: String,
}

impl Maps {
    pub(super) fn new(findings: &Findings, sounds: &mut Sounds) -> Self {
        let all = Comparisons::new(&findings.records);
        let shown = shown(&findings.records);
        let sets = findings.experiment.sets.iter().enumerate().filter_map(|(number, set)| {
            let mut html = String::new();
            for (name, config) in &shown {
                // Of one seed alone: seeds hold other sounds out.
                let of_set = all.rows().iter().filter(|row| {
                    row.judged.data_set == set.statistics.name && row.record.cell.config == **config
                });
                let row = of_set.min_by_key(|row| row.record.cell.seed);
                if let Some(row) = row {
                    html += &figure(name, row, number, set, sounds);
                }
            }
            (!html.is_empty()).then(|| {
                html += &legend(set);
                SetMaps { data_set: set.statistics.name.clone(), html }
            })
        });
        Self(sets.collect())
    }
}

/// The models whose maps are shown: the best one, cross-entropy within the data set, those that were there already.
fn shown(records: &[CellRecord]) -> Vec<(String, &Config)> {
    let mut shown: Vec<(String, &Config)> = Vec::new();
    let mut add = |name: String, config| {
        if shown.iter().all(|(_, known)| *known != config) {
            shown.push((name, config));
        }
    };
    if let Some(best) = best_model(records) {
        let which = if best.validation_f1.is_some() { "best by validation" } else { "trained" };
        add(format!("{which}: {}", best.config), best.config);
    }
    for record in records {
        let config = &record.cell.config;
        let baseline = config
            .recipe()
            .is_some_and(|recipe| recipe.scenario == Scenario::Within && recipe.loss.classifies());
        if baseline || config.recipe().is_none() {
            add(config.to_string(), config);
        }
    }
    shown
}

fn figure(name: &str, row: &Row<'_>, number: usize, set: &SetRecord, sounds: &mut Sounds) -> String {
    let class_name = |class: usize| set.classes.get(class).map_or("?", String::as_str);
    let mut points = String::new();
    for sound in &row.judged.sounds {
        let [x, y] = sound.place.map(|place| if place.is_finite() { place.clamp(-1.0, 1.0) } else { 0.0 });
        let at = |place: f32| MARGIN + (place + 1.0) / 2.0 * (SIDE - 2.0 * MARGIN);
        let right = sound.found == Some(sound.class);
        let heard = match sound.found {
            _ if right => "heard as such".to_owned(),
            Some(found) => format!("heard as {}", class_name(found)),
            None => "heard as nothing".to_owned(),
        };
        // Writing to memory does not fail.
        let _ = writeln!(
            points,
            "<circle cx=\"{:.1}\" cy=\"{:.1}\" r=\"5\" {} data-class=\"{}\" data-sound=\"{}\" tabindex=\"0\" role=\"button\">\
             <title>{} · {} · {}</title></circle>",
            at(x),
            at(-y),
            paint(sound.class, right),
            sound.class,
            sounds.number(number, &sound.file),
            shown_name(&sound.file),
            shown_name(class_name(sound.class)),
            shown_name(&heard)
        );
    }
    format!(
        "<figure class=\"map\"><figcaption>{}<br><span class=\"faint\">macro F1 a frame {:.3}, seed {}</span></figcaption>\n\
         <svg viewBox=\"0 0 {SIDE} {SIDE}\" role=\"group\" aria-label=\"Map of the held-out sounds\">\n{points}</svg></figure>\n",
        shown_name(name),
        row.judged.frame_f1.value,
        row.record.cell.seed
    )
}

fn legend(set: &SetRecord) -> String {
    let entry = |(class, name): (usize, &String)| {
        format!(
            "<button type=\"button\" data-class=\"{class}\" aria-pressed=\"false\"><svg viewBox=\"0 0 12 12\" aria-hidden=\"true\">\
             <circle cx=\"6\" cy=\"6\" r=\"5\" {}/></svg><bdi>{}</bdi></button>\n",
            paint(class, true),
            shown_name(name)
        )
    };
    let entries: String = set.classes.iter().enumerate().map(entry).collect();
    format!("<div class=\"legend\" role=\"group\" aria-label=\"Classes\">\n{entries}</div>\n")
}

/// Filled where the neighbours say the right class, a ring where they do not.
fn paint(class: usize, right: bool) -> String {
    let colour = match COLOURS.get(class) {
        Some(colour) => format!("rgb({},{},{})", colour.0, colour.1, colour.2),
        // Further classes go round the circle of hues by the golden angle, so that neighbours differ.
        None => format!("hsl({:.0},60%,{}%)", (class as f32 * 137.508) % 360.0, 38 + 14 * (class % 2)),
    };
    let filled = if right { "1" } else { "0.12" };
    format!("fill=\"{colour}\" fill-opacity=\"{filled}\" stroke=\"{colour}\"")
}
