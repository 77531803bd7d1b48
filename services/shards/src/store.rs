use std::sync::Arc;

use bytes::Bytes;
use domain::placement::{Candidate, NODE_RESERVE_BYTES, NODES_MIN, TooFewNodes};
use domain::row::{ContentRow, MovedShard, PlacedShard, placed_shards};
use events::ids::{BucketName, ContentId, Generation, NodeId, Placement, Sha256Digest};
use identity::PieceSecrets;
use tokio::sync::mpsc;
use tokio::time::Instant;

use crate::budget::Budget;
use crate::discard;
use crate::hedge::HedgeBudget;
use crate::incident::{Incident, IncidentKind};
use crate::lane::{Lane, Lanes};
use crate::local::{LocalAccess, ShortCircuit};
use crate::meter;
use crate::nats::NatsTransport;
use crate::nodes::Membership;
use crate::put;
use crate::read_memory::ReadMemory;
use crate::settling::Settling;
use crate::suspects::Suspects;
use crate::tagging::NoSecret;
use crate::transport::Transport;
use crate::under_way::UnderWay;
use crate::write::Writer;

/// Bytes that all [`Writer`]s together hold, at most: stripes being filled, and shards on their way.
pub const STREAM_BYTES_MAX: usize = 128 * 1024 * 1024;

/// Bytes that all [`ShardStore::put`]s together hold, at most, data and parity. Apart from the streams, so
/// that small contents do not queue behind large ones.
pub const PUT_BYTES_MAX: usize = 64 * 1024 * 1024;

/// Bytes of content that all streamed reads together hold, at most: stripes being fetched, and those fetched that
/// their readers have not taken yet. Parity, asked for when data is late or lost, comes on top.
pub const READ_BYTES_MAX: usize = 96 * 1024 * 1024;

/// Bytes of contents being fetched that are read whole, at most. Apart from the streams: readers cannot hold it, so
/// small contents do not wait for slow readers of large ones.
const WHOLE_BYTES_MAX: usize = 24 * 1024 * 1024;

/// Bytes of pieces being fetched of which only a slice is kept, at most.
const SLICE_BYTES_MAX: usize = 8 * 1024 * 1024;

/// Writes contents to, and reads them from, the storage nodes of a region. Clones share one store.
pub struct ShardStore<T: Transport = NatsTransport> {
    pub(crate) inner: Arc<Inner<T>>,
}

impl<T: Transport> Clone for ShardStore<T> {
    fn clone(&self) -> Self {
        Self { inner: Arc::clone(&self.inner) }
    }
}

pub(crate) struct Inner<T> {
    pub(crate) lanes: Lanes<T>,
    pub(crate) membership: Membership,
    pub(crate) local: LocalAccess,
    pub(crate) hedges: HedgeBudget,
    pub(crate) stream_budget: Budget,
    pub(crate) put_budget: Budget,
    pub(crate) read_memory: ReadMemory,
    pub(crate) whole_budget: Budget,
    pub(crate) slice_budget: Budget,
    pub(crate) under_way: UnderWay,
    pub(crate) settling: Settling,
    pub(crate) suspects: Suspects,
    pub(crate) secrets: PieceSecrets,
    incidents: mpsc::Sender<Incident>,
}

/// A content that lies on the nodes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredContent {
    /// The bucket in whose folders its shards lie.
    pub bucket: BucketName,
    /// SHA-256 of its bytes.
    pub sha256: Sha256Digest,
    /// Which upload of them it is.
    pub generation: Generation,
    /// Its bytes; not 0, as an empty content has no shards.
    pub size: u64,
    /// Where its shards lie.
    pub placement: Placement,
    /// The shards that have another name than that of this upload.
    pub moved: Vec<MovedShard>,
}

impl StoredContent {
    /// The content of a row.
    pub fn of_row(content: ContentId, row: ContentRow) -> Self {
        let ContentId { sha256, generation } = content;
        let ContentRow { size, bucket, placement, moved, .. } = row;
        Self { bucket, sha256, generation, size, placement, moved }
    }

    /// Its shards, in order of the index.
    pub fn shards(&self) -> impl Iterator<Item = PlacedShard> {
        placed_shards(self.generation, &self.placement, &self.moved)
    }

    /// One of them, if that shard is stored.
    pub fn shard(&self, index: u8) -> Option<PlacedShard> {
        self.shards().find(|shard| shard.index == index)
    }
}

/// Why a content was not stored. Nothing of it stays behind.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum WriteError {
    /// Too few nodes are online. Answer 503 and let the client come back.
    #[error("too few storage nodes are online: {0}")]
    TooFewNodes(TooFewNodes),
    /// Enough nodes are online, but too few of them have room. Answer 503 and add disks.
    #[error("the storage nodes are full: {0}")]
    Full(TooFewNodes),
    /// Too many nodes failed while they were written to. Write it again.
    #[error("only {stored} of {shards} shards were stored")]
    NodesFailed {
        /// Shards that were stored.
        stored: usize,
        /// Shards there are.
        shards: usize,
    },
    /// The writes under way have held all the memory there is for them for ten seconds. Answer 503 and let the
    /// client come back.
    #[error("too many writes are in flight")]
    Busy,
    /// The content has more bytes than its shards can have pieces. Upload it in parts.
    #[error("the content is too large for one upload")]
    TooLarge,
    /// The content is empty; such a one is stored without shards.
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
    /// A store over `transport` to the nodes of `membership`. With a `short` circuit, nodes on this host may hand out
    /// places on disk in place of bytes. Contents whose generation says that they are tagged are tagged, and known again,
    /// by its `secrets`. Shards found missing or damaged are told to `incidents`, dropped (and counted)
    /// if it is full.
    ///
    /// Must be made within a tokio runtime.
    pub fn new(
        transport: T,
        membership: Membership,
        short: Option<ShortCircuit>,
        secrets: PieceSecrets,
        incidents: mpsc::Sender<Incident>,
    ) -> Self {
        let inner = Inner {
            lanes: Lanes::new(transport, membership.clone()),
            membership,
            local: LocalAccess::new(short),
            hedges: HedgeBudget::full(),
            stream_budget: Budget::of(STREAM_BYTES_MAX),
            put_budget: Budget::of(PUT_BYTES_MAX),
            read_memory: ReadMemory::of(READ_BYTES_MAX),
            whole_budget: Budget::of(WHOLE_BYTES_MAX),
            slice_budget: Budget::of(SLICE_BYTES_MAX),
            under_way: UnderWay::default(),
            settling: Settling::default(),
            suspects: Suspects::default(),
            secrets,
            incidents,
        };
        Self { inner: Arc::new(inner) }
    }

    /// Which acked contents are not settled yet.
    pub fn settling(&self) -> &Settling {
        &self.inner.settling
    }

    /// The memory of streamed reads.
    pub fn read_memory(&self) -> &ReadMemory {
        &self.inner.read_memory
    }

    /// Which nodes there are.
    pub fn membership(&self) -> &Membership {
        &self.inner.membership
    }

    /// Stores a content of 1 to [`STRIPE_BYTES`](crate::piece::STRIPE_BYTES) bytes, and returns once it
    /// would survive the loss of any one node. Dropping the future discards what was stored.
    pub async fn put(
        &self,
        bucket: &BucketName,
        generation: Generation,
        bytes: Bytes,
    ) -> Result<Placement, WriteError> {
        let stored = put::put(&self.inner, bucket, generation, bytes).await;
        meter::write(if stored.is_ok() { "ok" } else { "failed" });
        stored
    }

    /// Begins a content of any size. Nothing is sent before there is more than one stripe of it.
    pub fn writer(&self, bucket: BucketName, generation: Generation) -> Writer<T> {
        Writer::new(Arc::clone(&self.inner), bucket, generation)
    }

    /// Forgets, in the background, a content that no event names nor ever will, once the shards that were still
    /// under way at its ack are there or have failed. What a node does not hear of stays on it.
    pub fn discard(&self, content: &StoredContent) {
        self.inner.settling.settle(content.generation);
        self.inner.suspects.forget(content.generation);
        let shards = content.shards().collect();
        let (store, bucket, generation) = (Arc::clone(&self.inner), content.bucket.clone(), content.generation);
        discard::spawn(async move {
            store.under_way.wait_until_none(generation).await;
            discard::discard(&store, &bucket, shards).await;
        });
    }
}

/// How many of them can take a shard.
fn with_room(candidates: &[Candidate]) -> usize {
    candidates.iter().filter(|candidate| candidate.free_bytes >= NODE_RESERVE_BYTES).count()
}

impl<T> Inner<T> {
    /// The nodes a shard can go to, without those in `except`, and without those that refuse write after write as long
    /// as there are enough without them. Those that are late with writes are left out too, as long as each of `shards`
    /// shards can have a node of its own without them: that content is quick to be stored is worth less than that it
    /// is spread. Nodes that say they are stuck come back once nothing could be stored without them: under a load that
    /// is too much for all disks, slow is better than not at all.
    pub(crate) fn candidates(&self, except: &[NodeId], shards: usize) -> Vec<Candidate>
    where
        T: Transport,
    {
        let mut candidates = self.membership.candidates();
        candidates.retain(|candidate| !except.contains(&candidate.node));
        let now = Instant::now();
        let with_lane = |candidate: Candidate| (self.lanes.to(&candidate.node), candidate);
        let mut lanes: Vec<(Arc<Lane<T>>, Candidate)> = candidates.into_iter().map(with_lane).collect();
        let takes = |(lane, _): &(Arc<Lane<T>>, Candidate)| !lane.delays().refuses_writes(now);
        if lanes.iter().filter(|lane| takes(lane)).count() >= NODES_MIN {
            lanes.retain(takes);
        }
        let prompt = lanes.iter().filter(|(lane, _)| !lane.delays().is_late_with_writes(now));
        let prompt: Vec<Candidate> = prompt.map(|(_, candidate)| candidate.clone()).collect();
        let all_are_prompt = prompt.len() == lanes.len();
        if with_room(&prompt) >= shards || all_are_prompt && with_room(&prompt) >= NODES_MIN {
            return prompt;
        }
        let mut candidates: Vec<Candidate> = lanes.into_iter().map(|(_, candidate)| candidate).collect();
        if with_room(&candidates) < NODES_MIN {
            let mut stuck = self.membership.stuck_candidates();
            stuck.retain(|candidate| !except.contains(&candidate.node));
            candidates.extend(stuck);
        }
        candidates
    }

    /// Tells whoever listens, if it keeps up.
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
