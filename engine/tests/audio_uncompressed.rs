//! WAV and its kin, AIFF and CAF: every sample encoding, long files, regions, metadata.

#![allow(clippy::unwrap_used)]

mod audio_support;

use std::io::{Seek, SeekFrom, Write};

use audio_support::*;
use earmark_engine::audio::{AudioError, AudioReader, Container, MonoStream};

fn expect(samples: &[i32], bits: u32) -> Vec<f32> {
    samples
        .iter()
        .map(|&value| (f64::from(value >> (24 - bits.min(24))) / f64::from(1 << (bits.min(24) - 1))) as f32)
        .collect()
}

/// Samples as integers of `bytes` bytes, left-justified.
fn integers(samples: &[i32], bytes: usize, big_endian: bool) -> Vec<u8> {
    let encode = |&value: &i32| {
        let wide = (value << 8).to_be_bytes();
        let mut kept = wide[..bytes].to_vec();
        if !big_endian {
            kept.reverse();
        }
        kept
    };
    samples.iter().flat_map(encode).collect()
}

#[test]
fn every_integer_width_of_wav_decodes_to_its_exact_value() {
    let samples = noise(3000, 1);
    for (bytes, channels) in [(2, 1), (3, 2), (4, 3)] {
        let fmt = fmt(1, channels, 48_000, bytes, 8 * bytes);
        let file = riff(&[chunk(b"fmt ", &fmt), chunk(b"data", &integers(&samples, bytes.into(), false))]);
        assert!(
            decode_bytes("a.wav", &file).unwrap() == expect(&samples, 8 * u32::from(bytes)),
            "{bytes} bytes"
        );
    }
    let unsigned: Vec<u8> = samples.iter().map(|&value| ((value >> 16) + 128) as u8).collect();
    let file = riff(&[chunk(b"fmt ", &fmt(1, 1, 8000, 1, 8)), chunk(b"data", &unsigned)]);
    assert!(decode_bytes("a.wav", &file).unwrap() == expect(&samples, 8));
}

#[test]
fn floats_pass_unchanged_even_beyond_full_scale() {
    let samples: Vec<f32> = noise(1000, 2).iter().map(|&value| value as f32 / 4e6).collect();
    let single: Vec<u8> = samples.iter().flat_map(|sample| sample.to_le_bytes()).collect();
    let double: Vec<u8> = samples.iter().flat_map(|&sample| f64::from(sample).to_le_bytes()).collect();
    for (bytes, data) in [(4, &single), (8, &double)] {
        for fmt in [fmt(3, 2, 96_000, bytes, 8 * bytes), fmt_extensible(3, 2, 96_000, bytes, 8 * bytes)] {
            let file = riff(&[chunk(b"fmt ", &fmt), chunk(b"data", data)]);
            assert!(decode_bytes("a.wav", &file).unwrap() == samples);
        }
    }
}

#[test]
fn an_extensible_header_tells_24_valid_bits_in_32() {
    let samples = noise(1000, 3);
    let fmt = fmt_extensible(1, 2, 48_000, 4, 24);
    let bytes = riff(&[chunk(b"fmt ", &fmt), chunk(b"data", &integers(&samples, 4, false))]);
    let file = file("a.wav", &bytes);
    let mut reader = AudioReader::open(&file.path).unwrap();
    assert_eq!(reader.format().bits_per_sample, Some(24));
    assert!(read_all(&mut reader).unwrap() == expect(&samples, 24));
}

#[test]
fn rf64_bw64_wave64_aiff_aifc_and_caf_hold_the_same_samples() {
    let samples = noise(2000, 4);
    let (little, big) = (integers(&samples, 3, false), integers(&samples, 3, true));
    let fmt = fmt(1, 2, 48_000, 3, 24);
    let len = little.len() as u64;
    let files = [
        (Container::Rf64, rf64(b"RF64", &fmt, &little, len)),
        (Container::Rf64, rf64(b"BW64", &fmt, &little, len)),
        (Container::Wave64, wave64(&fmt, &little)),
        (Container::Aiff, aiff(None, 2, 48_000, 24, &big, &[])),
        (Container::Aiff, aiff(Some(b"NONE"), 2, 48_000, 24, &big, &[])),
        (Container::Aiff, aiff(Some(b"sowt"), 2, 48_000, 24, &little, &[])),
        (Container::Caf, caf(false, 2, 48_000.0, 24, &little)),
    ];
    for (container, bytes) in files {
        // By content: the name says nothing.
        let file = file("sound.mp3", &bytes);
        let mut reader = AudioReader::open(&file.path).unwrap();
        let format = *reader.format();
        assert_eq!((format.container, format.sample_rate_hz, format.channels), (container, 48_000, 2));
        assert_eq!(
            (format.bits_per_sample, format.samples_per_channel),
            (Some(24), Some(1000)),
            "{container:?}"
        );
        assert!(read_all(&mut reader).unwrap() == expect(&samples, 24), "{container:?}");
        assert_eq!(reader.warnings(), [""; 0], "{container:?}");
    }
}

#[test]
fn sixty_four_channels_are_read_and_averaged() {
    let one: Vec<i16> = (0..64).map(|channel| channel * 100).collect();
    let file = file("a.wav", &wav16(64, 48_000, &one.repeat(500)));
    let mixed = mono(&file.path, 48_000).unwrap();
    assert_eq!(mixed.len(), 500);
    assert!(mixed.iter().all(|&sample| (sample - 3150.0 / 32_768.0).abs() < 1e-7));
}

#[test]
fn stereo_is_mixed_before_clipping() {
    let file = file("a.wav", &{
        let data: Vec<u8> =
            [1.5f32, -0.5, 3.0, 1.0].repeat(100).iter().flat_map(|v| v.to_le_bytes()).collect();
        riff(&[chunk(b"fmt ", &fmt(3, 2, 44_100, 4, 32)), chunk(b"data", &data)])
    });
    // (1.5 − 0.5)/2 = 0.5 although one side exceeds full scale; (3 + 1)/2 = 2 is clipped to 1.
    assert_eq!(mono(&file.path, 44_100).unwrap(), [0.5, 1.0].repeat(100));
}

#[test]
fn sizes_of_a_stream_that_was_never_finished_mean_until_the_end() {
    let samples: Vec<i16> = (0..1000).collect();
    let whole = wav16(1, 44_100, &samples);
    for (riff_size, data_size) in
        [(u32::MAX, u32::MAX), (0, 0), (36, 0), (u32::MAX, 0x7FFF_F000), (0x7FFF_F024, 0x7FFF_F000)]
    {
        let mut bytes = whole.clone();
        bytes[4..8].copy_from_slice(&riff_size.to_le_bytes());
        bytes[40..44].copy_from_slice(&data_size.to_le_bytes());
        let file = file("stream.wav", &bytes);
        let mut reader = AudioReader::open(&file.path).unwrap();
        assert_eq!(reader.format().samples_per_channel, Some(1000), "{riff_size:#x} {data_size:#x}");
        assert_eq!(read_all(&mut reader).unwrap().len(), 1000);
        assert_eq!(reader.warnings(), [""; 0]);
    }
}

#[test]
fn a_truncated_file_gives_what_is_there_and_a_warning() {
    let whole = wav16(1, 1000, &[1; 12_000]);
    let file = file("cut.wav", &whole[..44 + 2 * 7300]);
    let mut reader = AudioReader::open(&file.path).unwrap();
    assert_eq!(read_all(&mut reader).unwrap().len(), 7300);
    assert_eq!(reader.warnings(), ["truncated: the header promises 12.0 s, the file holds 7.3 s"]);
}

#[test]
fn samples_beyond_four_gigabytes_are_reached() {
    let format = fmt(1, 2, 48_000, 3, 24);
    let total = 800_000_000u64;
    let data_len = total * 6;
    let mut long_wave64 = wave64(&format, &[]);
    let data_size = long_wave64.len() - 8;
    long_wave64[data_size..].copy_from_slice(&(data_len + 24).to_le_bytes());
    for head in [rf64(b"RF64", &format, &[], data_len), rf64(b"BW64", &format, &[], data_len), long_wave64] {
        let head_len = head.len() as u64;
        let long = file("long.wav", &head);
        let position = 750_000_000u64;
        let marker = integers(&[1 << 22, -(1 << 22)], 3, false);
        let mut handle = std::fs::File::options().write(true).open(&long.path).unwrap();
        // All but the marker is a hole that takes no space.
        handle.set_len(head_len + data_len).unwrap();
        handle.seek(SeekFrom::Start(head_len + position * 6)).unwrap();
        handle.write_all(&marker).unwrap();
        drop(handle);
        assert!(head_len + position * 6 > 1 << 32);

        let mut reader = AudioReader::open(&long.path).unwrap();
        assert_eq!(reader.format().samples_per_channel, Some(total));
        reader.skip_to_s((position - 1) as f64 / 48_000.0).unwrap();
        assert_eq!(reader.next_block().unwrap().unwrap()[..6], [0.0, 0.0, 0.5, -0.5, 0.0, 0.0]);
        reader.skip_to_s((total - 10) as f64 / 48_000.0).unwrap();
        assert_eq!(read_all(&mut reader).unwrap().len(), 20);
        assert_eq!(reader.warnings(), [""; 0]);
    }
}

#[test]
fn rates_from_8_to_384_khz_are_read_and_keep_their_time() {
    for rate_hz in [8000u32, 11_025, 192_000, 384_000] {
        let tone = |i: u32| (2.0 * std::f64::consts::PI * 500.0 * f64::from(i) / f64::from(rate_hz)).sin();
        let samples: Vec<i16> = (0..rate_hz / 2).map(|i| (tone(i) * 16_384.0) as i16).collect();
        let big: Vec<u8> = samples.iter().flat_map(|sample| sample.to_be_bytes()).collect();
        let little: Vec<u8> = samples.iter().flat_map(|sample| sample.to_le_bytes()).collect();
        for bytes in [
            wav16(1, rate_hz, &samples),
            aiff(None, 1, rate_hz, 16, &big, &[]),
            caf(false, 1, f64::from(rate_hz), 16, &little),
        ] {
            let file = file("sound", &bytes);
            assert_eq!(AudioReader::open(&file.path).unwrap().format().sample_rate_hz, rate_hz);
            let resampled = mono(&file.path, 44_100).unwrap();
            let length = (samples.len() as f64 * 44_100.0 / f64::from(rate_hz)).round() as usize;
            assert_eq!(resampled.len(), length, "half a second of {rate_hz} Hz");
            // Away from the ends, where the filter sees the silence around the sound.
            for (i, sample) in resampled.iter().enumerate().take(20_000).skip(2_000) {
                let expected = 0.5 * (2.0 * std::f64::consts::PI * 500.0 * i as f64 / 44_100.0).sin();
                assert!((f64::from(*sample) - expected).abs() < 2e-3, "{rate_hz} Hz, sample {i}: {sample}");
            }
        }
    }
}

#[test]
fn a_region_has_its_length_and_its_samples() {
    let samples: Vec<i16> = (0..20_000).collect();
    for bytes in [
        wav16(1, 10_000, &samples),
        caf(false, 1, 10_000.0, 16, &samples.iter().flat_map(|s| s.to_le_bytes()).collect::<Vec<_>>()),
    ] {
        let file = file("a.bin", &bytes);
        let reader = AudioReader::open(&file.path).unwrap();
        let mut stream = MonoStream::from_reader(reader, 10_000, 0.5, Some(1.25)).unwrap();
        let mut got = Vec::new();
        while let Some(block) = stream.next_block().unwrap() {
            got.extend(block.iter().map(|sample| (sample * 32_768.0) as i16));
        }
        assert!(got == samples[5000..12_500]);
        assert_eq!((stream.samples_out(), stream.source_duration_s()), (7500, 0.75));
        let reader = AudioReader::open(&file.path).unwrap();
        let late = MonoStream::from_reader(reader, 10_000, 3.0, None).err().unwrap();
        assert!(matches!(late, AudioError::OutOfRange { duration_s: 2.0, .. }), "{late}");
    }
}

#[test]
fn ucs_fields_are_read_from_ixml_bext_and_info() {
    let ixml = "<?xml version=\"1.0\" encoding=\"UTF-8\"?><BWFXML><IXML_VERSION>1.61</IXML_VERSION><USER>\
        <CATID>DOORWood</CATID><CATEGORY>DOORS</CATEGORY><SUBCATEGORY>WOOD</SUBCATEGORY>\
        <FXNAME>T\u{fc}r &amp; Schlo\u{df}, close</FXNAME><USERCATEGORY>INT</USERCATEGORY>\
        <VENDORCATEGORY>Old</VENDORCATEGORY><KEYWORDS>door, slam</KEYWORDS></USER>\
        <ASWG><catId>IGNORED</catId><creatorId>JQP</creatorId><sourceId>LIB1</sourceId><notes>n&#233;</notes></ASWG></BWFXML>";
    // Declared as UTF-8, written as Latin-1.
    let latin: Vec<u8> = ixml.chars().map(|letter| letter as u8).collect();
    let mut bext = vec![0; 602];
    bext[..12].copy_from_slice(b"Bext caf\xE9 \xC3\xA9");
    bext[256..261].copy_from_slice(b"Maker");
    let mut info = b"INFO".to_vec();
    info.extend(chunk(b"ICMT", b"shadowed by bext\0"));
    info.extend(chunk(b"INAM", b"Old door\0"));
    for text in [ixml.as_bytes(), &latin] {
        let chunks = [
            chunk(b"bext", &bext),
            chunk(b"fmt ", &fmt(1, 1, 48_000, 2, 16)),
            chunk(b"LIST", &info),
            chunk(b"data", &[0; 64]),
            chunk(b"iXML", text),
        ];
        let file = file("a.wav", &riff(&chunks));
        let metadata = AudioReader::open(&file.path).unwrap().metadata().clone();
        assert_eq!(metadata.cat_id.as_deref(), Some("DOORWood"));
        assert_eq!(metadata.category.as_deref(), Some("DOORS"));
        assert_eq!(metadata.subcategory.as_deref(), Some("WOOD"));
        assert_eq!(metadata.fx_name.as_deref(), Some("Tür & Schloß, close"));
        assert_eq!(metadata.user_category.as_deref(), Some("INT"));
        assert_eq!(metadata.vendor_category.as_deref(), Some("Old"));
        assert_eq!(metadata.creator_id.as_deref(), Some("JQP"));
        assert_eq!(metadata.source_id.as_deref(), Some("LIB1"));
        assert_eq!(metadata.notes.as_deref(), Some("né"));
        assert_eq!(metadata.keywords.as_deref(), Some("door, slam"));
        assert_eq!(metadata.description.as_deref(), Some("Bext café é"));
        assert_eq!(metadata.title.as_deref(), Some("Old door"));
        assert_eq!(metadata.artist.as_deref(), Some("Maker"));
    }
}

#[test]
fn id3_chunks_and_aiff_texts_are_read() {
    let text_frame = |id: &[u8; 4], text: &[u8]| {
        let mut bytes = id.to_vec();
        bytes.extend((text.len() as u32 + 1).to_be_bytes());
        bytes.extend([0, 0, 3]);
        bytes.extend(text);
        bytes
    };
    let frames = [text_frame(b"TIT2", b"Owl"), text_frame(b"TXXX", b"CATID\0BIRDPrey")].concat();
    let mut id3 = b"ID3\x03\0\0\0\0\0".to_vec();
    id3.push(frames.len() as u8);
    id3.extend(frames);
    let wav =
        riff(&[chunk(b"fmt ", &fmt(1, 1, 48_000, 2, 16)), chunk(b"id3 ", &id3), chunk(b"data", &[0; 64])]);
    let extra = [aiff_chunk(b"ID3 ", &id3), aiff_chunk(b"ANNO", b"at night")];
    let aiff = aiff(None, 1, 48_000, 16, &[0; 64], &extra);
    for bytes in [wav, aiff.clone()] {
        let file = file("a", &bytes);
        let metadata = AudioReader::open(&file.path).unwrap().metadata().clone();
        assert_eq!(metadata.title.as_deref(), Some("Owl"));
        assert_eq!(metadata.cat_id.as_deref(), Some("BIRDPrey"));
    }
    let file = file("a", &aiff);
    assert_eq!(AudioReader::open(&file.path).unwrap().metadata().description.as_deref(), Some("at night"));
}
