//! Where shards of random histories lie, and commands that move them, end their contents and say things of nodes.

use std::collections::BTreeMap;

use domain::{ChangeNode, Command, JoinNode, NodeChange, PlaceShards};
use events::content::{ContentPlaced, PlaceCause, ShardPlace, ShardPlaced};
use events::ids::{BucketName, ContentId, FolderId, Generation, NodeId, Placement};
use uuid::Uuid;

use super::steps::Move;

/// What is known of the shards of every content there ever was, stored or not.
#[derive(Debug, Default)]
pub(crate) struct Places(BTreeMap<ContentId, (BucketName, BTreeMap<u8, ShardPlace>)>);

pub(crate) fn node(number: u8) -> NodeId {
    format!("n{number}").parse().unwrap()
}

/// The folder that a node joins with.
fn folder(number: u8) -> FolderId {
    FolderId(Uuid::from_u128(u128::from(number) + 1))
}

pub(crate) fn join(number: u8) -> Command {
    let (node, folder) = (node(number), folder(number));
    JoinNode { node, folder, zone: "z".into(), replaces: None }.into()
}

pub(crate) fn change(number: u8, change: NodeChange) -> Command {
    ChangeNode { node: node(number), folder: folder(number), change }.into()
}

impl Places {
    /// A content was staged. If that is known already, its shards may have moved since.
    pub(crate) fn staged(&mut self, bucket: &BucketName, content: ContentId, placement: &Placement) {
        let place = |node: &NodeId| ShardPlace { node: node.clone(), generation: content.generation };
        let shards = placement.shards().map(|(shard, node)| (shard, place(node))).collect();
        self.0.entry(content).or_insert_with(|| (bucket.clone(), shards));
    }

    /// Writes a shard of a content anew, on a node of its own name or on another's.
    pub(crate) fn place(&self, content: ContentId, to: Move, fresh: Uuid) -> Option<Command> {
        let (bucket, shards) = self.0.get(&content)?;
        let from = shards.get(&to.shard)?.clone();
        let from = if to.astray { ShardPlace { node: node(9), ..from } } else { from };
        let to_place = ShardPlace { node: node(to.node), generation: Generation::of_repair(fresh, 3) };
        let placed = ShardPlaced { shard: to.shard, from, to: to_place, cause: PlaceCause::Spread };
        let contents = vec![ContentPlaced { content, shards: vec![placed] }];
        Some(PlaceShards { bucket: bucket.clone(), contents, chosen_at: u64::MAX }.into())
    }

    /// Takes in which shards were placed.
    pub(crate) fn placed(&mut self, wanted: &PlaceShards, refused: &[Generation]) {
        for ContentPlaced { content, shards } in &wanted.contents {
            for ShardPlaced { shard, to, .. } in shards.iter().filter(|shard| !refused.contains(&shard.to.generation)) {
                self.0.get_mut(content).unwrap().1.insert(*shard, to.clone());
            }
        }
    }

    /// The contents that were uploaded to a bucket.
    pub(crate) fn of_bucket(&self, bucket: &BucketName) -> Vec<ContentId> {
        self.0.iter().filter(|(_, (of, _))| of == bucket).map(|(content, _)| *content).collect()
    }

    /// Where the shards of a content should lie.
    pub(crate) fn of(&self, content: &ContentId) -> Vec<(u8, ShardPlace)> {
        self.0[content].1.iter().map(|(shard, place)| (*shard, place.clone())).collect()
    }
}
