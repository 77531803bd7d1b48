use std::time::Duration;

use domain::{Command, Rejection};
use futures_util::{StreamExt, TryStreamExt, stream};
use jiff::Timestamp;
use ledger::CommitError;

use crate::meters::{self, Ended};
use crate::{Collector, Stopped};

/// Commands that wait for the ledger at once: it takes those that wait as one append, and clients' come in between.
const COMMANDS_MAX: usize = 16;

/// The first pause before something is tried again; each further one is twice as long.
const PAUSE_MIN: Duration = Duration::from_millis(100);

/// The longest such pause.
const PAUSE_MAX: Duration = Duration::from_secs(10);

/// What a rule seems to end.
#[derive(Debug)]
pub(crate) struct Proposal {
    pub(crate) command: Command,
    pub(crate) what: Ended,
    /// Since when it is due.
    pub(crate) due: Timestamp,
}

/// Pauses that grow.
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
    /// Proposes all, and comes back when each is answered.
    pub(crate) async fn propose_all(&self, proposals: Vec<Proposal>) -> Result<(), Stopped> {
        let commits = stream::iter(proposals).map(|proposal| self.propose(proposal));
        commits.buffer_unordered(COMMANDS_MAX).try_collect().await
    }

    /// Proposes one until it is done or turns out not to be due. Trying again does no harm: it is decided anew.
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
