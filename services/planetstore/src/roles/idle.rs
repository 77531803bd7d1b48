//! The least that a role is, for tests: it does nothing, and ends.

use std::time::Duration;

use clap::Args;

use crate::commands::Verdict;
use crate::folder::DataArgs;
use crate::process::{Process, Running};
use crate::signals::Stop;

/// How long its end may take.
const STOP_TIME_MAX: Duration = Duration::from_secs(1);

#[derive(Debug, Args)]
pub(crate) struct IdleArgs {
    #[command(flatten)]
    data: DataArgs,
}

/// `planetstore run idle`: ends like a role that has done what it had to do.
pub(crate) async fn run(arguments: IdleArgs) -> anyhow::Result<Verdict> {
    let stop = Stop::listen()?;
    let start = async |process: &mut Process| {
        tracing::debug!(folder = %arguments.data.data.display(), "doing nothing");
        process.add(Running::start("idle", STOP_TIME_MAX, async |_| Ok(())));
        Ok(())
    };
    Process::run(None, stop, start).await?;
    Ok(Verdict::Well)
}
