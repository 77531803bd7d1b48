//! Shards that nobody needs any more are discarded on their nodes.

use std::collections::{BTreeMap, BTreeSet};

use events::ids::{BucketName, NodeId};
use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use shards::{NodeView, Transport};
use uuid::Uuid;
use worker::{Failpoint, Handle};

use crate::{Gc, meters};

/// Shards by their nodes, and by the buckets in whose folders they may lie.
#[derive(Debug, Default)]
pub(crate) struct Dead(BTreeMap<NodeId, BTreeMap<BucketName, Vec<Uuid>>>);

impl Dead {
    pub(crate) fn add(&mut self, node: &NodeId, bucket: &BucketName, shard: Uuid) {
        let buckets = match self.0.get_mut(node) {
            Some(buckets) => buckets,
            None => self.0.entry(node.clone()).or_default(),
        };
        match buckets.get_mut(bucket) {
            Some(shards) => shards.push(shard),
            None => drop(buckets.insert(bucket.clone(), vec![shard])),
        }
    }

    /// How many shards these are.
    pub(crate) fn len(&self) -> u64 {
        self.0.values().flat_map(BTreeMap::values).map(|shards| shards.len() as u64).sum()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl<T: Transport> Gc<T> {
    /// Has nodes discard shards, and looks through those that did not do it: now, or when they are back. A node that is
    /// away is not asked.
    pub(crate) async fn discard(&mut self, handle: &Handle, dead: Dead) {
        let store = &self.store;
        let online = store.membership().nodes().into_iter().filter(NodeView::is_online);
        let online: BTreeSet<NodeId> = online.map(|view| view.heartbeat.node).collect();
        let asked = dead.0.into_iter().filter(|(node, _)| online.contains(node));
        let mut answers: FuturesUnordered<_> = asked
            .map(|(node, buckets)| async move {
                let mut is_done = true;
                for (bucket, shards) in buckets {
                    match store.discard_on(&node, &bucket, &shards).await {
                        Ok(()) => meters::discarded(&node, shards.len()),
                        Err(error) => {
                            tracing::debug!(%node, %error, shards = shards.len(), "shards stay for the next pass");
                            is_done = false;
                        }
                    }
                    handle.alive();
                }
                (node, is_done)
            })
            .collect();
        let mut undone = BTreeSet::new();
        while let Some((node, is_done)) = answers.next().await {
            if !is_done {
                undone.insert(node);
            }
            handle.reached(Failpoint::GcDiscardedSome).await;
        }
        drop(answers);
        for node in undone {
            self.passes.want_later(node);
        }
    }
}
