//! Where ingested bytes are, and whether the same bytes are stored already.

use bytes::Bytes;
use domain::View;
use events::ids::{ContentId, Sha256Digest};
use shards::StoredContent;

use crate::Gateway;
use crate::failure::Failure;
use crate::referable::is_referable;
use crate::room::Room;

/// Where the bytes are until they are committed.
pub(super) enum Taken {
    /// In memory: they fit in one stripe.
    InMemory(Bytes, Room),
    /// In shards on the nodes, in place of a content with the same bytes that its nodes do not confirm.
    Staged(StoredContent, Option<ContentId>),
    /// In a content that was stored before.
    Known(ContentId),
}

/// A stored content with the same bytes. A hint: the commit decides again, so it needs no barrier.
pub(super) struct KnownBytes {
    content: Option<ContentId>,
    /// Enough nodes confirm its shards. If not, the bytes at hand are stored instead.
    is_shown: bool,
}

pub(super) async fn known_bytes(gateway: &Gateway, sha256: Sha256Digest) -> Result<KnownBytes, Failure> {
    let snapshot = gateway.0.ledger.latest();
    let content = snapshot.newest_content(sha256)?;
    let is_shown = match content {
        Some(content) => is_referable(gateway, &snapshot, content).await?,
        None => false,
    };
    Ok(KnownBytes { content, is_shown })
}

impl KnownBytes {
    pub(super) fn shown(&self) -> Option<ContentId> {
        self.content.filter(|_| self.is_shown)
    }

    pub(super) fn hidden(&self) -> Option<ContentId> {
        self.content.filter(|_| !self.is_shown)
    }
}
