use std::time::Instant;

use domain::View;
use domain::row::BucketId;
use events::ids::BucketName;
use events::lifecycle::Rule;
use ledger::StateError;

use crate::propose::Backoff;
use crate::{Collector, Stopped, meters};

/// Rows of buckets that are read at once.
const BUCKETS_MAX: usize = 1_000;

/// A bucket and its rules.
#[derive(Debug)]
pub(crate) struct Bucket {
    pub(crate) name: BucketName,
    pub(crate) id: BucketId,
    pub(crate) rules: Vec<Rule>,
}

/// Some of the buckets with rules, in the order of their names.
struct Found {
    buckets: Vec<Bucket>,
    /// The bucket to continue with.
    next: Option<BucketName>,
}

impl Collector {
    /// Applies the rules of every bucket whose settings changed after an event. Returns the event up to which all were
    /// applied.
    pub(crate) async fn round(&self, since: u64) -> Result<u64, Stopped> {
        let begun = Instant::now();
        let reached = self.read(|| self.ledger.latest().cursor()).await?.sequence;
        let (mut after, mut walked) = (None, 0);
        loop {
            let found = self.read(|| self.buckets(after.as_ref(), since)).await?;
            for bucket in found.buckets {
                self.walk(&bucket).await?;
                walked += 1;
            }
            after = found.next;
            if after.is_none() {
                break;
            }
        }
        if since == 0 {
            meters::walked(begun.elapsed(), walked);
        }
        Ok(reached)
    }

    fn buckets(&self, after: Option<&BucketName>, since: u64) -> Result<Found, StateError> {
        let snapshot = self.ledger.latest();
        let page = snapshot.list_buckets(after, BUCKETS_MAX)?;
        let next = page.last().filter(|_| page.len() == BUCKETS_MAX).map(|(name, _)| name.clone());
        let mut buckets = Vec::new();
        for (name, row) in page.into_iter().filter(|(_, row)| row.settings > since) {
            let rules = snapshot.bucket_settings(row.id)?.lifecycle.unwrap_or_default();
            if rules.iter().any(|rule| rule.enabled) {
                buckets.push(Bucket { name, id: row.id, rules });
            }
        }
        Ok(Found { buckets, next })
    }

    /// Whether any bucket's settings changed after an event. Reads only rows of buckets.
    pub(crate) fn settings_changed(&self, since: u64) -> Result<bool, StateError> {
        let snapshot = self.ledger.latest();
        let mut after: Option<BucketName> = None;
        loop {
            let page = snapshot.list_buckets(after.as_ref(), BUCKETS_MAX)?;
            if page.iter().any(|(_, row)| row.settings > since) {
                return Ok(true);
            }
            match page.into_iter().nth(BUCKETS_MAX - 1) {
                Some((name, _)) => after = Some(name),
                None => return Ok(false),
            }
        }
    }

    /// Reads the state until that succeeds or the ledger has stopped.
    pub(crate) async fn read<T>(&self, read: impl Fn() -> Result<T, StateError>) -> Result<T, Stopped> {
        let mut backoff = Backoff::new();
        loop {
            match read() {
                Ok(found) => return Ok(found),
                Err(error) => {
                    self.check_ledger()?;
                    tracing::warn!(%error, "the state cannot be read");
                    backoff.pause().await;
                }
            }
        }
    }

    /// Fails if the ledger has stopped.
    pub(crate) fn check_ledger(&self) -> Result<(), Stopped> {
        let progress = self.ledger.progress();
        let failed = progress.borrow().failed.clone();
        match failed {
            Some(reason) => Err(Stopped(reason.to_string())),
            // The writer has ended, for example because it was stopped.
            None if progress.has_changed().is_err() => Err(Stopped("it was told to".into())),
            None => Ok(()),
        }
    }
}
