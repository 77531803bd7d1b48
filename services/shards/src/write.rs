//! Streams a content of any size to its nodes, in bounded memory.

use std::sync::Arc;

use bytes::Bytes;
use domain::placement::place;
use events::ids::{BucketName, Generation, Layout, Placement, SHARDS};
use tokio::sync::{OwnedSemaphorePermit, mpsc, watch};
use tokio::time::sleep;

use crate::budget::BUDGET_WAIT_MAX;
use crate::fill::StripeDraft;
use crate::geometry::{DATA_SHARDS, shard_bytes};
use crate::meter;
use crate::piece::{PIECE_STRIDE_BYTES_MAX, PIECES_MAX};
use crate::progress::{LAG_PIECES_MAX, Outcome, Phase, Progress};
use crate::put::{self, Owed};
use crate::settling::Settling;
use crate::sink::{Command, Sink};
use crate::store::{Inner, WriteError};
use crate::tagging::{NoSecret, Tagging};
use crate::transport::Transport;

/// Bytes that a stripe under way takes of the budget.
const STRIPE_HELD_BYTES: usize = SHARDS * (PIECE_STRIDE_BYTES_MAX + 1024);

/// Writes one content. Dropped before [`finish`](Self::finish), it discards what it sent, in the background.
pub struct Writer<T: Transport> {
    store: Arc<Inner<T>>,
    bucket: BucketName,
    generation: Generation,
    tagging: Result<Tagging, NoSecret>,
    draft: Option<(StripeDraft, OwnedSemaphorePermit)>,
    stream: Option<Stream>,
    stripes: u32,
    /// Bytes of each piece of the stripe sent last.
    unit: usize,
    size: u64,
}

/// A content stored so that it survives the loss of any one node.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Written {
    /// Where its shards lie: to be recorded.
    pub placement: Placement,
    /// Its bytes.
    pub size: u64,
}

impl<T: Transport> Writer<T> {
    pub(crate) fn new(store: Arc<Inner<T>>, bucket: BucketName, generation: Generation) -> Self {
        let tagging = Tagging::of(generation, &store.secrets);
        Self { store, bucket, generation, tagging, draft: None, stream: None, stripes: 0, unit: 0, size: 0 }
    }

    /// Appends bytes; waits while the nodes, or the writers as a whole, have enough under way, for the
    /// latter at most ten seconds. After an error the writer is of no more use.
    pub async fn write(&mut self, mut bytes: Bytes) -> Result<(), WriteError> {
        while !bytes.is_empty() {
            if self.draft.as_ref().is_some_and(|(draft, _)| draft.is_full()) {
                self.send().await?;
            }
            if self.draft.is_none() {
                self.open().await?;
            }
            if let Some((draft, _)) = &mut self.draft {
                let before = bytes.len();
                draft.fill(&mut bytes);
                self.size += (before - bytes.len()) as u64;
            }
        }
        Ok(())
    }

    /// Waits until the next bytes, up to a stripe of them, can be written without a wait: for whoever should not hold
    /// them meanwhile. After an error the writer is of no more use.
    pub async fn ready(&mut self) -> Result<(), WriteError> {
        self.send_on().await?;
        if self.draft.is_none() {
            self.open().await?;
        }
        Ok(())
    }

    /// Sends what was written so far if it is a whole stripe, rather than with the bytes after it: nobody knows when
    /// they will come.
    pub async fn send_on(&mut self) -> Result<(), WriteError> {
        if self.draft.as_ref().is_some_and(|(draft, _)| draft.is_full()) {
            self.send().await?;
        }
        Ok(())
    }

    /// Makes the content durable, and returns once it would survive the loss of any one node.
    pub async fn finish(mut self) -> Result<Written, WriteError> {
        let written = self.close().await;
        meter::write(if written.is_ok() { "ok" } else { "failed" });
        written
    }

    /// Gives the content up; what was sent of it is discarded in the background.
    pub fn discard(self) {
        drop(self);
    }

    /// Bytes written so far.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// Begins a stripe once the budget has room for it.
    async fn open(&mut self) -> Result<(), WriteError> {
        if self.stripes >= PIECES_MAX {
            return Err(WriteError::TooLarge);
        }
        let budget = self.store.stream_budget.take(STRIPE_HELD_BYTES, sleep(BUDGET_WAIT_MAX)).await;
        let budget = budget.ok_or(WriteError::Busy)?;
        self.draft = Some((StripeDraft::new(&self.bucket, self.tagging.clone()?), budget));
        Ok(())
    }

    /// Sends the stripe filled so far, if there is one.
    async fn send(&mut self) -> Result<(), WriteError> {
        let Some((draft, budget)) = self.draft.take() else { return Ok(()) };
        self.unit = draft.bytes().div_ceil(DATA_SHARDS);
        let messages = draft.messages(self.stripes).map_err(|_| WriteError::Internal("a stripe does not fit"))?;
        if self.stream.is_none() {
            self.stream = Some(Stream::open(&self.store, &self.bucket, self.generation)?);
        }
        if let Some(stream) = &mut self.stream {
            stream.send(messages, budget).await?;
        }
        self.stripes += 1;
        Ok(())
    }

    async fn close(&mut self) -> Result<Written, WriteError> {
        let size = self.size;
        if self.stream.is_none() {
            // All of it is in the first stripe: no files, one record on each node.
            let Some((draft, budget)) = self.draft.take() else { return Err(WriteError::Empty) };
            let bytes = draft.into_bytes();
            drop(budget);
            let placement = put::put(&self.store, &self.bucket, self.generation, bytes).await?;
            return Ok(Written { placement, size });
        }
        self.send().await?;
        let Some(stream) = self.stream.take() else { return Err(WriteError::Internal("no stream")) };
        let placement = stream.seal(self.stripes, shard_bytes(self.stripes, self.unit)).await?;
        Ok(Written { placement, size })
    }
}

/// The six shards under way. Dropped undecided, it abandons them, and each sink discards its own.
struct Stream {
    sinks: Vec<mpsc::Sender<Command>>,
    progress: watch::Sender<Progress>,
    settling: Settling,
    generation: Generation,
}

impl Stream {
    fn open<T: Transport>(
        store: &Arc<Inner<T>>,
        bucket: &BucketName,
        generation: Generation,
    ) -> Result<Self, WriteError> {
        let nodes = place(&store.candidates(&[], SHARDS), generation, SHARDS)?;
        let progress = watch::Sender::new(Progress::new(nodes));
        let owed = Owed { bucket: bucket.clone(), generation, layout: Layout::Striped };
        let sink = |shard: usize| {
            let (sender, commands) = mpsc::channel(LAG_PIECES_MAX + 1);
            let (store, owed, progress) = (Arc::clone(store), owed.clone(), progress.clone());
            let shard = u8::try_from(shard).unwrap_or(u8::MAX);
            let departure = store.under_way.depart(generation);
            tokio::spawn(Sink { store, owed, generation, shard, commands, progress, departure }.run());
            sender
        };
        let settling = store.settling.clone();
        Ok(Self { sinks: (0..SHARDS).map(sink).collect(), progress, settling, generation })
    }

    /// Sends a stripe when the shards are ready for it.
    async fn send(&mut self, messages: [Bytes; SHARDS], mut budget: OwnedSemaphorePermit) -> Result<(), WriteError> {
        self.wait(Progress::may_send).await?;
        let mut live = [false; SHARDS];
        self.progress.send_modify(|progress| {
            for (shard, live) in progress.shards.iter_mut().zip(&mut live) {
                *live = shard.phase == Phase::Writing;
                shard.under_way += usize::from(*live);
            }
        });
        let share = budget.num_permits() / SHARDS;
        for ((sink, message), _) in self.sinks.iter().zip(messages).zip(live).filter(|(_, live)| *live) {
            let share = budget.split(share).ok_or(WriteError::Internal("a budget is short"))?;
            // A sink that has just failed takes no more; its phase says so.
            let _ = sink.send(Command::Piece(message, share)).await;
        }
        Ok(())
    }

    async fn seal(self, pieces: u32, bytes: u64) -> Result<Placement, WriteError> {
        for sink in &self.sinks {
            let _ = sink.send(Command::Seal { pieces, bytes }).await;
        }
        self.wait(Progress::is_safe).await?;
        // Before the sinks hear of the ack, for each then tells how its shard went.
        self.settling.acked(self.generation, self.sinks.len());
        let mut nodes = Vec::new();
        self.progress.send_modify(|progress| {
            progress.outcome = Outcome::Acked;
            nodes = progress.nodes();
        });
        Ok(Placement { layout: Layout::Striped, nodes })
    }

    /// Waits until the shards are `ready`, or so many failed that they never will be.
    async fn wait(&self, ready: impl Fn(&Progress) -> bool) -> Result<(), WriteError> {
        let mut progress = self.progress.subscribe();
        let progress = progress.wait_for(|progress| progress.is_hopeless() || ready(progress)).await;
        let progress = progress.map_err(|_| WriteError::Internal("the shards' progress is lost"))?;
        if progress.is_hopeless() {
            let stored = progress.shards.len() - progress.count(Phase::Failed);
            return Err(WriteError::NodesFailed { stored, shards: SHARDS });
        }
        Ok(())
    }
}

impl Drop for Stream {
    fn drop(&mut self) {
        self.progress.send_if_modified(|progress| {
            let undecided = progress.outcome == Outcome::Undecided;
            if undecided {
                progress.outcome = Outcome::Abandoned;
            }
            undecided
        });
    }
}
