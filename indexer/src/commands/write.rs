//! `earmark write`: proposes UCS fields, and writes them into files.

use std::collections::HashMap;
use std::path::PathBuf;

use earmark_relabel::{Place, Plan, RenameOptions, Targets, WriteOptions, plan_rename, plan_write};

use crate::Ending;
use crate::cli::{Block, Global, WriteArgs};
use crate::error::Failure;
use crate::plans::{self, Applying};

pub(crate) fn run(global: &Global, args: WriteArgs) -> Result<Ending, Failure> {
    if let Some(path) = &args.plan.apply {
        let applying = Applying {
            plan: &Plan::load(path)?,
            args: &args.plan,
            library: &args.sounds.library,
            targets: targets(&args.into),
            keep_times: args.keep_times,
        };
        return applying.run(global);
    }
    let (suggestions, about) = args.sounds.suggestions()?;
    let (creator_id, source_id) = (args.sounds.creator.clone(), args.sounds.source.clone());
    let least_share = args.sounds.least_share();
    let names = args.rename.then(|| {
        let (creator_id, source_id) = (creator_id.clone(), source_id.clone());
        let options = RenameOptions { creator_id, source_id, user_data: None, least_share };
        plan_rename(suggestions.clone(), &options, &about)
    });
    let mut proposed = plan_write(suggestions, &WriteOptions { creator_id, source_id, least_share }, &about);
    if let Some(names) = names {
        let entries = names.plan.entries.into_iter();
        let mut names: HashMap<PathBuf, _> =
            entries.map(|entry| (entry.path, (entry.name, entry.problem))).collect();
        for entry in &mut proposed.plan.entries {
            if let Some((name, problem)) = names.remove(&entry.path) {
                entry.name = name;
                entry.problem = entry.problem.take().or(problem);
            }
        }
    }
    plans::propose(global, &args.plan, "write", &proposed)
}

/// Blocks that are named are written, made where they are not there; without any, the usual ones.
fn targets(into: &[Block]) -> Targets {
    if into.is_empty() {
        return Targets::default();
    }
    let place = |block| if into.contains(&block) { Place::Always } else { Place::Never };
    Targets {
        ixml: place(Block::Ixml),
        bext: place(Block::Bext),
        info: place(Block::Info),
        id3: place(Block::Id3),
    }
}
