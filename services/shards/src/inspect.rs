//! Asks nodes whether they have what a content's placement says.

use std::time::Duration;

use domain::durability::survives_any_node;
use domain::row::PlacedShard;
use events::ids::{Generation, NodeId};
use futures_util::future::join_all;
use futures_util::stream::{FuturesUnordered, StreamExt};
use tokio::time::timeout;

use crate::geometry::{Geometry, shard_bytes};
use crate::incident::{Incident, IncidentKind};
use crate::obtain::Fault;
use crate::store::{ShardStore, StoredContent};
use crate::suspects::Moment;
use crate::transport::Transport;

/// How long the nodes of a content may take to show that they have it. Whoever asks has the bytes at hand, and a node
/// that takes longer would hold up a write of them no less.
const SHOWN_TIME_MAX: Duration = Duration::from_secs(1);

/// What all shards of a content turned out to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Look {
    /// Each shard.
    pub shards: Vec<Inspected>,
    /// When it began: what is found wanting after that is not in it.
    begun: Moment,
}

/// What a shard turned out to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Inspected {
    /// Which shard.
    pub shard: u8,
    /// The node that was asked.
    pub node: NodeId,
    /// What it said.
    pub condition: Condition,
}

/// What a node says of a shard.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Condition {
    /// It has it.
    Whole,
    /// It does not have it as it was written.
    Wanting(IncidentKind),
    /// It did not answer, or says that its disk does not, which says nothing about the shard.
    Unknown,
}

impl<T: Transport> ShardStore<T> {
    /// Whether nodes that are online show so many shards of the content that any one of them may be lost. Shards in
    /// `faulty`, and those found wanting of late, do not count. What turns out to be missing is reported.
    ///
    /// It takes one question to each node, and ends with the first answers that suffice.
    pub async fn is_shown(&self, content: &StoredContent, faulty: &[u8]) -> bool {
        let (layout, suspects) = (content.placement.layout, self.inner.suspects.of(content.generation));
        let is_asked = |PlacedShard { index, node, .. }: &PlacedShard| {
            !faulty.contains(index) && !suspects.contains(*index) && self.membership().is_online(node)
        };
        let mut hoped: Vec<PlacedShard> = content.shards().filter(is_asked).collect();
        let mut answers: FuturesUnordered<_> =
            hoped.iter().cloned().map(|shard| self.inspect_shard(content, shard, false)).collect();
        let mut shown = Vec::new();
        let asked = async {
            loop {
                if survives_any_node(layout, shown.iter()) {
                    break true;
                }
                if !survives_any_node(layout, hoped.iter().map(|shard| &shard.node)) {
                    break false;
                }
                match answers.next().await {
                    None => break false,
                    Some(Inspected { node, condition: Condition::Whole, .. }) => shown.push(node),
                    Some(Inspected { shard, node, condition }) => {
                        hoped.retain(|hoped| hoped.index != shard);
                        if let Condition::Wanting(kind) = condition {
                            self.inner.report(incident(content, shard, node, kind));
                        }
                    }
                }
            }
        };
        timeout(SHOWN_TIME_MAX, asked).await.unwrap_or(false)
    }

    /// What each shard of the content is. Those in `doubted`, and those found wanting of late, are read through; that
    /// takes its time.
    pub async fn inspect(&self, content: &StoredContent, doubted: &[u8]) -> Look {
        let (suspects, begun) = self.inner.suspects.look(content.generation);
        let verify = |shard| doubted.contains(&shard) || suspects.contains(shard);
        let asked = content.shards().map(|shard| {
            let verify = verify(shard.index);
            self.inspect_shard(content, shard, verify)
        });
        Look { shards: join_all(asked).await, begun }
    }

    /// What was found wanting of these shards is written down, or is not so: they are suspected no more, unless they
    /// were found wanting again since the look began.
    pub fn acquit(&self, content: &StoredContent, look: &Look, shards: impl IntoIterator<Item = u8>) {
        self.inner.suspects.clear(content.generation, shards.into_iter().collect(), look.begun);
    }

    /// The shards of a content that were found wanting of late.
    pub fn suspects(&self, generation: Generation) -> Vec<u8> {
        self.inner.suspects.of(generation).iter().collect()
    }

    async fn inspect_shard(&self, content: &StoredContent, shard: PlacedShard, verify: bool) -> Inspected {
        let StoredContent { bucket, size, placement, .. } = content;
        let (uuid, PlacedShard { index, node, .. }) = (shard.uuid(), shard);
        let geometry = Geometry::new(placement.layout, *size);
        let pieces = u32::try_from(geometry.stripes()).unwrap_or(u32::MAX);
        let unit = geometry.stripe(u64::from(pieces.saturating_sub(1))).map_or(0, |last| last.unit);
        let expected = (pieces, shard_bytes(pieces, unit));
        let (membership, lane) = (self.membership(), self.inner.lanes.to(&node));
        let asked = async {
            match lane.inspect(uuid, bucket, verify).await {
                Ok(found) if found == expected => Condition::Whole,
                Ok(_) => Condition::Wanting(IncidentKind::Damaged),
                Err(error) => match Fault::from(error) {
                    Fault::Missing => Condition::Wanting(IncidentKind::Missing),
                    Fault::Damaged => Condition::Wanting(IncidentKind::Damaged),
                    Fault::Unreadable => Condition::Wanting(IncidentKind::Unreadable),
                    Fault::Node(_) => Condition::Unknown,
                },
            }
        };
        let condition = if membership.answers(&node) {
            tokio::select! {
                biased;
                condition = asked => condition,
                () = membership.wait_stuck(&node) => Condition::Unknown,
            }
        } else {
            Condition::Unknown
        };
        Inspected { shard: index, node, condition }
    }
}

fn incident(content: &StoredContent, shard: u8, node: NodeId, kind: IncidentKind) -> Incident {
    let StoredContent { bucket, sha256, generation, placement, .. } = content;
    let (bucket, sha256, layout) = (bucket.clone(), Some(*sha256), placement.layout);
    Incident { bucket, sha256, generation: *generation, layout, shard, node, kind }
}
