//! The network itself, ready to run: one plan for all threads, one session a thread.

use std::fmt;
use std::fs::File;
use std::io::Read;
use std::path::Path;
use std::sync::Arc;

use sha2::{Digest, Sha256};
use tract_onnx::prelude::*;

use super::accelerate::accelerate;
use super::card::{CARD_FILE, Card};
use super::error::ModelError;

/// Largest ONNX file that is read.
const MAX_NETWORK_BYTES: u64 = 1 << 30;

/// A model: its card and its network, optimised for this processor. Clones share the weights.
#[derive(Clone)]
pub struct Network {
    card: Arc<Card>,
    plan: Arc<TypedRunnableModel>,
}

impl Network {
    /// Loads the model in the folder `dir`.
    ///
    /// # Errors
    /// When the card or the ONNX file cannot be read, is not valid, or one does not fit the other.
    pub fn load(dir: &Path) -> Result<Self, ModelError> {
        let card = Card::read(&dir.join(CARD_FILE))?;
        let path = dir.join(&card.network.file);
        let file = open_bounded(&path, MAX_NETWORK_BYTES)?;
        Self::prepare(card, file, &path)
    }

    /// Loads a model from memory, for example one that is part of the binary; `label` stands for its folder in errors.
    ///
    /// # Errors
    /// As [`Network::load`].
    pub fn from_parts(card_toml: &str, onnx: &[u8], label: &Path) -> Result<Self, ModelError> {
        let card = Card::parse(card_toml, &label.join(CARD_FILE))?;
        let path = label.join(&card.network.file);
        Self::prepare(card, onnx, &path)
    }

    /// The model's description.
    pub fn card(&self) -> &Arc<Card> {
        &self.card
    }

    /// A session for one thread. Its working memory is allocated on first use and kept.
    ///
    /// # Errors
    /// [`ModelError::Inference`] when the runtime cannot start one.
    pub fn session(&self) -> Result<Session, ModelError> {
        let state = self.plan.spawn().map_err(|error| inference(&error))?;
        let input_shape = self.card.network.input_shape.iter().map(|&extent| extent as usize).collect();
        Ok(Session { card: Arc::clone(&self.card), state, input_shape })
    }

    fn prepare(card: Card, onnx: impl Read, path: &Path) -> Result<Self, ModelError> {
        let failed =
            |error: TractError| ModelError::Network { path: path.to_owned(), message: chain(&error) };
        let reader = tract_onnx::onnx();
        // The runtime reads all before it parses; hashing on the way saves a copy of the whole file.
        let mut onnx = Hashing { inner: onnx, hasher: Sha256::new(), failure: None };
        let proto = reader.proto_model_for_read(&mut onnx);
        onnx.check(&card, path)?;
        let proto = proto.map_err(failed)?;
        // Each stage holds its own copy of the weights; none outlives the next.
        let model = reader.model_for_proto_model(&proto).map_err(failed)?;
        drop(proto);
        let model = model.into_typed().map_err(failed)?;
        check_shapes(&card, &model, path)?;
        let mut model = model.into_decluttered().map_err(failed)?;
        accelerate(&mut model).map_err(failed)?;
        let plan = model.into_optimized().and_then(|model| model.into_runnable()).map_err(failed)?;
        Ok(Self { card: Arc::new(card), plan })
    }
}

impl fmt::Debug for Network {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Network").field("name", &self.card.name).finish_non_exhaustive()
    }
}

/// One thread's state for running a network.
pub struct Session {
    card: Arc<Card>,
    state: TypedSimpleState,
    input_shape: Vec<usize>,
}

impl Session {
    /// The model's description.
    pub fn card(&self) -> &Card {
        &self.card
    }

    /// Computes the embedding of one frame.
    ///
    /// `frame` is `[columns, bands]`, row-major; `out` is `[embedding_size]`. Mel values come out of a logarithm of
    /// one plus the energy, so that nothing subnormal enters the network, and its rectifiers keep it so.
    ///
    /// # Errors
    /// For slices of another length, values that are not finite (which the runtime would swallow), and failures of
    /// the runtime.
    pub fn embed(&mut self, frame: &[f32], out: &mut [f32]) -> Result<(), ModelError> {
        let (expected, found) = (self.card.frame_values(), frame.len());
        if expected != found {
            return Err(ModelError::FrameSize { expected, found });
        }
        let (expected, found) = (self.card.embedding_size(), out.len());
        if expected != found {
            return Err(ModelError::EmbeddingSize { expected, found });
        }
        if !all_finite(frame) {
            return Err(ModelError::NonFiniteInput);
        }
        let input = Tensor::from_shape(&self.input_shape, frame).map_err(|error| inference(&error))?;
        let outputs = self.state.run(tvec!(input.into_tvalue())).map_err(|error| inference(&error))?;
        let embedding =
            outputs[0].try_as_plain_ram().and_then(|plain| plain.as_slice::<f32>().map(<[f32]>::to_vec));
        let embedding = embedding.map_err(|error| inference(&error))?;
        if embedding.len() != out.len() {
            return Err(ModelError::EmbeddingSize { expected: embedding.len(), found: out.len() });
        }
        if !all_finite(&embedding) {
            return Err(ModelError::NonFiniteOutput);
        }
        out.copy_from_slice(&embedding);
        Ok(())
    }
}

impl fmt::Debug for Session {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Session").field("name", &self.card.name).finish_non_exhaustive()
    }
}

/// Passes bytes on and hashes them.
struct Hashing<R> {
    inner: R,
    hasher: Sha256,
    failure: Option<std::io::Error>,
}

impl<R: Read> Read for Hashing<R> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        match self.inner.read(buffer) {
            Ok(count) => {
                self.hasher.update(&buffer[..count]);
                Ok(count)
            }
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => Err(error),
            Err(error) => {
                let kind = error.kind();
                self.failure = Some(error);
                Err(kind.into())
            }
        }
    }
}

impl<R> Hashing<R> {
    /// Whether all could be read, and is what the card says.
    fn check(self, card: &Card, path: &Path) -> Result<(), ModelError> {
        if let Some(source) = self.failure {
            return Err(ModelError::Io { path: path.to_owned(), source });
        }
        let found: String = self.hasher.finalize().iter().map(|byte| format!("{byte:02x}")).collect();
        let expected = card.network.sha256.to_ascii_lowercase();
        if found == expected {
            return Ok(());
        }
        Err(ModelError::Checksum { path: path.to_owned(), expected, found })
    }
}

/// Opens a file that gives at most `limit` bytes.
fn open_bounded(path: &Path, limit: u64) -> Result<impl Read, ModelError> {
    let failed = |source: std::io::Error| ModelError::Io { path: path.to_owned(), source };
    let file = File::open(path).map_err(failed)?;
    if file.metadata().map_err(failed)?.len() > limit {
        return Err(failed(std::io::Error::other(format!("it is longer than {limit} bytes"))));
    }
    Ok(file.take(limit))
}

/// Reads a file of at most `limit` bytes.
pub(super) fn read_bounded(path: &Path, limit: u64) -> Result<Vec<u8>, ModelError> {
    let mut bytes = Vec::new();
    let read = open_bounded(path, limit)?.read_to_end(&mut bytes);
    read.map_err(|source| ModelError::Io { path: path.to_owned(), source })?;
    Ok(bytes)
}

fn check_shapes(card: &Card, model: &TypedModel, path: &Path) -> Result<(), ModelError> {
    let failed = |error: TractError| ModelError::Network { path: path.to_owned(), message: chain(&error) };
    let inputs = model.inputs.iter().map(|&outlet| model.outlet_fact(outlet));
    let outputs = model.outputs.iter().map(|&outlet| model.outlet_fact(outlet));
    let inputs = inputs.collect::<TractResult<Vec<_>>>().map_err(failed)?;
    let outputs = outputs.collect::<TractResult<Vec<_>>>().map_err(failed)?;
    let sides =
        [("input", inputs, &card.network.input_shape), ("output", outputs, &card.network.output_shape)];
    for (what, facts, expected) in sides {
        let wanted: Vec<usize> = expected.iter().map(|&extent| extent as usize).collect();
        let fits = |fact: &&TypedFact| {
            fact.datum_type == f32::datum_type() && fact.shape.as_concrete() == Some(wanted.as_slice())
        };
        if facts.len() != 1 || !facts.iter().all(fits) {
            let found = facts.iter().map(|fact| format!("{fact:?}")).collect::<Vec<_>>().join(" and ");
            let expected = format!("one f32 tensor {expected:?}");
            return Err(ModelError::Shape { path: path.to_owned(), what, expected, found });
        }
    }
    Ok(())
}

/// Without the sign, the bits of a float order like its magnitude, and those of NaN and infinity lie on top: one
/// maximum decides, without a branch a value.
fn all_finite(values: &[f32]) -> bool {
    let largest = values.iter().fold(0_u32, |bits, value| bits.max(value.to_bits() & 0x7fff_ffff));
    f32::from_bits(largest).is_finite()
}

fn inference(error: &TractError) -> ModelError {
    ModelError::Inference { message: chain(error) }
}

/// An error with its causes on one line.
fn chain(error: &TractError) -> String {
    format!("{error:#}").replace('\n', " ")
}
