//! Discards shards of writes that failed or were abandoned.

use std::collections::BTreeMap;

use domain::row::PlacedShard;
use events::ids::{BucketName, NodeId};
use futures_util::future::join_all;

use crate::node::transport::Transport;
use crate::store::Inner;

/// Spawns a task in the background; does nothing if there is no runtime, as when a process ends during a write.
pub(crate) fn spawn(task: impl Future<Output = ()> + Send + 'static) {
    if let Ok(runtime) = tokio::runtime::Handle::try_current() {
        runtime.spawn(task);
    }
}

/// Asks nodes to discard shards that no event names or will name. Must be called when none of them is in flight any
/// more: a shard that arrives after the request would stay.
///
/// The request is sent once. A node that does not get it drops unsealed shards after some time, and keeps durable ones
/// until the sweep of the garbage collector comes to them (ADR 24).
pub(crate) async fn discard<T: Transport>(store: &Inner<T>, bucket: &BucketName, shards: Vec<PlacedShard>) {
    let mut by_node: BTreeMap<NodeId, Vec<_>> = BTreeMap::new();
    for shard in shards {
        let uuid = shard.uuid();
        by_node.entry(shard.node).or_default().push(uuid);
    }
    join_all(by_node.into_iter().map(|(node, shards)| async move {
        if let Err(error) = store.clients.get(&node).discard(bucket, shards.clone()).await {
            tracing::info!(%node, ?shards, %error, "unneeded shards may remain on the node");
        }
    }))
    .await;
}
