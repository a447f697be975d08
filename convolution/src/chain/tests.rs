#![allow(clippy::unwrap_used)]

use super::*;

/// Seeded numbers between −1 and 1.
struct Numbers(u64);

impl Numbers {
    fn take(&mut self, count: usize, size: f32) -> Vec<f32> {
        let next = |_| {
            self.0 = self.0.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
            ((self.0 >> 40) as f32 / (1 << 23) as f32 - 1.0) * size
        };
        (0..count).map(next).collect()
    }
}

#[derive(Clone, Copy)]
struct Shape {
    inputs: usize,
    outputs: usize,
    rectifies: bool,
    pools: bool,
}

const fn shape(inputs: usize, outputs: usize, rectifies: bool, pools: bool) -> Shape {
    Shape { inputs, outputs, rectifies, pools }
}

/// One layer by its definition, in double precision.
fn by_definition(
    input: &[f64],
    (height, width): (usize, usize),
    kernel: &[f32],
    bias: &[f32],
    shape: Shape,
) -> Vec<f64> {
    let at = |channel: usize, row: usize, column: usize| {
        // Rows and columns count from the border.
        let inside = (1..=height).contains(&row) && (1..=width).contains(&column);
        if inside { input[(channel * height + row - 1) * width + column - 1] } else { 0.0 }
    };
    let value = |output: usize, row: usize, column: usize| {
        let mut sum = f64::from(bias[output]);
        for channel in 0..shape.inputs {
            for tap in 0..9 {
                let weight = f64::from(kernel[(output * shape.inputs + channel) * 9 + tap]);
                sum += weight * at(channel, row + tap / 3, column + tap % 3);
            }
        }
        if shape.rectifies { sum.max(0.0) } else { sum }
    };
    let step = if shape.pools { 2 } else { 1 };
    let mut values = Vec::new();
    for output in 0..shape.outputs {
        for row in 0..height / step {
            for column in 0..width / step {
                let window =
                    (0..step * step).map(|n| value(output, row * step + n / step, column * step + n % step));
                values.push(window.fold(f64::NEG_INFINITY, f64::max));
            }
        }
    }
    values
}

fn instruction_sets() -> Vec<Arch> {
    let mut sets = vec![Arch::new()];
    #[cfg(target_arch = "x86_64")]
    {
        sets.push(Arch::Scalar);
        sets.extend(pulp::x86::V3::try_new().map(Arch::V3));
    }
    sets
}

fn check(height: usize, width: usize, shapes: &[Shape]) {
    let mut numbers = Numbers(7);
    let mut layers = Vec::new();
    let input = numbers.take(shapes[0].inputs * height * width, 1.0);
    let mut expected: Vec<f64> = input.iter().map(|value| f64::from(*value)).collect();
    let mut extents = (height, width);
    for shape in shapes {
        let size = (3.0 / (9.0 * shape.inputs as f32)).sqrt();
        let kernel = numbers.take(shape.outputs * shape.inputs * 9, size);
        let bias = numbers.take(shape.outputs, 0.5);
        expected = by_definition(&expected, extents, &kernel, &bias, *shape);
        let layer = Layer::new(&kernel, bias, shape.inputs, shape.rectifies, shape.pools).unwrap();
        extents = layer.output_extents(extents);
        layers.push(layer);
    }
    let chain = Chain::new(height, width, layers).unwrap();
    let last = shapes[shapes.len() - 1];
    assert_eq!(chain.output_shape(), [last.outputs, extents.0, extents.1]);
    let largest = expected.iter().fold(0f64, |largest, value| largest.max(value.abs()));
    for arch in instruction_sets() {
        let mut workspace = chain.workspace_for(arch);
        let mut output = vec![f32::NAN; expected.len()];
        // Another image first, so that what it left behind would show.
        chain.run(&numbers.take(input.len(), 1e3), &mut output, &mut workspace);
        chain.run(&input, &mut output, &mut workspace);
        for (value, expected) in output.iter().zip(&expected) {
            let error = (f64::from(*value) - expected).abs();
            assert!(error <= 2e-6 * largest, "{arch:?}: {value} instead of {expected}");
        }
    }
}

#[test]
fn one_layer_agrees_with_its_definition() {
    for (height, width) in [(1, 1), (2, 2), (3, 5), (8, 6), (13, 24)] {
        for rectifies in [false, true] {
            check(height, width, &[shape(16, 16, rectifies, false)]);
            check(height, width, &[shape(32, 80, rectifies, false)]);
        }
    }
}

#[test]
fn few_inputs_agree_with_the_definition() {
    for inputs in [1, 2, 3, 15] {
        check(7, 10, &[shape(inputs, 64, true, false)]);
        check(7, 10, &[shape(inputs, 16, false, true)]);
    }
}

#[test]
fn a_chain_with_poolings_of_odd_images_agrees_with_the_definition() {
    let shapes = [
        shape(1, 16, true, false),
        shape(16, 64, true, true),
        shape(64, 96, true, false),
        shape(96, 64, false, true),
        shape(64, 32, true, true),
        shape(32, 128, true, false),
    ];
    check(25, 31, &shapes);
    check(40, 24, &shapes);
}

#[test]
fn an_image_larger_than_a_block_of_tiles_agrees_with_the_definition() {
    check(70, 66, &[shape(16, 32, true, false)]);
}

#[test]
fn what_cannot_be_run_is_refused() {
    let layer = |inputs: usize, outputs: usize, pools| {
        Layer::new(&vec![0.0; inputs * outputs * 9], vec![0.0; outputs], inputs, true, pools)
    };
    assert_eq!(layer(17, 16, false).unwrap_err(), LayerError::Inputs { found: 17 });
    assert_eq!(layer(0, 16, false).unwrap_err(), LayerError::Inputs { found: 0 });
    assert_eq!(layer(16, 20, false).unwrap_err(), LayerError::Outputs { found: 20 });
    let short = Layer::new(&[0.0; 9], vec![0.0; 16], 16, true, false);
    assert_eq!(short.unwrap_err(), LayerError::Kernel { expected: 16 * 16 * 9, found: 9 });
    assert_eq!(Chain::new(4, 4, Vec::new()).unwrap_err(), LayerError::NoLayer);
    let wrong = vec![layer(16, 32, false).unwrap(), layer(16, 16, false).unwrap()];
    assert_eq!(Chain::new(4, 4, wrong).unwrap_err(), LayerError::Channels { expected: 16, found: 32 });
    assert_eq!(Chain::new(1, 4, vec![layer(16, 16, true).unwrap()]).unwrap_err(), LayerError::Vanished);
}
