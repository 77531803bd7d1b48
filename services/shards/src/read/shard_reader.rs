//! Reads the pieces of one shard: from its node, or from its file if the node is on this host.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::Relaxed};
use std::sync::{Arc, OnceLock};

use bytes::Bytes;
use events::ids::BucketName;
use futures_util::future::join_all;
use tokio::sync::Mutex;
use tokio::time::Instant;
use uuid::Uuid;

use crate::code::geometry::Stripe;
use crate::code::piece::{Form, Piece};
use crate::meter;
use crate::node::client::{NodeClient, NodeError};
use crate::node::membership::Membership;
use crate::node::transport::Transport;
use crate::protocol::{FileLocation, Reply, Status};
use crate::read::expected::Expected;
use crate::read::local::{LocalAccess, LocalShard, Unusable};

/// The reason why a piece cannot be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Fault {
    /// The node does not have the piece.
    Missing,
    /// The bytes of the piece are not what was written.
    Damaged,
    /// The disk cannot read the piece.
    Unreadable,
    /// The request to the node failed.
    Node(NodeError),
}

impl From<NodeError> for Fault {
    fn from(error: NodeError) -> Self {
        match error {
            NodeError::Refused(Status::NotFound) => Self::Missing,
            NodeError::Refused(Status::Damaged) => Self::Damaged,
            NodeError::Refused(Status::Unreadable) => Self::Unreadable,
            error => Self::Node(error),
        }
    }
}

/// The reader of one shard, for one read.
pub(crate) struct ShardReader<T> {
    client: Arc<NodeClient<T>>,
    bucket: BucketName,
    expected: Arc<Expected>,
    /// The open file of the shard; `None` inside if the node has to be asked for each piece.
    file: OnceLock<Option<Arc<LocalShard>>>,
    /// Whether a read of the file missed its deadline; then the node is asked for each piece.
    is_file_stalled: AtomicBool,
    /// Held until the first reply, so that one request locates the file for all stripes.
    opening: Mutex<()>,
}

impl<T: Transport> ShardReader<T> {
    pub(crate) fn new(client: Arc<NodeClient<T>>, bucket: &BucketName, expected: Expected) -> Self {
        Self {
            client,
            bucket: bucket.clone(),
            expected: Arc::new(expected),
            file: OnceLock::new(),
            is_file_stalled: AtomicBool::new(false),
            opening: Mutex::new(()),
        }
    }

    pub(crate) fn client(&self) -> &NodeClient<T> {
        &self.client
    }

    /// The shard's file, if it is open and not stalled.
    pub(crate) fn open_file(&self) -> Option<Arc<LocalShard>> {
        self.file.get()?.clone().filter(|_| !self.is_file_stalled.load(Relaxed))
    }

    /// Reads and verifies the shard's piece in `stripe`.
    pub(crate) async fn obtain(
        &self,
        local: &LocalAccess,
        membership: &Membership,
        stripe: Stripe,
    ) -> Result<Bytes, Fault> {
        let host = local.host_of(self.client.node(), membership, Instant::now());
        let Some(host) = host.filter(|_| !self.is_file_stalled.load(Relaxed)) else {
            return self.request_bytes(stripe).await;
        };
        let opening = if self.file.get().is_none() { Some(self.opening.lock().await) } else { None };
        match self.file.get() {
            Some(Some(file)) => self.read_file(Arc::clone(file), local, stripe).await,
            Some(None) => self.request_bytes(stripe).await,
            None => match self.request(stripe, Some(host)).await? {
                Reply::Location(location) => self.short_circuit(location, local, stripe).await,
                reply => {
                    self.file.get_or_init(|| None);
                    drop(opening);
                    self.expected.check(first_piece(reply), stripe)
                }
            },
        }
    }

    /// Opens the file at `location` and reads from it; if that fails, the node is asked for each piece from now on.
    async fn short_circuit(&self, location: FileLocation, local: &LocalAccess, stripe: Stripe) -> Result<Bytes, Fault> {
        let Some(permit) = local.try_permit() else {
            self.file.get_or_init(|| None);
            return self.request_bytes(stripe).await;
        };
        let node = self.client.node();
        match local.open(location, permit).await {
            Ok(file) => {
                let file = self.file.get_or_init(|| Some(Arc::new(file))).clone();
                self.read_file(file.ok_or(Fault::Missing)?, local, stripe).await
            }
            Err(why) if why.may_be_honest() => {
                tracing::info!(%node, %why, "cannot read the node's files from here; asking for bytes");
                self.file.get_or_init(|| None);
                let piece = self.request_bytes(stripe).await?;
                // The node has the bytes, so it is the path that does not work here.
                local.refuse(node, &why, Instant::now());
                Ok(piece)
            }
            Err(why) => {
                tracing::warn!(%node, %why, "the node names a file that holds no shard; asking for bytes");
                self.file.get_or_init(|| None);
                local.refuse(node, &why, Instant::now());
                self.request_bytes(stripe).await
            }
        }
    }

    async fn request_bytes(&self, stripe: Stripe) -> Result<Bytes, Fault> {
        self.expected.check(first_piece(self.request(stripe, None).await?), stripe)
    }

    async fn request(&self, stripe: Stripe, host: Option<Uuid>) -> Result<Reply, Fault> {
        Ok(self.client.read(self.expected.shard(), &self.bucket, stripe.index, host).await?)
    }

    async fn read_file(&self, file: Arc<LocalShard>, local: &LocalAccess, stripe: Stripe) -> Result<Bytes, Fault> {
        let expected = Arc::clone(&self.expected);
        if let Some(read) = local.within_deadline(move || read_checked(&file, &expected, stripe)).await {
            return read;
        }
        self.mark_file_stalled(local);
        self.request_bytes(stripe).await
    }

    /// Records that a read of the shard's file missed its deadline.
    fn mark_file_stalled(&self, local: &LocalAccess) {
        tracing::warn!(node = %self.client.node(), "a shard's file does not answer; asking the node for bytes");
        self.is_file_stalled.store(true, Relaxed);
        local.refuse(self.client.node(), &Unusable::Late, Instant::now());
    }

    /// Reads the pieces of several shards from their open files in one job; if that misses the deadline, their nodes
    /// are asked for the pieces.
    pub(crate) async fn read_files(
        shards: Vec<(u8, Arc<Self>, Arc<LocalShard>)>,
        local: &LocalAccess,
        stripe: Stripe,
    ) -> Vec<(u8, Result<Bytes, Fault>)> {
        let readers: Vec<(u8, Arc<Self>)> =
            shards.iter().map(|(index, reader, _)| (*index, Arc::clone(reader))).collect();
        let started = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&started);
        let read = local.within_deadline(move || {
            let read = |(index, reader, file): (u8, Arc<Self>, Arc<LocalShard>)| {
                counted.fetch_add(1, Relaxed);
                (index, read_checked(&file, &reader.expected, stripe))
            };
            shards.into_iter().map(read).collect()
        });
        if let Some(read) = read.await {
            return read;
        }
        // The last read that was started is the one that stalls.
        if let Some((_, reader)) = started.load(Relaxed).checked_sub(1).and_then(|last| readers.get(last)) {
            reader.mark_file_stalled(local);
        }
        join_all(readers.into_iter().map(|(index, reader)| async move { (index, reader.request_bytes(stripe).await) }))
            .await
    }
}

fn first_piece(reply: Reply) -> Option<Piece> {
    match reply {
        Reply::Pieces(pieces) => pieces.into_iter().next(),
        _ => None,
    }
}

fn read_checked(file: &LocalShard, expected: &Expected, stripe: Stripe) -> Result<Bytes, Fault> {
    let piece = file.read(stripe.index, Form::of(expected.shard())).map_err(|error| {
        tracing::warn!(shard = %expected.shard(), %error, "a shard's file cannot be read");
        Fault::Unreadable
    })?;
    let bytes = expected.check(Some(piece.ok_or(Fault::Damaged)?), stripe)?;
    meter::received(bytes.len(), "file");
    Ok(bytes)
}
