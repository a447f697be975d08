//! The values between two convolutions.

/// An image with its channels innermost and a border of zeros, which is the convolution's padding.
///
/// One row and column of zeros lie before the image, one or two behind it, so that tiles of 2×2 outputs, for which
/// 4×4 inputs are read, cover images of odd extents too.
#[derive(Debug, Clone)]
pub(crate) struct Image {
    pub(crate) height: usize,
    pub(crate) width: usize,
    pub(crate) channels: usize,
    values: Vec<f32>,
}

impl Image {
    pub(crate) fn new(height: usize, width: usize, channels: usize) -> Self {
        let mut image = Self { height, width, channels, values: Vec::new() };
        image.values.resize((image.tile_rows() * 2 + 2) * image.stride(), 0.0);
        image
    }

    /// Rows of tiles of 2×2 values, the last of which may hang over.
    pub(crate) fn tile_rows(&self) -> usize {
        self.height.div_ceil(2)
    }

    /// Tiles of 2×2 values in a row, the last of which may hang over.
    pub(crate) fn tile_columns(&self) -> usize {
        self.width.div_ceil(2)
    }

    /// The channels of a place, counted from the border: the image itself begins at 1, 1.
    #[inline(always)]
    pub(crate) fn bordered(&self, row: usize, column: usize) -> &[f32] {
        &self.values[row * self.stride() + column * self.channels..][..self.channels]
    }

    /// The channels of a place inside, counted from 0.
    #[inline(always)]
    pub(crate) fn pixel_mut(&mut self, row: usize, column: usize) -> &mut [f32] {
        let start = (row + 1) * self.stride() + (column + 1) * self.channels;
        &mut self.values[start..][..self.channels]
    }

    /// Takes the values of `[channels, height, width]`.
    pub(crate) fn fill_from_planes(&mut self, planes: &[f32]) {
        for (channel, plane) in planes.chunks_exact(self.height * self.width).enumerate() {
            for (row, values) in plane.chunks_exact(self.width).enumerate() {
                for (column, value) in values.iter().enumerate() {
                    self.pixel_mut(row, column)[channel] = *value;
                }
            }
        }
    }

    /// Gives the values as `[channels, height, width]`.
    pub(crate) fn copy_to_planes(&self, planes: &mut [f32]) {
        for (channel, plane) in planes.chunks_exact_mut(self.height * self.width).enumerate() {
            for (row, values) in plane.chunks_exact_mut(self.width).enumerate() {
                for (column, value) in values.iter_mut().enumerate() {
                    *value = self.bordered(row + 1, column + 1)[channel];
                }
            }
        }
    }

    /// Values from one row to the next.
    fn stride(&self) -> usize {
        (self.tile_columns() * 2 + 2) * self.channels
    }
}
