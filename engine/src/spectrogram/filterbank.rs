//! The mel filterbank: triangles over the power spectrum, kept as sparse rows.

use super::front_end::{FilterNormalisation, FilterShape, FrontEnd, MelScale};

/// Weights from spectrum bins to mel bands.
#[derive(Debug, Clone, PartialEq)]
pub struct MelFilterbank {
    rows: Vec<Row>,
    bins: usize,
}

/// The bins from `first_bin` on that one band collects.
#[derive(Debug, Clone, PartialEq)]
struct Row {
    first_bin: usize,
    weights: Vec<f64>,
}

impl MelFilterbank {
    /// Computes the filters of a valid front end.
    pub fn new(front_end: &FrontEnd) -> Self {
        let bins = front_end.window_samples as usize / 2 + 1;
        let bin_hz = f64::from(front_end.sample_rate_hz) / f64::from(front_end.window_samples);
        let edges_hz = edges(front_end);
        let row = |edge: &[f64]| {
            // A filter narrower than a bin may hold none; it then stays empty.
            let first_bin = (edge[0] / bin_hz).ceil().max(0.0) as usize;
            let last_bin = ((edge[2] / bin_hz).floor() as usize).min(bins - 1);
            let weight = |bin: usize| triangle(front_end, edge, bin as f64 * bin_hz);
            let mut weights: Vec<f64> = (first_bin..=last_bin).map(weight).collect();
            if front_end.filter_normalisation == FilterNormalisation::UnitSum {
                let sum: f64 = weights.iter().sum();
                if sum > 0.0 {
                    weights.iter_mut().for_each(|weight| *weight /= sum);
                }
            }
            Row { first_bin, weights }
        };
        Self { rows: edges_hz.windows(3).map(row).collect(), bins }
    }

    /// Number of bands.
    pub fn bands(&self) -> usize {
        self.rows.len()
    }

    /// Number of spectrum bins.
    pub fn bins(&self) -> usize {
        self.bins
    }

    /// Sums a power spectrum `[bins]` into `energies` `[bands]`.
    pub fn apply(&self, power: &[f64], energies: &mut [f32]) {
        for (row, energy) in self.rows.iter().zip(energies) {
            let bins = &power[row.first_bin..row.first_bin + row.weights.len()];
            let energy_sum: f64 = bins.iter().zip(&row.weights).map(|(power, weight)| power * weight).sum();
            *energy = energy_sum as f32;
        }
    }

    /// The same weights as a dense matrix `[bands, bins]`, row-major.
    pub fn to_dense(&self) -> Vec<f32> {
        let mut dense = vec![0.0; self.rows.len() * self.bins];
        for (row, dense_row) in self.rows.iter().zip(dense.chunks_exact_mut(self.bins)) {
            let bins = &mut dense_row[row.first_bin..row.first_bin + row.weights.len()];
            bins.iter_mut().zip(&row.weights).for_each(|(bin, &weight)| *bin = weight as f32);
        }
        dense
    }
}

/// The edges of all bands, `[mel_bands + 2]`; band `i` rises from edge `i` to `i + 1` and falls to `i + 2`.
pub fn mel_edges_hz(front_end: &FrontEnd) -> Vec<f32> {
    edges(front_end).into_iter().map(|edge_hz| edge_hz as f32).collect()
}

fn edges(front_end: &FrontEnd) -> Vec<f64> {
    let scale = front_end.mel_scale;
    let (low, high) = (scale.mel_of(front_end.min_hz.into()), scale.mel_of(front_end.max_hz.into()));
    let steps = front_end.mel_bands + 1;
    let mel = |index: u32| low + (high - low) * f64::from(index) / f64::from(steps);
    let mut edges: Vec<f64> = (0..=steps).map(|index| scale.hz_of(mel(index))).collect();
    // Rounding must not move the outermost edges across a bin.
    edges[0] = front_end.min_hz.into();
    edges[steps as usize] = front_end.max_hz.into();
    edges
}

fn triangle(front_end: &FrontEnd, edges_hz: &[f64], hz: f64) -> f64 {
    let axis = |hz: f64| match front_end.filter_shape {
        FilterShape::TriangleInMel => front_end.mel_scale.mel_of(hz),
        FilterShape::TriangleInHz => hz,
    };
    let (low, tip, high, at) = (axis(edges_hz[0]), axis(edges_hz[1]), axis(edges_hz[2]), axis(hz));
    ((at - low) / (tip - low)).min((high - at) / (high - tip)).max(0.0)
}

impl MelScale {
    fn mel_of(self, hz: f64) -> f64 {
        match self {
            Self::Htk => 2595.0 * (1.0 + hz / 700.0).log10(),
        }
    }

    fn hz_of(self, mel: f64) -> f64 {
        match self {
            Self::Htk => 700.0 * (10.0_f64.powf(mel / 2595.0) - 1.0),
        }
    }
}
