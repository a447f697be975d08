//! Exported networks, run by tract, against plain computations of the same networks.

mod exported;
mod plain;

use earmark_trainer::cnn9;
use earmark_trainer::error::ExportError;
use earmark_trainer::fold::{BatchNorm, fold_batch_norm, fold_standardisation};
use earmark_trainer::onnx::{Conv2d, GraphBuilder};
use earmark_trainer::weights::{WeightTensor, Weights};
use exported::{Noise, run};
use plain::{Plain, assert_close, maximum, mean};

fn batch_norm(noise: &mut Noise, channels: usize) -> BatchNorm {
    BatchNorm {
        scale: noise.values(channels),
        offset: noise.values(channels),
        mean: noise.values(channels),
        variance: noise.values(channels).into_iter().map(|value| value + 1.5).collect(),
        epsilon: 1e-5,
    }
}

fn normalised(image: &Plain, norm: &BatchNorm) -> Plain {
    image.per_channel(|channel, value| {
        let deviation = (f64::from(norm.variance[channel]) + f64::from(norm.epsilon)).sqrt();
        let centred = value - f64::from(norm.mean[channel]);
        centred / deviation * f64::from(norm.scale[channel]) + f64::from(norm.offset[channel])
    })
}

#[test]
fn folding_a_batch_normalisation_does_not_change_the_result() {
    let mut noise = Noise(11);
    let weight = noise.tensor(&[3, 2, 3, 3]);
    let bias = noise.values(3);
    let norm = batch_norm(&mut noise, 3);
    let image = Plain::new(&[1, 2, 5, 4], &noise.values(40));

    let with_bias = image.conv(&weight, [1, 1], [1, 1], 1);
    let with_bias = with_bias.per_channel(|channel, value| value + f64::from(bias[channel]));
    let expected = normalised(&with_bias, &norm);

    let (folded, folded_bias) = fold_batch_norm(&weight, Some(&bias), &norm).expect("matching sizes");
    assert_eq!(folded.shape(), weight.shape());
    let found = image.conv(&folded, [1, 1], [1, 1], 1);
    let found = found.per_channel(|channel, value| value + f64::from(folded_bias[channel]));
    let found: Vec<f32> = found.values.iter().map(|&value| value as f32).collect();
    assert_close(&found, &expected.values);
}

#[test]
fn folding_a_standardisation_divides_the_inputs_and_gives_a_bias() {
    let weight = WeightTensor::new(vec![2, 3, 1, 1], vec![1.0, 2.0, 3.0, -4.0, 5.0, 6.0]).expect("a tensor");
    let (mean, deviation) = ([1.0, -1.0, 10.0], [0.5, 2.0, 10.0]);
    let (folded, bias) = fold_standardisation(&weight, &mean, &deviation).expect("matching sizes");
    assert_eq!(folded.shape(), weight.shape());
    assert_eq!(folded.values(), [2.0, 1.0, 0.3, -8.0, 2.5, 0.6]);
    // -(2·1 - 1·1 + 0.3·10) and -(-8·1 - 2.5·1 + 0.6·10)
    assert_eq!(bias, [-4.0, 4.5]);
    let refused = |weight: &WeightTensor, mean: &[f32], deviation: &[f32]| {
        matches!(fold_standardisation(weight, mean, deviation), Err(ExportError::Shape { .. }))
    };
    assert!(refused(&weight, &mean[..2], &deviation) && refused(&weight, &mean, &deviation[..2]));
    assert!(refused(&weight, &mean, &[1.0, 0.0, 1.0]));
    assert!(refused(&Noise(13).tensor(&[2, 3, 3, 3]), &mean, &deviation));
}

#[test]
fn folding_refuses_other_channel_counts_and_dead_variances() {
    let mut noise = Noise(12);
    let weight = noise.tensor(&[3, 2, 3, 3]);
    let norm = batch_norm(&mut noise, 4);
    assert!(matches!(fold_batch_norm(&weight, None, &norm), Err(ExportError::Shape { .. })));
    let mut norm = batch_norm(&mut noise, 3);
    assert!(matches!(fold_batch_norm(&weight, Some(&[0.0]), &norm), Err(ExportError::Shape { .. })));
    norm.variance[1] = -1.0;
    assert!(matches!(fold_batch_norm(&weight, None, &norm), Err(ExportError::Shape { .. })));
}

/// A network with every operator: strided and depthwise convolutions, pooling, a residual sum, a channel gate, both
/// reductions, and a head.
struct Compact {
    stem: WeightTensor,
    stem_bias: Vec<f32>,
    depthwise: WeightTensor,
    gate: WeightTensor,
    gate_bias: Vec<f32>,
    head: WeightTensor,
    head_bias: Vec<f32>,
}

const COLUMNS: usize = 14;
const BANDS: usize = 10;

impl Compact {
    fn new() -> Self {
        let mut noise = Noise(13);
        Self {
            stem: noise.tensor(&[4, 1, 3, 5]),
            stem_bias: noise.values(4),
            depthwise: noise.tensor(&[4, 1, 3, 3]),
            gate: noise.tensor(&[4, 4]),
            gate_bias: noise.values(4),
            head: noise.tensor(&[6, 10]),
            head_bias: noise.values(6),
        }
    }

    fn export(&self) -> Result<Vec<u8>, ExportError> {
        let mut graph = GraphBuilder::new("compact");
        graph.metadata("purpose", "test");
        let input = graph.input("mel", &[1, COLUMNS, BANDS])?;
        let image = graph.reshape(&input, &[1, 1, COLUMNS, BANDS])?;
        let (weight, bias) = (&self.stem, Some(self.stem_bias.as_slice()));
        let stem = Conv2d { weight, bias, strides: [2, 1], padding: [1, 2], groups: 1 };
        let stem = graph.conv2d(&image, &stem)?;
        let stem = graph.relu(&stem);
        let pooled = graph.max_pool2d(&stem, [1, 2], [1, 2])?;
        let depthwise =
            Conv2d { weight: &self.depthwise, bias: None, strides: [1, 1], padding: [1, 1], groups: 4 };
        let branch = graph.conv2d(&pooled, &depthwise)?;
        let sum = graph.add(&pooled, &branch)?;
        let channels = graph.reduce_mean(&sum, &[2, 3], false)?;
        let gate = graph.linear(&channels, &self.gate, Some(&self.gate_bias))?;
        let gate = graph.sigmoid(&gate);
        let gate = graph.reshape(&gate, &[1, 4, 1, 1])?;
        let gated = graph.multiply(&sum, &gate)?;
        let small = graph.average_pool2d(&gated, [7, 5], [7, 5])?;
        let means = graph.flatten(&small)?;
        let over_bands = graph.reduce_mean(&gated, &[3], false)?;
        let maxima = graph.reduce_max(&over_bands, &[2], false)?;
        let first = graph.linear(&maxima, &self.gate, None)?;
        let two = graph.reduce_max(&first, &[1], true)?;
        let features = graph.concat(&[&means, &maxima, &two, &two], 1)?;
        let embedding = graph.linear(&features, &self.head, Some(&self.head_bias))?;
        graph.finish(&[("embedding", &embedding)])
    }

    fn compute(&self, input: &[f32]) -> Vec<f64> {
        let image = Plain::new(&[1, 1, COLUMNS, BANDS], input);
        let stem = image.conv(&self.stem, [2, 1], [1, 2], 1);
        let stem = stem.per_channel(|channel, value| value + f64::from(self.stem_bias[channel])).relu();
        let pooled = stem.pool([1, 2], maximum);
        let branch = pooled.conv(&self.depthwise, [1, 1], [1, 1], 4);
        let sum: Vec<f64> =
            pooled.values.iter().zip(&branch.values).map(|(left, right)| left + right).collect();
        let sum = Plain { shape: pooled.shape, values: sum };
        let channels = sum.reduce_last(mean).reduce_last(mean).values;
        let gate = linear(&self.gate, &channels);
        let gate = gate.iter().zip(&self.gate_bias).map(|(value, &bias)| value + f64::from(bias));
        let gate: Vec<f64> = gate.map(|value| 1.0 / (1.0 + (-value).exp())).collect();
        let gated = sum.per_channel(|channel, value| value * gate[channel]);
        let mut features = gated.pool([7, 5], mean).values;
        let maxima = gated.reduce_last(mean).reduce_last(maximum).values;
        let largest = maximum(&linear(&self.gate, &maxima));
        features.extend(maxima);
        features.extend([largest, largest]);
        let head = linear(&self.head, &features);
        head.iter().zip(&self.head_bias).map(|(value, &bias)| value + f64::from(bias)).collect()
    }
}

fn linear(weight: &WeightTensor, input: &[f64]) -> Vec<f64> {
    let rows = weight.values().chunks_exact(input.len());
    rows.map(|row| row.iter().zip(input).map(|(&weight, input)| f64::from(weight) * input).sum()).collect()
}

#[test]
fn an_exported_network_of_every_operator_computes_what_it_should() {
    let compact = Compact::new();
    let onnx = compact.export().expect("a network that fits together");
    for seed in 1..5 {
        let input = Noise(seed).values(COLUMNS * BANDS);
        assert_close(&run(&onnx, &[1, COLUMNS, BANDS], &input), &compact.compute(&input));
    }
}

#[test]
fn the_same_network_gives_the_same_bytes() {
    assert_eq!(Compact::new().export().expect("a network"), Compact::new().export().expect("a network"));
}

#[test]
fn operands_that_do_not_fit_are_refused() {
    let mut noise = Noise(14);
    let mut graph = GraphBuilder::new("misfits");
    let image = graph.input("image", &[1, 2, 4, 4]).expect("a proper shape");
    let weight = noise.tensor(&[3, 5, 3, 3]);
    let conv = Conv2d { weight: &weight, bias: None, strides: [1, 1], padding: [1, 1], groups: 1 };
    assert!(graph.conv2d(&image, &conv).is_err());
    let weight = noise.tensor(&[3, 2, 9, 9]);
    let conv = Conv2d { weight: &weight, bias: None, strides: [1, 1], padding: [1, 1], groups: 1 };
    assert!(graph.conv2d(&image, &conv).is_err());
    let weight = noise.tensor(&[3, 2, 3, 3]);
    let conv = Conv2d { weight: &weight, bias: None, strides: [0, 1], padding: [1, 1], groups: 1 };
    assert!(graph.conv2d(&image, &conv).is_err());
    let conv = Conv2d { weight: &weight, bias: Some(&[0.0]), strides: [1, 1], padding: [1, 1], groups: 1 };
    assert!(graph.conv2d(&image, &conv).is_err());
    assert!(graph.linear(&image, &noise.tensor(&[3, 2]), None).is_err());
    assert!(graph.max_pool2d(&image, [5, 1], [1, 1]).is_err());
    assert!(graph.reduce_mean(&image, &[4], false).is_err());
    assert!(graph.reduce_max(&image, &[1, 1], false).is_err());
    assert!(graph.reshape(&image, &[1, 31]).is_err());
    let flat = graph.flatten(&image).expect("an image");
    assert!(graph.add(&image, &flat).is_err());
    assert!(graph.concat(&[&image, &flat], 1).is_err());
    assert!(graph.concat(&[], 0).is_err());
    assert!(graph.input("nothing", &[1, 0]).is_err());
    assert!(graph.finish(&[]).is_err());
}

/// CNN9 with few channels, its batch normalisations not folded.
fn small_cnn9() -> Weights {
    let mut noise = Noise(15);
    let mut weights = Weights::new();
    let mut inputs = 1;
    for (block, outputs) in [2, 3, 4, 5].into_iter().enumerate() {
        for layer in 1..=2 {
            let name = format!("net.conv_block{}", block + 1);
            weights.insert(format!("{name}.conv{layer}.weight"), noise.tensor(&[outputs, inputs, 3, 3]));
            let norm = batch_norm(&mut noise, outputs);
            for (field, values) in [
                ("weight", norm.scale),
                ("bias", norm.offset),
                ("running_mean", norm.mean),
                ("running_var", norm.variance),
            ] {
                let tensor = WeightTensor::new(vec![outputs], values).expect("matching sizes");
                weights.insert(format!("{name}.bn{layer}.{field}"), tensor);
            }
            inputs = outputs;
        }
    }
    weights
}

#[test]
fn cnn9_computes_the_network_of_the_paper() {
    let weights = small_cnn9();
    let (columns, bands) = (21, 16);
    let onnx = cnn9::export(&weights, "net.", columns, bands, &[("source", "test")]).expect("a network");
    let input = Noise(16).values(columns * bands);

    let mut image = Plain::new(&[1, 1, columns, bands], &input);
    for block in 1..=4 {
        for layer in 1..=2 {
            let name = format!("net.conv_block{block}");
            let weight = weights.get(&format!("{name}.conv{layer}.weight")).expect("a weight");
            let norm = BatchNorm::from_weights(&weights, &format!("{name}.bn{layer}"), 1e-5).expect("a norm");
            image = normalised(&image.conv(weight, [1, 1], [1, 1], 1), &norm).relu();
        }
        if block < 4 {
            image = image.pool([2, 2], maximum);
        }
    }
    let expected = image.reduce_last(mean).reduce_last(maximum);
    assert_close(&run(&onnx, &[1, 1, columns, bands], &input), &expected.values);
}

#[test]
fn cnn9_names_a_tensor_that_is_missing_or_broken() {
    let error = cnn9::export(&small_cnn9(), "other.", 21, 16, &[]).expect_err("no such tensors");
    assert!(error.to_string().contains("other.conv_block1.conv1.weight"), "{error}");

    let mut weights = small_cnn9();
    let broken = WeightTensor::new(vec![3], vec![0.0, f32::NAN, 0.0]).expect("matching sizes");
    weights.insert("net.conv_block2.bn1.running_mean", broken);
    let error = cnn9::export(&weights, "net.", 21, 16, &[]).expect_err("NaN");
    assert!(error.to_string().contains("net.conv_block2.bn1.running_mean"), "{error}");
}

#[test]
fn a_transposed_matrix_has_rows_and_columns_swapped() {
    let matrix = WeightTensor::new(vec![2, 3], vec![1.0, 2.0, 3.0, 4.0, 5.0, 6.0]).expect("matching sizes");
    let transposed = matrix.transposed().expect("a matrix");
    assert_eq!(transposed.shape(), [3, 2]);
    assert_eq!(transposed.values(), [1.0, 4.0, 2.0, 5.0, 3.0, 6.0]);
    assert!(WeightTensor::new(vec![2, 2], vec![0.0]).is_err());
}
