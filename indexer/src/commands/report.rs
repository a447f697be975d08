//! `earmark report`: the state of a library as one page that can be kept, sent and printed.

use std::num::NonZero;
use std::path::Path;
use std::sync::atomic::Ordering;
use std::thread;

use earmark_atlas::AtlasError;

use crate::Ending;
use crate::cli::{Global, ReportArgs};
use crate::error::Failure;
use crate::report::{Facts, Progress, Wanted, page, plots, write_page};
use crate::{interrupt, model, output};

pub(crate) fn run(global: &Global, args: ReportArgs) -> Result<Ending, Failure> {
    let snapshot = args.library.open()?;
    // Before the work, not after it.
    refuse_other_files(&args.output)?;
    // Without its model, there is no starter bank to judge labels by; the rest does not need it.
    let bank = model::load(None, Some(&snapshot.manifest().model)).ok().and_then(|model| model.bank);
    let flag = interrupt::flag();
    let mut progress = Progress::new(global.quiet);
    let wanted = Wanted {
        bank: bank.as_ref(),
        listen: args.listen,
        map_sounds: args.map_sounds as usize,
        jobs: args.jobs.map_or_else(|| thread::available_parallelism().map_or(1, NonZero::get), usize::from),
        stop: &|| flag.load(Ordering::Relaxed),
    };
    let facts = match Facts::gather(&snapshot, &wanted, &mut progress) {
        Err(Failure::Map(AtlasError::Stopped)) => {
            progress.finish();
            return Ok(Ending::Interrupted);
        }
        facts => facts?,
    };
    progress.finish();
    write_page(&args.output, &page(&snapshot, &facts)?)?;
    if !global.quiet {
        output::say(&format!("report: {}", args.output.display()));
    }
    if let Some(folder) = &args.plots {
        for path in plots::write(folder, &facts)? {
            if !global.quiet {
                output::say(&format!("plot:   {}", path.display()));
            }
        }
    }
    Ok(match () {
        () if !snapshot.damage().is_empty() => Ending::Partial,
        () if facts.info.sounds == 0 => Ending::Nothing,
        () => Ending::Found,
    })
}

/// A report may take the place of an older one, and of nothing else.
fn refuse_other_files(output: &Path) -> Result<(), Failure> {
    if output.exists() && !crate::report::is_report(output) {
        return Err(Failure::Usage(format!(
            "{}: there is something else of this name; it is left alone: give another with --output",
            output.display()
        )));
    }
    Ok(())
}
