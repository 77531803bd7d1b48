//! One stream: its state, the bytes that do not fill a block, and what is queued.

use std::collections::VecDeque;
use std::mem;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::{Buf, Bytes};
use tokio::sync::Notify;

use crate::hasher::Hasher;
use crate::lanes::{Block, INITIAL, State};

/// The bytes of a stream that may be queued before [`Stream::update`] waits. One piece is taken whatever its length.
pub const QUEUED_BYTES_MAX: usize = 256 * 1024;

/// A stream of bytes whose MD5 is computed beside those of others. A stream that is dropped is forgotten.
pub struct Stream {
    hasher: Hasher,
    shared: Arc<Shared>,
}

/// What a stream shares with the task that hashes it.
#[derive(Default)]
pub(crate) struct Shared {
    queue: Mutex<Queue>,
    /// Something of the queue was hashed.
    progress: Notify,
}

pub(crate) struct Queue {
    pub(crate) state: State,
    partial: Block,
    /// How many bytes of `partial` there are: less than a block.
    partial_bytes: usize,
    hashed_bytes: u64,
    pieces: VecDeque<Bytes>,
    queued_bytes: usize,
    /// A task has this stream on its list, or is hashing it.
    listed: bool,
}

impl Default for Queue {
    fn default() -> Self {
        Self {
            state: INITIAL,
            partial: [0; _],
            partial_bytes: 0,
            hashed_bytes: 0,
            pieces: VecDeque::new(),
            queued_bytes: 0,
            listed: false,
        }
    }
}

impl Stream {
    pub(crate) fn new(hasher: Hasher) -> Self {
        Self { hasher, shared: Arc::default() }
    }

    /// Hashes bytes at once, in this task: for streams that are too short to share a pass.
    ///
    /// Bytes that are queued keep their order: if there are any, these are queued behind them.
    pub fn update_now(&mut self, bytes: &Bytes) {
        let mut queue = self.shared.lock();
        if queue.listed {
            queue.push(bytes.clone());
            return;
        }
        queue.hash(bytes);
    }

    /// Queues bytes, and waits while more than [`QUEUED_BYTES_MAX`] are queued already.
    ///
    /// If the future is dropped while it waits, the bytes were not taken.
    pub async fn update(&mut self, bytes: Bytes) {
        self.shared
            .wait_until(|queue| queue.queued_bytes == 0 || queue.queued_bytes + bytes.len() <= QUEUED_BYTES_MAX)
            .await;
        let mut queue = self.shared.lock();
        queue.push(bytes);
        let lists = !mem::replace(&mut queue.listed, true);
        drop(queue);
        if lists {
            self.hasher.list(Arc::clone(&self.shared));
        }
    }

    /// The digest of all bytes.
    pub async fn finish(self) -> [u8; 16] {
        self.shared.wait_until(|queue| !queue.listed).await;
        self.shared.lock().digest()
    }
}

impl Shared {
    pub(crate) fn lock(&self) -> MutexGuard<'_, Queue> {
        // A queue is never left half changed: nothing between two changes of it can panic.
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn progressed(&self) {
        self.progress.notify_one();
    }

    async fn wait_until(&self, holds: impl Fn(&Queue) -> bool) {
        while !holds(&self.lock()) {
            self.progress.notified().await;
        }
    }
}

impl Queue {
    fn push(&mut self, bytes: Bytes) {
        self.queued_bytes += bytes.len();
        self.pieces.push_back(bytes);
    }

    /// The next piece to hash, which begins with a whole block. What does not is hashed here.
    /// Without such a piece the stream is no longer listed.
    pub(crate) fn next_run(&mut self) -> Option<Bytes> {
        while let Some(mut piece) = self.pieces.pop_front() {
            self.queued_bytes -= piece.len();
            if self.partial_bytes > 0 {
                let fitting = piece.len().min(size_of::<Block>() - self.partial_bytes);
                self.hash(&piece.split_to(fitting));
            }
            if piece.len() >= size_of::<Block>() {
                return Some(piece);
            }
            self.hash(&piece);
        }
        self.listed = false;
        None
    }

    /// Takes back what a pass left of a run, of which it hashed so many blocks.
    pub(crate) fn put_back(&mut self, mut run: Bytes, state: State, blocks: usize) {
        let hashed = blocks * size_of::<Block>();
        self.state = state;
        self.hashed_bytes += hashed as u64;
        run.advance(hashed);
        if !run.is_empty() {
            self.queued_bytes += run.len();
            self.pieces.push_front(run);
        }
    }

    /// Hashes bytes, and keeps those that do not fill a block.
    fn hash(&mut self, mut bytes: &[u8]) {
        self.hashed_bytes += bytes.len() as u64;
        if self.partial_bytes > 0 {
            let (filling, rest) = bytes.split_at(bytes.len().min(size_of::<Block>() - self.partial_bytes));
            self.keep(filling);
            if self.partial_bytes < size_of::<Block>() {
                return;
            }
            md5::block_api::compress(&mut self.state, &[self.partial]);
            self.partial_bytes = 0;
            bytes = rest;
        }
        let (blocks, rest) = bytes.as_chunks();
        md5::block_api::compress(&mut self.state, blocks);
        self.keep(rest);
    }

    fn keep(&mut self, bytes: &[u8]) {
        self.partial[self.partial_bytes..][..bytes.len()].copy_from_slice(bytes);
        self.partial_bytes += bytes.len();
    }

    /// Pads what was hashed, as RFC 1321 says: a bit that is set, zeros, and the length in bits.
    fn digest(&mut self) -> [u8; 16] {
        const LENGTH_AT: usize = size_of::<Block>() - size_of::<u64>();
        let bits = self.hashed_bytes.wrapping_mul(8);
        let zeros = (LENGTH_AT + size_of::<Block>() - 1 - self.partial_bytes) % size_of::<Block>();
        let mut padding = vec![0x80];
        padding.resize(1 + zeros, 0);
        padding.extend_from_slice(&bits.to_le_bytes());
        self.hash(&padding);
        let mut digest = [0; 16];
        for (bytes, word) in digest.as_chunks_mut().0.iter_mut().zip(self.state) {
            *bytes = word.to_le_bytes();
        }
        digest
    }
}
