//! Uploads one new shard.

use std::any::Any;
use std::sync::Arc;

use bytes::Bytes;
use domain::row::PlacedShard;
use events::ids::BucketName;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

use crate::code::tagging::Tagging;
use crate::node::client::{NodeClient, NodeError};
use crate::node::transport::Transport;
use crate::protocol::PieceDraft;

/// The most pieces that wait for one node, beside the one in flight.
const PIECES_WAITING_MAX: usize = 1;

/// What bounds the memory and the number of stripes in flight, shared by all pieces of a stripe.
pub(super) type Held = Arc<dyn Any + Send + Sync>;

/// A command to the upload of a shard.
enum Command {
    /// Store the piece of this stripe.
    Piece { stripe: u32, bytes: Bytes, held: Held },
    /// Make the shard durable: it has this many pieces, with this many bytes together.
    Seal { pieces: u32, bytes: u64 },
}

/// How an upload ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum End {
    Durable,
    Abandoned,
}

/// The form in which a node stores a shard.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stored {
    /// A record in a segment: a shard of one piece, which is durable as soon as the node has answered.
    Record,
    /// A file of pieces, which is durable once it is sealed.
    File,
}

/// A shard on its way to a node, in a task of its own: a request that was sent is waited for even if nobody wants the shard
/// any more, because a shard that arrives after the request to discard it would stay.
pub(super) struct NewShard {
    pub(super) placed: PlacedShard,
    commands: mpsc::Sender<Command>,
    upload: JoinHandle<Result<End, NodeError>>,
}

impl NewShard {
    /// Begins the upload of `placed`, whose pieces are tagged by `tagging`.
    pub(super) fn start<T: Transport>(
        client: Arc<NodeClient<T>>,
        bucket: &BucketName,
        placed: PlacedShard,
        tagging: Tagging,
        stored: Stored,
    ) -> Self {
        let (commands, queue) = mpsc::channel(PIECES_WAITING_MAX);
        let upload = Upload { client, bucket: bucket.clone(), index: placed.index, tagging, stored, queue };
        Self { placed, commands, upload: tokio::spawn(upload.run()) }
    }

    /// Sends the piece of a stripe, in order; false if the upload has failed.
    pub(super) async fn send(&self, stripe: u32, bytes: Bytes, held: &Held) -> bool {
        self.commands.send(Command::Piece { stripe, bytes, held: Arc::clone(held) }).await.is_ok()
    }

    /// Makes the shard durable.
    pub(super) async fn seal(&mut self, pieces: u32, bytes: u64) -> Result<(), NodeError> {
        // If this fails, the upload has ended, and says why.
        let _sent = self.commands.send(Command::Seal { pieces, bytes }).await;
        self.end().await
    }

    /// Waits for the end of an upload that was sealed or has failed, and says why it failed.
    async fn end(&mut self) -> Result<(), NodeError> {
        match (&mut self.upload).await {
            Ok(Ok(End::Durable)) => Ok(()),
            Ok(Ok(End::Abandoned)) => Err(NodeError::Connection("the upload was given up".into())),
            Ok(Err(error)) => Err(error),
            Err(error) => Err(NodeError::Connection(error.to_string())),
        }
    }

    /// Why an upload ended to which a piece could not be sent any more.
    pub(super) async fn failure(&mut self) -> NodeError {
        self.end().await.err().unwrap_or(NodeError::Garbled)
    }

    /// Gives the shard up, and waits until nothing of it is in flight any more. It may be stored nevertheless.
    pub(super) async fn give_up(self) -> PlacedShard {
        let Self { placed, commands, upload } = self;
        drop(commands);
        if !upload.is_finished() {
            // Whatever it comes to, nobody wants it.
            let _ended = upload.await;
        }
        placed
    }
}

struct Upload<T> {
    client: Arc<NodeClient<T>>,
    bucket: BucketName,
    index: u8,
    tagging: Tagging,
    stored: Stored,
    queue: mpsc::Receiver<Command>,
}

impl<T: Transport> Upload<T> {
    async fn run(mut self) -> Result<End, NodeError> {
        while let Some(command) = self.queue.recv().await {
            match command {
                Command::Piece { stripe, bytes, held } => {
                    self.send(stripe, bytes).await?;
                    drop(held);
                }
                Command::Seal { pieces, bytes } => {
                    if self.stored == Stored::File {
                        self.client.seal(self.tagging.shard(self.index), &self.bucket, pieces, bytes).await?;
                    }
                    return Ok(End::Durable);
                }
            }
        }
        Ok(End::Abandoned)
    }

    async fn send(&self, stripe: u32, bytes: Bytes) -> Result<(), NodeError> {
        match self.stored {
            Stored::Record => self.client.put(self.tagging.record(self.index, bytes)).await,
            Stored::File => {
                let mut draft = PieceDraft::new(self.tagging.shard(self.index), &self.bucket, bytes.len());
                draft.extend(&bytes);
                let tag = self.tagging.tag(self.index, stripe, &bytes);
                self.client.piece(draft.finish(stripe, tag)).await
            }
        }
    }
}
