//! Vectors of one size, one after the other.

/// `[rows, size]` numbers.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Matrix {
    values: Vec<f32>,
    size: usize,
}

impl Matrix {
    /// From numbers row by row, `[rows × size]`; what is no number counts as 0.
    ///
    /// # Panics
    /// When `size` is 0 or does not divide the count.
    pub fn new(mut values: Vec<f32>, size: usize) -> Self {
        assert!(size > 0 && values.len().is_multiple_of(size), "rows of another size");
        values.iter_mut().filter(|value| !value.is_finite()).for_each(|value| *value = 0.0);
        Self { values, size }
    }

    /// Number of rows.
    pub fn len(&self) -> usize {
        self.values.len() / self.size.max(1)
    }

    /// Whether there are no rows.
    pub fn is_empty(&self) -> bool {
        self.values.is_empty()
    }

    /// Numbers in a row.
    pub fn size(&self) -> usize {
        self.size
    }

    /// One row, `[size]`.
    ///
    /// # Panics
    /// When there are not so many rows.
    pub fn row(&self, at: usize) -> &[f32] {
        &self.values[at * self.size..][..self.size]
    }

    /// All rows.
    pub fn rows(&self) -> impl ExactSizeIterator<Item = &[f32]> {
        self.values.chunks_exact(self.size.max(1))
    }
}
