use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use bytes::Bytes;
use events::ids::{BucketName, NodeId};
use tokio::sync::{Semaphore, SemaphorePermit, mpsc};
use tokio::time::{Instant, sleep, timeout};
use uuid::Uuid;

use crate::batch::{self, Queued};
use crate::hedge::{Delays, WRITE_LATE};
use crate::meter;
use crate::nodes::Membership;
use crate::piece::PIECE_STRIDE_BYTES_MAX;
use crate::protocol::{Reply, Request, Status};
use crate::transport::{Transport, TransportError};

/// Bytes on their way to one node, at most, and as many on their way from it. Core NATS has no flow control:
/// a receiver whose queue outgrows the server's limit (64 MiB) is disconnected.
pub const WINDOW_BYTES: usize = 8 * 1024 * 1024;

/// The window is handed out in parts of this many bytes.
const PERMIT_BYTES: usize = 1024;

/// Questions about shards that one node has to answer at a time, at most.
const INSPECTS_MAX: usize = 256;

/// How long storing may take, from the queue to the answer after the fsync.
const PUT_DEADLINE: Duration = Duration::from_secs(5);

/// How long handing over a piece may take, waiting for the window included.
const PIECE_DEADLINE: Duration = Duration::from_secs(20);

/// How long making a shard durable may take. A large one on a slow disk needs some time.
const SEAL_DEADLINE: Duration = Duration::from_secs(30);

/// How long reading or inspecting may take.
const READ_DEADLINE: Duration = Duration::from_secs(5);

/// How long forgetting shards may take.
const DISCARD_DEADLINE: Duration = Duration::from_secs(5);

/// How often a busy node is asked again, within the deadline, each time after twice the pause.
const BUSY_RETRIES: u32 = 6;
const BUSY_PAUSE: Duration = Duration::from_millis(5);

/// Why a node did not do what it was asked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NodeError {
    /// Nobody serves the node's subject.
    #[error("the node is gone")]
    Gone,
    /// No answer before the deadline; whether it was done is not known.
    #[error("the node did not answer in time")]
    TimedOut,
    /// The node says that its disk does not answer it; whether it was done is not known.
    #[error("the node is stuck")]
    Stalled,
    /// The connection failed; whether it was done is not known.
    #[error("the connection failed: {0}")]
    Connection(String),
    /// The node refused.
    #[error("the node refused: {}", .0.as_str())]
    Refused(Status),
    /// What came back is no answer to what was asked.
    #[error("the node gave an unexpected answer")]
    Garbled,
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
        }
    }
}

/// The way to one node: its windows, its queue of small shards, what is known of its pace.
pub(crate) struct Lane<T> {
    node: NodeId,
    transport: Arc<T>,
    membership: Membership,
    sending: Semaphore,
    receiving: Semaphore,
    /// Of questions about shards, which are short: they do not queue behind bytes.
    inspecting: Semaphore,
    puts: mpsc::Sender<Queued>,
    delays: Delays,
}

/// What is asked, as a metrics label, and how long it may take.
struct Ask {
    kind: &'static str,
    deadline: Duration,
}

impl<T: Transport> Lane<T> {
    fn open(node: NodeId, transport: Arc<T>, membership: Membership) -> Arc<Self> {
        let permits = WINDOW_BYTES / PERMIT_BYTES;
        let (puts, queue) = mpsc::channel(batch::QUEUE_RECORDS_MAX);
        let lane = Arc::new(Self {
            node,
            transport,
            membership,
            sending: Semaphore::new(permits),
            receiving: Semaphore::new(permits),
            inspecting: Semaphore::new(INSPECTS_MAX),
            puts,
            delays: Delays::new(Instant::now()),
        });
        tokio::spawn(batch::run(Arc::downgrade(&lane), queue));
        lane
    }

    pub(crate) fn node(&self) -> &NodeId {
        &self.node
    }

    pub(crate) fn delays(&self) -> &Delays {
        &self.delays
    }

    pub(crate) fn is_reachable(&self) -> bool {
        self.membership.is_reachable(&self.node)
    }

    /// Stores a shard of one piece; with others that wait at the same time, in one request.
    pub(crate) async fn put(&self, record: crate::protocol::Record) -> Result<(), NodeError> {
        let stored = async {
            let (queued, answer) = Queued::new(record);
            self.puts.send(queued).await.map_err(|_| NodeError::Gone)?;
            answer.await.unwrap_or(Err(NodeError::Gone))
        };
        self.note_write(self.watch_write(PUT_DEADLINE, stored).await)
    }

    /// Takes in whether the node took a write: one that says it is well and refuses what it is given is believed by
    /// what it does.
    fn note_write(&self, outcome: Result<(), NodeError>) -> Result<(), NodeError> {
        match &outcome {
            Ok(()) => self.delays.observe_write(),
            // Whether it would have taken it is not known; those who are gone or late are gone around anyway.
            Err(
                NodeError::Refused(Status::Busy)
                | NodeError::Gone
                | NodeError::TimedOut
                | NodeError::Stalled
                | NodeError::Connection(_),
            ) => {}
            Err(NodeError::Refused(_) | NodeError::Garbled) => self.delays.observe_refused_write(Instant::now()),
        }
        outcome
    }

    /// Waits for a write: until the deadline, or until the node says that it is stuck and others suffice. What is late
    /// is noted as soon as it is, so that further writes go elsewhere.
    async fn watch_write<R>(
        &self,
        deadline: Duration,
        write: impl Future<Output = Result<R, NodeError>>,
    ) -> Result<R, NodeError> {
        let write = timeout(deadline, write);
        let mut write = std::pin::pin!(write);
        if let Ok(done) = timeout(WRITE_LATE, &mut write).await {
            return done.unwrap_or(Err(NodeError::TimedOut));
        }
        self.delays.observe_late_write(Instant::now());
        tokio::select! {
            biased;
            done = write => {
                self.delays.observe_late_write(Instant::now());
                done.unwrap_or(Err(NodeError::TimedOut))
            }
            () = self.membership.wait_dispensable(&self.node) => Err(NodeError::Stalled),
        }
    }

    /// Sends a finished `Put`.
    pub(crate) async fn put_batch(&self, message: Bytes) -> Result<Reply, NodeError> {
        let ask = Ask { kind: "put", deadline: PUT_DEADLINE };
        self.watch_write(PUT_DEADLINE, self.ask(ask, &self.sending, message.len(), message)).await
    }

    /// Hands over a finished `Piece` message.
    pub(crate) async fn piece(&self, message: Bytes) -> Result<(), NodeError> {
        let ask = Ask { kind: "piece", deadline: PIECE_DEADLINE };
        let asked = self.ask(ask, &self.sending, message.len(), message);
        self.note_write(self.watch_write(PIECE_DEADLINE, asked).await.and_then(|reply| expect_ok(&reply)))
    }

    /// Makes a shard durable.
    pub(crate) async fn seal(
        &self,
        shard: Uuid,
        bucket: &BucketName,
        pieces: u32,
        bytes: u64,
    ) -> Result<(), NodeError> {
        let message = Request::Seal { shard, bucket: bucket.clone(), pieces, bytes }.encode();
        let ask = Ask { kind: "seal", deadline: SEAL_DEADLINE };
        let asked = self.ask(ask, &self.sending, message.len(), message);
        self.note_write(self.watch_write(SEAL_DEADLINE, asked).await.and_then(|reply| expect_ok(&reply)))
    }

    /// Forgets shards.
    pub(crate) async fn discard(&self, bucket: &BucketName, shards: Vec<Uuid>) -> Result<(), NodeError> {
        let message = Request::Discard { bucket: bucket.clone(), shards }.encode();
        let ask = Ask { kind: "discard", deadline: DISCARD_DEADLINE };
        match self.ask(ask, &self.sending, message.len(), message).await? {
            Reply::Statuses(statuses) => match statuses.into_iter().find(|status| *status != Status::Ok) {
                None => Ok(()),
                Some(status) => Err(NodeError::Refused(status)),
            },
            Reply::Status(status) => Err(NodeError::Refused(status)),
            _ => Err(NodeError::Garbled),
        }
    }

    /// Asks for piece `index` of a shard, or for its place on the disk of `host`.
    pub(crate) async fn read(
        &self,
        shard: Uuid,
        bucket: &BucketName,
        index: u32,
        host: Option<Uuid>,
    ) -> Result<Reply, NodeError> {
        let message = Request::Read { shard, bucket: bucket.clone(), first: index, count: 1, host }.encode();
        let ask = Ask { kind: "read", deadline: READ_DEADLINE };
        match self.ask(ask, &self.receiving, PIECE_STRIDE_BYTES_MAX, message).await? {
            Reply::Status(status) => Err(NodeError::Refused(status)),
            reply => Ok(reply),
        }
    }

    /// Asks what is stored of a shard: how many pieces, and their bytes. With `verify` the node reads it through.
    pub(crate) async fn inspect(
        &self,
        shard: Uuid,
        bucket: &BucketName,
        verify: bool,
    ) -> Result<(u32, u64), NodeError> {
        let message = Request::Inspect { shard, bucket: bucket.clone(), verify }.encode();
        let ask = Ask { kind: "inspect", deadline: READ_DEADLINE };
        match self.ask(ask, &self.inspecting, message.len(), message).await? {
            Reply::Found { pieces, bytes } => Ok((pieces, bytes)),
            Reply::Status(status) => Err(NodeError::Refused(status)),
            _ => Err(NodeError::Garbled),
        }
    }

    /// Sends a request as soon as `bytes` fit through `window`, and again if the node is busy.
    async fn ask(&self, ask: Ask, window: &Semaphore, bytes: usize, message: Bytes) -> Result<Reply, NodeError> {
        let begin = Instant::now();
        let answer = timeout(ask.deadline, async {
            let _permit = pass(window, bytes).await?;
            let mut pauses = (0..BUSY_RETRIES).map(|retry| BUSY_PAUSE * 2_u32.pow(retry));
            loop {
                match (self.ask_once(message.clone()).await?, pauses.next()) {
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
        meter::request(ask.kind, outcome, begin.elapsed());
        answer
    }

    async fn ask_once(&self, message: Bytes) -> Result<Reply, NodeError> {
        meter::sent(message.len());
        match self.transport.request(&self.node, message).await {
            Ok(reply) => {
                meter::received(reply.len(), "message");
                Reply::decode(reply).map_err(|_| NodeError::Garbled)
            }
            Err(TransportError::NoResponders) => {
                self.membership.unreachable(&self.node);
                Err(NodeError::Gone)
            }
            Err(TransportError::Connection(why)) => Err(NodeError::Connection(why)),
        }
    }
}

/// Waits until `bytes` fit through the window. It never closes.
async fn pass(window: &Semaphore, bytes: usize) -> Result<SemaphorePermit<'_>, NodeError> {
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

/// The lanes to all nodes, opened when first needed.
pub(crate) struct Lanes<T> {
    transport: Arc<T>,
    membership: Membership,
    open: RwLock<HashMap<NodeId, Arc<Lane<T>>>>,
}

impl<T: Transport> Lanes<T> {
    pub(crate) fn new(transport: T, membership: Membership) -> Self {
        Self { transport: Arc::new(transport), membership, open: RwLock::default() }
    }

    /// The lane to `node`. There are as many as placements name nodes, so the map stays small.
    pub(crate) fn to(&self, node: &NodeId) -> Arc<Lane<T>> {
        if let Some(lane) = self.open.read().unwrap_or_else(PoisonError::into_inner).get(node) {
            return Arc::clone(lane);
        }
        let mut open = self.open.write().unwrap_or_else(PoisonError::into_inner);
        let lane = open
            .entry(node.clone())
            .or_insert_with(|| Lane::open(node.clone(), Arc::clone(&self.transport), self.membership.clone()));
        Arc::clone(lane)
    }
}
