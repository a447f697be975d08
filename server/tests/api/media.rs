//! Playing: ranges of files, and WAVs made of what browsers do not play.

use earmark_demo::{Container, SampleFormat};
use earmark_engine::audio::AudioReader;

use crate::support::{Fixture, Running, SHARED, encoded, take};

fn audio(name: &str) -> (Running, String) {
    let server = Running::new(&SHARED.library);
    let key = server.key_of(name);
    let target = format!("/{}/api/sounds/{key}/audio", server.token);
    (server, target)
}

#[test]
fn every_format_is_played_with_the_samples_that_it_holds() {
    let server = Running::new(&SHARED.library);
    let found = server.json("api/search?filter=DOORCreak*");
    let rows = found["rows"].as_array().unwrap();
    assert_eq!(rows.len(), 7);
    for row in rows {
        let name = row["name"].as_str().unwrap();
        let answer = server.get(&format!("api/sounds/{}/audio", row["key"].as_str().unwrap()));
        assert_eq!(answer.status, 200, "{name}");
        let path = SHARED.sounds.join("Doors").join(name);
        if name.ends_with(".flac") {
            assert_eq!(answer.header("content-type"), Some("audio/flac"));
            assert_eq!(answer.body, std::fs::read(&path).unwrap());
            continue;
        }
        assert_eq!(answer.header("content-type"), Some("audio/wav"), "{name}");
        assert_eq!(answer.header("content-length"), Some(&*answer.body.len().to_string()));
        let made = samples(&answer.body);
        let held = read(AudioReader::open(&path).unwrap());
        assert_eq!(made.len(), held.len(), "{name}");
        let worst = made.iter().zip(&held).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
        assert!(worst < 2e-7, "{name}: {worst}");
    }
}

/// Samples of a WAV in memory.
fn samples(bytes: &[u8]) -> Vec<f32> {
    let media = std::io::Cursor::new(bytes.to_vec());
    read(AudioReader::from_media(Box::new(media), "made.wav".as_ref()).unwrap())
}

fn read(mut reader: AudioReader) -> Vec<f32> {
    let mut samples = Vec::new();
    while let Some(block) = reader.next_block().unwrap() {
        samples.extend_from_slice(block);
    }
    samples
}

#[test]
fn any_range_of_a_made_wav_is_that_part_of_the_whole() {
    for name in ["DOORCreak_Old Barn Door 02_EMRK_TEST.aif", "DOORCreak_Old Barn Door 03_EMRK_TEST.caf"] {
        let (server, target) = audio(name);
        let whole = server.send("GET", &target, &[], b"").body;
        let len = whole.len();
        for (first, last) in
            [(0, 0), (0, 43), (10, 50), (44, 44), (45, 200_001), (100_003, len - 1), (len - 5, len - 1)]
        {
            let range = format!("bytes={first}-{last}");
            let part = server.send("GET", &target, &[("Range", &range)], b"");
            assert_eq!(part.status, 206, "{range}");
            assert_eq!(part.header("content-range"), Some(&*format!("bytes {first}-{last}/{len}")));
            assert!(part.body == whole[first..=last], "{name} {range}");
        }
    }
}

#[test]
fn ranges_of_files_are_served_as_the_standard_says() {
    let (server, target) = audio("DOORCreak_Old Barn Door 05_EMRK_TEST.flac");
    let whole = server.send("GET", &target, &[], b"");
    let len = whole.body.len();
    assert_eq!(whole.header("accept-ranges"), Some("bytes"));
    let open = server.send("GET", &target, &[("Range", "bytes=1000-")], b"");
    assert_eq!((open.status, &open.body[..]), (206, &whole.body[1000..]));
    let end = server.send("GET", &target, &[("Range", "bytes=-10")], b"");
    assert_eq!((end.status, &end.body[..]), (206, &whole.body[len - 10..]));
    let beyond = server.send("GET", &target, &[("Range", &format!("bytes={len}-"))], b"");
    assert_eq!((beyond.status, beyond.header("content-range")), (416, Some(&*format!("bytes */{len}"))));
    let odd = server.send("GET", &target, &[("Range", "bytes=9-2")], b"");
    assert_eq!((odd.status, odd.body.len()), (200, len));
    // A browser that does not play it gets a WAV.
    let made = server.send("GET", &format!("{target}?wav=true"), &[], b"");
    assert_eq!(made.header("content-type"), Some("audio/wav"));
    let head = server.send("HEAD", &target, &[], b"");
    assert_eq!((head.status, head.body.len()), (200, 0));
    assert_eq!(head.header("content-length"), Some(&*len.to_string()));
}

#[test]
fn more_channels_than_two_are_heard_as_their_mean() {
    let fixture = Fixture::make();
    let mut audio = take("handbell", 3, 1.0);
    audio.channels.truncate(1);
    let other: Vec<f32> = audio.channels[0].iter().map(|sample| -sample * 0.5).collect();
    let silence = vec![0.0; other.len()];
    audio.channels.extend([other, silence]);
    fixture.write("Unsorted/surround.wav", &encoded(&audio, Container::Wav, SampleFormat::F32));
    fixture.index();
    let server = Running::new(&fixture.library);
    let made = server.get(&format!("api/sounds/{}/audio", server.key_of("surround.wav")));
    let made = samples(&made.body);
    assert_eq!(made.len(), audio.channels[0].len());
    for (sample, first) in made.iter().zip(&audio.channels[0]) {
        assert!((sample - first / 6.0).abs() < 1e-6);
    }
}

#[test]
fn a_file_that_was_cut_short_ends_in_silence() {
    let fixture = Fixture::make();
    let server = Running::new(&fixture.library);
    let key = server.key_of("DOORCreak_Old Barn Door 02_EMRK_TEST.aif");
    let path = fixture.sounds.join("Doors/DOORCreak_Old Barn Door 02_EMRK_TEST.aif");
    let whole = server.get(&format!("api/sounds/{key}/audio")).body;
    let bytes = std::fs::read(&path).unwrap();
    std::fs::write(&path, &bytes[..bytes.len() / 2]).unwrap();
    let cut = server.get(&format!("api/sounds/{key}/audio")).body;
    assert_eq!(cut.len(), whole.len());
    assert_eq!(cut[..whole.len() / 3], whole[..whole.len() / 3]);
    assert!(cut[whole.len() - 10_000..].iter().all(|byte| *byte == 0));
}

#[test]
fn waveforms_show_where_it_is_loud() {
    let server = Running::new(&SHARED.library);
    let key = server.key_of("BELLHand_Small Bell 01_EMRK_TEST.wav");
    let peaks = server.get(&format!("api/sounds/{key}/peaks")).body;
    assert_eq!(peaks.len(), 600);
    let height = |columns: std::ops::Range<usize>| {
        let highs =
            peaks.chunks(2).map(|pair| i32::from(pair[1].cast_signed()) - i32::from(pair[0].cast_signed()));
        highs.skip(columns.start).take(columns.len()).max().unwrap()
    };
    // A bell is struck, and fades.
    assert!(height(0..100) > 2 * height(200..300), "{} {}", height(0..100), height(200..300));
    // The second time it is known already.
    assert_eq!(server.get(&format!("api/sounds/{key}/peaks")).body, peaks);
}
