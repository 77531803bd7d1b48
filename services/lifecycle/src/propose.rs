use std::time::Duration;

use domain::{Command, Rejection};
use futures_util::{StreamExt, TryStreamExt, stream};
use jiff::Timestamp;
use ledger::CommitError;

use crate::meters::{self, Ended};
use crate::{Collector, Stopped};

/// Commands that wait for the ledger at once. It takes waiting commands as one append, with clients' commands among
/// them.
const COMMANDS_MAX: usize = 16;

/// The first pause before a retry; each further one is twice as long.
const PAUSE_MIN: Duration = Duration::from_millis(100);

/// The longest pause before a retry.
const PAUSE_MAX: Duration = Duration::from_secs(10);

/// A version or an upload that a rule seems to end.
#[derive(Debug)]
pub(crate) struct Proposal {
    pub(crate) command: Command,
    pub(crate) what: Ended,
    /// The time since when it is due.
    pub(crate) due: Timestamp,
}

/// Pauses that grow exponentially.
pub(crate) struct Backoff(Duration);

impl Backoff {
    pub(crate) fn new() -> Self {
        Self(PAUSE_MIN)
    }

    pub(crate) async fn pause(&mut self) {
        meters::retried();
        tokio::time::sleep(self.0).await;
        self.0 = (self.0 * 2).min(PAUSE_MAX);
    }
}

impl Collector {
    /// Proposes all commands, and returns when each is answered.
    pub(crate) async fn propose_all(&self, proposals: Vec<Proposal>) -> Result<(), Stopped> {
        let commits = stream::iter(proposals).map(|proposal| self.propose(proposal));
        commits.buffer_unordered(COMMANDS_MAX).try_collect().await
    }

    /// Proposes a command until it is done or turns out not to be due. A retry does no harm, because the command is
    /// decided again.
    async fn propose(&self, proposal: Proposal) -> Result<(), Stopped> {
        let Proposal { command, what, due } = proposal;
        let mut backoff = Backoff::new();
        loop {
            match self.ledger.commit(command.clone(), Self::origin()).await {
                Ok(_) => {
                    meters::ended(what, due, self.now());
                    return Ok(());
                }
                Err(CommitError::Rejected(rejection)) => {
                    if !matches!(rejection, Rejection::NotDue | Rejection::NoSuchBucket) {
                        tracing::debug!(%rejection, "the rule no longer applies");
                    }
                    meters::kept(what);
                    return Ok(());
                }
                Err(CommitError::Stopped(reason)) => return Err(Stopped(reason)),
                Err(error @ (CommitError::Unavailable(_) | CommitError::Busy | CommitError::Unknown)) => {
                    tracing::debug!(%error, "retrying to apply a rule");
                    backoff.pause().await;
                }
            }
        }
    }
}
