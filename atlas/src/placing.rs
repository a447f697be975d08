//! Sounds that came after the map was made: each is put where those most like it are.

use std::collections::HashSet;

use earmark_engine::index::Snapshot;

use crate::cache::Cached;
use crate::neighbours::{Near, nearest};
use crate::sounds::{Drawn, vectors};
use crate::{AtlasError, Options, Watch};

/// Neighbours that are asked for a place.
const ASKED: usize = 5;
/// Of these, those that lie as far as this from the nearest one's place have no say: the mean of two places is none.
const TOGETHER: f32 = 0.05;

/// Positions brought up to date, and whether that changed them.
pub(crate) fn place_new(
    snapshot: &Snapshot,
    drawn: &Drawn,
    mut kept: Cached,
    options: &Options,
    watch: &mut Watch<'_>,
) -> Result<(Cached, bool), AtlasError> {
    let before = kept.len();
    kept.retain(drawn);
    let new: HashSet<u128> =
        drawn.contents().map(|(hash, _)| hash).filter(|hash| kept.position(*hash).is_none()).collect();
    if new.is_empty() {
        let changed = kept.len() != before;
        return Ok((kept, changed));
    }
    let new = &new;
    let only = |of_new: bool| drawn.contents().filter(move |(hash, _)| new.contains(hash) == of_new);
    let (new_found, new_vectors) = vectors(snapshot, only(true), watch)?;
    let (old_found, old_vectors) = vectors(snapshot, only(false), watch)?;
    let near = nearest(&new_vectors, &old_vectors, ASKED, false, options.threads, watch)?;
    let places: Vec<(u128, [f32; 2])> = new_found
        .iter()
        .zip(near)
        .map(|(hash, near)| (*hash, place(&near, |row| kept.position(old_found[row as usize]))))
        .collect();
    let changed = !places.is_empty() || kept.len() != before;
    kept.place(places.into_iter());
    Ok((kept, changed))
}

/// Mean of the places around that of the nearest, weighted by nearness.
fn place(near: &[Near], position: impl Fn(u32) -> Option<[f32; 2]>) -> [f32; 2] {
    let mut sum = [0.0, 0.0, 0.0];
    let mut first = None;
    for near in near {
        let Some([x, y]) = position(near.row) else { continue };
        let [first_x, first_y] = *first.get_or_insert([x, y]);
        if (x - first_x).hypot(y - first_y) < TOGETHER {
            let weight = 1.0 / (near.distance + 1e-3);
            sum = [sum[0] + weight * x, sum[1] + weight * y, sum[2] + weight];
        }
    }
    if sum[2] > 0.0 { [sum[0] / sum[2], sum[1] / sum[2]] } else { [0.0, 0.0] }
}
