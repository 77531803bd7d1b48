//! On which nodes shards are written anew.

use std::collections::BTreeSet;

use domain::placement::{Candidate, TooFewNodes, place_rest};
use domain::row::PlacedShard;
use events::content::PlaceCause;
use events::ids::NodeId;

use crate::owed::{Owed, OwedShard};

/// The owed shards of a content, each with a node for it. Shards that only share a node are left where they are if no node
/// is free for them.
///
/// # Errors
/// Too few nodes have room.
pub(crate) fn targets(owed: &Owed, candidates: &[Candidate]) -> Result<Vec<(OwedShard, NodeId)>, TooFewNodes> {
    let is_owed = |index: u8| owed.shards.iter().any(|owed| owed.shard.index == index);
    let placed: Vec<_> = owed.row.shards(&owed.content).collect();
    let kept: Vec<Option<NodeId>> =
        placed.iter().map(|shard| (!is_owed(shard.index)).then(|| shard.node.clone())).collect();
    let mut taken: BTreeSet<NodeId> = kept.iter().flatten().cloned().collect();
    let mut nodes = place_rest(candidates, owed.content.generation, &kept)?;
    stay(&mut nodes, &placed, is_owed);
    let mut targets = Vec::with_capacity(owed.shards.len());
    // What is lost comes before what only shares a node.
    for wanted in &owed.shards {
        let node = placed.iter().zip(&nodes).find(|(shard, _)| shard.index == wanted.shard.index).map(|(_, node)| node);
        let Some(node) = node.filter(|node| wanted.cause != PlaceCause::Spread || !taken.contains(*node)) else {
            continue;
        };
        taken.insert(node.clone());
        targets.push((wanted.clone(), node.clone()));
    }
    Ok(targets)
}

/// Exchanges the chosen nodes of owed shards so that as many as can stay where they are. Then no shard goes to a node that
/// another one has yet to leave, and the log takes them in any order.
fn stay(nodes: &mut [NodeId], placed: &[PlacedShard], is_owed: impl Fn(u8) -> bool) {
    let owed: Vec<usize> = (0..placed.len()).filter(|at| is_owed(placed[*at].index)).collect();
    for at in owed.iter().copied() {
        let lies_on = &placed[at].node;
        if nodes[at] == *lies_on {
            continue;
        }
        // One that was to come here, and does not lie here already.
        if let Some(comes) =
            owed.iter().copied().find(|other| nodes[*other] == *lies_on && placed[*other].node != *lies_on)
        {
            nodes.swap(at, comes);
        }
    }
}

#[cfg(test)]
mod tests {
    use domain::placement::{NODE_RESERVE_BYTES, SHARDS_PER_NODE_MAX};
    use events::content::{Fault, ShardFault};
    use events::ids::Generation;
    use uuid::Uuid;

    use super::*;
    use crate::owed::owed;
    use crate::owed::tests::{content, on, on as on_nodes};
    use crate::standing::tests::{candidate, name, nodes, offline, row};

    fn candidates(numbers: &[u8]) -> Vec<Candidate> {
        numbers.iter().map(|number| candidate(&name(*number))).collect()
    }

    fn told(owed: &Owed, candidates: &[Candidate]) -> Option<Vec<(u8, NodeId)>> {
        let targets = targets(owed, candidates).ok()?;
        Some(targets.into_iter().map(|(owed, node)| (owed.shard.index, node)).collect())
    }

    #[tokio::test]
    async fn a_damaged_shard_goes_to_the_node_that_has_no_other() {
        let fault = ShardFault { shard: 4, node: name(5), fault: Fault::Damaged };
        let owed = owed(content(), on(&[1, 2, 3, 4, 5, 6]), &[fault], &nodes(&[])).unwrap();
        assert_eq!(told(&owed, &candidates(&[1, 2, 3, 4, 5, 6])), Some(vec![(4, name(5))]));
        assert_eq!(told(&owed, &candidates(&[1, 2, 3, 4, 6, 7])), Some(vec![(4, name(7))]));
    }

    #[tokio::test]
    async fn without_a_free_node_two_shards_share_one_and_none_takes_three() {
        let gone = nodes(&[(5, offline(row(), 3)), (6, offline(row(), 3))]);
        let owed = owed(content(), on(&[1, 2, 3, 4, 5, 6]), &[], &gone).unwrap();
        let targets = told(&owed, &candidates(&[1, 2, 3, 4])).unwrap();
        assert!(targets[0].1 != targets[1].1, "{targets:?}");
        let full = Candidate { free_bytes: NODE_RESERVE_BYTES - 1, ..candidate(&name(1)) };
        let targets = told(&owed, &[full, candidate(&name(2)), candidate(&name(3))]).unwrap();
        assert!(targets.iter().all(|(_, node)| *node != name(1)), "{targets:?}");
        assert_eq!(told(&owed, &[]), None);
    }

    /// Whether the log takes the shards one after the other: no node ever has three of them.
    fn are_taken(owed: &Owed, targets: &[(OwedShard, NodeId)]) -> bool {
        let mut lie: Vec<_> = owed.row.shards(&owed.content).map(|shard| shard.node).collect();
        targets.iter().all(|(owed, node)| {
            let at = usize::from(owed.shard.index);
            let others = lie.iter().enumerate().filter(|(other, lies)| *other != at && *lies == node).count();
            lie[at] = node.clone();
            others < SHARDS_PER_NODE_MAX
        })
    }

    #[tokio::test]
    async fn shards_whose_nodes_have_two_already_do_not_change_places() {
        let all = nodes(&[]);
        let mut counted = 0;
        for (on, faulty) in [[1, 1, 2, 2, 3, 4], [1, 1, 2, 2, 3, 3], [1, 2, 1, 2, 3, 3]].into_iter().flat_map(|on| {
            let pairs = (0..6).flat_map(|one| (0..6).map(move |two| [one, two])).filter(|[one, two]| one != two);
            pairs.map(move |faulty| (on, faulty))
        }) {
            for number in 1..20 {
                let mut owed = owed(content(), on_nodes(&on), &faulty.map(|shard| fault(shard, &on)), &all).unwrap();
                owed.content.generation = Generation::from_fresh(Uuid::from_u128(number << 3));
                owed.shards.retain(|owed| owed.cause == PlaceCause::Fault);
                for present in [&[1, 2, 3, 4][..], &[1, 2, 3], &[1, 2, 3, 4, 5]] {
                    let targets = targets(&owed, &candidates(present)).unwrap();
                    assert_eq!(targets.len(), 2);
                    assert!(are_taken(&owed, &targets), "{on:?} {faulty:?} {targets:?}");
                    counted += 1;
                }
            }
        }
        assert_eq!(counted, 3 * 30 * 19 * 3);
    }

    fn fault(shard: usize, on: &[u8]) -> ShardFault {
        ShardFault { shard: u8::try_from(shard).unwrap(), node: name(on[shard]), fault: Fault::Damaged }
    }

    #[tokio::test]
    async fn what_shares_a_node_moves_only_to_one_that_has_none() {
        let mut owed = owed(content(), on(&[1, 1, 2, 3, 4, 5]), &[], &nodes(&[])).unwrap();
        assert_eq!(told(&owed, &candidates(&[1, 2, 3, 4, 5, 6])), Some(vec![(1, name(6))]));
        assert_eq!(told(&owed, &candidates(&[1, 2, 3, 4, 5])), Some(vec![]), "the free one is gone by now");
        owed.shards.clear();
        assert_eq!(told(&owed, &candidates(&[1, 2, 3])), Some(vec![]));
    }
}
