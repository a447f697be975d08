//! Waveforms, large and small: one mesh of columns, a pixel each.

use std::ops::Range;

use egui::{Color32, Mesh, Painter, Rect, Shape, pos2};

use crate::exchange::{Peak, Peaks};

/// Draws a waveform that lasts `duration_s` into `rect`. `color` says the colour at a time, in seconds; `None`: not drawn.
pub(super) fn paint(
    painter: &Painter,
    rect: Rect,
    peaks: &Peaks,
    duration_s: f64,
    color: impl Fn(f64) -> Option<Color32>,
) {
    let pixel = 1.0 / painter.pixels_per_point();
    let columns = (rect.width() / pixel).round() as usize;
    if columns == 0 || peaks.stretches.is_empty() || !rect.is_positive() {
        return;
    }
    let scale = display_scale(&peaks.stretches) * rect.height() / 2.0;
    let middle = rect.center().y;
    let mut mesh = Mesh::default();
    mesh.reserve_triangles(columns * 2);
    mesh.reserve_vertices(columns * 4);
    for column in 0..columns {
        let stretches = stretches_of(column, columns, peaks.stretches.len());
        let Some(color) = color((column as f64 + 0.5) / columns as f64 * duration_s) else { continue };
        let (low, high) = extent(&peaks.stretches[stretches]);
        // Silence is a line, not a gap.
        let top = (middle - high * scale).clamp(rect.top(), middle - pixel / 2.0);
        let bottom = (middle - low * scale).clamp(middle + pixel / 2.0, rect.bottom());
        let left = rect.left() + column as f32 * pixel;
        mesh.add_colored_rect(Rect::from_min_max(pos2(left, top), pos2(left + pixel, bottom)), color);
    }
    painter.add(Shape::mesh(mesh));
}

/// The stretches of the waveform that a column of pixels shows; never none.
fn stretches_of(column: usize, columns: usize, stretches: usize) -> Range<usize> {
    let start = (column * stretches / columns).min(stretches - 1);
    let end = ((column + 1) * stretches / columns).clamp(start + 1, stretches);
    start..end
}

fn extent(stretches: &[Peak]) -> (f32, f32) {
    let finite = |value: f32| if value.is_finite() { value } else { 0.0 };
    stretches.iter().fold((0.0, 0.0), |(low, high): (f32, f32), peak| {
        (low.min(finite(peak.low)), high.max(finite(peak.high)))
    })
}

/// What to multiply samples with so that soft sounds are seen too: a power of two, so that a growing waveform does not
/// breathe, and no more than 36 dB, so that noise floors stay floors.
fn display_scale(stretches: &[Peak]) -> f32 {
    let (low, high) = extent(stretches);
    let peak = high.max(-low);
    if peak <= 0.0 { 1.0 } else { (1.0 / peak).log2().floor().clamp(0.0, 6.0).exp2() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_stretch_is_seen_and_no_column_is_empty() {
        for (columns, stretches) in [(100, 1000), (1000, 100), (7, 7), (640, 1), (1, 640), (333, 1000)] {
            let mut next = 0;
            for column in 0..columns {
                let range = stretches_of(column, columns, stretches);
                assert!(
                    !range.is_empty() && range.end <= stretches,
                    "{columns} {stretches} {column}: {range:?}"
                );
                assert!(range.start <= next, "a stretch is left out before column {column}");
                next = range.end.max(next);
            }
            assert_eq!(next, stretches, "the end is left out");
        }
    }

    #[test]
    fn soft_sounds_are_magnified_in_steps_that_stay_inside() {
        for (peak, scale) in
            [(1.0, 1.0), (0.6, 1.0), (0.5, 2.0), (0.3, 2.0), (0.1, 8.0), (1e-6, 64.0), (2.0, 1.0)]
        {
            let stretches = [Peak { low: -peak / 2.0, high: peak }];
            assert!((display_scale(&stretches) - scale).abs() < 1e-6, "{peak}");
        }
        assert!((display_scale(&[Peak { low: f32::NAN, high: f32::INFINITY }]) - 1.0).abs() < 1e-6);
    }
}
