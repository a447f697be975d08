//! The exact answer, in floats, by comparing everything; found once and kept.

use std::collections::BinaryHeap;

use earmark_engine::index::Quantiser;
use multiversion::multiversion;

use crate::{Million, RESULTS};

/// Voters of a query frame.
const VOTERS: usize = 10;

/// A sound's number and its similarity.
pub(crate) type Scored = (u32, f32);

/// Of each question.
pub(crate) struct Truth(pub Vec<Answer>);

/// The exact answer to a question.
#[derive(Default)]
pub(crate) struct Answer {
    /// The closest sounds.
    pub sounds: Vec<Scored>,
    /// For each query frame the closest labelled sounds.
    pub voters: Vec<Vec<Scored>>,
}

impl Truth {
    /// The exact answers to some questions, which are kept under a name.
    pub(crate) fn read_or_find(million: &Million, name: &str, questions: &[Vec<Vec<f32>>]) -> Self {
        let kept = million.dir.with_extension(name);
        let lists = questions.iter().map(|frames| frames.len() + 1).sum::<usize>();
        let whole = (questions.len() * RESULTS + (lists - questions.len()) * VOTERS) * 8;
        if let Some(bytes) = std::fs::read(&kept).ok().filter(|bytes| bytes.len() == whole) {
            let mut scored = bytes.as_chunks().0.iter().map(|bytes| u32::from_le_bytes(*bytes));
            let mut take = |count: usize| -> Vec<Scored> {
                (0..count).map(|_| (scored.next().unwrap(), f32::from_bits(scored.next().unwrap()))).collect()
            };
            let answer = |frames: &Vec<Vec<f32>>| Answer {
                sounds: take(RESULTS),
                voters: frames.iter().map(|_| take(VOTERS)).collect(),
            };
            return Self(questions.iter().map(answer).collect());
        }
        let truth = Self::find(million, questions);
        let mut bytes: Vec<u8> = Vec::new();
        for answer in &truth.0 {
            for (sound, similarity) in answer.sounds.iter().chain(answer.voters.iter().flatten()) {
                bytes.extend(sound.to_le_bytes());
                bytes.extend(similarity.to_le_bytes());
            }
        }
        std::fs::write(kept, bytes).unwrap();
        truth
    }

    fn find(million: &Million, questions: &[Vec<Vec<f32>>]) -> Self {
        let quantiser = Quantiser::new(&million.mean);
        let directions: Vec<Vec<Vec<f32>>> = questions
            .iter()
            .map(|frames| frames.iter().map(|frame| quantiser.direction(frame).0).collect())
            .collect();
        let threads = std::thread::available_parallelism().map_or(1, usize::from) as u32;
        let part = |thread: u32| {
            let mut best: Vec<(Best, Vec<Best>)> = directions
                .iter()
                .map(|frames| (Best::new(RESULTS), vec![Best::new(VOTERS); frames.len()]))
                .collect();
            for number in (thread..million.sounds).step_by(threads as usize) {
                let sound = million.sound(number);
                let stored: Vec<f32> =
                    sound.frames.iter().flat_map(|frame| quantiser.direction(frame).0).collect();
                for (frames, (sounds, voters)) in directions.iter().zip(&mut best) {
                    let mut sum = 0.0;
                    for (frame, voters) in frames.iter().zip(voters) {
                        let cosine = best_cosine(frame, &stored);
                        sum += cosine;
                        if million.labelled && sound.cat.is_some() {
                            voters.push(number, cosine);
                        }
                    }
                    sounds.push(number, sum / frames.len() as f32);
                }
            }
            best
        };
        let parts: Vec<_> = std::thread::scope(|scope| {
            let part = &part;
            let threads: Vec<_> = (0..threads).map(|thread| scope.spawn(move || part(thread))).collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).collect()
        });
        let mut parts = parts.into_iter();
        let mut all = parts.next().unwrap();
        for part in parts {
            for ((sounds, voters), (other_sounds, other_voters)) in all.iter_mut().zip(part) {
                sounds.merge(other_sounds);
                voters.iter_mut().zip(other_voters).for_each(|(voters, other)| voters.merge(other));
            }
        }
        let answer = |(sounds, voters): (Best, Vec<Best>)| Answer {
            sounds: sounds.sorted(),
            voters: voters.into_iter().map(Best::sorted).collect(),
        };
        Self(all.into_iter().map(answer).collect())
    }
}

/// The best few; cosines as ordered integers, the worst on top of the heap.
#[derive(Clone)]
struct Best(usize, BinaryHeap<std::cmp::Reverse<(i32, u32)>>);

impl Best {
    fn new(count: usize) -> Self {
        Self(count, BinaryHeap::new())
    }

    fn push(&mut self, sound: u32, cosine: f32) {
        self.1.push(std::cmp::Reverse(((cosine * 1e9) as i32, sound)));
        if self.1.len() > self.0 {
            self.1.pop();
        }
    }

    fn merge(&mut self, other: Self) {
        for std::cmp::Reverse((cosine, sound)) in other.1 {
            self.push(sound, cosine as f32 / 1e9);
        }
    }

    fn sorted(self) -> Vec<Scored> {
        let sorted = self.1.into_sorted_vec().into_iter();
        sorted.map(|std::cmp::Reverse((cosine, sound))| (sound, cosine as f32 / 1e9)).collect()
    }
}

/// The best cosine of a direction among a sound's, `[frames × size]`.
#[multiversion(targets("x86_64+avx512f", "x86_64+avx2+fma", "aarch64+neon"))]
fn best_cosine(direction: &[f32], stored: &[f32]) -> f32 {
    let mut best = f32::NEG_INFINITY;
    for vector in stored.chunks_exact(direction.len()) {
        let mut sums = [0.0f32; 64];
        for (a, b) in direction.as_chunks::<64>().0.iter().zip(vector.as_chunks::<64>().0) {
            for lane in 0..64 {
                sums[lane] += a[lane] * b[lane];
            }
        }
        best = best.max(sums.iter().sum());
    }
    best
}
