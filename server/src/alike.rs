//! What some sounds have in common, and how close each is to it.
//!
//! Each sound is the mean direction of its frames, what they have in common the mean of the sounds.

use earmark_engine::index::SoundId;

use crate::library::View;

/// Frames looked at of a sound.
const FRAMES: usize = 16;

/// The sounds that can be read, closest to what they have in common first.
pub(crate) fn typical_first(view: &View, sounds: impl IntoIterator<Item = SoundId>) -> Vec<SoundId> {
    let compared: Vec<(SoundId, Vec<f32>)> =
        sounds.into_iter().filter_map(|id| Some((id, direction(view, id)?))).collect();
    let mut centre: Vec<f32> = Vec::new();
    for (_, direction) in &compared {
        centre.resize(direction.len(), 0.0);
        centre.iter_mut().zip(direction).for_each(|(sum, x)| *sum += x);
    }
    let closeness = |direction: &[f32]| centre.iter().zip(direction).map(|(a, b)| a * b).sum::<f32>();
    let mut ranked: Vec<(f32, SoundId)> =
        compared.iter().map(|(id, direction)| (closeness(direction), *id)).collect();
    ranked.sort_by(|a, b| b.0.total_cmp(&a.0).then_with(|| a.1.cmp(&b.1)));
    ranked.into_iter().map(|(_, id)| id).collect()
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
