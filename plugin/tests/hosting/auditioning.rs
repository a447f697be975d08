//! Sounds of the library through the plugin's output.

use std::time::Duration;

use earmark_plugin::exchange::{AuditionState, Command, Sound, SoundPeaks};

use crate::fixture::fixture;
use crate::host::Host;

const BLOCK: usize = 480;

/// An instance with an answer, and its best result.
fn with_a_result() -> (Host, Sound) {
    let fixture = fixture();
    let host = Host::with_library(&fixture.library, 48_000.0);
    host.open_window();
    host.send(Command::OpenFile(fixture.sound(0)));
    let sound = host.wait_for_answer().results.rows.get(0).unwrap().sound;
    (host, sound)
}

/// Runs the host with silence until something holds of what comes out; returns all of that.
fn run_until(host: &mut Host, what: &str, holds: impl Fn(&Host, &[f32]) -> bool) -> Vec<f32> {
    let mut heard = Vec::new();
    for _ in 0..6_000 {
        let output = host.process(&vec![vec![0.0; BLOCK]; 2]);
        heard.extend_from_slice(&output[0]);
        if holds(host, &heard) {
            return heard;
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    panic!("waited in vain for {what}: {:?}", host.view().audition);
}

fn is_silent(samples: &[f32]) -> bool {
    samples.iter().all(|sample| *sample == 0.0)
}

fn largest_step(samples: &[f32]) -> f32 {
    samples.windows(2).map(|pair| (pair[1] - pair[0]).abs()).fold(0.0, f32::max)
}

#[test]
fn an_audition_is_heard_fades_out_when_stopped_and_then_every_bit_passes_again() {
    let (mut host, sound) = with_a_result();
    host.send(Command::AuditionFrom { sound: sound.clone(), from_s: 0.1 });
    run_until(&mut host, "the sound", |_, heard| !is_silent(heard));
    let playing = host.wait_for("that it plays", |view| view.audition.state == AuditionState::Playing);
    assert_eq!(playing.audition.sound, Some(sound.key));
    let before = run_until(&mut host, "more of it", |_, heard| heard.len() > 2400);
    host.send(Command::StopAudition);
    let after = run_until(&mut host, "silence", |_, heard| {
        heard.len() > 4800 && is_silent(&heard[heard.len() - 960..])
    });
    // What fades within 5 ms makes no larger steps than the sound itself does.
    let end = after.iter().rposition(|sample| *sample != 0.0).unwrap_or(0);
    let last = &after[end.saturating_sub(20)..=end];
    assert!(last.iter().all(|sample| sample.abs() <= 0.2), "{last:?}");
    assert!(largest_step(&after) <= largest_step(&before).max(0.05) * 1.5 + 0.02);
    host.wait_for("that it stopped", |view| view.audition.state == AuditionState::Stopped);
    let input = vec![vec![0.3, -0.0, 1e-42], vec![0.1, f32::MIN_POSITIVE, -1.0]];
    let output = host.process(&input);
    assert_eq!(
        output[0].iter().map(|s| s.to_bits()).collect::<Vec<_>>(),
        input[0].iter().map(|s| s.to_bits()).collect::<Vec<_>>()
    );
}

#[test]
fn a_sound_plays_to_its_end_and_another_takes_over_at_once() {
    let (mut host, sound) = with_a_result();
    let other = host.view().results.rows.get(1).unwrap().sound;
    host.send(Command::Audition(sound));
    run_until(&mut host, "the first", |_, heard| !is_silent(heard));
    host.send(Command::AuditionFrom { sound: other.clone(), from_s: 0.0 });
    run_until(&mut host, "the second", |host, _| {
        let audition = &host.view().audition;
        audition.sound == Some(other.key) && audition.state == AuditionState::Playing
    });
    run_until(&mut host, "its end", |host, _| host.view().audition.state == AuditionState::Stopped);
}

#[test]
fn the_gain_turns_it_down() {
    let loudest = |gain: f64| {
        let (mut host, sound) = with_a_result();
        let events = host.set_parameter_by_name("Audition gain", gain);
        host.process_with(&vec![vec![0.0; BLOCK]; 2], &events);
        host.send(Command::AuditionFrom { sound, from_s: 0.0 });
        let heard = run_until(&mut host, "a second of it", |_, heard| {
            heard.iter().position(|sample| *sample != 0.0).is_some_and(|start| heard.len() - start > 48_000)
        });
        heard.iter().fold(0.0_f32, |peak, sample| peak.max(sample.abs()))
    };
    let (loud, soft) = (loudest(0.8), loudest(0.2));
    assert!(soft > 0.0 && soft < 0.5 * loud, "{soft} against {loud}");
}

#[test]
fn with_sync_it_waits_for_the_transport() {
    let (mut host, sound) = with_a_result();
    host.send(Command::SetSync(true));
    host.send(Command::AuditionFrom { sound, from_s: 0.0 });
    let heard = run_until(&mut host, "that it waits", |host, heard| {
        host.view().audition.state == AuditionState::WaitingForTransport && heard.len() > 4800
    });
    assert!(is_silent(&heard));
    host.transport.playing = true;
    run_until(&mut host, "the sound", |_, heard| !is_silent(heard));
}

#[test]
fn nothing_is_mixed_into_an_offline_render_and_nothing_after_the_window_has_closed() {
    let (mut host, sound) = with_a_result();
    host.send(Command::AuditionFrom { sound: sound.clone(), from_s: 0.0 });
    run_until(&mut host, "the sound", |_, heard| !is_silent(heard));
    host.set_offline(true);
    host.activate(48_000.0, 8192);
    host.send(Command::Audition(sound.clone()));
    let heard = run_until(&mut host, "a while", |_, heard| heard.len() > 20 * BLOCK);
    assert!(is_silent(&heard));
    host.wait_for("a word about it", |view| matches!(view.audition.state, AuditionState::Failed(_)));

    host.set_offline(false);
    host.activate(48_000.0, 8192);
    // The order goes through another thread than the activation.
    run_until(&mut host, "a while", |_, heard| heard.len() > 10 * BLOCK);
    host.send(Command::AuditionFrom { sound, from_s: 0.0 });
    run_until(&mut host, "the sound", |_, heard| !is_silent(heard));
    host.exchange().window_closed();
    run_until(&mut host, "silence", |_, heard| heard.len() > 4800 && is_silent(&heard[heard.len() - 2400..]));
}

#[test]
fn bypass_fades_it_out_and_what_is_not_heard_says_why() {
    let (mut host, sound) = with_a_result();
    host.send(Command::AuditionFrom { sound: sound.clone(), from_s: 0.1 });
    run_until(&mut host, "the sound", |_, heard| !is_silent(heard));
    let events = host.set_parameter_by_name("Bypass", 1.0);
    let fading = host.process_with(&vec![vec![0.0; BLOCK]; 2], &events).swap_remove(0);
    // A fade takes 5 ms at most, and after it every bit passes.
    assert!(is_silent(&fading[241..]), "{fading:?}");
    let says_why = |host: &Host| matches!(&host.view().audition.state, AuditionState::Failed(why) if why.contains("bypass"));
    run_until(&mut host, "a word about it", |host, heard| {
        assert!(is_silent(heard));
        says_why(host)
    });
    host.send(Command::AuditionFrom { sound: sound.clone(), from_s: 0.0 });
    run_until(&mut host, "that it opens", |host, _| host.view().audition.state == AuditionState::Opening);
    run_until(&mut host, "a word about it", |host, _| says_why(host));
    let events = host.set_parameter_by_name("Bypass", 0.0);
    host.process_with(&vec![vec![0.0; BLOCK]; 2], &events);
    host.send(Command::AuditionFrom { sound, from_s: 0.0 });
    run_until(&mut host, "the sound again", |_, heard| !is_silent(heard));
}

#[test]
fn a_sound_that_is_gone_says_so() {
    let (host, sound) = with_a_result();
    let gone = Sound { path: std::path::Path::new("/no/such/sound.wav").into(), ..sound };
    host.send(Command::Audition(gone.clone()));
    let view =
        host.wait_for("a word about it", |view| matches!(view.audition.state, AuditionState::Failed(_)));
    let AuditionState::Failed(message) = &view.audition.state else { unreachable!() };
    assert!(message.contains("/no/such/sound.wav"));
}

#[test]
fn small_waveforms_come_for_what_is_on_screen() {
    let (host, sound) = with_a_result();
    let gone = Sound {
        key: earmark_plugin::exchange::SoundKey(7),
        path: std::path::Path::new("/no/such.wav").into(),
        ..sound.clone()
    };
    host.send(Command::WantPeaks(vec![sound.clone(), gone.clone()]));
    let view = host.wait_for("the waveforms", |view| {
        let settled =
            |key| matches!(view.sound_peaks.get(key), Some(SoundPeaks::Ready(_) | SoundPeaks::Failed(_)));
        settled(&sound.key) && settled(&gone.key)
    });
    let Some(SoundPeaks::Ready(peaks)) = view.sound_peaks.get(&sound.key) else { panic!("{view:?}") };
    assert!(peaks.stretches.iter().any(|peak| peak.high > 0.01 && peak.low <= peak.high));
    assert!(matches!(view.sound_peaks.get(&gone.key), Some(SoundPeaks::Failed(_))));
}
