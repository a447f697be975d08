//! A few thousand real frames spread to any number, so that they lie as real ones do.
//!
//! A spread frame stands on the line from a real frame to one of its nearest real neighbours, at a random place, and is
//! moved by noise with the covariance of that neighbourhood (Σ gⱼ (xⱼ − c) / √k with normal gⱼ has it exactly).
//! Negative components become zero, because the network has none. A spread sound takes one to four consecutive frames of
//! one real sound and keeps its category, if it has one; only every second sound keeps it.

use earmark_engine::index::{Quantiser, Snapshot};

/// Neighbours of a real frame.
const NEIGHBOURS: usize = 12;
/// At most so many real frames are used: finding neighbours takes the square of it.
const MAX_REAL_FRAMES: usize = 6000;

/// A sound, real or spread.
pub(crate) struct RealSound {
    /// Place of its CatID in the UCS list.
    pub cat: Option<u16>,
    /// Embeddings, `[frames][embedding size]`.
    pub frames: Vec<Vec<f32>>,
}

impl RealSound {
    /// The sounds of a library, up to the limit.
    pub(crate) fn all(snapshot: &Snapshot, mean: &[f32]) -> Vec<Self> {
        let quantiser = Quantiser::new(mean);
        let mut left = MAX_REAL_FRAMES;
        let sounds = snapshot.sounds().map(|(_, sound)| {
            let frames = sound.frames().unwrap().take(left);
            let frames: Vec<_> =
                frames.map(|(row, vector)| quantiser.restore(vector, row.scale, row.norm)).collect();
            left -= frames.len();
            Self { cat: sound.cat(), frames }
        });
        sounds.filter(|sound| !sound.frames.is_empty()).collect()
    }
}

/// Real sounds with the neighbourhoods of their frames.
pub(crate) struct Spread {
    sounds: Vec<RealSound>,
    /// Of each sound's each frame, the closest frames of other sounds.
    neighbours: Vec<Vec<Vec<(usize, usize)>>>,
}

impl Spread {
    /// Finds the neighbours.
    pub(crate) fn new(sounds: Vec<RealSound>) -> Self {
        let all: Vec<(usize, usize, &[f32])> = sounds
            .iter()
            .enumerate()
            .flat_map(|(sound, real)| {
                real.frames.iter().enumerate().map(move |(frame, vector)| (sound, frame, vector.as_slice()))
            })
            .collect();
        assert!(all.len() > NEIGHBOURS, "too few sounds to spread");
        let closest = |sound: usize, vector: &[f32]| {
            let others = all.iter().filter(|(other, ..)| *other != sound);
            let mut others: Vec<_> =
                others.map(|(other, frame, x)| (distance(vector, x), (*other, *frame))).collect();
            others.select_nth_unstable_by(NEIGHBOURS - 1, |a, b| a.0.total_cmp(&b.0));
            others[..NEIGHBOURS].iter().map(|(_, place)| *place).collect()
        };
        let neighbours = sounds
            .iter()
            .enumerate()
            .map(|(sound, real)| real.frames.iter().map(|vector| closest(sound, vector)).collect())
            .collect();
        Self { sounds, neighbours }
    }

    /// The spread sound of a number, of so many frames or of one to four; the same number gives the same sound.
    pub(crate) fn sound(&self, number: u32, frames: Option<usize>) -> RealSound {
        let mut chance = Chance(u64::from(number).wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1);
        let count = frames.unwrap_or_else(|| 1 + chance.below(4));
        let at = chance.below(self.sounds.len());
        let real = &self.sounds[at];
        let (first, partner) = (chance.below(real.frames.len()), chance.below(NEIGHBOURS));
        let place = chance.uniform();
        let frames = (first..first + count)
            .map(|frame| self.frame(at, frame % real.frames.len(), partner, place, &mut chance))
            .collect();
        RealSound { cat: real.cat.filter(|_| number.is_multiple_of(2)), frames }
    }

    /// Base and neighbours are summed up one after the other, each with its weight: noise Σ gⱼ (xⱼ − c) gives neighbour j
    /// the weight gⱼ less the mean of all g.
    fn frame(&self, sound: usize, frame: usize, partner: usize, place: f32, chance: &mut Chance) -> Vec<f32> {
        let normals: [f32; NEIGHBOURS] =
            std::array::from_fn(|_| chance.normal() / (NEIGHBOURS as f32).sqrt());
        let mean = normals.iter().sum::<f32>() / NEIGHBOURS as f32;
        let mut spread: Vec<f32> =
            self.sounds[sound].frames[frame].iter().map(|x| x * (1.0 - place)).collect();
        for (at, &(sound, frame)) in self.neighbours[sound][frame].iter().enumerate() {
            let weight = normals[at] - mean + if at == partner { place } else { 0.0 };
            let neighbour = &self.sounds[sound].frames[frame];
            spread.iter_mut().zip(neighbour).for_each(|(sum, x)| *sum += weight * x);
        }
        spread.iter_mut().for_each(|x| *x = x.max(0.0));
        spread
    }
}

fn distance(a: &[f32], b: &[f32]) -> f32 {
    // Sixteen sums side by side, so that the compiler can use vector registers.
    let mut sums = [0.0f32; 16];
    for (a, b) in a.as_chunks::<16>().0.iter().zip(b.as_chunks::<16>().0) {
        for lane in 0..16 {
            sums[lane] += (a[lane] - b[lane]) * (a[lane] - b[lane]);
        }
    }
    sums.iter().sum()
}

/// Seeded random numbers (xorshift64).
struct Chance(u64);

impl Chance {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    /// Above 0, at most 1.
    fn uniform(&mut self) -> f32 {
        ((self.next() >> 40) + 1) as f32 / (1u64 << 24) as f32
    }

    fn below(&mut self, limit: usize) -> usize {
        (self.next() >> 16) as usize % limit
    }

    /// Standard normal, by Box and Muller's transform.
    fn normal(&mut self) -> f32 {
        let (radius, angle) = ((-2.0 * self.uniform().ln()).sqrt(), self.uniform() * std::f32::consts::TAU);
        radius * angle.cos()
    }
}
