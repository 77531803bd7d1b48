use std::collections::BTreeMap;

use events::ids::{BucketName, Generation, NodeId};
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
pub(crate) async fn discard<T: Transport>(
    store: &Inner<T>,
    bucket: &BucketName,
    generation: Generation,
    shards: Vec<(u8, NodeId)>,
) {
    let mut by_node: BTreeMap<NodeId, Vec<_>> = BTreeMap::new();
    for (index, node) in shards {
        by_node.entry(node).or_default().push(generation.shard(index));
    }
    join_all(by_node.into_iter().map(|(node, shards)| async move {
        if let Err(error) = store.lanes.to(&node).discard(bucket, shards).await {
            tracing::info!(%node, %generation, %error, "unneeded shards may remain on the node");
        }
    }))
    .await;
}
