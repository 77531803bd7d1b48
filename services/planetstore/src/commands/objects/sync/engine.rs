//! All keys, several at once. A key that fails does not keep others from being brought up to date.

use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use tokio::task::{JoinError, JoinSet};

use super::ends::{End, Ends};
use super::filter::Filter;
use super::pairs::{Pair, Pairs, Step};
use super::part::Room;
use super::report::{Report, Row};
use super::unfinished::Unfinished;
use super::{Options, download, history, upload};
use crate::commands::Verdict;
use crate::progress::Progress;
use crate::s3_client::RefusedByS3;

/// How often a key is tried that fails for a reason that passes.
const TRIES_MAX: u32 = 4;

/// How long it waits before the second try; it doubles with each.
const WAIT: Duration = Duration::from_millis(250);

/// What all keys share.
pub(super) struct Shared {
    pub(super) ends: Ends,
    pub(super) options: Options,
    pub(super) room: Room,
    pub(super) unfinished: Unfinished,
    pub(super) progress: Progress,
}

/// What became of a key.
#[derive(Debug, Default)]
pub(super) struct Outcome {
    pub(super) rows: Vec<Row>,
    /// Versions and files that were the same.
    pub(super) same: u64,
}

pub(super) struct Engine {
    shared: Arc<Shared>,
    filter: Filter,
    parallel: usize,
}

impl Engine {
    pub(super) fn new(ends: Ends, options: Options, filter: Filter, parallel: usize) -> anyhow::Result<Self> {
        let unfinished = if options.dry_run { Unfinished::none() } else { Unfinished::of(&ends.identity())? };
        let progress = Progress::of_bytes("sync", 0);
        Ok(Self {
            shared: Arc::new(Shared { ends, options, room: Room::new(), unfinished, progress }),
            filter,
            parallel,
        })
    }

    pub(super) async fn run(self, mut report: Report) -> anyhow::Result<Verdict> {
        let Self { shared, filter, parallel } = self;
        let mut pairs = Pairs::new(shared.ends.source.list()?, shared.ends.target.list()?, &filter);
        let mut tasks = JoinSet::new();
        let listed = loop {
            if tasks.len() >= parallel
                && let Some(done) = tasks.join_next().await
            {
                tell(&shared.progress, &mut report, done)?;
            }
            let row = match pairs.next().await {
                Ok(None) => break Ok(()),
                Err(error) => break Err(error),
                Ok(Some(Step::Pair(pair))) => {
                    tasks.spawn(bring(Arc::clone(&shared), pair));
                    continue;
                }
                Ok(Some(Step::Skipped(key, why))) => Row::skipped(&key, why),
                Ok(Some(Step::Failed(key, why))) => Row::failed(&key, why),
            };
            tell(&shared.progress, &mut report, Ok(Outcome { rows: vec![row], same: 0 }))?;
        };
        while let Some(done) = tasks.join_next().await {
            tell(&shared.progress, &mut report, done)?;
        }
        shared.progress.end();
        let verdict = report.end()?;
        listed.context("not all keys could be listed").map(|()| verdict)
    }
}

/// Prints what became of a key, above the progress.
fn tell(progress: &Progress, report: &mut Report, done: Result<Outcome, JoinError>) -> anyhow::Result<()> {
    let Outcome { rows, same } = done.context("a key could not be copied")?;
    report.same(same);
    progress.above(|| rows.into_iter().try_for_each(|row| report.push(row)))
}

/// Brings a key up to date.
async fn bring(shared: Arc<Shared>, pair: Pair) -> Outcome {
    let (mut outcome, key) = (Outcome::default(), pair.key.clone());
    let done = match (&shared.ends.source, &shared.ends.target) {
        (End::Bucket(from), End::Bucket(to)) => {
            Box::pin(history::bring(&shared, (&**from, &**to), pair, &mut outcome)).await
        }
        (End::Folder(from), End::Bucket(to)) => {
            Box::pin(upload::bring(&shared, (from, &**to), pair, &mut outcome)).await
        }
        (End::Bucket(from), End::Folder(to)) => {
            Box::pin(download::bring(&shared, (&**from, to), pair, &mut outcome)).await
        }
        (End::Folder(_), End::Folder(_)) => Ok(()),
    };
    if let Err(error) = done {
        outcome.rows.push(Row::failed(&key, format!("{error:#}")));
    }
    outcome
}

/// Waits until another try of what failed, or gives the failure back if it does not pass or was tried often enough.
pub(super) async fn again(key: &str, attempt: &mut u32, error: anyhow::Error) -> anyhow::Result<()> {
    if *attempt >= TRIES_MAX || !is_passing(&error) {
        return Err(error);
    }
    tracing::debug!(key, %error, "a transfer failed; retrying");
    tokio::time::sleep(WAIT * 2_u32.pow(*attempt - 1)).await;
    *attempt += 1;
    Ok(())
}

/// Whether a failure may be gone at another try: the store did not say that it never will be.
fn is_passing(error: &anyhow::Error) -> bool {
    error.downcast_ref::<RefusedByS3>().is_none_or(|refused| refused.status.is_server_error())
}
