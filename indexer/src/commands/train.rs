//! `earmark train`: from labelled sounds to a model.

use std::io::{self, IsTerminal, Write};
use std::num::NonZero;
use std::path::Path;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use earmark_engine::network::Network;
use earmark_trainer::dataset::{Progress as WorkProgress, Work};
use earmark_trainer::loss::Loss;
use earmark_trainer::training::{
    Beginning, Distillation, Ending as RunEnding, EpochMetrics, Finished, Observer, Plan, Pretraining,
    Trainer, list_devices, open_device, prepare,
};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::Ending;
use crate::cli::{Global, TrainArgs};
use crate::error::Failure;
use crate::judging::default_cache;
use crate::{interrupt, model, output};

/// Name of the splits in a run's folder.
const SPLITS_FILE: &str = "splits.json";

pub(crate) fn run(global: &Global, args: &TrainArgs) -> Result<Ending, Failure> {
    if args.list_devices {
        for device in list_devices() {
            writeln!(anstream::stdout(), "{device}")?;
        }
        return Ok(Ending::Found);
    }
    let Some(folder) = &args.output else {
        return Err(Failure::Usage("name the folder of the model, as in -o models/mine".into()));
    };
    let plan = plan(args, folder)?;
    plan.check()?;
    // Before anything is computed: whether there is such a device.
    let device = open_device(args.device)?;
    let stop = interrupt::flag();
    let card = model::card(Path::new(model::DEFAULT))?;
    let cache = args.cache.clone().map_or_else(default_cache, Ok)?;
    let shown = Mutex::new(Instant::now());
    let work = Work {
        jobs: std::thread::available_parallelism().unwrap_or(NonZero::<usize>::MIN),
        stop,
        progress: &|progress| say_progress(global, &shown, progress),
    };
    let prepared = match prepare(&plan, &card, &cache, &work) {
        Err(_) if work.stopped() => return Ok(Ending::Interrupted),
        prepared => prepared?,
    };
    for problem in &prepared.problems {
        output::warn(&problem.reason);
    }
    let init = plan.model.init.as_deref().map(model::to_begin_with).transpose()?;
    let cached = Some(cache.as_path());
    let init = init.as_ref();
    let init = init.map(|(file, network)| Beginning { file, card: network.card(), cache: cached, stop });
    let teacher =
        plan.distillation.as_ref().map(|distillation| network(&distillation.teacher)).transpose()?;
    let mut trainer = Trainer::new(plan, prepared.sets, prepared.estimate_on, card, init, folder, device)?;
    let splits = folder.join(SPLITS_FILE);
    std::fs::write(&splits, serde_json::to_vec_pretty(&prepared.splits)?)
        .map_err(Failure::file(&splits, "write"))?;
    if let Some(teacher) = teacher {
        if !global.quiet {
            output::say("the teacher listens to all frames");
        }
        trainer.learn_from(&teacher, Some(&cache), stop)?;
    }
    let mut bar = Bar::new(global.quiet, trainer.progress().epoch);
    let ended = trainer.run(&mut bar, stop);
    bar.finish();
    match ended? {
        RunEnding::Stopped => {
            if !global.quiet {
                output::say("stopped; the same command goes on from here");
            }
            Ok(Ending::Interrupted)
        }
        RunEnding::Finished(finished) => {
            tell(&finished)?;
            Ok(if prepared.problems.is_empty() { Ending::Found } else { Ending::Partial })
        }
    }
}

fn tell(finished: &Finished) -> Result<(), Failure> {
    writeln!(
        anstream::stdout(),
        "{}: {} values a frame, within {:.0e} of what was trained; use it with --model {}",
        finished.card.name,
        finished.card.embedding_size(),
        finished.difference,
        finished.folder.display()
    )?;
    Ok(())
}

/// The plan's file with the flags' changes.
fn plan(args: &TrainArgs, folder: &Path) -> Result<Plan, Failure> {
    let mut plan = match &args.plan {
        Some(path) => Plan::read(path)?,
        None => Plan::default(),
    };
    if args.plan.is_none() || plan.model.name == Plan::default().model.name {
        let name = folder.file_name().unwrap_or_default().to_string_lossy();
        let plain = |c: &char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
        let name: String = name.chars().filter(plain).take(64).collect();
        plan.model.name = if name.is_empty() || name.starts_with('.') { plan.model.name } else { name };
    }
    set(&mut plan.model.name, &args.name);
    set(&mut plan.model.licence, &args.licence);
    set(&mut plan.model.network, &args.network);
    set(&mut plan.seed, &args.seed);
    set(&mut plan.focal_gamma, &args.focal_gamma);
    set(&mut plan.optimiser.epochs, &args.epochs);
    set(&mut plan.optimiser.learning_rate, &args.learning_rate);
    set(&mut plan.sampling.mixing, &args.mixing.map(Into::into));
    set(&mut plan.sampling.imbalance, &args.imbalance.map(Into::into));
    set(&mut plan.model.learn, &args.learn.map(Into::into));
    set(&mut plan.model.pooling, &args.pooling.map(Into::into));
    set(&mut plan.sampling.recordings, &args.recordings.map(Into::into));
    set(&mut plan.model.normalisation, &args.normalisation.map(Into::into));
    set(&mut plan.loss, &args.loss.as_deref().and_then(Loss::named));
    if !args.data.is_empty() {
        plan.data.clone_from(&args.data);
    }
    if !args.unlabelled.is_empty() {
        plan.unlabelled.clone_from(&args.unlabelled);
    }
    if args.init.is_some() {
        plan.model.init.clone_from(&args.init);
    }
    if args.estimate_on.is_some() {
        plan.model.estimate_on.clone_from(&args.estimate_on);
    }
    if let Some(teacher) = args.teacher.clone() {
        let weights = plan.distillation.map(|distillation| distillation.weights).unwrap_or_default();
        plan.distillation = Some(Distillation { teacher, weights });
    }
    if let Some(epochs) = args.pretrain {
        plan.pretraining = Some(Pretraining { epochs, ..plan.pretraining.unwrap_or_default() });
    }
    // Without a labelled data set there is nothing but the teacher, or pretraining, to learn from.
    if plan.data.is_empty() && args.loss.is_none() && args.plan.is_none() {
        plan.loss = Loss::None;
        if plan.distillation.is_none() {
            plan.optimiser.epochs = 0;
        }
    }
    Ok(plan)
}

fn set<T: Clone>(field: &mut T, given: &Option<T>) {
    if let Some(given) = given {
        field.clone_from(given);
    }
}

fn network(name: &Path) -> Result<Network, Failure> {
    Ok(model::load(Some(name), None)?.network)
}

fn say_progress(global: &Global, shown: &Mutex<Instant>, progress: WorkProgress) {
    if global.quiet {
        return;
    }
    if let Ok(mut last) = shown.lock()
        && (last.elapsed() >= Duration::from_secs(5))
    {
        *last = Instant::now();
        output::say(&format!("{}: {} of {} sounds", progress.what, progress.done, progress.total));
    }
}

/// Shows how training goes: a bar on a terminal, a line an epoch elsewhere.
struct Bar {
    bar: Option<ProgressBar>,
    quiet: bool,
    begun: Instant,
    /// Epochs that an earlier run has done, and the part of one since then.
    first_epoch: f64,
}

impl Bar {
    fn new(quiet: bool, first_epoch: usize) -> Self {
        let bar = (!quiet && io::stderr().is_terminal()).then(|| {
            let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr_with_hz(10));
            let style = ProgressStyle::with_template("{bar:30} {percent:>3} %  {msg}");
            bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
            bar
        });
        Self { bar, quiet, begun: Instant::now(), first_epoch: first_epoch as f64 }
    }

    fn finish(&self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}

impl Observer for Bar {
    fn batch(&mut self, batch: [usize; 2], epoch: [usize; 2], loss: f64, macro_f1: Option<f64>) {
        let Some(bar) = &self.bar else { return };
        let done = (epoch[0] - 1) as f64 + batch[0] as f64 / batch[1] as f64;
        bar.set_length(epoch[1] as u64 * 1000);
        bar.set_position((done * 1000.0) as u64);
        let mut message = format!("epoch {} of {}, loss {loss:.4}", epoch[0], epoch[1]);
        if let Some(macro_f1) = macro_f1 {
            message += &format!(", F1 {macro_f1:.3}");
        }
        let (elapsed_s, here) = (self.begun.elapsed().as_secs_f64(), done - self.first_epoch);
        if elapsed_s > 2.0 && here > 0.0 {
            message += &format!(", {} left", output::span(elapsed_s * (epoch[1] as f64 - done) / here));
        }
        bar.set_message(message);
    }

    fn epoch(&mut self, metrics: &EpochMetrics) {
        if self.quiet || self.bar.is_some() {
            return;
        }
        let macro_f1 = metrics.macro_f1.map(|f1| format!(", F1 {f1:.3}")).unwrap_or_default();
        output::say(&format!(
            "epoch {} ({}): loss {:.4}{macro_f1}, {:.0} frames/s",
            metrics.epoch, metrics.phase, metrics.loss, metrics.frames_per_s
        ));
    }
}
