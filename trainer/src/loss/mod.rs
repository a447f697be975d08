//! What is made small: losses on embeddings and their labels.
//!
//! All but cross-entropy compare directions: embeddings are brought to length 1 first. Every loss is given the rows
//! of one data set, since data sets have taxonomies of their own and a class of one may be a class of another under a
//! different name. Where a batch holds nothing to compare, a loss is 0.

mod classification;
mod contrastive;
mod distillation;
mod geometry;
mod multi_similarity;
mod proxy_anchor;
mod supervised_contrastive;
mod triplet;

use burn::tensor::Tensor;
use serde::{Deserialize, Serialize};

pub use classification::{Targets, cross_entropy};
pub use contrastive::contrastive;
pub use distillation::{DistillationWeights, distillation};
pub use multi_similarity::{MultiSimilarity, multi_similarity};
pub use proxy_anchor::proxy_anchor;
pub use supervised_contrastive::{nt_xent, supervised_contrastive};
pub use triplet::{triplet_batch_hard, triplet_semi_hard};

/// A loss with its constants.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Loss {
    /// Of classifiers on the embedding: the baseline.
    CrossEntropy {
        /// Share of the target that is spread over all classes (Szegedy et al. 2016, arXiv:1512.00567).
        #[serde(default)]
        label_smoothing: f32,
    },
    /// Of pairs.
    Contrastive {
        /// Distance from which on different classes are far enough apart.
        #[serde(default = "half")]
        margin: f32,
    },
    /// Of the hardest triplet of each anchor.
    TripletBatchHard {
        /// By how much farther different classes shall be.
        #[serde(default = "fifth")]
        margin: f32,
    },
    /// Of the semi-hard triplet of each pair.
    TripletSemiHard {
        /// By how much farther different classes shall be, as a squared distance.
        #[serde(default = "fifth")]
        margin: f32,
    },
    /// Of each embedding against all others.
    SupervisedContrastive {
        /// Divides the cosines.
        #[serde(default = "tenth")]
        temperature: f32,
    },
    /// Of informative pairs, weighted by three similarities.
    MultiSimilarity(MultiSimilarity),
    /// Of learnt proxies against all embeddings.
    ProxyAnchor {
        /// Steepness.
        #[serde(default = "thirty_two")]
        alpha: f32,
        /// Margin of the cosines.
        #[serde(default = "tenth")]
        margin: f32,
    },
    /// None: only the teacher is listened to.
    None,
}

impl Loss {
    /// The loss by its name with default constants: as it is spelled in a plan.
    pub fn named(name: &str) -> Option<Self> {
        let text = format!("kind = \"{name}\"");
        toml::from_str(&text).ok()
    }

    /// Names of all losses.
    pub const NAMES: [&'static str; 8] = [
        "cross-entropy",
        "contrastive",
        "triplet-batch-hard",
        "triplet-semi-hard",
        "supervised-contrastive",
        "multi-similarity",
        "proxy-anchor",
        "none",
    ];

    /// Says what is wrong with the constants, if anything is.
    ///
    /// # Errors
    /// A sentence naming the constant and the values that are allowed.
    pub fn check(&self) -> Result<(), String> {
        let positive = |name: &str, value: f32| {
            let fits = value.is_finite() && value > 0.0;
            if fits { Ok(()) } else { Err(format!("loss.{name} must be above 0")) }
        };
        match *self {
            Self::CrossEntropy { label_smoothing } if !(0.0..1.0).contains(&label_smoothing) => {
                Err("loss.label_smoothing must be at least 0 and below 1".into())
            }
            Self::CrossEntropy { .. } | Self::None => Ok(()),
            Self::Contrastive { margin }
            | Self::TripletBatchHard { margin }
            | Self::TripletSemiHard { margin } => positive("margin", margin),
            Self::SupervisedContrastive { temperature } if temperature < 0.02 => {
                Err("loss.temperature must be at least 0.02, or its exponentials overflow".into())
            }
            Self::SupervisedContrastive { temperature } => positive("temperature", temperature),
            Self::MultiSimilarity(constants) => {
                positive("alpha", constants.alpha)?;
                positive("beta", constants.beta)?;
                if constants.alpha > 80.0 || constants.beta > 80.0 {
                    return Err(
                        "loss.alpha and loss.beta must be at most 80, or exponentials overflow".into()
                    );
                }
                Ok(())
            }
            Self::ProxyAnchor { alpha, margin } => {
                positive("alpha", alpha)?;
                positive("margin", margin)?;
                if alpha * (1.0 + margin) > 80.0 {
                    return Err(
                        "loss.alpha · (1 + margin) must be at most 80, or exponentials overflow".into()
                    );
                }
                Ok(())
            }
        }
    }

    /// Whether the loss is of a classifier on the embedding.
    pub fn classifies(&self) -> bool {
        matches!(self, Self::CrossEntropy { .. })
    }

    /// Whether the loss has learnt proxies.
    pub fn has_proxies(&self) -> bool {
        matches!(self, Self::ProxyAnchor { .. })
    }

    /// The loss of embeddings `[rows, embedding size]` with a label for each, for losses that need nothing else;
    /// `None` for the others.
    pub fn of_pairs(&self, embeddings: Tensor<2>, labels: &[usize]) -> Option<Tensor<1>> {
        Some(match *self {
            Self::CrossEntropy { .. } | Self::ProxyAnchor { .. } | Self::None => return None,
            Self::Contrastive { margin } => contrastive(embeddings, labels, margin),
            Self::TripletBatchHard { margin } => triplet_batch_hard(embeddings, labels, margin),
            Self::TripletSemiHard { margin } => triplet_semi_hard(embeddings, labels, margin),
            Self::SupervisedContrastive { temperature } => {
                supervised_contrastive(embeddings, labels, temperature)
            }
            Self::MultiSimilarity(constants) => multi_similarity(embeddings, labels, &constants),
        })
    }
}

fn half() -> f32 {
    0.5
}

fn fifth() -> f32 {
    0.2
}

fn tenth() -> f32 {
    0.1
}

fn thirty_two() -> f32 {
    32.0
}
