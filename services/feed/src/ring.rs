use std::collections::VecDeque;
use std::sync::Arc;

use crate::Entry;

/// Events that the ring holds, at most.
pub(crate) const RING_ENTRIES_MAX: usize = 4_096;

/// Bytes of serialized events that the ring holds, at most. Parsed, they take about three times as much.
pub(crate) const RING_BYTES_MAX: usize = 8 << 20;

/// The newest events of the log, shared by all who follow it.
#[derive(Debug)]
pub(crate) struct Ring {
    /// The first sequence that the ring speaks for.
    start: u64,
    /// The first sequence behind it.
    next: u64,
    /// The events from `start` on and before `next`. Sequences without one are of no event that readers get.
    entries: VecDeque<Arc<Entry>>,
    bytes: usize,
}

impl Ring {
    /// An empty ring before a sequence.
    pub(crate) fn before(next: u64) -> Self {
        Self { start: next, next, entries: VecDeque::new(), bytes: 0 }
    }

    /// The first sequence behind it.
    pub(crate) fn next(&self) -> u64 {
        self.next
    }

    /// Takes up the events from its end on up to a sequence, and drops the oldest beyond its limits.
    pub(crate) fn push(&mut self, entries: Vec<Arc<Entry>>, until: u64) {
        self.next = until + 1;
        for entry in entries {
            self.bytes += entry.bytes.len();
            self.entries.push_back(entry);
        }
        while self.bytes > RING_BYTES_MAX || self.entries.len() > RING_ENTRIES_MAX {
            let Some(oldest) = self.entries.pop_front() else { return };
            self.bytes -= oldest.bytes.len();
            self.start = oldest.sequence + 1;
        }
    }

    /// The events from a sequence on, `max` at most and cut where they reach `bytes_max`, and the sequence up to which they
    /// are all. `None` if the ring does not speak for that sequence.
    pub(crate) fn read(&self, from: u64, max: usize, bytes_max: usize) -> Option<(Vec<Arc<Entry>>, u64)> {
        if !(self.start..self.next).contains(&from) {
            return None;
        }
        let first = self.entries.partition_point(|entry| entry.sequence < from);
        let (mut taken, mut bytes) = (Vec::new(), 0);
        for entry in self.entries.iter().skip(first).take(max) {
            bytes += entry.bytes.len();
            taken.push(Arc::clone(entry));
            if bytes >= bytes_max {
                break;
            }
        }
        let is_all = first + taken.len() == self.entries.len();
        let until = match taken.last() {
            Some(last) if !is_all => last.sequence,
            _ => self.next - 1,
        };
        Some((taken, until))
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use events::ids::{AuthType, EventId, Principal, Sha256Digest};
    use events::{Event, Fact, Origin, bucket};
    use jiff::Timestamp;

    use super::*;

    fn entry(sequence: u64, bytes: usize) -> Arc<Entry> {
        let principal = Principal { kind: AuthType::System, id: "test".into() };
        let event = Event {
            id: EventId::NONE,
            time: Timestamp::UNIX_EPOCH,
            sequence,
            previous: Sha256Digest([0; 32]),
            origin: Origin { principal, request_id: String::new(), traceparent: None, address: None },
            user: None,
            fact: Fact::BucketDeleted(bucket::Deleted { bucket: "abc".parse().unwrap() }),
        };
        Arc::new(Entry { sequence, event, bytes: Bytes::from(vec![b' '; bytes]) })
    }

    fn read(ring: &Ring, from: u64, max: usize) -> Option<(Vec<u64>, u64)> {
        ring.read(from, max, usize::MAX)
            .map(|(entries, until)| (entries.iter().map(|entry| entry.sequence).collect(), until))
    }

    #[test]
    fn it_speaks_for_sequences_without_an_event_too() {
        let mut ring = Ring::before(10);
        assert_eq!(read(&ring, 10, 5), None);
        ring.push(vec![entry(11, 1), entry(13, 1)], 14);
        assert_eq!(read(&ring, 9, 5), None);
        assert_eq!(read(&ring, 10, 5), Some((vec![11, 13], 14)));
        assert_eq!(read(&ring, 12, 5), Some((vec![13], 14)));
        assert_eq!(read(&ring, 14, 5), Some((vec![], 14)));
        assert_eq!(read(&ring, 10, 1), Some((vec![11], 11)), "what was not taken comes next");
        assert_eq!(ring.read(10, 5, 1).map(|(entries, until)| (entries.len(), until)), Some((1, 11)));
        assert_eq!(read(&ring, 15, 5), None);
        ring.push(vec![], 15);
        assert_eq!((read(&ring, 15, 5), ring.next()), (Some((vec![], 15)), 16));
    }

    #[test]
    fn its_memory_is_bounded_in_events_and_in_bytes() {
        let mut ring = Ring::before(1);
        for sequence in 1..=(RING_ENTRIES_MAX as u64 + 5) {
            ring.push(vec![entry(sequence, 1)], sequence);
        }
        assert_eq!((read(&ring, 5, 1), read(&ring, 6, 1)), (None, Some((vec![6], 6))));
        let next = ring.next();
        ring.push(vec![entry(next, RING_BYTES_MAX - 1), entry(next + 1, 1)], next + 1);
        assert_eq!(read(&ring, next, 5), Some((vec![next, next + 1], next + 1)));
        assert_eq!(read(&ring, next - 1, 5), None);
        ring.push(vec![entry(next + 2, 1)], next + 2);
        assert_eq!((read(&ring, next, 5), read(&ring, next + 1, 5).map(|read| read.1)), (None, Some(next + 2)));
    }
}
