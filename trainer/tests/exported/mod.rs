//! What tests of exported networks have in common: input that is the same each time, and tract.

/// Reproducible numbers between -1 and 1 (xorshift64*, Vigna 2016).
pub(crate) struct Noise(pub(crate) u64);

impl Noise {
    pub(crate) fn value(&mut self) -> f32 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        let bits = self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 40;
        bits as f32 / (1 << 23) as f32 - 1.0
    }

    pub(crate) fn values(&mut self, count: usize) -> Vec<f32> {
        (0..count).map(|_| self.value()).collect()
    }
}

/// Runs an ONNX file in tract.
pub(crate) fn run(file: &[u8], shape: &[usize], input: &[f32]) -> Vec<f32> {
    use tract_onnx::prelude::*;
    let model = tract_onnx::onnx().model_for_read(&mut &file[..]).expect("a readable model");
    let plan = model.into_optimized().and_then(|model| model.into_runnable()).expect("a runnable model");
    let input = Tensor::from_shape(shape, input).expect("matching sizes");
    let outputs = plan.run(tvec!(input.into_tvalue())).expect("a run");
    outputs[0]
        .try_as_plain_ram()
        .and_then(|plain| plain.as_slice::<f32>().map(<[f32]>::to_vec))
        .expect("floats")
}
