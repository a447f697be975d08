//! The embeddings of a data set's frames.

use std::path::Path;

use earmark_engine::audio::DECODING;
use earmark_engine::network::{Card, Network};

use super::mfcc;
use super::neighbours::Metric;
use crate::dataset::{CacheError, DataSet, Spectrograms, Work};
use crate::dataset::{Compute, Failure, Request, Rows, Source, cache_file};

/// What makes embeddings of frames.
#[derive(Clone, Debug)]
pub enum Extractor {
    /// A network with its card.
    Network(Network),
    /// Mean and deviation of mel-frequency cepstral coefficients: what can be had without a network. The card says the
    /// front end and the frames.
    Mfcc(Box<Card>),
}

impl Extractor {
    /// Name in tables.
    pub fn name(&self) -> &str {
        match self {
            Self::Network(network) => &network.card().name,
            Self::Mfcc(_) => "mfcc",
        }
    }

    /// Front end and frames.
    pub fn card(&self) -> &Card {
        match self {
            Self::Network(network) => network.card(),
            Self::Mfcc(card) => card,
        }
    }
}

/// Vectors of a data set's frames in the clips' order.
#[derive(Clone, Debug, PartialEq)]
pub struct Embeddings {
    /// `[frames, size]`
    pub values: Vec<f32>,
    /// Numbers of a vector.
    pub size: usize,
    /// The clip of each frame, `[frames]`, rising.
    pub clip_of: Vec<usize>,
}

impl Embeddings {
    /// Embeds all frames of a set; those of a network are kept in the folder `cache`, by network and content.
    ///
    /// # Errors
    /// When the network fails, the cache cannot be used, or the stop flag is raised.
    pub fn of(
        set: &DataSet,
        spectrograms: &Spectrograms,
        extractor: &Extractor,
        cache: &Path,
        work: &Work<'_>,
    ) -> Result<Self, CacheError> {
        match extractor {
            Extractor::Network(network) => of_network(set, spectrograms, network, cache, work),
            Extractor::Mfcc(_) => Ok(mfcc::embed(spectrograms)),
        }
    }

    /// Number of frames.
    pub fn frames(&self) -> usize {
        self.clip_of.len()
    }

    /// One vector, `[size]`.
    pub fn frame(&self, at: usize) -> &[f32] {
        &self.values[at * self.size..][..self.size]
    }

    /// The vectors of some clips.
    #[must_use]
    pub fn only(&self, keep: impl Fn(usize) -> bool) -> Self {
        let kept: Vec<usize> = (0..self.frames()).filter(|&frame| keep(self.clip_of[frame])).collect();
        Self {
            values: kept.iter().flat_map(|&frame| self.frame(frame)).copied().collect(),
            size: self.size,
            clip_of: kept.iter().map(|&frame| self.clip_of[frame]).collect(),
        }
    }

    /// The mean vector of a clip, `[size]`; zeros where it has no frames.
    pub fn mean_of(&self, clip: usize) -> Vec<f32> {
        let first = self.clip_of.partition_point(|&it| it < clip);
        let frames = self.clip_of[first..].iter().take_while(|&&it| it == clip).count();
        let mut mean = vec![0.0; self.size];
        for frame in first..first + frames {
            mean.iter_mut().zip(self.frame(frame)).for_each(|(sum, x)| *sum += x / frames as f32);
        }
        mean
    }

    /// The vectors as a metric compares them: for the cosine they get length one (what is all zeros stays so).
    #[must_use]
    pub fn prepared(&self, metric: Metric) -> Self {
        let mut prepared = self.clone();
        if metric == Metric::Cosine {
            for row in prepared.values.chunks_exact_mut(self.size.max(1)) {
                let length = row.iter().map(|&x| f64::from(x) * f64::from(x)).sum::<f64>().sqrt();
                if length > 0.0 {
                    row.iter_mut().for_each(|x| *x = (f64::from(*x) / length) as f32);
                }
            }
        }
        prepared
    }
}

fn of_network(
    set: &DataSet,
    spectrograms: &Spectrograms,
    network: &Network,
    cache: &Path,
    work: &Work<'_>,
) -> Result<Embeddings, CacheError> {
    let card = network.card();
    let size = card.embedding_size();
    let key = format!(
        "embeddings of {} by {:?} in {:?}, decoding {DECODING}",
        card.network.sha256.to_ascii_lowercase(),
        spectrograms.front_end(),
        spectrograms.frame_rule()
    );
    let sources: Vec<Source> = (0..set.clips.len())
        .map(|clip| Source {
            name: set.relative(clip),
            path: set.clips[clip].path.clone(),
            hash: Some(spectrograms.content_hash(clip)),
        })
        .collect();
    let file = cache_file(set, &key, cache, "embeddings");
    let request = Request { file: &file, key, width: size, sources: &sources, what: "embeddings", work };
    let worker = || {
        let mut session = network.session()?;
        let mut embedding = vec![0.0; size];
        let sources = &sources;
        let compute: Box<Compute<'_>> = Box::new(move |clip, out| {
            for frame in spectrograms.frames(clip) {
                if work.stopped() {
                    return Err(Failure::All(CacheError::Stopped));
                }
                let embedded = session.embed(&frame, &mut embedding);
                // Every clip has been read well: it is the network that cannot do it, and others may be alike.
                embedded.map_err(|source| {
                    let path = sources[clip].path.clone();
                    Failure::All(CacheError::Embedding { path, source })
                })?;
                out(&embedding);
            }
            Ok(())
        });
        Ok(compute)
    };
    let rows = Rows::open_or_make(&request, &worker)?.rows;
    let mut embeddings =
        Embeddings { values: Vec::with_capacity(rows.total() * size), size, clip_of: Vec::new() };
    for clip in 0..rows.len() {
        embeddings.values.extend_from_slice(rows.of(clip));
        embeddings.clip_of.extend(std::iter::repeat_n(clip, rows.count(clip)));
    }
    Ok(embeddings)
}
