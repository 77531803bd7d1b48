//! Requests to one node: deadlines, retries while it is busy, windows of bytes in flight, and the queue of small
//! shards.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use bytes::Bytes;
use events::ids::{BucketName, NodeId};
use tokio::sync::{Semaphore, SemaphorePermit, mpsc};
use tokio::time::{Instant, sleep, timeout};
use uuid::Uuid;

use crate::code::piece::PIECE_STRIDE_BYTES_MAX;
use crate::meter;
use crate::node::batch::{self, Queued};
use crate::node::latency::{NodeLatency, WRITE_SLOW_MIN};
use crate::node::membership::Membership;
use crate::node::transport::{Transport, TransportError};
use crate::protocol::{Reply, Request, ScrubCommand, ScrubStatus, ShardPage, ShardReport, Status, other_version};

/// The most bytes in flight to one node, and the most in flight from it. Core NATS has no flow control: a receiver
/// whose queue outgrows the server's limit (64 MiB) is disconnected.
pub const WINDOW_BYTES: usize = 8 * 1024 * 1024;

/// Bytes of one permit of a window.
const PERMIT_BYTES: usize = 1024;

/// The most `Inspect` requests in flight to one node.
const INSPECTS_MAX: usize = 256;

/// The deadline of a `Put`, from the queue to the reply after the fsync.
const PUT_DEADLINE: Duration = Duration::from_secs(5);

/// The deadline of a `Piece`, including the wait for the window.
const PIECE_DEADLINE: Duration = Duration::from_secs(20);

/// The deadline of a `Seal`. The fsync of a large shard on a slow disk takes some time.
const SEAL_DEADLINE: Duration = Duration::from_secs(30);

/// The deadline of a `Read` or an `Inspect`.
const READ_DEADLINE: Duration = Duration::from_secs(5);

/// The deadline of a `List` with `verify`. A page has one shard at least, which may have gigabytes.
const VERIFY_DEADLINE: Duration = Duration::from_mins(1);

/// The usual bytes of a listed shard in a reply.
const LISTED_BYTES: usize = 27;

/// The deadline of a `Discard`.
const DISCARD_DEADLINE: Duration = Duration::from_secs(5);

/// The most retries to a busy node within the deadline. The pause doubles each time.
const BUSY_RETRIES: u32 = 6;

/// The pause before the first retry to a busy node.
const BUSY_PAUSE: Duration = Duration::from_millis(5);

/// The reason why a request to a node failed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NodeError {
    /// No process serves the node's subject.
    #[error("the node is gone")]
    Gone,
    /// The node did not reply before the deadline; the outcome is unknown.
    #[error("the node did not answer in time")]
    TimedOut,
    /// The node reports that its disk has stalled; the outcome is unknown.
    #[error("the node is stuck")]
    Stalled,
    /// The connection failed; the outcome is unknown.
    #[error("the connection failed: {0}")]
    Connection(String),
    /// The node refused the request.
    #[error("the node refused: {}", .0.as_str())]
    Refused(Status),
    /// The reply does not fit the request.
    #[error("the node gave an unexpected answer")]
    Garbled,
    /// The node has a release with another protocol.
    #[error("the node speaks version {0} of the protocol, and this release another one: bring both to one release")]
    OtherVersion(u8),
}

impl NodeError {
    /// The error as a metrics label.
    pub(crate) fn as_str(&self) -> &'static str {
        match self {
            Self::Gone => "gone",
            Self::TimedOut => "timed_out",
            Self::Stalled => "stalled",
            Self::Connection(_) => "connection",
            Self::Refused(status) => status.as_str(),
            Self::Garbled => "garbled",
            Self::OtherVersion(_) => "other_version",
        }
    }
}

/// The client of one node: its windows, its queue of small shards, and the node's latency.
pub(crate) struct NodeClient<T> {
    node: NodeId,
    transport: Arc<T>,
    membership: Membership,
    sending: Semaphore,
    receiving: Semaphore,
    /// `Inspect` requests are short, so they do not queue behind bytes.
    inspecting: Semaphore,
    puts: mpsc::Sender<Queued>,
    latency: NodeLatency,
}

/// The kind of a request: its metrics label and its deadline.
struct RequestKind {
    label: &'static str,
    deadline: Duration,
}

impl<T: Transport> NodeClient<T> {
    fn open(node: NodeId, transport: Arc<T>, membership: Membership) -> Arc<Self> {
        let permits = WINDOW_BYTES / PERMIT_BYTES;
        let (puts, queue) = mpsc::channel(batch::QUEUE_RECORDS_MAX);
        let client = Arc::new(Self {
            node,
            transport,
            membership,
            sending: Semaphore::new(permits),
            receiving: Semaphore::new(permits),
            inspecting: Semaphore::new(INSPECTS_MAX),
            puts,
            latency: NodeLatency::new(Instant::now()),
        });
        tokio::spawn(batch::run(Arc::downgrade(&client), queue));
        client
    }

    pub(crate) fn node(&self) -> &NodeId {
        &self.node
    }

    pub(crate) fn latency(&self) -> &NodeLatency {
        &self.latency
    }

    pub(crate) fn is_reachable(&self) -> bool {
        self.membership.is_reachable(&self.node)
    }

    /// Stores a shard of one piece, batched with others that wait at the same time.
    pub(crate) async fn put(&self, record: crate::protocol::Record) -> Result<(), NodeError> {
        let stored = async {
            let (queued, answer) = Queued::new(record);
            self.puts.send(queued).await.map_err(|_| NodeError::Gone)?;
            answer.await.unwrap_or(Err(NodeError::Gone))
        };
        self.note_write(self.watch_write(PUT_DEADLINE, stored).await)
    }

    /// Records whether the node accepted a write. A node that reports itself healthy but refuses writes is judged by
    /// its replies.
    fn note_write(&self, outcome: Result<(), NodeError>) -> Result<(), NodeError> {
        match &outcome {
            Ok(()) => self.latency.observe_write(),
            // The outcome is unknown, and placement avoids nodes that are gone or slow anyway.
            Err(
                NodeError::Refused(Status::Busy)
                | NodeError::Gone
                | NodeError::TimedOut
                | NodeError::Stalled
                | NodeError::Connection(_),
            ) => {}
            Err(NodeError::Refused(_) | NodeError::Garbled | NodeError::OtherVersion(_)) => {
                self.latency.observe_refused_write(Instant::now());
            }
        }
        outcome
    }

    /// Waits for a write: until the deadline, or until the node reports that it has stalled and enough others are
    /// online. A slow write is recorded as soon as it is slow, so that further writes go to other nodes.
    async fn watch_write<R>(
        &self,
        deadline: Duration,
        write: impl Future<Output = Result<R, NodeError>>,
    ) -> Result<R, NodeError> {
        let write = timeout(deadline, write);
        let mut write = std::pin::pin!(write);
        if let Ok(done) = timeout(WRITE_SLOW_MIN, &mut write).await {
            return done.unwrap_or(Err(NodeError::TimedOut));
        }
        self.latency.observe_slow_write(Instant::now());
        tokio::select! {
            biased;
            done = write => {
                self.latency.observe_slow_write(Instant::now());
                done.unwrap_or(Err(NodeError::TimedOut))
            }
            () = self.membership.wait_dispensable(&self.node) => Err(NodeError::Stalled),
        }
    }

    /// Sends a finished `Put`.
    pub(crate) async fn put_batch(&self, message: Bytes) -> Result<Reply, NodeError> {
        let request = RequestKind { label: "put", deadline: PUT_DEADLINE };
        self.watch_write(PUT_DEADLINE, self.request(request, &self.sending, message.len(), message)).await
    }

    /// Sends a finished `Piece` message.
    pub(crate) async fn piece(&self, message: Bytes) -> Result<(), NodeError> {
        let request = RequestKind { label: "piece", deadline: PIECE_DEADLINE };
        let asked = self.request(request, &self.sending, message.len(), message);
        self.note_write(self.watch_write(PIECE_DEADLINE, asked).await.and_then(|reply| expect_ok(&reply)))
    }

    /// Makes a shard of `pieces` pieces, `bytes` bytes together, durable.
    pub(crate) async fn seal(
        &self,
        shard: Uuid,
        bucket: &BucketName,
        pieces: u32,
        bytes: u64,
    ) -> Result<(), NodeError> {
        let message = Request::Seal { shard, bucket: bucket.clone(), pieces, bytes }.encode();
        let request = RequestKind { label: "seal", deadline: SEAL_DEADLINE };
        let asked = self.request(request, &self.sending, message.len(), message);
        self.note_write(self.watch_write(SEAL_DEADLINE, asked).await.and_then(|reply| expect_ok(&reply)))
    }

    /// Deletes shards that no event names.
    pub(crate) async fn discard(&self, bucket: &BucketName, shards: Vec<Uuid>) -> Result<(), NodeError> {
        let message = Request::Discard { bucket: bucket.clone(), shards }.encode();
        let request = RequestKind { label: "discard", deadline: DISCARD_DEADLINE };
        match self.request(request, &self.sending, message.len(), message).await? {
            Reply::Statuses(statuses) => match statuses.into_iter().find(|status| *status != Status::Ok) {
                None => Ok(()),
                Some(status) => Err(NodeError::Refused(status)),
            },
            Reply::Status(status) => Err(NodeError::Refused(status)),
            _ => Err(NodeError::Garbled),
        }
    }

    /// Reads piece `index` of a shard, or its location on disk if the node runs on `host`.
    pub(crate) async fn read(
        &self,
        shard: Uuid,
        bucket: &BucketName,
        index: u32,
        host: Option<Uuid>,
    ) -> Result<Reply, NodeError> {
        let message = Request::Read { shard, bucket: bucket.clone(), first: index, count: 1, host }.encode();
        let request = RequestKind { label: "read", deadline: READ_DEADLINE };
        match self.request(request, &self.receiving, PIECE_STRIDE_BYTES_MAX, message).await? {
            Reply::Status(status) => Err(NodeError::Refused(status)),
            reply => Ok(reply),
        }
    }

    /// Asks what is stored of a shard: the number of pieces and their bytes. With `verify` the node reads and checks
    /// all of them.
    pub(crate) async fn inspect(
        &self,
        shard: Uuid,
        bucket: &BucketName,
        verify: bool,
    ) -> Result<(u32, u64), NodeError> {
        let message = Request::Inspect { shard, bucket: bucket.clone(), verify }.encode();
        let request = RequestKind { label: "inspect", deadline: READ_DEADLINE };
        match self.request(request, &self.inspecting, message.len(), message).await? {
            Reply::Found { pieces, bytes } => Ok((pieces, bytes)),
            Reply::Status(status) => Err(NodeError::Refused(status)),
            _ => Err(NodeError::Garbled),
        }
    }

    /// Asks for a page of the shards that are on the node's disk.
    pub(crate) async fn list(&self, after: Uuid, max: u16, verify: bool) -> Result<ShardPage, NodeError> {
        let message = Request::List { after, max, verify }.encode();
        let deadline = if verify { VERIFY_DEADLINE } else { READ_DEADLINE };
        let bytes = usize::from(max) * LISTED_BYTES;
        match self.request(RequestKind { label: "list", deadline }, &self.receiving, bytes, message).await? {
            Reply::Shards(page) if page.next.is_none_or(|next| next > after) => Ok(page),
            Reply::Status(status) => Err(NodeError::Refused(status)),
            _ => Err(NodeError::Garbled),
        }
    }

    /// Asks what is stored of each of these shards, [`INSPECT_SHARDS_MAX`](crate::protocol::INSPECT_SHARDS_MAX) at most.
    pub(crate) async fn inspect_many(&self, shards: Vec<(BucketName, Uuid)>) -> Result<Vec<ShardReport>, NodeError> {
        let count = shards.len();
        let message = Request::InspectMany { shards }.encode();
        let request = RequestKind { label: "inspect_many", deadline: READ_DEADLINE };
        match self.request(request, &self.sending, message.len(), message).await? {
            Reply::Reports(reports) if reports.len() == count => Ok(reports),
            Reply::Status(status) => Err(NodeError::Refused(status)),
            _ => Err(NodeError::Garbled),
        }
    }

    /// Tells the node's scrub something, and asks how far it is.
    pub(crate) async fn scrub(&self, command: ScrubCommand) -> Result<ScrubStatus, NodeError> {
        let message = Request::Scrub { command }.encode();
        let request = RequestKind { label: "scrub", deadline: READ_DEADLINE };
        match self.request(request, &self.inspecting, message.len(), message).await? {
            Reply::Scrub(status) => Ok(status),
            Reply::Status(status) => Err(NodeError::Refused(status)),
            _ => Err(NodeError::Garbled),
        }
    }

    /// Sends a request as soon as `bytes` fit in `window`, and retries while the node is busy.
    async fn request(
        &self,
        request: RequestKind,
        window: &Semaphore,
        bytes: usize,
        message: Bytes,
    ) -> Result<Reply, NodeError> {
        let begin = Instant::now();
        let answer = timeout(request.deadline, async {
            let _permit = acquire(window, bytes).await?;
            let mut pauses = (0..BUSY_RETRIES).map(|retry| BUSY_PAUSE * 2_u32.pow(retry));
            loop {
                match (self.request_once(message.clone()).await?, pauses.next()) {
                    (Reply::Status(Status::Busy), Some(pause)) => sleep(pause).await,
                    (reply, _) => break Ok(reply),
                }
            }
        });
        let answer = answer.await.unwrap_or(Err(NodeError::TimedOut));
        let outcome = match &answer {
            Ok(Reply::Status(status)) => status.as_str(),
            Ok(_) => "ok",
            Err(error) => error.as_str(),
        };
        meter::request(request.label, outcome, begin.elapsed());
        answer
    }

    async fn request_once(&self, message: Bytes) -> Result<Reply, NodeError> {
        meter::sent(message.len());
        match self.transport.request(&self.node, message).await {
            Ok(reply) => {
                meter::received(reply.len(), "message");
                let other = other_version(&reply);
                Reply::decode(reply).map_err(|_| other.map_or(NodeError::Garbled, NodeError::OtherVersion))
            }
            Err(TransportError::NoResponders) => {
                self.membership.unreachable(&self.node);
                Err(NodeError::Gone)
            }
            Err(TransportError::Connection(why)) => Err(NodeError::Connection(why)),
        }
    }
}

/// Waits until `bytes` fit in the window, which is never closed.
async fn acquire(window: &Semaphore, bytes: usize) -> Result<SemaphorePermit<'_>, NodeError> {
    let permits = u32::try_from(bytes.div_ceil(PERMIT_BYTES)).unwrap_or(u32::MAX);
    window.acquire_many(permits).await.map_err(|_| NodeError::Gone)
}

fn expect_ok(reply: &Reply) -> Result<(), NodeError> {
    match reply {
        Reply::Status(Status::Ok) => Ok(()),
        Reply::Status(status) => Err(NodeError::Refused(*status)),
        _ => Err(NodeError::Garbled),
    }
}

/// The clients of all nodes, made when first needed.
pub(crate) struct NodeClients<T> {
    transport: Arc<T>,
    membership: Membership,
    open: RwLock<HashMap<NodeId, Arc<NodeClient<T>>>>,
}

impl<T: Transport> NodeClients<T> {
    pub(crate) fn new(transport: T, membership: Membership) -> Self {
        Self { transport: Arc::new(transport), membership, open: RwLock::default() }
    }

    /// The client of `node`. The map has an entry for each node that placements name, so it stays small.
    pub(crate) fn get(&self, node: &NodeId) -> Arc<NodeClient<T>> {
        if let Some(client) = self.open.read().unwrap_or_else(PoisonError::into_inner).get(node) {
            return Arc::clone(client);
        }
        let mut open = self.open.write().unwrap_or_else(PoisonError::into_inner);
        let client = open
            .entry(node.clone())
            .or_insert_with(|| NodeClient::open(node.clone(), Arc::clone(&self.transport), self.membership.clone()));
        Arc::clone(client)
    }
}
