//! Pictures of results, SVG: figures of models by set, and confusions.

use plotters::coord::Shift;
use plotters::prelude::*;

use super::judge::{Evaluation, Knn};

const COLOURS: [RGBColor; 8] = [
    RGBColor(31, 119, 180),
    RGBColor(214, 96, 10),
    RGBColor(44, 140, 44),
    RGBColor(200, 39, 40),
    RGBColor(130, 90, 175),
    RGBColor(140, 86, 75),
    RGBColor(205, 90, 170),
    RGBColor(150, 135, 20),
];

/// Why a picture could not be drawn.
#[derive(Debug, thiserror::Error)]
#[error("a picture cannot be drawn: {0}")]
pub struct PlotError(String);

/// A bar with its whiskers.
#[derive(Clone, Debug, PartialEq)]
pub struct Bar {
    /// Place along the axis: a data set.
    pub place: String,
    /// One of the bars of a place: a model.
    pub series: String,
    /// Height.
    pub value: f64,
    /// Whiskers.
    pub range: Option<(f64, f64)>,
}

type Area<'a> = DrawingArea<SVGBackend<'a>, Shift>;
type Drawn = Result<(), Box<dyn std::error::Error + Send + Sync>>;

/// Macro F1 of sounds (`by_frames`: of frames) of every model and set, for the k at that place in the evaluations.
pub fn f1_bars(evaluations: &[Evaluation], k: usize, by_frames: bool) -> Vec<Bar> {
    let bar = |it: &Evaluation| {
        let knn = it.knn.get(k)?;
        let score = if by_frames { &knn.frame_f1 } else { &knn.sound_f1 };
        Some(Bar {
            place: it.set.clone(),
            series: it.model.clone(),
            value: score.value,
            range: score.low.zip(score.high),
        })
    };
    evaluations.iter().filter_map(bar).collect()
}

/// Davies-Bouldin index of every model and set.
pub fn davies_bouldin_bars(evaluations: &[Evaluation]) -> Vec<Bar> {
    let bar = |it: &Evaluation| {
        let value = it.davies_bouldin?;
        Some(Bar { place: it.set.clone(), series: it.model.clone(), value, range: None })
    };
    evaluations.iter().filter_map(bar).collect()
}

/// Bars in groups, as an SVG document.
///
/// # Errors
/// When the drawing library fails.
pub fn bars(title: &str, axis: &str, bars: &[Bar]) -> Result<String, PlotError> {
    let places = different(bars.iter().map(|bar| bar.place.as_str()));
    let series = different(bars.iter().map(|bar| bar.series.as_str()));
    let width = (160 + places.len() * (18 * series.len() + 24)).clamp(640, 4000) as u32;
    svg((width, 480), |area| draw_bars(area, title, axis, bars, &places, &series))
}

/// Which classes are taken for which, as an SVG document: dark where a class's sounds go.
///
/// # Errors
/// When the drawing library fails.
pub fn confusions(title: &str, classes: &[String], knn: &Knn) -> Result<String, PlotError> {
    let side = classes.len().max(2) as i32;
    let cell = (900 / side).clamp(14, 48);
    let (left, top) = (190, 60);
    let size = ((left + side * cell + 20) as u32, (top + side * cell + 190) as u32);
    svg(size, |area| {
        area.draw(&Text::new(title.to_owned(), (12, 14), ("sans-serif", 20)))?;
        let letters = (cell - 4).clamp(9, 13);
        for (truth, (class, counts)) in classes.iter().zip(&knn.confusion).enumerate() {
            let y = top + truth as i32 * cell;
            area.draw(&Text::new(shortened(class), (8, y + (cell - letters) / 2), ("sans-serif", letters)))?;
            let down = ("sans-serif", letters).into_font().transform(FontTransform::Rotate90);
            let x = left + truth as i32 * cell + (cell + letters) / 2;
            area.draw(&Text::new(shortened(class), (x, top + side * cell + 8), down))?;
            let all: u64 = counts.iter().sum();
            for (predicted, &count) in counts.iter().take(classes.len()).enumerate() {
                let part = count as f64 / all.max(1) as f64;
                let x = left + predicted as i32 * cell;
                let shade = HSLColor(0.6, 0.6, 1.0 - 0.65 * part);
                area.draw(&Rectangle::new([(x, y), (x + cell - 1, y + cell - 1)], shade.filled()))?;
                if count > 0 && cell >= 18 {
                    let colour = if part > 0.6 { &WHITE } else { &BLACK };
                    let style = ("sans-serif", letters).into_font().color(colour);
                    area.draw(&Text::new(count.to_string(), (x + 3, y + (cell - letters) / 2), style))?;
                }
            }
        }
        Ok(())
    })
}

fn draw_bars(
    area: &Area<'_>,
    title: &str,
    axis: &str,
    bars: &[Bar],
    places: &[&str],
    series: &[&str],
) -> Drawn {
    let top = bars.iter().map(|bar| bar.range.map_or(bar.value, |(_, high)| high.max(bar.value)));
    let bottom = bars.iter().map(|bar| bar.range.map_or(bar.value, |(low, _)| low.min(bar.value)));
    let (top, bottom) = (top.fold(0.05, f64::max) * 1.05, bottom.fold(0.0, f64::min) * 1.05);
    let mut chart = ChartBuilder::on(area)
        .caption(title, ("sans-serif", 20))
        .margin(12)
        .x_label_area_size(40)
        .y_label_area_size(60)
        .build_cartesian_2d(0.0..places.len().max(1) as f64, bottom..top)?;
    let name = |x: &f64| {
        let middle = x.fract() > 0.4 && x.fract() < 0.6;
        if middle {
            places.get(*x as usize).map_or(String::new(), |name| shortened(name))
        } else {
            String::new()
        }
    };
    chart
        .configure_mesh()
        .disable_x_mesh()
        .y_desc(axis)
        .x_labels(2 * places.len() + 1)
        .x_label_formatter(&name)
        .y_label_formatter(&|y| format!("{y:.2}"))
        .label_style(("sans-serif", 12))
        .draw()?;
    let step = 0.8 / series.len().max(1) as f64;
    for (number, one) in series.iter().enumerate() {
        let colour = COLOURS[number % COLOURS.len()];
        let own = bars.iter().filter(|bar| bar.series == *one);
        let placed: Vec<(f64, &Bar)> = own
            .filter_map(|bar| {
                let place = places.iter().position(|name| *name == bar.place)?;
                Some((place as f64 + 0.1 + step * number as f64, bar))
            })
            .collect();
        let boxes = placed
            .iter()
            .map(|(x, bar)| Rectangle::new([(*x, 0.0), (x + 0.92 * step, bar.value)], colour.filled()));
        chart
            .draw_series(boxes)?
            .label(*one)
            .legend(move |(x, y)| Rectangle::new([(x, y - 5), (x + 12, y + 5)], colour.filled()));
        let whiskers = placed.iter().filter_map(|(x, bar)| {
            let (low, high) = bar.range?;
            let middle = x + 0.46 * step;
            Some(PathElement::new(vec![(middle, low), (middle, high)], BLACK.stroke_width(1)))
        });
        chart.draw_series(whiskers)?;
    }
    if series.len() > 1 {
        chart
            .configure_series_labels()
            .position(SeriesLabelPosition::UpperRight)
            .background_style(WHITE.mix(0.85))
            .border_style(BLACK.mix(0.3))
            .label_font(("sans-serif", 12))
            .draw()?;
    }
    Ok(())
}

fn svg(size: (u32, u32), draw: impl FnOnce(&Area<'_>) -> Drawn) -> Result<String, PlotError> {
    let mut text = String::new();
    {
        let area = SVGBackend::with_string(&mut text, size).into_drawing_area();
        let drawn = area.fill(&WHITE).map_err(Into::into).and_then(|()| draw(&area));
        let drawn: Drawn = drawn.and_then(|()| area.present().map_err(Into::into));
        drawn.map_err(|error| PlotError(error.to_string()))?;
    }
    Ok(text)
}

/// Each once, in the order of appearance.
fn different<'a>(names: impl Iterator<Item = &'a str>) -> Vec<&'a str> {
    let mut all: Vec<&str> = Vec::new();
    for name in names {
        if !all.contains(&name) {
            all.push(name);
        }
    }
    all
}

/// A name that fits beside a picture.
fn shortened(name: &str) -> String {
    if name.chars().count() <= 24 { name.to_owned() } else { name.chars().take(23).chain(['…']).collect() }
}
