//! The network that the plugin runs: the one that it has by itself, or the one that made a library.

use std::path::{Path, PathBuf};

use earmark_engine::index::{ModelId, Quantiser, Segment};
use earmark_engine::indexing::model_id;
use earmark_engine::network::{ModelError, Network, find_model};
use earmark_models::{AISFX, Shipped, shipped};

const BANK_FILE: &str = "bank.segment";

/// A network with what belongs to it.
pub(crate) struct Model {
    /// The network.
    pub(crate) network: Network,
    /// Its starter bank, if it has one.
    pub(crate) bank: Option<Segment>,
    /// Centres its embeddings.
    pub(crate) quantiser: Quantiser,
    /// Its name in libraries.
    pub(crate) id: ModelId,
}

impl Model {
    /// The model that is part of the plugin. Takes some tenths of a second.
    pub(crate) fn built_in() -> Result<Self, ModelError> {
        Self::shipped(&AISFX)
    }

    /// The model that made a library: another one that is part of the plugin, or from the folders where models are
    /// installed.
    pub(crate) fn installed(id: &ModelId) -> Result<Self, ModelError> {
        if let Some(shipped) = shipped(&id.name) {
            let model = Self::shipped(shipped)?;
            if model.id == *id {
                return Ok(model);
            }
        }
        let dir = find_model(Path::new(&id.name), &folders())?;
        let network = Network::load(&dir)?;
        Ok(Self::of(network, Segment::open(&dir.join(BANK_FILE)).ok()))
    }

    fn shipped(shipped: &Shipped) -> Result<Self, ModelError> {
        let label = PathBuf::from(format!("(built in) {}", shipped.name));
        let network = Network::from_parts(shipped.card, shipped.onnx, &label)?;
        Ok(Self::of(network, Segment::from_bytes(&label.join(BANK_FILE), shipped.bank).ok()))
    }

    fn of(network: Network, bank: Option<Segment>) -> Self {
        let id = model_id(&network);
        let quantiser = Quantiser::new(&network.card().centring.mean);
        // A model without a usable bank still finds; it only knows fewer categories.
        Self { bank: bank.filter(|bank| bank.model() == id), network, quantiser, id }
    }
}

/// Where models are looked for: `EARMARK_MODELS`, then the folder for local data.
fn folders() -> Vec<PathBuf> {
    let mut folders: Vec<PathBuf> = std::env::var_os("EARMARK_MODELS")
        .map(|paths| std::env::split_paths(&paths).collect())
        .unwrap_or_default();
    folders.extend(
        directories::ProjectDirs::from("", "", "Earmark").map(|dirs| dirs.data_local_dir().join("models")),
    );
    folders
}
