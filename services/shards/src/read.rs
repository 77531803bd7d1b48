//! Reads a content, or a part of it, from its nodes.

use std::ops::Range;
use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use futures_util::stream::{self, Stream, StreamExt, TryStreamExt};

use crate::fetch::{Fetched, Session};
use crate::geometry::Geometry;
use crate::line::Line;
use crate::piece::STRIPE_BYTES;
use crate::store::{ShardStore, StoredContent};
use crate::transport::Transport;

/// Stripes of one read that are fetched at a time: the bytes it holds are this many stripes, and the pieces
/// it hedges.
const STRIPES_AHEAD: usize = 3;

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
    /// The reads under way have held all the memory there is for them for ten seconds. Answer 503 and let the
    /// client come back.
    #[error("too many reads are under way")]
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
    /// A defect of this program: pieces whose checksums and lengths are right do not fit each other, or the task
    /// that fetched them panicked.
    #[error("internal: a stripe could not be put together")]
    Internal,
}

impl<T: Transport> ShardStore<T> {
    /// The bytes `range` of a content, in order, in chunks of at most a piece. Ends after the first error.
    /// Only the stripes, and in them the pieces, that the range touches are asked for.
    ///
    /// What is fetched ahead counts against [`READ_BYTES_MAX`](crate::READ_BYTES_MAX) until it is taken: give
    /// readers that stop taking it a deadline, and drop them. Must be polled within a tokio runtime.
    pub fn read(
        &self,
        content: StoredContent,
        range: Range<u64>,
    ) -> impl Stream<Item = Result<Bytes, ReadError>> + Send + use<T> {
        let (geometry, size) = (Geometry::new(content.placement.layout, content.size), content.size);
        let known = range.start <= range.end && range.end <= size;
        let wrong = (!known).then_some(Err(ReadError::OutOfRange { size }));
        let parts = geometry.parts(if known { range } else { 0..0 });
        let session = Arc::new(Session::new(Arc::clone(&self.inner), content));
        let mut line = Line::new();
        let chunks = stream::iter(parts)
            .map(move |part| session.start(part, line.join()))
            .buffered(STRIPES_AHEAD)
            .map_ok(|Fetched { chunks, hold }| {
                stream::iter(chunks).map(move |chunk| {
                    // Goes with the last chunk, when the reader asks for what comes after it.
                    let _held = &hold;
                    Ok(chunk)
                })
            })
            .try_flatten();
        stream::iter(wrong).chain(chunks).scan(false, |failed, chunk| {
            let ended = std::mem::replace(failed, chunk.is_err());
            std::future::ready((!ended).then_some(chunk))
        })
    }

    /// A content of at most [`STRIPE_BYTES`], whole.
    pub async fn read_whole(&self, content: &StoredContent) -> Result<Bytes, ReadError> {
        if content.size > STRIPE_BYTES as u64 {
            return Err(ReadError::TooLarge);
        }
        let geometry = Geometry::new(content.placement.layout, content.size);
        let Some(part) = geometry.parts(0..content.size).next() else { return Ok(Bytes::new()) };
        let bytes = part.stripe.bytes;
        let session = Arc::new(Session::new(Arc::clone(&self.inner), content.clone()));
        let Fetched { chunks, hold: _hold } = session.start(part, Line::new().join()).await?;
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
