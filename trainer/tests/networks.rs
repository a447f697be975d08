//! Networks: their files against themselves, normalisation in all its uses, and weights to begin with.

mod exported;

use burn::tensor::{Device, Tensor, TensorData};
use earmark_trainer::network::{
    Architecture, Encoder, Parameters, Pooling, Role, Use, Visitor, collect, export, initial, load,
};
use earmark_trainer::random::Random;
use earmark_trainer::sampling::Segment;
use exported::{Noise, run};

const COLUMNS: usize = 40;
const BANDS: usize = 32;

fn frames(seed: u64, rows: usize, device: &Device) -> Tensor<3> {
    let values = Noise(seed).values(rows * COLUMNS * BANDS);
    Tensor::from_data(TensorData::new(values, [rows, COLUMNS, BANDS]), device)
}

fn values(tensor: Tensor<2>) -> Vec<f32> {
    tensor.try_into_vec_as::<f32>().expect("floats")
}

/// Statistics, scales and offsets that are not the identity.
struct Stir(Random);

impl Visitor for Stir {
    fn tensor<const D: usize>(&mut self, name: &str, role: Role, tensor: &mut Tensor<D>) {
        if role == Role::Weight {
            return;
        }
        let is_spread = name.ends_with("running_var") || name.ends_with("deviation");
        let low = if is_spread { 0.5 } else { -0.3 };
        let count = tensor.dims().iter().product();
        let values: Vec<f32> = (0..count).map(|_| low + self.0.unit()).collect();
        *tensor = Tensor::from_data(TensorData::new(values, tensor.dims()), &tensor.device());
    }
}

fn stirred(architecture: &Architecture, norms: usize, device: &Device) -> Encoder {
    let mut encoder = Encoder::new(architecture, norms, 1, device);
    encoder.visit(&mut Stir(Random::new(2, &[])));
    encoder
}

fn largest_difference(left: &[f32], right: &[f32]) -> f32 {
    assert_eq!(left.len(), right.len());
    let off = left.iter().zip(right).map(|(left, right)| (left - right).abs() / right.abs().max(1.0));
    off.fold(0.0, f32::max)
}

#[test]
fn the_file_of_every_network_computes_what_the_network_does() {
    let device = Device::flex();
    let plain = [Architecture::tiny(), Architecture::light(), Architecture::compact(), Architecture::cnn9()];
    let projected = [Architecture::tiny().projected(8), Architecture::light().projected(512)];
    let of_stages = [
        Architecture::tiny().with_pooling(Pooling::Stages),
        Architecture::compact().with_pooling(Pooling::Stages).projected(64),
        Architecture::cnn9().with_pooling(Pooling::Stages).projected(512),
    ];
    for architecture in plain.into_iter().chain(projected).chain(of_stages) {
        let mut encoder = stirred(&architecture, 1, &device);
        let file = export::onnx(&architecture, &collect(&encoder), COLUMNS, BANDS, &[]).expect("a file");
        let input = frames(3, 2, &device);
        let expected = values(encoder.forward(input.clone(), Use::DataSet(0)));
        let input: Vec<f32> = input.try_into_vec_as::<f32>().expect("floats");
        let size = architecture.embedding_size();
        for (frame, expected) in input.chunks_exact(COLUMNS * BANDS).zip(expected.chunks_exact(size)) {
            let found = run(&file, &[1, 1, COLUMNS, BANDS], frame);
            let off = largest_difference(&found, expected);
            assert!(off <= 1e-5, "{off}");
            assert!(expected.iter().any(|&value| value > 0.01), "the network is alive");
        }
    }
}

#[test]
fn features_of_stages_are_pooled_from_each_image() {
    let device = Device::flex();
    // Its first image is made smaller by the next convolution, its last one is the last.
    let plain = Architecture::tiny();
    let staged = plain.clone().with_pooling(Pooling::Stages);
    let mut encoder = stirred(&staged, 1, &device);
    let weights = collect(&encoder);
    let input = frames(10, 3, &device);
    let found = values(encoder.forward(input.clone(), Use::DataSet(0)));
    assert_eq!((staged.features(), found.len()), (3 * (32 + 8), 3 * staged.features()));
    let first = Architecture { convolutions: plain.convolutions[..1].to_vec(), ..plain.clone() };
    for (architecture, at) in [(plain, 0), (first, 3 * 32)] {
        let mut up_to = Encoder::new(&architecture, 1, 5, &device);
        load(&mut up_to, &weights).expect("the same names");
        let expected = values(up_to.forward(input.clone(), Use::DataSet(0)));
        let channels = architecture.channels();
        for (row, expected) in found.chunks_exact(staged.features()).zip(expected.chunks_exact(channels)) {
            let [loudest, mean, highest] = [0, 1, 2].map(|part| &row[at + part * channels..][..channels]);
            assert!(largest_difference(loudest, expected) < 1e-5);
            let in_order = |channel: usize| {
                mean[channel] <= loudest[channel] + 1e-6 && loudest[channel] <= highest[channel] + 1e-6
            };
            assert!((0..channels).all(in_order), "the images are rectified");
            let differ = (0..channels).filter(|&channel| mean[channel] < highest[channel] - 1e-3).count();
            assert!(differ > channels / 4, "{differ}");
        }
    }
}

#[test]
fn a_network_of_several_data_sets_pools_their_statistics() {
    let device = Device::flex();
    let architecture = Architecture::tiny();
    let mut encoder = stirred(&architecture, 3, &device);
    let input = frames(4, 2, &device);
    let mut of = |set| values(encoder.forward(input.clone(), Use::DataSet(set)));
    let (first, second) = (of(0), of(1));
    assert!(largest_difference(&first, &second) > 0.01, "each has statistics of its own");
    let mut alone = encoder.pooled(&[1]);
    assert!(largest_difference(&values(alone.forward(input.clone(), Use::DataSet(0))), &second) < 1e-5);
    let pooled = collect(&encoder.pooled(&[0, 2]));
    let all = collect(&encoder);
    let value = |weights: &earmark_trainer::weights::Weights, name: &str| {
        f64::from(weights.get(name).expect("a tensor").values()[0])
    };
    let of = |set: usize, field: &str| value(&all, &format!("convolution.1.norm.{set}.{field}"));
    let mean = (of(0, "running_mean") + of(2, "running_mean")) / 2.0;
    let second = |set| of(set, "running_var") + of(set, "running_mean").powi(2);
    let variance = (second(0) + second(2)) / 2.0 - mean * mean;
    assert!((value(&pooled, "convolution.1.norm.0.running_mean") - mean).abs() < 1e-6);
    assert!((value(&pooled, "convolution.1.norm.0.running_var") - variance).abs() < 1e-6);
    let scale = (of(0, "weight") + of(2, "weight")) / 2.0;
    assert!((value(&pooled, "convolution.1.norm.0.weight") - scale).abs() < 1e-6);
}

#[test]
fn re_estimated_statistics_are_those_of_the_library() {
    let device = Device::flex();
    let mut encoder = stirred(&Architecture::tiny(), 2, &device).pooled(&[0, 1]);
    let library = frames(5, 24, &device);
    let batches = library.clone().split(8, 0);
    encoder.re_estimate(batches.into_iter());
    // With one batch of all, batch statistics and running statistics are the same thing.
    let mut whole = stirred(&Architecture::tiny(), 2, &device).pooled(&[0, 1]);
    whole.re_estimate(std::iter::once(library.clone()));
    let by_running = values(whole.clone().forward(library.clone(), Use::DataSet(0)));
    let by_batch = values(whole.forward(library.clone(), Use::Estimating(0)));
    assert!(largest_difference(&by_running, &by_batch) < 1e-4);
    let parts = values(encoder.forward(library, Use::DataSet(0)));
    assert!(largest_difference(&parts, &by_running) < 0.2, "three batches tell nearly as much as all");
}

#[test]
fn segments_of_a_batch_pass_by_their_own_statistics() {
    let device = Device::flex();
    let input = frames(6, 6, &device);
    let segments = [Segment { data_set: 0, rows: 0..4 }, Segment { data_set: 1, rows: 4..6 }];
    let mut separate = Encoder::new(&Architecture::tiny(), 2, 1, &device);
    let together = values(separate.forward(input.clone(), Use::Training(&segments)));
    let mut alone = Encoder::new(&Architecture::tiny(), 2, 1, &device);
    let own = [Segment { data_set: 1, rows: 0..2 }];
    let second = values(alone.forward(input.clone().narrow(0, 4, 2), Use::Training(&own)));
    assert!(largest_difference(&together[together.len() - second.len()..], &second) < 1e-5);
    let mut shared = Encoder::new(&Architecture::tiny(), 1, 1, &device);
    let mixed = values(shared.forward(input, Use::Training(&segments)));
    assert!(largest_difference(&mixed, &together) > 1e-3, "shared statistics are of the whole batch");
}

#[test]
fn weights_come_back_from_a_file_and_calibration_keeps_the_network() {
    let device = Device::flex();
    let architecture = Architecture::tiny();
    let mut original = stirred(&architecture, 1, &device);
    let file = export::onnx(&architecture, &collect(&original), COLUMNS, BANDS, &[]).expect("a file");
    let mut encoder = Encoder::new(&architecture, 2, 9, &device);
    load(&mut encoder, &initial::from_onnx(&file, &architecture, 2).expect("weights").0).expect("they fit");
    let input = frames(7, 16, &device);
    let expected = values(original.forward(input.clone(), Use::DataSet(0)));
    let mut found = |how| values(encoder.forward(input.clone(), how));
    assert!(largest_difference(&found(Use::DataSet(1)), &expected) < 1e-4);
    let segments = [Segment { data_set: 1, rows: 0..16 }];
    let before = largest_difference(
        &values(encoder.clone().forward(input.clone(), Use::Training(&segments))),
        &expected,
    );
    encoder.calibrate(std::slice::from_ref(&input), false);
    let mut found = |how| values(encoder.forward(input.clone(), how));
    assert!(largest_difference(&found(Use::DataSet(1)), &expected) < 1e-3, "it computes what it computed");
    let after = largest_difference(&found(Use::Training(&segments)), &expected);
    assert!(after < 1e-2 && before > 10.0 * after, "by batches, too: {before} {after}");
    let error = initial::from_onnx(&file, &Architecture::compact(), 1).expect_err("another network");
    assert!(error.to_string().contains("10 convolutions"), "{error}");
}

#[test]
fn the_weights_of_aisfx_are_those_of_cnn9() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../models/aisfx/model.onnx");
    let file = std::fs::read(path).expect("the model that ships");
    let device = Device::flex();
    let architecture = Architecture::cnn9();
    let mut encoder = Encoder::new(&architecture, 1, 1, &device);
    load(&mut encoder, &initial::from_onnx(&file, &architecture, 1).expect("weights").0).expect("they fit");
    let frame = Noise(8).values(100 * 96);
    let input = Tensor::from_data(TensorData::new(frame.clone(), [1, 100, 96]), &device);
    let found = values(encoder.forward(input, Use::DataSet(0)));
    let expected = run(&file, &[1, 1, 100, 96], &frame);
    assert!(largest_difference(&found, &expected) < 1e-4);
}

#[test]
fn a_fresh_projection_leaves_what_the_convolutions_found() {
    let device = Device::flex();
    let plain = Architecture::tiny();
    let mut encoder = stirred(&plain, 1, &device);
    let input = frames(9, 24, &device);
    let features = values(encoder.forward(input.clone(), Use::DataSet(0)));
    let file = export::onnx(&plain, &collect(&encoder), COLUMNS, BANDS, &[]).expect("a file");
    let size = plain.features();
    let projected = plain.projected(size);
    let (weights, fresh) = initial::from_onnx(&file, &projected, 1).expect("weights");
    assert!(fresh);
    let mut encoder = Encoder::new(&projected, 1, 1, &device);
    load(&mut encoder, &weights).expect("they fit");
    let found = values(encoder.forward(input.clone(), Use::DataSet(0)));
    assert!(largest_difference(&found, &features) < 1e-5, "the identity");
    // Calibrated, its outputs have zero mean and about unit variance, but for those that hardly vary.
    encoder.calibrate(std::slice::from_ref(&input), true);
    let found = values(encoder.forward(input.clone(), Use::DataSet(0)));
    for at in 0..size {
        let of = |values: &[f32]| -> Vec<f64> {
            values.iter().skip(at).step_by(size).map(|&value| f64::from(value)).collect()
        };
        let column = of(&found);
        let mean = column.iter().sum::<f64>() / column.len() as f64;
        let variance =
            column.iter().map(|value| value * value).sum::<f64>() / column.len() as f64 - mean * mean;
        let alive = of(&features).iter().any(|&value| (value - of(&features)[0]).abs() > 0.2);
        assert!(mean.abs() < 1e-3 && variance < 1.001 && (!alive || variance > 0.5), "{mean} {variance}");
    }
    // Nothing to tell apart is no reason to divide by zero.
    let mut dull = encoder.clone();
    let same = Tensor::zeros([4, COLUMNS, BANDS], &device);
    dull.calibrate(std::slice::from_ref(&same), true);
    assert!(values(dull.forward(same, Use::DataSet(0))).iter().all(|value| value.abs() < 1.0));
    // The file of the whole is taken up with its projection.
    let file = export::onnx(&projected, &collect(&encoder), COLUMNS, BANDS, &[]).expect("a file");
    let (weights, fresh) = initial::from_onnx(&file, &projected, 1).expect("weights");
    assert!(!fresh);
    let mut again = Encoder::new(&projected, 1, 2, &device);
    load(&mut again, &weights).expect("they fit");
    let off = largest_difference(&values(again.forward(input, Use::DataSet(0))), &found);
    assert!(off < 5e-4, "{off}: what hardly varies is scaled up");
}
