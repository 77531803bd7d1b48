//! Commits an ingested body. Bytes that are not on the nodes yet are sent there first, and shards that no event names
//! are discarded.

use std::sync::Arc;

use domain::{Command, NewBody, Rejection};
use events::Origin;
use events::ids::{BucketName, ContentId, Generation, Sha256Digest};
use ledger::{CommitError, Committed};
use rights::{Confirmed, JUDGEMENTS_MAX, is_judged_by_other};
use s3::{Code, Error};
use shards::{Joined, ShardStore, StoredContent, Written};

use super::Ingested;
use super::taken::{Staged, Taken, known_bytes};
use crate::authorization::Granted;
use crate::failure::{Failure, commit_failure};
use crate::request::Request;
use crate::room::Room;

/// Stages what is still in memory, commits the command that names it, and discards shards that no event names.
///
/// It continues when the client disconnects: the operation ends either with a fact or without any trace.
pub(crate) async fn commit_ingested(
    call: &Granted<'_>,
    bucket: &BucketName,
    ingested: Ingested,
    command: impl Fn(NewBody) -> Command + Send + Sync + 'static,
) -> Result<Committed, Failure> {
    let command = Arc::new(command);
    let sha256 = ingested.sha256;
    let mut staging = Staging::new(call, bucket, ingested)?;
    for _ in 0..JUDGEMENTS_MAX {
        let confirmed = call.confirm()?;
        staging.look_up(call).await?;
        let command = Arc::clone(&command);
        let ended = tokio::spawn(async move { staging.commit(&confirmed, &*command).await }).await;
        staging = match ended {
            Ok(Ended::Committed(committed)) => {
                call.gateway.0.holdings.add(call.caller, sha256);
                return Ok(committed);
            }
            Ok(Ended::NotWritten(error)) => return Err(error),
            Ok(Ended::NotCommitted(error)) => return Err(commit_failure(&error, call.about()).into()),
            Ok(Ended::JudgedByOther(staging)) => *staging,
            Ok(Ended::PlacementStale(mut staging)) => {
                let snapshot = call.gateway.0.ledger.latest();
                let joined = Joined::of_rows(snapshot.list_nodes()?, snapshot.cursor()?.sequence);
                call.gateway.0.store.membership().accept(joined);
                staging.generation = call.generation()?;
                *staging
            }
            Err(error) => {
                tracing::error!(%error, "a commit panicked");
                return Err(Error::new(Code::InternalError).into());
            }
        };
    }
    let message = "Permissions keep changing during this request. Nothing was stored; try again.";
    Err(Error::with_message(Code::SlowDown, message).into())
}

/// How a commit ended.
enum Ended {
    Committed(Committed),
    NotWritten(Failure),
    NotCommitted(CommitError),
    /// The right has to be judged again. The bytes are kept for that.
    JudgedByOther(Box<Staging>),
    /// A node that the bytes were sent to was given up. They are still in memory, and can be sent to others.
    PlacementStale(Box<Staging>),
}

impl From<Result<Committed, CommitError>> for Ended {
    fn from(ended: Result<Committed, CommitError>) -> Self {
        ended.map_or_else(Self::NotCommitted, Self::Committed)
    }
}

/// Bytes that wait for their fact. Shards that no event names are discarded with it.
struct Staging {
    gateway: crate::Gateway,
    bucket: BucketName,
    generation: Generation,
    sha256: Sha256Digest,
    /// Where the bytes are, until a fact names them.
    bytes: Option<Taken>,
    /// A content with the same bytes whose shards its nodes confirm.
    known: Option<ContentId>,
    instead_of: Option<ContentId>,
    origin: Origin,
}

impl Staging {
    fn new(request: &Request<'_>, bucket: &BucketName, ingested: Ingested) -> Result<Self, Failure> {
        let instead_of = match &ingested.bytes {
            Taken::Staged(staged) => staged.instead_of,
            Taken::InMemory(..) | Taken::Known(_) => None,
        };
        Ok(Self {
            gateway: request.gateway.clone(),
            bucket: bucket.clone(),
            generation: request.generation()?,
            sha256: ingested.sha256,
            bytes: Some(ingested.bytes),
            known: None,
            instead_of,
            origin: request.origin(),
        })
    }

    /// Checks whether bytes in memory are stored already, if the caller may learn that from the time it takes.
    async fn look_up(&mut self, request: &Request<'_>) -> Result<(), Failure> {
        if let Some(Taken::InMemory(bytes, _)) = &self.bytes
            && !bytes.is_empty()
            && request.gateway.0.holdings.has(request.caller, self.sha256)
        {
            let known = known_bytes(request.gateway, &self.bucket, self.sha256).await?;
            (self.known, self.instead_of) = (known.shown(), known.hidden());
        }
        Ok(())
    }

    async fn commit(mut self, confirmed: &Confirmed, command: &(impl Fn(NewBody) -> Command + Send + Sync)) -> Ended {
        let gateway = self.gateway.clone();
        let ledger = &gateway.0.ledger;
        if let Some(content) = self.known {
            match ledger.commit(confirmed, command(NewBody::Known(content)), self.origin.clone()).await {
                // The content was reclaimed, or its faults were found, a moment ago. The bytes are at hand, so store
                // them again.
                Err(CommitError::Rejected(Rejection::ContentGone | Rejection::ContentUnsafe)) => {}
                Err(error) if is_judged_by_other(&error) => return Ended::JudgedByOther(Box::new(self)),
                ended => return ended.into(),
            }
        }
        let in_memory = match &self.bytes {
            Some(Taken::InMemory(bytes, _)) => Some(bytes.clone()),
            _ => None,
        };
        let room = match self.stage().await {
            Ok(room) => room,
            Err(error) => return Ended::NotWritten(error),
        };
        // The command in flight may become a fact, so nothing is discarded if this future is dropped.
        let bytes = self.bytes.take();
        let body = match &bytes {
            Some(Taken::Staged(Staged { stored, chosen_at, .. })) => NewBody::Staged {
                content: ContentId { sha256: self.sha256, generation: stored.generation },
                placement: stored.placement.clone(),
                chosen_at: *chosen_at,
                instead_of: self.instead_of,
                scope: gateway.0.options.dedup_scope,
            },
            Some(Taken::Known(content)) => NewBody::Known(*content),
            Some(Taken::InMemory(..)) | None => NewBody::Empty,
        };
        let committed = ledger.commit(confirmed, command(body), self.origin.clone()).await;
        if committed.as_ref().is_err_and(is_judged_by_other) {
            self.bytes = bytes;
            return Ended::JudgedByOther(Box::new(self));
        }
        if let Some(Taken::Staged(Staged { stored, .. })) = &bytes {
            self.settle(stored, &committed);
        }
        if let (Some(bytes), Some(room), Err(CommitError::Rejected(Rejection::PlacementStale))) =
            (in_memory, room, &committed)
        {
            self.bytes = Some(Taken::InMemory(bytes, room));
            return Ended::PlacementStale(Box::new(self));
        }
        committed.into()
    }

    /// Sends bytes that are in memory to the nodes, and returns their memory, which is released once the fact exists.
    async fn stage(&mut self) -> Result<Option<Room>, Failure> {
        let (bytes, room) = match self.bytes.take() {
            Some(Taken::InMemory(bytes, room)) if !bytes.is_empty() => (bytes, room),
            other => {
                self.bytes = other;
                return Ok(None);
            }
        };
        let size = bytes.len() as u64;
        let gateway = self.gateway.clone();
        let put = gateway.0.store.put(&self.bucket, self.generation, bytes);
        // Both run at once, so that the time does not show whether another user has these bytes.
        let found = known_bytes(&gateway, &self.bucket, self.sha256);
        let (written, found) = futures_util::future::join(put, found).await;
        let Written { placement, chosen_at, .. } = written?;
        let (bucket, generation) = (self.bucket.clone(), self.generation);
        let stored = StoredContent { bucket, sha256: self.sha256, generation, size, placement, moved: Vec::new() };
        // From here on the staged content is discarded unless a fact names it.
        self.bytes = Some(Taken::Staged(Staged { stored, chosen_at, instead_of: None }));
        self.known = None;
        self.instead_of = found?.hidden();
        Ok(Some(room))
    }

    fn settle(&self, staged: &StoredContent, committed: &Result<Committed, CommitError>) {
        let store = &self.gateway.0.store;
        match committed {
            Ok(Committed { outcome: domain::Outcome::Stored { staged_in_use: false, .. }, .. }) => {
                discard(store, staged);
            }
            Ok(_) => store.pending_writes().committed(ContentId { sha256: self.sha256, generation: staged.generation }),
            // Shards of a command whose outcome is unknown must be kept.
            Err(error) if !error.is_definite() => {}
            Err(_) => discard(store, staged),
        }
    }
}

impl Drop for Staging {
    fn drop(&mut self) {
        if let Some(Taken::Staged(Staged { stored, .. })) = &self.bytes {
            discard(&self.gateway.0.store, stored);
        }
    }
}

fn discard(store: &ShardStore, staged: &StoredContent) {
    metrics::counter!("planetstore_gateway_staged_discarded_total").increment(1);
    store.discard(staged);
}
