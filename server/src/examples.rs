//! Examples of a category: what its sounds in this library have in common, and what stands out.
//!
//! Each sound is the mean direction of its frames, the category the mean of its sounds. The sounds closest to that are
//! typical; those furthest from it are the ones that an editor may want to listen to, since they are either rare kinds
//! or labelled wrongly.

use earmark_engine::index::SoundId;
use earmark_engine::ucs::CatIndex;
use serde::Serialize;

use crate::error::ApiError;
use crate::library::View;
use crate::rows::Row;

/// Sounds of a category that are compared, evenly chosen from larger ones.
const COMPARED: usize = 1500;
/// Frames looked at of a sound.
const FRAMES: usize = 16;
/// Examples of either kind.
const SHOWN: usize = 12;

/// Examples of one category.
#[derive(Debug, Serialize)]
pub(crate) struct Examples {
    total: usize,
    typical: Vec<Row>,
    /// Least typical first; none where there are too few sounds to tell.
    unusual: Vec<Row>,
}

/// Finds the examples of a category; blocks.
pub(crate) fn of(view: &View, cat: CatIndex) -> Result<Examples, ApiError> {
    let all = view.by_cat().get(cat.to_usize()).map_or(&[][..], Vec::as_slice);
    let step = all.len().div_ceil(COMPARED).max(1);
    let compared: Vec<(SoundId, Vec<f32>)> =
        all.iter().step_by(step).filter_map(|id| Some((*id, direction(view, *id)?))).collect();
    view.snapshot.still_there()?;
    let mut centre: Vec<f32> = Vec::new();
    for (_, direction) in &compared {
        centre.resize(direction.len(), 0.0);
        centre.iter_mut().zip(direction).for_each(|(sum, x)| *sum += x);
    }
    let closeness = |direction: &[f32]| centre.iter().zip(direction).map(|(a, b)| a * b).sum::<f32>();
    let mut ranked: Vec<(f32, SoundId)> =
        compared.iter().map(|(id, direction)| (closeness(direction), *id)).collect();
    ranked.sort_by(|a, b| b.0.total_cmp(&a.0).then_with(|| a.1.cmp(&b.1)));
    let unusual = if ranked.len() >= 2 * SHOWN { SHOWN } else { 0 };
    let rows = |part: &mut dyn Iterator<Item = &(f32, SoundId)>| Row::all(view, part.map(|(_, id)| *id));
    Ok(Examples {
        total: all.len(),
        typical: rows(&mut ranked.iter().take(SHOWN)),
        unusual: rows(&mut ranked.iter().rev().take(unusual)),
    })
}

/// The mean direction of a sound's frames, of length 1.
fn direction(view: &View, id: SoundId) -> Option<Vec<f32>> {
    let sound = view.snapshot.get(id)?;
    let frames = sound.frames().ok()?;
    let step = frames.len().div_ceil(FRAMES).max(1);
    let mut mean: Vec<f32> = Vec::new();
    for (row, vector) in frames.step_by(step) {
        mean.resize(vector.len(), 0.0);
        mean.iter_mut().zip(vector).for_each(|(sum, x)| *sum += f32::from(*x) * row.scale);
    }
    let length = mean.iter().map(|x| x * x).sum::<f32>().sqrt();
    (length > 0.0).then(|| mean.iter().map(|x| x / length).collect())
}
