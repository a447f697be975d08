//! What a call of `process()` costs the host's audio thread while the plugin analyses and auditions.
//!
//! The plugin runs in a CLAP host within this process. A million blocks of 128 stereo samples at 48 kHz are handed to
//! it, a loop range playing over and over with content that always changes, so that frames are embedded all the time,
//! and a sound is auditioned all the time. The host runs at twenty times real time: at full speed the ring would be
//! full and its samples dropped, which is the cheap way. Between the blocks it sleeps, as the audio thread of a host
//! does. Such a thread comes before all others; `chrt --reset-on-fork --fifo 50` gives this program's main thread, and
//! it alone, that right. What the system and its interrupts take from it all the same is part of the tail; the line
//! beside it is that of a loop that only waits for as long as a call takes, before or after each call in turn.
#![allow(clippy::unwrap_used, missing_docs)]

#[path = "../../plugin/tests/hosting/fixture.rs"]
#[allow(dead_code, reason = "the tests use more of it")]
mod fixture;
#[path = "../../plugin/tests/hosting/host.rs"]
#[allow(dead_code, reason = "the tests use more of it")]
mod host;

use std::time::{Duration, Instant};

use divan::Bencher;
use earmark_plugin::exchange::{AuditionState, Command};
use fixture::fixture;
use host::Host;

const BLOCK: usize = 128;
const RATE_HZ: f64 = 48_000.0;
/// Blocks of the closing measurement, and how much faster than real time they come.
const BLOCKS: usize = 1_000_000;
const SPEED: f64 = 20.0;
/// All but one call in ten thousand are to take less.
const TAIL: Duration = Duration::from_micros(20);
/// About as long as a call takes.
const WAITING: Duration = Duration::from_nanos(1500);
/// Rounds of the comparison with denormal input.
const ROUNDS: usize = 20_000;

fn main() {
    divan::main();
    // As the table, the tail is for `cargo bench` alone: a test run only checks that everything still works.
    if std::env::args().any(|arg| arg == "--bench") {
        print_denormals();
        print_tail();
    }
}

/// One block, nothing but passing through and handing over.
#[divan::bench]
fn process(bencher: Bencher) {
    let mut host = Host::new();
    host.activate(RATE_HZ, BLOCK as u32);
    let input = noise(1.0);
    bencher.bench_local(|| host.process_timed(&input));
}

fn print_denormals() {
    let mut host = Host::new();
    host.activate(RATE_HZ, BLOCK as u32);
    let (ordinary, denormal) = (noise(1.0), noise(1e-41));
    let mut times = [Vec::new(), Vec::new()];
    for _ in 0..ROUNDS {
        for (input, times) in [&ordinary, &denormal].into_iter().zip(&mut times) {
            times.push(timed(&mut host, input));
            // As slowly as the analysis takes the blocks out again; a full ring would be the cheap way.
            std::thread::sleep(Duration::from_micros(200));
        }
    }
    let [ordinary, denormal] = times.map(|mut times| percentile(&mut times, 0.5));
    let ratio = denormal.as_secs_f64() / ordinary.as_secs_f64();
    println!("denormal input: median {denormal:?} against {ordinary:?}: {ratio:.2} times");
}

fn print_tail() {
    let fixture = fixture();
    let mut host = Host::with_library(&fixture.library, RATE_HZ);
    host.open_window();
    host.send(Command::OpenFile(fixture.sound(0)));
    let sound = host.wait_for_answer().results.rows.get(0).unwrap().sound;
    host.send(Command::SetMode(earmark_plugin::exchange::Mode::Selection));
    host.transport.playing = true;
    host.transport.loop_range = Some((0, 480_000));
    let inputs: Vec<_> = (0..37).map(|at| noise(0.5 + at as f32 * 0.01)).collect();
    let pace = Duration::from_secs_f64(BLOCK as f64 / RATE_HZ / SPEED);
    let (mut times, mut waits) = (Vec::with_capacity(BLOCKS), Vec::with_capacity(BLOCKS));
    let mut sounding = 0_usize;
    let mut next = Instant::now();
    for at in 0..BLOCKS {
        if at % 1000 == 0 {
            let state = host.view().audition.state.clone();
            sounding += usize::from(state == AuditionState::Playing);
            if matches!(state, AuditionState::Stopped) {
                host.send(Command::AuditionFrom { sound: sound.clone(), from_s: 0.0 });
            }
        }
        if host.transport.position >= 480_000 {
            host.transport.position -= 480_000;
        }
        // What follows upon waking up hits whichever comes first.
        if at % 2 == 0 {
            waits.push(waiting());
        }
        times.push(timed(&mut host, &inputs[at % inputs.len()]));
        if at % 2 == 1 {
            waits.push(waiting());
        }
        next += pace;
        std::thread::sleep(next.saturating_duration_since(Instant::now()));
    }
    let view = host.view();
    println!(
        "{BLOCKS} blocks of {BLOCK}: {} answers, {} samples dropped, auditioning in {sounding} of {} looks",
        view.results.revision,
        view.input.dropped_samples,
        BLOCKS / 1000
    );
    let mut tails = Vec::new();
    for (what, times) in [("process()", &mut times), ("waiting", &mut waits)] {
        let [median, high, highest] = [0.5, 0.9999, 1.0].map(|part| percentile(times, part));
        let tail = times.iter().filter(|time| **time > TAIL).count();
        println!(
            "{what}: median {median:?}, 99.99th percentile {high:?}, longest {highest:?}, {tail} above {TAIL:?}"
        );
        tails.push(tail as f64 * 100.0 / times.len() as f64);
    }
    println!("share of calls above {TAIL:?} beyond that of waits: {:.4} %", tails[0] - tails[1]);
}

/// How long it takes to wait for [`WAITING`].
fn waiting() -> Duration {
    let began = Instant::now();
    loop {
        let waited = began.elapsed();
        if waited >= WAITING {
            return waited;
        }
    }
}

fn timed(host: &mut Host, input: &[Vec<f32>]) -> Duration {
    host.process_timed(input)
}

fn percentile(times: &mut [Duration], part: f64) -> Duration {
    times.sort_unstable();
    times[((times.len() - 1) as f64 * part) as usize]
}

fn noise(gain: f32) -> Vec<Vec<f32>> {
    let mut state = 1_u32;
    let mut next = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 8) as f32 / 8_388_608.0 - 1.0
    };
    (0..2).map(|_| (0..BLOCK).map(|_| next() * gain).collect()).collect()
}
