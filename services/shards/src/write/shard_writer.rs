//! Uploads the pieces of one shard of a streamed content to its node, and seals the shard.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use domain::placement::place_rest;
use domain::row::PlacedShard;
use events::ids::{Generation, NodeId, SHARDS};
use futures_util::stream::{FuturesUnordered, StreamExt};
use tokio::sync::{OwnedSemaphorePermit, mpsc, watch};
use tokio::time::sleep;

use crate::node::client::NodeError;
use crate::node::transport::Transport;
use crate::store::Inner;
use crate::write::discard;
use crate::write::in_flight::InFlightGuard;
use crate::write::progress::{Outcome, Phase, Progress};
use crate::write::put::WriteContext;

/// The most nodes that are tried for the first piece of a shard.
const FIRST_NODES_MAX: usize = 3;

/// A node that gets no piece for this long gets a request that keeps the shard: nodes drop unsealed shards after a
/// quarter of an hour, and clients may be slower than that.
const KEEP_INTERVAL: Duration = Duration::from_mins(4);

/// A command of the writer to one shard.
pub(crate) enum Command {
    /// Send the next piece, which holds its share of the budget.
    Piece(Bytes, OwnedSemaphorePermit),
    /// Seal the shard: it has this many pieces, with this many bytes together.
    Seal { pieces: u32, bytes: u64 },
}

/// The upload of one shard.
pub(crate) struct ShardWriter<T> {
    pub(crate) store: Arc<Inner<T>>,
    pub(crate) context: WriteContext,
    pub(crate) generation: Generation,
    pub(crate) shard: u8,
    pub(crate) commands: mpsc::Receiver<Command>,
    pub(crate) progress: watch::Sender<Progress>,
    pub(crate) in_flight: InFlightGuard,
}

/// The writer was dropped before it sealed the shard.
struct Abandoned;

/// The reason why a shard was not sealed.
enum Failure {
    Failed(NodeError),
    Abandoned,
}

impl From<NodeError> for Failure {
    fn from(error: NodeError) -> Self {
        Self::Failed(error)
    }
}

impl From<Abandoned> for Failure {
    fn from(_: Abandoned) -> Self {
        Self::Abandoned
    }
}

impl<T: Transport> ShardWriter<T> {
    /// Runs until the content as a whole is acknowledged or abandoned. Then it discards the shard on nodes that do not
    /// keep it, and reports the shard if it is missing.
    pub(crate) async fn run(mut self) {
        let mut tried = Vec::new();
        let phase = match self.upload(&mut tried).await {
            Ok(()) => Phase::Sealed,
            Err(Failure::Abandoned) => Phase::Failed,
            Err(Failure::Failed(error)) => {
                tracing::info!(generation = %self.generation, shard = self.shard, %error, "a node did not take a shard");
                Phase::Failed
            }
        };
        // Frees the budget of queued pieces; the writer finds the channel closed and goes on.
        self.commands.close();
        while self.commands.recv().await.is_some() {}
        let at = usize::from(self.shard);
        self.progress.send_modify(|progress| progress.shards[at].phase = phase);
        let mut outcome = self.progress.subscribe();
        let decided = outcome.wait_for(|progress| progress.outcome != Outcome::Undecided).await;
        let Ok(outcome) = decided.map(|progress| progress.outcome) else { return };
        match outcome {
            Outcome::Undecided => return,
            Outcome::Abandoned => {}
            // Nodes that were replaced may have stored the shard nevertheless.
            Outcome::Acknowledged => tried.retain(|tried| *tried != self.node()),
        }
        let placed = |node| PlacedShard { index: self.shard, node, generation: self.generation };
        discard::discard(&self.store, &self.context.bucket, tried.into_iter().map(placed).collect()).await;
        // The report comes last: a repair may place the shard on a node that was replaced.
        if outcome == Outcome::Acknowledged {
            let failed = (phase == Phase::Failed).then(|| (self.shard, self.node()));
            self.store.pending_writes.shards_finished(self.generation, failed.clone());
            if let Some((shard, node)) = failed {
                self.store.report(self.context.incident(shard, node));
            }
        }
        drop(self.in_flight);
    }

    /// Sends all pieces and seals the shard. Adds the nodes that it tries to `tried`.
    async fn upload(&mut self, tried: &mut Vec<NodeId>) -> Result<(), Failure> {
        match self.commands.recv().await {
            Some(Command::Piece(message, permit)) => self.send_first(message, tried).await.map(|()| drop(permit))?,
            Some(Command::Seal { .. }) | None => return Err(Abandoned.into()),
        }
        let client = self.store.clients.get(&self.node());
        let mut in_flight = FuturesUnordered::new();
        let (pieces, bytes) = loop {
            tokio::select! {
                biased;
                Some(done) = in_flight.next() => self.piece_done(done)?,
                command = self.commands.recv() => match command {
                    Some(Command::Piece(message, permit)) => in_flight.push(async {
                        let done = client.piece(message).await;
                        drop(permit);
                        done
                    }),
                    Some(Command::Seal { pieces, bytes }) => break (pieces, bytes),
                    None => return Err(Abandoned.into()),
                },
                () = sleep(KEEP_INTERVAL) => {
                    // The reply is of no use: the shard is not sealed, and a node that is gone fails the next piece.
                    let _kept = client.inspect(self.generation.shard(self.shard), &self.context.bucket, false).await;
                }
            }
        };
        while let Some(done) = in_flight.next().await {
            self.piece_done(done)?;
        }
        Ok(client.seal(self.generation.shard(self.shard), &self.context.bucket, pieces, bytes).await?)
    }

    /// Sends the first piece, to another node if one fails: no piece is lost yet.
    async fn send_first(&self, message: Bytes, tried: &mut Vec<NodeId>) -> Result<(), NodeError> {
        loop {
            let node = self.node();
            tried.push(node.clone());
            match self.store.clients.get(&node).piece(message.clone()).await {
                Ok(()) => break self.piece_done(Ok(())),
                Err(error) => {
                    tracing::info!(%node, generation = %self.generation, shard = self.shard, %error, "trying another node");
                    if tried.len() == FIRST_NODES_MAX || !self.replace(&node) {
                        break Err(error);
                    }
                }
            }
        }
    }

    /// Replaces the node of the shard; false if there is none, or if the content is acknowledged already: then its
    /// placement is recorded, and a shard on another node would count as missing.
    fn replace(&self, failed: &NodeId) -> bool {
        let (store, at) = (&self.store, usize::from(self.shard));
        self.progress.send_if_modified(|progress| {
            if progress.outcome != Outcome::Undecided {
                return false;
            }
            progress.failed_nodes.push(failed.clone());
            let candidates = store.candidates(&progress.failed_nodes, SHARDS);
            let keep = |(i, node): (usize, NodeId)| (i != at).then_some(node);
            let kept: Vec<Option<NodeId>> = progress.nodes().into_iter().enumerate().map(keep).collect();
            match place_rest(&candidates, self.generation, &kept) {
                Ok(mut nodes) => {
                    progress.shards[at].node = nodes.swap_remove(at);
                    true
                }
                Err(_) => false,
            }
        })
    }

    fn piece_done(&self, done: Result<(), NodeError>) -> Result<(), NodeError> {
        self.progress.send_modify(|progress| {
            let shard = &mut progress.shards[usize::from(self.shard)];
            shard.in_flight = shard.in_flight.saturating_sub(1);
        });
        done
    }

    fn node(&self) -> NodeId {
        self.progress.borrow().shards[usize::from(self.shard)].node.clone()
    }
}
