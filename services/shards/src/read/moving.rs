//! Streamed reads that continue at the present places of a content's shards.
//!
//! A read begins at the places that the shards have at that moment, and may take hours. When a shard moves, the former
//! one is discarded soon. The read does without up to two such shards. If there are more, it asks its caller where the
//! shards are now.

use std::ops::Range;

use bytes::Bytes;
use futures_util::stream::{self, BoxStream, Stream, StreamExt};

use crate::node::transport::Transport;
use crate::read::{ReadError, ReadMemory};
use crate::store::{ShardStore, StoredContent};

/// A read, and what it needs to begin again.
struct MovingRead<T: Transport, M> {
    store: ShardStore<T>,
    content: StoredContent,
    /// The range that has not been returned yet.
    rest: Range<u64>,
    memory: ReadMemory,
    chunks: BoxStream<'static, Result<Bytes, ReadError>>,
    moved: M,
}

impl<T: Transport> ShardStore<T> {
    /// The same as [`read_within`](Self::read_within), except that the content may move meanwhile: when too few shards
    /// are left at their places, `moved` is called for the content as it is now, and the read continues there.
    pub fn read_moving<M>(
        &self,
        content: StoredContent,
        range: Range<u64>,
        memory: ReadMemory,
        moved: M,
    ) -> impl Stream<Item = Result<Bytes, ReadError>> + Send + use<T, M>
    where
        M: Fn() -> Option<StoredContent> + Send,
    {
        let chunks = self.read_within(content.clone(), range.clone(), memory.clone()).boxed();
        let read = MovingRead { store: self.clone(), content, rest: range, memory, chunks, moved };
        stream::unfold(read, |mut read| async move {
            let chunk = read.next().await?;
            Some((chunk, read))
        })
    }
}

impl<T: Transport, M: Fn() -> Option<StoredContent>> MovingRead<T, M> {
    async fn next(&mut self) -> Option<Result<Bytes, ReadError>> {
        loop {
            match self.chunks.next().await? {
                Ok(chunk) => {
                    self.rest.start += chunk.len() as u64;
                    return Some(Ok(chunk));
                }
                Err(lost @ ReadError::Lost { .. }) => {
                    let moved = (self.moved)().filter(|moved| *moved != self.content);
                    let Some(moved) = moved else { return Some(Err(lost)) };
                    let (rest, memory) = (self.rest.clone(), self.memory.clone());
                    self.chunks = self.store.read_within(moved.clone(), rest, memory).boxed();
                    self.content = moved;
                }
                Err(error) => return Some(Err(error)),
            }
        }
    }
}
