//! What the index alone tells of files that cannot be read: sounds as long, with embeddings as good as equal.
//!
//! Sounds are put in order of their length and of one projection of their first frame; each unheard one is compared
//! with its neighbours in that order, so that many of one length do not cost the square.

use super::{Evidence, Library};
use crate::index::SoundRef;

/// Mean cosine from which two sounds of one length are reported.
const LEAST_COSINE: f32 = 0.99;
/// Lengths differ by no more, seconds.
const LENGTH_S: f64 = 0.03;
/// Neighbours on either side that a sound is compared with.
const NEIGHBOURS: usize = 64;

/// A pair that the index takes for the same: an unheard class and its likely reference, with a similarity only.
#[derive(Clone, Copy, Debug)]
pub(super) struct Likely {
    pub class: u32,
    pub reference: u32,
    pub evidence: Evidence,
}

/// For each of these classes the sound that is most like it, if one is like enough.
pub(super) fn likely(library: &Library<'_>, unheard: &[u32]) -> Vec<Likely> {
    if unheard.is_empty() {
        return Vec::new();
    }
    let bin = |class: u32| (library.duration_s(class) / LENGTH_S) as u64;
    let mut order: Vec<(u64, f32, u32)> = (0..library.classes.len() as u32)
        .map(|class| (bin(class), projection(library, class), class))
        .collect();
    order.sort_unstable_by(|a, b| a.0.cmp(&b.0).then(a.1.total_cmp(&b.1)).then(a.2.cmp(&b.2)));
    let mut found = Vec::new();
    for &class in unheard {
        let place = projection(library, class);
        let mut best: Option<(f32, u32)> = None;
        for bin in bin(class).saturating_sub(1)..=bin(class) + 1 {
            let middle = order.partition_point(|entry| entry.0 < bin || (entry.0 == bin && entry.1 < place));
            let nearest = middle.saturating_sub(NEIGHBOURS)..(middle + NEIGHBOURS).min(order.len());
            for &(_, _, other) in &order[nearest] {
                let near = (library.duration_s(class) - library.duration_s(other)).abs() <= LENGTH_S;
                if other == class || !near {
                    continue;
                }
                let Some(cosine) = similarity(library, class, other) else { continue };
                let better = best.is_none_or(|(best, of)| (cosine, other) > (best, of) && cosine > best);
                if cosine >= LEAST_COSINE && better {
                    best = Some((cosine, other));
                }
            }
        }
        if let Some((cosine, reference)) = best {
            let similarity = f64::from(cosine).min(1.0);
            found.push(Likely { class, reference, evidence: Evidence { similarity, ..Evidence::EQUAL } });
        }
    }
    found
}

fn sound<'a>(library: &Library<'a>, class: u32) -> Option<SoundRef<'a>> {
    library.snapshot.get(library.first(class).id)
}

/// One number that differs between most sounds: the first frame along a fixed direction.
fn projection(library: &Library<'_>, class: u32) -> f32 {
    let first = sound(library, class).and_then(|sound| sound.frames().ok()?.next());
    first.map_or(0.0, |(row, vector)| {
        let signed = |(at, value): (usize, &i8)| f32::from(*value) * if at * 7 % 5 < 2 { 1.0 } else { -1.0 };
        vector.iter().enumerate().map(signed).sum::<f32>() * row.scale
    })
}

/// Mean cosine of the frames, in order; `None` where they do not correspond.
fn similarity(library: &Library<'_>, a: u32, b: u32) -> Option<f32> {
    let (a, b) = (sound(library, a)?.frames().ok()?, sound(library, b)?.frames().ok()?);
    if a.len() != b.len() || a.len() == 0 {
        return None;
    }
    let count = a.len() as f32;
    let cosine = |((row_a, a), (row_b, b)): ((_, &[i8]), (_, &[i8]))| {
        let (row_a, row_b): (&crate::index::FrameRow, &crate::index::FrameRow) = (row_a, row_b);
        let dot: i32 = a.iter().zip(b).map(|(a, b)| i32::from(*a) * i32::from(*b)).sum();
        dot as f32 * row_a.scale * row_b.scale
    };
    Some(a.zip(b).map(cosine).sum::<f32>() / count)
}
