//! The segments of a node without its threads, on a disk that can fail.

use std::collections::HashSet;
use std::sync::Arc;

use bytes::Bytes;
use events::ids::Generation;
use shards::protocol::{PIECES_REPLY_HEAD_BYTES, Reply};
use testkit::nodes;
use uuid::Uuid;

use super::super::super::DiskError;
use super::super::super::handles::Handles;
use super::super::super::health::Health;
use super::super::{Change, Log, SegmentReader, compact, recover, write_hint};
use testkit::disk::MemoryDisk;

/// So small that segments fill and rot within a few operations.
pub(super) const SEGMENT_BYTES: u32 = 4096;

/// How many changes were committed, and why not all.
pub(super) type Committed = (usize, Option<DiskError>);

pub(super) struct World {
    pub(super) disk: MemoryDisk,
    pub(super) reader: SegmentReader,
    log: Log,
}

impl World {
    pub(super) fn open(disk: MemoryDisk) -> Result<Self, DiskError> {
        let folder = Uuid::from_u128(0xf01d);
        let recovered = recover(&disk, folder)?;
        let shared: Arc<MemoryDisk> = Arc::new(disk.clone());
        let health = Arc::new(Health::new(&disk, 0)?);
        let catalog = Arc::clone(&recovered.catalog);
        let log = Log::new(shared.clone(), catalog, health, folder, SEGMENT_BYTES, recovered.next_number);
        let handles = Arc::new(Handles::new(shared));
        Ok(Self { disk, reader: SegmentReader { folder, catalog: recovered.catalog, handles }, log })
    }

    pub(super) fn commit(&mut self, changes: &[Change]) -> Committed {
        self.log.commit(changes)
    }

    pub(super) fn rest(&mut self) -> Result<(), DiskError> {
        self.log.rest()
    }

    pub(super) fn finish(&mut self) -> Result<(), DiskError> {
        self.log.finish()
    }

    /// Writes the hints that are due.
    pub(super) fn write_hints(&mut self) {
        for segment in self.log.take_sealed() {
            // Without power there is none, and the start reads the segment.
            let _ = write_hint(&self.disk, segment.name, &segment.entries);
        }
    }

    /// Compacts the segment that needs it most, while others commit `meddling` before its first batch. `None` if none
    /// needs it. With it goes how that other commit went, if it came to one.
    pub(super) fn compact(&mut self, meddling: &[Change]) -> Option<(Result<(), DiskError>, Option<Committed>)> {
        let below = u64::from(SEGMENT_BYTES) / 2;
        let number = self.reader.catalog.compactable(below, &HashSet::new())?;
        let mut meddled = None;
        let done = compact(&self.disk, &self.reader, number, |changes| {
            meddled.get_or_insert_with(|| self.log.commit(meddling));
            self.log.commit(&changes).1.map_or(Ok(()), Err)
        });
        Some((done.map(|_| ()), meddled))
    }

    /// The bytes of a shard, checked as a reader checks them.
    pub(super) fn read(&self, shard: Uuid) -> Option<Bytes> {
        match self.reader.read(shard) {
            Ok(None) => None,
            Ok(Some(reply)) => {
                assert!(reply.len() > PIECES_REPLY_HEAD_BYTES);
                let Ok(Reply::Pieces(pieces)) = Reply::decode(reply) else { panic!("not pieces") };
                assert_eq!(pieces.len(), 1);
                assert!(pieces[0].is_intact(shard, 0), "wrong bytes");
                Some(pieces[0].bytes.clone())
            }
            Err(why) => panic!("{why}"),
        }
    }
}

/// The pieces of every other shard are tagged.
pub(super) fn shard(i: u8) -> Uuid {
    let fresh = Uuid::from_u128(u128::from(i) * 0x0808_0808);
    if i % 2 == 1 { Generation::tagged(fresh, 1).shard(0) } else { fresh }
}

/// A put of bytes that only this `version` of the shard has.
pub(super) fn put(i: u8, version: u32, length: usize) -> (Change, Bytes) {
    let mut bytes = version.to_le_bytes().repeat(length.div_ceil(4));
    bytes.truncate(length);
    let bytes = Bytes::from(bytes);
    (Change::Put { shard: shard(i), piece: nodes::piece(shard(i), 0, bytes.clone()) }, bytes)
}
