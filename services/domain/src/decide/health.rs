use events::Fact;
use events::content::{HealthChanged, ShardFault};
use events::ids::{ContentId, UploadId};

use super::{Decision, Refused, changed};
use crate::command::{Finding, NoteHealth, Rejection};
use crate::durability::is_safe;
use crate::row::{BodyRow, ContentRow, PlacedShard};
use crate::view::View;

pub(super) fn note<V: View>(view: &V, note: &NoteHealth) -> Result<Decision, Refused<V::Error>> {
    let row = view.content(&note.content).map_err(Refused::View)?.ok_or(Rejection::ContentGone)?;
    let known = view.faults(&note.content).map_err(Refused::View)?.faults;
    // A finding about a node that the shard is not placed on, or about what the shard was before it was written anew,
    // says nothing about the shard.
    let found = |shard: &PlacedShard| {
        let is_about = |finding: &&Finding| {
            (finding.shard, &finding.node, finding.generation) == (shard.index, &shard.node, shard.generation)
        };
        note.findings.iter().find(is_about)
    };
    let fault = |shard: PlacedShard| {
        let fault = match found(&shard) {
            Some(finding) => finding.fault,
            None => known.iter().find(|fault| fault.shard == shard.index).map(|fault| fault.fault),
        };
        fault.map(|fault| ShardFault { shard: shard.index, node: shard.node, fault })
    };
    let faults: Vec<ShardFault> = row.shards(&note.content).filter_map(fault).collect();
    let is_so_already = faults == known;
    let fact = HealthChanged { bucket: row.bucket, content: note.content, faults, term: None };
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
