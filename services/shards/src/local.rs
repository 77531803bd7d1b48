//! Short-circuit reads: a node on this host says where a shard lies, and its pieces are read from there.
//!
//! Source: HDFS short-circuit local reads (HDFS-347), here by path in place of a passed descriptor.

use std::collections::HashMap;
use std::fs::File;
use std::io;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use events::ids::NodeId;
use rustix::buffer::spare_capacity;
use rustix::io::{Errno, pread};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::Instant;
use uuid::Uuid;

use crate::nodes::Membership;
use crate::piece::{PIECE_HEADER_BYTES, Piece, UNIT_BYTES};
use crate::protocol::Place;

/// How long a node whose files could not be read is asked for bytes, before its files are tried again.
const REFUSED: Duration = Duration::from_mins(1);

/// Files of nodes that are open here, at most. Where they are used up, nodes are asked for bytes.
const FILES_MAX: usize = 1024;

/// Which nodes' files can be read from here.
#[derive(Debug)]
pub(crate) struct LocalAccess {
    host: Option<Uuid>,
    refused: Mutex<HashMap<NodeId, Instant>>,
    files: Arc<Semaphore>,
}

impl LocalAccess {
    pub(crate) fn new(host: Option<Uuid>) -> Self {
        Self { host, refused: Mutex::default(), files: Arc::new(Semaphore::new(FILES_MAX)) }
    }

    /// This host, if `node` is on it and its files are worth trying.
    pub(crate) fn host_of(&self, node: &NodeId, membership: &Membership, now: Instant) -> Option<Uuid> {
        let host = self.host.filter(|host| membership.is_on_host(node, *host))?;
        let refused = self.refused.lock().unwrap_or_else(PoisonError::into_inner);
        let recently = refused.get(node).is_some_and(|since| now.duration_since(*since) < REFUSED);
        (!recently).then_some(host)
    }

    /// Leave to open one more file, if not too many are open.
    pub(crate) fn turn(&self) -> Option<OwnedSemaphorePermit> {
        Arc::clone(&self.files).try_acquire_owned().ok()
    }

    /// Takes in that a file of `node` could not be read, as between containers that share a host.
    pub(crate) fn refuse(&self, node: &NodeId, now: Instant) {
        self.refused.lock().unwrap_or_else(PoisonError::into_inner).insert(node.clone(), now);
    }
}

/// A shard's open file.
#[derive(Debug)]
pub(crate) struct LocalShard {
    file: File,
    place: Place,
    _turn: Option<OwnedSemaphorePermit>,
}

impl LocalShard {
    pub(crate) fn open(place: Place) -> io::Result<Self> {
        Ok(Self { file: File::open(&place.path)?, place, _turn: None })
    }

    /// The same, as one of those that may be open.
    pub(crate) fn open_as(place: Place, turn: OwnedSemaphorePermit) -> io::Result<Self> {
        Ok(Self { _turn: Some(turn), ..Self::open(place)? })
    }

    /// Reads piece `index`; nothing if the shard has no such piece or the bytes there are none. The checksum is
    /// the caller's to check.
    pub(crate) fn read(&self, index: u32) -> io::Result<Option<Piece>> {
        if index >= self.place.pieces {
            return Ok(None);
        }
        let bytes = if index + 1 == self.place.pieces { self.place.last_bytes as usize } else { UNIT_BYTES };
        let offset = self.place.offset + u64::from(index) * u64::from(self.place.stride);
        let mut wire = Vec::with_capacity(PIECE_HEADER_BYTES + bytes);
        while wire.len() < PIECE_HEADER_BYTES + bytes {
            let at = offset + wire.len() as u64;
            match pread(&self.file, spare_capacity(&mut wire), at) {
                Ok(0) => break,
                Ok(_) | Err(Errno::INTR) => {}
                Err(error) => return Err(error.into()),
            }
        }
        // The allocator may have given more room than asked for, and the file may go on.
        wire.truncate(PIECE_HEADER_BYTES + bytes);
        Ok(Piece::take(&mut Bytes::from(wire)).ok())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    #[test]
    fn pieces_are_read_from_where_they_lie() {
        let shard = Uuid::from_u128(9);
        let pieces = [Piece::new(shard, 0, vec![1; UNIT_BYTES].into()), Piece::new(shard, 1, vec![2; 100].into())];
        let mut file = tempfile::NamedTempFile::new().unwrap();
        file.write_all(b"before").unwrap();
        for piece in &pieces {
            file.write_all(&piece.header()).unwrap();
            file.write_all(&piece.bytes).unwrap();
        }
        file.write_all(b"something else behind it").unwrap();
        let path = file.path().to_str().unwrap().to_owned();
        let place = Place { path, offset: 6, stride: 262_160, pieces: 2, last_bytes: 100 };
        let local = LocalShard::open(place.clone()).unwrap();
        for piece in pieces {
            let read = local.read(piece.index).unwrap().unwrap();
            assert!(read == piece && read.is_intact(shard, piece.index));
        }
        assert_eq!(local.read(2).unwrap(), None);
        let beyond = LocalShard::open(Place { pieces: 5, ..place.clone() }).unwrap();
        assert_eq!(beyond.read(4).unwrap(), None, "the file ends before it");
        assert!(LocalShard::open(Place { path: "/nowhere".into(), ..place }).is_err());
    }
}
