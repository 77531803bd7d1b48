//! Memory of full pieces that are read from files, used again. A buffer that is fresh each time costs the kernel a page
//! fault and a page of zeros for each 4 KiB of it, which is more than the tag of the piece costs.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;

use crate::piece::{PIECE_STRIDE_BYTES_MAX, UNIT_BYTES};

/// Buffers that wait to be used again, at most: 8 MiB.
const WAITING_MAX: usize = 32;

/// Buffers that were used before.
#[derive(Debug, Default)]
pub(crate) struct Buffers(Mutex<Vec<Vec<u8>>>);

/// Bytes in a buffer, which is given back with them.
struct Lent {
    bytes: Vec<u8>,
    home: Arc<Buffers>,
}

impl Buffers {
    /// An empty buffer with room for `length` bytes, and perhaps more.
    pub(crate) fn take(&self, length: usize) -> Vec<u8> {
        if length <= UNIT_BYTES || length > PIECE_STRIDE_BYTES_MAX {
            return Vec::with_capacity(length);
        }
        self.waiting().pop().unwrap_or_else(|| Vec::with_capacity(PIECE_STRIDE_BYTES_MAX))
    }

    /// The bytes in a buffer that was taken here.
    pub(crate) fn lend(self: &Arc<Self>, bytes: Vec<u8>) -> Bytes {
        if bytes.capacity() < PIECE_STRIDE_BYTES_MAX {
            return bytes.into();
        }
        Bytes::from_owner(Lent { bytes, home: Arc::clone(self) })
    }

    fn waiting(&self) -> MutexGuard<'_, Vec<Vec<u8>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl AsRef<[u8]> for Lent {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}

impl Drop for Lent {
    fn drop(&mut self) {
        let mut bytes = std::mem::take(&mut self.bytes);
        bytes.clear();
        let mut waiting = self.home.waiting();
        if waiting.len() < WAITING_MAX {
            waiting.push(bytes);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn buffers_of_full_pieces_are_used_again_once_nobody_has_their_bytes() {
        let buffers: Arc<Buffers> = Arc::default();
        let mut first = buffers.take(PIECE_STRIDE_BYTES_MAX);
        let place = first.as_ptr();
        first.extend_from_slice(b"bytes");
        let lent = buffers.lend(first);
        let slice = lent.slice(1..3);
        drop(lent);
        let other = buffers.take(PIECE_STRIDE_BYTES_MAX);
        assert_ne!(other.as_ptr(), place, "a part of it is in use");
        assert_eq!(&slice[..], b"yt");
        drop(slice);
        let again = buffers.take(UNIT_BYTES + 1);
        assert_eq!((again.as_ptr(), again.len()), (place, 0));
    }

    #[test]
    fn few_wait_and_none_of_another_size() {
        let buffers: Arc<Buffers> = Arc::default();
        let lent: Vec<Bytes> =
            (0..2 * WAITING_MAX).map(|_| buffers.lend(buffers.take(PIECE_STRIDE_BYTES_MAX))).collect();
        drop(lent);
        assert_eq!(buffers.waiting().len(), WAITING_MAX);
        drop(buffers.lend(buffers.take(UNIT_BYTES)));
        assert_eq!(buffers.waiting().len(), WAITING_MAX);
        assert!(buffers.take(100).capacity() < PIECE_STRIDE_BYTES_MAX);
    }
}
