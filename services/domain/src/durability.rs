//! How many shards a content may lose before it is lost.

use events::content::ShardFault;
use events::ids::{Layout, NodeId, Placement};

/// Whether a content whose shards are on these nodes (one entry for each shard) is as safe as an ack promises: if any
/// one node is lost, enough shards remain to rebuild it.
///
/// On distinct nodes that takes five of six shards, or two of a small content's three. If nodes hold two shards each,
/// it takes all six.
pub fn survives_any_node<'a>(layout: Layout, nodes: impl Iterator<Item = &'a NodeId> + Clone) -> bool {
    let on = |node: &NodeId| nodes.clone().filter(|other| *other == node).count();
    let worst = nodes.clone().map(on).max().unwrap_or(0);
    nodes.count() >= layout.read_quorum() + worst
}

/// Whether a content with these faults would survive the loss of any node.
pub fn is_safe(placement: &Placement, faults: &[ShardFault]) -> bool {
    let is_whole = |shard: u8| !faults.iter().any(|fault| fault.shard == shard);
    let left: Vec<&NodeId> = placement.shards().filter(|(shard, _)| is_whole(*shard)).map(|(_, node)| node).collect();
    survives_any_node(placement.layout, left.into_iter())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn survives(layout: Layout, on: &[u8]) -> bool {
        let nodes: Vec<NodeId> = on.iter().map(|n| format!("n{n}").parse().unwrap()).collect();
        survives_any_node(layout, nodes.iter())
    }

    #[test]
    fn five_of_six_on_distinct_nodes() {
        let striped = |on: &[u8]| survives(Layout::Striped, on);
        assert!(striped(&[1, 2, 3, 4, 5, 6]) && striped(&[1, 2, 3, 4, 5]));
        assert!(!striped(&[1, 2, 3, 4]) && !striped(&[]));
        assert!(striped(&[1, 1, 2, 3, 4, 5]) && striped(&[1, 1, 2, 2, 3, 3]));
        assert!(!striped(&[1, 1, 2, 3, 4]), "without node 1 three shards are left");
    }

    #[test]
    fn two_of_three_on_distinct_nodes() {
        let small = |on: &[u8]| survives(Layout::Small, on);
        assert!(small(&[1, 2]) && small(&[1, 2, 3]) && small(&[1, 1, 2]));
        assert!(!small(&[1]) && !small(&[1, 1]) && !small(&[]));
    }
}
