//! Examples of a category: what its sounds in this library have in common, and what stands out.
//!
//! The sounds closest to what all have in common are typical; those furthest from it are the ones that an editor may
//! want to listen to, since they are either rare kinds or labelled wrongly.

use earmark_engine::index::SoundId;
use earmark_engine::ucs::CatIndex;
use serde::Serialize;

use crate::alike::typical_first;
use crate::error::ApiError;
use crate::library::View;
use crate::rows::Row;

/// Sounds of a category that are compared, evenly chosen from larger ones.
const COMPARED: usize = 1500;
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
    let ranked = typical_first(view, all.iter().copied().step_by(step));
    view.snapshot.still_there()?;
    let unusual = if ranked.len() >= 2 * SHOWN { SHOWN } else { 0 };
    let rows = |part: &mut dyn Iterator<Item = &SoundId>| Row::all(view, part.copied());
    Ok(Examples {
        total: all.len(),
        typical: rows(&mut ranked.iter().take(SHOWN)),
        unusual: rows(&mut ranked.iter().rev().take(unusual)),
    })
}
