//! What the encoders write, read back independently of them, and how the library lands on disk.
#![allow(clippy::unwrap_used)]

use earmark_demo::{
    Audio, Bext, Chunks, Container, DemoError, FileFormat, SampleFormat, caf, flac, library, render, w64,
    wav, write_library,
};
use symphonia::core::formats::TrackType;
use symphonia::core::formats::probe::Hint;
use symphonia::core::io::MediaSourceStream;

const FORMATS: [SampleFormat; 6] = [
    SampleFormat::I8,
    SampleFormat::I16,
    SampleFormat::I24,
    SampleFormat::I32,
    SampleFormat::F32,
    SampleFormat::F64,
];

fn swish() -> Audio {
    render("swish", 1, 1).unwrap()
}

fn tagged() -> Chunks {
    Chunks {
        bext: Some(Bext {
            description: "a description".to_owned(),
            time_reference_samples: 7,
            ..Bext::default()
        }),
        ixml: Some("<BWFXML/>".to_owned()),
        info: vec![(*b"INAM", "a name".to_owned()), (*b"ICMT", "a comment".to_owned())],
    }
}

/// What a sample comes back as after a format of so many bits.
fn expected(audio: &Audio, format: SampleFormat) -> Vec<f32> {
    let round = |sample: f32| match format {
        SampleFormat::F32 | SampleFormat::F64 => sample,
        integer => {
            let scale = (1_u64 << (integer.bits() - 1)) as f64;
            ((f64::from(sample) * scale).round().clamp(-scale, scale - 1.0) / scale) as f32
        }
    };
    (0..audio.samples_per_channel())
        .flat_map(|index| audio.channels.iter().map(move |channel| round(channel[index])))
        .collect()
}

/// Decodes with symphonia: rate, channels, interleaved samples.
fn decode(bytes: Vec<u8>) -> (u32, usize, Vec<f32>) {
    let stream = MediaSourceStream::new(Box::new(std::io::Cursor::new(bytes)), Default::default());
    let mut format = symphonia::default::get_probe()
        .probe(&Hint::new(), stream, Default::default(), Default::default())
        .unwrap();
    let track = format.default_track(TrackType::Audio).unwrap();
    let parameters = track.codec_params.as_ref().unwrap().audio().unwrap().clone();
    let mut decoder =
        symphonia::default::get_codecs().make_audio_decoder(&parameters, &Default::default()).unwrap();
    let mut samples = Vec::new();
    while let Some(packet) = format.next_packet().unwrap() {
        let block = decoder.decode(&packet).unwrap();
        let start = samples.len();
        samples.resize(start + block.samples_interleaved(), 0.0);
        block.copy_to_slice_interleaved(&mut samples[start..]);
    }
    (parameters.sample_rate.unwrap(), parameters.channels.unwrap().count(), samples)
}

fn u16_at(bytes: &[u8], at: usize) -> u16 {
    u16::from_le_bytes(bytes[at..at + 2].try_into().unwrap())
}

fn u32_at(bytes: &[u8], at: usize) -> u32 {
    u32::from_le_bytes(bytes[at..at + 4].try_into().unwrap())
}

fn u64_at(bytes: &[u8], at: usize) -> u64 {
    u64::from_le_bytes(bytes[at..at + 8].try_into().unwrap())
}

/// The chunks of a RIFF-like file: identifier, content. The size of `data` may come from `ds64`.
fn riff_chunks(bytes: &[u8], data_bytes: Option<usize>) -> Vec<(String, Vec<u8>)> {
    let mut chunks = Vec::new();
    let mut at = 12;
    while at < bytes.len() {
        let id = String::from_utf8(bytes[at..at + 4].to_vec()).unwrap();
        let size = match u32_at(bytes, at + 4) {
            u32::MAX => data_bytes.unwrap(),
            size => size as usize,
        };
        chunks.push((id, bytes[at + 8..at + 8 + size].to_vec()));
        at += 8 + size + size % 2;
    }
    assert_eq!(at, bytes.len(), "chunks fill the file exactly");
    chunks
}

fn content<'a>(chunks: &'a [(String, Vec<u8>)], id: &str) -> &'a [u8] {
    &chunks.iter().find(|(other, _)| other == id).unwrap().1
}

#[test]
fn a_wave_file_has_the_header_of_the_standard() {
    let audio = swish();
    for format in FORMATS {
        let bytes = wav::encode(&audio, format, &tagged());
        assert_eq!((&bytes[..4], &bytes[8..12]), (&b"RIFF"[..], &b"WAVE"[..]));
        assert_eq!(u32_at(&bytes, 4) as usize, bytes.len() - 8);
        let chunks = riff_chunks(&bytes, None);
        let fmt = content(&chunks, "fmt ");
        let (channels, width) = (audio.channels.len(), format.bytes());
        assert_eq!(u16_at(fmt, 0), if format.is_float() { 3 } else { 1 });
        assert_eq!(usize::from(u16_at(fmt, 2)), channels);
        assert_eq!(u32_at(fmt, 4), audio.sample_rate_hz);
        assert_eq!(u32_at(fmt, 8) as usize, audio.sample_rate_hz as usize * channels * width);
        assert_eq!(usize::from(u16_at(fmt, 12)), channels * width);
        assert_eq!(u16_at(fmt, 14), format.bits());
        assert_eq!(content(&chunks, "data").len(), audio.samples_per_channel() * channels * width);
        assert_eq!(content(&chunks, "iXML"), b"<BWFXML/>");
        let bext = content(&chunks, "bext");
        assert_eq!((bext.len(), &bext[..14], u64_at(bext, 338)), (602, &b"a description\0"[..], 7));
        let info = content(&chunks, "LIST");
        assert!(info.starts_with(b"INFOINAM\x07\0\0\0a name\0\0ICMT"));
    }
}

#[test]
fn more_than_two_channels_make_an_extensible_header() {
    let mono = swish().channels.remove(0);
    let audio = Audio { sample_rate_hz: 48_000, channels: vec![mono; 6] };
    let bytes = wav::encode(&audio, SampleFormat::I24, &Chunks::default());
    let chunks = riff_chunks(&bytes, None);
    let fmt = content(&chunks, "fmt ");
    assert_eq!(
        (fmt.len(), u16_at(fmt, 0), u16_at(fmt, 2), u16_at(fmt, 18), u16_at(fmt, 24)),
        (40, 0xfffe, 6, 24, 1)
    );
}

#[test]
fn rf64_and_bw64_keep_their_sizes_in_ds64() {
    let audio = swish();
    for (id, name) in [(wav::Id64::Rf64, b"RF64"), (wav::Id64::Bw64, b"BW64")] {
        let bytes = wav::encode_64(&audio, SampleFormat::I24, &tagged(), id);
        assert_eq!(&bytes[..4], name);
        assert_eq!((u32_at(&bytes, 4), &bytes[12..16]), (u32::MAX, &b"ds64"[..]));
        let (size, data, samples) = (u64_at(&bytes, 20), u64_at(&bytes, 28), u64_at(&bytes, 36));
        assert_eq!(size as usize, bytes.len() - 8);
        assert_eq!(samples as usize, audio.samples_per_channel());
        let chunks = riff_chunks(&bytes, Some(data as usize));
        let plain = wav::encode(&audio, SampleFormat::I24, &tagged());
        assert_eq!(content(&chunks, "data"), content(&riff_chunks(&plain, None), "data"));
        assert_eq!(content(&chunks, "iXML"), b"<BWFXML/>");
    }
}

#[test]
fn wave64_chunks_are_aligned_and_fill_the_file() {
    let audio = swish();
    let bytes = w64::encode(&audio, SampleFormat::I16, &tagged());
    assert_eq!(
        (&bytes[..4], &bytes[24..28], u64_at(&bytes, 16) as usize),
        (&b"riff"[..], &b"wave"[..], bytes.len())
    );
    let mut at = 40;
    let mut ids = Vec::new();
    while at < bytes.len() {
        assert_eq!(at % 8, 0);
        let size = u64_at(&bytes, at + 16) as usize;
        if &bytes[at..at + 4] == b"data" {
            assert_eq!(size, 24 + 2 * audio.samples_per_channel() * audio.channels.len());
        }
        ids.push(String::from_utf8(bytes[at..at + 4].to_vec()).unwrap());
        at += size.next_multiple_of(8);
    }
    assert_eq!(ids, ["fmt ", "bext", "data", "list"]);
    assert_eq!(at, bytes.len());
}

#[test]
fn other_decoders_get_back_exactly_what_went_in() {
    let audio = swish();
    for container in [Container::Wav, Container::Aiff, Container::Caf, Container::Flac] {
        for sample_format in FORMATS {
            if (container, sample_format) == (Container::Caf, SampleFormat::I8) {
                // The format allows it; this decoder does not know it.
                continue;
            }
            let stored = match (container, sample_format) {
                (Container::Flac, SampleFormat::I8) => SampleFormat::I16,
                (Container::Flac, SampleFormat::I32 | SampleFormat::F32 | SampleFormat::F64) => {
                    SampleFormat::I24
                }
                _ => sample_format,
            };
            let bytes = FileFormat { container, sample_format }.encode(&audio, &tagged());
            let (rate_hz, channels, samples) = decode(bytes);
            let name = format!("{container:?} {sample_format:?}");
            assert_eq!((rate_hz, channels), (audio.sample_rate_hz, audio.channels.len()), "{name}");
            assert!(samples == expected(&audio, stored), "{name}");
        }
    }
}

#[test]
fn flac_survives_extremes() {
    let noise = render("rain_open", 3, 1).unwrap().channels.remove(0);
    let full: Vec<f32> = noise.iter().map(|sample| if *sample > 0.0 { 1.0 } else { -1.0 }).collect();
    for (length, source) in
        [(0, &noise), (1, &noise), (2, &full), (4096, &full), (4097, &noise), (20_000, &full)]
    {
        let silence = vec![0.0; length];
        let audio = Audio { sample_rate_hz: 22_050, channels: vec![source[..length].to_vec(), silence] };
        let bytes = flac::encode(&audio, SampleFormat::I24, &Chunks::default());
        if length > 0 {
            let (rate_hz, channels, samples) = decode(bytes);
            assert_eq!((rate_hz, channels), (22_050, 2));
            assert!(samples == expected(&audio, SampleFormat::I24), "{length} samples");
        } else {
            assert_eq!(&bytes[..4], b"fLaC");
        }
    }
}

#[test]
fn out_of_range_samples_saturate_instead_of_wrapping() {
    let audio = Audio { sample_rate_hz: 8000, channels: vec![vec![2.0, -2.0, 1.0, f32::NAN, f32::INFINITY]] };
    let bytes = wav::encode(&audio, SampleFormat::I16, &Chunks::default());
    let data = &bytes[bytes.len() - 10..];
    let values: Vec<i16> = data.chunks(2).map(|pair| i16::from_le_bytes([pair[0], pair[1]])).collect();
    assert_eq!(values, [32767, -32768, 32767, 0, 32767]);
}

#[test]
fn every_file_says_that_it_is_not_a_recording() {
    for sound in library(1) {
        // Metadata alone is looked at, so an empty sound will do.
        let empty = Audio { sample_rate_hz: 48_000, channels: vec![Vec::new()] };
        let bytes = sound.format.encode(&empty, &sound.chunks());
        let text = String::from_utf8_lossy(&bytes).into_owned();
        assert!(text.contains("synthesised by earmark demo, not a recording"), "{}", sound.file_name);
        if let Some(ixml) = sound.chunks().ixml {
            assert!(ixml.contains(&format!("<CATID>{}</CATID>", sound.cat_id)));
            assert!(ixml.contains("synthesised by earmark demo, not a recording"));
        }
    }
    let caf_bytes = caf::encode(&swish(), SampleFormat::I16, &tagged());
    assert!(caf_bytes.windows(17).any(|window| window == b"comments\0a comment"[..17].as_ref()));
}

#[test]
fn the_library_is_written_once_and_never_over_something_else() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().join("new/demo");
    let mut paths = Vec::new();
    let first = write_library(&root, 1, &mut |path| paths.push(path.to_owned())).unwrap();
    assert_eq!((first.written, first.unchanged, paths.len()), (library(1).len(), 0, library(1).len()));
    assert!(paths.iter().all(|path| path.is_file()));
    let on_disk: u64 = paths.iter().map(|path| path.metadata().unwrap().len()).sum();
    assert_eq!(first.bytes, on_disk);
    let readme = std::fs::read_to_string(root.join("README.txt")).unwrap();
    assert!(readme.contains("synthesised by earmark demo, not a recording"));
    for path in &paths {
        let leftovers = std::fs::read_dir(path.parent().unwrap()).unwrap();
        assert!(leftovers.flatten().all(|entry| !entry.file_name().to_string_lossy().starts_with('.')));
    }

    // An interrupted run is finished by the next.
    let missing = paths.last().unwrap();
    std::fs::remove_file(missing).unwrap();
    let second = write_library(&root, 1, &mut |_| {}).unwrap();
    assert_eq!((second.written, second.unchanged), (1, paths.len() - 1));

    // A file that someone changed stays as it is.
    std::fs::write(&paths[0], b"mine").unwrap();
    let error = write_library(&root, 1, &mut |_| {}).unwrap_err();
    assert!(matches!(&error, DemoError::Occupied { path } if *path == paths[0]), "{error}");
    assert!(error.to_string().contains("choose an empty folder"));
    assert_eq!(std::fs::read(&paths[0]).unwrap(), b"mine");

    // So does the library of another seed.
    let error = write_library(&root, 2, &mut |_| {}).unwrap_err();
    assert!(matches!(&error, DemoError::Occupied { path } if path.ends_with("README.txt")), "{error}");
}

#[test]
fn a_folder_that_cannot_be_made_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("file");
    std::fs::write(&file, b"").unwrap();
    let error = write_library(&file.join("demo"), 1, &mut |_| {}).unwrap_err();
    assert!(matches!(error, DemoError::CreateFolder { .. }));
    assert!(error.to_string().contains("file"));
}
