//! What a content is owed.

use std::collections::{BTreeMap, BTreeSet};

use domain::row::{ContentRow, PlacedShard};
use events::content::{PlaceCause, ShardFault};
use events::ids::{ContentId, Layout, NodeId};

use crate::standing::{Nodes, Standing};

/// How much of a content may be lost before it is: the order in which contents are repaired.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Margin {
    /// The loss of one more node may lose it, or it cannot be read already.
    None,
    /// It survives the loss of one more node, and no more.
    One,
    /// It survives the loss of two more nodes.
    Two,
}

impl Margin {
    /// All margins, the smallest first.
    pub(crate) const ALL: [Self; 3] = [Self::None, Self::One, Self::Two];

    /// The margin of a content whose healthy shards are on these nodes, one entry for each shard.
    pub(crate) fn of<'a>(layout: Layout, nodes: impl Iterator<Item = &'a NodeId>) -> Self {
        let mut on = BTreeMap::<&NodeId, usize>::new();
        for node in nodes {
            *on.entry(node).or_default() += 1;
        }
        let mut counts: Vec<usize> = on.into_values().collect();
        counts.sort_unstable_by_key(|count| std::cmp::Reverse(*count));
        let mut left: usize = counts.iter().sum();
        let mut survived = 0;
        for count in counts {
            left -= count;
            if left < layout.read_quorum() {
                break;
            }
            survived += 1;
        }
        match survived {
            0 => Self::None,
            1 => Self::One,
            _ => Self::Two,
        }
    }
}

/// A content, and the shards that it is owed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Owed {
    pub(crate) content: ContentId,
    pub(crate) row: ContentRow,
    pub(crate) margin: Margin,
    pub(crate) shards: Vec<OwedShard>,
}

/// A shard that is to be written anew.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct OwedShard {
    pub(crate) shard: PlacedShard,
    pub(crate) cause: PlaceCause,
}

impl OwedShard {
    /// Whether the shard may be read where it lies.
    pub(crate) fn is_readable(&self) -> bool {
        matches!(self.cause, PlaceCause::NodeDraining | PlaceCause::Spread | PlaceCause::Balance)
    }
}

impl Owed {
    /// Bytes of the shards that are to be written.
    pub(crate) fn bytes(&self) -> u64 {
        self.shards.len() as u64 * self.row.placement.layout.shard_bytes(self.row.size)
    }
}

/// What a content is owed: its shards with a fault, those on nodes that are gone or are being emptied, and those that share
/// a node although another one is free. `None` if that is nothing.
pub(crate) fn owed(content: ContentId, row: ContentRow, faults: &[ShardFault], nodes: &Nodes) -> Option<Owed> {
    let (mut shards, mut kept, mut healthy) = (Vec::new(), Vec::new(), Vec::new());
    for shard in row.shards(&content) {
        let is_faulty = faults.iter().any(|fault| fault.shard == shard.index);
        let standing = nodes.standing(&shard.node, row.placed_by(shard.index));
        let cause = match standing {
            Standing::Lost => Some(PlaceCause::NodeLost),
            _ if is_faulty => Some(PlaceCause::Fault),
            Standing::Leaves => Some(PlaceCause::NodeDraining),
            Standing::Away | Standing::Holds => None,
        };
        if !is_faulty && matches!(standing, Standing::Holds | Standing::Leaves) {
            healthy.push(shard.node.clone());
        }
        match cause {
            Some(cause) => shards.push(OwedShard { shard, cause }),
            None => kept.push(shard),
        }
    }
    shards.extend(crowded(&kept, nodes, shards.len()));
    let margin = Margin::of(row.placement.layout, healthy.iter());
    (!shards.is_empty()).then_some(Owed { content, row, margin, shards })
}

/// Those of the shards that share a node and can have one of their own, once `others` have been placed on free nodes first.
fn crowded(kept: &[PlacedShard], nodes: &Nodes, others: usize) -> Vec<OwedShard> {
    let taken: BTreeSet<&NodeId> = kept.iter().map(|shard| &shard.node).collect();
    if taken.len() == kept.len() {
        return Vec::new();
    }
    let free = nodes.open().iter().filter(|node| !taken.contains(node)).count().saturating_sub(others);
    let mut seen = BTreeSet::new();
    // One that is on a node that is away cannot be copied, and may come back.
    let holds = |shard: &&PlacedShard| nodes.is_asked(&shard.node);
    let crowded = kept.iter().filter(|shard| !seen.insert(&shard.node)).filter(holds).take(free);
    crowded.map(|shard| OwedShard { shard: shard.clone(), cause: PlaceCause::Spread }).collect()
}

#[cfg(test)]
pub(crate) mod tests {
    use domain::row::{BucketId, Duty, MovedShard, NodeRow};
    use events::content::Fault;
    use events::ids::{Generation, Placement, Sha256Digest};
    use uuid::Uuid;

    use super::*;
    use crate::standing::tests::{name, nodes, offline, row as node_row};

    pub(crate) fn content() -> ContentId {
        ContentId { sha256: Sha256Digest([1; 32]), generation: Generation::from_fresh(Uuid::from_u128(8)) }
    }

    /// A content of 6 MB, or a small one, whose shards are on these nodes.
    pub(crate) fn on(nodes: &[u8]) -> ContentRow {
        let layout = if nodes.len() == 3 { Layout::Small } else { Layout::Striped };
        ContentRow {
            size: if nodes.len() == 3 { 5 } else { 6 << 20 },
            bucket: "bucket".parse().unwrap(),
            bucket_id: BucketId(1),
            placement: Placement { layout, nodes: nodes.iter().map(|number| name(*number)).collect() },
            moved: Vec::new(),
            references: 1,
            unreferenced: None,
            sequence: 10,
        }
    }

    fn fault(shard: u8) -> ShardFault {
        ShardFault { shard, node: name(shard + 1), fault: Fault::Missing }
    }

    /// The owed shards with their causes, and the margin.
    fn told(row: &ContentRow, faults: &[ShardFault], nodes: &Nodes) -> (Vec<(u8, PlaceCause)>, Option<Margin>) {
        let owed = owed(content(), row.clone(), faults, nodes);
        let shards = owed.iter().flat_map(|owed| &owed.shards).map(|owed| (owed.shard.index, owed.cause)).collect();
        (shards, owed.map(|owed| owed.margin))
    }

    fn drains() -> NodeRow {
        let mut row = node_row();
        row.duty.is = Duty::Drain;
        row
    }

    const ALL: [u8; 6] = [1, 2, 3, 4, 5, 6];

    #[tokio::test]
    async fn a_whole_content_is_owed_nothing() {
        assert_eq!(told(&on(&ALL), &[], &nodes(&[])), (vec![], None));
        assert_eq!(told(&on(&[1, 2, 3]), &[], &nodes(&[])), (vec![], None));
    }

    #[tokio::test]
    async fn faults_and_nodes_that_are_gone_are_owed_by_their_margin() {
        let lost = nodes(&[(2, offline(node_row(), 3))]);
        assert_eq!(told(&on(&ALL), &[], &lost), (vec![(1, PlaceCause::NodeLost)], Some(Margin::One)));
        let both = vec![(1, PlaceCause::NodeLost), (4, PlaceCause::Fault)];
        assert_eq!(told(&on(&ALL), &[fault(4)], &lost), (both, Some(Margin::None)));
        assert_eq!(told(&on(&[1, 2, 3]), &[], &lost), (vec![(4, PlaceCause::NodeLost)], Some(Margin::One)));
        let (_, margin) = told(&on(&ALL), &[fault(3), fault(4)], &lost);
        assert_eq!(margin, Some(Margin::None), "it cannot be read, and is tried first");
    }

    #[tokio::test]
    async fn what_drains_is_healthy_and_comes_last() {
        let drain = nodes(&[(2, drains())]);
        assert_eq!(told(&on(&ALL), &[], &drain), (vec![(1, PlaceCause::NodeDraining)], Some(Margin::Two)));
        assert!(owed(content(), on(&ALL), &[], &drain).unwrap().shards[0].is_readable());
        let faulty = told(&on(&ALL), &[fault(1)], &drain);
        assert_eq!(faulty, (vec![(1, PlaceCause::Fault)], Some(Margin::One)), "what is damaged is not copied");
    }

    #[tokio::test]
    async fn what_was_placed_after_a_folder_was_given_up_is_there() {
        let mut replaced = node_row();
        replaced.replaced = 20;
        let nodes = nodes(&[(2, replaced)]);
        let mut row = on(&ALL);
        assert_eq!(told(&row, &[], &nodes).0, [(1, PlaceCause::NodeLost)]);
        let generation = Generation::from_fresh(Uuid::from_u128(16));
        row.moved.push(MovedShard { shard: 1, generation, sequence: 30 });
        assert_eq!(told(&row, &[], &nodes).0, []);
        row.moved.clear();
        row.sequence = 21;
        assert_eq!(told(&row, &[], &nodes).0, []);
    }

    #[tokio::test]
    async fn shards_that_share_a_node_move_as_far_as_there_are_free_ones() {
        let all = nodes(&[]);
        let spread = |index| (index, PlaceCause::Spread);
        assert_eq!(
            told(&on(&[1, 1, 2, 2, 3, 3]), &[], &all),
            (vec![spread(1), spread(3), spread(5)], Some(Margin::One))
        );
        assert_eq!(told(&on(&[1, 1, 2, 3, 4, 5]), &[], &all), (vec![spread(1)], Some(Margin::One)));
        let without_6 = nodes(&[(6, offline(node_row(), 3))]);
        assert_eq!(told(&on(&[1, 1, 2, 3, 4, 5]), &[], &without_6), (vec![], None), "nobody is free");
        let fault_first = told(&on(&[1, 1, 2, 3, 4, 5]), &[fault(5)], &all);
        assert_eq!(fault_first.0, [(5, PlaceCause::Fault), spread(1)], "nodes 5 and 6 are free");
        let one_free = told(&on(&[1, 1, 2, 3, 4, 5]), &[fault(5)], &without_6);
        assert_eq!(one_free.0, [(5, PlaceCause::Fault)], "node 5 takes what is lost");
        assert_eq!(told(&on(&[1, 1, 2]), &[], &all), (vec![spread(4)], Some(Margin::One)));
    }

    #[test]
    fn a_margin_counts_nodes() {
        let margin = |on: &[u8]| {
            let layout = if on.len() <= 3 { Layout::Small } else { Layout::Striped };
            let nodes: Vec<NodeId> = on.iter().map(|number| name(*number)).collect();
            Margin::of(layout, nodes.iter())
        };
        assert_eq!([margin(&ALL), margin(&ALL[..5]), margin(&ALL[..4])], [Margin::Two, Margin::One, Margin::None]);
        assert_eq!([margin(&[1, 1, 2, 2, 3, 3]), margin(&[1, 1, 2, 3, 4])], [Margin::One, Margin::None]);
        assert_eq!(
            [margin(&[1, 2, 3]), margin(&[1, 2]), margin(&[1]), margin(&[1, 1])],
            [Margin::Two, Margin::One, Margin::None, Margin::None]
        );
        assert_eq!(margin(&[]), Margin::None);
    }
}
