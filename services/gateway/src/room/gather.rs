use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use s3::{Code, Error};

use super::pool::{Memory, Room};
use super::spill::Spilled;

/// Pieces of at least this many bytes are kept as they arrived; smaller ones are copied together, because a small slice
/// may keep a large network buffer alive.
const KEPT_BYTES_MIN: usize = 16 * 1024;

/// Small pieces are copied together in buffers of at most this many bytes.
const COPIED_BYTES_MAX: usize = 64 * 1024;

/// Once a part of a body is in the file, at most this many bytes of it are in memory.
const UNSPILLED_BYTES_MAX: usize = 64 * 1024;

/// Gathers the bytes of a body until there are enough or the body ends.
pub(crate) struct Gather {
    memory: Memory,
    room: Room,
    /// The bytes in memory: whole pieces, then small ones copied together.
    pieces: Vec<Bytes>,
    copied: BytesMut,
    held: usize,
    /// The bytes before them, in the file.
    spilled: Option<Spilled>,
}

/// Gathered bytes, all in memory, and their room there.
pub(crate) struct Gathered {
    pub(crate) pieces: Vec<Bytes>,
    pub(crate) room: Room,
}

impl Gathered {
    /// The bytes in one buffer.
    pub(crate) fn whole(mut self) -> (Bytes, Room) {
        let whole =
            if self.pieces.len() <= 1 { self.pieces.pop().unwrap_or_default() } else { self.pieces.concat().into() };
        (whole, self.room)
    }
}

impl Gather {
    pub(crate) fn new(memory: Memory) -> Self {
        Self { memory, room: Room::default(), pieces: Vec::new(), copied: BytesMut::new(), held: 0, spilled: None }
    }

    /// The number of bytes.
    pub(crate) fn len(&self) -> usize {
        self.held + self.spilled.as_ref().map_or(0, Spilled::bytes)
    }

    /// Adds bytes. Waits for memory only where there is no file.
    pub(crate) async fn push(&mut self, bytes: Bytes) -> Result<(), Error> {
        let held = self.held + bytes.len();
        let may_hold = self.spilled.is_none() || held <= UNSPILLED_BYTES_MAX;
        if !(may_hold && self.memory.try_grow(&mut self.room, held)) {
            if self.spill(&bytes).await {
                return Ok(());
            }
            self.memory.grow(&mut self.room, held).await?;
        }
        self.keep(bytes);
        Ok(())
    }

    /// Takes everything that was gathered. Bytes from the file wait for memory that is reserved for whole bodies.
    pub(crate) async fn take(&mut self) -> Result<Gathered, Error> {
        self.seal_copied();
        let (mut pieces, mut room) = (std::mem::take(&mut self.pieces), std::mem::take(&mut self.room));
        self.held = 0;
        if let Some(spilled) = self.spilled.take() {
            let landing = self.memory.pool.land(spilled.bytes()).await?;
            let bytes = spilled.read().await.map_err(|error| {
                tracing::error!(%error, "a body cannot be read back from its file");
                Error::new(Code::InternalError)
            })?;
            pieces.insert(0, bytes);
            room.join(landing);
        }
        Ok(Gathered { pieces, room })
    }

    /// Moves everything in memory, and then `bytes`, to the file. Returns false if the file has no room.
    async fn spill(&mut self, bytes: &Bytes) -> bool {
        let Some(spill) = &self.memory.pool.spill else { return false };
        let spilled = self.spilled.get_or_insert_with(|| Spilled::new(Arc::clone(spill)));
        let mut pieces = self.pieces.clone();
        pieces.extend([Bytes::copy_from_slice(&self.copied), bytes.clone()]);
        match spilled.append(&pieces).await {
            Ok(()) => {
                self.pieces = Vec::new();
                self.copied = BytesMut::new();
                self.room = Room::default();
                self.held = 0;
                true
            }
            Err(error) => {
                tracing::debug!(%error, "a body is waiting for memory");
                false
            }
        }
    }

    fn keep(&mut self, bytes: Bytes) {
        self.held += bytes.len();
        if self.held == bytes.len() || bytes.len() >= KEPT_BYTES_MIN {
            self.seal_copied();
            self.pieces.push(bytes);
            return;
        }
        if self.copied.len() + bytes.len() > COPIED_BYTES_MAX {
            self.seal_copied();
        }
        self.copied.extend_from_slice(&bytes);
    }

    fn seal_copied(&mut self) {
        if !self.copied.is_empty() {
            self.pieces.push(std::mem::take(&mut self.copied).freeze());
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio::time::Instant;

    use super::super::pool::{Pool, Sizes};
    use super::super::portions::Portions;
    use super::super::spill::Spill;
    use super::*;

    const SIZES: Sizes = Sizes { shared: 512, reserve: 128, landing: 1024, small_landing: 64 };

    fn pool(slots: Option<u32>) -> (tempfile::TempDir, Arc<Pool>) {
        let folder = tempfile::tempdir().unwrap();
        let spill = slots.map(|slots| Spill::open(folder.path(), slots).unwrap());
        (folder, Arc::new(Pool::new(SIZES, spill)))
    }

    fn bytes(length: usize, seed: usize) -> Bytes {
        (0..length).map(|i| u8::try_from((i * 7 + i * i + seed) % 251).unwrap()).collect()
    }

    fn free(pool: &Pool) -> [usize; 3] {
        pool.free_kib()
    }

    #[tokio::test]
    async fn memory_is_taken_for_what_arrives_and_given_back() {
        let (_folder, pool) = pool(None);
        let mut gather = Gather::new(pool.for_caller(None));
        assert_eq!(free(&pool), [512, 128, 1024]);
        gather.push(bytes(1, 0)).await.unwrap();
        assert_eq!(free(&pool), [511, 128, 1024]);
        gather.push(bytes(1024, 1)).await.unwrap();
        gather.push(bytes(40_000, 2)).await.unwrap();
        assert_eq!((gather.len(), free(&pool)[0]), (41_025, 512 - 41));
        let (whole, room) = gather.take().await.unwrap().whole();
        assert!(whole == [bytes(1, 0), bytes(1024, 1), bytes(40_000, 2)].concat());
        assert_eq!((gather.len(), free(&pool)[0]), (0, 512 - 41));
        drop(room);
        gather.push(bytes(5_000, 0)).await.unwrap();
        drop(gather);
        assert_eq!(free(&pool), [512, 128, 1024], "whoever goes in the middle gives all of it back");
    }

    #[tokio::test]
    async fn one_caller_goes_to_the_file_and_leaves_memory_to_the_others() {
        let (_folder, pool) = pool(Some(4));
        let portions = Portions::new(384);
        let gather = |caller: &str| Gather::new(pool.for_caller(Some(portions.of(&caller))));
        let (mut first, mut second, mut other) = (gather("one"), gather("one"), gather("other"));
        first.push(bytes(256 * 1024, 0)).await.unwrap();
        second.push(bytes(256 * 1024, 1)).await.unwrap();
        assert_eq!((second.len(), free(&pool)[0]), (256 * 1024, 256), "its second body is in the file");
        other.push(bytes(256 * 1024, 2)).await.unwrap();
        assert_eq!(free(&pool)[0], 0);
        let (whole, room) = first.take().await.unwrap().whole();
        assert_eq!((whole.len(), portions.of(&"one").available_permits()), (256 * 1024, 128));
        drop(room);
        assert_eq!((portions.of(&"one").available_permits(), free(&pool)[0]), (384, 256));
        assert!(second.take().await.unwrap().whole().0 == bytes(256 * 1024, 1));
    }

    #[tokio::test]
    async fn the_slow_go_to_the_file_and_the_small_to_the_reserve() {
        let (_folder, pool) = pool(Some(4));
        let mut holder = Gather::new(pool.for_caller(None));
        holder.push(bytes(512 * 1024, 0)).await.unwrap();
        let mut large = Gather::new(pool.for_caller(None));
        let mut sent = Vec::new();
        for round in 0..90 {
            let piece = bytes(8_000 + round, round);
            large.push(piece.clone()).await.unwrap();
            sent.extend_from_slice(&piece);
        }
        let mut small = Gather::new(pool.for_caller(None));
        small.push(bytes(4096, 3)).await.unwrap();
        assert_eq!((large.len(), free(&pool)[0]), (sent.len(), 0));
        assert!(pool.free_kib()[1] >= 60, "a large body leaves the reserve");
        let (whole, room) = large.take().await.unwrap().whole();
        assert!(whole == sent);
        assert!(free(&pool)[2] < 1024);
        drop(room);
        assert!(small.take().await.unwrap().whole().0 == bytes(4096, 3));
        drop(holder);
        assert_eq!(free(&pool), [512, 128, 1024]);
        assert_eq!(pool.spill.as_ref().unwrap().slots_taken(), 0);
    }

    #[tokio::test]
    async fn any_number_of_bodies_that_stop_in_the_middle_stop_nobody() {
        let (_folder, pool) = pool(Some(64));
        let mut idle = Vec::new();
        for number in 0..50 {
            let mut gather = Gather::new(pool.for_caller(None));
            gather.push(bytes(100_000, number)).await.unwrap();
            idle.push(gather);
        }
        let begin = Instant::now();
        let mut small = Gather::new(pool.for_caller(None));
        small.push(bytes(4096, 1)).await.unwrap();
        small.take().await.unwrap();
        let mut large = Gather::new(pool.for_caller(None));
        for round in 0..16 {
            large.push(bytes(65_536, round)).await.unwrap();
        }
        assert!(
            large.take().await.unwrap().whole().0 == (0..16).flat_map(|round| bytes(65_536, round)).collect::<Vec<_>>()
        );
        assert!(begin.elapsed() < Duration::from_secs(5), "{:?}", begin.elapsed());
        for (number, mut gather) in idle.into_iter().enumerate() {
            assert!(gather.take().await.unwrap().whole().0 == bytes(100_000, number));
        }
    }

    #[tokio::test]
    async fn a_small_body_lands_beside_large_ones_that_wait_for_the_nodes() {
        let (_folder, pool) = pool(Some(64));
        let mut holder = Gather::new(pool.for_caller(None));
        holder.push(bytes(512 * 1024, 0)).await.unwrap();
        let mut large = Gather::new(pool.for_caller(None));
        large.push(bytes(1024 * 1024, 1)).await.unwrap();
        let landed = large.take().await.unwrap().whole();
        assert_eq!(free(&pool)[2], 0);
        let mut reserved = Gather::new(pool.for_caller(None));
        let mut small = Gather::new(pool.for_caller(None));
        for round in 0..2 {
            reserved.push(bytes(32 * 1024, round)).await.unwrap();
        }
        let mut other = Gather::new(pool.for_caller(None));
        other.push(bytes(64 * 1024, 1)).await.unwrap();
        small.push(bytes(40_000, 3)).await.unwrap();
        assert!(small.spilled.is_some(), "shared memory and reserve are taken");
        let begin = Instant::now();
        assert!(small.take().await.unwrap().whole().0 == bytes(40_000, 3));
        assert!(begin.elapsed() < Duration::from_secs(5), "{:?}", begin.elapsed());
        drop(landed);
    }

    #[tokio::test(start_paused = true)]
    async fn without_a_file_they_wait_but_not_for_ever() {
        let (_folder, pool) = pool(None);
        let mut holder = Gather::new(pool.for_caller(None));
        holder.push(bytes(512 * 1024, 0)).await.unwrap();
        let begin = Instant::now();
        let mut large = Gather::new(pool.for_caller(None));
        let refused = large.push(bytes(100_000, 0)).await.unwrap_err();
        assert_eq!((refused.code(), begin.elapsed().as_secs()), (Code::SlowDown, 10));
        Gather::new(pool.for_caller(None)).push(bytes(4096, 0)).await.unwrap();
        drop(holder);
        large.push(bytes(100_000, 0)).await.unwrap();
    }
}
