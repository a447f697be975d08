//! `earmark embed` hands embeddings to people who bring their own tools.

use std::fs;
use std::path::Path;
use std::process::Command;

use crate::support::{Bench, program, shared, take_of, wav_of};

const SIZE: usize = 512;
const BANDS: usize = 96;

/// A NumPy array of `<f4` in C order.
struct Array {
    shape: Vec<usize>,
    values: Vec<f32>,
}

fn read_npy(path: &Path) -> Array {
    let bytes = fs::read(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    assert_eq!(&bytes[..6], b"\x93NUMPY", "{}", path.display());
    let start = 10 + usize::from(u16::from_le_bytes([bytes[8], bytes[9]]));
    assert_eq!(start % 64, 0, "NumPy wants its data aligned");
    let header = std::str::from_utf8(&bytes[10..start]).unwrap();
    assert!(header.contains("'<f4'") && header.contains("'fortran_order': False"), "{header}");
    let extents = header.split_once("'shape': (").unwrap().1.split_once(')').unwrap().0;
    let shape: Vec<usize> = extents.split(',').filter_map(|extent| extent.trim().parse().ok()).collect();
    let (values, rest) = bytes[start..].as_chunks::<4>();
    assert!(rest.is_empty());
    let values: Vec<f32> = values.iter().map(|value| f32::from_le_bytes(*value)).collect();
    assert_eq!(values.len(), shape.iter().product::<usize>());
    Array { shape, values }
}

fn largest_difference(left: &[f32], right: &[f32]) -> f32 {
    assert_eq!(left.len(), right.len(), "arrays of different lengths");
    left.iter().zip(right).map(|(left, right)| (left - right).abs()).fold(0.0, f32::max)
}

/// A sound of two frames (of three, where a last frame covers the tail) and one of a single frame.
fn bench() -> Bench {
    let bench = Bench::new();
    bench.write("bell.wav", &wav_of(&take_of("church_bell", 1)));
    bench.write("tap.wav", &wav_of(&take_of("glass_tap", 1)));
    bench
}

#[test]
fn every_sound_gives_an_array_and_its_times() {
    let bench = bench();
    let ran = bench.run(["embed", "bell.wav", "tap.wav", "-o", "out"]).ended(0);
    assert!(ran.out.contains("tap.wav: 1 frame\n"), "{}", ran.out);
    let tap = read_npy(&bench.dir().join("out/tap.npy"));
    assert_eq!(tap.shape, [1, SIZE]);
    let bell = read_npy(&bench.dir().join("out/bell.npy"));
    assert!((2..=4).contains(&bell.shape[0]) && bell.shape[1] == SIZE, "{:?}", bell.shape);
    assert!(
        bell.values.iter().all(|value| value.is_finite()) && bell.values.iter().any(|value| *value > 0.1)
    );
    let times = fs::read_to_string(bench.dir().join("out/bell.times.csv")).unwrap();
    let rows: Vec<Vec<f64>> = times
        .lines()
        .skip(1)
        .map(|line| line.split(',').map(|field| field.parse().unwrap()).collect())
        .collect();
    assert_eq!(times.lines().next(), Some("frame,start_s,end_s"));
    assert_eq!(rows.len(), bell.shape[0]);
    for (at, row) in rows.iter().enumerate() {
        assert_eq!(row[0], at as f64);
        assert!((row[2] - row[1] - 2.32).abs() < 0.05, "a frame lasts 2.3 s: {row:?}");
    }
    assert!((rows[1][1] - 50.0 * 1024.0 / 44_100.0).abs() < 1e-3, "the hop is 50 columns: {rows:?}");
}

#[test]
fn numpy_reads_the_arrays() {
    let Some(python) = program("python3") else { return };
    let bench = bench();
    bench.run(["embed", "bell.wav", "--mel", "-o", "out", "--quiet"]).ended(0);
    let text = "
try:
    import numpy
except ImportError:
    print('no numpy'); raise SystemExit
for name in 'out/bell.npy', 'out/bell.mel.npy':
    array = numpy.load(name)
    print(array.dtype, array.ndim, array.shape[1], numpy.isfinite(array).all(), array.flags.c_contiguous)";
    let output = Command::new(python).args(["-c", text]).current_dir(bench.dir()).output().unwrap();
    let out = String::from_utf8_lossy(&output.stdout);
    if out.starts_with("no numpy") {
        eprintln!("skipped: there is no NumPy here");
        return;
    }
    let expected = "float32 2 512 True True\nfloat32 2 96 True True\n";
    assert_eq!(out, expected, "{}", String::from_utf8_lossy(&output.stderr));
}

#[test]
fn all_formats_hold_the_same_numbers() {
    let bench = bench();
    for format in ["npy", "csv", "json"] {
        bench.run(["embed", "bell.wav", "-o", "out", "--format", format, "--quiet"]).ended(0);
    }
    let array = read_npy(&bench.dir().join("out/bell.npy"));

    let csv = fs::read_to_string(bench.dir().join("out/bell.csv")).unwrap();
    let heading: Vec<&str> = csv.lines().next().unwrap().split(',').collect();
    assert_eq!((heading.len(), heading[0], heading[1], heading[SIZE]), (SIZE + 1, "start_s", "e0", "e511"));
    let values: Vec<f32> = csv
        .lines()
        .skip(1)
        .flat_map(|line| line.split(',').skip(1).map(|field| field.parse().unwrap()))
        .collect();
    assert_eq!(values, array.values);

    let json: serde_json::Value =
        serde_json::from_slice(&fs::read(bench.dir().join("out/bell.json")).unwrap()).unwrap();
    assert_eq!(json["embedding_size"], SIZE);
    assert!((json["frame_s"].as_f64().unwrap() - 2.32).abs() < 0.05);
    let frames = json["frames"].as_array().unwrap();
    assert_eq!(frames.len(), array.shape[0]);
    let values: Vec<f32> = frames
        .iter()
        .flat_map(|frame| {
            frame["embedding"].as_array().unwrap().iter().map(|value| value.as_f64().unwrap() as f32)
        })
        .collect();
    assert!(largest_difference(&values, &array.values) < 1e-6);
    let starts: Vec<f64> = frames.iter().map(|frame| frame["start_s"].as_f64().unwrap()).collect();
    assert!(starts[0] == 0.0 && starts.is_sorted(), "{starts:?}");
}

#[test]
fn the_mel_spectrogram_is_written_on_request() {
    let bench = bench();
    bench.run(["embed", "bell.wav", "-o", "out"]).ended(0);
    assert!(!bench.dir().join("out/bell.mel.npy").exists());
    bench.run(["embed", "bell.wav", "-o", "out", "--mel"]).ended(0);
    let mel = read_npy(&bench.dir().join("out/bell.mel.npy"));
    assert_eq!(mel.shape[1], BANDS);
    // A column each 1024 samples, and one more.
    let columns = 5.0_f64 * 44_100.0 / 1024.0 + 1.0;
    assert!((mel.shape[0] as f64 - columns).abs() < 2.0, "{:?}", mel.shape);
}

#[test]
fn embeddings_and_spectrograms_are_those_of_the_original() {
    let Some(reference) = shared("reference") else { return };
    let bench = Bench::new();
    for name in ["chirp_44k_mono_7s", "impacts_44k_stereo_2s3", "gated_44k_mono_2s", "tiny_44k_mono_100samp"]
    {
        let sound = reference.join("wav").join(format!("{name}.wav"));
        bench.run(["embed", sound.to_str().unwrap(), "-o", "out", "--mel"]).ended(0);
        let found = read_npy(&bench.dir().join(format!("out/{name}.npy")));
        let expected = read_npy(&reference.join("embedding").join(format!("{name}.npy")));
        // The original leaves out a tail that does not fill a frame; a last frame for it may be one more.
        assert!(found.values.len() >= expected.values.len(), "{name}: {:?}", found.shape);
        let difference = largest_difference(&found.values[..expected.values.len()], &expected.values);
        assert!(difference < 1e-3, "{name}: {difference}");
    }
}

#[test]
fn a_single_sound_goes_to_standard_output() {
    let bench = bench();
    let csv = bench.run(["embed", "tap.wav", "--format", "csv", "-o", "-"]).ended(0);
    assert_eq!(csv.out.lines().count(), 2);
    assert_eq!(csv.err, "");
    let json = bench.run(["embed", "tap.wav", "--format", "json", "-o", "-"]).ended(0).json();
    assert_eq!(json["frames"].as_array().unwrap().len(), 1);
    for args in [
        &["embed", "tap.wav", "-o", "-"][..],
        &["embed", "tap.wav", "bell.wav", "--format", "csv", "-o", "-"],
        &["embed", "tap.wav", "--mel", "--format", "csv", "-o", "-"],
    ] {
        bench.run(args).refused(&["-o - takes a single sound as --format csv or json", "-o DIR"]);
    }
    assert_eq!(fs::read_dir(bench.dir()).unwrap().count(), 3, "nothing else was written");
}

#[test]
fn two_sounds_of_one_name_are_refused_before_one_overwrites_the_other() {
    let bench = bench();
    bench.write("other/tap.flac", b"");
    bench.run(["embed", "tap.wav", "bell.wav", "other/tap.flac", "-o", "out"]).refused(&[
        "tap.wav",
        "other/tap.flac",
        "same file",
        "different folders",
    ]);
    assert!(!bench.dir().join("out").exists());
}

#[test]
fn a_region_can_be_embedded() {
    let bench = bench();
    bench.run(["embed", "bell.wav", "--from", "2", "--to", "3", "-o", "out"]).ended(0);
    assert_eq!(read_npy(&bench.dir().join("out/bell.npy")).shape, [1, SIZE]);
    let times = fs::read_to_string(bench.dir().join("out/bell.times.csv")).unwrap();
    assert!(times.lines().nth(1).unwrap().starts_with("0,2.0"), "times are those of the file: {times}");
}

#[test]
fn bad_sounds_are_told_and_the_others_are_embedded() {
    let bench = bench();
    bench.write("bad.wav", b"");
    let ran =
        bench.run_with_input(["embed", "--files-from", "-", "-o", "out"], b"bad.wav\nnone.wav\ntap.wav\n");
    let ran = ran.ended(2);
    assert!(
        ran.err.contains("bad.wav: is empty") && ran.err.contains("none.wav: cannot be opened"),
        "{}",
        ran.err
    );
    assert!(bench.dir().join("out/tap.npy").exists());
    let left: Vec<_> =
        fs::read_dir(bench.dir().join("out")).unwrap().map(|file| file.unwrap().file_name()).collect();
    assert_eq!(left.len(), 2, "{left:?}");
    bench.run(["embed"]).refused(&["name a sound"]);
    bench.run(["embed", "tap.wav", "-o", "bad.wav"]).refused(&["bad.wav", "create the folder"]);
}

#[test]
fn a_model_can_be_named() {
    let bench = bench();
    let model = Path::new(env!("CARGO_MANIFEST_DIR")).join("../models/aisfx");
    bench.run(["embed", "tap.wav", "-o", "out", "--model", model.to_str().unwrap()]).ended(0);
    assert_eq!(read_npy(&bench.dir().join("out/tap.npy")).shape, [1, SIZE]);
    bench.run(["embed", "tap.wav", "--model", "nosuch"]).refused(&["nosuch"]);
}

#[test]
fn a_file_of_someone_else_is_not_overwritten() {
    let bench = bench();
    for (name, args) in [
        ("tap.csv", &["embed", "tap.wav", "--format", "csv"][..]),
        ("tap.json", &["embed", "tap.wav", "--format", "json"]),
        ("tap.times.csv", &["embed", "tap.wav"]),
        ("tap.mel.npy", &["embed", "tap.wav", "--format", "csv", "--mel", "-o", "out"]),
    ] {
        let name = if args.contains(&"out") { format!("out/{name}") } else { name.to_owned() };
        let theirs = bench.write(&name, b"my own notes");
        bench.run(args).refused(&[&name, "was not written by this command", "-o DIR"]);
        assert_eq!(fs::read(&theirs).unwrap(), b"my own notes");
        fs::remove_file(theirs).unwrap();
        // What the command has written itself, it writes again.
        bench.run(args).ended(0);
        bench.run(args).ended(0);
    }
}
