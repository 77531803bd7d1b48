//! What the log says of a shard that lies on a node.

use domain::View;
use domain::row::{NodeRow, TotalsRow};
use events::ids::{BucketName, Generation, NodeId};
use uuid::Uuid;

/// The bits of a shard's uuid that are its index.
const INDEX_BITS: u128 = 0b111;

/// What the log says of a shard that a node holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// The shard is where it should be.
    Placed,
    /// Nobody needs it: its generation has its shards elsewhere, or ended. No event names it any more.
    Dead {
        /// The bucket in whose folder it may lie.
        bucket: BucketName,
    },
    /// No event names it, and none will: its upload began before the horizon.
    Stray,
    /// No event names it. Repair wrote it, and if the process did that has lost its lease since, none will.
    OfRepair,
    /// No event names it yet: its upload may be under way.
    Young,
    /// It is older than the time at which its node joined this log, which therefore knows nothing of it.
    Foreign,
}

/// Looks a shard up in the state.
///
/// A generation that is in use has its shards where the rows say, and can get no others; one that ended gets none. Both
/// holds in all later states. What is older than the joining of the node is where it should be or foreign: if two disks
/// were swapped and then joined, each holds what belongs to the other one.
pub(crate) fn verdict<V: View>(view: &V, node: (&NodeId, &NodeRow), shard: Uuid) -> Result<Verdict, V::Error> {
    let (generation, index) = parts(shard);
    let (name, node) = node;
    let (begun, joined) = (generation.milliseconds(), u64::try_from(node.joined.as_millisecond()).unwrap_or_default());
    let is_foreign = begun < joined;
    if let Some(content) = view.generation(generation)? {
        // An index that leads nowhere is no reason to delete anything.
        let Some(row) = view.content(&content)? else { return Ok(Verdict::Placed) };
        let placed = row.shard(&content, index);
        let is_placed = placed.is_some_and(|placed| placed.node == *name && placed.generation == generation);
        return Ok(match is_placed {
            true => Verdict::Placed,
            false if is_foreign => Verdict::Foreign,
            false => Verdict::Dead { bucket: row.bucket },
        });
    }
    if is_foreign {
        return Ok(Verdict::Foreign);
    }
    if let Some(ended) = view.ended(generation)? {
        return Ok(Verdict::Dead { bucket: ended.bucket });
    }
    let TotalsRow { horizon, .. } = view.totals()?;
    Ok(match begun {
        begun if begun < horizon => Verdict::Stray,
        _ if generation.is_of_repair() => Verdict::OfRepair,
        _ => Verdict::Young,
    })
}

/// The generation of a shard, and its index.
pub(crate) fn parts(shard: Uuid) -> (Generation, u8) {
    let index = u8::try_from(shard.as_u128() & INDEX_BITS).unwrap_or_default();
    (Generation::from_fresh(shard), index)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shard_tells_its_generation_and_its_index() {
        let generation = Generation::of_repair(Uuid::from_u128(0x0196_f3a1_2b3c_7def_8123_4567_89ab_cdef), 3);
        for index in 0..6 {
            assert_eq!(parts(generation.shard(index)), (generation, index));
        }
    }
}
