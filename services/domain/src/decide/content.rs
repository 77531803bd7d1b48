//! Where contents lie, and when they end.

use std::collections::BTreeSet;

use events::Fact;
use events::content::{ContentPlaced, PlaceCause, Placed, Reclaimed, ShardPlaced};
use events::ids::{ContentId, Generation, NodeId, Placement, Sha256Digest};

use super::{Decision, Refused};
use crate::change::FACT_CHANGES_MAX;
use crate::command::{DedupScope, Outcome, PlaceShards, ReclaimContents, Rejection};
use crate::placement::SHARDS_PER_NODE_MAX;
use crate::row::{BucketId, ContentRow, Duty, PlacedShard, Presence};
use crate::view::View;

/// The most contents that one fact ends.
pub const RECLAIMED_MAX: usize = 48;

/// Contents of the same bytes that are looked at for one of the same bucket, at most. Where there are more, those of
/// this bucket may be taken for none, and the bytes are stored once more.
pub const OF_BUCKET_LOOKED_AT_MAX: usize = 64;

/// Rows of sums that a fact about contents changes.
const SUM_ROWS: usize = 2;

/// Rows of a content that a shard of it moved to or from: itself and its faults.
const PLACED_ROWS: usize = 2;

/// Rows of a shard that moved: its name, and the one before, which ends.
const SHARD_ROWS: usize = 3;

/// Rows of a content that ends: itself, its faults, its place among those without references, its name, which ends.
const RECLAIMED_ROWS: usize = 5;

/// Rows of a name of one of its shards, which ends.
const NAME_ROWS: usize = 2;

/// A content of some bytes that an upload to a bucket may refer to, by the scope of deduplication; the newest.
///
/// # Errors
/// The state cannot be read.
pub fn known_content<V: View>(
    view: &V,
    sha256: Sha256Digest,
    scope: DedupScope,
    bucket: BucketId,
) -> Result<Option<ContentId>, V::Error> {
    match scope {
        DedupScope::Off => Ok(None),
        DedupScope::Region => Ok(view.newest_contents(sha256, 1)?.pop()),
        DedupScope::Bucket => {
            for content in view.newest_contents(sha256, OF_BUCKET_LOOKED_AT_MAX)? {
                if view.content(&content)?.is_some_and(|row| row.bucket_id == bucket) {
                    return Ok(Some(content));
                }
            }
            Ok(None)
        }
    }
}

/// Whether newly stored bytes may be named: their name was never used, and no node of theirs was given up meanwhile.
pub(super) fn admit_stored<V: View>(
    view: &V,
    generation: Generation,
    placement: &Placement,
    chosen_at: u64,
) -> Result<(), Refused<V::Error>> {
    // What repair wrote is never a content: whoever holds its lease may discard what is not named.
    if generation.is_of_repair() || !is_unused(view, generation)? {
        return Err(Rejection::StagedTooOld.into());
    }
    if view.totals().map_err(Refused::View)?.nodes_changed <= chosen_at {
        return Ok(());
    }
    for node in &placement.nodes {
        let row = view.node(node).map_err(Refused::View)?;
        if row.is_some_and(|row| row.changed > chosen_at) {
            return Err(Rejection::PlacementStale.into());
        }
    }
    Ok(())
}

/// Whether no event has named this generation, and one still may.
fn is_unused<V: View>(view: &V, generation: Generation) -> Result<bool, Refused<V::Error>> {
    let horizon = view.totals().map_err(Refused::View)?.horizon;
    let is_used = generation.milliseconds() < horizon
        || view.generation(generation).map_err(Refused::View)?.is_some()
        || view.ended(generation).map_err(Refused::View)?.is_some();
    Ok(!is_used)
}

/// Takes what still holds of the shards that were written anew.
pub(super) fn place<V: View>(view: &V, wanted: &PlaceShards) -> Result<Decision, Refused<V::Error>> {
    let mut choice = Choice { view, wanted, names: BTreeSet::new(), rows: SUM_ROWS, refused: Vec::new() };
    let mut contents: Vec<ContentPlaced> = Vec::new();
    for ContentPlaced { content, shards } in &wanted.contents {
        let is_new = !contents.iter().any(|other| other.content == *content);
        let row = view.content(content).map_err(Refused::View)?;
        let row = row.filter(|row| is_new && row.bucket == wanted.bucket);
        let shards = choice.take(content, row.as_ref(), shards)?;
        if !shards.is_empty() {
            contents.push(ContentPlaced { content: *content, shards });
        }
    }
    let (outcome, bucket) = (Outcome::Placed { refused: choice.refused }, wanted.bucket.clone());
    if contents.is_empty() {
        return Ok(Decision::nothing(outcome));
    }
    let fact = Placed { bucket, contents, chosen_at: wanted.chosen_at, term: None };
    Ok(Decision::write(Fact::ContentPlaced(fact), outcome))
}

/// What is taken of the shards that were written anew.
struct Choice<'a, V: View> {
    view: &'a V,
    wanted: &'a PlaceShards,
    /// The names that are taken.
    names: BTreeSet<Generation>,
    /// The rows that these change.
    rows: usize,
    refused: Vec<Generation>,
}

impl<V: View> Choice<'_, V> {
    fn take(
        &mut self,
        content: &ContentId,
        row: Option<&ContentRow>,
        shards: &[ShardPlaced],
    ) -> Result<Vec<ShardPlaced>, Refused<V::Error>> {
        let mut lie: Vec<PlacedShard> = row.iter().flat_map(|row| row.shards(content)).collect();
        let mut taken = Vec::new();
        for placed in shards {
            let rows = if taken.is_empty() { PLACED_ROWS + SHARD_ROWS } else { SHARD_ROWS };
            if self.rows + rows <= FACT_CHANGES_MAX && self.holds(&lie, placed)? {
                self.rows += rows;
                self.names.insert(placed.to.generation);
                for shard in lie.iter_mut().filter(|shard| shard.index == placed.shard) {
                    (shard.node, shard.generation) = (placed.to.node.clone(), placed.to.generation);
                }
                taken.push(placed.clone());
            } else {
                self.refused.push(placed.to.generation);
            }
        }
        Ok(taken)
    }

    /// Whether a shard lies where it is said to, and may lie where it was written anew.
    fn holds(&self, lie: &[PlacedShard], placed: &ShardPlaced) -> Result<bool, Refused<V::Error>> {
        let ShardPlaced { shard, from, to, .. } = placed;
        let lies_there =
            |lies: &PlacedShard| lies.index == *shard && lies.node == from.node && lies.generation == from.generation;
        let others = lie.iter().filter(|lies| lies.index != *shard && lies.node == to.node).count();
        Ok(lie.iter().any(lies_there)
            && others < others_max(placed.cause)
            && self.takes_shards(&to.node, placed.cause)?
            && to.generation.is_of_repair()
            && !self.names.contains(&to.generation)
            && is_unused(self.view, to.generation)?)
    }

    /// Whether a node still is what it was when it was chosen, and nobody wants it emptied. What is lost may go to one that
    /// went away a moment ago: it has no other place. What lies well where it is must not be given up for it.
    fn takes_shards(&self, node: &NodeId, cause: PlaceCause) -> Result<bool, Refused<V::Error>> {
        let row = self.view.node(node).map_err(Refused::View)?;
        Ok(row.is_some_and(|row| {
            row.duty.is == Duty::Serve
                && row.changed <= self.wanted.chosen_at
                && (cause != PlaceCause::Balance || row.presence.is == Presence::Online)
        }))
    }
}

/// From how many other shards of its content on a node on a shard is not placed there. One that moves for even fills alone
/// may as well stay where it is.
fn others_max(cause: PlaceCause) -> usize {
    if cause == PlaceCause::Balance { 1 } else { SHARDS_PER_NODE_MAX }
}

/// Takes those of the contents to which nothing refers, and has not for long enough.
pub(super) fn reclaim<V: View>(view: &V, wanted: &ReclaimContents) -> Result<Decision, Refused<V::Error>> {
    let (bucket, up_to, cause) = (wanted.bucket.clone(), wanted.up_to, wanted.cause);
    let (mut contents, mut rows) = (Vec::new(), SUM_ROWS);
    for content in &wanted.contents {
        let row = view.content(content).map_err(Refused::View)?.filter(|row| {
            let is_due = row.unreferenced.is_some_and(|unreferenced| unreferenced.sequence <= up_to);
            is_due && row.references == 0 && row.bucket == bucket && !contents.contains(content)
        });
        let Some(row) = row else { continue };
        let more = RECLAIMED_ROWS + NAME_ROWS * row.moved.len();
        if contents.len() < RECLAIMED_MAX && rows + more <= FACT_CHANGES_MAX {
            rows += more;
            contents.push(*content);
        }
    }
    let outcome = Outcome::Reclaimed { contents: contents.clone() };
    if contents.is_empty() {
        return Ok(Decision::nothing(outcome));
    }
    Ok(Decision::write(Fact::ContentReclaimed(Reclaimed { bucket, contents, up_to, cause, term: None }), outcome))
}
