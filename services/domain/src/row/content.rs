use events::ids::{BucketName, ContentId, Generation, NodeId, Placement};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::BucketId;

/// A content, by its id.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ContentRow {
    /// Bytes as nodes store them: of the ciphertext, if the content is encrypted.
    pub size: u64,
    /// The bucket that it was uploaded to: nodes keep large shards in a folder per bucket.
    pub bucket: BucketName,
    /// The identity of that bucket, which no later bucket of the same name has.
    pub bucket_id: BucketId,
    /// The event that stored it.
    pub sequence: u64,
    /// The nodes that hold the shards at present.
    pub placement: Placement,
    /// The shards that moved since the upload, ordered by index; almost always none.
    pub moved: Vec<MovedShard>,
    /// The number of objects, parts and manifests that refer to the content.
    pub references: u64,
    /// Since when the content has no references, if it has none.
    pub unreferenced: Option<Unreferenced>,
}

/// Since when a content has no references.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Unreferenced {
    /// The event that removed the last reference.
    pub sequence: u64,
    /// The time of that event.
    #[serde(with = "jiff::fmt::serde::timestamp::microsecond::required")]
    pub since: Timestamp,
}

impl ContentRow {
    /// The stored shards of the content, in order of the index.
    pub fn shards(&self, content: &ContentId) -> impl Iterator<Item = PlacedShard> {
        placed_shards(content.generation, &self.placement, &self.moved)
    }

    /// The event that placed a shard on its present node.
    pub fn placed_by(&self, index: u8) -> u64 {
        let moved = self.moved.iter().find(|moved| moved.shard == index);
        moved.map_or(self.sequence, |moved| moved.sequence)
    }

    /// One of these shards, if it is stored.
    pub fn shard(&self, content: &ContentId, index: u8) -> Option<PlacedShard> {
        self.shards(content).find(|shard| shard.index == index)
    }
}

/// A shard that was written again. It has a generation of its own, so that no message about the former shard can ever
/// affect it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct MovedShard {
    /// The index of the shard, 0 to 5.
    pub shard: u8,
    /// Its present generation.
    pub generation: Generation,
    /// The event that placed it on its present node.
    pub sequence: u64,
}

/// The name of shards that nobody needs any more, and that no later event may name: a generation, which is the row's key.
/// It is removed once the region's horizon has passed it, because nothing before the horizon may be named either.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EndedRow {
    /// The bucket that the content was uploaded to.
    pub bucket: BucketName,
    /// The event that ended it.
    pub sequence: u64,
}

/// The shards that are placed on a node, by its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct NodeUsageRow {
    /// The number of shards.
    pub shards: u64,
    /// The bytes of those shards.
    pub bytes: u64,
}

/// A stored shard of a content: its node, and its name on that node.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PlacedShard {
    /// The index of the shard, 0 to 5.
    pub index: u8,
    /// The node that holds it.
    pub node: NodeId,
    /// The generation under which it was written: the content's, unless the shard moved. It says with which secret the
    /// pieces of this shard are tagged, if they are.
    pub generation: Generation,
}

impl PlacedShard {
    /// The uuid under which its node stores it. No other shard ever has this name.
    pub fn uuid(&self) -> Uuid {
        self.generation.shard(self.index)
    }
}

/// The stored shards of a content of this generation, in order of the index.
pub fn placed_shards(
    generation: Generation,
    placement: &Placement,
    moved: &[MovedShard],
) -> impl Iterator<Item = PlacedShard> {
    placement.shards().map(move |(index, node)| {
        let own = moved.iter().find(|moved| moved.shard == index).map(|moved| moved.generation);
        PlacedShard { index, node: node.clone(), generation: own.unwrap_or(generation) }
    })
}

#[cfg(test)]
mod tests {
    use events::ids::{Layout, Sha256Digest};

    use super::*;

    #[test]
    fn a_shard_that_moved_has_a_name_of_its_own() {
        let generation = |number: u128| Generation::from_fresh(Uuid::from_u128(number << 3));
        let content = ContentId { sha256: Sha256Digest([7; 32]), generation: generation(1) };
        let nodes = ["n1", "n2", "n3"].map(|node| node.parse().unwrap()).to_vec();
        let row = ContentRow {
            size: 9,
            bucket: "photos".parse().unwrap(),
            sequence: 5,
            placement: Placement { layout: Layout::Small, nodes },
            bucket_id: BucketId(1),
            moved: vec![MovedShard { shard: 4, generation: generation(2), sequence: 7 }],
            references: 1,
            unreferenced: None,
        };
        let told: Vec<_> = row.shards(&content).map(|shard| (shard.node.to_string(), shard.uuid().as_u128())).collect();
        assert_eq!(told, [("n1".into(), 8), ("n2".into(), 16 | 4), ("n3".into(), 8 | 5)]);
        assert_eq!(row.shard(&content, 1), None, "a small content has no such shard");
        assert_eq!([0, 4, 5].map(|index| row.placed_by(index)), [5, 7, 5]);
    }
}
