use std::collections::BTreeMap;

use events::ids::BucketName;
use jiff::Timestamp;

use crate::ReaderCount;

/// Readers of a bucket that are told apart, and buckets of which they are remembered.
const READERS_MAX: usize = 64;
const BUCKETS_MAX: usize = 2_000;

/// Who read of which bucket since somebody began to listen.
#[derive(Debug, Default)]
pub struct Readers(BTreeMap<BucketName, BTreeMap<String, Reading>>);

/// How much somebody read of a bucket.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reading {
    /// Requests that read, and were answered.
    pub requests: u64,
    /// Bytes of the bodies of the answers, as far as they were sent.
    pub bytes: u64,
    /// Since when it is counted.
    pub since: Timestamp,
}

impl Readers {
    /// Takes up what a process counted. Where too many read, whoever read least so far makes room: what is said of a
    /// reader may be less than what they read, and never more.
    pub fn add(&mut self, counts: &[ReaderCount], now: Timestamp) {
        for ReaderCount { bucket, reader, requests, bytes } in counts {
            if self.0.len() >= BUCKETS_MAX && !self.0.contains_key(bucket) {
                continue;
            }
            let readers = self.0.entry(bucket.clone()).or_default();
            if readers.len() >= READERS_MAX
                && !readers.contains_key(reader)
                && let Some(least) =
                    readers.iter().min_by_key(|(_, reading)| reading.requests).map(|(name, _)| name.clone())
            {
                readers.remove(&least);
            }
            let new = Reading { requests: 0, bytes: 0, since: now };
            let reading = readers.entry(reader.clone()).or_insert(new);
            reading.requests = reading.requests.saturating_add(*requests);
            reading.bytes = reading.bytes.saturating_add(*bytes);
        }
    }

    /// Who read of a bucket.
    pub fn of(&self, bucket: &BucketName) -> Vec<(String, Reading)> {
        let readers = self.0.get(bucket).into_iter().flatten();
        readers.map(|(reader, reading)| (reader.clone(), *reading)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn count(bucket: &str, reader: &str, requests: u64) -> ReaderCount {
        ReaderCount { bucket: bucket.parse().unwrap(), reader: reader.into(), requests, bytes: 10 * requests }
    }

    #[test]
    fn readers_are_told_apart_by_bucket() {
        let mut readers = Readers::default();
        readers.add(&[count("photos", "ada", 2), count("films", "ada", 1)], Timestamp::UNIX_EPOCH);
        readers.add(&[count("photos", "ada", 3), count("photos", "bob", 1)], Timestamp::MAX);
        let reading = |requests, since| Reading { requests, bytes: 10 * requests, since };
        let expected =
            [("ada".to_owned(), reading(5, Timestamp::UNIX_EPOCH)), ("bob".to_owned(), reading(1, Timestamp::MAX))];
        assert_eq!(readers.of(&"photos".parse().unwrap()), expected);
        assert_eq!(readers.of(&"other".parse().unwrap()), []);
    }

    #[test]
    fn memory_is_bounded_and_who_reads_most_stays() {
        let mut readers = Readers::default();
        readers.add(&[count("photos", "ada", 100)], Timestamp::UNIX_EPOCH);
        for number in 0..2 * READERS_MAX {
            readers.add(&[count("photos", &format!("user-{number}"), 1)], Timestamp::UNIX_EPOCH);
        }
        let found = readers.of(&"photos".parse().unwrap());
        assert_eq!((found.len(), found.iter().any(|(reader, _)| reader == "ada")), (READERS_MAX, true));
        for number in 0..BUCKETS_MAX + 5 {
            readers.add(&[count(&format!("bucket-{number}"), "ada", 1)], Timestamp::UNIX_EPOCH);
        }
        assert_eq!(readers.0.len(), BUCKETS_MAX);
    }
}
