//! `earmark write`: proposes UCS fields, and writes them into files.

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
    let options = WriteOptions { creator_id, source_id, least_share, targets: targets(&args.into) };
    let mut proposed = plan_write(suggestions, &options, &about);
    if let Some(names) = names {
        proposed.join(names);
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
