//! `earmark experiment`: a grid of trainings, each judged; and the page that says what came out.

use std::io::{self, IsTerminal};
use std::num::NonZero;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::time::{Duration, Instant};

use earmark_trainer::dataset::{Progress as WorkProgress, Work};
use earmark_trainer::evaluate::Extractor;
use earmark_trainer::experiment::{
    CellEnding, CellRecord, Experiment, ExperimentPlan, Means, Measure, Outcome, PlannedCell, Results,
};
use earmark_trainer::training::{EpochMetrics, Observer, open_device};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::cli::{ExperimentArgs, ExperimentCommand, ExperimentReportArgs, ExperimentRunArgs, Global};
use crate::error::Failure;
use crate::judging::{default_cache, tell_problems};
use crate::output::{self, counted};
use crate::{Ending, findings, interrupt, model};

/// The name of the baseline.
const MFCC: &str = "mfcc";
/// Name of the page in the folder of results.
const REPORT_FILE: &str = "report.html";

pub(crate) fn run(global: &Global, args: ExperimentArgs) -> Result<Ending, Failure> {
    match args.command {
        Some(ExperimentCommand::Report(args)) => report(global, &args),
        None => compute(global, &args.run),
    }
}

fn compute(global: &Global, args: &ExperimentRunArgs) -> Result<Ending, Failure> {
    let Some(path) = &args.plan else {
        return Err(Failure::Usage("name the plan of the experiment".into()));
    };
    let folder = args.output.clone().unwrap_or_else(|| path.with_extension(""));
    if folder == *path {
        let message = format!("{}: name a folder for the results with -o DIR", path.display());
        return Err(Failure::Usage(message));
    }
    let plan = ExperimentPlan::read(path)?;
    let means = means(&plan, args)?;
    let mut experiment = Experiment::open(plan, means)?;
    if args.dry_run {
        return list(&experiment, &Results::at(&folder));
    }
    let results = Results::create(&folder)?;
    let mut gauge = Gauge::new(global.quiet);
    let shown = Mutex::new(Instant::now());
    let work = Work {
        jobs: std::thread::available_parallelism().unwrap_or(NonZero::<usize>::MIN),
        stop: interrupt::flag(),
        progress: &|progress| say_progress(global.quiet, &shown, progress),
    };
    match experiment.prepare(&results, &work) {
        Err(_) if work.stopped() => return Ok(Ending::Interrupted),
        prepared => prepared?,
    }
    if !global.quiet {
        experiment.left_out().iter().for_each(|it| {
            output::say(&format!(
                "left out: {}: {}",
                counted(it.cells, "cell"),
                output::one_line(&it.reason)
            ));
        });
    }
    let mut partial = false;
    for set in experiment.sets() {
        partial |= tell_problems(&set.set.problems);
    }
    let quiet_work = Work { progress: &|_| {}, ..work };
    let ended = cells(&experiment, &results, args.retry_failed, &mut gauge, &quiet_work);
    gauge.finish();
    let (failed, busy) = match ended? {
        None => {
            if !global.quiet {
                output::say("stopped; the same command goes on from here");
            }
            return Ok(Ending::Interrupted);
        }
        Some(counts) => counts,
    };
    let total = experiment.cells().len();
    let mut line = format!("{} computed", counted(total - busy - failed, "cell"));
    if failed > 0 {
        line += &format!(", {failed} failed (--retry-failed computes them once more)");
    }
    if busy > 0 {
        line += &format!(", {busy} in work by another process");
    }
    let shown = output::one_line(&folder.display().to_string());
    output::print_line(&format!("{line}; `earmark experiment report {shown}` shows what came out"))?;
    Ok(if failed > 0 || partial { Ending::Partial } else { Ending::Found })
}

/// Computes all cells; how many have failed, now or before, and how many others are at; `None` when stopped.
fn cells(
    experiment: &Experiment,
    results: &Results,
    again: bool,
    gauge: &mut Gauge,
    work: &Work<'_>,
) -> Result<Option<(usize, usize)>, Failure> {
    let (mut failed, mut busy) = (0, 0);
    gauge.begin(experiment.cells(), results)?;
    for planned in experiment.cells() {
        if work.stopped() {
            return Ok(None);
        }
        gauge.cell(planned);
        let ending = experiment.compute(planned, results, again, gauge, work)?;
        gauge.cell_done(planned, &ending);
        match ending {
            CellEnding::Stopped => return Ok(None),
            CellEnding::Busy => busy += 1,
            CellEnding::Ended(record) => failed += usize::from(has_failed(&record)),
            CellEnding::Known => {
                failed += usize::from(results.cell(&planned.id)?.is_some_and(|it| has_failed(&it)));
            }
        }
    }
    Ok(Some((failed, busy)))
}

fn has_failed(record: &CellRecord) -> bool {
    matches!(record.outcome, Outcome::Failed { .. })
}

/// Loads what the cells have in common.
fn means(plan: &ExperimentPlan, args: &ExperimentRunArgs) -> Result<Means, Failure> {
    let card = model::card(Path::new(model::DEFAULT))?;
    let reference = |name: &PathBuf| {
        if name == Path::new(MFCC) {
            return Ok(Extractor::Mfcc(Box::new(card.clone())));
        }
        Ok(Extractor::Network(model::load(Some(name), None)?.network))
    };
    let references = plan.references.iter().map(reference).collect::<Result<Vec<_>, Failure>>()?;
    let distillation = plan.training.distillation.as_ref();
    let teacher = distillation.map(|it| model::load(Some(&it.teacher), None)).transpose()?;
    Ok(Means {
        references,
        init: plan.training.model.init.as_deref().map(model::to_begin_with).transpose()?,
        teacher: teacher.map(|model| model.network),
        device: open_device(args.device)?,
        cache: args.cache.clone().map_or_else(default_cache, Ok)?,
        card,
    })
}

/// Prints all cells with their ids and how far they are.
fn list(experiment: &Experiment, results: &Results) -> Result<Ending, Failure> {
    let (mut done, mut failed) = (0, 0);
    for planned in experiment.cells() {
        let state = match results.cell(&planned.id)? {
            None => "to do",
            Some(record) if has_failed(&record) => "failed",
            Some(_) => "done",
        };
        done += usize::from(state == "done");
        failed += usize::from(state == "failed");
        let name = output::one_line(&planned.cell.to_string());
        output::print_line(&format!("{}  {state:6}  {name}", planned.id))?;
    }
    for it in experiment.left_out() {
        let reason = output::one_line(&it.reason);
        output::print_line(&format!("left out: {}: {reason}", counted(it.cells, "cell")))?;
    }
    let total = experiment.cells().len();
    output::print_line(&format!(
        "{}: {done} done, {failed} failed, {} to do",
        counted(total, "cell"),
        total - done - failed
    ))?;
    Ok(Ending::Found)
}

fn report(global: &Global, args: &ExperimentReportArgs) -> Result<Ending, Failure> {
    let results = Results::open(&args.results)?;
    let output = args.output.clone().unwrap_or_else(|| args.results.join(REPORT_FILE));
    if output.exists() && !crate::report::is_report(&output) {
        return Err(Failure::Usage(format!(
            "{}: there is something else of this name; it is left alone: give another with --output",
            output.display()
        )));
    }
    let findings = findings::Findings::gather(&results)?;
    let page = findings.page(&output, args.embed_sounds, interrupt::flag())?;
    let Some(page) = page else { return Ok(Ending::Interrupted) };
    crate::report::write_page(&output, &page)?;
    if !global.quiet {
        output::say(&format!("report: {}", output.display()));
    }
    if let Some(folder) = &args.plots {
        for path in findings.write_pictures(folder)? {
            if !global.quiet {
                output::say(&format!("plot:   {}", path.display()));
            }
        }
    }
    if args.json {
        output::print_json(&findings.brief())?;
    }
    Ok(if findings.is_empty() { Ending::Nothing } else { Ending::Found })
}

fn say_progress(quiet: bool, shown: &Mutex<Instant>, progress: WorkProgress) {
    if quiet {
        return;
    }
    if let Ok(mut last) = shown.lock()
        && last.elapsed() >= Duration::from_secs(5)
    {
        *last = Instant::now();
        output::say(&format!("{}: {} of {} sounds", progress.what, progress.done, progress.total));
    }
}

/// Shows how far the whole grid is: a bar on a terminal, a line a cell elsewhere.
struct Gauge {
    bar: Option<ProgressBar>,
    quiet: bool,
    begun: Instant,
    /// Cost of all cells, of those that were done when we began, of those done since, of the one in work.
    total: f64,
    before: f64,
    since: f64,
    current: f64,
    /// Part of the cell in work that is done.
    part: f64,
    number: usize,
    count: usize,
    name: String,
}

impl Gauge {
    fn new(quiet: bool) -> Self {
        let bar = (!quiet && io::stderr().is_terminal()).then(|| {
            let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr_with_hz(10));
            let style = ProgressStyle::with_template("{bar:30} {percent:>3} %  {msg}");
            bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
            bar
        });
        Self {
            bar,
            quiet,
            begun: Instant::now(),
            total: 0.0,
            before: 0.0,
            since: 0.0,
            current: 0.0,
            part: 0.0,
            number: 0,
            count: 0,
            name: String::new(),
        }
    }

    fn begin(&mut self, cells: &[PlannedCell], results: &Results) -> Result<(), Failure> {
        self.begun = Instant::now();
        self.count = cells.len();
        self.total = cells.iter().map(|cell| cell.cost).sum();
        for cell in cells {
            if results.cell(&cell.id)?.is_some() {
                self.before += cell.cost;
            }
        }
        if let Some(bar) = &self.bar {
            bar.set_length(1000);
        }
        Ok(())
    }

    fn cell(&mut self, planned: &PlannedCell) {
        self.number += 1;
        (self.current, self.part) = (planned.cost, 0.0);
        self.name = output::one_line(&planned.cell.to_string());
    }

    fn cell_done(&mut self, planned: &PlannedCell, ending: &CellEnding) {
        let CellEnding::Ended(record) = ending else { return };
        self.since += planned.cost;
        (self.current, self.part) = (0.0, 0.0);
        let how = match &record.outcome {
            Outcome::Failed { error } => format!("failed: {}", output::one_line(error)),
            Outcome::Done(measured) => {
                let figures = measured.judged.iter().filter_map(|it| Measure::FrameF1.of(it));
                let values: Vec<f64> = figures.map(|figure| figure.value).collect();
                format!("macro F1 {:.3}", values.iter().sum::<f64>() / values.len().max(1) as f64)
            }
        };
        let (number, count, name) = (self.number, self.count, &self.name);
        let took = output::span(record.seconds);
        let line = format!("cell {number} of {count}: {name}: {how}, {took}{}", self.left());
        match &self.bar {
            Some(bar) => bar.suspend(|| output::say(&line)),
            None if !self.quiet => output::say(&line),
            None => {}
        }
    }

    fn left(&self) -> String {
        let (elapsed_s, done) = (self.begun.elapsed().as_secs_f64(), self.since + self.current * self.part);
        let left = (self.total - self.before - done).max(0.0);
        if done <= 0.0 || elapsed_s < 1.0 || left <= 0.0 {
            return String::new();
        }
        format!(", {} left for all", output::span(elapsed_s * left / done))
    }

    fn finish(&self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}

impl Observer for Gauge {
    fn batch(&mut self, batch: [usize; 2], epoch: [usize; 2], loss: f64, _macro_f1: Option<f64>) {
        let done = (epoch[0] - 1) as f64 + batch[0] as f64 / batch[1].max(1) as f64;
        self.part = done / epoch[1].max(1) as f64;
        let Some(bar) = &self.bar else { return };
        let share = (self.before + self.since + self.current * self.part) / self.total.max(1.0);
        bar.set_position((share * 1000.0) as u64);
        bar.set_message(format!(
            "cell {} of {} ({}), epoch {} of {}, loss {loss:.3}{}",
            self.number,
            self.count,
            self.name,
            epoch[0],
            epoch[1],
            self.left()
        ));
    }

    fn epoch(&mut self, _metrics: &EpochMetrics) {}
}
