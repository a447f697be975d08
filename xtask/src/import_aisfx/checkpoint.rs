//! The weights out of the wheel's PyTorch checkpoint.
//!
//! The checkpoint is a pickled pair of a state dictionary and a dictionary of data sets. The reader wants the state
//! dictionary alone as the root, so the last instructions of the pickle are replaced: where it would join the two into
//! a pair, it drops the second.

use std::fs::File;
use std::io::{Cursor, Read, Write};
use std::path::Path;

use earmark_trainer::weights::{WeightTensor, Weights};
use pytorch_reader::{DType, PytorchReader, Tensor};
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipArchive, ZipWriter};

use super::ImportError;
use super::wheel::{CHECKPOINT_ENTRY, Wheel};

const PICKLE_ENTRY: &str = "archive/data.pkl";
/// More than any entry of the checkpoint holds.
const MAX_ENTRY_BYTES: u64 = 64 << 20;

// Opcodes of Python's pickle format (`pickletools.py`).
const TUPLE2: u8 = 0x86;
const LONG_BINPUT: u8 = b'r';
const POP: u8 = b'0';
const STOP: u8 = b'.';
/// TUPLE2, LONG_BINPUT with a 4-byte index, STOP.
const TAIL_BYTES: usize = 7;

/// Reads all `f32` tensors of the checkpoint; `scratch` takes a temporary copy.
pub(super) fn read(wheel: &Wheel, scratch: &Path) -> Result<Weights, ImportError> {
    let failed =
        |message: String| ImportError::content(&wheel.path, format!("{CHECKPOINT_ENTRY}: {message}"));
    let copy = scratch.join("state_dict.pth");
    rewrite(&wheel.entry(CHECKPOINT_ENTRY)?, &copy).map_err(failed)?;
    let reader = PytorchReader::new(&copy).map_err(|error| failed(error.to_string()))?;
    let mut weights = Weights::new();
    for (name, tensor) in reader.tensors() {
        // Counters of training steps are integers and of no use here.
        if tensor.dtype() == DType::F32 {
            weights.insert(name, floats(tensor).map_err(|message| failed(format!("{name}: {message}")))?);
        }
    }
    Ok(weights)
}

fn floats(tensor: &Tensor) -> Result<WeightTensor, String> {
    let bytes = tensor.read().map_err(|error| error.to_string())?;
    let (values, _) = bytes.as_chunks::<4>();
    let values = values.iter().map(|&value| f32::from_ne_bytes(value)).collect();
    WeightTensor::new(tensor.shape().to_vec(), values).map_err(|error| error.to_string())
}

/// Copies the archive with the first member of the pair as its root.
fn rewrite(checkpoint: &[u8], copy: &Path) -> Result<(), String> {
    let text = |error: zip::result::ZipError| error.to_string();
    let mut archive = ZipArchive::new(Cursor::new(checkpoint)).map_err(text)?;
    let mut writer = ZipWriter::new(File::create(copy).map_err(|error| error.to_string())?);
    let options = SimpleFileOptions::default().compression_method(CompressionMethod::Stored);
    for index in 0..archive.len() {
        let entry = archive.by_index(index).map_err(text)?;
        let name = entry.name().map_err(text)?.into_owned();
        let mut bytes = Vec::new();
        entry.take(MAX_ENTRY_BYTES).read_to_end(&mut bytes).map_err(|error| error.to_string())?;
        if name == PICKLE_ENTRY {
            keep_first_of_pair(&mut bytes)?;
        }
        writer.start_file(name, options).map_err(text)?;
        writer.write_all(&bytes).map_err(|error| error.to_string())?;
    }
    writer.finish().map_err(text)?;
    Ok(())
}

/// Ends a pickle with POP, STOP instead of TUPLE2, LONG_BINPUT n, STOP.
fn keep_first_of_pair(pickle: &mut Vec<u8>) -> Result<(), String> {
    let start = pickle.len().saturating_sub(TAIL_BYTES);
    match pickle[start..] {
        [TUPLE2, LONG_BINPUT, _, _, _, _, STOP] => {
            pickle.truncate(start);
            pickle.extend([POP, STOP]);
            Ok(())
        }
        _ => Err(format!("{PICKLE_ENTRY} does not end with a pair")),
    }
}
