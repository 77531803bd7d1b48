//! Obtains the pieces of one shard: its node's answer, or its file if that is on this host.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::Relaxed};
use std::sync::{Arc, OnceLock};

use bytes::Bytes;
use events::ids::BucketName;
use futures_util::future::join_all;
use tokio::sync::Mutex;
use tokio::time::Instant;
use uuid::Uuid;

use crate::geometry::Stripe;
use crate::lane::{Lane, NodeError};
use crate::local::{LocalAccess, LocalShard, Unusable};
use crate::meter;
use crate::nodes::Membership;
use crate::piece::{Form, Piece};
use crate::protocol::{Place, Reply, Status};
use crate::tagging::Expected;
use crate::transport::Transport;

/// Why a piece is not to be had.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Fault {
    /// The node does not have it.
    Missing,
    /// Its bytes are not what was written.
    Damaged,
    /// The disk it lies on cannot read it.
    Unreadable,
    /// The node did not answer, or not now.
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

/// The way to one shard, for the length of one read.
pub(crate) struct Way<T> {
    lane: Arc<Lane<T>>,
    bucket: BucketName,
    expected: Arc<Expected>,
    /// The shard's file here, or nothing if it is known that the node has to be asked each time.
    file: OnceLock<Option<Arc<LocalShard>>>,
    /// Whether that file kept its reader waiting; then the node is asked after all.
    is_given_up: AtomicBool,
    /// Held while the first answer is awaited, so that one request finds out for all stripes.
    finding: Mutex<()>,
}

impl<T: Transport> Way<T> {
    pub(crate) fn new(lane: Arc<Lane<T>>, bucket: &BucketName, expected: Expected) -> Self {
        Self {
            lane,
            bucket: bucket.clone(),
            expected: Arc::new(expected),
            file: OnceLock::new(),
            is_given_up: AtomicBool::new(false),
            finding: Mutex::new(()),
        }
    }

    pub(crate) fn lane(&self) -> &Lane<T> {
        &self.lane
    }

    /// The shard's file, if it has been opened here and answers.
    pub(crate) fn open_file(&self) -> Option<Arc<LocalShard>> {
        self.file.get()?.clone().filter(|_| !self.is_given_up.load(Relaxed))
    }

    /// The shard's piece in `stripe`, checked.
    pub(crate) async fn obtain(
        &self,
        local: &LocalAccess,
        membership: &Membership,
        stripe: Stripe,
    ) -> Result<Bytes, Fault> {
        let host = local.host_of(self.lane.node(), membership, Instant::now());
        let Some(host) = host.filter(|_| !self.is_given_up.load(Relaxed)) else {
            return self.ask_for_bytes(stripe).await;
        };
        let finding = if self.file.get().is_none() { Some(self.finding.lock().await) } else { None };
        match self.file.get() {
            Some(Some(file)) => self.read_file(Arc::clone(file), local, stripe).await,
            Some(None) => self.ask_for_bytes(stripe).await,
            None => match self.ask(stripe, Some(host)).await? {
                Reply::Place(place) => self.short_circuit(place, local, stripe).await,
                reply => {
                    self.file.get_or_init(|| None);
                    drop(finding);
                    self.expected.check(first_piece(reply), stripe)
                }
            },
        }
    }

    /// Opens the file at `place` and reads from it; if that does not work, asks for bytes from now on.
    async fn short_circuit(&self, place: Place, local: &LocalAccess, stripe: Stripe) -> Result<Bytes, Fault> {
        let Some(turn) = local.turn() else {
            self.file.get_or_init(|| None);
            return self.ask_for_bytes(stripe).await;
        };
        let node = self.lane.node();
        match local.open(place, turn).await {
            Ok(file) => {
                let file = self.file.get_or_init(|| Some(Arc::new(file))).clone();
                self.read_file(file.ok_or(Fault::Missing)?, local, stripe).await
            }
            Err(why) if why.may_be_honest() => {
                tracing::info!(%node, %why, "cannot read the node's files from here; asking for bytes");
                self.file.get_or_init(|| None);
                let piece = self.ask_for_bytes(stripe).await?;
                // The bytes are there, so it is the path that is of no use here.
                local.refuse(node, &why, Instant::now());
                Ok(piece)
            }
            Err(why) => {
                tracing::warn!(%node, %why, "the node names a file that holds no shard; asking for bytes");
                self.file.get_or_init(|| None);
                local.refuse(node, &why, Instant::now());
                self.ask_for_bytes(stripe).await
            }
        }
    }

    async fn ask_for_bytes(&self, stripe: Stripe) -> Result<Bytes, Fault> {
        self.expected.check(first_piece(self.ask(stripe, None).await?), stripe)
    }

    async fn ask(&self, stripe: Stripe, host: Option<Uuid>) -> Result<Reply, Fault> {
        Ok(self.lane.read(self.expected.shard(), &self.bucket, stripe.index, host).await?)
    }

    async fn read_file(&self, file: Arc<LocalShard>, local: &LocalAccess, stripe: Stripe) -> Result<Bytes, Fault> {
        let expected = Arc::clone(&self.expected);
        if let Some(read) = local.within_deadline(move || read_checked(&file, &expected, stripe)).await {
            return read;
        }
        self.give_up(local);
        self.ask_for_bytes(stripe).await
    }

    /// Takes in that the shard's file kept its reader waiting.
    fn give_up(&self, local: &LocalAccess) {
        tracing::warn!(node = %self.lane.node(), "a shard's file does not answer; asking the node for bytes");
        self.is_given_up.store(true, Relaxed);
        local.refuse(self.lane.node(), &Unusable::Late, Instant::now());
    }

    /// The pieces of several shards whose files are open here, read in one job; if that takes too long, their nodes are
    /// asked for them.
    pub(crate) async fn read_files(
        shards: Vec<(u8, Arc<Self>, Arc<LocalShard>)>,
        local: &LocalAccess,
        stripe: Stripe,
    ) -> Vec<(u8, Result<Bytes, Fault>)> {
        let ways: Vec<(u8, Arc<Self>)> = shards.iter().map(|(index, way, _)| (*index, Arc::clone(way))).collect();
        let begun = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&begun);
        let read = local.within_deadline(move || {
            let read = |(index, way, file): (u8, Arc<Self>, Arc<LocalShard>)| {
                counted.fetch_add(1, Relaxed);
                (index, read_checked(&file, &way.expected, stripe))
            };
            shards.into_iter().map(read).collect()
        });
        if let Some(read) = read.await {
            return read;
        }
        // The last one that was begun is the one that is waited for.
        if let Some((_, way)) = begun.load(Relaxed).checked_sub(1).and_then(|last| ways.get(last)) {
            way.give_up(local);
        }
        join_all(ways.into_iter().map(|(index, way)| async move { (index, way.ask_for_bytes(stripe).await) })).await
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
