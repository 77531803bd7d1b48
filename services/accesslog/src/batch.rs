use std::collections::HashMap;
use std::hash::{BuildHasher, RandomState};

use crate::{Kind, Record};

/// Requests of a second that are alike and have a record each. Further ones are counted on the last of these.
const ALIKE_MAX: u64 = 8;

/// Records of refusals and failed logins in a second, and of reads. Each kind has room of its own, so that nobody who is
/// refused often pushes out what others read.
const REFUSED_MAX: usize = 1_024;
const READS_MAX: usize = 8_192;

/// The records of a second or so.
#[derive(Debug, Default)]
pub(crate) struct Batch {
    refused: Vec<Record>,
    reads: Vec<Record>,
    /// Refusals that are alike: the place of the last one, and how many have a record.
    alike: HashMap<u64, (usize, u64)>,
    hasher: RandomState,
    dropped: u64,
}

impl Batch {
    /// Takes up a record, if there is room for it.
    pub(crate) fn add(&mut self, record: Record) {
        if record.kind == Kind::Read {
            if self.reads.len() < READS_MAX {
                self.reads.push(record.bounded());
            } else {
                self.dropped += record.count;
            }
            return;
        }
        let Record { kind, operation, status, code, bucket, user, access_key, address, .. } = &record;
        let alike = self.hasher.hash_one((kind, operation, status, code, bucket, user, access_key, address));
        let room = self.refused.len() < REFUSED_MAX;
        match self.alike.get_mut(&alike) {
            Some((last, records)) if *records < ALIKE_MAX && room => {
                (*last, *records) = (self.refused.len(), *records + 1);
            }
            Some((last, _)) => {
                if let Some(last) = self.refused.get_mut(*last) {
                    last.count += record.count;
                }
                return;
            }
            None if room => {
                self.alike.insert(alike, (self.refused.len(), 1));
            }
            None => {
                self.dropped += record.count;
                return;
            }
        }
        self.refused.push(record.bounded());
    }

    /// The records in the order of their times, and how many requests have none.
    pub(crate) fn into_parts(self) -> (Vec<Record>, u64) {
        let mut records = self.refused;
        records.extend(self.reads);
        records.sort_by_key(|record| record.time);
        (records, self.dropped)
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use jiff::Timestamp;

    use super::*;

    pub(crate) fn record(kind: Kind, user: &str, second: i64) -> Record {
        Record {
            time: Timestamp::from_second(second).unwrap(),
            kind,
            count: 1,
            operation: "GetObject".into(),
            status: 403,
            code: Some("AccessDenied".into()),
            bucket: Some("photos".into()),
            key: Some(format!("key-{second}")),
            user: Some(user.into()),
            access_key: None,
            address: None,
            request: format!("REQUEST{second}"),
        }
    }

    #[test]
    fn requests_that_are_alike_become_few_records_that_count_all() {
        let mut batch = Batch::default();
        for second in 0..10_000 {
            batch.add(record(Kind::Refused, "eve", second));
        }
        batch.add(record(Kind::Refused, "ada", 5));
        let (records, dropped) = batch.into_parts();
        let counts: Vec<_> = records.iter().map(|record| record.count).collect();
        assert_eq!(counts[..7], [1; 7]);
        // All that came after the last of these, and the one of somebody else in its place by time.
        assert_eq!((counts.iter().sum::<u64>(), counts.iter().max(), records.len()), (10_001, Some(&9_993), 9));
        assert_eq!(dropped, 0);
    }

    #[test]
    fn every_read_has_a_record() {
        let mut batch = Batch::default();
        for second in 0..100 {
            batch.add(record(Kind::Read, "ada", second));
        }
        assert_eq!(batch.into_parts().0.len(), 100);
    }

    #[test]
    fn memory_is_bounded_and_what_finds_no_room_is_counted() {
        let mut batch = Batch::default();
        for number in 0..20_000 {
            batch.add(record(Kind::Refused, &format!("user-{number}"), 1));
            batch.add(record(Kind::Read, "ada", 1));
        }
        let long = Record { user: Some("é".repeat(5_000)), ..record(Kind::LoginFailed, "", 1) };
        assert_eq!(long.bounded().user.unwrap().chars().count(), 1_024);
        assert!(batch.alike.len() <= REFUSED_MAX);
        let (records, dropped) = batch.into_parts();
        assert_eq!(records.len(), REFUSED_MAX + READS_MAX);
        assert_eq!(dropped, 2 * 20_000 - (REFUSED_MAX + READS_MAX) as u64);
    }
}
