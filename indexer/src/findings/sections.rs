//! The sections of the page: answers, pictures, maps, tables. They need no script.

use earmark_trainer::experiment::{Comparisons, Effect, ExperimentRecord, Measure, Outcome, Row, Verdict};

use super::Findings;
use super::maps::Maps;
use crate::output::{counted, span};
use crate::report::markup::escape;
use crate::report::readable_text;

/// What is said of each model in the tables.
const MEASURES: [Measure; 4] = [Measure::FrameF1, Measure::SoundF1, Measure::MapAt10, Measure::DaviesBouldin];

/// Everything between the head and the data; `title` is escaped.
pub(super) fn all(findings: &Findings, title: &str, made: &str, maps: &Maps) -> String {
    let (done, failed) = (findings.records.len(), failures(findings).count());
    let mut html = format!(
        "<header>\n<h1>{title}</h1>\n<p class=\"faint\">{made} · {} computed, {failed} failed, {} to do</p>\n\
         <nav aria-label=\"Sections\"><a href=\"#answers\">Answers</a> <a href=\"#pictures\">Pictures</a> \
         <a href=\"#maps\">Maps</a> <a href=\"#models\">Models</a> <a href=\"#cells\">Cells</a> \
         <a href=\"#method\">How it was judged</a></nav>\n</header>\n<main>\n",
        counted(done - failed, "cell"),
        findings.to_do.len()
    );
    html += &section("answers", "What the figures say", &answers(findings));
    html += &section("pictures", "Pictures", &pictures(findings));
    html += &section("maps", "Maps of the held-out sounds", &of_maps(maps));
    html += &section("models", "Models", &models(findings));
    html += &section("cells", "Cells", &cells(findings));
    html += &section("method", "How it was judged", &method(&findings.experiment));
    html += "<p id=\"said\" aria-live=\"polite\" hidden></p>\n</main>\n\
             <footer><p>Made by Earmark on this computer. This page asks nothing of the network.</p></footer>\n";
    html
}

/// A name, or a text with names in it, as the page shows it.
pub(super) fn shown_name(text: &str) -> String {
    escape(&readable_text(text))
}

fn section(id: &str, title: &str, body: &str) -> String {
    format!("<section id=\"{id}\">\n<h2>{title}</h2>\n{body}\n</section>\n")
}

fn answers(findings: &Findings) -> String {
    let mut html = String::from(
        "<p class=\"faint\">The questions are those of A. B. Ma and A. Lerch, “Representation Learning for the Automatic \
         Indexing of Sound Effects Libraries”, ISMIR 2022, arXiv:2208.09096. <em>Better</em> and <em>worse</em> mean that the whole 95 % \
         interval of the paired difference lies on one side of 0. Each sentence stands for itself: of twenty true \
         equalities, one is expected to look like a difference.</p>\n",
    );
    for answer in &findings.answers {
        html += &format!("<h3>{}</h3>\n", escape(answer.question));
        if answer.findings.is_empty() {
            html += "<p class=\"faint\">No pair of cells that were computed says anything to this.</p>\n";
            continue;
        }
        html += "<ul>\n";
        for finding in &answer.findings {
            let class = match finding.verdict {
                Verdict::Better => "better",
                Verdict::Worse => "worse",
                Verdict::NoDifference | Verdict::Unknown => "none",
            };
            html += &format!("<li class=\"{class}\">{}</li>\n", shown_name(&finding.sentence));
        }
        html += "</ul>\n";
    }
    html
}

fn pictures(findings: &Findings) -> String {
    let picture = |(number, it): (usize, &earmark_trainer::experiment::pictures::Picture)| {
        let drawn = it
            .svg
            .as_deref()
            .unwrap_or("<p class=\"faint\">No cell that was computed says anything to this.</p>");
        format!(
            "<figure class=\"picture\" id=\"picture-{}\"><h3>{}. {}</h3>{drawn}<figcaption class=\"faint\">{}</figcaption></figure>\n",
            it.name,
            number + 1,
            escape(it.title),
            shown_name(&it.caption)
        )
    };
    findings.pictures.iter().enumerate().map(picture).collect()
}

fn of_maps(maps: &Maps) -> String {
    if maps.0.is_empty() {
        return "<p class=\"faint\">No cell was computed whose sounds could be shown.</p>".into();
    }
    let mut html = String::from(
        "<p class=\"faint\">t-SNE of the held-out sounds of each data set, by class: what a model hears as alike lies \
         together. Filled points were recognised by their neighbours, rings were not. Click on a sound to hear it, on a \
         class to see it alone.</p>\n",
    );
    for (number, set) in maps.0.iter().enumerate() {
        let open = if number == 0 { " open" } else { "" };
        html += &format!(
            "<details{open}><summary><bdi>{}</bdi></summary>\n<div class=\"maps\">\n{}</div></details>\n",
            shown_name(&set.data_set),
            set.html
        );
    }
    html
}

fn heads() -> String {
    MEASURES.iter().map(|measure| format!("<th class=\"n\">{}</th>", measure.name())).collect()
}

/// The different configurations, the best first.
fn models(findings: &Findings) -> String {
    let summaries = findings.summaries();
    if summaries.is_empty() {
        return "<p class=\"faint\">No cell was computed.</p>".into();
    }
    let mut html = format!(
        "<p class=\"faint\">Means over data sets and seeds with 95 % intervals. Only rows of the same data sets can be \
         compared with each other.</p>\n<div class=\"scroll\"><table><thead><tr><th>model</th><th class=\"n\">data sets</th>\
         <th class=\"n\">seeds</th>{}</tr></thead><tbody>\n",
        heads()
    );
    for it in summaries {
        let figures = [it.frame_f1, it.sound_f1, it.map_at_10, it.davies_bouldin];
        html += &format!(
            "<tr><td>{}</td><td class=\"n\">{}</td><td class=\"n\">{}</td>{}</tr>\n",
            shown_name(&it.model),
            it.data_sets,
            it.seeds,
            figures.map(cell).concat()
        );
    }
    html + "</tbody></table></div>"
}

fn cell(effect: Option<Effect>) -> String {
    effect.map_or_else(
        || "<td class=\"n\">–</td>".to_owned(),
        |effect| format!("<td class=\"n\">{}</td>", interval(effect.value, effect.range)),
    )
}

fn interval(value: f64, range: Option<(f64, f64)>) -> String {
    let range = range.map(|(low, high)| format!(" [{low:.3}, {high:.3}]"));
    format!("{value:.3}{}", range.unwrap_or_default())
}

fn failures(findings: &Findings) -> impl Iterator<Item = (String, &str)> {
    findings.records.iter().filter_map(|record| match &record.outcome {
        Outcome::Failed { error } => Some((record.cell.to_string(), error.as_str())),
        Outcome::Done(_) => None,
    })
}

fn cells(findings: &Findings) -> String {
    let all = Comparisons::new(&findings.records);
    let row = |row: &Row<'_>| {
        let figures: String = MEASURES
            .iter()
            .map(|measure| match measure.of(row.judged) {
                Some(figure) => format!("<td class=\"n\">{}</td>", interval(figure.value, figure.interval())),
                None => "<td class=\"n\">–</td>".to_owned(),
            })
            .collect();
        let record = row.record;
        let trained = match &record.outcome {
            Outcome::Done(measured) if measured.epochs > 0 => format!("{} epochs", measured.epochs),
            _ => "–".to_owned(),
        };
        format!(
            "<tr id=\"{}-{}\"><td>{}</td><td><bdi>{}</bdi></td><td class=\"n\">{}</td>{figures}<td class=\"n\">{trained}</td>\
             <td class=\"n\">{}</td></tr>\n",
            escape(&record.id),
            shown_name(&row.judged.data_set),
            shown_name(&record.cell.config.to_string()),
            shown_name(&row.judged.data_set),
            record.cell.seed,
            span(record.seconds)
        )
    };
    let rows: String = all.rows().iter().map(row).collect();
    let mut html = format!(
        "<details><summary>All cells by data set: {}</summary>\n<div class=\"scroll\"><table><thead><tr><th>model</th><th>data set</th>\
         <th class=\"n\">seed</th>{}<th class=\"n\">trained</th><th class=\"n\">took</th></tr></thead><tbody>\n{rows}</tbody></table></div></details>\n",
        all.rows().len(),
        heads()
    );
    let listed = |title: &str, lines: Vec<String>| {
        if lines.is_empty() {
            return String::new();
        }
        let items: String =
            lines.iter().map(|line| format!("<li><bdi>{}</bdi></li>\n", shown_name(line))).collect();
        format!("<details><summary>{title}: {}</summary>\n<ul>{items}</ul></details>\n", lines.len())
    };
    html += &listed("Failed", failures(findings).map(|(name, error)| format!("{name}: {error}")).collect());
    html += &listed("To do", findings.to_do.iter().map(ToString::to_string).collect());
    let left_out = findings.experiment.left_out.iter();
    html + &listed(
        "Left out of the grid",
        left_out.map(|it| format!("{} ({})", it.reason, it.cells)).collect(),
    )
}

fn method(experiment: &ExperimentRecord) -> String {
    let plan = &experiment.plan;
    let text = plan.to_toml().unwrap_or_default();
    format!(
        "<p>Each data set is split by groups (takes of one recording are never on both sides), stratified by class, anew for \
         each seed: {:.0} % to judge by, {:.0} % to choose by, the rest to train on; a split that a table prescribes is kept. \
         The held-out frames are labelled by their {} nearest neighbours (Euclidean distance unless the plan says otherwise) among the other sides of the \
         same data set, sounds by the majority of their frames; of equals, the nearest label wins. In <em>within</em>, a network is \
         trained on one data set; in <em>cross</em>, on all of them together, each with its own head; in \
         <em>ucs-transfer</em>, on those with UCS labels, by CatID, and judged by the others alone. The Davies-Bouldin index is \
         of the held-out frames; less is better.</p>\n\
         <p>Intervals are bootstraps of {} samples over groups and seeds. A group weighs alike in all models, seeds and \
         differences of a sample. Data sets are not drawn: what is said is said of these. Seeds are few, so that intervals are \
         rather too narrow than too wide. Models with batch normalisation per data set are judged with pooled statistics. \
         Which model is the best one is decided on the validation sides, not by what is shown here.</p>\n\
         <details><summary>The plan</summary>\n<pre>{}</pre></details>",
        plan.test_share * 100.0,
        plan.training.validation_share * 100.0,
        plan.judging.k,
        plan.judging.bootstrap,
        escape(&text)
    )
}
