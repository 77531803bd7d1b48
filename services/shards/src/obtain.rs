//! Obtains the pieces of one shard: its node's answer, or its file if that is on this host.

use std::sync::{Arc, OnceLock};

use bytes::Bytes;
use events::ids::BucketName;
use tokio::sync::Mutex;
use tokio::task::spawn_blocking;
use tokio::time::Instant;
use uuid::Uuid;

use crate::geometry::Stripe;
use crate::lane::{Lane, NodeError};
use crate::local::{LocalAccess, LocalShard};
use crate::meter;
use crate::nodes::Membership;
use crate::piece::Piece;
use crate::protocol::{Place, Reply, Status};
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
    shard: Uuid,
    /// The shard's file here, or nothing if it is known that the node has to be asked each time.
    file: OnceLock<Option<Arc<LocalShard>>>,
    /// Held while the first answer is awaited, so that one request finds out for all stripes.
    finding: Mutex<()>,
}

impl<T: Transport> Way<T> {
    pub(crate) fn new(lane: Arc<Lane<T>>, bucket: &BucketName, shard: Uuid) -> Self {
        Self { lane, bucket: bucket.clone(), shard, file: OnceLock::new(), finding: Mutex::new(()) }
    }

    pub(crate) fn lane(&self) -> &Lane<T> {
        &self.lane
    }

    /// The shard's file, if it has been opened here.
    pub(crate) fn open_file(&self) -> Option<Arc<LocalShard>> {
        self.file.get()?.clone()
    }

    /// The shard's piece in `stripe`, checked.
    pub(crate) async fn obtain(
        &self,
        local: &LocalAccess,
        membership: &Membership,
        stripe: Stripe,
    ) -> Result<Bytes, Fault> {
        let Some(host) = local.host_of(self.lane.node(), membership, Instant::now()) else {
            return self.ask(stripe, None).await.and_then(|reply| self.check(first_piece(reply), stripe));
        };
        let finding = if self.file.get().is_none() { Some(self.finding.lock().await) } else { None };
        match self.file.get() {
            Some(Some(file)) => self.read_file(Arc::clone(file), stripe).await,
            Some(None) => self.ask(stripe, None).await.and_then(|reply| self.check(first_piece(reply), stripe)),
            None => match self.ask(stripe, Some(host)).await? {
                Reply::Place(place) => self.short_circuit(place, local, stripe).await,
                reply => {
                    self.file.get_or_init(|| None);
                    drop(finding);
                    self.check(first_piece(reply), stripe)
                }
            },
        }
    }

    /// Opens the file at `place` and reads from it; if that does not work, asks for bytes from now on.
    async fn short_circuit(&self, place: Place, local: &LocalAccess, stripe: Stripe) -> Result<Bytes, Fault> {
        let Some(turn) = local.turn() else {
            self.file.get_or_init(|| None);
            return self.check(first_piece(self.ask(stripe, None).await?), stripe);
        };
        let opened = spawn_blocking(move || LocalShard::open_as(place, turn)).await;
        match opened.map_err(std::io::Error::other).flatten() {
            Ok(file) => {
                let file = self.file.get_or_init(|| Some(Arc::new(file))).clone();
                let file = file.ok_or(Fault::Missing)?;
                self.read_file(file, stripe).await
            }
            Err(error) => {
                tracing::info!(node = %self.lane.node(), %error, "cannot read the node's files from here; asking for bytes");
                self.file.get_or_init(|| None);
                let piece = self.check(first_piece(self.ask(stripe, None).await?), stripe)?;
                // The bytes are there, so it is the path that is of no use here.
                local.refuse(self.lane.node(), Instant::now());
                Ok(piece)
            }
        }
    }

    async fn ask(&self, stripe: Stripe, host: Option<Uuid>) -> Result<Reply, Fault> {
        Ok(self.lane.read(self.shard, &self.bucket, stripe.index, host).await?)
    }

    async fn read_file(&self, file: Arc<LocalShard>, stripe: Stripe) -> Result<Bytes, Fault> {
        let shard = self.shard;
        let read = spawn_blocking(move || read_checked(&file, shard, stripe)).await;
        read.unwrap_or_else(|error| Err(Fault::Node(NodeError::Connection(error.to_string()))))
    }

    /// The pieces of several shards whose files are open here, read in one job.
    pub(crate) async fn read_files(
        shards: Vec<(u8, Arc<Self>, Arc<LocalShard>)>,
        stripe: Stripe,
    ) -> Vec<(u8, Result<Bytes, Fault>)> {
        let indexes: Vec<u8> = shards.iter().map(|(index, ..)| *index).collect();
        let read = spawn_blocking(move || {
            let read =
                |(index, way, file): (u8, Arc<Self>, Arc<LocalShard>)| (index, read_checked(&file, way.shard, stripe));
            shards.into_iter().map(read).collect()
        });
        read.await.unwrap_or_else(|error| {
            let fault = Fault::Node(NodeError::Connection(error.to_string()));
            indexes.into_iter().map(|index| (index, Err(fault.clone()))).collect()
        })
    }

    fn check(&self, piece: Option<Piece>, stripe: Stripe) -> Result<Bytes, Fault> {
        checked(piece, self.shard, stripe)
    }
}

fn first_piece(reply: Reply) -> Option<Piece> {
    match reply {
        Reply::Pieces(pieces) => pieces.into_iter().next(),
        _ => None,
    }
}

fn read_checked(file: &LocalShard, shard: Uuid, stripe: Stripe) -> Result<Bytes, Fault> {
    let piece = file.read(stripe.index).map_err(|error| {
        tracing::warn!(%shard, %error, "a shard's file cannot be read");
        Fault::Unreadable
    })?;
    let bytes = checked(Some(piece.ok_or(Fault::Damaged)?), shard, stripe)?;
    meter::received(bytes.len(), "file");
    Ok(bytes)
}

fn checked(piece: Option<Piece>, shard: Uuid, stripe: Stripe) -> Result<Bytes, Fault> {
    let piece = piece.ok_or(Fault::Missing)?;
    if piece.bytes.len() == stripe.unit && piece.is_intact(shard, stripe.index) {
        Ok(piece.bytes)
    } else {
        Err(Fault::Damaged)
    }
}
