#![allow(clippy::unwrap_used)]

use std::path::Path;

use tract_onnx::tract_core::ops::cnn::PaddingSpec;
use tract_onnx::tract_core::ops::math::max;

use super::*;

/// Seeded numbers between −1 and 1.
fn tensor(shape: &[usize]) -> Tensor {
    let mut state = shape.iter().product::<usize>() as u32;
    let values: Vec<f32> = (0..shape.iter().product())
        .map(|_| {
            state = state.wrapping_mul(1664525).wrapping_add(1013904223);
            (state >> 8) as f32 / (1 << 23) as f32 - 1.0
        })
        .collect();
    Tensor::from_shape(shape, &values).unwrap()
}

fn pool_spec(extent: usize, stride: usize, padding: usize, inputs: usize, outputs: usize) -> PoolSpec {
    let padding = PaddingSpec::Explicit(tvec![padding; 2], tvec![padding; 2]);
    PoolSpec {
        data_format: DataFormat::NCHW,
        kernel_shape: tvec![extent; 2],
        padding,
        dilations: None,
        strides: Some(tvec![stride; 2]),
        input_channels: inputs,
        output_channels: outputs,
    }
}

fn conv(model: &mut TypedModel, input: OutletId, spec: PoolSpec) -> OutletId {
    let name = format!("conv{}", model.nodes.len());
    let shape = [spec.output_channels, spec.input_channels, spec.kernel_shape[0], spec.kernel_shape[1]];
    let kernel = model.add_const(format!("{name}.kernel"), tensor(&shape)).unwrap();
    let bias = model.add_const(format!("{name}.bias"), tensor(&[spec.output_channels])).unwrap();
    let conv = Conv { pool_spec: spec, kernel_fmt: KernelFormat::OIHW, group: 1, q_params: None };
    model.wire_node(name, conv, &[input, kernel, bias]).unwrap()[0]
}

fn at_least(model: &mut TypedModel, input: OutletId, least: f32) -> OutletId {
    let name = format!("max{}", model.nodes.len());
    let least = Tensor::from_shape(&[1, 1, 1, 1], &[least]).unwrap();
    let least = model.add_const(format!("{name}.least"), least).unwrap();
    model.wire_node(name, max(), &[input, least]).unwrap()[0]
}

fn pool(model: &mut TypedModel, input: OutletId, extent: usize, stride: usize) -> OutletId {
    let name = format!("pool{}", model.nodes.len());
    let channels = model.outlet_fact(input).unwrap().shape.as_concrete().unwrap()[1];
    let pool_spec = pool_spec(extent, stride, 0, channels, channels);
    model.wire_node(name, MaxPool { pool_spec, with_index_outputs: None }, &[input]).unwrap()[0]
}

/// Builds a model, runs it as it is and accelerated, and gives the counts of chains and of convolutions left.
fn compare(input: [usize; 4], build: impl Fn(&mut TypedModel, OutletId) -> Vec<OutletId>) -> (usize, usize) {
    let mut model = TypedModel::default();
    let source = model.add_source("input", f32::fact(input)).unwrap();
    let outputs = build(&mut model, source);
    model.select_output_outlets(&outputs).unwrap();
    let model = model.into_decluttered().unwrap();
    let mut accelerated = model.clone();
    accelerate(&mut accelerated).unwrap();
    let count =
        |model: &TypedModel, name: &str| model.nodes.iter().filter(|node| node.op.name() == name).count();
    let counts = (count(&accelerated, "Convolutions"), count(&accelerated, "Conv"));
    let run = |model: TypedModel| {
        let plan = model.into_optimized().unwrap().into_runnable().unwrap();
        plan.run(tvec!(tensor(&input).into_tvalue())).unwrap()
    };
    for (plain, accelerated) in run(model).iter().zip(&run(accelerated)) {
        let largest = plain
            .try_as_plain_ram()
            .unwrap()
            .as_slice::<f32>()
            .unwrap()
            .iter()
            .fold(0f32, |a, b| a.max(b.abs()));
        assert_eq!(plain.shape(), accelerated.shape());
        let close = Approximation::Custom(2e-6 * largest, 0.0, 0.0);
        plain.close_enough(accelerated, close).unwrap();
    }
    counts
}

#[test]
fn a_chain_becomes_one_operation() {
    let counts = compare([1, 1, 13, 10], |model, input| {
        let a = conv(model, input, pool_spec(3, 1, 1, 1, 16));
        let a = at_least(model, a, 0.0);
        let b = conv(model, a, pool_spec(3, 1, 1, 16, 32));
        let b = at_least(model, b, 0.0);
        let b = pool(model, b, 2, 2);
        vec![conv(model, b, pool_spec(3, 1, 1, 32, 16))]
    });
    assert_eq!(counts, (1, 0));
}

#[test]
fn what_is_used_twice_stays_between_two_chains() {
    let counts = compare([1, 16, 8, 8], |model, input| {
        let a = conv(model, input, pool_spec(3, 1, 1, 16, 16));
        let a = at_least(model, a, 0.0);
        let b = conv(model, a, pool_spec(3, 1, 1, 16, 16));
        vec![a, b]
    });
    assert_eq!(counts, (2, 0));
}

#[test]
fn convolutions_of_other_kinds_stay_with_the_runtime() {
    let other_kinds = [
        pool_spec(1, 1, 0, 16, 16),
        pool_spec(3, 2, 1, 16, 16),
        pool_spec(3, 1, 0, 16, 16),
        pool_spec(5, 1, 2, 16, 16),
        pool_spec(3, 1, 1, 16, 20),
    ];
    for spec in other_kinds {
        assert_eq!(compare([1, 16, 9, 8], |model, input| vec![conv(model, input, spec.clone())]), (0, 1));
    }
    let dilated = PoolSpec { dilations: Some(tvec![2, 2]), ..pool_spec(3, 1, 2, 16, 16) };
    assert_eq!(compare([1, 16, 9, 8], |model, input| vec![conv(model, input, dilated.clone())]), (0, 1));
    let batch = |model: &mut TypedModel, input| vec![conv(model, input, pool_spec(3, 1, 1, 16, 16))];
    assert_eq!(compare([2, 16, 9, 8], batch), (0, 1));
}

#[test]
fn only_a_rectifier_and_a_plain_pooling_are_taken_along() {
    let counts = compare([1, 16, 9, 8], |model, input| {
        let a = conv(model, input, pool_spec(3, 1, 1, 16, 16));
        vec![at_least(model, a, 0.25)]
    });
    assert_eq!(counts, (1, 0));
    for (extent, stride) in [(2, 1), (3, 2), (3, 3)] {
        let counts = compare([1, 16, 9, 8], |model, input| {
            let a = conv(model, input, pool_spec(3, 1, 1, 16, 16));
            vec![pool(model, a, extent, stride)]
        });
        assert_eq!(counts, (1, 0), "pooling {extent} by {stride}");
    }
}

#[test]
fn the_shipped_model_runs_in_one_chain() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../models/aisfx/model.onnx");
    let model = tract_onnx::onnx().model_for_path(path).unwrap();
    let mut model = model.into_typed().unwrap().into_decluttered().unwrap();
    accelerate(&mut model).unwrap();
    let names: Vec<_> = model.nodes.iter().map(|node| node.op.name().into_owned()).collect();
    assert_eq!(names.iter().filter(|name| *name == "Convolutions").count(), 1, "{names:?}");
    assert!(!names.iter().any(|name| name == "Conv"), "{names:?}");
}
