//! Where contents lie, and when they end.

use events::content::{ContentPlaced, Placed, Reclaimed, ShardPlaced};
use events::ids::{BucketName, ContentId, Generation};

use super::ProjectError;
use super::draft::Draft;
use super::health::{content_row, owe, take_debt_off};
use crate::change::Change;
use crate::row::{ContentRow, EndedRow, MovedShard, PlacedShard, Unreferenced};
use crate::view::View;

/// Shards were written anew. What the content was owed is taken off as a whole and owed anew: whether it is safe depends
/// on all of its nodes.
pub(super) fn placed<V: View>(draft: &mut Draft<'_, V>, fact: &Placed) -> Result<(), ProjectError<V::Error>> {
    for ContentPlaced { content, shards } in &fact.contents {
        let mut row = content_row(draft, content)?;
        let mut faults = take_debt_off(draft, content, &row.placement)?;
        for placed in shards {
            place(draft, &fact.bucket, content, &mut row, placed)?;
            faults.retain(|fault| fault.shard != placed.shard);
        }
        owe(draft, *content, &row.placement, faults)?;
        draft.changes.push(Change::PutContent { content: *content, row });
    }
    Ok(())
}

fn place<V: View>(
    draft: &mut Draft<'_, V>,
    bucket: &BucketName,
    content: &ContentId,
    row: &mut ContentRow,
    placed: &ShardPlaced,
) -> Result<(), ProjectError<V::Error>> {
    let ShardPlaced { shard, from, to, .. } = placed;
    let lies = row.shard(content, *shard).map(|PlacedShard { node, generation, .. }| (node, generation));
    let place = row.placement.shards().position(|(index, _)| index == *shard);
    let place = place.filter(|_| lies == Some((from.node.clone(), from.generation)));
    let place = place.ok_or_else(|| draft.contradiction("its shard does not lie there"))?;
    if from.generation != content.generation {
        end_generation(draft, bucket, from.generation);
    }
    draft.changes.push(Change::PutGeneration { generation: to.generation, content: *content });
    let bytes = row.placement.layout.shard_bytes(row.size);
    draft.count_shard(&from.node, -1, bytes);
    draft.count_shard(&to.node, 1, bytes);
    row.placement.nodes[place] = to.node.clone();
    row.moved.retain(|moved| moved.shard != *shard);
    row.moved.push(MovedShard { shard: *shard, generation: to.generation, sequence: draft.event.sequence });
    row.moved.sort_by_key(|moved| moved.shard);
    Ok(())
}

/// Contents ended, and with them all names that they had.
pub(super) fn reclaimed<V: View>(draft: &mut Draft<'_, V>, fact: &Reclaimed) -> Result<(), ProjectError<V::Error>> {
    for content in &fact.contents {
        let row = content_row(draft, content)?;
        let unreferenced = row.unreferenced.filter(|_| row.references == 0);
        let Unreferenced { sequence, .. } =
            unreferenced.ok_or_else(|| draft.contradiction("something refers to its content"))?;
        if !take_debt_off(draft, content, &row.placement)?.is_empty() {
            draft.changes.push(Change::DropFaults { content: *content });
        }
        let moved = row.moved.iter().map(|moved| moved.generation);
        for generation in std::iter::once(content.generation).chain(moved) {
            end_generation(draft, &fact.bucket, generation);
        }
        let bytes = row.placement.layout.shard_bytes(row.size);
        for (_, node) in row.placement.shards() {
            draft.count_shard(node, -1, bytes);
        }
        draft.changes.push(Change::DropUnreferenced { sequence, content: *content });
        draft.changes.push(Change::DropContent { content: *content });
        uncount(draft, &row)?;
    }
    Ok(())
}

fn uncount<V: View>(draft: &mut Draft<'_, V>, row: &ContentRow) -> Result<(), ProjectError<V::Error>> {
    let below_zero = draft.contradiction("more contents would end than there are");
    let totals = draft.totals()?;
    let sums = (
        totals.contents.checked_sub(1),
        totals.content_bytes.checked_sub(row.size),
        totals.shard_bytes.checked_sub(row.placement.layout.stored_bytes(row.size)),
    );
    let (Some(contents), Some(content_bytes), Some(shard_bytes)) = sums else { return Err(below_zero) };
    (totals.contents, totals.content_bytes, totals.shard_bytes) = (contents, content_bytes, shard_bytes);
    Ok(())
}

fn end_generation<V: View>(draft: &mut Draft<'_, V>, bucket: &BucketName, generation: Generation) {
    let row = EndedRow { bucket: bucket.clone(), sequence: draft.event.sequence };
    draft.changes.push(Change::DropGeneration { generation });
    draft.changes.push(Change::PutEnded { generation, row });
}
