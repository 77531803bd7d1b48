//! New shards that no event names yet.

use std::sync::Arc;

use domain::row::PlacedShard;
use events::ids::BucketName;
use futures_util::future::join_all;

use super::new_shard::NewShard;
use crate::node::client::NodeError;
use crate::node::transport::Transport;
use crate::store::Inner;
use crate::write::discard;

/// Shards that were written anew and that no event names yet. When this is dropped, they are discarded in the background,
/// unless they are [kept](Self::keep).
pub struct Rebuilt<T: Transport> {
    store: Arc<Inner<T>>,
    bucket: BucketName,
    shards: Vec<NewShard>,
    failed: Vec<(PlacedShard, NodeError)>,
}

impl<T: Transport> Rebuilt<T> {
    pub(super) fn new(store: Arc<Inner<T>>, bucket: BucketName) -> Self {
        Self { store, bucket, shards: Vec::new(), failed: Vec::new() }
    }

    /// The new shards, all of them durable.
    pub fn shards(&self) -> impl Iterator<Item = &PlacedShard> {
        self.shards.iter().map(|shard| &shard.placed)
    }

    /// The shards that their nodes did not take. What they may have stored is being discarded.
    pub fn failed(&self) -> &[(PlacedShard, NodeError)] {
        &self.failed
    }

    /// Leaves the shards where they are. To be called before an event is asked to name them: whether it does may stay
    /// unknown.
    pub fn keep(mut self) -> Vec<PlacedShard> {
        self.shards.drain(..).map(|shard| shard.placed).collect()
    }

    /// Discards the shards, and waits until that is done or their nodes have not answered.
    pub async fn discard(mut self) {
        let (store, bucket) = (Arc::clone(&self.store), self.bucket.clone());
        discard_all(&store, &bucket, std::mem::take(&mut self.shards)).await;
    }

    pub(super) fn push(&mut self, shard: NewShard) {
        self.shards.push(shard);
    }

    pub(super) fn uploads(&mut self) -> &mut [NewShard] {
        &mut self.shards
    }

    /// Gives up the shards at these places, and discards, in the background, what their nodes may have stored.
    pub(super) fn fail(&mut self, mut failed: Vec<(usize, NodeError)>) {
        failed.sort_by_key(|(at, _)| std::cmp::Reverse(*at));
        let mut given_up = Vec::with_capacity(failed.len());
        for (at, error) in failed {
            let shard = self.shards.swap_remove(at);
            tracing::info!(
                node = %shard.placed.node, generation = %shard.placed.generation, shard = shard.placed.index, %error,
                "a node did not take a new shard"
            );
            self.failed.push((shard.placed.clone(), error));
            given_up.push(shard);
        }
        let (store, bucket) = (Arc::clone(&self.store), self.bucket.clone());
        discard::spawn(async move { discard_all(&store, &bucket, given_up).await });
    }

    /// Whether no node takes its shard any more.
    pub(super) fn is_empty(&self) -> bool {
        self.shards.is_empty()
    }

    pub(super) fn take_failed(&mut self) -> Vec<(PlacedShard, NodeError)> {
        std::mem::take(&mut self.failed)
    }
}

impl<T: Transport> Drop for Rebuilt<T> {
    fn drop(&mut self) {
        let shards = std::mem::take(&mut self.shards);
        if !shards.is_empty() {
            let (store, bucket) = (Arc::clone(&self.store), self.bucket.clone());
            discard::spawn(async move { discard_all(&store, &bucket, shards).await });
        }
    }
}

async fn discard_all<T: Transport>(store: &Inner<T>, bucket: &BucketName, shards: Vec<NewShard>) {
    let shards = join_all(shards.into_iter().map(NewShard::give_up)).await;
    discard::discard(store, bucket, shards).await;
}
