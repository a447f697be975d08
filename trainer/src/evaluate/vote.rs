//! From neighbours to labels: of frames by their neighbours, of sounds by their frames.

use serde::{Deserialize, Serialize};

use super::neighbours::Near;

/// How a sound's label is chosen where several have most of its frames.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Ties {
    /// The label, of those, of the frame whose nearest neighbour is nearest of all.
    #[default]
    Nearest,
    /// The label, of those, whose name comes first. The published figures of aiSFX were made like that.
    ClassOrder,
}

/// The label of a frame: that of most of its first `k` neighbours, of several the nearest one's; `None` without any.
///
/// `class_of` is the class of each frame.
pub fn frame_label(near: &[Near], k: usize, class_of: &[usize]) -> Option<usize> {
    let near = &near[..k.min(near.len())];
    let votes = |class: usize| near.iter().filter(|it| class_of[it.frame] == class).count();
    // The first of equals is the nearest.
    let mut best: Option<(usize, usize)> = None;
    for it in near {
        let class = class_of[it.frame];
        let votes = votes(class);
        if best.is_none_or(|(_, most)| votes > most) {
            best = Some((class, votes));
        }
    }
    best.map(|(class, _)| class)
}

/// The label of a sound: that of most of its frames; `ties` chooses between several.
///
/// `frames` are the label and the distance of the nearest neighbour of each frame.
pub fn sound_label(frames: impl Iterator<Item = (Option<usize>, f64)>, ties: Ties) -> Option<usize> {
    let frames: Vec<(usize, f64)> = frames.filter_map(|(label, near)| Some((label?, near))).collect();
    let votes = |class: usize| frames.iter().filter(|(label, _)| *label == class).count();
    let nearest = |class: usize| {
        let own = frames.iter().filter(|(label, _)| *label == class);
        own.map(|(_, near)| *near).fold(f64::INFINITY, f64::min)
    };
    let mut classes: Vec<usize> = frames.iter().map(|(label, _)| *label).collect();
    classes.sort_unstable();
    classes.dedup();
    classes.into_iter().min_by(|&a, &b| {
        let by_votes = votes(b).cmp(&votes(a));
        match ties {
            Ties::Nearest => by_votes.then(nearest(a).total_cmp(&nearest(b))).then(a.cmp(&b)),
            Ties::ClassOrder => by_votes.then(a.cmp(&b)),
        }
    })
}
