//! `earmark rename`: proposes UCS file names, and gives them.

use earmark_relabel::{Plan, RenameOptions, Targets, plan_rename};

use crate::Ending;
use crate::cli::{Global, RenameArgs};
use crate::error::Failure;
use crate::plans::{self, Applying};

pub(crate) fn run(global: &Global, args: RenameArgs) -> Result<Ending, Failure> {
    if let Some(path) = &args.plan.apply {
        let plan = Plan::load(path)?;
        if plan.writes() > 0 {
            return Err(Failure::Usage(format!(
                "{0}: the plan writes into files, too; `earmark write --apply {0}` does both",
                path.display()
            )));
        }
        let applying = Applying {
            plan: &plan,
            args: &args.plan,
            library: &args.sounds.library,
            targets: Targets::default(),
            keep_times: true,
        };
        return applying.run(global);
    }
    let (suggestions, about) = args.sounds.suggestions()?;
    let options = RenameOptions {
        creator_id: args.sounds.creator.clone(),
        source_id: args.sounds.source.clone(),
        user_data: args.user_data.clone(),
        least_share: args.sounds.least_share(),
    };
    plans::propose(global, &args.plan, "rename", &plan_rename(suggestions, &options, &about))
}
