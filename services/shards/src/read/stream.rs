//! One streamed read: what it fetches ahead of its reader, and the memory for that.

use std::collections::VecDeque;
use std::ops::Range;
use std::sync::Arc;

use bytes::Bytes;
use tokio::time::{Instant, sleep};

use crate::budget::BUDGET_WAIT_MAX;
use crate::code::geometry::{Extent, Geometry};
use crate::code::piece::STRIPE_BYTES;
use crate::node::transport::Transport;
use crate::read::content::ReadError;
use crate::read::fetch::Session;
use crate::read::memory::{ReadMemory, ReadPermit};
use crate::read::task::Task;
use crate::read::window::Window;
use crate::store::{Inner, StoredContent};

/// Bytes that a read takes at a time when memory is short. The rest of the piece is dropped and fetched again for the
/// next slice: that costs the nodes of a slow reader little, and leaves memory for ten times as many readers.
const SLICE_BYTES: usize = 32 * 1024;

/// Quarters of the memory that whole stripes leave free while the rate of their reader is unknown.
const FREE_QUARTERS_NEW: usize = 3;

/// Quarters of the memory that single pieces leave free for the slices of slow readers.
const FREE_QUARTERS_PIECES: usize = 2;

/// Quarters of the memory that whole stripes of fast readers leave free: they return soon what they take.
const FREE_QUARTERS_FAST: usize = 1;

/// A streamed read of one content.
pub(crate) struct ContentStream<T> {
    session: Arc<Session<T>>,
    memory: ReadMemory,
    geometry: Geometry,
    /// The range that is not being fetched yet.
    rest: Range<u64>,
    ahead: VecDeque<Prefetch>,
    chunks: VecDeque<Chunk>,
    window: Window,
    held: Option<HeldChunk>,
}

/// A part that is being fetched, or that waits for its reader.
struct Prefetch {
    bytes: usize,
    permit: ReadPermit,
    task: Task<Result<Vec<Bytes>, ReadError>>,
}

/// Bytes that have been fetched.
struct Chunk {
    bytes: Bytes,
    permit: Option<ReadPermit>,
}

/// The chunk that the reader is processing.
struct HeldChunk {
    bytes: usize,
    at: Instant,
    _permit: Option<ReadPermit>,
}

impl<T: Transport> ContentStream<T> {
    pub(crate) fn new(store: Arc<Inner<T>>, content: StoredContent, range: Range<u64>, memory: ReadMemory) -> Self {
        let geometry = Geometry::new(content.placement.layout, content.size);
        let session = Arc::new(Session::new(store, content));
        let (ahead, chunks) = (VecDeque::new(), VecDeque::new());
        Self { session, memory, geometry, rest: range, ahead, chunks, window: Window::default(), held: None }
    }

    /// The next chunk, or `None` after the last.
    pub(crate) async fn next(&mut self) -> Option<Result<Bytes, ReadError>> {
        if let Some(held) = self.held.take() {
            self.window.taken(held.bytes, held.at.elapsed());
        }
        loop {
            self.prefetch();
            if let Some(Chunk { bytes, permit }) = self.chunks.pop_front() {
                if self.window.is_slow() && self.ahead.is_empty() {
                    // Otherwise its files would stay open while the reader is slow.
                    self.session = Arc::new(self.session.reopened());
                }
                self.held = Some(HeldChunk { bytes: bytes.len(), at: Instant::now(), _permit: permit });
                return Some(Ok(bytes));
            }
            let fetched = match self.ahead.pop_front() {
                Some(ahead) => ahead.fetched().await,
                None if self.rest.is_empty() => return None,
                None => {
                    let permit = self.memory.take(SLICE_BYTES, sleep(BUDGET_WAIT_MAX)).await;
                    permit.ok_or(ReadError::Busy).map(|permit| {
                        self.begin(Extent::Slice(SLICE_BYTES), permit);
                        Vec::new()
                    })
                }
            };
            match fetched {
                Ok(chunks) => self.chunks.extend(chunks),
                Err(error) => return Some(Err(error)),
            }
        }
    }

    /// Ends the stream.
    pub(crate) fn end(&mut self) {
        self.rest.start = self.rest.end;
        self.ahead.clear();
        self.chunks.clear();
    }

    /// Starts to fetch what the reader will need soon, as far as memory is free.
    fn prefetch(&mut self) {
        let here: usize = self.chunks.iter().map(|chunk| chunk.bytes.len()).sum();
        let mut ahead: usize = here + self.ahead.iter().map(|ahead| ahead.bytes).sum::<usize>();
        while ahead < self.window.bytes() {
            let Some((extent, permit)) = self.next_extent() else { return };
            ahead += self.begin(extent, permit);
        }
    }

    /// The largest extent that may be fetched now, and the memory for it.
    fn next_extent(&self) -> Option<(Extent, ReadPermit)> {
        let spare = |extent, left| {
            let part = self.geometry.first_part(self.rest.clone(), extent)?;
            Some((extent, self.memory.take_spare(part.fetched_bytes(), left)?))
        };
        let free_quarters = if self.window.is_fast() { FREE_QUARTERS_FAST } else { FREE_QUARTERS_NEW };
        let stripe = if self.window.bytes() >= STRIPE_BYTES { spare(Extent::Stripe, free_quarters) } else { None };
        stripe.or_else(|| spare(Extent::Piece, FREE_QUARTERS_PIECES))
    }

    /// Starts to fetch the next part, and returns its number of bytes.
    fn begin(&mut self, extent: Extent, permit: ReadPermit) -> usize {
        let Some(part) = self.geometry.first_part(self.rest.clone(), extent) else { return 0 };
        let bytes = part.bytes();
        self.rest.start += bytes as u64;
        let task = match extent {
            Extent::Slice(_) => self.session.start_slice(part),
            Extent::Stripe | Extent::Piece => self.session.start(part),
        };
        self.ahead.push_back(Prefetch { bytes, permit, task });
        bytes
    }
}

impl Prefetch {
    /// Waits for the chunks. Each returns its share of the memory when it is dropped, and the last one the rest.
    async fn fetched(self) -> Result<Vec<Chunk>, ReadError> {
        let mut permit = self.permit;
        let mut chunks: Vec<Chunk> = Vec::new();
        for bytes in fetched(self.task).await? {
            let share = permit.share(bytes.len());
            chunks.push(Chunk { bytes, permit: share });
        }
        if let Some(Chunk { permit: Some(last), .. }) = chunks.last_mut() {
            last.merge(permit);
        }
        Ok(chunks)
    }
}

/// Waits for the result of a fetch.
pub(crate) async fn fetched<F: Send + 'static>(task: Task<Result<F, ReadError>>) -> Result<F, ReadError> {
    task.await.unwrap_or_else(|error| {
        tracing::error!(%error, "the fetch of a stripe was interrupted");
        Err(ReadError::Internal)
    })
}
