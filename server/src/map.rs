//! The map: made in the background, sent as arrays.

use std::ops::ControlFlow;
use std::sync::Arc;

use earmark_atlas::{AtlasError, Options, Stage, load_or_compute};
use serde::Serialize;

use crate::app::App;
use crate::error::ApiError;
use crate::job::{self, Job, Status};

/// A map, and the snapshot that its sounds are named in.
pub(crate) struct Made {
    view: u32,
    map: earmark_atlas::Map,
}

/// What the page is told of the map.
#[derive(Debug, Serialize)]
pub(crate) struct Report {
    #[serde(flatten)]
    status: Status,
    /// Of the snapshot that it shows.
    view: Option<u32>,
    points: usize,
    /// Sounds that are not on it.
    omitted: usize,
    /// Sounds that were put beside their neighbours after it was made.
    placed: usize,
}

/// How far the map is.
pub(crate) fn report(job: &Job<Made>) -> Report {
    let made = job.ready();
    let made = made.as_deref();
    Report {
        status: job.status(),
        view: made.map(|made| made.view),
        points: made.map_or(0, |made| made.map.points.len()),
        omitted: made.map_or(0, |made| made.map.omitted),
        placed: made.map_or(0, |made| made.map.placed),
    }
}

/// Begins to make the map, unless it is there or being made; `anew` also where it is there.
pub(crate) fn begin(app: &Arc<App>, anew: bool) -> Result<(), ApiError> {
    let view = app.library.current()?;
    if !anew && app.map.ready().is_some_and(|made| made.view == view.number()) {
        return Ok(());
    }
    job::begin(
        app,
        |app| &app.map,
        move |app| {
            let mut watch = |progress: earmark_atlas::Progress| {
                let (stage, before, part) = match progress.stage {
                    Stage::Reading => ("Reading", 0.0, 0.05),
                    Stage::Comparing => ("Comparing sounds", 0.05, 0.25),
                    Stage::Arranging => ("Arranging", 0.3, 0.7),
                };
                app.map.tell(stage, before + part * progress.done);
                if app.map.stops() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
            };
            match load_or_compute(&view.snapshot, &Options::default(), &mut watch) {
                Ok(map) => Ok(Some(Made { view: view.number(), map })),
                Err(AtlasError::Stopped) => Ok(None),
                Err(error) => Err(error.to_string()),
            }
        },
    );
    Ok(())
}

/// The points as arrays, little-endian: the snapshot's number and their count (u32 each), x and y (f32 each),
/// segments, sounds (u32 each), places of CatIDs in the UCS list (u16 each, 65,535 for none).
pub(crate) fn points(job: &Job<Made>) -> Result<Vec<u8>, ApiError> {
    let made = job.ready().ok_or_else(|| ApiError::not_found("There is no map yet."))?;
    let points = &made.map.points;
    let mut bytes = Vec::with_capacity(8 + points.len() * 18);
    bytes.extend_from_slice(&made.view.to_le_bytes());
    bytes.extend_from_slice(&(points.len() as u32).to_le_bytes());
    points.iter().for_each(|point| bytes.extend_from_slice(&point.x.to_le_bytes()));
    points.iter().for_each(|point| bytes.extend_from_slice(&point.y.to_le_bytes()));
    points.iter().for_each(|point| bytes.extend_from_slice(&point.sound.segment.to_le_bytes()));
    points.iter().for_each(|point| bytes.extend_from_slice(&point.sound.sound.to_le_bytes()));
    points.iter().for_each(|point| bytes.extend_from_slice(&point.cat.unwrap_or(u16::MAX).to_le_bytes()));
    Ok(bytes)
}
