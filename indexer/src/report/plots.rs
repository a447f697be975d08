//! Pictures for other documents, as SVG and PNG: drawn by `plotters`.

use std::fs;
use std::path::{Path, PathBuf};

use earmark_atlas::Point;
use earmark_engine::ucs::{CatIndex, Catalogue};
use plotters::coord::Shift;
use plotters::prelude::*;

use super::facts::{Facts, LENGTHS};
use super::raster::png;
use super::write_page;
use crate::error::Failure;

/// Categories in the picture of the coverage.
const CATEGORIES: usize = 25;
/// Categories that have a colour of their own on the map; the rest share a grey.
const COLOURS: [RGBColor; 10] = [
    RGBColor(31, 119, 180),
    RGBColor(214, 96, 10),
    RGBColor(44, 140, 44),
    RGBColor(200, 39, 40),
    RGBColor(130, 90, 175),
    RGBColor(140, 86, 75),
    RGBColor(205, 90, 170),
    RGBColor(150, 135, 20),
    RGBColor(20, 150, 165),
    RGBColor(80, 85, 200),
];
const OTHERS: RGBColor = RGBColor(150, 150, 150);
const BAR: RGBColor = RGBColor(43, 102, 176);

type Area<'a> = DrawingArea<SVGBackend<'a>, Shift>;
type Drawn = Result<(), Box<dyn std::error::Error + Send + Sync>>;

/// Draws `coverage`, `lengths` and, where there is a map, `map`, each as SVG and as PNG; returns their paths.
pub(crate) fn write(folder: &Path, facts: &Facts) -> Result<Vec<PathBuf>, Failure> {
    fs::create_dir_all(folder).map_err(Failure::file(folder, "make the folder"))?;
    let mut written = Vec::new();
    let mut draw = |name: &str, size: (u32, u32), picture: &dyn Fn(&Area<'_>) -> Drawn| {
        let path = folder.join(name).with_extension("svg");
        let failed = |error| Failure::Usage(format!("{}: cannot be drawn: {error}", path.display()));
        let mut svg = String::new();
        {
            let area = SVGBackend::with_string(&mut svg, size).into_drawing_area();
            let drawn = area.fill(&WHITE).map_err(Into::into).and_then(|()| picture(&area));
            drawn.and_then(|()| area.present().map_err(Into::into)).map_err(failed)?;
        }
        let points = png(&svg).map_err(failed)?;
        let paths = [path.clone(), path.with_extension("png")];
        write_page(&paths[0], svg)?;
        write_page(&paths[1], points)?;
        written.extend(paths);
        Ok::<(), Failure>(())
    };
    let coverage = by_category(facts);
    draw("coverage", (960, 620), &|area| bars(area, "Sounds by category", &coverage))?;
    let lengths: Vec<(String, usize)> =
        LENGTHS.iter().zip(facts.lengths).map(|((_, name), count)| ((*name).to_owned(), count)).collect();
    draw("lengths", (960, 420), &|area| bars(area, "Sounds by length", &lengths))?;
    if !facts.map.points.is_empty() {
        draw("map", (1200, 960), &|area| map(area, facts))?;
    }
    Ok(written)
}

/// Sounds of each Category, most first; those beyond the picture together.
fn by_category(facts: &Facts) -> Vec<(String, usize)> {
    let mut counts: Vec<(String, usize)> = Vec::new();
    for category in &facts.info.categories {
        match counts.iter_mut().find(|(name, _)| name == category.category) {
            Some((_, sounds)) => *sounds += category.sounds,
            None => counts.push((category.category.to_owned(), category.sounds)),
        }
    }
    counts.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
    let rest: usize = counts.drain(CATEGORIES.min(counts.len())..).map(|(_, sounds)| sounds).sum();
    if rest > 0 {
        counts.push(("(others)".into(), rest));
    }
    counts.push(("(no label)".into(), facts.info.sounds - facts.info.labelled));
    counts
}

fn bars(area: &Area<'_>, title: &str, counts: &[(String, usize)]) -> Drawn {
    let (_, height) = area.dim_in_pixel();
    let most = counts.iter().map(|(_, count)| *count).max().unwrap_or(0).max(1);
    let mut chart = ChartBuilder::on(area)
        .caption(title, ("sans-serif", 22))
        .margin(16)
        .x_label_area_size(30)
        .y_label_area_size(150)
        .build_cartesian_2d(0.0..most as f64 * 1.02, (0..counts.len().max(1) - 1).into_segmented())?;
    let name = |at: &SegmentValue<usize>| match at {
        SegmentValue::CenterOf(at) | SegmentValue::Exact(at) => {
            // The first stands at the top.
            counts
                .len()
                .checked_sub(at + 1)
                .and_then(|at| counts.get(at))
                .map_or(String::new(), |(name, _)| name.clone())
        }
        SegmentValue::Last => String::new(),
    };
    chart
        .configure_mesh()
        .disable_y_mesh()
        .x_max_light_lines(1)
        .y_labels(counts.len() + 1)
        .y_label_formatter(&name)
        .x_label_formatter(&|count| crate::output::thousands(*count as u64))
        .label_style(("sans-serif", (height / 45).clamp(11, 14)))
        .draw()?;
    let bars = counts.iter().rev().enumerate().map(|(at, (_, count))| {
        let corners = [(0.0, SegmentValue::Exact(at)), (*count as f64, SegmentValue::Exact(at + 1))];
        let mut bar = Rectangle::new(corners, BAR.filled());
        bar.set_margin(2, 2, 0, 0);
        bar
    });
    chart.draw_series(bars)?;
    Ok(())
}

fn map(area: &Area<'_>, facts: &Facts) -> Drawn {
    let (picture, legend) = area.split_horizontally(980);
    let chart = ChartBuilder::on(&picture).margin(12).build_cartesian_2d(-1.02f32..1.02, -1.02f32..1.02)?;
    let category =
        |cat: Option<u16>| cat.and_then(CatIndex::new).map(|cat| &*Catalogue::builtin().get(cat).category);
    let mut counts: Vec<(&str, usize)> = Vec::new();
    for name in facts.map.points.iter().filter_map(|point| category(point.cat)) {
        match counts.iter_mut().find(|(known, _)| *known == name) {
            Some((_, count)) => *count += 1,
            None => counts.push((name, 1)),
        }
    }
    counts.sort_by(|a, b| b.1.cmp(&a.1).then(a.0.cmp(b.0)));
    counts.truncate(COLOURS.len());
    let colour = |cat: Option<u16>| {
        let place = category(cat).and_then(|name| counts.iter().position(|(known, _)| *known == name));
        place.map_or(OTHERS, |place| COLOURS[place])
    };
    let radius = match facts.map.points.len() {
        0..500 => 5,
        500..5000 => 3,
        5000..20_000 => 2,
        _ => 1,
    };
    // What has a colour lies above what has none.
    let (plain, coloured): (Vec<Point>, Vec<Point>) =
        facts.map.points.iter().copied().partition(|point| colour(point.cat) == OTHERS);
    let rest = !plain.is_empty();
    for point in [plain, coloured].concat() {
        chart.plotting_area().draw(&Circle::new((point.x, point.y), radius, colour(point.cat).filled()))?;
    }
    let entries = counts.iter().map(|(name, _)| *name).zip(COLOURS).chain(rest.then_some(("others", OTHERS)));
    for (at, (name, colour)) in entries.enumerate() {
        let y = 40 + 26 * at as i32;
        legend.draw(&Circle::new((12, y), 6, colour.filled()))?;
        legend.draw(&Text::new(name.to_owned(), (26, y - 7), ("sans-serif", 15)))?;
    }
    Ok(())
}
