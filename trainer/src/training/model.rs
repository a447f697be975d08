//! The encoder with what sits on top of it while it is trained.

use burn::tensor::Device;

use super::data::TrainingSet;
use super::error::TrainingError;
use super::plan::Plan;
use crate::network::{Encoder, Heads, HeadsPlan, Normalisation, Parameters, Proxies, Visitor};

/// All that is learnt.
#[derive(Debug, Clone)]
pub struct Model {
    /// From frames to embeddings.
    pub encoder: Encoder,
    /// Classifiers, for cross-entropy.
    pub heads: Option<Heads>,
    /// Proxies, for the proxy-anchor loss.
    pub proxies: Option<Proxies>,
}

impl Model {
    /// The model of a plan for the data sets of a run, with weights drawn by the plan's seed.
    ///
    /// # Errors
    /// When there is no such network.
    pub fn new(plan: &Plan, sets: &[TrainingSet], device: &Device) -> Result<Self, TrainingError> {
        let architecture = plan.architecture()?;
        let norms = match plan.model.normalisation {
            Normalisation::Shared => 1,
            Normalisation::PerDataSet => sets.len(),
        };
        let labelled = sets.iter().filter(|set| set.is_labelled());
        let heads = HeadsPlan {
            embedding_size: architecture.embedding_size(),
            hidden: plan.model.head.clone(),
            classes: labelled.map(|set| set.classes).collect(),
        };
        Ok(Self {
            encoder: Encoder::new(&architecture, norms, plan.seed, device),
            heads: plan.loss.classifies().then(|| Heads::new(&heads, plan.seed, device)),
            proxies: plan.loss.has_proxies().then(|| Proxies::new(&heads, plan.seed, device)),
        })
    }
}

impl Parameters for Model {
    fn visit(&mut self, visitor: &mut impl Visitor) {
        self.encoder.visit(visitor);
        if let Some(heads) = &mut self.heads {
            heads.visit(visitor);
        }
        if let Some(proxies) = &mut self.proxies {
            proxies.visit(visitor);
        }
    }
}
