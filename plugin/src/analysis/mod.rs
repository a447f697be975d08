//! The analysis: one thread for all instances of the process.
//!
//! It owns everything that is expensive, once: the network, the libraries' snapshots, the recent questions. It drains
//! the rings of every instance's audio thread, embeds frames while audio arrives, searches, and publishes what the
//! windows show. Work is done in pieces of at most a frame or a search, and between them the rings are drained, so that
//! no instance loses audio because another is busy. Instances with an open window come first.

mod audio;
mod capture;
mod commands;
mod favourites;
mod files;
mod focus;
mod frames;
mod instance;
mod library;
mod listening;
mod model;
mod publishing;
mod question;
mod spans;
mod work;

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;

use crossbeam_channel::{Receiver, Select, Sender, unbounded};

use crate::audio::{AuditionPort, Feed, TapSignals};
use crate::audition::{AuditionSlot, Auditions};
use crate::exchange::{Command, Exchange};
use crate::session::SessionSlot;
use crate::worker::{Worker, stopped};
use files::InstanceId;
use instance::Instance;
use work::Shared;

/// How long the analysis sleeps while audio arrives, which nobody wakes it for: the audio thread may not.
const AWAKE: Duration = Duration::from_millis(20);
/// How long it sleeps otherwise, if no window wakes it.
const ASLEEP: Duration = Duration::from_millis(50);

/// What the analysis is told by instances.
enum Notice {
    Joined(Box<Instance>),
    Activated(InstanceId, Feed),
    Left(InstanceId),
}

/// What all instances of a process share; it ends with the last of them.
struct Engine {
    notices: Sender<Notice>,
    auditions: Auditions,
    exchanges: Mutex<BTreeMap<InstanceId, Weak<Exchange>>>,
    // Dropped in this order: the analysis gives orders to the audition.
    _analysis: Option<Worker>,
    _audition: Option<Worker>,
}

static ENGINE: Mutex<Weak<Engine>> = Mutex::new(Weak::new());
static INSTANCES: AtomicU64 = AtomicU64::new(0);

impl Engine {
    fn shared() -> Arc<Self> {
        let mut engine = ENGINE.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(engine) = engine.upgrade() {
            return engine;
        }
        let (notices, noticed) = unbounded();
        let (auditions, audition) = Auditions::start();
        let orders = auditions.clone();
        let analysis = Worker::start("earmark-analysis", move |stop| run(&noticed, orders, stop)).ok();
        let new = Arc::new(Self {
            notices,
            auditions,
            exchanges: Mutex::default(),
            _analysis: analysis,
            _audition: audition,
        });
        *engine = Arc::downgrade(&new);
        new
    }
}

/// The exchanges of all instances in this process, oldest first: for whoever hosts the plugin and its window himself.
pub fn exchanges() -> Vec<Arc<Exchange>> {
    let engine = ENGINE.lock().unwrap_or_else(PoisonError::into_inner).upgrade();
    let Some(engine) = engine else { return Vec::new() };
    let exchanges = engine.exchanges.lock().unwrap_or_else(PoisonError::into_inner);
    exchanges.values().filter_map(Weak::upgrade).collect()
}

/// An instance's place in the analysis; dropping it leaves.
pub struct Membership {
    engine: Arc<Engine>,
    id: InstanceId,
    exchange: Arc<Exchange>,
    session: Arc<SessionSlot>,
    audition: Arc<AuditionSlot>,
    signals: Arc<TapSignals>,
}

impl Membership {
    /// Joins; starts the threads if this is the first instance of the process. Loads nothing yet.
    pub fn join() -> Self {
        let engine = Engine::shared();
        let id = INSTANCES.fetch_add(1, Ordering::Relaxed);
        let (commands, commanded) = unbounded::<Command>();
        let exchange = Arc::new(Exchange::new(commands));
        let session = Arc::new(SessionSlot::new(exchange.shared_appearance()));
        let (audition, signals) = (Arc::<AuditionSlot>::default(), Arc::<TapSignals>::default());
        let instance = Instance::new(
            id,
            Arc::clone(&exchange),
            commanded,
            Arc::clone(&session),
            Arc::clone(&audition),
            Arc::clone(&signals),
        );
        let weak = Arc::downgrade(&exchange);
        engine.exchanges.lock().unwrap_or_else(PoisonError::into_inner).insert(id, weak);
        let _ = engine.notices.send(Notice::Joined(Box::new(instance)));
        Self { engine, id, exchange, session, audition, signals }
    }

    /// What the window talks to.
    pub fn exchange(&self) -> &Arc<Exchange> {
        &self.exchange
    }

    /// What the host saves and loads.
    pub fn session(&self) -> &Arc<SessionSlot> {
        &self.session
    }

    /// What the audio thread counts.
    pub fn signals(&self) -> &Arc<TapSignals> {
        &self.signals
    }

    /// Between the audition and the audio thread.
    pub fn audition(&self) -> &Arc<AuditionSlot> {
        &self.audition
    }

    /// Hands over the other ends of the audio thread's rings.
    pub fn activated(&self, feed: Feed, port: AuditionPort) {
        let _ = self.engine.notices.send(Notice::Activated(self.id, feed));
        self.engine.auditions.port(&self.audition, port);
    }
}

impl Drop for Membership {
    fn drop(&mut self) {
        let mut exchanges = self.engine.exchanges.lock().unwrap_or_else(PoisonError::into_inner);
        exchanges.remove(&self.id);
        drop(exchanges);
        self.engine.auditions.gone(&self.audition);
        let _ = self.engine.notices.send(Notice::Left(self.id));
    }
}

fn run(notices: &Receiver<Notice>, auditions: Auditions, stop: &AtomicBool) {
    let mut shared = Shared::new(auditions);
    let mut instances: BTreeMap<InstanceId, Box<Instance>> = BTreeMap::new();
    let mut wait = Duration::ZERO;
    while !stopped(stop) {
        sleep(wait, notices, &instances, &shared);
        for notice in notices.try_iter() {
            match notice {
                Notice::Joined(instance) => drop(instances.insert(instance.id(), instance)),
                Notice::Activated(id, feed) => {
                    if let Some(instance) = instances.get_mut(&id) {
                        instance.activated(feed);
                    }
                }
                Notice::Left(id) => drop(instances.remove(&id)),
            }
        }
        for instance in instances.values_mut() {
            instance.safely(&mut shared, |instance, shared| {
                instance.restore();
                instance.obey(shared);
                instance.listen();
                instance.look_at_library(shared);
                true
            });
        }
        shared.hand_out_files(&mut instances);
        let worked = instance::work_on_one(&mut instances, &mut shared);
        for instance in instances.values_mut() {
            instance.safely(&mut shared, |instance, shared| {
                instance.publish(shared);
                true
            });
        }
        wait = match () {
            () if worked => Duration::ZERO,
            () if instances.values().any(|instance| instance.is_awake()) => AWAKE,
            () => ASLEEP,
        };
    }
}

/// Waits so long, or until an instance, a window or the files' thread has something to say.
fn sleep(
    wait: Duration,
    notices: &Receiver<Notice>,
    instances: &BTreeMap<InstanceId, Box<Instance>>,
    shared: &Shared,
) {
    if wait.is_zero() {
        return;
    }
    let mut news = Select::new();
    news.recv(notices);
    news.recv(shared.files.receiver());
    for instance in instances.values() {
        news.recv(&instance.commands);
    }
    // In vain or not: what there is is looked for anyway.
    let _ = news.ready_timeout(wait);
}
