//! From samples to embeddings, piece by piece: the chain behind whole files and live audio alike.

use super::card::Card;
use super::error::ModelError;
use super::run::{Network, Session};
use crate::spectrogram::{Frame, FrameAssembler, FrameRule, MelExtractor};

/// The embedding of one frame of a sound.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct FrameEmbedding<'a> {
    /// Where the frame starts, in seconds from the start of the sound.
    pub start_s: f64,
    /// Index of the frame's first mel column.
    pub start_column: u32,
    /// `[embedding_size]`.
    pub embedding: &'a [f32],
}

/// What became of one sound.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct EmbedSummary {
    /// Frames embedded.
    pub frames: u32,
    /// Mel columns computed.
    pub columns: u64,
    /// Mono samples analysed, at the front end's rate.
    pub samples: u64,
    /// Length of those samples in seconds.
    pub duration_s: f64,
}

/// Mono samples in pieces of any size in, embeddings out: as soon as a frame is complete, so also for live audio.
#[derive(Debug)]
pub struct FrameEmbedder {
    session: Session,
    mel: MelExtractor,
    frames: FrameAssembler,
    embedding: Vec<f32>,
    column_s: f64,
    sample_rate_hz: u32,
    done: EmbedSummary,
}

impl FrameEmbedder {
    /// A chain for one thread, framing as the model's card says.
    ///
    /// # Errors
    /// As [`Network::session`].
    pub fn new(network: &Network) -> Result<Self, ModelError> {
        Self::with_frame_rule(network, network.card().frames)
    }

    /// A chain with another treatment of short sounds or tails than the card's; the frame's length stays the card's.
    ///
    /// # Errors
    /// As [`Network::session`].
    pub fn with_frame_rule(network: &Network, rule: FrameRule) -> Result<Self, ModelError> {
        let card = network.card();
        let rule = FrameRule {
            columns: card.frames.columns,
            hop_columns: rule.hop_columns.clamp(1, card.frames.columns),
            ..rule
        };
        Ok(Self {
            session: network.session()?,
            mel: MelExtractor::new(&card.front_end),
            frames: FrameAssembler::new(rule, card.front_end.mel_bands as usize),
            embedding: vec![0.0; card.embedding_size()],
            column_s: card.front_end.column_s(),
            sample_rate_hz: card.front_end.sample_rate_hz,
            done: EmbedSummary::default(),
        })
    }

    /// The model's description.
    pub fn card(&self) -> &Card {
        self.session.card()
    }

    /// Takes samples at the front end's rate and hands out the frames that they complete.
    ///
    /// # Errors
    /// As [`Session::embed`]; the sound is then given up and the next `push` starts another.
    pub fn push(
        &mut self,
        samples: &[f32],
        on_frame: &mut dyn FnMut(FrameEmbedding<'_>),
    ) -> Result<(), ModelError> {
        self.push_with_columns(samples, &mut |_| (), on_frame)
    }

    /// As [`push`](Self::push), and hands out every mel column `[bands]` before the frame that it completes.
    ///
    /// # Errors
    /// As [`push`](Self::push).
    pub fn push_with_columns(
        &mut self,
        mut samples: &[f32],
        on_column: &mut dyn FnMut(&[f32]),
        on_frame: &mut dyn FnMut(FrameEmbedding<'_>),
    ) -> Result<(), ModelError> {
        self.done.samples += samples.len() as u64;
        loop {
            let Some(column) = self.mel.push(&mut samples) else { return Ok(()) };
            on_column(column);
            let Some(frame) = self.frames.push(column) else { continue };
            let embedded =
                embed(&mut self.session, frame, self.column_s, &mut self.embedding, &mut self.done, on_frame);
            if let Err(error) = embedded {
                self.reset();
                return Err(error);
            }
        }
    }

    /// Ends the sound: hands out the frames that reach its end and says what was done. The next `push` starts another
    /// sound. A sound without samples has no frames.
    ///
    /// # Errors
    /// As [`push`](Self::push).
    pub fn finish(
        &mut self,
        on_frame: &mut dyn FnMut(FrameEmbedding<'_>),
    ) -> Result<EmbedSummary, ModelError> {
        self.finish_with_columns(&mut |_| (), on_frame)
    }

    /// As [`finish`](Self::finish), and hands out the last mel columns.
    ///
    /// # Errors
    /// As [`push`](Self::push).
    pub fn finish_with_columns(
        &mut self,
        on_column: &mut dyn FnMut(&[f32]),
        on_frame: &mut dyn FnMut(FrameEmbedding<'_>),
    ) -> Result<EmbedSummary, ModelError> {
        let ended = if self.done.samples == 0 { Ok(()) } else { self.flush(on_column, on_frame) };
        let mut summary = self.done;
        summary.duration_s = summary.samples as f64 / f64::from(self.sample_rate_hz);
        self.reset();
        ended.map(|()| summary)
    }

    /// Gives up the sound in work; the next `push` starts another.
    pub fn reset(&mut self) {
        self.mel.reset();
        self.frames.reset();
        self.done = EmbedSummary::default();
    }

    fn flush(
        &mut self,
        on_column: &mut dyn FnMut(&[f32]),
        on_frame: &mut dyn FnMut(FrameEmbedding<'_>),
    ) -> Result<(), ModelError> {
        let Self { session, mel, frames, embedding, column_s, done, .. } = self;
        while let Some(column) = mel.finish() {
            on_column(column);
            if let Some(frame) = frames.push(column) {
                embed(session, frame, *column_s, embedding, done, on_frame)?;
            }
        }
        done.columns = frames.columns();
        match frames.finish() {
            Some(frame) => embed(session, frame, *column_s, embedding, done, on_frame),
            None => Ok(()),
        }
    }
}

fn embed(
    session: &mut Session,
    frame: Frame<'_>,
    column_s: f64,
    embedding: &mut [f32],
    done: &mut EmbedSummary,
    on_frame: &mut dyn FnMut(FrameEmbedding<'_>),
) -> Result<(), ModelError> {
    session.embed(frame.mel, embedding)?;
    done.frames += 1;
    let start_s = f64::from(frame.start_column) * column_s;
    on_frame(FrameEmbedding { start_s, start_column: frame.start_column, embedding });
    Ok(())
}
