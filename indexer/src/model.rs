//! Which network a command uses: one found by name, or the one built into the program.

use std::env;
use std::path::{Path, PathBuf};

use earmark_engine::index::{ModelId, Segment};
use earmark_engine::indexing::model_id;
use earmark_engine::network::{CARD_FILE, Card, ModelError, Network, find_model};

use crate::error::Failure;

/// Name of the model that is built in.
pub(crate) const DEFAULT: &str = "aisfx";
const CARD: &str = include_str!("../../models/aisfx/card.toml");
const ONNX: &[u8] = include_bytes!("../../models/aisfx/model.onnx");
const BANK: &[u8] = include_bytes!("../../models/aisfx/bank.segment");
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
    if name == Path::new(DEFAULT) {
        let built_in = built_in()?;
        // A library made with another version of the built-in model still opens where that version is installed.
        if asked.is_some() || library.is_none_or(|library| *library == model_id(&built_in.network)) {
            return Ok(built_in);
        }
    }
    match find_model(&name, &folders()) {
        Ok(dir) => load_folder(&dir),
        // The library's owner is told by the comparison of models what is wrong.
        Err(_) if name == Path::new(DEFAULT) => built_in(),
        Err(error @ ModelError::NotFound { .. }) => Err(Failure::Usage(format!(
            "{error}; give its folder with --model DIR, or the folder that holds it in EARMARK_MODELS"
        ))),
        Err(error) => Err(error.into()),
    }
}

/// The card of the model asked for, without its network.
pub(crate) fn card(name: &Path) -> Result<Card, Failure> {
    match find_model(name, &folders()) {
        Ok(dir) if name != Path::new(DEFAULT) => Ok(Card::read(&dir.join(CARD_FILE))?),
        Err(error) if name != Path::new(DEFAULT) => Err(error.into()),
        _ => Ok(Card::parse(CARD, &Path::new("(built in) aisfx").join(CARD_FILE))?),
    }
}

fn load_folder(dir: &Path) -> Result<Model, Failure> {
    let network = Network::load(dir)?;
    let bank = dir.join(BANK_FILE);
    let bank = if bank.exists() { Some(Segment::open(&bank)?) } else { None };
    Ok(Model { bank: bank.filter(|bank| bank.model() == model_id(&network)), network })
}

fn built_in() -> Result<Model, Failure> {
    let label = Path::new("(built in) aisfx");
    let network = Network::from_parts(CARD, ONNX, label)?;
    let bank = Segment::from_bytes(&label.join(BANK_FILE), BANK)?;
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
