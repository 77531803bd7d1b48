use std::collections::BTreeMap;

use domain::row::PlacedShard;
use events::ids::{BucketName, NodeId};
use futures_util::future::join_all;

use crate::store::Inner;
use crate::transport::Transport;

/// Runs a task in the background; not at all if the runtime is gone, as when a process ends while it writes.
pub(crate) fn spawn(task: impl Future<Output = ()> + Send + 'static) {
    if let Ok(runtime) = tokio::runtime::Handle::try_current() {
        runtime.spawn(task);
    }
}

/// Makes nodes forget these shards of a content, that no event names there nor ever will. To be called when they
/// are not under way any more: one that came after its discarding would stay.
///
/// It is tried once. A node that does not hear of it drops, in time, what was never sealed, but keeps what is
/// durable: nothing looks for shards that no event names.
pub(crate) async fn discard<T: Transport>(store: &Inner<T>, bucket: &BucketName, shards: Vec<PlacedShard>) {
    let mut by_node: BTreeMap<NodeId, Vec<_>> = BTreeMap::new();
    for shard in shards {
        let uuid = shard.uuid();
        by_node.entry(shard.node).or_default().push(uuid);
    }
    join_all(by_node.into_iter().map(|(node, shards)| async move {
        if let Err(error) = store.lanes.to(&node).discard(bucket, shards.clone()).await {
            tracing::info!(%node, ?shards, %error, "unneeded shards may remain on the node");
        }
    }))
    .await;
}
