//! Networks as data: which convolutions, in which order, and what they cost.

use serde::{Deserialize, Serialize};

/// One convolution with batch normalisation and ReLU, and the max-pooling after it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Convolution {
    /// Output channels.
    pub channels: usize,
    /// Extent of the kernel on both axes; odd, so that zeros of half its extent keep the image's size.
    pub kernel: usize,
    /// Step on both axes.
    pub stride: usize,
    /// Whether the input is added before the ReLU; it must have the output's shape.
    pub residual: bool,
    /// Extent and step of the max-pooling that follows; 1 is none.
    pub pool: usize,
}

/// What becomes of the images of a frame.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Pooling {
    /// Of the last image the maximum over time of the mean over frequency, as in the paper.
    #[default]
    Last,
    /// Of the last image and of each that came before a step to a lower resolution, from the last to the first: the
    /// same, the mean over all, and the maximum over all. What is lost on the way to the last image may tell the
    /// classes of another data set apart.
    Stages,
}

/// A convolutional network: the convolutions, then a pooling of their images, then perhaps a linear layer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Architecture {
    /// In the order of the signal's flow.
    pub convolutions: Vec<Convolution>,
    /// Which of their images make the features, and how.
    #[serde(default)]
    pub pooling: Pooling,
    /// Outputs of the linear layer with batch normalisation at the end, if there is one.
    pub projection: Option<usize>,
}

impl Convolution {
    /// A 3×3 convolution of step 1.
    const fn plain(channels: usize) -> Self {
        Self { channels, kernel: 3, stride: 1, residual: false, pool: 1 }
    }

    /// A 3×3 convolution of step 2.
    const fn halving(channels: usize) -> Self {
        Self { stride: 2, ..Self::plain(channels) }
    }

    /// A 3×3 convolution of step 1 whose input is added (He et al. 2016, arXiv:1512.03385).
    const fn residual(channels: usize) -> Self {
        Self { residual: true, ..Self::plain(channels) }
    }

    /// A 3×3 convolution of step 1 with 2×2 max-pooling.
    const fn pooled(channels: usize) -> Self {
        Self { pool: 2, ..Self::plain(channels) }
    }

    fn output(&self, extent: usize) -> usize {
        let before = (extent + 2 * (self.kernel / 2)).saturating_sub(self.kernel) / self.stride + 1;
        before / self.pool
    }
}

impl Architecture {
    /// CNN9 of the aiSFX paper: 4 blocks of two 3×3 convolutions, max-pooling after the first three (Kong et al.
    /// 2018, arXiv:1808.00773; Ma and Lerch 2022). 1.93 GMAC for a frame of 100 × 96.
    pub fn cnn9() -> Self {
        let blocks = [64, 128, 256].into_iter();
        let mut convolutions: Vec<_> = blocks
            .flat_map(|channels| [Convolution::plain(channels), Convolution::pooled(channels)])
            .collect();
        convolutions.extend([Convolution::plain(512); 2]);
        Self { convolutions, pooling: Pooling::Last, projection: None }
    }

    /// Our own: dense convolutions at low resolution, for processors that are slow at depthwise ones. Two steps of
    /// early striding bring a frame of 100 × 96 down to 25 × 24 before most of the work. 0.16 GMAC.
    pub fn compact() -> Self {
        let convolutions = vec![
            Convolution { kernel: 5, ..Convolution::halving(32) },
            Convolution::halving(64),
            Convolution::residual(64),
            Convolution::halving(128),
            Convolution::residual(128),
            Convolution::residual(128),
            Convolution::halving(256),
            Convolution::residual(256),
            Convolution::residual(256),
            Convolution { kernel: 1, ..Convolution::plain(512) },
        ];
        Self { convolutions, pooling: Pooling::Last, projection: None }
    }

    /// The compact network with fewer channels, for half of its cost. 0.08 GMAC.
    pub fn light() -> Self {
        let convolutions = vec![
            Convolution { kernel: 5, ..Convolution::halving(24) },
            Convolution::halving(48),
            Convolution::residual(48),
            Convolution::halving(96),
            Convolution::residual(96),
            Convolution::residual(96),
            Convolution::halving(192),
            Convolution::residual(192),
            Convolution { kernel: 1, ..Convolution::plain(512) },
        ];
        Self { convolutions, pooling: Pooling::Last, projection: None }
    }

    /// A few thousand weights, to try a plan with before it is worth waiting for: it learns toy problems in seconds.
    pub fn tiny() -> Self {
        let convolutions = vec![
            Convolution::halving(8),
            Convolution::halving(16),
            Convolution::residual(16),
            Convolution::pooled(32),
        ];
        Self { convolutions, pooling: Pooling::Last, projection: None }
    }

    /// The same network with a linear layer to so many values at its end.
    #[must_use]
    pub fn projected(self, size: usize) -> Self {
        Self { projection: Some(size), ..self }
    }

    /// The same network with another pooling.
    #[must_use]
    pub fn with_pooling(self, pooling: Pooling) -> Self {
        Self { pooling, ..self }
    }

    /// The same network without the linear layer at its end.
    #[must_use]
    pub fn unprojected(self) -> Self {
        Self { projection: None, ..self }
    }

    /// Channels of the last image.
    pub fn channels(&self) -> usize {
        self.convolutions.last().map_or(0, |last| last.channels)
    }

    /// Number of values that are pooled from the images of a frame; the first [`channels`](Self::channels) of them are
    /// the same for every pooling.
    pub fn features(&self) -> usize {
        match self.pooling {
            Pooling::Last => self.channels(),
            Pooling::Stages => 3 * self.stages().map(|at| self.convolutions[at].channels).sum::<usize>(),
        }
    }

    /// Places of the convolutions whose images are pooled by [`Pooling::Stages`], from the last to the first.
    pub(super) fn stages(&self) -> impl Iterator<Item = usize> {
        let is_stage = |at: &usize| {
            let is_halved = self.convolutions.get(at + 1).is_none_or(|next| next.stride > 1);
            is_halved || self.convolutions[*at].pool > 1
        };
        (0..self.convolutions.len()).rev().filter(is_stage)
    }

    /// Number of values of an embedding.
    pub fn embedding_size(&self) -> usize {
        self.projection.unwrap_or(self.features())
    }

    /// Multiplications with addition for one frame of `columns` × `bands`.
    pub fn macs(&self, columns: usize, bands: usize) -> u64 {
        let (mut height, mut width, mut inputs, mut macs) = (columns, bands, 1, 0);
        for convolution in &self.convolutions {
            let unpooled = Convolution { pool: 1, ..*convolution };
            let area = unpooled.output(height) * unpooled.output(width);
            macs += (area * convolution.kernel.pow(2) * inputs * convolution.channels) as u64;
            (height, width) = (convolution.output(height), convolution.output(width));
            inputs = convolution.channels;
        }
        macs + (self.projection.unwrap_or(0) * self.features()) as u64
    }

    /// Says why frames of `columns` × `bands` cannot pass, if they cannot.
    ///
    /// # Errors
    /// A sentence that names the convolution, counted from 1.
    pub fn check(&self, columns: usize, bands: usize) -> Result<(), String> {
        if self.convolutions.is_empty() {
            return Err("the network has no convolution".into());
        }
        let (mut height, mut width, mut inputs) = (columns, bands, 1);
        for (at, convolution) in self.convolutions.iter().enumerate() {
            let Convolution { channels, kernel, stride, residual, pool } = *convolution;
            let place = at + 1;
            if !(1..=4096).contains(&channels) || kernel % 2 == 0 || kernel > 15 {
                return Err(format!(
                    "convolution {place}: channels must lie between 1 and 4096, the kernel must be odd and at most 15"
                ));
            }
            if !(1..=8).contains(&stride) || !(1..=8).contains(&pool) {
                return Err(format!("convolution {place}: stride and pool must lie between 1 and 8"));
            }
            if residual && (stride != 1 || inputs != channels) {
                return Err(format!(
                    "convolution {place}: an input can be added only where its shape is kept"
                ));
            }
            (height, width) = (convolution.output(height), convolution.output(width));
            if height == 0 || width == 0 {
                return Err(format!(
                    "convolution {place}: frames of {columns} × {bands} are too small for it"
                ));
            }
            inputs = channels;
        }
        match self.projection {
            Some(size) if !(1..=4096).contains(&size) => {
                Err("the projection must have between 1 and 4096 values".into())
            }
            _ => Ok(()),
        }
    }

    /// Input channels of each convolution.
    pub(super) fn inputs(&self) -> impl Iterator<Item = usize> {
        let outputs = self.convolutions.iter().map(|convolution| convolution.channels);
        std::iter::once(1).chain(outputs).take(self.convolutions.len())
    }
}

#[cfg(test)]
mod tests {
    use super::{Architecture, Convolution};

    #[test]
    fn the_compact_network_takes_at_most_a_fifth_of_a_gmac_a_frame() {
        let macs = Architecture::compact().macs(100, 96);
        assert!((100_000_000..=200_000_000).contains(&macs), "{macs}");
        let light = Architecture::light().macs(100, 96);
        assert!(2 * light <= macs && 20 * light <= Architecture::cnn9().macs(100, 96), "{light}");
    }

    #[test]
    fn cnn9_costs_what_the_paper_s_network_costs() {
        // By hand: 9·(64 + 64²)·9600 + 9·(64·128 + 128²)·2400 + 9·(128·256 + 256²)·600 + 9·(256·512 + 512²)·144,
        // for frames of 100 × 96, whose third pooling leaves 12 × 12 of 25 × 24.
        let by_hand = 9 * (64 + 64 * 64) * 9_600
            + 9 * (64 * 128 + 128 * 128) * 2_400
            + 9 * (128 * 256 + 256 * 256) * 600
            + 9 * (256 * 512 + 512 * 512) * 144;
        assert_eq!(Architecture::cnn9().macs(100, 96), by_hand);
        assert_eq!(Architecture::cnn9().embedding_size(), 512);
    }

    #[test]
    fn frames_that_cannot_pass_are_refused_with_the_place() {
        assert!(Architecture::cnn9().check(100, 96).is_ok());
        assert!(Architecture::compact().check(1, 1).is_ok());
        let error = Architecture::cnn9().check(7, 96).expect_err("three poolings");
        assert!(error.contains("convolution 6"), "{error}");
        let misfit = Architecture { convolutions: vec![Convolution::residual(4)], ..Architecture::tiny() };
        assert!(misfit.check(100, 96).expect_err("1 channel").contains("shape"));
    }
}
