//! Inspects the shards of a content on their nodes.

use std::time::Duration;

use domain::durability::survives_any_node;
use domain::row::PlacedShard;
use events::ids::{Generation, NodeId};
use futures_util::future::join_all;
use futures_util::stream::{FuturesUnordered, StreamExt};
use tokio::time::timeout;

use crate::inspect::suspects::Version;
use crate::inspect::{Incident, IncidentKind};
use crate::node::transport::Transport;
use crate::read::shard_reader::Fault;
use crate::store::{ShardStore, StoredContent};

/// The deadline for the nodes of a content to confirm its shards. The caller has the bytes at hand, and a node that
/// takes longer would delay writing them just as much.
const QUORUM_CHECK_TIME_MAX: Duration = Duration::from_secs(1);

/// The conditions of all shards of a content.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Inspection {
    /// The condition of each shard.
    pub shards: Vec<InspectedShard>,
    /// The version of the suspects at the start: later incidents are not covered by this inspection.
    started: Version,
}

/// The condition of one shard.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InspectedShard {
    /// The index of the shard.
    pub shard: u8,
    /// The node that was asked.
    pub node: NodeId,
    /// The generation of the shard. It is not that of the content if the shard was written anew.
    pub generation: Generation,
    /// The condition that it reported.
    pub condition: Condition,
}

/// The condition of a shard as its node reports it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Condition {
    /// The node has the whole shard.
    Intact,
    /// The shard is missing or damaged.
    Faulty(IncidentKind),
    /// The node did not answer, or its disk has stalled; the condition of the shard is unknown.
    Unknown,
}

impl<T: Transport> ShardStore<T> {
    /// Whether online nodes confirm a quorum of the content's shards: so many that the content would survive the loss
    /// of any node. Shards in `faulty` and suspect shards do not count. Shards that turn out to be missing are
    /// reported.
    ///
    /// Sends one request to each node and returns as soon as the replies suffice, or after one second.
    pub async fn has_quorum(&self, content: &StoredContent, faulty: &[u8]) -> bool {
        let (layout, suspects) = (content.placement.layout, self.inner.suspects.of(content.generation));
        let is_asked = |PlacedShard { index, node, .. }: &PlacedShard| {
            !faulty.contains(index) && !suspects.contains(*index) && self.membership().is_online(node)
        };
        let mut possible: Vec<PlacedShard> = content.shards().filter(is_asked).collect();
        let mut answers: FuturesUnordered<_> =
            possible.iter().cloned().map(|shard| self.inspect_shard(content, shard, false)).collect();
        let mut confirmed = Vec::new();
        let asked = async {
            loop {
                if survives_any_node(layout, confirmed.iter()) {
                    break true;
                }
                if !survives_any_node(layout, possible.iter().map(|shard| &shard.node)) {
                    break false;
                }
                match answers.next().await {
                    None => break false,
                    Some(InspectedShard { node, condition: Condition::Intact, .. }) => confirmed.push(node),
                    Some(found) => {
                        possible.retain(|possible| possible.index != found.shard);
                        if let Condition::Faulty(kind) = found.condition {
                            self.inner.report(incident(content, &found, kind));
                        }
                    }
                }
            }
        };
        timeout(QUORUM_CHECK_TIME_MAX, asked).await.unwrap_or(false)
    }

    /// The condition of each shard of the content. The nodes read and verify the shards in `suspect` and those that
    /// were reported before, which takes longer.
    pub async fn inspect(&self, content: &StoredContent, suspect: &[u8]) -> Inspection {
        let (suspects, started) = self.inner.suspects.snapshot(content.generation);
        let verify = |shard| suspect.contains(&shard) || suspects.contains(shard);
        let asked = content.shards().map(|shard| {
            let verify = verify(shard.index);
            self.inspect_shard(content, shard, verify)
        });
        Inspection { shards: join_all(asked).await, started }
    }

    /// Removes the suspicion from `shards`, because their condition is recorded. Shards that were reported again since
    /// the inspection started stay suspect.
    pub fn clear_suspects(
        &self,
        content: &StoredContent,
        inspection: &Inspection,
        shards: impl IntoIterator<Item = u8>,
    ) {
        self.inner.suspects.clear(content.generation, shards.into_iter().collect(), inspection.started);
    }

    /// The suspect shards of a content: reported as missing or damaged, and not yet checked.
    pub fn suspects(&self, generation: Generation) -> Vec<u8> {
        self.inner.suspects.of(generation).iter().collect()
    }

    async fn inspect_shard(&self, content: &StoredContent, shard: PlacedShard, verify: bool) -> InspectedShard {
        let StoredContent { bucket, size, placement, .. } = content;
        let (uuid, PlacedShard { index, node, generation }) = (shard.uuid(), shard);
        let pieces = u32::try_from(placement.layout.stripes(*size)).unwrap_or(u32::MAX);
        let expected = (pieces, placement.layout.shard_bytes(*size));
        let (membership, client) = (self.membership(), self.inner.clients.get(&node));
        let asked = async {
            match client.inspect(uuid, bucket, verify).await {
                Ok(found) if found == expected => Condition::Intact,
                Ok(_) => Condition::Faulty(IncidentKind::Damaged),
                Err(error) => match Fault::from(error) {
                    Fault::Missing => Condition::Faulty(IncidentKind::Missing),
                    Fault::Damaged => Condition::Faulty(IncidentKind::Damaged),
                    Fault::Unreadable => Condition::Faulty(IncidentKind::Unreadable),
                    Fault::Node(_) => Condition::Unknown,
                },
            }
        };
        let condition = if membership.answers(&node) {
            tokio::select! {
                biased;
                condition = asked => condition,
                () = membership.wait_stalled(&node) => Condition::Unknown,
            }
        } else {
            Condition::Unknown
        };
        InspectedShard { shard: index, node, generation, condition }
    }
}

fn incident(content: &StoredContent, found: &InspectedShard, kind: IncidentKind) -> Incident {
    let StoredContent { bucket, sha256, generation, placement, .. } = content;
    let (bucket, sha256, layout) = (bucket.clone(), Some(*sha256), placement.layout);
    let (shard, node, shard_generation) = (found.shard, found.node.clone(), found.generation);
    Incident { bucket, sha256, generation: *generation, layout, shard, shard_generation, node, kind }
}
