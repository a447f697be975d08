//! Learning from another model: its embeddings are what a frame's embedding should be like.

use burn::tensor::Tensor;
use serde::{Deserialize, Serialize};

use super::geometry::{cosines, directions};

/// How much each part of [`distillation`] counts.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct DistillationWeights {
    /// Directions; needs embeddings of the teacher's size.
    pub cosine: f32,
    /// Similarities among the frames of a batch; for embeddings of any size.
    pub relational: f32,
}

impl Default for DistillationWeights {
    fn default() -> Self {
        Self { cosine: 1.0, relational: 1.0 }
    }
}

/// `cosine · mean(1 − cos(sᵢ − µ, tᵢ − µ)) + relational · mean((cos(sᵢ − s̄, sⱼ − s̄) − cos(tᵢ − µ, tⱼ − µ))²)` for the
/// student's embeddings `s` and the teacher's `t`, each `[rows, embedding size]`, the teacher's mean embedding µ `[size]`
/// and the batch's mean s̄.
///
/// The second part is that of Tung and Mori ("Similarity-preserving knowledge distillation", ICCV 2019,
/// arXiv:1907.09682) on centred directions, which is what the engine compares. The first counts where both sizes are
/// the same only.
pub fn distillation(
    student: Tensor<2>,
    teacher: Tensor<2>,
    teacher_mean: Tensor<1>,
    weights: &DistillationWeights,
) -> Tensor<1> {
    let ([rows, size], [_, teacher_size]) = (student.dims(), teacher.dims());
    let mean: Tensor<2> = teacher_mean.unsqueeze_dim(0);
    let teacher = teacher - mean.clone();
    let mut loss = student.clone().sum() * 0.0;
    if weights.cosine > 0.0 && size == teacher_size {
        let cosine = (directions(student.clone() - mean) * directions(teacher.clone())).sum_dim(1);
        loss = loss + (cosine.mean() * -1.0 + 1.0) * weights.cosine;
    }
    if weights.relational > 0.0 && rows > 1 {
        let centred = student.clone() - student.mean_dim(0);
        let difference = cosines(centred) - cosines(teacher);
        loss = loss + difference.square().mean() * weights.relational;
    }
    loss
}
