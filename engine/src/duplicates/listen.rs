//! Decodes every class of files once, several at a time, and asks the table about each in order, so that the outcome
//! does not depend on how many work.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use super::fingerprint::{Fingerprinter, Heard, Moment, RATE_HZ};
use super::samples::Source;
use super::table::{Candidate, Table};
use super::{Library, Observer, Problem, Request, path_of};
use crate::audio::{AudioError, MonoStream};

/// What listening to all gave.
pub(super) struct Listened {
    /// Of each class the file to decode; `None` where none can be read.
    pub sources: Vec<Option<Source>>,
    pub heard: Vec<Heard>,
    /// Pairs of classes.
    pub candidates: Vec<Candidate>,
    pub problems: Vec<Problem>,
    pub listened_s: f64,
}

/// One class, listened to.
struct Outcome {
    class: u32,
    found: Option<(Source, Heard, Vec<Moment>)>,
    problems: Vec<Problem>,
}

/// Listens to every class; stops early when asked to.
pub(super) fn listen(library: &Library<'_>, request: &Request<'_>, observer: &mut dyn Observer) -> Listened {
    let count = library.classes.len();
    let audio_s = (0..count as u32).map(|class| library.duration_s(class)).sum();
    observer.planned(count, audio_s);
    let mut table = Table::new(audio_s);
    let mut listened = Listened {
        sources: vec![None; count],
        heard: vec![Heard::default(); count],
        candidates: Vec::new(),
        problems: Vec::new(),
        listened_s: 0.0,
    };
    let next = AtomicUsize::new(0);
    let (send, receive) = crossbeam_channel::bounded(64);
    thread::scope(|scope| {
        for _ in 0..request.jobs.clamp(1, count.max(1)) {
            let (send, next) = (send.clone(), &next);
            scope.spawn(move || {
                let mut fingerprinter = Fingerprinter::new();
                loop {
                    let class = next.fetch_add(1, Ordering::Relaxed);
                    if class >= count || (request.stop)() {
                        return;
                    }
                    let outcome = hear(library, request, class as u32, &mut fingerprinter);
                    if send.send(outcome).is_err() {
                        return;
                    }
                }
            });
        }
        drop(send);
        let mut waiting: BTreeMap<u32, Outcome> = BTreeMap::new();
        let mut turn = 0;
        for outcome in receive {
            waiting.insert(outcome.class, outcome);
            while let Some(outcome) = waiting.remove(&turn) {
                listened.take(outcome, &mut table, observer);
                turn += 1;
            }
        }
    });
    listened
}

impl Listened {
    fn take(&mut self, outcome: Outcome, table: &mut Table, observer: &mut dyn Observer) {
        self.problems.extend(outcome.problems);
        let class = outcome.class;
        let Some((source, heard, moments)) = outcome.found else {
            observer.listened(0.0);
            return;
        };
        let audio_s = heard.samples as f64 / f64::from(RATE_HZ);
        self.listened_s += audio_s;
        self.candidates.extend(table.ask_and_enter(class, &moments));
        self.sources[class as usize] = Some(source);
        self.heard[class as usize] = heard;
        observer.listened(audio_s);
    }
}

/// Listens to the first file of a class that can be read.
fn hear(
    library: &Library<'_>,
    request: &Request<'_>,
    class: u32,
    fingerprinter: &mut Fingerprinter,
) -> Outcome {
    let mut outcome = Outcome { class, found: None, problems: Vec::new() };
    for number in &library.classes[class as usize].sounds {
        let id = library.sounds[*number as usize].id;
        let Some(path) = path_of(library.snapshot, id) else { continue };
        match fingerprint(&path, request, fingerprinter) {
            Ok((moments, heard)) => {
                let source = Source { number: class, path, samples: heard.samples };
                outcome.found = Some((source, heard, moments));
                break;
            }
            Err(error) => {
                fingerprinter.reset();
                outcome.problems.push(Problem { id, path, message: error.to_string() });
            }
        }
    }
    outcome
}

fn fingerprint(
    path: &std::path::Path,
    request: &Request<'_>,
    fingerprinter: &mut Fingerprinter,
) -> Result<(Vec<Moment>, Heard), AudioError> {
    let mut stream = MonoStream::open(path, RATE_HZ)?;
    while !(request.stop)()
        && let Some(block) = stream.next_block()?
    {
        fingerprinter.push(block);
    }
    Ok(fingerprinter.finish())
}
