//! Which sounds are on the map, and the one vector that stands for each.

use earmark_engine::index::{Snapshot, SoundId, SoundRef};
use xxhash_rust::xxh3::xxh3_64_with_seed;

use crate::map::tell;
use crate::{AtlasError, Matrix, Options, Progress, Stage, Watch};

/// Frames of a sound that its vector is the mean of, at most; of more, so many evenly spread over it.
const MAX_FRAMES: usize = 64;
/// Sounds read between two looks at who watches.
const READ_AT_A_TIME: usize = 1024;

/// The sounds that take part, grouped by content, in the order of their contents' hashes: that of the index depends on
/// which sound was embedded first.
pub(crate) struct Drawn {
    /// Hash of the content, the sound; ascending.
    sounds: Vec<(u128, SoundId)>,
    /// Sounds of the library.
    pub in_library: usize,
}

impl Drawn {
    /// Sounds that take part.
    pub(crate) fn len(&self) -> usize {
        self.sounds.len()
    }

    /// Each content with its sounds, at least one.
    pub(crate) fn groups(&self) -> impl Iterator<Item = (u128, Vec<SoundId>)> {
        self.sounds
            .chunk_by(|a, b| a.0 == b.0)
            .map(|group| (group[0].0, group.iter().map(|(_, sound)| *sound).collect()))
    }

    /// Each content with one of its sounds.
    pub(crate) fn contents(&self) -> impl Iterator<Item = (u128, SoundId)> {
        self.sounds.chunk_by(|a, b| a.0 == b.0).map(|group| group[0])
    }
}

/// Draws the sounds of the map: all, or of a larger library as many as there may be. Of sounds with equal content all
/// are drawn, or none.
pub(crate) fn draw(snapshot: &Snapshot, options: &Options) -> Drawn {
    let all = snapshot.sounds().filter(|(_, sound)| sound.row.frame_count > 0);
    let mut sounds: Vec<(u128, SoundId)> = all.map(|(id, sound)| (sound.row.hash(), id)).collect();
    let in_library = snapshot.sounds().count();
    if sounds.len() > options.max_sounds {
        // The lot depends on the content alone, so that a sound that was drawn stays so while others come and go.
        sounds.sort_unstable_by_key(|(hash, id)| {
            (xxh3_64_with_seed(&hash.to_le_bytes(), options.seed), *hash, *id)
        });
        let mut room = options.max_sounds;
        let fitting = sounds.chunk_by(|a, b| a.0 == b.0).take_while(|group| {
            let fits = group.len() <= room;
            room = room.saturating_sub(group.len());
            fits
        });
        let kept = fitting.map(<[_]>::len).sum();
        sounds.truncate(kept);
    }
    sounds.sort_unstable();
    Drawn { sounds, in_library }
}

/// One vector for each sound, with whatever the sounds are known by: the mean of its frames' centred embeddings, at unit
/// length, `[sounds, embedding size]`. What cannot be read is left out.
///
/// # Errors
/// `Stopped`, or `Index` when the library went away.
pub fn vectors<K: Copy>(
    snapshot: &Snapshot,
    sounds: impl Iterator<Item = (K, SoundId)>,
    watch: &mut Watch<'_>,
) -> Result<(Vec<K>, Matrix), AtlasError> {
    let sounds: Vec<(K, SoundId)> = sounds.collect();
    let size = snapshot.manifest().model.embedding_size as usize;
    let mut found = Vec::with_capacity(sounds.len());
    let mut values = Vec::with_capacity(sounds.len() * size);
    for (at, (key, sound)) in sounds.iter().enumerate() {
        if at % READ_AT_A_TIME == 0 {
            tell(watch, Progress { stage: Stage::Reading, done: at as f32 / sounds.len() as f32 })?;
        }
        if let Some(vector) = snapshot.get(*sound).and_then(|sound| mean_of(&sound, size)) {
            found.push(*key);
            values.extend(vector);
        }
    }
    // What was read of a drive that went away is zeros.
    snapshot.still_there()?;
    Ok((found, Matrix::new(values, size.max(1))))
}

/// Mean of the frames' centred embeddings, at unit length; `None` when the rows are damaged.
fn mean_of(sound: &SoundRef<'_>, size: usize) -> Option<Vec<f32>> {
    let frames = sound.frames().ok()?;
    let step = frames.len().div_ceil(MAX_FRAMES).max(1);
    let mut sum = vec![0f32; size];
    for (row, vector) in frames.step_by(step) {
        let weight = row.scale * row.norm;
        if !weight.is_finite() || vector.len() != size {
            return None;
        }
        sum.iter_mut().zip(vector).for_each(|(sum, component)| *sum += weight * f32::from(*component));
    }
    let length = sum.iter().map(|x| f64::from(*x) * f64::from(*x)).sum::<f64>().sqrt() as f32;
    if length > f32::MIN_POSITIVE {
        sum.iter_mut().for_each(|x| *x /= length);
    }
    Some(sum)
}
