//! Streams a content of any size to its nodes, in bounded memory.

use std::sync::Arc;

use bytes::Bytes;
use domain::placement::place;
use events::ids::{BucketName, Generation, Layout, Placement, SHARDS};
use tokio::sync::{OwnedSemaphorePermit, mpsc, watch};
use tokio::time::sleep;

use crate::budget::BUDGET_WAIT_MAX;
use crate::code::piece::{PIECE_STRIDE_BYTES_MAX, PIECES_MAX};
use crate::code::tagging::{NoSecret, Tagging};
use crate::meter;
use crate::node::transport::Transport;
use crate::store::{Inner, WriteError};
use crate::write::PendingWrites;
use crate::write::progress::{LAG_PIECES_MAX, Outcome, Phase, Progress};
use crate::write::put::{self, WriteContext};
use crate::write::shard_writer::{Command, ShardWriter};
use crate::write::stripe_draft::StripeDraft;

/// Bytes of the budget that a stripe in flight takes.
const STRIPE_HELD_BYTES: usize = SHARDS * (PIECE_STRIDE_BYTES_MAX + 1024);

/// Writes one content. If it is dropped before [`finish`](Self::finish), it discards its shards in the background.
pub struct Writer<T: Transport> {
    store: Arc<Inner<T>>,
    bucket: BucketName,
    generation: Generation,
    tagging: Result<Tagging, NoSecret>,
    draft: Option<(StripeDraft, OwnedSemaphorePermit)>,
    stream: Option<Stream>,
    stripes: u32,
    size: u64,
}

/// A stored content, a quorum of whose shards is durable.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Written {
    /// The placement to record.
    pub placement: Placement,
    /// The size of the content in bytes.
    pub size: u64,
    /// The event of the log up to which it was known what nodes there are when these were chosen: to be committed with
    /// them.
    pub chosen_at: u64,
}

impl<T: Transport> Writer<T> {
    pub(crate) fn new(store: Arc<Inner<T>>, bucket: BucketName, generation: Generation) -> Self {
        let tagging = Tagging::of(generation, &store.secrets);
        Self { store, bucket, generation, tagging, draft: None, stream: None, stripes: 0, size: 0 }
    }

    /// Appends bytes. Waits while too many bytes are in flight to the nodes, and at most ten seconds for memory that
    /// all writers share. After an error the writer cannot be used any more.
    ///
    /// # Errors
    /// If the content gets too large, too few nodes are online or have room, too many nodes fail, or memory is short.
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

    /// Waits until the next stripe can be written without a wait, so that the caller need not hold its bytes meanwhile.
    ///
    /// # Errors
    /// As for [`Self::write`].
    pub async fn ready(&mut self) -> Result<(), WriteError> {
        self.send_on().await?;
        if self.draft.is_none() {
            self.open().await?;
        }
        Ok(())
    }

    /// Sends a full stripe at once rather than with the next bytes, which may come much later.
    ///
    /// # Errors
    /// As for [`Self::write`].
    pub async fn send_on(&mut self) -> Result<(), WriteError> {
        if self.draft.as_ref().is_some_and(|(draft, _)| draft.is_full()) {
            self.send().await?;
        }
        Ok(())
    }

    /// Makes the content durable. Returns once a quorum of its shards is durable, so that it would survive the loss of
    /// any one node.
    ///
    /// # Errors
    /// As for [`Self::write`], and if the content is empty.
    pub async fn finish(mut self) -> Result<Written, WriteError> {
        let written = self.close().await;
        meter::write(if written.is_ok() { "ok" } else { "failed" });
        written
    }

    /// Abandons the content; its shards are discarded in the background.
    pub fn discard(self) {
        drop(self);
    }

    /// The number of bytes written so far.
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
            // The content is a single stripe, so it is stored as one record on each node.
            let Some((draft, budget)) = self.draft.take() else { return Err(WriteError::Empty) };
            let bytes = draft.into_bytes();
            drop(budget);
            return put::put(&self.store, &self.bucket, self.generation, bytes).await;
        }
        self.send().await?;
        let Some(stream) = self.stream.take() else { return Err(WriteError::Internal("no stream")) };
        let chosen_at = stream.chosen_at;
        let placement = stream.seal(self.stripes, Layout::Striped.shard_bytes(size)).await?;
        Ok(Written { placement, size, chosen_at })
    }
}

/// The uploads of the six shards. If it is dropped undecided, it abandons the write, and each upload discards its
/// shard.
struct Stream {
    shard_writers: Vec<mpsc::Sender<Command>>,
    progress: watch::Sender<Progress>,
    pending_writes: PendingWrites,
    generation: Generation,
    chosen_at: u64,
}

impl Stream {
    fn open<T: Transport>(
        store: &Arc<Inner<T>>,
        bucket: &BucketName,
        generation: Generation,
    ) -> Result<Self, WriteError> {
        // Before the choice: whoever takes a shard later was chosen on a newer state.
        let chosen_at = store.membership.known_at();
        let nodes = place(&store.candidates(&[], SHARDS), generation, SHARDS)?;
        let progress = watch::Sender::new(Progress::new(nodes));
        let context = WriteContext { bucket: bucket.clone(), generation, layout: Layout::Striped };
        let shard_writer = |shard: usize| {
            let (sender, commands) = mpsc::channel(LAG_PIECES_MAX + 1);
            let (store, context, progress) = (Arc::clone(store), context.clone(), progress.clone());
            let shard = u8::try_from(shard).unwrap_or(u8::MAX);
            let in_flight = store.in_flight.begin(generation);
            tokio::spawn(ShardWriter { store, context, generation, shard, commands, progress, in_flight }.run());
            sender
        };
        let pending_writes = store.pending_writes.clone();
        let shard_writers = (0..SHARDS).map(shard_writer).collect();
        Ok(Self { shard_writers, progress, pending_writes, generation, chosen_at })
    }

    /// Sends a stripe when the shards are ready for it.
    async fn send(&mut self, messages: [Bytes; SHARDS], mut budget: OwnedSemaphorePermit) -> Result<(), WriteError> {
        self.wait(Progress::may_send).await?;
        let mut live = [false; SHARDS];
        self.progress.send_modify(|progress| {
            for (shard, live) in progress.shards.iter_mut().zip(&mut live) {
                *live = shard.phase == Phase::Writing;
                shard.in_flight += usize::from(*live);
            }
        });
        let share = budget.num_permits() / SHARDS;
        for ((shard_writer, message), _) in self.shard_writers.iter().zip(messages).zip(live).filter(|(_, live)| *live)
        {
            let share = budget.split(share).ok_or(WriteError::Internal("a budget is short"))?;
            // The channel is closed if the shard has just failed; its phase says so.
            let _ = shard_writer.send(Command::Piece(message, share)).await;
        }
        Ok(())
    }

    async fn seal(self, pieces: u32, bytes: u64) -> Result<Placement, WriteError> {
        for shard_writer in &self.shard_writers {
            let _ = shard_writer.send(Command::Seal { pieces, bytes }).await;
        }
        self.wait(Progress::has_quorum).await?;
        // This comes before the outcome is set, because after that each upload reports its result.
        self.pending_writes.quorum_reached(self.generation, self.shard_writers.len());
        let mut nodes = Vec::new();
        self.progress.send_modify(|progress| {
            progress.outcome = Outcome::Acknowledged;
            nodes = progress.nodes();
        });
        Ok(Placement { layout: Layout::Striped, nodes })
    }

    /// Waits until the shards are `ready`, or until so many have failed that there can be no quorum.
    async fn wait(&self, ready: impl Fn(&Progress) -> bool) -> Result<(), WriteError> {
        let mut progress = self.progress.subscribe();
        let progress = progress.wait_for(|progress| progress.cannot_reach_quorum() || ready(progress)).await;
        let progress = progress.map_err(|_| WriteError::Internal("the shards' progress is lost"))?;
        if progress.cannot_reach_quorum() {
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
