//! The map itself, and how it comes about.

use std::ops::ControlFlow;

use earmark_engine::index::{Snapshot, SoundId};

use crate::cache::Cached;
use crate::sounds::{Drawn, draw, vectors};
use crate::{AtlasError, Options, Progress, Watch, cache, lay_out, placing};

/// A sound on the map.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Point {
    /// The sound, in the snapshot that the map was asked for.
    pub sound: SoundId,
    /// Position, −1 to 1.
    pub x: f32,
    /// Position, −1 to 1; upwards.
    pub y: f32,
    /// Place of its CatID in the UCS list.
    pub cat: Option<u16>,
}

/// Sounds in the plane.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Map {
    /// In no order that means anything, but always in the same.
    pub points: Vec<Point>,
    /// Sounds of the library that are not on it: it has more than [`Options::max_sounds`].
    pub omitted: usize,
    /// Points that were put beside their neighbours after the map was made.
    pub placed: usize,
}

/// Makes a map of a library, whether one is kept beside it or not.
///
/// # Errors
/// `Stopped`, or `Index` when the library went away.
pub fn compute(snapshot: &Snapshot, options: &Options, watch: &mut Watch<'_>) -> Result<Map, AtlasError> {
    let drawn = draw(snapshot, options);
    let cached = fit(snapshot, &drawn, options, watch)?;
    Ok(assemble(snapshot, &drawn, &cached))
}

/// The map that is kept beside the library, brought up to date; or a new one, which is then kept.
///
/// A map that cannot be kept, because the library's folder may not be written to, is made all the same.
///
/// # Errors
/// As [`compute`].
pub fn load_or_compute(
    snapshot: &Snapshot,
    options: &Options,
    watch: &mut Watch<'_>,
) -> Result<Map, AtlasError> {
    let drawn = draw(snapshot, options);
    let kept = cache::load(snapshot, options).filter(|kept| kept.is_worth_keeping(&drawn));
    let (cached, changed) = match kept {
        None => (fit(snapshot, &drawn, options, watch)?, true),
        Some(kept) => placing::place_new(snapshot, &drawn, kept, options, watch)?,
    };
    if changed && let Err(error) = cache::save(snapshot, options, &cached) {
        tracing::warn!("the map of the library cannot be kept for the next time: {error}");
    }
    Ok(assemble(snapshot, &drawn, &cached))
}

/// Positions of everything drawn, from nothing.
fn fit(
    snapshot: &Snapshot,
    drawn: &Drawn,
    options: &Options,
    watch: &mut Watch<'_>,
) -> Result<Cached, AtlasError> {
    let (found, vectors) = vectors(snapshot, drawn.contents(), watch)?;
    let positions = lay_out(&vectors, options, watch)?;
    Ok(Cached::fitted(found.iter().copied().zip(positions)))
}

/// Sounds of equal content lie around one place, close enough to be one point until the eye comes very near.
const COPIES_APART: f32 = 2e-4;

fn assemble(snapshot: &Snapshot, drawn: &Drawn, cached: &Cached) -> Map {
    let mut points = Vec::with_capacity(drawn.len());
    for (content, sounds) in drawn.groups() {
        let Some([x, y]) = cached.position(content) else { continue };
        for (copy, sound) in sounds.iter().enumerate() {
            // A sunflower's spiral: no two copies at one place.
            let (radius, angle) = (COPIES_APART * (copy as f32).sqrt(), 2.399_963 * copy as f32);
            let cat = snapshot.get(*sound).and_then(|sound| sound.cat());
            let (x, y) = (x + radius * angle.cos(), y + radius * angle.sin());
            points.push(Point { sound: *sound, x: x.clamp(-1.0, 1.0), y: y.clamp(-1.0, 1.0), cat });
        }
    }
    let omitted = drawn.in_library - points.len();
    Map { points, omitted, placed: cached.placed() }
}

/// Tells who watches; stops where he wants it.
pub(crate) fn tell(watch: &mut Watch<'_>, progress: Progress) -> Result<(), AtlasError> {
    match watch(progress) {
        ControlFlow::Continue(()) => Ok(()),
        ControlFlow::Break(()) => Err(AtlasError::Stopped),
    }
}
