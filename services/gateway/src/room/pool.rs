use std::sync::Arc;
use std::time::Duration;

use s3::{Code, Error};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::spill::Spill;

/// How long a body may wait for memory when there is no file to go to.
const ROOM_TIME_MAX: Duration = Duration::from_secs(10);

/// Bodies of up to this many bytes may use the reserve, and are read back into memory of their own.
const RESERVED_BYTES_MAX: usize = 64 * 1024;

/// How much memory a pool has, in KiB.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Sizes {
    /// For bodies of any size.
    pub(crate) shared: usize,
    /// For the first bytes of each body when the shared memory is taken.
    pub(crate) reserve: usize,
    /// For bodies that are read back from the file.
    pub(crate) landing: usize,
    /// For small ones of those bodies, so that they do not wait for large ones.
    pub(crate) small_landing: usize,
}

/// Memory that one kind of caller shares.
pub(crate) struct Pool {
    shared: Arc<Semaphore>,
    reserve: Arc<Semaphore>,
    landing: Arc<Semaphore>,
    small_landing: Arc<Semaphore>,
    pub(super) spill: Option<Arc<Spill>>,
}

/// A pool as one caller sees it, who may take only a portion of the shared memory.
#[derive(Clone)]
pub(crate) struct Memory {
    pub(super) pool: Arc<Pool>,
    /// What the caller may take over all bodies at once, in KiB; `None` for root.
    own: Option<Arc<Semaphore>>,
}

/// A part of a pool; it is returned when this is dropped.
#[derive(Debug, Default)]
pub(crate) struct Room {
    permits: Vec<OwnedSemaphorePermit>,
    /// The part of it that counts against the caller's own portion.
    own: Option<OwnedSemaphorePermit>,
    kib: usize,
}

impl Room {
    fn add(&mut self, permit: OwnedSemaphorePermit) {
        self.kib += permit.num_permits();
        // There are few: at most one each of the shared memory, the reserve and the two landings.
        match self.permits.iter_mut().find(|held| Arc::ptr_eq(held.semaphore(), permit.semaphore())) {
            Some(held) => held.merge(permit),
            None => self.permits.push(permit),
        }
    }

    /// Merges another room into this one.
    pub(super) fn join(&mut self, other: Self) {
        other.permits.into_iter().for_each(|permit| self.add(permit));
        self.own = match (self.own.take(), other.own) {
            (Some(mut own), Some(other)) => {
                own.merge(other);
                Some(own)
            }
            (own, other) => own.or(other),
        };
    }

    /// How many more KiB it needs for this many bytes.
    fn lacks(&self, bytes: usize) -> u32 {
        u32::try_from(bytes.div_ceil(1024).saturating_sub(self.kib)).unwrap_or(u32::MAX)
    }
}

impl Pool {
    pub(crate) fn new(sizes: Sizes, spill: Option<Arc<Spill>>) -> Self {
        let semaphore = |kib| Arc::new(Semaphore::new(kib));
        Self {
            shared: semaphore(sizes.shared),
            reserve: semaphore(sizes.reserve),
            landing: semaphore(sizes.landing),
            small_landing: semaphore(sizes.small_landing),
            spill,
        }
    }

    /// The pool as a caller with the portion `own` sees it.
    pub(crate) fn for_caller(self: &Arc<Self>, own: Option<Arc<Semaphore>>) -> Memory {
        Memory { pool: Arc::clone(self), own }
    }

    /// Room for a body that is read back. Such a body waits for no client, so a wait for this room is short.
    pub(super) async fn land(&self, bytes: usize) -> Result<Room, Error> {
        let mut room = Room::default();
        let landing = if bytes <= RESERVED_BYTES_MAX { &self.small_landing } else { &self.landing };
        room.add(wait(landing, room.lacks(bytes)).await?);
        Ok(room)
    }

    #[cfg(test)]
    pub(super) fn free_kib(&self) -> [usize; 3] {
        [&self.shared, &self.reserve, &self.landing].map(|semaphore| semaphore.available_permits())
    }
}

impl Memory {
    /// Grows a body's room to `bytes` if that much is free now, also in the caller's portion.
    pub(super) fn try_grow(&self, room: &mut Room, bytes: usize) -> bool {
        let lacking = room.lacks(bytes);
        if let Some(permit) = self.of_shared(lacking) {
            room.join(permit);
            return true;
        }
        if bytes > RESERVED_BYTES_MAX {
            return false;
        }
        let reserved = Arc::clone(&self.pool.reserve).try_acquire_many_owned(lacking);
        reserved.map(|permit| room.add(permit)).is_ok()
    }

    fn of_shared(&self, kib: u32) -> Option<Room> {
        let own = match &self.own {
            Some(own) => Some(Arc::clone(own).try_acquire_many_owned(kib).ok()?),
            None => None,
        };
        let shared = Arc::clone(&self.pool.shared).try_acquire_many_owned(kib).ok()?;
        let mut room = Room { own, ..Room::default() };
        room.add(shared);
        Some(room)
    }

    /// Like [`Self::try_grow`], but waits if necessary. A caller who waits for their own portion delays nobody else.
    pub(super) async fn grow(&self, room: &mut Room, bytes: usize) -> Result<(), Error> {
        let lacking = room.lacks(bytes);
        let own = match &self.own {
            Some(own) => Some(wait(own, lacking).await?),
            None => None,
        };
        let mut taken = Room { own, ..Room::default() };
        taken.add(wait(&self.pool.shared, lacking).await?);
        room.join(taken);
        Ok(())
    }
}

async fn wait(semaphore: &Arc<Semaphore>, kib: u32) -> Result<OwnedSemaphorePermit, Error> {
    match tokio::time::timeout(ROOM_TIME_MAX, Arc::clone(semaphore).acquire_many_owned(kib)).await {
        Ok(permit) => permit.map_err(|_| Error::new(Code::InternalError)),
        Err(_) => Err(Error::with_message(Code::SlowDown, "Too many uploads are in flight. Try again.")),
    }
}
