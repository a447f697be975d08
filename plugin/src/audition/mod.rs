//! Playing sounds of the library through the plugin's output: one thread for all instances decodes, resamples to the
//! host's rate and fills the rings from which the audio threads mix (see [`Mixer`](crate::audio::Mixer)).

mod stream;

use std::collections::HashMap;
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, Sender, unbounded};

use crate::audio::{AuditionPort, AuditionSignals};
use crate::exchange::{Audition, AuditionState, SoundKey};
use crate::worker::{Worker, stopped};
use stream::Stream;

/// How often rings are filled up; they hold a second.
const INTERVAL: Duration = Duration::from_millis(5);
/// How often orders are looked for when nothing plays.
const IDLE: Duration = Duration::from_millis(50);

/// When the audio thread has taken nothing of what lies ready for so long, the host does not call it.
const STALLED: Duration = Duration::from_secs(3);
const NOT_CALLED: &str = "The host does not run Earmark at the moment. Switch off its bypass or start playback, then audition again.";

/// An instance's side of the audition, shared by all who have to do with it.
#[derive(Debug, Default)]
pub struct AuditionSlot {
    /// Between the audition thread and the audio thread.
    pub signals: Arc<AuditionSignals>,
    shown: Mutex<Audition>,
}

impl AuditionSlot {
    /// What the window shows of it.
    pub(crate) fn shown(&self) -> Audition {
        self.shown.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn show(&self, audition: Audition) {
        *self.shown.lock().unwrap_or_else(PoisonError::into_inner) = audition;
    }
}

/// What the thread is told; the slot's address names the instance.
enum Order {
    Port(Arc<AuditionSlot>, AuditionPort),
    Play { slot: Arc<AuditionSlot>, key: SoundKey, path: Arc<Path>, from_s: f64, synced: bool },
    Stop(Arc<AuditionSlot>),
    Gone(Arc<AuditionSlot>),
}

/// Gives orders to the thread.
#[derive(Clone)]
pub(crate) struct Auditions(Sender<Order>);

impl Auditions {
    /// Starts the thread.
    pub(crate) fn start() -> (Self, Option<Worker>) {
        let (orders, ordered) = unbounded();
        let worker = Worker::start("earmark-audition", move |stop| serve(&ordered, stop));
        (Self(orders), worker.ok())
    }

    /// The host has activated an instance: what played before ends.
    pub(crate) fn port(&self, slot: &Arc<AuditionSlot>, port: AuditionPort) {
        let _ = self.0.send(Order::Port(Arc::clone(slot), port));
    }

    /// Plays a sound instead of what plays.
    pub(crate) fn play(
        &self,
        slot: &Arc<AuditionSlot>,
        key: SoundKey,
        path: Arc<Path>,
        from_s: f64,
        synced: bool,
    ) {
        let _ = self.0.send(Order::Play { slot: Arc::clone(slot), key, path, from_s, synced });
    }

    /// Fades out.
    pub(crate) fn stop(&self, slot: &Arc<AuditionSlot>) {
        // Heard at once, whatever the thread is busy with.
        slot.signals.wish(0, false);
        let _ = self.0.send(Order::Stop(Arc::clone(slot)));
    }

    /// An instance is gone.
    pub(crate) fn gone(&self, slot: &Arc<AuditionSlot>) {
        let _ = self.0.send(Order::Gone(Arc::clone(slot)));
    }
}

struct Player {
    slot: Arc<AuditionSlot>,
    port: Option<AuditionPort>,
    playing: Option<Playing>,
}

struct Playing {
    number: u64,
    key: SoundKey,
    from_s: f64,
    synced: bool,
    stream: Stream,
    /// Whether the audio thread was ready and how much it had played, and since when that is so.
    progress: (bool, u64),
    progress_at: Instant,
}

impl Playing {
    /// Whether the audio thread has left what lies ready for it alone for too long.
    fn is_stalled(&mut self, progress: (bool, u64), lies_ready: bool) -> bool {
        if self.progress != progress || !lies_ready || self.synced {
            (self.progress, self.progress_at) = (progress, Instant::now());
        }
        self.progress_at.elapsed() > STALLED
    }
}

fn serve(orders: &Receiver<Order>, stop: &AtomicBool) {
    let mut players: HashMap<*const AuditionSlot, Player> = HashMap::new();
    while !stopped(stop) {
        let busy = players.values().any(|player| player.playing.is_some());
        let first = orders.recv_timeout(if busy { INTERVAL } else { IDLE }).ok();
        for order in first.into_iter().chain(orders.try_iter()) {
            obey(order, &mut players);
        }
        for player in players.values_mut() {
            player.advance();
        }
    }
}

fn obey(order: Order, players: &mut HashMap<*const AuditionSlot, Player>) {
    match order {
        Order::Gone(slot) => {
            players.remove(&Arc::as_ptr(&slot));
        }
        Order::Port(slot, port) => {
            let player = player_of(slot, players);
            player.stop();
            player.port = Some(port);
        }
        Order::Stop(slot) => player_of(slot, players).stop(),
        Order::Play { slot, key, path, from_s, synced } => {
            player_of(slot, players).play(key, &path, from_s, synced);
        }
    }
}

fn player_of(slot: Arc<AuditionSlot>, players: &mut HashMap<*const AuditionSlot, Player>) -> &mut Player {
    players.entry(Arc::as_ptr(&slot)).or_insert_with(|| Player { slot, port: None, playing: None })
}

impl Player {
    fn play(&mut self, key: SoundKey, path: &Path, from_s: f64, synced: bool) {
        static NUMBERS: AtomicU64 = AtomicU64::new(1);
        self.stop();
        let show = |state| self.slot.show(Audition { sound: Some(key), state, position_s: from_s });
        let Some(port) = self.port.as_ref().filter(|port| !port.offline) else {
            let why = "The host is not playing audio in real time; auditioning needs that.";
            show(AuditionState::Failed(why.into()));
            return;
        };
        show(AuditionState::Opening);
        match Stream::open(path, from_s, port.sample_rate_hz) {
            Ok(stream) => {
                let number = NUMBERS.fetch_add(1, Ordering::Relaxed);
                self.slot.signals.wish(number, synced);
                let (progress, progress_at) = ((false, 0), Instant::now());
                self.playing = Some(Playing { number, key, from_s, synced, stream, progress, progress_at });
            }
            Err(error) => show(AuditionState::Failed(error.to_string().into())),
        }
    }

    fn stop(&mut self) {
        self.slot.signals.wish(0, false);
        self.playing = None;
        self.slot.show(Audition::default());
    }

    fn advance(&mut self) {
        let (Some(playing), Some(port)) = (&mut self.playing, &mut self.port) else { return };
        let signals = &self.slot.signals;
        if signals.wished() != playing.number || signals.has_finished(playing.number) {
            self.stop();
            return;
        }
        let ready = signals.is_ready_for(playing.number);
        let filled = playing.stream.fill(if ready { Some(&mut port.samples) } else { None });
        if playing.stream.is_spent() {
            signals.end(playing.number);
        }
        let (started, played) = if ready { signals.progress() } else { (false, 0) };
        let lies_ready = !ready || port.samples.slots() < port.samples.buffer().capacity();
        let failure = match filled {
            Err(error) => Some(error.to_string()),
            Ok(_) => playing.is_stalled((ready, played), lies_ready).then(|| NOT_CALLED.to_owned()),
        };
        if let Some(message) = failure {
            let state = AuditionState::Failed(message.into());
            let failed = Audition { sound: Some(playing.key), state, position_s: playing.from_s };
            self.stop();
            self.slot.show(failed);
            return;
        }
        let state = match (started, playing.synced) {
            (true, _) => AuditionState::Playing,
            (false, true) => AuditionState::WaitingForTransport,
            (false, false) => AuditionState::Opening,
        };
        let position_s = playing.from_s + played as f64 / f64::from(port.sample_rate_hz);
        self.slot.show(Audition { sound: Some(playing.key), state, position_s });
    }
}
