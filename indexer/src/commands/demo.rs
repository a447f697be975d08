//! `earmark demo`: synthesises a small library.

use std::io::Write;
use std::path::Path;

use crate::Ending;
use crate::cli::{DemoArgs, Global};
use crate::error::Failure;

pub(crate) fn run(global: &Global, args: DemoArgs) -> Result<Ending, Failure> {
    let mut files = 0;
    let mut count = |_: &Path| files += 1;
    earmark_demo::write_library(&args.dir, args.seed, &mut count)?;
    if !global.quiet {
        let dir = args.dir.display();
        let mut out = anstream::stdout().lock();
        writeln!(out, "{files} synthesised sounds in {dir}")?;
        writeln!(out, "Try: earmark find \"$(ls {dir}/*/DOOR*.wav | head -1)\" --in {dir}")?;
    }
    Ok(Ending::Found)
}
