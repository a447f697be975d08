//! One instance as the analysis sees it.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crossbeam_channel::Receiver;
use earmark_engine::index::default_library_dir;

use super::capture::Rolling;
use super::favourites::Favourites;
use super::files::InstanceId;
use super::focus::Focus;
use super::library::OpenLibrary;
use super::model::Model;
use super::question::{Asked, FIRST_RESULTS, Wanted};
use super::work::Shared;
use crate::audio::{Feed, TapSignals};
use crate::audition::AuditionSlot;
use crate::exchange::{
    Command, Exchange, FilterState, Input, LibraryState, Mode, Problem, QueryId, Region, Results, Settings,
    SoundKey, SoundPeaks, View, Work,
};
use crate::session::{Session, SessionSlot};

/// After so long without audio the host counts as quiet.
pub(crate) const QUIET: Duration = Duration::from_millis(500);

/// An instance.
pub(crate) struct Instance {
    pub(super) id: InstanceId,
    pub(super) exchange: Arc<Exchange>,
    pub(super) commands: Receiver<Command>,
    pub(super) session: Arc<SessionSlot>,
    pub(super) audition: Arc<AuditionSlot>,
    pub(super) signals: Arc<TapSignals>,

    /// Rings of the current activation first; older ones are drained and dropped.
    pub(super) feeds: VecDeque<Feed>,
    pub(super) input: Input,
    pub(super) position: Option<i64>,
    pub(super) last_audio: Option<Instant>,
    /// Where an offline render goes on and how often the host had reset the plugin, if it does go on.
    pub(super) offline_next: Option<(i64, u32)>,

    pub(super) mode: Mode,
    pub(super) settings: Settings,
    pub(super) filter: Arc<FilterState>,
    pub(super) wanted: Wanted,
    pub(super) library_dir: Option<PathBuf>,
    pub(super) library: Option<OpenLibrary>,
    pub(super) favourites: Option<Favourites>,
    /// The network for its library, once loaded.
    pub(super) model: Option<Arc<Model>>,

    pub(super) rolling: Option<Rolling>,
    /// The last seconds as shown, and since when.
    pub(super) rolling_region: Option<(Instant, Arc<Region>)>,
    pub(super) focus: Option<Focus>,
    pub(super) file_wish: u64,
    pub(super) asked: Option<Arc<Asked>>,
    /// Whether the question is to be put to the library (again).
    pub(super) answer_due: bool,
    /// Whether the next answer is only a first one.
    pub(super) preliminary: bool,
    pub(super) results: Arc<Results>,
    pub(super) last_answer: Option<Instant>,
    pub(super) work: Work,
    pub(super) problem: Option<Arc<Problem>>,
    pub(super) sound_peaks: Arc<HashMap<SoundKey, SoundPeaks>>,

    pub(super) published: Arc<View>,
    pub(super) dirty: bool,
    pub(super) session_dirty: bool,
    /// What the session kept last of what the user has chosen and asked.
    pub(super) chosen: (Session, Option<QueryId>),
    pub(super) last_publication: Option<Instant>,
}

impl Instance {
    /// A new instance, as it is before the host or the user has said anything.
    pub(crate) fn new(
        id: InstanceId,
        exchange: Arc<Exchange>,
        commands: Receiver<Command>,
        session: Arc<SessionSlot>,
        audition: Arc<AuditionSlot>,
        signals: Arc<TapSignals>,
    ) -> Self {
        Self {
            id,
            exchange,
            commands,
            session,
            audition,
            signals,
            feeds: VecDeque::new(),
            input: Input::default(),
            position: None,
            last_audio: None,
            offline_next: None,
            mode: Mode::default(),
            settings: Settings::default(),
            filter: Arc::default(),
            wanted: Wanted { count: FIRST_RESULTS, ..Wanted::default() },
            library_dir: default_library_dir(),
            library: None,
            favourites: None,
            model: None,
            rolling: None,
            rolling_region: None,
            focus: None,
            file_wish: 0,
            asked: None,
            answer_due: false,
            preliminary: false,
            results: Arc::default(),
            last_answer: None,
            work: Work::Idle,
            problem: None,
            sound_peaks: Arc::default(),
            published: Arc::default(),
            dirty: true,
            session_dirty: false,
            chosen: <(Session, Option<QueryId>)>::default(),
            last_publication: None,
        }
    }

    /// Its number.
    pub(crate) fn id(&self) -> InstanceId {
        self.id
    }

    /// Whether something is to be looked after that wakes nobody: the host calls, a library is being opened, a sound is
    /// auditioned, or the window is soon to be told of something.
    pub(crate) fn is_awake(&self) -> bool {
        let renders = !self.feeds.is_empty() && self.input.offline;
        let opens = self.library.as_ref().is_some_and(|library| library.shown.state == LibraryState::Opening);
        let auditions = self.published.audition.sound.is_some();
        self.input.active || renders || opens || auditions || self.dirty
    }

    /// Takes up what the host has loaded since.
    pub(crate) fn restore(&mut self) {
        if let Some(session) = self.session.take_loaded() {
            self.load(&session);
        }
    }

    /// Says what went wrong.
    pub(super) fn complain(&mut self, message: impl Into<String>) {
        self.problem = Some(Arc::new(Problem { message: message.into() }));
        self.dirty = true;
    }

    /// Takes a step; should it panic, the region and the question are given up and the user is told. All instances of a
    /// process share this thread: none may take it from the others.
    pub(crate) fn safely(
        &mut self,
        shared: &mut Shared,
        step: impl FnOnce(&mut Self, &mut Shared) -> bool,
    ) -> bool {
        let taken = catch_unwind(AssertUnwindSafe(|| step(self, shared)));
        taken.unwrap_or_else(|_| {
            // Whatever was in work may be half done; what the step owned alone is made anew.
            (self.focus, self.rolling, self.asked, self.answer_due) = (None, None, None, false);
            self.work = Work::Idle;
            shared.forget_networks();
            self.complain("Something went wrong inside Earmark; this region was given up. The others go on.");
            true
        })
    }

    /// Sees whether its library has changed.
    pub(crate) fn look_at_library(&mut self, shared: &mut Shared) {
        // A library is opened only for somebody who looks or asks.
        let asks = self.asked.is_some() && !self.results.restored;
        if !self.exchange.is_window_open() && !asks {
            return;
        }
        let Some(dir) = &self.library_dir else { return };
        let library = shared.libraries.get(dir);
        let known = self.library.as_ref().map(|library| library.revision);
        if self.favourites.is_none() {
            self.favourites = Some(Favourites::of_library(dir));
            self.dirty = true;
        }
        if known != Some(library.revision)
            || self.library.as_ref().is_some_and(|known| known.shown.dir != library.shown.dir)
        {
            self.answer_due |= self.asked.is_some();
            self.library = Some(library);
            self.dirty = true;
        }
    }
}

/// Does one piece of work for the instance that is served first; returns whether there was any.
pub(crate) fn work_on_one(instances: &mut BTreeMap<InstanceId, Box<Instance>>, shared: &mut Shared) -> bool {
    let mut order: Vec<InstanceId> = instances.keys().copied().collect();
    // Those that somebody looks at first; among equals, the one after the last served.
    let served = shared.last_served;
    order.sort_by_key(|id| {
        let open = instances.get(id).is_some_and(|instance| instance.exchange.is_window_open());
        (!open, *id <= served, *id)
    });
    for id in order {
        if let Some(instance) = instances.get_mut(&id)
            && instance.safely(shared, Instance::work)
        {
            shared.last_served = id;
            return true;
        }
    }
    false
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use crate::audition::Auditions;

    #[test]
    fn a_panic_costs_an_instance_its_region_and_nobody_else_anything() {
        let (auditions, _worker) = Auditions::start();
        let mut shared = Shared::new(auditions);
        let mut instances: Vec<Instance> = (0..2)
            .map(|id| {
                let (commands, commanded) = crossbeam_channel::unbounded();
                let exchange = Arc::new(Exchange::new(commands));
                let session = Arc::new(SessionSlot::new(exchange.shared_appearance()));
                Instance::new(id, exchange, commanded, session, Arc::default(), Arc::default())
            })
            .collect();
        let panics = |instance: &mut Instance, _: &mut Shared| panic!("instance {}", instance.id());
        assert!(instances[0].safely(&mut shared, panics));
        for instance in &mut instances {
            instance.safely(&mut shared, |instance, shared| {
                instance.publish(shared);
                true
            });
        }
        assert!(instances[0].exchange.view().problem.as_ref().unwrap().message.contains("went wrong"));
        assert!(instances[1].exchange.view().problem.is_none());
    }
}
