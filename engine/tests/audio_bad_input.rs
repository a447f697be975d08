//! Damaged, hostile and mislabelled files: an error that names the file, never a panic, never a huge allocation.

#![allow(clippy::unwrap_used)]

mod audio_support;

use audio_support::*;
use earmark_engine::audio::{AudioError, AudioReader, MonoStream, riff as chunks};

fn error_of(name: &str, bytes: &[u8]) -> AudioError {
    let error = decode_bytes(name, bytes).expect_err(name);
    let message = error.to_string();
    assert!(message.contains(name) && !message.contains('\n'), "{message}");
    assert!(error.path().ends_with(name));
    error
}

fn wav(format: Vec<u8>, data: &[u8]) -> Vec<u8> {
    riff(&[chunk(b"fmt ", &format), chunk(b"data", data)])
}

#[test]
fn an_empty_file_is_called_empty() {
    assert!(matches!(error_of("empty.wav", b""), AudioError::Empty { .. }));
}

#[test]
fn garbage_is_not_audio() {
    let noise: Vec<u8> =
        noise(50_000, 5).iter().flat_map(|value| value.to_le_bytes()[..3].to_vec()).collect();
    let text = b"Dear editor, please find the sounds enclosed. ".repeat(1000);
    for bytes in [noise, text, vec![0; 100_000], vec![0xFF; 100_000], b"R".to_vec(), b"RIFF".to_vec()] {
        let error = error_of("garbage.wav", &bytes);
        assert!(matches!(error, AudioError::NotAudio { .. } | AudioError::Malformed { .. }), "{error}");
    }
}

#[test]
fn a_folder_a_missing_file_and_a_pipe_are_told_apart() {
    let folder = tempfile::tempdir().unwrap();
    let opened = |path: &std::path::Path| AudioReader::open(path).err().unwrap();
    assert!(matches!(opened(folder.path()), AudioError::NotAFile { what: "a folder", .. }));
    assert!(matches!(opened(&folder.path().join("gone.wav")), AudioError::Open { .. }));
    #[cfg(target_os = "linux")]
    assert!(matches!(opened("/dev/null".as_ref()), AudioError::NotAFile { .. }));
}

#[cfg(unix)]
#[test]
fn a_file_without_read_permission_says_so() {
    use std::os::unix::fs::PermissionsExt;
    let file = file("secret.wav", &wav16(1, 44_100, &[1; 100]));
    std::fs::set_permissions(&file.path, PermissionsExt::from_mode(0o000)).unwrap();
    if std::fs::File::open(&file.path).is_ok() {
        eprintln!("skipped: this user may read everything");
        return;
    }
    let error = AudioReader::open(&file.path).err().unwrap();
    assert!(
        matches!(&error, AudioError::Open { source, .. } if source.kind() == std::io::ErrorKind::PermissionDenied)
    );
}

#[test]
fn zero_samples_are_no_audio() {
    let tagged = riff(&[
        chunk(b"fmt ", &fmt(1, 1, 44_100, 2, 16)),
        chunk(b"data", b""),
        chunk(b"LIST", b"INFOICMT\x04\0\0\0abc\0"),
    ]);
    for bytes in [wav(fmt(1, 1, 44_100, 2, 16), b""), tagged, aiff(None, 1, 44_100, 16, b"", &[])] {
        assert!(matches!(error_of("silent.wav", &bytes), AudioError::NoAudio { .. }));
    }
}

#[test]
fn nan_and_infinity_are_reported_with_their_time() {
    for bad in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY] {
        let mut samples = vec![0.25f32; 2 * 8000];
        samples[2 * 6000 + 1] = bad;
        let data: Vec<u8> = samples.iter().flat_map(|sample| sample.to_le_bytes()).collect();
        let file = file("bad.wav", &wav(fmt(3, 2, 8000, 4, 32), &data));
        for rate_hz in [8000, 44_100] {
            let error = mono(&file.path, rate_hz).unwrap_err();
            assert!(matches!(error, AudioError::NonFinite { time_s: 0.75, .. }), "{error}");
        }
        let reader = AudioReader::open(&file.path).unwrap();
        let mut region = MonoStream::from_reader(reader, 8000, 0.5, None).unwrap();
        let error = std::iter::repeat_with(|| region.next_block().map(|_| ())).find_map(Result::err).unwrap();
        assert!(matches!(error, AudioError::NonFinite { time_s: 0.75, .. }), "{error}");
    }
}

#[test]
fn absurd_claims_are_refused() {
    let limit = |bytes: &[u8]| matches!(error_of("claims.wav", bytes), AudioError::Limit { .. });
    let malformed = |bytes: &[u8]| matches!(error_of("claims.wav", bytes), AudioError::Malformed { .. });
    assert!(limit(&wav(fmt(1, 65_535, 48_000, 2, 16), &[0; 64])));
    assert!(limit(&wav(fmt(1, 2, u32::MAX, 2, 16), &[0; 64])));
    assert!(malformed(&wav(fmt(1, 0, 48_000, 2, 16), &[0; 64])));
    assert!(malformed(&wav(fmt(1, 2, 0, 2, 16), &[0; 64])));
    assert!(malformed(&wav(fmt(1, 2, 48_000, 0, 0), &[0; 64])));
    assert!(malformed(&wav(vec![1, 0, 2, 0], &[0; 64])));
    assert!(malformed(&riff(&[chunk(b"data", &[0; 64])])));
    assert!(malformed(&riff(&[chunk(b"fmt ", &fmt(1, 1, 48_000, 2, 16))])));
    let error = error_of("claims.wav", &caf(false, u32::MAX / 2, 48_000.0, 16, &[0; 64]));
    assert!(matches!(
        error,
        AudioError::Limit { .. } | AudioError::Malformed { .. } | AudioError::Unsupported { .. }
    ));
}

#[test]
fn four_gigabytes_of_metadata_are_only_claimed() {
    for id in [b"LIST", b"iXML", b"bext", b"id3 "] {
        // In front of the samples such a claim hides them.
        let mut hidden = riff(&[
            chunk(b"fmt ", &fmt(1, 1, 44_100, 2, 16)),
            chunk(id, b"INFOICMT"),
            chunk(b"data", &[1; 64]),
        ]);
        let at = 12 + 24 + 4;
        hidden[at..at + 4].copy_from_slice(&0xFFFF_FFF0u32.to_le_bytes());
        assert!(matches!(error_of("claim.wav", &hidden), AudioError::Malformed { .. }));
        // Behind them it costs nothing.
        let mut behind = riff(&[
            chunk(b"fmt ", &fmt(1, 1, 44_100, 2, 16)),
            chunk(b"data", &[1; 64]),
            chunk(id, b"INFOICMT\xFF\xFF\xFF\xFFtext"),
        ]);
        let at = 12 + 24 + 72 + 4;
        behind[at..at + 4].copy_from_slice(&u32::MAX.to_le_bytes());
        assert_eq!(decode_bytes("claim.wav", &behind).unwrap().len(), 32);
    }
}

#[test]
fn metadata_of_any_bytes_never_fails_the_decoding() {
    let garbage: Vec<u8> = noise(2000, 6).iter().flat_map(|value| value.to_le_bytes()).collect();
    let texts: [&[u8]; 6] = [
        &garbage,
        b"<BWFXML><USER><CATID>A</USER>",
        b"<<<<>>>>&&&",
        b"INFO\xFF\xFF\xFF",
        b"ID3\x04\0\0\x7F\x7F\x7F\x7F",
        b"",
    ];
    for id in [b"LIST", b"iXML", b"bext", b"id3 "] {
        for text in texts {
            let bytes =
                riff(&[chunk(b"fmt ", &fmt(1, 1, 44_100, 2, 16)), chunk(id, text), chunk(b"data", &[1; 64])]);
            assert_eq!(decode_bytes("tagged.wav", &bytes).unwrap().len(), 32);
        }
    }
}

#[test]
fn an_unclosed_ixml_element_costs_only_itself() {
    let text = b"<BWFXML><USER><CATID>AMBForst</CATID><NOTES>open <FXNAME>Wind</FXNAME></USER></BWFXML>";
    let bytes =
        riff(&[chunk(b"fmt ", &fmt(1, 1, 44_100, 2, 16)), chunk(b"iXML", text), chunk(b"data", &[1; 64])]);
    let file = file("a.wav", &bytes);
    assert_eq!(AudioReader::open(&file.path).unwrap().metadata().cat_id.as_deref(), Some("AMBForst"));
}

#[test]
fn files_cut_anywhere_or_with_any_byte_flipped_never_panic() {
    let samples: Vec<u8> = (0..=255).collect();
    let format = fmt(1, 2, 44_100, 2, 16);
    let tagged = riff(&[
        chunk(b"fmt ", &format),
        chunk(b"LIST", b"INFOICMT\x04\0\0\0abc\0"),
        chunk(b"iXML", b"<BWFXML><USER><CATID>X</CATID></USER></BWFXML>"),
        chunk(b"data", &samples),
    ]);
    let files = [
        tagged,
        rf64(b"RF64", &format, &samples, 256),
        wave64(&format, &samples),
        aiff(None, 2, 44_100, 16, &samples, &[]),
        aiff(Some(b"fl32"), 2, 44_100, 32, &samples, &[]),
        caf(false, 2, 44_100.0, 16, &samples),
    ];
    for (index, whole) in files.iter().enumerate() {
        assert_eq!(decode_bytes("whole", whole).unwrap().len(), if index == 4 { 64 } else { 128 });
        for len in (0..whole.len()).step_by(7) {
            if let Ok(samples) = decode_bytes("cut", &whole[..len]) {
                assert!(samples.len() < 129);
            }
        }
        for at in 0..whole.len().min(120) {
            for value in [0, 0x7F, 0x80, 0xFF] {
                let mut bytes = whole.clone();
                bytes[at] = value;
                let _ = decode_bytes("flipped", &bytes);
            }
        }
    }
}

#[test]
fn the_chunk_walk_never_leaves_the_stream() {
    let whole =
        riff(&[chunk(b"fmt ", &fmt(1, 1, 44_100, 2, 16)), chunk(b"abcd", &[7; 9]), chunk(b"data", &[0; 64])]);
    for at in 0..whole.len() {
        for value in [0, 1, 0x7F, 0xFF] {
            let mut bytes = whole.clone();
            bytes[at] = value;
            let len = bytes.len() as u64;
            let layout = chunks::walk(&mut std::io::Cursor::new(bytes)).unwrap();
            for chunk in layout.map(|layout| layout.chunks).unwrap_or_default() {
                assert!(chunk.start + chunk.len <= len);
            }
        }
    }
    // A file full of empty chunks ends.
    let many = riff(&vec![chunk(b"JUNK", b""); 100_000]);
    assert!(chunks::walk(&mut std::io::Cursor::new(many)).unwrap().unwrap().chunks.len() < 10_000);
}

#[test]
fn a_forgotten_padding_byte_is_forgiven() {
    let mut odd = chunk(b"note", &[7; 9]);
    odd.pop();
    let bytes = riff(&[chunk(b"fmt ", &fmt(1, 1, 44_100, 2, 16)), odd, chunk(b"data", &[1; 64])]);
    assert_eq!(decode_bytes("odd.wav", &bytes).unwrap().len(), 32);
}

#[test]
fn a_file_that_shrinks_while_read_ends_early() {
    let file = file("shrinking.wav", &wav16(1, 44_100, &vec![1000; 200_000]));
    let mut reader = AudioReader::open(&file.path).unwrap();
    let first = reader.next_block().unwrap().unwrap().len();
    std::fs::File::options().write(true).open(&file.path).unwrap().set_len(44 + 200_000).unwrap();
    let rest = read_all(&mut reader).unwrap().len();
    assert_eq!(first + rest, 100_000);
    assert!(reader.warnings()[0].starts_with("truncated"), "{:?}", reader.warnings());
}

#[test]
fn a_target_rate_out_of_bounds_is_refused() {
    let file = file("a.wav", &wav16(1, 44_100, &[1; 100]));
    for rate_hz in [0, u32::MAX] {
        assert!(matches!(
            MonoStream::open(&file.path, rate_hz).err().unwrap(),
            AudioError::TargetRate { .. }
        ));
    }
}

/// Ten tebibytes of the same sixteen bytes after a head; counts what is asked of it.
struct Endless {
    head: Vec<u8>,
    pattern: [u8; 16],
    position: u64,
    reads: std::rc::Rc<std::cell::Cell<usize>>,
}

impl std::io::Read for Endless {
    fn read(&mut self, bytes: &mut [u8]) -> std::io::Result<usize> {
        self.reads.set(self.reads.get() + 1);
        for byte in bytes.iter_mut() {
            let at = self.position as usize;
            *byte = self.head.get(at).copied().unwrap_or_else(|| self.pattern[(at - self.head.len()) % 16]);
            self.position += 1;
        }
        Ok(bytes.len())
    }
}

impl std::io::Seek for Endless {
    fn seek(&mut self, to: std::io::SeekFrom) -> std::io::Result<u64> {
        self.position = match to {
            std::io::SeekFrom::Start(position) => position,
            std::io::SeekFrom::Current(by) => self.position.saturating_add_signed(by),
            std::io::SeekFrom::End(by) => (10u64 << 40).saturating_add_signed(by),
        };
        Ok(self.position)
    }
}

#[test]
fn endless_headers_are_given_up_on() {
    for (form, pattern) in [
        (b"RF64", *b"ds64\x08\0\0\x0012345678"),
        (b"RF64", *b"ds64\0\0\0\0ds64\0\0\0\0"),
        (b"RIFF", *b"LIST\x08\0\0\x0012345678"),
    ] {
        let reads = std::rc::Rc::new(std::cell::Cell::new(0));
        let head = [&form[..], &u32::MAX.to_le_bytes(), b"WAVE"].concat();
        let mut stream = Endless { head, pattern, position: 0, reads: reads.clone() };
        let layout = chunks::walk(&mut stream).unwrap().unwrap();
        assert!(layout.chunks.len() <= 4096);
        assert!(reads.get() < 20_000, "{} reads", reads.get());
    }
}
