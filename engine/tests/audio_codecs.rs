//! Every format that FFmpeg can write, decoded by both and compared. Without FFmpeg these tests skip themselves.

#![allow(clippy::unwrap_used)]

mod audio_support;

use std::path::Path;
use std::process::Command;

use audio_support::*;
use earmark_engine::audio::{AudioReader, Container};

const RATE_HZ: u32 = 44_100;

fn has_ffmpeg() -> bool {
    let found = Command::new("ffmpeg").arg("-version").output().is_ok_and(|output| output.status.success());
    if !found {
        eprintln!("skipped: no ffmpeg on PATH");
    }
    found
}

fn ffmpeg(args: &[&str]) -> Vec<u8> {
    let output = Command::new("ffmpeg").args(["-v", "error", "-y"]).args(args).output().unwrap();
    assert!(output.status.success(), "{args:?}: {}", String::from_utf8_lossy(&output.stderr));
    output.stdout
}

/// What FFmpeg decodes, interleaved.
fn decoded_by_ffmpeg(path: &Path) -> Vec<f32> {
    // Its own Opus decoder deviates in the voice modes from the reference decoder, libopus.
    let decoder: &[&str] = if path.extension().unwrap() == "opus" { &["-c:a", "libopus"] } else { &[] };
    let bytes = ffmpeg(&[decoder, &["-i", path.to_str().unwrap(), "-f", "f32le", "-"]].concat());
    bytes.as_chunks::<4>().0.iter().map(|&four| f32::from_le_bytes(four)).collect()
}

/// Two seconds: a rising tone on the left, a decaying burst of noise on the right.
fn sound(channels: usize) -> Vec<i16> {
    let noise = noise(2 * RATE_HZ as usize, 9);
    let tone = |i: usize| {
        let t = i as f64 / f64::from(RATE_HZ);
        (2.0 * std::f64::consts::PI * (200.0 * t + 700.0 * t * t)).sin() * 9000.0
    };
    let burst = |i: usize| f64::from(noise[i]) / 1000.0 * (-(i as f64) / 20_000.0).exp();
    (0..noise.len())
        .flat_map(|i| {
            (0..channels).map(move |channel| if channel % 2 == 0 { tone(i) } else { burst(i) } as i16)
        })
        .collect()
}

struct Case {
    name: &'static str,
    args: &'static [&'static str],
    container: Container,
    channels: usize,
    /// Largest allowed difference to what FFmpeg decodes; 0 for lossless formats.
    tolerance: f32,
}

const fn case(
    name: &'static str,
    args: &'static [&'static str],
    container: Container,
    tolerance: f32,
) -> Case {
    Case { name, args, container, channels: 2, tolerance }
}

#[test]
fn all_formats_agree_with_ffmpeg() {
    if !has_ffmpeg() {
        return;
    }
    let cases = [
        case("pcm24.wav", &["-c:a", "pcm_s24le"], Container::Wav, 0.0),
        case("f64.wav", &["-c:a", "pcm_f64le"], Container::Wav, 0.0),
        case("u8.wav", &["-c:a", "pcm_u8"], Container::Wav, 0.0),
        case("alaw.wav", &["-c:a", "pcm_alaw"], Container::Wav, 0.0),
        case("mulaw.wav", &["-c:a", "pcm_mulaw"], Container::Wav, 0.0),
        case("adpcm_ms.wav", &["-c:a", "adpcm_ms"], Container::Wav, 0.0),
        case("adpcm_ima.wav", &["-c:a", "adpcm_ima_wav"], Container::Wav, 0.0),
        case("mp3.wav", &["-c:a", "libmp3lame", "-f", "wav"], Container::Wav, 2e-4),
        case("rf64.wav", &["-c:a", "pcm_s24le", "-rf64", "always"], Container::Rf64, 0.0),
        case("a.w64", &["-c:a", "pcm_s24le"], Container::Wave64, 0.0),
        case("a.aiff", &["-c:a", "pcm_s24be"], Container::Aiff, 0.0),
        case("float.aiff", &["-c:a", "pcm_f32be"], Container::Aiff, 0.0),
        case("sowt.aiff", &["-c:a", "pcm_s16le"], Container::Aiff, 0.0),
        case("alaw.aiff", &["-c:a", "pcm_alaw"], Container::Aiff, 0.0),
        case("a.caf", &["-c:a", "pcm_s24be"], Container::Caf, 0.0),
        case("float.caf", &["-c:a", "pcm_f32le"], Container::Caf, 0.0),
        case("alac.caf", &["-c:a", "alac"], Container::Caf, 0.0),
        case("a.flac", &["-c:a", "flac"], Container::Flac, 0.0),
        case("flac24.flac", &["-c:a", "flac", "-sample_fmt", "s32"], Container::Flac, 0.0),
        case("flac.oga", &["-c:a", "flac", "-f", "ogg"], Container::Ogg, 0.0),
        case("a.mp3", &["-c:a", "libmp3lame", "-b:a", "192k"], Container::Mp3, 2e-4),
        case("vbr.mp3", &["-c:a", "libmp3lame", "-q:a", "4"], Container::Mp3, 2e-4),
        case("a.mp2", &["-c:a", "mp2"], Container::Mp3, 2e-4),
        case("a.ogg", &["-c:a", "libvorbis", "-q:a", "5"], Container::Ogg, 2e-4),
        case("a.opus", &["-c:a", "libopus", "-b:a", "128k"], Container::Ogg, 2e-4),
        case("voice.opus", &["-c:a", "libopus", "-b:a", "20k", "-application", "voip"], Container::Ogg, 2e-4),
        case("a.m4a", &["-c:a", "aac", "-b:a", "192k"], Container::M4a, 2e-4),
        case("alac.m4a", &["-c:a", "alac"], Container::M4a, 0.0),
        case("a.aac", &["-c:a", "aac", "-f", "adts"], Container::Aac, 2e-4),
        Case { channels: 1, ..case("mono.opus", &["-c:a", "libopus"], Container::Ogg, 2e-4) },
        Case { channels: 6, ..case("six.opus", &["-c:a", "libopus", "-b:a", "384k"], Container::Ogg, 2e-4) },
        Case { channels: 6, ..case("six.flac", &["-c:a", "flac"], Container::Flac, 0.0) },
        Case { channels: 1, ..case("mono.mp3", &["-c:a", "libmp3lame"], Container::Mp3, 2e-4) },
    ];
    let folder = tempfile::tempdir().unwrap();
    let mut failures = Vec::new();
    for case in &cases {
        let source = folder.path().join("source.wav");
        std::fs::write(&source, wav16(case.channels as u16, RATE_HZ, &sound(case.channels))).unwrap();
        let path = folder.path().join(case.name);
        ffmpeg(&[&["-i", source.to_str().unwrap()], case.args, &[path.to_str().unwrap()]].concat());
        if let Err(why) = compare(&path, case) {
            failures.push(format!("{}: {why}", case.name));
        }
    }
    assert!(failures.is_empty(), "\n{}", failures.join("\n"));
}

fn compare(path: &Path, case: &Case) -> Result<(), String> {
    let mut reader = AudioReader::open(path).map_err(|error| error.to_string())?;
    let format = *reader.format();
    if (format.container, usize::from(format.channels)) != (case.container, case.channels) {
        return Err(format!("{format:?}"));
    }
    let mut got = read_all(&mut reader).map_err(|error| error.to_string())?;
    if case.name == "six.opus" {
        // Vorbis order here (left, centre, right, …), WAV order there.
        got = got.chunks_exact(6).flat_map(|six| [0, 2, 1, 5, 3, 4].map(|channel| six[channel])).collect();
    }
    let want = decoded_by_ffmpeg(path);
    // Lossy streams may end in padding that only one of the two knows to drop.
    let slack = if case.tolerance == 0.0 { 0 } else { 2400 * case.channels };
    if got.len().abs_diff(want.len()) > slack {
        return Err(format!("{} samples, ffmpeg {}", got.len(), want.len()));
    }
    let worst = got.iter().zip(&want).map(|(a, b)| (a - b).abs()).fold(0f32, f32::max);
    println!("{}: {} and {} samples, difference {worst:e}", case.name, got.len(), want.len());
    if worst > case.tolerance {
        return Err(format!("differs by {worst}"));
    }
    if !reader.warnings().is_empty() {
        return Err(format!("warns {:?}", reader.warnings()));
    }
    Ok(())
}

/// An Ogg stream whose pages tell other granule positions (RFC 3533 §6); `change` is given the page's number, how many
/// there are, and its position.
fn with_granules(ogg: &[u8], change: impl Fn(usize, usize, u64) -> u64) -> Vec<u8> {
    let mut bytes = ogg.to_vec();
    let pages = ogg.windows(4).filter(|four| four == b"OggS").count();
    let (mut at, mut number) = (0, 0);
    while at < bytes.len() {
        assert_eq!(&bytes[at..at + 4], b"OggS");
        let segments = usize::from(bytes[at + 26]);
        let content: usize = bytes[at + 27..][..segments].iter().copied().map(usize::from).sum();
        let page = &mut bytes[at..][..27 + segments + content];
        at += page.len();
        let granule = u64::from_le_bytes(page[6..14].try_into().unwrap());
        page[6..14].copy_from_slice(&change(number, pages, granule).to_le_bytes());
        page[22..26].fill(0);
        let sum = page.iter().fold(0_u32, |sum, byte| {
            let mixed = sum ^ u32::from(*byte) << 24;
            (0..8).fold(mixed, |sum, _| sum << 1 ^ if sum >> 31 == 1 { 0x04c1_1db7 } else { 0 })
        });
        page[22..26].copy_from_slice(&sum.to_le_bytes());
        number += 1;
    }
    assert!(number > 8 && number == pages, "{number} pages");
    bytes
}

#[test]
fn ogg_pages_that_count_too_little_lose_no_samples() {
    if !has_ffmpeg() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let source = folder.path().join("source.wav");
    std::fs::write(&source, wav16(2, RATE_HZ, &sound(2))).unwrap();
    for (name, codec) in [("a.ogg", "libvorbis"), ("a.opus", "libopus")] {
        let path = folder.path().join(name);
        let (from, to) = (source.to_str().unwrap(), path.to_str().unwrap());
        ffmpeg(&["-i", from, "-c:a", codec, "-page_duration", "200000", to]);
        let original = std::fs::read(&path).unwrap();
        let decoded = |change: &dyn Fn(usize, usize, u64) -> u64| {
            std::fs::write(&path, with_granules(&original, change)).unwrap();
            let mut reader = AudioReader::open(&path).unwrap();
            let samples = read_all(&mut reader).unwrap();
            assert_eq!(reader.warnings(), [""; 0], "{name}");
            samples
        };
        let whole = decoded(&|_, _, granule| granule);
        // Headers come first; then a page tells where the stream begins, and the last two tell where it ends.
        let in_the_middle = |number: usize, pages: usize| (4..pages - 2).contains(&number);
        let short = |by: u64| {
            move |number, pages, granule| granule - if in_the_middle(number, pages) { by } else { 0 }
        };
        let uncounted =
            |number, pages, granule| if in_the_middle(number, pages) { u64::MAX } else { granule };
        assert!(decoded(&short(448)) == whole, "{name}: counted short");
        assert!(decoded(&uncounted) == whole, "{name}: not counted");
        // The last page alone tells what is padding.
        let cut = decoded(&|number, pages, granule| granule - if number + 1 == pages { 300 } else { 0 });
        assert!(cut == whole[..whole.len() - 2 * 300], "{name}: {} of {}", cut.len(), whole.len());
        // Of streams that are chained, each is cut at its own end.
        std::fs::write(&path, [&original[..], &original].concat()).unwrap();
        let twice = read_all(&mut AudioReader::open(&path).unwrap()).unwrap();
        assert!(twice == [&whole[..], &whole].concat(), "{name}: {} of twice {}", twice.len(), whole.len());
        // What lies before time zero is not part of a Vorbis stream; of an Opus stream it is told in another way.
        if codec == "libvorbis" {
            let late = decoded(&|_, _, granule| granule.saturating_sub(100));
            assert!(late == whole[2 * 100..], "{} of {}", late.len(), whole.len());
        }
    }
}

#[test]
fn an_mp3_named_wav_is_read_as_mp3() {
    if !has_ffmpeg() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let (source, path) = (folder.path().join("source.wav"), folder.path().join("really.wav"));
    std::fs::write(&source, wav16(2, RATE_HZ, &sound(2))).unwrap();
    ffmpeg(&["-i", source.to_str().unwrap(), "-f", "mp3", path.to_str().unwrap()]);
    let mut reader = AudioReader::open(&path).unwrap();
    assert_eq!(reader.format().container, Container::Mp3);
    assert!(read_all(&mut reader).unwrap().len() >= 2 * sound(1).len());
}

#[test]
fn tags_are_read_from_every_container() {
    if !has_ffmpeg() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let source = folder.path().join("source.wav");
    std::fs::write(&source, wav16(2, RATE_HZ, &sound(2))).unwrap();
    for name in ["a.mp3", "a.flac", "a.ogg", "a.opus", "a.m4a", "a.wav", "a.aiff"] {
        let path = folder.path().join(name);
        let tags =
            ["-metadata", "title=Grüner Wald", "-metadata", "comment=birds", "-metadata", "CATID=AMBForst"];
        ffmpeg(&[&["-i", source.to_str().unwrap()], &tags[..], &[path.to_str().unwrap()]].concat());
        let metadata = AudioReader::open(&path).unwrap().metadata().clone();
        assert_eq!(metadata.title.as_deref(), Some("Grüner Wald"), "{name}");
        if name != "a.aiff" {
            assert_eq!(metadata.description.as_deref(), Some("birds"), "{name}");
        }
        if ["a.mp3", "a.flac", "a.ogg", "a.opus"].contains(&name) {
            assert_eq!(metadata.cat_id.as_deref(), Some("AMBForst"), "{name}");
        }
    }
}

#[test]
fn regions_of_compressed_files_are_exact() {
    if !has_ffmpeg() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let source = folder.path().join("source.wav");
    std::fs::write(&source, wav16(2, RATE_HZ, &sound(2))).unwrap();
    for name in ["a.flac", "a.mp3", "a.ogg", "a.m4a"] {
        let path = folder.path().join(name);
        ffmpeg(&["-i", source.to_str().unwrap(), path.to_str().unwrap()]);
        let whole = decode(&path).unwrap();
        let mut reader = AudioReader::open(&path).unwrap();
        reader.skip_to_s(1.2345).unwrap();
        let start = 2 * (1.2345 * f64::from(RATE_HZ)).round() as usize;
        assert!(read_all(&mut reader).unwrap() == whole[start..], "{name}");
    }
}

#[test]
fn cut_and_damaged_compressed_files_never_panic() {
    if !has_ffmpeg() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let source = folder.path().join("source.wav");
    std::fs::write(&source, wav16(2, RATE_HZ, &sound(2)[..20_000])).unwrap();
    for name in ["a.flac", "a.mp3", "a.ogg", "a.opus", "a.m4a", "alac.caf"] {
        let path = folder.path().join(name);
        let codec: &[&str] = if name == "alac.caf" { &["-c:a", "alac"] } else { &[] };
        ffmpeg(&[&["-i", source.to_str().unwrap()], codec, &[path.to_str().unwrap()]].concat());
        let whole = std::fs::read(&path).unwrap();
        let samples = decode(&path).unwrap().len();
        for part in 1..12 {
            let cut = &whole[..whole.len() * part / 12];
            if let Ok(got) = decode_bytes(name, cut) {
                assert!(got.len() <= samples + 10_000, "{name}");
            }
        }
        let positions = noise(60, 11);
        for pair in positions.chunks(2) {
            let mut bytes = whole.clone();
            let at = pair[0].unsigned_abs() as usize % bytes.len();
            bytes[at] ^= pair[1] as u8 | 1;
            let _ = decode_bytes(name, &bytes);
        }
    }
}
