//! Whether stored bytes may be referred to once more. An ack promises that they survive the loss of a node, so the
//! nodes have to confirm that; bytes that they do not confirm are stored again.

use domain::View;
use domain::durability::is_safe;
use domain::row::BodyRow;
use events::ids::{ContentId, UploadId};
use futures_util::{StreamExt, TryStreamExt, stream};
use ledger::{Snapshot, StateError};
use shards::StoredContent;

use crate::Gateway;

/// How many contents of one object are checked at a time.
const CONTENTS_ASKED_MAX: usize = 32;

/// Whether a content may be referred to once more: it has no known faults, and its nodes confirm it.
pub(crate) async fn is_referable(
    gateway: &Gateway,
    snapshot: &Snapshot,
    content: ContentId,
) -> Result<bool, StateError> {
    let Some(row) = snapshot.content(&content)? else { return Ok(false) };
    // The suspects are read before the recorded faults, because a suspicion is dropped only after its fault was
    // recorded.
    let mut faulty = gateway.0.store.suspects(content.generation);
    let faults = gateway.0.ledger.latest().faults(&content)?.faults;
    faulty.extend(faults.iter().map(|fault| fault.shard));
    let may_be = is_safe(&row.placement, &faults);
    let stored = StoredContent::of_row(content, row);
    let is_referable = may_be && gateway.0.store.has_quorum(&stored, &faulty).await;
    metrics::counter!("planetstore_gateway_references_total", "shown" => if is_referable { "yes" } else { "no" })
        .increment(1);
    Ok(is_referable)
}

/// Like [`is_referable`], for all contents of an object.
pub(crate) async fn is_body_referable(
    gateway: &Gateway,
    snapshot: &Snapshot,
    body: BodyRow,
) -> Result<bool, StateError> {
    match body {
        BodyRow::Empty => Ok(true),
        BodyRow::Content(content) => is_referable(gateway, snapshot, content).await,
        BodyRow::Parts(upload) => are_parts_referable(gateway, snapshot, upload).await,
    }
}

async fn are_parts_referable(gateway: &Gateway, snapshot: &Snapshot, upload: UploadId) -> Result<bool, StateError> {
    let contents: Vec<ContentId> = snapshot
        .parts(upload)?
        .into_iter()
        .filter_map(|(_, part)| match part.body {
            BodyRow::Content(content) => Some(content),
            BodyRow::Empty | BodyRow::Parts(_) => None,
        })
        .collect();
    let asked = stream::iter(contents).map(|content| is_referable(gateway, snapshot, content));
    asked.buffer_unordered(CONTENTS_ASKED_MAX).try_all(std::future::ready).await
}
