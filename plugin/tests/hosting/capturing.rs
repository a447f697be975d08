//! Every way to a region, and that the answer is the one that `earmark find` gives.

use std::sync::Arc;

use earmark_demo::Audio;
use earmark_plugin::exchange::{Command, Mode, Origin, View};

use crate::fixture::{fixture, stereo, write};
use crate::host::Host;

const RATE_HZ: u32 = 44_100;

/// Names and similarities of the results, best first.
fn results(view: &View) -> Vec<(String, f32)> {
    let rows = &view.results.rows;
    (0..rows.len()).map(|at| rows.get(at).unwrap()).map(|row| (row.name, row.similarity_percent)).collect()
}

/// What `earmark find` says to audio that a host played.
fn expected(audio: &[Vec<f32>], rate_hz: u32) -> Vec<(String, f32)> {
    let file = tempfile::Builder::new().suffix(".wav").tempfile().unwrap();
    write(file.path(), &Audio { sample_rate_hz: rate_hz, channels: audio.to_vec() });
    fixture().find(file.path(), 0.0, None)
}

fn assert_same(found: &[(String, f32)], expected: &[(String, f32)], tolerance_percent: f32) {
    assert_eq!(found.len(), expected.len());
    for (found, expected) in found.iter().zip(expected) {
        // Among near ties the order may turn with the last bits of a resampler.
        assert!((found.1 - expected.1).abs() < tolerance_percent, "{found:?} where find has {expected:?}");
    }
    assert_eq!(found[0].0, expected[0].0);
}

fn slice(audio: &[Vec<f32>], range: std::ops::Range<usize>) -> Vec<Vec<f32>> {
    audio.iter().map(|channel| channel[range.clone()].to_vec()).collect()
}

#[test]
fn a_loop_heard_once_is_answered_as_find_would() {
    let audio = stereo(3, 2, RATE_HZ, 5.0);
    let mut host = Host::with_library(&fixture().library, RATE_HZ.into());
    host.open_window();
    let start = 1_000_000;
    host.transport.loop_range = Some((start, start + audio[0].len() as i64));
    host.play(start, &audio, 512);
    let view = host.wait_for_answer();
    assert_eq!(view.results.question.as_ref().unwrap().origin, Origin::Selection);
    assert_same(&results(&view), &expected(&audio, RATE_HZ), 0.01);
    let region =
        host.wait_for("a complete region", |view| view.region.as_ref().is_some_and(|region| region.complete));
    assert!((region.region.as_ref().unwrap().duration_s - 5.0).abs() < 1e-3);
    assert_eq!(view.input.dropped_samples, 0);
}

#[test]
fn a_loop_heard_in_pieces_and_any_order_is_the_same_question() {
    for (rate_hz, tolerance) in [(RATE_HZ, 0.01), (48_000, 0.5), (96_000, 0.5)] {
        let audio = stereo(3, 2, rate_hz, 5.0);
        let mut host = Host::with_library(&fixture().library, rate_hz.into());
        host.open_window();
        let length = audio[0].len();
        host.transport.loop_range = Some((0, length as i64));
        for part in [length * 2 / 3..length, length / 4..length * 3 / 4, 0..length / 4 + 7] {
            assert!(host.view().results.question.is_none());
            host.play(part.start as i64, &slice(&audio, part), 300);
        }
        assert_same(&results(&host.wait_for_answer()), &expected(&audio, rate_hz), tolerance);
    }
}

#[test]
fn a_second_pass_that_sounds_different_refines_the_answer() {
    let (first, second) = (stereo(3, 2, RATE_HZ, 3.0), stereo(9, 1, RATE_HZ, 3.0));
    let mut host = Host::with_library(&fixture().library, RATE_HZ.into());
    host.open_window();
    host.transport.loop_range = Some((0, first[0].len() as i64));
    host.play(0, &first, 512);
    let answer = host.wait_for_answer();
    let question = answer.results.question.clone().unwrap();
    host.play(0, &first, 512);
    host.play(0, &second, 512);
    let wanted = expected(&second, RATE_HZ);
    let refined = host.wait_for("a refined answer", |view| {
        results(view).first().is_some_and(|best| (best.1 - wanted[0].1).abs() < 0.01)
    });
    assert_same(&results(&refined), &wanted, 0.01);
    assert_eq!(
        refined.results.question.as_ref().unwrap().id,
        question.id,
        "the question is still the same one"
    );
}

#[test]
fn ranges_of_no_use_are_no_questions() {
    let audio = stereo(3, 2, RATE_HZ, 1.0);
    let mut host = Host::with_library(&fixture().library, RATE_HZ.into());
    host.open_window();
    for range in [None, Some((5000, 5000)), Some((5000, 5100)), Some((i64::MAX / 4, i64::MAX / 2))] {
        host.transport.loop_range = range;
        host.play(4000, &audio, 512);
    }
    // Stopped, the host's range is not listened to either.
    host.transport.loop_range = Some((0, 44_100));
    host.transport.playing = false;
    host.transport.position = 0;
    host.process(&audio.iter().map(|channel| channel[..8192].to_vec()).collect::<Vec<_>>());
    let view = host.wait_for("the end of what was played", |view| !view.input.active);
    assert!(view.region.is_none() && view.results.question.is_none(), "{view:?}");
}

#[test]
fn a_reversed_range_means_what_lies_between_its_ends() {
    let audio = stereo(3, 2, RATE_HZ, 3.0);
    let mut host = Host::with_library(&fixture().library, RATE_HZ.into());
    host.transport.loop_range = Some((audio[0].len() as i64, 0));
    host.play(0, &audio, 512);
    assert_same(&results(&host.wait_for_answer()), &expected(&audio, RATE_HZ), 0.01);
}

#[test]
fn a_range_in_beats_survives_a_change_of_tempo() {
    let audio = stereo(3, 2, RATE_HZ, 4.0);
    let length = audio[0].len() as i64;
    let mut host = Host::with_library(&fixture().library, RATE_HZ.into());
    host.transport.loop_range = Some((0, length));
    host.transport.beats_only = Some(117.3);
    host.play(0, &slice(&audio, 0..length as usize / 2), 512);
    host.transport.beats_only = Some(93.1);
    host.play(0, &audio, 512);
    assert_same(&results(&host.wait_for_answer()), &expected(&audio, RATE_HZ), 0.5);
}

#[test]
fn a_range_moved_while_playing_is_a_new_question() {
    let audio = stereo(3, 2, RATE_HZ, 6.0);
    let mut host = Host::with_library(&fixture().library, RATE_HZ.into());
    host.transport.loop_range = Some((0, 3 * 44_100));
    host.play(0, &slice(&audio, 0..2 * 44_100), 512);
    host.transport.loop_range = Some((44_100, 5 * 44_100));
    host.play(2 * 44_100, &slice(&audio, 2 * 44_100..5 * 44_100), 512);
    let wanted = expected(&slice(&audio, 44_100..5 * 44_100), RATE_HZ);
    assert_same(&results(&host.wait_for_answer()), &wanted, 0.01);
}

#[test]
fn a_reset_or_another_rate_in_the_middle_does_no_harm() {
    let mut host = Host::with_library(&fixture().library, 96_000.0);
    host.transport.loop_range = Some((0, 96_000));
    host.play(0, &stereo(3, 2, 96_000, 0.5), 512);
    host.activate(RATE_HZ.into(), 8192);
    let audio = stereo(3, 2, RATE_HZ, 3.0);
    host.transport.loop_range = Some((0, audio[0].len() as i64));
    host.play(0, &slice(&audio, 0..50_000), 1);
    host.reset();
    host.play(50_000, &slice(&audio, 50_000..audio[0].len()), 8192);
    assert_same(&results(&host.wait_for_answer()), &expected(&audio, RATE_HZ), 0.01);
}

#[test]
fn an_offline_render_analyses_exactly_its_clip() {
    for (rate_hz, tolerance) in [(RATE_HZ, 0.01), (48_000, 0.5)] {
        let audio = stereo(5, 1, rate_hz, 6.3);
        let mut host = Host::with_library(&fixture().library, rate_hz.into());
        host.set_offline(true);
        host.activate(rate_hz.into(), 8192);
        // Faster than any render: the plugin has to make the host wait.
        for start in (0..audio[0].len()).step_by(1000) {
            host.transport.playing = true;
            host.process(&slice(&audio, start..audio[0].len().min(start + 1000)));
        }
        let view = host.wait_for_answer();
        assert_eq!(view.results.question.as_ref().unwrap().origin, Origin::Offline);
        assert!((view.results.question.as_ref().unwrap().duration_s - 6.3).abs() < 1e-3);
        assert_same(&results(&view), &expected(&audio, rate_hz), tolerance);
        // The next clip is another question.
        host.reset();
        let next = stereo(8, 1, rate_hz, 3.0);
        for start in (0..next[0].len()).step_by(4096) {
            host.process(&slice(&next, start..next[0].len().min(start + 4096)));
        }
        let view = host.wait_for("an answer to the next clip", |view| {
            view.results.question.as_ref().is_some_and(|question| (question.duration_s - 3.0).abs() < 1e-3)
        });
        assert_same(&results(&view), &expected(&next, rate_hz), tolerance);
    }
}

/// Renders in a host that does not say where it is.
fn render_without_position(host: &mut Host, audio: &[Vec<f32>]) {
    host.transport.playing = false;
    for start in (0..audio[0].len()).step_by(4096) {
        host.process(&slice(audio, start..audio[0].len().min(start + 4096)));
    }
}

#[test]
fn a_render_that_pauses_is_one_clip_where_positions_go_on_and_two_where_there_are_none() {
    let mut host = Host::with_library(&fixture().library, RATE_HZ.into());
    host.set_offline(true);
    host.activate(RATE_HZ.into(), 8192);
    let asked = |host: &Host, what: &str, seconds: f64| {
        host.wait_for(what, |view| {
            view.results.question.as_ref().is_some_and(|asked| (asked.duration_s - seconds).abs() < 1e-3)
        })
    };
    let audio = stereo(5, 1, RATE_HZ, 4.0);
    let half = audio[0].len() / 2;
    host.play(0, &slice(&audio, 0..half), 4096);
    asked(&host, "an answer to what came before the pause", 2.0);
    host.play(half as i64, &slice(&audio, half..audio[0].len()), 4096);
    let view = asked(&host, "an answer to all of it", 4.0);
    assert_same(&results(&view), &expected(&audio, RATE_HZ), 0.01);

    let (first, second) = (stereo(3, 2, RATE_HZ, 1.5), stereo(8, 1, RATE_HZ, 3.0));
    host.reset();
    render_without_position(&mut host, &first);
    asked(&host, "an answer to a clip without a position", 1.5);
    render_without_position(&mut host, &second);
    let view = asked(&host, "an answer to the next", 3.0);
    assert_same(&results(&view), &expected(&second, RATE_HZ), 0.01);
}

#[test]
fn what_is_no_sound_is_left_out_and_the_analysis_goes_on() {
    for rate_hz in [RATE_HZ, 48_000] {
        for bad in [f32::NAN, f32::INFINITY, f32::MAX] {
            let mut audio = stereo(5, 1, rate_hz, 6.0);
            let at = audio[0].len() / 2;
            audio[0][at] = bad;
            let mut host = Host::with_library(&fixture().library, rate_hz.into());
            host.set_offline(true);
            host.activate(rate_hz.into(), 8192);
            host.transport.playing = true;
            for start in (0..audio[0].len()).step_by(4096) {
                host.process(&slice(&audio, start..audio[0].len().min(start + 4096)));
            }
            let view = host.wait_for_answer();
            let said = view.problem.as_ref().map_or("nothing", |problem| &problem.message);
            assert_eq!(said.contains("not numbers"), !bad.is_finite(), "{bad} at {rate_hz} Hz: {said}");
            assert!(!view.results.rows.is_empty());
        }
    }
}

#[test]
fn the_last_seconds_are_trimmed_and_asked_about_with_one_click() {
    let sound = stereo(3, 2, RATE_HZ, 4.0);
    let mut host = Host::with_library(&fixture().library, RATE_HZ.into());
    host.open_window();
    host.send(Command::SetMode(Mode::LastSeconds));
    host.wait_for("the mode", |view| view.mode == Mode::LastSeconds);
    let silence = vec![vec![0.0; RATE_HZ as usize]; 2];
    // The transport need not run.
    let mut played_s = 0.0;
    for part in [&silence, &sound, &silence] {
        for second in (0..part[0].len()).step_by(RATE_HZ as usize) {
            for start in (second..second + RATE_HZ as usize).step_by(2205) {
                host.process(&slice(part, start..start + 2205));
            }
            played_s += 1.0;
            // A machine with much else to do would drop samples, which is not what this is about.
            host.wait_for("all of it", |view| {
                view.region.as_ref().is_some_and(|region| (region.duration_s - played_s).abs() < 1e-3)
            });
        }
    }
    host.send(Command::UseLast { seconds: 5.5 });
    let view = host.wait_for_answer();
    let region = view.region.as_ref().unwrap();
    let loud = |sample: &&f32| sample.abs() > 0.001;
    let mono: Vec<f32> = sound[0].iter().zip(&sound[1]).map(|(left, right)| (left + right) * 0.5).collect();
    let (first, last) =
        (mono.iter().position(|s| loud(&s)).unwrap(), mono.iter().rposition(|s| loud(&s)).unwrap() + 1);
    let trimmed = region.trimmed_s.end - region.trimmed_s.start;
    assert!((trimmed - (last - first) as f64 / 44_100.0).abs() < 1e-3, "{region:?}");
    assert_same(&results(&view), &expected(&slice(&sound, first..last), RATE_HZ), 0.01);

    // What was held stays, whatever plays on.
    host.send(Command::Clear);
    host.send(Command::SetHold(true));
    let held =
        host.wait_for("hold", |view| view.settings.hold && view.region.as_ref().is_some_and(|r| r.complete));
    host.process(&slice(&sound, 0..8192));
    host.wait_for("more audio", |view| view.input.active);
    assert_eq!(host.view().region.as_ref().unwrap().peaks, held.region.as_ref().unwrap().peaks);
}

#[test]
fn silence_alone_is_said_to_be_nothing() {
    let mut host = Host::with_library(&fixture().library, RATE_HZ.into());
    host.open_window();
    host.send(Command::SetMode(Mode::LastSeconds));
    host.wait_for("the mode", |view| view.mode == Mode::LastSeconds);
    host.process(&vec![vec![0.0; 8192]; 2]);
    host.wait_for("some audio", |view| view.region.is_some());
    host.send(Command::UseLast { seconds: 5.0 });
    let view = host.wait_for("a word about it", |view| view.problem.is_some());
    assert!(view.problem.as_ref().unwrap().message.contains("silence"));
    assert!(view.results.question.is_none());
}

#[test]
fn a_file_is_asked_about_whole_and_in_part_and_does_not_find_itself() {
    let fixture = fixture();
    let file = fixture.sound(2);
    let host = Host::with_library(&fixture.library, 48_000.0);
    host.open_window();
    host.send(Command::OpenFile(file.clone()));
    let view = host.wait_for_answer();
    assert_eq!(view.mode, Mode::File);
    let name = file.file_name().unwrap().to_string_lossy().into_owned();
    let mut wanted = fixture.find(&file, 0.0, None);
    wanted.retain(|(found, _)| *found != name);
    assert_same(&results(&view), &wanted, 0.01);

    let first = view.results.revision;
    host.send(Command::Select(Some(0.25..1.75)));
    let view = host.wait_for("an answer to the part", |view| {
        view.results.revision > first
            && view.results.question.as_ref().is_some_and(|q| (q.duration_s - 1.5).abs() < 1e-3)
    });
    let mut wanted = fixture.find(&file, 0.25, Some(1.75));
    wanted.retain(|(found, _)| *found != name);
    assert_same(&results(&view), &wanted, 0.5);

    host.send(Command::OpenFile("/no/such/file.wav".into()));
    let view = host.wait_for("a word about the missing file", |view| view.problem.is_some());
    assert!(view.problem.as_ref().unwrap().message.contains("/no/such/file.wav"));
}

#[test]
fn more_like_this_and_like_both_ask_the_library_itself() {
    let fixture = fixture();
    let host = Host::with_library(&fixture.library, 48_000.0);
    host.open_window();
    host.send(Command::OpenFile(fixture.sound(0)));
    let view = host.wait_for_answer();
    let (a, b) = (view.results.rows.get(0).unwrap().sound, view.results.rows.get(1).unwrap().sound);
    let question = view.results.question.clone().unwrap();
    host.send(Command::MoreLike(a.clone()));
    let view = host.wait_for("more like it", |view| view.results.question != Some(question.clone()));
    assert!((0..view.results.rows.len()).all(|at| view.results.rows.get(at).unwrap().sound.key != a.key));
    let one = view.results.question.clone().unwrap();
    host.send(Command::Combine(vec![a.clone(), b.clone()]));
    let view = host.wait_for("like both", |view| view.results.question != Some(one.clone()));
    let Origin::Sounds { names } = &view.results.question.as_ref().unwrap().origin else {
        panic!("{view:?}")
    };
    assert_eq!(names.len(), 2);
    assert_eq!(view.results.rows.len(), 6);
    let labels: Vec<Arc<str>> = view.recent.iter().map(|recent| Arc::clone(&recent.label)).collect();
    assert!(labels.iter().any(|label| label.contains(" and ")), "{labels:?}");
    host.send(Command::Recall(question.id));
    host.wait_for("the first question", |view| view.results.question == Some(question.clone()));
}
