use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::{Mutex, MutexGuard, PoisonError, RwLock};

use uuid::Uuid;

use super::record::{Entry, TOMBSTONE_BYTES};

/// The number of parts of the index, each with a lock of its own, so that growing one does not block all readers.
const PARTS: usize = 16;

/// The location of a shard's record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Location {
    pub(crate) segment: u32,
    pub(crate) offset: u32,
    /// Bytes of the piece, without its header.
    pub(crate) length: u32,
}

impl Location {
    pub(crate) fn entry(self, shard: Uuid) -> Entry {
        Entry { shard, offset: self.offset, length: Some(self.length) }
    }
}

/// The index of the segments, in memory: about 50 bytes for each stored shard and for each dead record that is not yet
/// compacted. Only the log changes it, after the change is durable; readers look up.
pub(crate) struct Catalog {
    index: [RwLock<HashMap<Uuid, Location>>; PARTS],
    accounts: Mutex<Accounts>,
}

#[derive(Default)]
struct Accounts {
    shards: u64,
    bytes: u64,
    /// The shards with dead records on disk.
    dead: HashMap<Uuid, Dead>,
    segments: BTreeMap<u32, Segment>,
}

/// The dead records of one shard, which must not become live at the next start.
#[derive(Debug, Default)]
struct Dead {
    records: u32,
    /// The segment of the tombstone that keeps them dead; `None` while a newer record does.
    tombstone: Option<u32>,
}

#[derive(Default)]
struct Segment {
    /// Bytes of live records and of tombstones that are needed.
    needed_bytes: u64,
    sealed: bool,
}

impl Catalog {
    pub(crate) fn new() -> Self {
        Self { index: std::array::from_fn(|_| RwLock::default()), accounts: Mutex::default() }
    }

    /// The location of a shard.
    pub(crate) fn locate(&self, shard: Uuid) -> Option<Location> {
        self.part(shard).read().unwrap_or_else(PoisonError::into_inner).get(&shard).copied()
    }

    /// Applies a durable record. The same records in the same order give the same catalog, during operation and at a
    /// start.
    pub(crate) fn apply(&self, segment: u32, entry: &Entry) {
        let mut index = self.part(entry.shard).write().unwrap_or_else(PoisonError::into_inner);
        let new = entry.length.map(|length| Location { segment, offset: entry.offset, length });
        let old = match new {
            Some(new) => index.insert(entry.shard, new),
            None => index.remove(&entry.shard),
        };
        drop(index);
        let mut accounts = self.accounts();
        if let Some(old) = old {
            accounts.kill(entry.shard, old);
        }
        match new {
            Some(new) => accounts.revive(entry.shard, new),
            None => accounts.bury(entry.shard, segment),
        }
    }

    /// The tombstone of `shard` in `segment` must outlive that segment, because records of the shard are left in
    /// others; `there` is how many of them are in the same segment.
    pub(crate) fn needs_tombstone(&self, shard: Uuid, segment: u32, there: u32) -> bool {
        let accounts = self.accounts();
        accounts.dead.get(&shard).is_some_and(|dead| dead.tombstone == Some(segment) && dead.records > there)
    }

    /// The live records of a segment, in no order. Scans the whole index.
    pub(crate) fn shards_in(&self, segment: u32) -> Vec<Entry> {
        let mut found = Vec::new();
        for part in &self.index {
            let part = part.read().unwrap_or_else(PoisonError::into_inner);
            let there = part.iter().filter(|(_, location)| location.segment == segment);
            found.extend(there.map(|(shard, location)| location.entry(*shard)));
        }
        found
    }

    /// Adds a segment that accepts records.
    pub(crate) fn open_segment(&self, segment: u32) {
        self.accounts().segments.entry(segment).or_default();
    }

    /// Marks a segment as sealed.
    pub(crate) fn seal_segment(&self, segment: u32) {
        self.accounts().segments.entry(segment).or_default().sealed = true;
    }

    /// Removes a segment that was durably deleted; `shards` are those of its put records, all dead.
    pub(crate) fn remove_segment(&self, segment: u32, shards: impl Iterator<Item = Uuid>) {
        let mut accounts = self.accounts();
        for shard in shards {
            accounts.forget_one(shard);
        }
        accounts.segments.remove(&segment);
    }

    /// The sealed segment with the fewest needed bytes, if they are below `bytes`. It is never the newest segment, from
    /// which the next start knows the numbers that were used.
    pub(crate) fn compactable(&self, bytes: u64, except: &HashSet<u32>) -> Option<u32> {
        let accounts = self.accounts();
        let older = accounts.segments.iter().rev().skip(1);
        let rotten = older.filter(|(_, segment)| segment.sealed && segment.needed_bytes < bytes);
        let candidates = rotten.filter(|(number, _)| !except.contains(number));
        candidates.min_by_key(|(_, segment)| segment.needed_bytes).map(|(number, _)| *number)
    }

    /// The number of shards, and their bytes.
    pub(crate) fn totals(&self) -> (u64, u64) {
        let accounts = self.accounts();
        (accounts.shards, accounts.bytes)
    }

    /// The whole state, for comparisons.
    #[cfg(test)]
    pub(crate) fn dump(&self) -> String {
        let mut index: Vec<_> = self.index.iter().flat_map(|part| part.read().unwrap().clone()).collect();
        index.sort_unstable_by_key(|(shard, _)| *shard);
        let accounts = self.accounts();
        let dead: BTreeMap<_, _> = accounts.dead.iter().collect();
        let needed: Vec<_> = accounts.segments.iter().map(|(number, segment)| (number, segment.needed_bytes)).collect();
        format!("{index:?} {dead:?} {needed:?} {} {}", accounts.shards, accounts.bytes)
    }

    fn part(&self, shard: Uuid) -> &RwLock<HashMap<Uuid, Location>> {
        // The last byte of a shard's uuid holds its index and random bits.
        &self.index[usize::from(shard.as_bytes()[15] >> 3) % PARTS]
    }

    fn accounts(&self) -> MutexGuard<'_, Accounts> {
        self.accounts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Accounts {
    fn segment(&mut self, number: u32) -> &mut Segment {
        self.segments.entry(number).or_default()
    }

    fn kill(&mut self, shard: Uuid, old: Location) {
        self.shards -= 1;
        self.bytes -= u64::from(old.length);
        self.segment(old.segment).needed_bytes -= u64::from(old.entry(shard).size());
        self.dead.entry(shard).or_default().records += 1;
    }

    fn revive(&mut self, shard: Uuid, new: Location) {
        self.shards += 1;
        self.bytes += u64::from(new.length);
        self.segment(new.segment).needed_bytes += u64::from(new.entry(shard).size());
        let tombstone = self.dead.get_mut(&shard).and_then(|dead| dead.tombstone.take());
        self.drop_tombstone(tombstone);
    }

    fn bury(&mut self, shard: Uuid, segment: u32) {
        let Some(dead) = self.dead.get_mut(&shard) else { return };
        let before = dead.tombstone.replace(segment);
        self.drop_tombstone(before);
        self.segment(segment).needed_bytes += u64::from(TOMBSTONE_BYTES);
    }

    fn forget_one(&mut self, shard: Uuid) {
        let Some(dead) = self.dead.get_mut(&shard) else { return };
        dead.records -= 1;
        if dead.records == 0 {
            let tombstone = dead.tombstone;
            self.dead.remove(&shard);
            self.drop_tombstone(tombstone);
        }
    }

    fn drop_tombstone(&mut self, segment: Option<u32>) {
        if let Some(segment) = segment.and_then(|number| self.segments.get_mut(&number)) {
            segment.needed_bytes -= u64::from(TOMBSTONE_BYTES);
        }
    }
}
