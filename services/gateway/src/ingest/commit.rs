//! Committing what was taken in: the bytes that are not on the nodes yet go there first, and what no event names goes.

use domain::{Command, NewBody};
use events::Origin;
use events::ids::{BucketName, ContentId, Generation, Sha256Digest};
use ledger::{CommitError, Committed};
use s3::{Code, Error};
use shards::{ShardStore, StoredContent};

use super::{Ingested, Taken, known_bytes};
use crate::call::Call;
use crate::failure::{Failure, commit_failure};

/// Stages what is still in memory, commits the command that names it, and discards shards that no event names.
///
/// It goes on when the client is gone: what was begun ends as a fact or as nothing.
pub(crate) async fn commit_ingested(
    call: &Call<'_>,
    bucket: &BucketName,
    ingested: Ingested,
    command: impl Fn(NewBody) -> Command + Send + Sync + 'static,
) -> Result<Committed, Failure> {
    if let Err(failure) = call.confirm() {
        if let Taken::Staged(staged, _) = &ingested.bytes {
            discard(&call.gateway.0.store, staged);
        }
        return Err(failure);
    }
    let judged = call.judged.get().cloned();
    let command = move |body| match &judged {
        Some(judged) => judged.bind(command(body)),
        None => command(body),
    };
    let (known, instead_of) = match &ingested.bytes {
        Taken::InMemory(bytes, _) if !bytes.is_empty() => {
            let known = known_bytes(call, ingested.sha256).await?;
            (known.shown(), known.hidden())
        }
        Taken::Staged(_, instead_of) => (None, *instead_of),
        Taken::InMemory(..) | Taken::Known(_) => (None, None),
    };
    let staging = Staging {
        gateway: call.gateway.clone(),
        bucket: bucket.clone(),
        generation: Generation::from_fresh(call.fresh()),
        instead_of,
        origin: call.origin(),
    };
    let committed = tokio::spawn(async move { staging.commit(ingested, known, command).await }).await;
    match committed {
        Ok(Ok(committed)) => Ok(committed),
        Ok(Err(NotCommitted::Write(error))) => Err(error.into()),
        Ok(Err(NotCommitted::Commit(error))) => Err(commit_failure(&error, call.about()).into()),
        Err(error) => {
            tracing::error!(%error, "a commit panicked");
            Err(Error::new(Code::InternalError).into())
        }
    }
}

enum NotCommitted {
    Write(shards::WriteError),
    Commit(CommitError),
}

struct Staging {
    gateway: crate::Gateway,
    bucket: BucketName,
    generation: Generation,
    instead_of: Option<ContentId>,
    origin: Origin,
}

impl Staging {
    async fn commit(
        self,
        ingested: Ingested,
        known: Option<ContentId>,
        command: impl Fn(NewBody) -> Command + Send + Sync,
    ) -> Result<Committed, NotCommitted> {
        let (ledger, store) = (&self.gateway.0.ledger, &self.gateway.0.store);
        let sha256 = ingested.sha256;
        let (bytes, _permit) = match ingested.bytes {
            Taken::Known(content) => return self.commit_known(&command, content).await,
            Taken::Staged(staged, _) => return self.commit_staged(&command, sha256, staged).await,
            Taken::InMemory(bytes, permit) => (bytes, permit),
        };
        if bytes.is_empty() {
            return ledger.commit(command(NewBody::Empty), self.origin).await.map_err(NotCommitted::Commit);
        }
        if let Some(known) = known {
            match self.commit_known(&command, known).await {
                // It was reclaimed, or came into doubt, a moment ago: the bytes are at hand, so store them anew.
                Err(NotCommitted::Commit(CommitError::Rejected(
                    domain::Rejection::ContentGone | domain::Rejection::ContentUnsafe,
                ))) => {}
                ended => return ended,
            }
        }
        let size = bytes.len() as u64;
        let placement = store.put(&self.bucket, self.generation, bytes).await.map_err(NotCommitted::Write)?;
        let (bucket, generation) = (self.bucket.clone(), self.generation);
        let staged = StoredContent { bucket, sha256, generation, size, placement };
        self.commit_staged(&command, sha256, staged).await
    }

    async fn commit_known(
        &self,
        command: &(impl Fn(NewBody) -> Command + Sync),
        content: ContentId,
    ) -> Result<Committed, NotCommitted> {
        let committed = self.gateway.0.ledger.commit(command(NewBody::Known(content)), self.origin.clone()).await;
        committed.map_err(NotCommitted::Commit)
    }

    async fn commit_staged(
        &self,
        command: &(impl Fn(NewBody) -> Command + Sync),
        sha256: Sha256Digest,
        staged: StoredContent,
    ) -> Result<Committed, NotCommitted> {
        let content = ContentId { sha256, generation: staged.generation };
        let placement = staged.placement.clone();
        let body = NewBody::Staged { content, placement, instead_of: self.instead_of };
        let committed = self.gateway.0.ledger.commit(command(body), self.origin.clone()).await;
        let in_use = match &committed {
            Ok(committed) => !matches!(committed.outcome, domain::Outcome::Stored { staged_in_use: false, .. }),
            // Shards of a command that may still happen must stay.
            Err(error) => !error.is_definite(),
        };
        if !in_use {
            discard(&self.gateway.0.store, &staged);
        } else if committed.is_ok() {
            self.gateway.0.store.settling().named(content);
        }
        committed.map_err(NotCommitted::Commit)
    }
}

fn discard(store: &ShardStore, staged: &StoredContent) {
    metrics::counter!("planetstore_gateway_staged_discarded_total").increment(1);
    store.discard(staged);
}
