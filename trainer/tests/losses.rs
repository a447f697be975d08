//! Losses against values from an independent implementation, and their gradients against finite differences.
//!
//! The values were computed with NumPy from the papers' formulas, and agree with pytorch-metric-learning 2.8.1 where it
//! has the loss in the same form; for the embeddings of [`embeddings`] and `LABELS`.

use burn::tensor::{Device, Tensor, TensorData};
use earmark_trainer::loss::{
    DistillationWeights, Loss, MultiSimilarity, Targets, contrastive, cross_entropy, distillation,
    multi_similarity, nt_xent, proxy_anchor, supervised_contrastive, triplet_batch_hard, triplet_semi_hard,
};

const ROWS: usize = 8;
const SIZE: usize = 5;
const LABELS: [usize; ROWS] = [0, 0, 1, 1, 1, 2, 2, 0];

const CONTRASTIVE: f64 = 1.312_915_93;
const BATCH_HARD: f64 = 0.947_286_82;
const SEMI_HARD: f64 = 0.210_248_05;
const SUPCON: f64 = 8.314_737_41;
const NT_XENT: f64 = 2.838_223_07;
const MULTI_SIMILARITY: f64 = 1.297_608_01;
const PROXY_ANCHOR: f64 = 35.170_436_92;
const CE_WEIGHTED: f64 = 1.876_330_99;
const CE_SMOOTHED: f64 = 1.938_995_67;
const DISTILLED_COSINE: f64 = 0.883_859_72;
const DISTILLED_RELATIONS: f64 = 0.441_168_30;

fn matrix(rows: usize, value: impl Fn(f64, f64) -> f64) -> Vec<f32> {
    let places = (0..rows).flat_map(|row| (0..SIZE).map(move |column| (row as f64, column as f64)));
    places.map(|(row, column)| value(row, column) as f32).collect()
}

fn embeddings() -> Vec<f32> {
    matrix(ROWS, |i, j| (1.3 * i + 0.9 * j + 0.37 * i * j).sin())
}

fn proxies() -> Vec<f32> {
    matrix(4, |i, j| (0.5 * i + 1.1 * j).cos())
}

fn teacher() -> Vec<f32> {
    matrix(ROWS, |i, j| (0.4 * i + 0.8 * j + 0.21 * i * j).cos())
}

fn tensor(values: &[f32], device: &Device) -> Tensor<2> {
    Tensor::from_data(TensorData::new(values.to_vec(), [values.len() / SIZE, SIZE]), device)
}

fn vector(values: &[f32], device: &Device) -> Tensor<1> {
    Tensor::from_data(TensorData::new(values.to_vec(), [values.len()]), device)
}

type Function = Box<dyn Fn(Tensor<2>) -> Tensor<1>>;

/// Every loss as a function of the embeddings, with its value.
fn losses() -> Vec<(&'static str, Function, f64)> {
    let targets =
        Targets { labels: &[0, 1, 2, 3, 4, 0, 1, 2], mixed: None, class_weights: None, label_smoothing: 0.0 };
    let weighted = Targets { class_weights: Some(&[1.0, 2.0, 3.0, 4.0, 5.0]), ..targets };
    let smoothed = Targets { label_smoothing: 0.1, ..targets };
    let mean: Vec<f32> = (0..SIZE).map(|j| 0.1 * j as f32).collect();
    let distil = move |cosine, relational| -> Function {
        let mean = mean.clone();
        Box::new(move |x: Tensor<2>| {
            let (teacher, mean) = (tensor(&teacher(), &x.device()), vector(&mean, &x.device()));
            distillation(x, teacher, mean, &DistillationWeights { cosine, relational })
        })
    };
    vec![
        ("contrastive", Box::new(|x| contrastive(x, &LABELS, 1.0)), CONTRASTIVE),
        ("batch hard", Box::new(|x| triplet_batch_hard(x, &LABELS, 0.2)), BATCH_HARD),
        ("semi hard", Box::new(|x| triplet_semi_hard(x, &LABELS, 0.2)), SEMI_HARD),
        ("supervised contrastive", Box::new(|x| supervised_contrastive(x, &LABELS, 0.1)), SUPCON),
        ("NT-Xent", Box::new(|x| nt_xent(x, 0.5)), NT_XENT),
        (
            "multi-similarity",
            Box::new(|x| multi_similarity(x, &LABELS, &MultiSimilarity::default())),
            MULTI_SIMILARITY,
        ),
        (
            "proxy anchor",
            Box::new(|x| {
                let proxies = tensor(&proxies(), &x.device());
                proxy_anchor(x, &LABELS, proxies, 32.0, 0.1)
            }),
            PROXY_ANCHOR,
        ),
        ("weighted cross-entropy", Box::new(move |x| cross_entropy(x, &weighted)), CE_WEIGHTED),
        ("smoothed cross-entropy", Box::new(move |x| cross_entropy(x, &smoothed)), CE_SMOOTHED),
        ("distillation of directions", distil(1.0, 0.0), DISTILLED_COSINE),
        ("distillation of relations", distil(0.0, 1.0), DISTILLED_RELATIONS),
    ]
}

#[test]
fn losses_have_the_values_of_an_independent_implementation() {
    let device = Device::flex();
    for (name, loss, expected) in losses() {
        let found: f32 = loss(tensor(&embeddings(), &device)).into_scalar();
        assert!(
            (f64::from(found) - expected).abs() < 2e-4 * expected.max(1.0),
            "{name}: {found}, not {expected}"
        );
    }
}

#[test]
fn gradients_are_the_slopes_of_the_losses() {
    let (plain, device) = (Device::flex(), Device::flex().autodiff());
    for (name, loss, _) in losses() {
        let x = tensor(&embeddings(), &device).require_grad();
        let gradients = loss(x.clone()).backward();
        let gradient: Vec<f32> =
            x.grad(&gradients).expect("a gradient").try_into_vec_as::<f32>().expect("floats");
        let value = |values: &[f32]| -> f64 { f64::from(loss(tensor(values, &plain)).into_scalar::<f32>()) };
        let largest = gradient.iter().fold(0.0_f32, |largest, value| largest.max(value.abs()));
        assert!(largest > 1e-4, "{name} moves nothing");
        for at in 0..gradient.len() {
            // So small that no value moves another pair into a triplet, where the loss leaps.
            const STEP: f32 = 5e-4;
            let moved = |by: f32| {
                let mut values = embeddings();
                values[at] += by;
                value(&values)
            };
            let slope = (moved(STEP) - moved(-STEP)) / f64::from(2.0 * STEP);
            let off = (slope - f64::from(gradient[at])).abs();
            assert!(
                off < 0.01 * f64::from(largest) + 2e-3,
                "{name}, value {at}: {} is not {slope}",
                gradient[at]
            );
        }
    }
}

#[test]
fn proxies_have_gradients_too() {
    let (plain, device) = (Device::flex(), Device::flex().autodiff());
    let of = |proxies: Tensor<2>| {
        let x = tensor(&embeddings(), &proxies.device());
        proxy_anchor(x, &LABELS, proxies, 32.0, 0.1)
    };
    let proxy = tensor(&proxies(), &device).require_grad();
    let gradients = of(proxy.clone()).backward();
    let gradient: Vec<f32> =
        proxy.grad(&gradients).expect("a gradient").try_into_vec_as::<f32>().expect("floats");
    for at in 0..gradient.len() {
        let moved = |by: f32| {
            let mut values = proxies();
            values[at] += by;
            f64::from(of(tensor(&values, &plain)).into_scalar::<f32>())
        };
        let slope = (moved(2e-3) - moved(-2e-3)) / 4e-3;
        assert!((slope - f64::from(gradient[at])).abs() < 0.05, "{at}: {} is not {slope}", gradient[at]);
    }
}

#[test]
fn embeddings_in_the_right_places_cost_less() {
    let device = Device::flex();
    // Each class in a direction of its own, and the same rows with labels that do not fit.
    let sorted =
        matrix(ROWS, |i, j| f64::from(u8::from(LABELS[i as usize] as f64 == j)) + 0.01 * (i + j).sin());
    let wrong = [0, 1, 2, 0, 1, 2, 0, 1];
    for name in Loss::NAMES {
        let loss = Loss::named(name).expect("a loss of that name");
        loss.check().expect("good constants");
        let Some(right) = loss.of_pairs(tensor(&sorted, &device), &LABELS) else { continue };
        let wrong = loss.of_pairs(tensor(&sorted, &device), &wrong).expect("the same loss");
        let (right, wrong): (f32, f32) = (right.into_scalar(), wrong.into_scalar());
        assert!(right < 0.5 * wrong, "{name}: {right} {wrong}");
    }
}

#[test]
fn batches_with_nothing_to_compare_cost_nothing() {
    let device = Device::flex();
    for name in ["contrastive", "triplet-batch-hard", "triplet-semi-hard", "supervised-contrastive"] {
        let loss = Loss::named(name).expect("a loss of that name");
        let row = tensor(&embeddings()[..SIZE], &device);
        let value: f32 = loss.of_pairs(row, &[3]).expect("a loss of pairs").into_scalar();
        assert_eq!(value, 0.0, "{name}");
    }
}

#[test]
fn mixed_targets_are_shares_of_both_losses() {
    let device = Device::flex();
    let (first, second) = ([0, 1, 2, 3, 4, 0, 1, 2], [1, 1, 0, 2, 3, 4, 0, 2]);
    let of = |labels: &[usize], mixed| {
        let targets = Targets { labels, mixed, class_weights: None, label_smoothing: 0.0 };
        f64::from(cross_entropy(tensor(&embeddings(), &device), &targets).into_scalar::<f32>())
    };
    let mixed = of(&first, Some((&second, &[0.7; ROWS])));
    assert!((mixed - (0.7 * of(&first, None) + 0.3 * of(&second, None))).abs() < 1e-5);
}
