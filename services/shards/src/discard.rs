use std::collections::BTreeMap;
use std::sync::Arc;

use events::ids::{BucketName, Generation, NodeId};
use futures_util::future::join_all;

use crate::store::Inner;
use crate::transport::Transport;

/// Makes nodes forget these shards of a content that no event names nor ever will. What a node does not hear is
/// left for its own sweep of shards that nobody names.
pub(crate) fn in_background<T: Transport>(
    store: &Arc<Inner<T>>,
    bucket: BucketName,
    generation: Generation,
    shards: Vec<(u8, NodeId)>,
) {
    let store = Arc::clone(store);
    spawn(async move { discard(&store, &bucket, generation, shards).await });
}

/// Runs a task in the background; not at all if the runtime is gone, as when a process ends while it writes.
pub(crate) fn spawn(task: impl Future<Output = ()> + Send + 'static) {
    if let Ok(runtime) = tokio::runtime::Handle::try_current() {
        runtime.spawn(task);
    }
}

/// As [`in_background`], waiting for the nodes' answers.
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
            tracing::info!(%node, %generation, %error, "discarded shards may stay until the node sweeps them");
        }
    }))
    .await;
}
