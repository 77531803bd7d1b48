//! Where ingested bytes are, and whether the same bytes are stored already.

use bytes::Bytes;
use domain::{View, known_content};
use events::ids::{BucketName, ContentId, Sha256Digest};
use shards::StoredContent;

use crate::Gateway;
use crate::failure::Failure;
use crate::referable::is_referable;
use crate::request::Request;
use crate::room::Room;

/// Where the bytes are until they are committed.
pub(super) enum Taken {
    /// In memory: they fit in one stripe.
    InMemory(Bytes, Room),
    /// In shards on the nodes.
    Staged(Staged),
    /// In a content that was stored before.
    Known(ContentId),
}

/// A content that was written to the nodes, and whose event is still to come.
pub(super) struct Staged {
    pub(super) stored: StoredContent,
    /// The event up to which facts about nodes were known when its nodes were chosen.
    pub(super) chosen_at: u64,
    /// A content with the same bytes that its nodes do not confirm.
    pub(super) instead_of: Option<ContentId>,
}

/// A stored content with the same bytes. A hint: the commit decides again, so it needs no barrier.
pub(super) struct KnownBytes {
    content: Option<ContentId>,
    /// Enough nodes confirm its shards. If not, the bytes at hand are stored instead.
    is_shown: bool,
}

/// What is known of bytes that are uploaded to a bucket, as far as the scope of deduplication lets uploads there be seen.
pub(super) async fn known_bytes(
    gateway: &Gateway,
    bucket: &BucketName,
    sha256: Sha256Digest,
) -> Result<KnownBytes, Failure> {
    let snapshot = gateway.0.ledger.latest();
    let content = match snapshot.bucket(bucket)? {
        Some(bucket) => known_content(&**snapshot, sha256, gateway.0.options.dedup_scope, bucket.id)?,
        None => None,
    };
    let is_shown = match content {
        Some(content) => is_referable(gateway, &snapshot, content).await?,
        None => false,
    };
    Ok(KnownBytes { content, is_shown })
}

/// A stored content of bytes that the caller is known to have uploaded, whose shards its nodes confirm.
pub(crate) async fn uploaded_before(
    request: &Request<'_>,
    bucket: &BucketName,
    sha256: Sha256Digest,
) -> Result<Option<ContentId>, Failure> {
    if !request.gateway.0.holdings.has(request.caller, sha256) {
        return Ok(None);
    }
    Ok(known_bytes(request.gateway, bucket, sha256).await?.shown())
}

impl KnownBytes {
    pub(super) fn shown(&self) -> Option<ContentId> {
        self.content.filter(|_| self.is_shown)
    }

    pub(super) fn hidden(&self) -> Option<ContentId> {
        self.content.filter(|_| !self.is_shown)
    }
}
