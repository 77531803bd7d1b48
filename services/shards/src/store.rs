//! The store: what its reads and writes share.

use std::sync::Arc;

use bytes::Bytes;
use domain::placement::{Candidate, NODE_RESERVE_BYTES, NODES_MIN, TooFewNodes};
use domain::row::{ContentRow, MovedShard, PlacedShard, placed_shards};
use events::ids::{BucketName, ContentId, Generation, NodeId, Placement, Sha256Digest};
use identity::PieceSecrets;
use tokio::sync::mpsc;
use tokio::time::Instant;
use uuid::Uuid;

use crate::NodeError;
use crate::budget::Budget;
use crate::code::tagging::NoSecret;
use crate::inspect::suspects::Suspects;
use crate::inspect::{Incident, IncidentKind};
use crate::meter;
use crate::node::client::{NodeClient, NodeClients};
use crate::node::membership::Membership;
use crate::node::transport::{AnyTransport, Transport};
use crate::protocol::DISCARD_SHARDS_MAX;
use crate::read::ReadMemory;
use crate::read::hedge::HedgeBudget;
use crate::read::local::{LocalAccess, ShortCircuit};
use crate::rebuild::REBUILD_BYTES_MAX;
use crate::write::discard;
use crate::write::in_flight::InFlight;
use crate::write::put;
use crate::write::{PendingWrites, Writer, Written};

/// The most bytes that all [`Writer`]s together hold: stripes that are being filled, and shards in flight.
pub const STREAM_BYTES_MAX: usize = 128 * 1024 * 1024;

/// The most bytes of data and parity that all [`ShardStore::put`]s together hold. They have a budget apart from
/// streams, so that small contents do not queue behind large ones.
pub const PUT_BYTES_MAX: usize = 64 * 1024 * 1024;

/// The most bytes of content that all streamed reads together hold: stripes in flight, and fetched ones that the
/// readers have not taken yet. Parity, which is requested when data is late or lost, comes on top.
pub const READ_BYTES_MAX: usize = 96 * 1024 * 1024;

/// The most bytes in flight of contents that are read whole. They have a budget apart from streams, so that small
/// contents do not wait for slow readers of large ones.
const WHOLE_BYTES_MAX: usize = 24 * 1024 * 1024;

/// The most bytes in flight of pieces of which only a slice is kept.
const SLICE_BYTES_MAX: usize = 8 * 1024 * 1024;

/// Writes contents to, and reads them from, the storage nodes of a region. Clones share one store.
pub struct ShardStore<T: Transport = AnyTransport> {
    pub(crate) inner: Arc<Inner<T>>,
}

impl<T: Transport> Clone for ShardStore<T> {
    fn clone(&self) -> Self {
        Self { inner: Arc::clone(&self.inner) }
    }
}

pub(crate) struct Inner<T> {
    pub(crate) clients: NodeClients<T>,
    pub(crate) membership: Membership,
    pub(crate) local: LocalAccess,
    pub(crate) hedges: HedgeBudget,
    pub(crate) stream_budget: Budget,
    pub(crate) put_budget: Budget,
    pub(crate) read_memory: ReadMemory,
    pub(crate) whole_budget: Budget,
    pub(crate) slice_budget: Budget,
    pub(crate) rebuild_budget: Budget,
    pub(crate) in_flight: InFlight,
    pub(crate) pending_writes: PendingWrites,
    pub(crate) suspects: Suspects,
    pub(crate) secrets: PieceSecrets,
    incidents: mpsc::Sender<Incident>,
}

/// A content that is stored on the nodes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredContent {
    /// The bucket in whose folders the nodes keep its shards.
    pub bucket: BucketName,
    /// SHA-256 of its bytes.
    pub sha256: Sha256Digest,
    /// The upload that stored these bytes.
    pub generation: Generation,
    /// Its size in bytes; never 0, because an empty content has no shards.
    pub size: u64,
    /// The nodes of its shards.
    pub placement: Placement,
    /// The shards that were written again since the upload, each under a generation of its own.
    pub moved: Vec<MovedShard>,
}

impl StoredContent {
    /// The content of a row of the ledger.
    pub fn of_row(content: ContentId, row: ContentRow) -> Self {
        let ContentId { sha256, generation } = content;
        let ContentRow { size, bucket, placement, moved, .. } = row;
        Self { bucket, sha256, generation, size, placement, moved }
    }

    /// The stored shards of the content, in the order of their indexes.
    pub fn shards(&self) -> impl Iterator<Item = PlacedShard> {
        placed_shards(self.generation, &self.placement, &self.moved)
    }

    /// Shard `index`, if it is stored.
    pub fn shard(&self, index: u8) -> Option<PlacedShard> {
        self.shards().find(|shard| shard.index == index)
    }
}

/// The reason why a content was not stored. Its shards are discarded.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum WriteError {
    /// Too few nodes are online. Answer 503 and let the client retry.
    #[error("too few storage nodes are online: {0}")]
    TooFewNodes(TooFewNodes),
    /// Enough nodes are online, but too few of them have room. Answer 503 and add disks.
    #[error("the storage nodes are full: {0}")]
    Full(TooFewNodes),
    /// Too many nodes failed during the write. Write the content again.
    #[error("only {stored} of {shards} shards were stored")]
    NodesFailed {
        /// The number of shards that were stored.
        stored: usize,
        /// The number of shards of the content.
        shards: usize,
    },
    /// The writes in flight have used up their memory budget for ten seconds. Answer 503 and let the client retry.
    #[error("too many writes are in flight")]
    Busy,
    /// The content would have too many pieces. Upload it in parts.
    #[error("the content is too large for one upload")]
    TooLarge,
    /// The content is empty. An empty content is stored without shards.
    #[error("an empty content has no shards")]
    Empty,
    /// A defect of this program: the pieces of a stripe do not fit each other, or the shards' progress is lost.
    #[error("internal: {0}")]
    Internal(&'static str),
}

impl From<TooFewNodes> for WriteError {
    fn from(too_few: TooFewNodes) -> Self {
        if too_few.online >= too_few.need { Self::Full(too_few) } else { Self::TooFewNodes(too_few) }
    }
}

impl From<NoSecret> for WriteError {
    fn from(_: NoSecret) -> Self {
        Self::Internal("a generation is tagged by a secret that is not here")
    }
}

impl<T: Transport> ShardStore<T> {
    /// A store over `transport` to the nodes of `membership`. With a `short` circuit, nodes on this host may reply with
    /// the location of a shard on disk instead of its bytes. `secrets` tag and verify the pieces of contents whose
    /// generation is tagged. Missing and damaged shards are reported to `incidents`; if that is full, they are dropped
    /// and counted.
    ///
    /// Must be called within a tokio runtime.
    pub fn new(
        transport: T,
        membership: Membership,
        short: Option<ShortCircuit>,
        secrets: PieceSecrets,
        incidents: mpsc::Sender<Incident>,
    ) -> Self {
        let inner = Inner {
            clients: NodeClients::new(transport, membership.clone()),
            membership,
            local: LocalAccess::new(short),
            hedges: HedgeBudget::full(),
            stream_budget: Budget::of(STREAM_BYTES_MAX),
            put_budget: Budget::of(PUT_BYTES_MAX),
            read_memory: ReadMemory::of(READ_BYTES_MAX),
            whole_budget: Budget::of(WHOLE_BYTES_MAX),
            slice_budget: Budget::of(SLICE_BYTES_MAX),
            rebuild_budget: Budget::of(REBUILD_BYTES_MAX),
            in_flight: InFlight::default(),
            pending_writes: PendingWrites::default(),
            suspects: Suspects::default(),
            secrets,
            incidents,
        };
        Self { inner: Arc::new(inner) }
    }

    /// The acknowledged writes that are not settled yet.
    pub fn pending_writes(&self) -> &PendingWrites {
        &self.inner.pending_writes
    }

    /// The memory that streamed reads share.
    pub fn read_memory(&self) -> &ReadMemory {
        &self.inner.read_memory
    }

    /// The membership of the store.
    pub fn membership(&self) -> &Membership {
        &self.inner.membership
    }

    /// Whether a node takes writes without delay, as far as this process has seen: it is not slow with them, and has not
    /// refused the last ones.
    pub fn is_prompt(&self, node: &NodeId) -> bool {
        let (client, now) = (self.inner.clients.get(node), Instant::now());
        !client.latency().is_slow_for_writes(now) && !client.latency().refuses_writes(now)
    }

    /// Stores a content of 1 to [`STRIPE_BYTES`](crate::piece::STRIPE_BYTES) bytes. Returns once a quorum of its shards
    /// is durable, so that it would survive the loss of any one node. Dropping the future discards the shards.
    ///
    /// # Errors
    /// If the content has another size, too few nodes are online or have room, too many nodes fail, or memory is short.
    pub async fn put(&self, bucket: &BucketName, generation: Generation, bytes: Bytes) -> Result<Written, WriteError> {
        let stored = put::put(&self.inner, bucket, generation, bytes).await;
        meter::write(if stored.is_ok() { "ok" } else { "failed" });
        stored
    }

    /// A writer of a content of any size. It sends nothing before it has more than one stripe.
    pub fn writer(&self, bucket: BucketName, generation: Generation) -> Writer<T> {
        Writer::new(Arc::clone(&self.inner), bucket, generation)
    }

    /// Has a node discard shards of which the log says that nobody needs them, any number of them. What it does not have
    /// counts as discarded.
    ///
    /// # Errors
    /// Some may be there still.
    pub async fn discard_on(&self, node: &NodeId, bucket: &BucketName, shards: &[Uuid]) -> Result<(), NodeError> {
        let client = self.inner.clients.get(node);
        for some in shards.chunks(DISCARD_SHARDS_MAX) {
            client.discard(bucket, some.to_vec()).await?;
        }
        Ok(())
    }

    /// Discards, in the background, a content that no event names or will name, once none of its shards is in flight.
    /// Shards stay on a node that does not get the request.
    pub fn discard(&self, content: &StoredContent) {
        self.inner.pending_writes.resolve(content.generation);
        self.inner.suspects.forget(content.generation);
        let shards = content.shards().collect();
        let (store, bucket, generation) = (Arc::clone(&self.inner), content.bucket.clone(), content.generation);
        discard::spawn(async move {
            store.in_flight.wait_until_none(generation).await;
            discard::discard(&store, &bucket, shards).await;
        });
    }
}

/// The number of candidates that have room for a shard.
fn with_room(candidates: &[Candidate]) -> usize {
    candidates.iter().filter(|candidate| candidate.free_bytes >= NODE_RESERVE_BYTES).count()
}

impl<T> Inner<T> {
    /// The candidates for the placement of `shards` shards, without the nodes in `except`.
    ///
    /// Nodes that keep refusing writes are left out as long as enough others are online. Nodes that are slow for writes
    /// are left out as long as each shard can have a node of its own without them: a spread content is worth more than
    /// a quick write. Nodes with a stalled disk count only if nothing could be stored without them: under a load that
    /// is too much for all disks, a slow write is better than none.
    pub(crate) fn candidates(&self, except: &[NodeId], shards: usize) -> Vec<Candidate>
    where
        T: Transport,
    {
        let mut candidates = self.membership.candidates();
        candidates.retain(|candidate| !except.contains(&candidate.node));
        let now = Instant::now();
        let with_client = |candidate: Candidate| (self.clients.get(&candidate.node), candidate);
        let mut clients: Vec<(Arc<NodeClient<T>>, Candidate)> = candidates.into_iter().map(with_client).collect();
        let takes = |(client, _): &(Arc<NodeClient<T>>, Candidate)| !client.latency().refuses_writes(now);
        if clients.iter().filter(|client| takes(client)).count() >= NODES_MIN {
            clients.retain(takes);
        }
        let prompt = clients.iter().filter(|(client, _)| !client.latency().is_slow_for_writes(now));
        let prompt: Vec<Candidate> = prompt.map(|(_, candidate)| candidate.clone()).collect();
        let all_are_prompt = prompt.len() == clients.len();
        if with_room(&prompt) >= shards || all_are_prompt && with_room(&prompt) >= NODES_MIN {
            return prompt;
        }
        let mut candidates: Vec<Candidate> = clients.into_iter().map(|(_, candidate)| candidate).collect();
        if with_room(&candidates) < NODES_MIN {
            let mut stalled = self.membership.stalled_candidates();
            stalled.retain(|candidate| !except.contains(&candidate.node));
            candidates.extend(stalled);
        }
        candidates
    }

    /// Reports an incident, unless the channel is full.
    pub(crate) fn report(&self, incident: Incident) {
        meter::incident(incident.kind);
        if incident.kind != IncidentKind::Unwritten {
            self.suspects.add(incident.generation, incident.shard);
        }
        tracing::info!(
            bucket = %incident.bucket, generation = %incident.generation, shard = incident.shard, node = %incident.node,
            kind = incident.kind.as_str(), "a shard is missing or damaged"
        );
        if self.incidents.try_send(incident).is_err() {
            meter::incident_dropped();
        }
    }
}
