//! Which network a command uses: one found by name, or one of those built into the program.

use std::env;
use std::path::{Path, PathBuf};

use earmark_engine::index::{ModelId, Segment};
use earmark_engine::indexing::model_id;
use earmark_engine::network::{CARD_FILE, Card, ModelError, Network, find_model};
use earmark_models::{Shipped, shipped};

use crate::error::Failure;

/// Name of the model that is used where no other is asked for.
pub(crate) const DEFAULT: &str = "aisfx";
/// Name of the starter bank beside a card.
const BANK_FILE: &str = "bank.segment";

/// A network with its starter bank, if it has one.
pub(crate) struct Model {
    pub network: Network,
    pub bank: Option<Segment>,
}

/// Loads the model asked for, or the one that made a library, or the built-in one.
pub(crate) fn load(asked: Option<&Path>, library: Option<&ModelId>) -> Result<Model, Failure> {
    let name = asked.map_or_else(|| library.map_or(DEFAULT, |model| &model.name).into(), Path::to_owned);
    if let Some(shipped) = shipped_as(&name) {
        let built_in = built_in(shipped)?;
        // A library made with another version of a built-in model still opens where that version is installed.
        if asked.is_some() || library.is_none_or(|library| *library == model_id(&built_in.network)) {
            return Ok(built_in);
        }
    }
    match (find_model(&name, &folders()), shipped_as(&name)) {
        (Ok(dir), _) => load_folder(&dir),
        // The library's owner is told by the comparison of models what is wrong.
        (Err(_), Some(shipped)) => built_in(shipped),
        (Err(error @ ModelError::NotFound { .. }), None) => Err(Failure::Usage(format!(
            "{error}; give its folder with --model DIR, or the folder that holds it in EARMARK_MODELS"
        ))),
        (Err(error), None) => Err(error.into()),
    }
}

/// The card of the model asked for, without its network.
pub(crate) fn card(name: &Path) -> Result<Card, Failure> {
    match shipped_as(name) {
        Some(shipped) => Ok(Card::parse(shipped.card, &label(shipped).join(CARD_FILE))?),
        None => Ok(Card::read(&find_model(name, &folders())?.join(CARD_FILE))?),
    }
}

/// The ONNX file and the network of a model to begin a training with, a name or a folder.
pub(crate) fn to_begin_with(name: &Path) -> Result<(Vec<u8>, Network), Failure> {
    Ok((onnx(name)?, load(Some(name), None)?.network))
}

fn onnx(name: &Path) -> Result<Vec<u8>, Failure> {
    match (find_model(name, &folders()), shipped_as(name)) {
        (Ok(dir), _) => {
            let network = Network::load(&dir)?;
            let path = dir.join(&network.card().network.file);
            std::fs::read(&path).map_err(Failure::file(&path, "read"))
        }
        (Err(_), Some(shipped)) => Ok(shipped.onnx.to_vec()),
        (Err(error), None) => Err(error.into()),
    }
}

/// The built-in model that a name is of, which a path is not.
fn shipped_as(name: &Path) -> Option<&'static Shipped> {
    shipped(name.to_str()?)
}

/// What a built-in model is called in messages.
fn label(shipped: &Shipped) -> PathBuf {
    PathBuf::from(format!("(built in) {}", shipped.name))
}

fn load_folder(dir: &Path) -> Result<Model, Failure> {
    let network = Network::load(dir)?;
    let bank = dir.join(BANK_FILE);
    let bank = if bank.exists() { Some(Segment::open(&bank)?) } else { None };
    Ok(Model { bank: bank.filter(|bank| bank.model() == model_id(&network)), network })
}

fn built_in(shipped: &Shipped) -> Result<Model, Failure> {
    let label = label(shipped);
    let network = Network::from_parts(shipped.card, shipped.onnx, &label)?;
    let bank = Segment::from_bytes(&label.join(BANK_FILE), shipped.bank)?;
    Ok(Model { bank: Some(bank).filter(|bank| bank.model() == model_id(&network)), network })
}

/// Where models are looked for: `EARMARK_MODELS`, beside the program, the folder for local data.
fn folders() -> Vec<PathBuf> {
    let mut folders: Vec<PathBuf> =
        env::var_os("EARMARK_MODELS").map(|paths| env::split_paths(&paths).collect()).unwrap_or_default();
    folders.extend(env::current_exe().ok().and_then(|program| Some(program.parent()?.join("models"))));
    folders.extend(
        directories::ProjectDirs::from("", "", "Earmark").map(|dirs| dirs.data_local_dir().join("models")),
    );
    folders
}

#[cfg(test)]
mod tests {
    use earmark_models::SHIPPED;

    use super::built_in;

    #[test]
    fn what_is_built_in_has_a_starter_bank_of_its_own_network() {
        for shipped in SHIPPED {
            assert!(built_in(shipped).unwrap().bank.is_some(), "{}", shipped.name);
        }
    }
}
