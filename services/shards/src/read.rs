//! Reads a content, or a part of it, from its nodes.

use std::ops::Range;
use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use futures_util::stream::{self, Stream, StreamExt};
use tokio::time::sleep;

use crate::budget::BUDGET_WAIT_MAX;
use crate::fetch::Session;
use crate::geometry::Geometry;
use crate::piece::STRIPE_BYTES;
use crate::read_memory::ReadMemory;
use crate::reading::{Reading, fetched};
use crate::shard_set::ShardSet;
use crate::store::{ShardStore, StoredContent};
use crate::transport::Transport;

/// Why bytes cannot be returned.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ReadError {
    /// Too few shards can be read. Try again when nodes are back; if they are, the content is lost.
    #[error("{have} shards of the content can be read, {need} are needed")]
    Lost {
        /// Shards that can be read.
        have: usize,
        /// Shards it takes.
        need: usize,
    },
    /// The reads under way have held all the memory there is for them for ten seconds, though each has little.
    /// Answer 503 and let the client come back.
    #[error("too many reads are in flight")]
    Busy,
    /// The content has no such bytes.
    #[error("the content ends at {size}")]
    OutOfRange {
        /// Bytes of the content.
        size: u64,
    },
    /// The content is longer than what is returned in one. Read it as a stream.
    #[error("the content is too large to be read in one")]
    TooLarge,
    /// Every piece is as its node says, and whatever is made of them is not what was written: more nodes have altered
    /// what they store than the code can lose.
    #[error("the shards of the content are not those that were written")]
    Altered,
    /// Its pieces are tagged by a secret of the region that was not given here: nothing tells whether they are what was
    /// stored. Give the secret of this number back.
    #[error("the content is tagged by secret {0} of the region, which is not here")]
    NoSecret(u16),
    /// A defect of this program: pieces whose checksums and lengths are right do not fit each other, or the task
    /// that fetched them panicked.
    #[error("internal: a stripe could not be put together")]
    Internal,
}

impl<T: Transport> ShardStore<T> {
    /// The bytes `range` of a content, in order, in chunks of at most a piece. Ends after the first error.
    /// Only the stripes, and in them the pieces, that the range touches are asked for.
    ///
    /// A chunk counts against [`READ_BYTES_MAX`](crate::READ_BYTES_MAX) from when it is fetched until the one after it
    /// is asked for, so ask when it is gone. A reader that is slow to ask has no more than one fetched, and a small one
    /// when memory is short. Must be polled within a tokio runtime.
    pub fn read(
        &self,
        content: StoredContent,
        range: Range<u64>,
    ) -> impl Stream<Item = Result<Bytes, ReadError>> + Send + use<T> {
        self.read_within(content, range, self.inner.read_memory.clone())
    }

    /// The same with other memory than that of [`READ_BYTES_MAX`](crate::READ_BYTES_MAX), or a portion of that.
    pub fn read_within(
        &self,
        content: StoredContent,
        range: Range<u64>,
        memory: ReadMemory,
    ) -> impl Stream<Item = Result<Bytes, ReadError>> + Send + use<T> {
        let size = content.size;
        let known = range.start <= range.end && range.end <= size;
        let wrong = (!known).then_some(Err(ReadError::OutOfRange { size }));
        let reading = Reading::new(Arc::clone(&self.inner), content, if known { range } else { 0..0 }, memory);
        let chunks = stream::unfold(reading, |mut reading| async move {
            let chunk = reading.next().await?;
            if chunk.is_err() {
                reading.end();
            }
            Some((chunk, reading))
        });
        stream::iter(wrong).chain(chunks)
    }

    /// A content of at most [`STRIPE_BYTES`], whole.
    pub async fn read_whole(&self, content: &StoredContent) -> Result<Bytes, ReadError> {
        self.read_around(content, ShardSet::EMPTY).await
    }

    /// The same without the shards `avoided`.
    pub(crate) async fn read_around(&self, content: &StoredContent, avoided: ShardSet) -> Result<Bytes, ReadError> {
        if content.size > STRIPE_BYTES as u64 {
            return Err(ReadError::TooLarge);
        }
        let geometry = Geometry::new(content.placement.layout, content.size);
        let Some(part) = geometry.parts(0..content.size).next() else { return Ok(Bytes::new()) };
        let bytes = part.stripe.bytes;
        let session = Arc::new(Session::new(Arc::clone(&self.inner), content.clone()).without(avoided));
        let budget = self.inner.whole_budget.take(bytes, sleep(BUDGET_WAIT_MAX)).await;
        let _budget = budget.ok_or(ReadError::Busy)?;
        let chunks = fetched(session.start(part)).await?;
        if let [chunk] = &chunks[..] {
            return Ok(chunk.clone());
        }
        let mut whole = BytesMut::with_capacity(bytes);
        for chunk in &chunks {
            whole.extend_from_slice(chunk);
        }
        Ok(whole.freeze())
    }
}
