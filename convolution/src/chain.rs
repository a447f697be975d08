//! Layers one after another.

use std::fmt;

use pulp::{Arch, Simd, WithSimd};

use crate::image::Image;
use crate::layer::{Layer, LayerError};

/// Several layers, each of which takes what the one before makes.
#[derive(Debug, Clone)]
pub struct Chain {
    height: usize,
    width: usize,
    layers: Vec<Layer>,
}

impl Chain {
    /// A chain for images of `height` × `width`.
    ///
    /// # Errors
    /// When there is no layer, one does not take as many channels as the one before makes, or nothing is left of the
    /// image after some pooling.
    pub fn new(height: usize, width: usize, layers: Vec<Layer>) -> Result<Self, LayerError> {
        let chain = Self { height, width, layers };
        let Some(mut channels) = chain.layers.first().map(|layer| layer.inputs()) else {
            return Err(LayerError::NoLayer);
        };
        for (layer, (height, width)) in chain.layers.iter().zip(chain.extents()) {
            if layer.inputs() != channels {
                return Err(LayerError::Channels { expected: layer.inputs(), found: channels });
            }
            if height == 0 || width == 0 {
                return Err(LayerError::Vanished);
            }
            channels = layer.outputs();
        }
        Ok(chain)
    }

    /// Channels, height and width of the input.
    pub fn input_shape(&self) -> [usize; 3] {
        [self.layers.first().map_or(0, Layer::inputs), self.height, self.width]
    }

    /// Channels, height and width of the output.
    pub fn output_shape(&self) -> [usize; 3] {
        let (height, width) = self.extents().last().unwrap_or((self.height, self.width));
        [self.layers.last().map_or(0, Layer::outputs), height, width]
    }

    /// Working memory for one thread.
    pub fn workspace(&self) -> Workspace {
        self.workspace_for(Arch::new())
    }

    fn workspace_for(&self, arch: Arch) -> Workspace {
        let [channels, height, width] = self.input_shape();
        let mut images = vec![Image::new(height, width, channels)];
        for (layer, (height, width)) in self.layers.iter().zip(self.extents()) {
            images.push(Image::new(height, width, layer.outputs()));
        }
        Workspace { arch, images, scratch: Vec::new() }
    }

    /// Runs all layers. `input` is `[channels, height, width]`, row-major, `output` too.
    ///
    /// # Panics
    /// When `input`, `output` or `workspace` are not of this chain's sizes.
    pub fn run(&self, input: &[f32], output: &mut [f32], workspace: &mut Workspace) {
        let sizes = [input.len(), output.len()];
        let expected = [self.input_shape(), self.output_shape()].map(|shape| shape.iter().product::<usize>());
        assert_eq!(sizes, expected, "values of the input and the output");
        assert_eq!(workspace.images.len(), self.layers.len() + 1, "a workspace of this chain");
        workspace.images[0].fill_from_planes(input);
        workspace.arch.dispatch(Run { layers: &self.layers, workspace });
        workspace.images[self.layers.len()].copy_to_planes(output);
    }

    /// Height and width after each layer.
    fn extents(&self) -> impl Iterator<Item = (usize, usize)> + '_ {
        self.layers.iter().scan((self.height, self.width), |extents, layer| {
            *extents = layer.output_extents(*extents);
            Some(*extents)
        })
    }
}

/// What one thread needs to run a [`Chain`]: the images between its layers, a few megabytes.
#[derive(Clone)]
pub struct Workspace {
    arch: Arch,
    /// The input of each layer, and the last one's output.
    images: Vec<Image>,
    scratch: Vec<f32>,
}

impl fmt::Debug for Workspace {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Workspace").field("arch", &self.arch).finish_non_exhaustive()
    }
}

/// All layers, compiled once for each instruction set.
struct Run<'a> {
    layers: &'a [Layer],
    workspace: &'a mut Workspace,
}

impl WithSimd for Run<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Workspace { images, scratch, .. } = self.workspace;
        for (number, layer) in self.layers.iter().enumerate() {
            let (before, after) = images.split_at_mut(number + 1);
            layer.run(simd, &before[number], &mut after[0], scratch);
        }
    }
}

#[cfg(test)]
mod tests;
