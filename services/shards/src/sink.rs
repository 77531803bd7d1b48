//! Carries the pieces of one shard of a streamed content to its node, and seals it.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use domain::placement::place_rest;
use domain::row::PlacedShard;
use events::ids::{Generation, NodeId, SHARDS};
use futures_util::stream::{FuturesUnordered, StreamExt};
use tokio::sync::{OwnedSemaphorePermit, mpsc, watch};
use tokio::time::sleep;

use crate::discard;
use crate::lane::NodeError;
use crate::progress::{Outcome, Phase, Progress};
use crate::put::Owed;
use crate::store::Inner;
use crate::transport::Transport;
use crate::under_way::Departure;

/// Nodes tried for the first piece of a shard, at most.
const FIRST_NODES_MAX: usize = 3;

/// A node that gets no piece for this long is told that the shard is still wanted: nodes drop what nobody seals, after
/// a quarter of an hour, and clients may be slower than that.
const KEEP_INTERVAL: Duration = Duration::from_mins(4);

/// What the writer has for a shard.
pub(crate) enum Command {
    /// Its next piece, with its share of the budget.
    Piece(Bytes, OwnedSemaphorePermit),
    /// That was all.
    Seal { pieces: u32, bytes: u64 },
}

/// One shard's way.
pub(crate) struct Sink<T> {
    pub(crate) store: Arc<Inner<T>>,
    pub(crate) owed: Owed,
    pub(crate) generation: Generation,
    pub(crate) shard: u8,
    pub(crate) commands: mpsc::Receiver<Command>,
    pub(crate) progress: watch::Sender<Progress>,
    pub(crate) departure: Departure,
}

/// The writer went without sealing.
struct Abandoned;

/// How the way ended, if not with a sealed shard.
enum End {
    Failed(NodeError),
    Abandoned,
}

impl From<NodeError> for End {
    fn from(error: NodeError) -> Self {
        Self::Failed(error)
    }
}

impl From<Abandoned> for End {
    fn from(_: Abandoned) -> Self {
        Self::Abandoned
    }
}

impl<T: Transport> Sink<T> {
    /// Runs until the content as a whole is acked or abandoned; then it takes back what it brought, or what it
    /// brought to nodes it gave up, and reports what it could not bring.
    pub(crate) async fn run(mut self) {
        let mut tried = Vec::new();
        let phase = match self.bring(&mut tried).await {
            Ok(()) => Phase::Sealed,
            Err(End::Abandoned) => Phase::Failed,
            Err(End::Failed(error)) => {
                tracing::info!(generation = %self.generation, shard = self.shard, %error, "a node did not take a shard");
                Phase::Failed
            }
        };
        // Frees the budget of what is still queued; the writer finds the channel closed and goes on.
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
            // Nodes that were given up may have stored it all the same.
            Outcome::Acked => tried.retain(|tried| *tried != self.node()),
        }
        let placed = |node| PlacedShard { index: self.shard, node, generation: self.generation };
        discard::discard(&self.store, &self.owed.bucket, tried.into_iter().map(placed).collect()).await;
        // Only now: whoever repairs it may place it on a node that was given up.
        if outcome == Outcome::Acked {
            let failed = (phase == Phase::Failed).then(|| (self.shard, self.node()));
            self.store.settling.answered(self.generation, failed.clone());
            if let Some((shard, node)) = failed {
                self.store.report(self.owed.incident(shard, node));
            }
        }
        drop(self.departure);
    }

    async fn bring(&mut self, tried: &mut Vec<NodeId>) -> Result<(), End> {
        match self.commands.recv().await {
            Some(Command::Piece(message, permit)) => self.first(message, tried).await.map(|()| drop(permit))?,
            Some(Command::Seal { .. }) | None => return Err(Abandoned.into()),
        }
        let lane = self.store.lanes.to(&self.node());
        let mut under_way = FuturesUnordered::new();
        let (pieces, bytes) = loop {
            tokio::select! {
                biased;
                Some(done) = under_way.next() => self.done(done)?,
                command = self.commands.recv() => match command {
                    Some(Command::Piece(message, permit)) => under_way.push(async {
                        let done = lane.piece(message).await;
                        drop(permit);
                        done
                    }),
                    Some(Command::Seal { pieces, bytes }) => break (pieces, bytes),
                    None => return Err(Abandoned.into()),
                },
                () = sleep(KEEP_INTERVAL) => {
                    // That it is not sealed is known. A node that is gone says so to the next piece.
                    let _asked = lane.inspect(self.generation.shard(self.shard), &self.owed.bucket, false).await;
                }
            }
        };
        while let Some(done) = under_way.next().await {
            self.done(done)?;
        }
        Ok(lane.seal(self.generation.shard(self.shard), &self.owed.bucket, pieces, bytes).await?)
    }

    /// Brings the first piece, to another node if one does not take it: nothing is lost yet.
    async fn first(&self, message: Bytes, tried: &mut Vec<NodeId>) -> Result<(), NodeError> {
        loop {
            let node = self.node();
            tried.push(node.clone());
            match self.store.lanes.to(&node).piece(message.clone()).await {
                Ok(()) => break self.done(Ok(())),
                Err(error) => {
                    tracing::info!(%node, generation = %self.generation, shard = self.shard, %error, "trying another node");
                    if tried.len() == FIRST_NODES_MAX || !self.replace(&node) {
                        break Err(error);
                    }
                }
            }
        }
    }

    /// Gives the shard another node; false if there is none, or if it is too late: once the content is acked its
    /// placement is recorded, and a shard that is not where that says is owed, wherever else it may lie.
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

    fn done(&self, done: Result<(), NodeError>) -> Result<(), NodeError> {
        self.progress.send_modify(|progress| {
            let shard = &mut progress.shards[usize::from(self.shard)];
            shard.under_way = shard.under_way.saturating_sub(1);
        });
        done
    }

    fn node(&self) -> NodeId {
        self.progress.borrow().shards[usize::from(self.shard)].node.clone()
    }
}
