//! From a decoded sound to its embeddings.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use thiserror::Error;

use super::card::Card;
use super::embed::{EmbedSummary, FrameEmbedder, FrameEmbedding};
use super::error::ModelError;
use super::run::Network;
use crate::audio::{AudioError, MonoStream};

/// Why a sound could not be embedded.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum EmbedError {
    /// The sound could not be read.
    #[error(transparent)]
    Audio(#[from] AudioError),
    /// The network refused a frame or failed.
    #[error(transparent)]
    Model(#[from] ModelError),
    /// The stop flag was raised.
    #[error("stopped")]
    Stopped,
}

/// Embeds whole sounds, one after another, on one thread.
#[derive(Debug)]
pub struct Embedder {
    chain: FrameEmbedder,
    stop: Option<Arc<AtomicBool>>,
}

impl Embedder {
    /// An embedder for one thread.
    ///
    /// # Errors
    /// As [`Network::session`].
    pub fn new(network: &Network) -> Result<Self, ModelError> {
        Ok(Self { chain: FrameEmbedder::new(network)?, stop: None })
    }

    /// An embedder around a chain that frames in another way than the card says.
    pub fn from_chain(chain: FrameEmbedder) -> Self {
        Self { chain, stop: None }
    }

    /// Ends the work with [`EmbedError::Stopped`], within a frame or so, once another thread raises `stop`.
    pub fn set_stop_flag(&mut self, stop: Arc<AtomicBool>) {
        self.stop = Some(stop);
    }

    /// The model's description; its front end says the rate that a stream must have.
    pub fn card(&self) -> &Card {
        self.chain.card()
    }

    /// Reads a stream, which must have the front end's rate, to its end and hands out its frames.
    ///
    /// # Errors
    /// When reading or the network fails, or the stop flag is raised; frames may have been handed out by then.
    pub fn embed_stream(
        &mut self,
        stream: &mut MonoStream,
        on_frame: &mut dyn FnMut(FrameEmbedding<'_>),
    ) -> Result<EmbedSummary, EmbedError> {
        self.embed_stream_with_columns(stream, &mut |_| (), on_frame)
    }

    /// As [`embed_stream`](Self::embed_stream), and hands out every mel column `[bands]`.
    ///
    /// # Errors
    /// As [`embed_stream`](Self::embed_stream).
    pub fn embed_stream_with_columns(
        &mut self,
        stream: &mut MonoStream,
        on_column: &mut dyn FnMut(&[f32]),
        on_frame: &mut dyn FnMut(FrameEmbedding<'_>),
    ) -> Result<EmbedSummary, EmbedError> {
        self.chain.reset();
        while let Some(samples) = stream.next_block()? {
            if self.stop.as_ref().is_some_and(|stop| stop.load(Ordering::Relaxed)) {
                return Err(EmbedError::Stopped);
            }
            self.chain.push_with_columns(samples, on_column, on_frame)?;
        }
        Ok(self.chain.finish_with_columns(on_column, on_frame)?)
    }
}
