//! Reads a content, or a part of it, from its nodes.

use std::ops::Range;
use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use futures_util::stream::{self, Stream, StreamExt};
use tokio::time::sleep;

use crate::budget::BUDGET_WAIT_MAX;
use crate::code::geometry::Geometry;
use crate::code::piece::STRIPE_BYTES;
use crate::code::shard_set::ShardSet;
use crate::node::transport::Transport;
use crate::read::ReadMemory;
use crate::read::fetch::Session;
use crate::read::stream::{ContentStream, fetched};
use crate::store::{ShardStore, StoredContent};

/// The reason why bytes cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ReadError {
    /// Too few shards can be read. Retry when more nodes are online; if all are, the content is lost.
    #[error("{have} shards of the content can be read, {need} are needed")]
    Lost {
        /// The number of shards that can be read.
        have: usize,
        /// The number of shards that are needed.
        need: usize,
    },
    /// The reads in flight have used up their memory for ten seconds, although each has little. Answer 503 and let the
    /// client retry.
    #[error("too many reads are in flight")]
    Busy,
    /// The range is not within the content.
    #[error("the content ends at {size}")]
    OutOfRange {
        /// The size of the content in bytes.
        size: u64,
    },
    /// The content is longer than one stripe. Read it as a stream.
    #[error("the content is too large to be read as a whole")]
    TooLarge,
    /// The checksums of all pieces match, but no choice of them gives the content that was written: more nodes have
    /// altered their shards than the code can correct.
    #[error("the shards of the content are not those that were written")]
    Altered,
    /// The pieces are tagged with the region's secret of this number, which this process does not have, so it cannot
    /// verify them. Configure the secret again.
    #[error("the content is tagged by secret {0} of the region, which this process does not have")]
    NoSecret(u16),
    /// A defect of this program: verified pieces cannot be decoded, or the task that fetched them panicked.
    #[error("internal: a stripe could not be put together")]
    Internal,
}

impl<T: Transport> ShardStore<T> {
    /// Streams the bytes `range` of a content in order, in chunks of at most a piece. Only the pieces that the range
    /// overlaps are requested. The stream ends after the first error.
    ///
    /// A chunk counts against [`READ_BYTES_MAX`](crate::READ_BYTES_MAX) from its fetch until the next chunk is polled,
    /// so poll only when the chunk has been passed on. For a slow reader only one chunk is fetched at a time, and a
    /// small one when memory is short. Must be polled within a tokio runtime.
    pub fn read(
        &self,
        content: StoredContent,
        range: Range<u64>,
    ) -> impl Stream<Item = Result<Bytes, ReadError>> + Send + use<T> {
        self.read_within(content, range, self.inner.read_memory.clone())
    }

    /// The same as [`Self::read`] with `memory` instead of the store's, or with a portion of the store's.
    pub fn read_within(
        &self,
        content: StoredContent,
        range: Range<u64>,
        memory: ReadMemory,
    ) -> impl Stream<Item = Result<Bytes, ReadError>> + Send + use<T> {
        let size = content.size;
        let known = range.start <= range.end && range.end <= size;
        let wrong = (!known).then_some(Err(ReadError::OutOfRange { size }));
        let content_stream =
            ContentStream::new(Arc::clone(&self.inner), content, if known { range } else { 0..0 }, memory);
        let chunks = stream::unfold(content_stream, |mut content_stream| async move {
            let chunk = content_stream.next().await?;
            if chunk.is_err() {
                content_stream.end();
            }
            Some((chunk, content_stream))
        });
        stream::iter(wrong).chain(chunks)
    }

    /// Reads a whole content of at most [`STRIPE_BYTES`].
    ///
    /// # Errors
    /// If the content is larger, or for the other reasons of [`ReadError`].
    pub async fn read_whole(&self, content: &StoredContent) -> Result<Bytes, ReadError> {
        self.read_without(content, ShardSet::EMPTY).await
    }

    /// The same as [`Self::read_whole`] without the shards `excluded`.
    pub(crate) async fn read_without(&self, content: &StoredContent, excluded: ShardSet) -> Result<Bytes, ReadError> {
        if content.size > STRIPE_BYTES as u64 {
            return Err(ReadError::TooLarge);
        }
        let geometry = Geometry::new(content.placement.layout, content.size);
        let Some(part) = geometry.parts(0..content.size).next() else { return Ok(Bytes::new()) };
        let bytes = part.stripe.bytes;
        let session = Arc::new(Session::new(Arc::clone(&self.inner), content.clone()).without(excluded));
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
