//! A pool of buffers for full pieces that are read from files. A new buffer for each piece would cost the kernel a page
//! fault and a page of zeros for each 4 KiB, which is more than the tag of the piece costs.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;

use crate::code::piece::{PIECE_STRIDE_BYTES_MAX, UNIT_BYTES};

/// The most idle buffers: 8 MiB.
const IDLE_MAX: usize = 32;

/// The idle buffers.
#[derive(Debug, Default)]
pub(crate) struct BufferPool(Mutex<Vec<Vec<u8>>>);

/// The bytes in a buffer, which returns to its pool when they are dropped.
struct PooledBuffer {
    bytes: Vec<u8>,
    pool: Arc<BufferPool>,
}

impl BufferPool {
    /// An empty buffer with a capacity of at least `length` bytes.
    pub(crate) fn take(&self, length: usize) -> Vec<u8> {
        if length <= UNIT_BYTES || length > PIECE_STRIDE_BYTES_MAX {
            return Vec::with_capacity(length);
        }
        self.idle().pop().unwrap_or_else(|| Vec::with_capacity(PIECE_STRIDE_BYTES_MAX))
    }

    /// Wraps a filled buffer that was taken from this pool.
    pub(crate) fn wrap(self: &Arc<Self>, bytes: Vec<u8>) -> Bytes {
        if bytes.capacity() < PIECE_STRIDE_BYTES_MAX {
            return bytes.into();
        }
        Bytes::from_owner(PooledBuffer { bytes, pool: Arc::clone(self) })
    }

    fn idle(&self) -> MutexGuard<'_, Vec<Vec<u8>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl AsRef<[u8]> for PooledBuffer {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}

impl Drop for PooledBuffer {
    fn drop(&mut self) {
        let mut bytes = std::mem::take(&mut self.bytes);
        bytes.clear();
        let mut idle = self.pool.idle();
        if idle.len() < IDLE_MAX {
            idle.push(bytes);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn buffers_of_full_pieces_are_used_again_once_nobody_has_their_bytes() {
        let pool: Arc<BufferPool> = Arc::default();
        let mut first = pool.take(PIECE_STRIDE_BYTES_MAX);
        let address = first.as_ptr();
        first.extend_from_slice(b"bytes");
        let lent = pool.wrap(first);
        let slice = lent.slice(1..3);
        drop(lent);
        let other = pool.take(PIECE_STRIDE_BYTES_MAX);
        assert_ne!(other.as_ptr(), address, "a part of it is in use");
        assert_eq!(&slice[..], b"yt");
        drop(slice);
        let again = pool.take(UNIT_BYTES + 1);
        assert_eq!((again.as_ptr(), again.len()), (address, 0));
    }

    #[test]
    fn few_are_idle_and_none_of_another_size() {
        let pool: Arc<BufferPool> = Arc::default();
        let lent: Vec<Bytes> = (0..2 * IDLE_MAX).map(|_| pool.wrap(pool.take(PIECE_STRIDE_BYTES_MAX))).collect();
        drop(lent);
        assert_eq!(pool.idle().len(), IDLE_MAX);
        drop(pool.wrap(pool.take(UNIT_BYTES)));
        assert_eq!(pool.idle().len(), IDLE_MAX);
        assert!(pool.take(100).capacity() < PIECE_STRIDE_BYTES_MAX);
    }
}
