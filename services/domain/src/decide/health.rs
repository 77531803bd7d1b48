use events::Fact;
use events::content::{HealthChanged, ShardFault};
use events::ids::{ContentId, NodeId, UploadId};

use super::{Decision, Refused, changed};
use crate::command::{NoteHealth, Rejection};
use crate::durability::is_safe;
use crate::row::{BodyRow, ContentRow};
use crate::view::View;

pub(super) fn note<V: View>(view: &V, note: &NoteHealth) -> Result<Decision, Refused<V::Error>> {
    let row = view.content(&note.content).map_err(Refused::View)?.ok_or(Rejection::ContentGone)?;
    let known = view.faults(&note.content).map_err(Refused::View)?.faults;
    // A finding about a node that the shard is not placed on says nothing about the shard.
    let found =
        |shard: u8, node: &NodeId| note.findings.iter().find(|finding| finding.shard == shard && finding.node == *node);
    let fault = |(shard, node)| {
        let fault = match found(shard, node) {
            Some(finding) => finding.fault,
            None => known.iter().find(|fault| fault.shard == shard).map(|fault| fault.fault),
        };
        fault.map(|fault| ShardFault { shard, node: node.clone(), fault })
    };
    let faults: Vec<ShardFault> = row.placement.shards().filter_map(fault).collect();
    let is_so_already = faults == known;
    let fact = HealthChanged { bucket: row.bucket, content: note.content, faults };
    Ok(changed(is_so_already, Fact::ContentHealthChanged(fact)))
}

/// A content that may get another reference: its known faults leave it as safe as an ack promises.
pub(super) fn referable<V: View>(view: &V, content: &ContentId) -> Result<ContentRow, Refused<V::Error>> {
    let row = view.content(content).map_err(Refused::View)?.ok_or(Rejection::ContentGone)?;
    let faults = view.faults(content).map_err(Refused::View)?.faults;
    if is_safe(&row.placement, &faults) { Ok(row) } else { Err(Rejection::ContentUnsafe.into()) }
}

/// Checks all parts of an object in the same way.
pub(super) fn referable_parts<V: View>(view: &V, upload: UploadId) -> Result<(), Refused<V::Error>> {
    // There may be 10,000 parts, and almost never an unsafe content.
    if view.debt().map_err(Refused::View)?.unsafe_contents == 0 {
        return Ok(());
    }
    for (_, part) in view.parts(upload).map_err(Refused::View)? {
        if let BodyRow::Content(content) = part.body {
            referable(view, &content)?;
        }
    }
    Ok(())
}
