//! Asks nodes what is on their disks.

use events::ids::{BucketName, NodeId};
use futures_util::future::try_join_all;
use uuid::Uuid;

use crate::node::client::NodeError;
use crate::node::transport::Transport;
use crate::protocol::{INSPECT_SHARDS_MAX, LIST_SHARDS_MAX, ScrubCommand, ScrubStatus, ShardPage, ShardReport, Status};
use crate::store::ShardStore;

impl<T: Transport> ShardStore<T> {
    /// The shards behind `after` that are on a node's disk, in ascending order of their uuids; begin with the nil uuid,
    /// and go on with [`ShardPage::next`] as long as there is one. With `verify` the node reads them through, and takes
    /// its time. `max` is cut to [`LIST_SHARDS_MAX`]; a page may well be shorter.
    ///
    /// # Errors
    /// A node that does not answer, or that is too old to list its shards (`Refused(Malformed)`), says nothing about
    /// them: no shard is missing there, nor is one there that nobody needs.
    pub async fn list(&self, node: &NodeId, after: Uuid, max: usize, verify: bool) -> Result<ShardPage, NodeError> {
        let max = u16::try_from(max.clamp(1, LIST_SHARDS_MAX)).unwrap_or(u16::MAX);
        self.inner.clients.get(node).list(after, max, verify).await
    }

    /// What a node has of each of these shards, in their order, by the lengths of its files. Shards may be any number:
    /// they are asked for by [`INSPECT_SHARDS_MAX`] in a request, or one by one if the node is too old for that.
    ///
    /// # Errors
    /// A node that does not answer says nothing about any of them.
    pub async fn inspect_many(
        &self,
        node: &NodeId,
        shards: &[(BucketName, Uuid)],
    ) -> Result<Vec<ShardReport>, NodeError> {
        let client = self.inner.clients.get(node);
        let mut reports = Vec::with_capacity(shards.len());
        for some in shards.chunks(INSPECT_SHARDS_MAX) {
            match client.inspect_many(some.to_vec()).await {
                Ok(some) => reports.extend(some),
                Err(NodeError::Refused(Status::Malformed)) => {
                    let each = some.iter().map(|(bucket, shard)| async {
                        match client.inspect(*shard, bucket, false).await {
                            Ok((_, bytes)) => Ok(ShardReport { status: Status::Ok, bytes }),
                            Err(NodeError::Refused(status)) => Ok(ShardReport { status, bytes: 0 }),
                            Err(why) => Err(why),
                        }
                    });
                    reports.extend(try_join_all(each).await?);
                }
                Err(why) => return Err(why),
            }
        }
        Ok(reports)
    }

    /// Tells a node's scrub something, and returns what it says of itself then.
    ///
    /// # Errors
    /// A node that does not answer, or that is too old to have a scrub (`Refused(Malformed)`).
    pub async fn scrub(&self, node: &NodeId, command: ScrubCommand) -> Result<ScrubStatus, NodeError> {
        self.inner.clients.get(node).scrub(command).await
    }
}
