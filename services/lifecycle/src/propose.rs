use domain::{Command, Rejection};
use events::ids::BucketName;
use futures_util::{StreamExt, TryStreamExt, stream};
use jiff::Timestamp;
use ledger::CommitError;
use worker::{Handle, Trouble};

use crate::Collector;
use crate::meters::{self, Ended};

/// Commands that wait for the ledger at once: it takes those that wait as one append, and clients' come in between.
const COMMANDS_MAX: usize = 16;

/// What a rule seems to end.
#[derive(Debug)]
pub(crate) struct Proposal {
    pub(crate) command: Command,
    pub(crate) what: Ended,
    /// Since when it is due.
    pub(crate) due: Timestamp,
}

impl Collector {
    /// Proposes all that is due on a page, and comes back when each is answered. What failed is found on the same page
    /// again, and decided anew.
    pub(crate) async fn propose_all(
        &self,
        bucket: &BucketName,
        proposals: Vec<Proposal>,
        handle: &Handle,
    ) -> Result<(), Trouble> {
        let commits = stream::iter(proposals).map(|proposal| self.propose(proposal, handle));
        let ended: Vec<bool> = commits.buffer_unordered(COMMANDS_MAX).try_collect().await?;
        let ended = ended.into_iter().filter(|ended| *ended).count();
        if ended > 0 {
            handle.say(&format!("ended {ended} versions and uploads of bucket {bucket}"));
        }
        Ok(())
    }

    /// Proposes one. Returns whether it was ended: it may have changed since it was looked at.
    async fn propose(&self, proposal: Proposal, handle: &Handle) -> Result<bool, Trouble> {
        let Proposal { command, what, due } = proposal;
        handle.spend(1).await;
        match self.ledger.commit(handle.fence(command), Self::origin()).await {
            Ok(_) => {
                meters::ended(what, due, self.now());
                handle.done(1);
                Ok(true)
            }
            Err(CommitError::Rejected(rejection)) => {
                if !matches!(rejection, Rejection::NotDue | Rejection::NoSuchBucket) {
                    tracing::debug!(%rejection, "the rule no longer applies");
                }
                meters::kept(what);
                Ok(false)
            }
            Err(error) => {
                meters::retried();
                Err(error.into())
            }
        }
    }
}
