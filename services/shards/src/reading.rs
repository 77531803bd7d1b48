//! One read under way: what is fetched ahead of its reader, and the memory that takes.

use std::collections::VecDeque;
use std::ops::Range;
use std::sync::Arc;

use bytes::Bytes;
use tokio::time::{Instant, sleep};

use crate::budget::BUDGET_WAIT_MAX;
use crate::fetch::Session;
use crate::geometry::{Extent, Geometry};
use crate::piece::STRIPE_BYTES;
use crate::read::ReadError;
use crate::read_memory::{ReadMemory, ReadPermit};
use crate::store::{Inner, StoredContent};
use crate::task::Task;
use crate::transport::Transport;
use crate::window::Window;

/// What a read takes at a time when memory is short. The rest of the piece is dropped, and fetched again for the next
/// slice: that costs a slow reader's nodes little, and leaves memory for ten times as many readers.
const SLICE_BYTES: usize = 32 * 1024;

/// Quarters of the memory that whole stripes leave to others while nothing is known of their reader.
const LEFT_BY_NEW: usize = 3;

/// Quarters that single pieces leave to the slices of slow readers.
const LEFT_BY_PIECES: usize = 2;

/// Quarters that whole stripes of fast readers leave: they give back soon what they take.
const LEFT_BY_FAST: usize = 1;

/// A read of one content.
pub(crate) struct Reading<T> {
    session: Arc<Session<T>>,
    memory: ReadMemory,
    geometry: Geometry,
    /// What nobody fetches yet.
    rest: Range<u64>,
    ahead: VecDeque<Ahead>,
    chunks: VecDeque<Chunk>,
    window: Window,
    given: Option<Given>,
}

/// A part that is being fetched, or waits to be asked for.
struct Ahead {
    bytes: usize,
    permit: ReadPermit,
    task: Task<Result<Vec<Bytes>, ReadError>>,
}

/// Bytes that are here.
struct Chunk {
    bytes: Bytes,
    permit: Option<ReadPermit>,
}

/// The chunk that the reader has.
struct Given {
    bytes: usize,
    at: Instant,
    _permit: Option<ReadPermit>,
}

impl<T: Transport> Reading<T> {
    pub(crate) fn new(store: Arc<Inner<T>>, content: StoredContent, range: Range<u64>, memory: ReadMemory) -> Self {
        let geometry = Geometry::new(content.placement.layout, content.size);
        let session = Arc::new(Session::new(store, content));
        let (ahead, chunks) = (VecDeque::new(), VecDeque::new());
        Self { session, memory, geometry, rest: range, ahead, chunks, window: Window::default(), given: None }
    }

    /// The next chunk, or `None` after the last.
    pub(crate) async fn next(&mut self) -> Option<Result<Bytes, ReadError>> {
        if let Some(given) = self.given.take() {
            self.window.taken(given.bytes, given.at.elapsed());
        }
        loop {
            self.look_ahead();
            if let Some(Chunk { bytes, permit }) = self.chunks.pop_front() {
                if self.window.is_slow() && self.ahead.is_empty() {
                    // Its files would stay open for as long as it takes.
                    self.session = Arc::new(self.session.reopened());
                }
                self.given = Some(Given { bytes: bytes.len(), at: Instant::now(), _permit: permit });
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

    /// There is nothing more to read.
    pub(crate) fn end(&mut self) {
        self.rest.start = self.rest.end;
        self.ahead.clear();
        self.chunks.clear();
    }

    /// Begins to fetch what the reader will ask for soon, as far as there is memory to spare.
    fn look_ahead(&mut self) {
        let here: usize = self.chunks.iter().map(|chunk| chunk.bytes.len()).sum();
        let mut ahead: usize = here + self.ahead.iter().map(|ahead| ahead.bytes).sum::<usize>();
        while ahead < self.window.bytes() {
            let Some((extent, permit)) = self.afford() else { return };
            ahead += self.begin(extent, permit);
        }
    }

    /// The most that may be fetched now in one go, and the memory for it.
    fn afford(&self) -> Option<(Extent, ReadPermit)> {
        let spare = |extent, left| {
            let part = self.geometry.first_part(self.rest.clone(), extent)?;
            Some((extent, self.memory.take_spare(part.fetched_bytes(), left)?))
        };
        let left_by_stripes = if self.window.is_fast() { LEFT_BY_FAST } else { LEFT_BY_NEW };
        let stripe = if self.window.bytes() >= STRIPE_BYTES { spare(Extent::Stripe, left_by_stripes) } else { None };
        stripe.or_else(|| spare(Extent::Piece, LEFT_BY_PIECES))
    }

    /// Begins to fetch the next part, and says how many bytes it has.
    fn begin(&mut self, extent: Extent, permit: ReadPermit) -> usize {
        let Some(part) = self.geometry.first_part(self.rest.clone(), extent) else { return 0 };
        let bytes = part.bytes();
        self.rest.start += bytes as u64;
        let task = match extent {
            Extent::Slice(_) => self.session.start_slice(part),
            Extent::Stripe | Extent::Piece => self.session.start(part),
        };
        self.ahead.push_back(Ahead { bytes, permit, task });
        bytes
    }
}

impl Ahead {
    /// Its chunks. Each gives back its part of the budget when it goes, and the last one the rest.
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

/// What a task fetched.
pub(crate) async fn fetched(task: Task<Result<Vec<Bytes>, ReadError>>) -> Result<Vec<Bytes>, ReadError> {
    task.await.unwrap_or_else(|error| {
        tracing::error!(%error, "the fetch of a stripe was interrupted");
        Err(ReadError::Internal)
    })
}
