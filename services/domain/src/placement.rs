//! Chooses nodes for the shards of a content: weighted rendezvous hashing, spread over nodes, then zones.
//!
//! Every node gets a score from its name, the content's generation and its free bytes; the nodes with the best scores
//! take the shards. So a node's share of the contents follows its share of the free bytes, and a node that is added or
//! removed changes the choice only for contents with shards on it. The choice is recorded with the content, so it must
//! only be good, not repeatable for ever.
//!
//! Source: Thaler and Ravishankar, "Using name-based mappings to increase hit rates" (1998); the weights by the
//! logarithmic method of Schindelhauer and Schomaker, "Weighted distributed hash tables" (2005).

use events::ids::{Generation, NodeId};

/// Nodes a write needs, at least: with two shards on each, the loss of any one leaves four of six.
pub const NODES_MIN: usize = 3;

/// The maximum number of shards of one content on one node: as many as the code can lose.
pub const SHARDS_PER_NODE_MAX: usize = 2;

/// A node with fewer free bytes takes no new shards, so that it can always still seal, compact and delete.
pub const NODE_RESERVE_BYTES: u64 = 256 * 1024 * 1024;

/// A node that is online and accepts writes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Candidate {
    /// The name of the node.
    pub node: NodeId,
    /// Nodes of one zone may fail together.
    pub zone: String,
    /// Bytes that the node can still store.
    pub free_bytes: u64,
}

/// There are too few nodes to keep a new content safe. Wait for nodes to come back, or add some.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{with_room} of {online} online nodes have space; {need} are needed")]
pub struct TooFewNodes {
    /// Nodes that are online.
    pub online: usize,
    /// The number of online nodes with space, or with a shard of this content.
    pub with_room: usize,
    /// The number of nodes needed.
    pub need: usize,
}

/// Chooses a node for each of `shards` shards: distinct nodes while there are enough, then two shards on a node. Among
/// equals it takes the zone with the fewest shards, then the best score.
///
/// # Errors
/// [`TooFewNodes`] if fewer than [`NODES_MIN`] nodes, or too few for all the shards, have room.
pub fn place(candidates: &[Candidate], generation: Generation, shards: usize) -> Result<Vec<NodeId>, TooFewNodes> {
    place_rest(candidates, generation, &vec![None; shards])
}

/// As [`place`], for a content with some shards already placed. `kept` has the node of each placed shard, and `None`
/// for the others. Leave a node out of `candidates` to avoid it.
///
/// # Errors
/// As [`place`].
pub fn place_rest(
    candidates: &[Candidate],
    generation: Generation,
    kept: &[Option<NodeId>],
) -> Result<Vec<NodeId>, TooFewNodes> {
    let mut tally = Tally::new(candidates, generation, kept);
    let too_few = tally.too_few(candidates.len(), kept.len());
    if tally.nodes_in_play() < too_few.need {
        return Err(too_few);
    }
    kept.iter().map(|node| node.clone().or_else(|| tally.take_best()).ok_or(too_few)).collect()
}

/// The nodes that could take a shard, and the number of the content's shards on each node.
struct Tally<'a> {
    rooms: Vec<Room<'a>>,
    /// Nodes that keep a shard but can take no other.
    closed: usize,
}

struct Room<'a> {
    candidate: &'a Candidate,
    score: f64,
    shards: usize,
}

impl<'a> Tally<'a> {
    fn new(candidates: &'a [Candidate], generation: Generation, kept: &[Option<NodeId>]) -> Self {
        let shards_of = |node: &NodeId| kept.iter().flatten().filter(|kept| *kept == node).count();
        let mut rooms: Vec<Room<'a>> = candidates
            .iter()
            .filter(|candidate| candidate.free_bytes >= NODE_RESERVE_BYTES)
            .map(|candidate| Room {
                candidate,
                score: score(candidate, generation),
                shards: shards_of(&candidate.node),
            })
            .collect();
        rooms.sort_by(|a, b| b.score.total_cmp(&a.score).then_with(|| a.candidate.node.cmp(&b.candidate.node)));
        rooms.dedup_by(|a, b| a.candidate.node == b.candidate.node);
        let mut closed: Vec<&NodeId> = kept.iter().flatten().collect();
        closed.sort();
        closed.dedup();
        closed.retain(|node| !rooms.iter().any(|room| room.candidate.node == **node));
        Self { rooms, closed: closed.len() }
    }

    fn nodes_in_play(&self) -> usize {
        self.rooms.len() + self.closed
    }

    fn too_few(&self, online: usize, shards: usize) -> TooFewNodes {
        let need = NODES_MIN.max(shards.div_ceil(SHARDS_PER_NODE_MAX));
        TooFewNodes { online, with_room: self.nodes_in_play(), need }
    }

    fn shards_in_zone(&self, zone: &str) -> usize {
        self.rooms.iter().filter(|room| room.candidate.zone == zone).map(|room| room.shards).sum()
    }

    /// Gives one shard to the best node, if any can take one. The rooms are in order of their scores; the first of
    /// equals is taken.
    fn take_best(&mut self) -> Option<NodeId> {
        let best = (0..self.rooms.len())
            .filter(|i| self.rooms[*i].shards < SHARDS_PER_NODE_MAX)
            .min_by_key(|i| (self.rooms[*i].shards, self.shards_in_zone(&self.rooms[*i].candidate.zone)))?;
        self.rooms[best].shards += 1;
        Some(self.rooms[best].candidate.node.clone())
    }
}

/// Greater is better: the weight over the negative logarithm of a hash seen as a number between 0 and 1.
#[expect(clippy::cast_precision_loss, reason = "a weight or a hash off by a part in 2^53 chooses as well")]
fn score(candidate: &Candidate, generation: Generation) -> f64 {
    let hash = mix(&candidate.node, generation) >> 11;
    let unit = (hash as f64 + 0.5) / (1_u64 << 53) as f64;
    candidate.free_bytes.max(1) as f64 / -unit.ln()
}

/// A hash of the two that spreads over all 64 bits: FNV-1a over the bytes, then the finalizer of
/// `SplitMix64` (Steele, Lea and Flood, 2014), because FNV's high bits alone are too alike for names this short.
fn mix(node: &NodeId, generation: Generation) -> u64 {
    const FNV_OFFSET: u64 = 0xcbf2_9ce4_8422_2325;
    const FNV_PRIME: u64 = 0x0100_0000_01b3;
    let generation = generation.as_uuid();
    let bytes = node.as_str().bytes().chain(generation.into_bytes());
    let hash = bytes.fold(FNV_OFFSET, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(FNV_PRIME));
    let hash = (hash ^ (hash >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let hash = (hash ^ (hash >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    hash ^ (hash >> 31)
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use proptest::prelude::*;
    use uuid::Uuid;

    use super::*;

    const GIB: u64 = 1 << 30;

    fn generation(number: u128) -> Generation {
        Generation::from_fresh(Uuid::from_u128(number << 3))
    }

    fn node(number: usize) -> NodeId {
        format!("node-{number}").parse().unwrap()
    }

    fn candidate(number: usize, zones: usize, free_bytes: u64) -> Candidate {
        Candidate { node: node(number), zone: format!("zone-{}", number % zones), free_bytes }
    }

    fn candidates(count: usize, zones: usize) -> Vec<Candidate> {
        (0..count).map(|number| candidate(number, zones, 100 * GIB)).collect()
    }

    fn tally<T: Ord>(things: impl IntoIterator<Item = T>) -> BTreeMap<T, usize> {
        things.into_iter().fold(BTreeMap::new(), |mut counts, thing| {
            *counts.entry(thing).or_default() += 1;
            counts
        })
    }

    proptest! {
        #[test]
        fn shards_are_spread_as_widely_as_the_nodes_allow(count in 0_usize..12, zones in 1_usize..5, shards in prop::sample::select(vec![3_usize, 6]), number: u64) {
            let candidates = candidates(count, zones);
            match place(&candidates, generation(number.into()), shards) {
                Err(too_few) => prop_assert!(count < NODES_MIN, "{too_few}"),
                Ok(nodes) => {
                    prop_assert!(count >= NODES_MIN);
                    prop_assert_eq!(nodes.len(), shards);
                    let on_nodes = tally(&nodes);
                    prop_assert_eq!(on_nodes.len(), shards.min(count));
                    prop_assert!(on_nodes.values().all(|on_one| *on_one <= shards.div_ceil(count)));
                    let zone_of = |node: &NodeId| candidates.iter().find(|c| c.node == *node).unwrap().zone.clone();
                    let in_zones = tally(nodes.iter().map(zone_of));
                    prop_assert_eq!(in_zones.len(), shards.min(zones).min(count));
                }
            }
        }

        #[test]
        fn zones_of_enough_nodes_take_equal_shares(zones in 1_usize..5, number: u64) {
            let candidates = candidates(zones * 6, zones);
            let nodes = place(&candidates, generation(number.into()), 6).unwrap();
            let zone_of = |node: &NodeId| candidates.iter().find(|c| c.node == *node).unwrap().zone.clone();
            let in_zones = tally(nodes.iter().map(zone_of));
            prop_assert!(in_zones.values().max().unwrap() - in_zones.values().min().unwrap() <= 1);
        }

        #[test]
        fn the_order_of_the_candidates_does_not_matter(mut candidates in Just(candidates(9, 3)).prop_shuffle(), number: u64) {
            let one = place(&candidates, generation(number.into()), 6);
            candidates.sort_by(|a, b| a.node.cmp(&b.node));
            prop_assert_eq!(one, place(&candidates, generation(number.into()), 6));
        }

        #[test]
        fn a_node_that_leaves_moves_only_its_own_shard(count in 7_usize..20, gone: prop::sample::Index, number: u64) {
            let mut candidates = candidates(count, 1);
            let before: BTreeSet<NodeId> = place(&candidates, generation(number.into()), 6).unwrap().into_iter().collect();
            let gone = candidates.swap_remove(gone.index(count)).node;
            let after: BTreeSet<NodeId> = place(&candidates, generation(number.into()), 6).unwrap().into_iter().collect();
            prop_assert_eq!(before.difference(&after).count(), usize::from(before.contains(&gone)));
        }

        #[test]
        fn nodes_without_room_are_left_out(full in proptest::collection::btree_set(0_usize..9, 0..9), number: u64) {
            let mut candidates = candidates(9, 3);
            for i in &full {
                candidates[*i].free_bytes = NODE_RESERVE_BYTES - 1;
            }
            match place(&candidates, generation(number.into()), 6) {
                Ok(nodes) => prop_assert!(nodes.iter().all(|chosen| !full.iter().any(|i| node(*i) == *chosen))),
                Err(error) => prop_assert_eq!(error, TooFewNodes { online: 9, with_room: 9 - full.len(), need: 3 }),
            }
        }

        #[test]
        fn what_is_kept_stays(keep in proptest::collection::vec(any::<bool>(), 6), count in 3_usize..9, number: u64) {
            let candidates = candidates(count, 2);
            let first = place(&candidates, generation(number.into()), 6).unwrap();
            let kept: Vec<Option<NodeId>> = first.iter().zip(&keep).map(|(node, keep)| keep.then(|| node.clone())).collect();
            let again = place_rest(&candidates, generation(number.into()), &kept).unwrap();
            prop_assert!(kept.iter().zip(&again).all(|(kept, again)| kept.as_ref().is_none_or(|kept| kept == again)));
            prop_assert!(tally(&again).values().all(|on_one| *on_one <= SHARDS_PER_NODE_MAX));
            prop_assert_eq!(tally(&again).len(), count.min(6), "spread as widely as without the detour");
        }
    }

    #[test]
    fn a_lost_node_among_six_is_replaced_by_a_second_shard_elsewhere() {
        let six = candidates(6, 6);
        let placed = place(&six, generation(1), 6).unwrap();
        let kept: Vec<_> = placed.iter().map(|chosen| (*chosen != node(2)).then(|| chosen.clone())).collect();
        let five: Vec<_> = six.into_iter().filter(|candidate| candidate.node != node(2)).collect();
        let again = place_rest(&five, generation(1), &kept).unwrap();
        assert!(!again.contains(&node(2)));
        assert_eq!(tally(&again).len(), 5);
    }

    #[test]
    fn kept_nodes_count_even_when_they_have_no_room_left() {
        let mut three = candidates(3, 3);
        three[0].free_bytes = 0;
        let kept = [Some(node(0)), None, None];
        let nodes = place_rest(&three, generation(1), &kept).unwrap();
        assert_eq!(tally(&nodes).len(), 3);
    }

    #[test]
    fn shares_follow_the_free_bytes() {
        let mut candidates = candidates(10, 1);
        candidates[0].free_bytes = 400 * GIB;
        let rounds = 20_000;
        let firsts = tally((0..rounds).map(|number| place(&candidates, generation(number), 3).unwrap().swap_remove(0)));
        let share = |number: usize| firsts[&node(number)] * 13;
        let rounds = usize::try_from(rounds).unwrap();
        assert!((rounds * 36..rounds * 44).contains(&(share(0) * 10)), "400 of 1300 GiB: {firsts:?}");
        assert!((1..10).all(|number| (rounds * 8..rounds * 12).contains(&(share(number) * 10))), "{firsts:?}");
    }
}
